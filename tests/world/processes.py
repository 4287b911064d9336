"""The processes that a process has started, found in /proc (proc(5))."""

import contextlib
from pathlib import Path

COMPRESSOR = "embeddable_host.responses.compressor"


def children(pid: int) -> list[int]:
    """The children of a process, by whichever of its threads they were started."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, file.read_text().split())
    return found


def compressors(pid: int) -> list[int]:
    """The compression processes of a process; one that has ended no longer counts."""
    return [child for child in children(pid) if any(COMPRESSOR in argument for argument in command_line(child))]


def command_line(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []
