"""Compresses files as well as possible, in a process of its own: it takes long, and nothing may have to wait for it.

The process gets the names of the files from its standard input, which is a file as well, and prints a line for each
file that is done. So it can be killed, or hang, at any moment, and whoever started it goes on. It imports this module
and what this one names, and nothing else of the server.
"""

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import IO, Any, NamedTuple

from embeddable_host.error import HostError
from embeddable_host.files import locked, replace
from embeddable_host.responses.compression import BEST, decodes_to

STALL_SECONDS = 600  # without a line from the process: it hangs
LOCK_POLL_SECONDS = 0.5
PACKAGES = str(Path(__file__).parents[2])  # the folder that embeddable_host is imported from
PROGRAM = f"import sys; sys.path.append(sys.argv[1]); from {__name__} import main; main()"


class Job(NamedTuple):
    """A file to compress, the content coding, and the file to write."""

    source: Path
    coding: str
    target: Path


class Result(NamedTuple):
    """A job that is done: `size` in bytes and `sha384` in hex of what was written."""

    job: Job
    size: int
    sha384: str


class CompressionError(HostError):
    """The process ended before its work was done, or hung; the message says how."""


class Compressor:
    """Compresses files in another process, by so many threads.

    `niceness`: how far it lets other processes go first. `lock`: a file that one such process at a time has locked.
    """

    def __init__(self, threads: int = 1, niceness: int = 0, lock: Path | None = None) -> None:
        self._options = {"threads": threads, "niceness": niceness, "lock": str(lock) if lock else None}
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def __enter__(self) -> "Compressor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kills the process, from whichever thread; it never blocks. `results` ends soon after, with an error."""
        self._is_closed = True
        if self._process is not None:
            self._process.kill()

    def results(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """Does the jobs, the first ones first, and yields each when it is done. A target that is right stays as it is.

        Raises CompressionError, and OSError for what the disk or the system refuses. Ending the iteration kills the
        process.
        """
        with tempfile.TemporaryFile() as order:
            work = [(str(source), coding, str(target)) for source, coding, target in jobs]
            order.write(json.dumps({**self._options, "jobs": work}).encode())
            order.seek(0)
            process = self._process = _start(order)
        try:
            if self._is_closed:  # while the process was being started
                process.kill()
            lines = _lines(process)
            for _ in jobs:
                done = next(lines)
                if "errno" in done:
                    raise OSError(done["errno"], done["strerror"], done["filename"])
                yield Result(jobs[done["job"]], done["size"], done["sha384"])
        finally:
            process.kill()
            with process:  # closes its output, and waits for it
                pass


def _start(order: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # -P: without the working directory, which may have files with the names of our modules.
        [sys.executable, "-P", "-c", PROGRAM, PACKAGES],
        stdin=order,
        stdout=subprocess.PIPE,
        bufsize=0,
        process_group=0,  # Ctrl-C is only for the process that started it
    )


def _lines(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """What the process prints, without its signs of life."""
    assert process.stdout is not None
    output = select.poll()
    output.register(process.stdout, select.POLLIN)
    while output.poll(STALL_SECONDS * 1000):
        line = process.stdout.readline()  # the process writes a line at once
        if not line.endswith(b"\n"):
            raise CompressionError(
                f"The compression process ended early ({_ending(process.wait())}). Is there enough memory?"
            )
        if line != b"\n":
            yield json.loads(line)
    raise CompressionError(f"The compression process did nothing for {STALL_SECONDS} seconds and was killed.")


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def compress_file(job: Job, encode: Callable[[bytes], bytes]) -> Result:
    """Does one job. Raises OSError."""
    data = job.source.read_bytes()
    encoded = b""
    with contextlib.suppress(FileNotFoundError):
        encoded = job.target.read_bytes()
    if not decodes_to(encoded, job.coding, data):
        encoded = encode(data)
        replace(job.target, encoded)
    return Result(job, len(encoded), hashlib.sha384(encoded).hexdigest())


# What the process does. It ends soon after the one that started it: then nobody reads its lines any more.


def main() -> None:
    order = json.load(sys.stdin)
    jobs = [Job(Path(source), coding, Path(target)) for source, coding, target in order["jobs"]]
    os.nice(order["niceness"])
    with _ending_at_once(), _turn(order["lock"]):
        pool = ThreadPoolExecutor(order["threads"])
        numbers = {pool.submit(compress_file, job, BEST[job.coding]): number for number, job in enumerate(jobs)}
        for future in as_completed(numbers):
            result = future.result()
            _print({"job": numbers[future], "size": result.size, "sha384": result.sha384})


@contextlib.contextmanager
def _ending_at_once() -> Iterator[None]:
    """Ends the process at an error, without waiting for other threads."""
    try:
        yield
    except BrokenPipeError:
        os._exit(1)
    except OSError as error:
        with contextlib.suppress(BrokenPipeError):
            _print({"errno": error.errno, "strerror": error.strerror, "filename": error.filename})
        os._exit(1)


@contextlib.contextmanager
def _turn(lock: str | None) -> Iterator[None]:
    """Waits until no other process has `lock`, with signs of life."""
    with contextlib.ExitStack() as stack:
        while lock:
            try:
                stack.enter_context(locked(Path(lock), wait=False))
                break
            except BlockingIOError:
                _print(None)
                time.sleep(LOCK_POLL_SECONDS)
            except OSError:
                break  # a file system without locks: two may do the same work
        yield


def _print(done: dict[str, Any] | None) -> None:
    """Writes a line at once; None is a sign of life."""
    sys.stdout.write("\n" if done is None else f"{json.dumps(done)}\n")
    sys.stdout.flush()
