"""Measures the host, all of it or the parts that BENCH names, and writes what was found: `make bench`."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import changes
import dictionary
import handoff
import memory
import report
import speed
import start
import wire
from common import Row, install_release
from release import staged
from world.host import configured

# Each is given a folder of its own, that of a host with a release, and the release.
PARTS: dict[str, Callable[[Path, Path, Path], list[Row]]] = {
    "start": start.measure,
    "handoff": handoff.measure,
    "wire": wire.measure,
    "dictionary": dictionary.measure,
    "speed": speed.measure,
    "memory": memory.measure,
    "growth": memory.measure_growth,
    "changes": changes.measure,
}


def main() -> None:
    wanted = os.environ.get("BENCH", "").split() or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        sys.exit(f"BENCH={unknown[0]}: there is no such part. Choose from: {' '.join(PARTS)}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        print("A release is compressed and installed: a minute or two.", flush=True)
        release = staged(folder)
        host = configured(folder / "host")
        install_release(host, release)
        for name in wanted:
            print(f"{name}: {report.TITLES[name]}", flush=True)
            report.keep(name, PARTS[name](folder / name, host, release))
    report.write()


if __name__ == "__main__":
    main()
