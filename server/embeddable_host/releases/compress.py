"""Compresses the files of a release in a process of its own: it takes long, and Ctrl-C must not have to wait for it.

That process imports this file and what it names, and nothing else of the server.
"""

import hashlib
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from embeddable_host.releases.disk import write
from embeddable_host.releases.error import ReleaseError
from embeddable_host.responses.compression import BEST


class Compressed(NamedTuple):
    """A file, a content coding, and what came of it: `size` in bytes and `sha384` in hex; 0 where it is not smaller."""

    name: str
    coding: str
    size: int = 0
    sha384: str = ""


def compress(plain: Path, folder: Path, names: Sequence[str]) -> Generator[Compressed]:
    """Compresses each of the files `names` below `plain` as far as it goes, into `folder`/CODING/NAME; yields each when
    it is done, the first of `names` begun first.

    Raises ReleaseError where the process dies, and OSError for what the disk refuses. Close the iterator: that ends the
    process, at once.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(plain, folder, names, theirs), daemon=True)
    with ours:
        try:
            with _deaf_to_interrupts(), theirs:
                process.start()
            for _ in range(len(BEST) * len(names)):
                told = ours.recv()
                if isinstance(told, OSError):
                    raise told
                yield told
        except EOFError:
            raise ReleaseError("The compression was ended from outside. Is there memory enough? Pull again") from None
        finally:
            if process.is_alive():
                process.kill()
                process.join()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """A process that is started meanwhile does not hear Ctrl-C: that is for the one that started it."""
    resource_tracker.ensure_running()  # the first process would start it, and that lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(plain: Path, folder: Path, names: Sequence[str], told: Connection) -> None:
    """What the process does. It ends soon after the one that started it is gone, and nobody hears it any more."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [(name, coding, encode) for coding, encode in BEST.items() for name in names]
        jobs = [pool.submit(compress_file, plain, folder, *one) for one in work]
        try:
            for job in as_completed(jobs):
                told.send(job.result())
        except BrokenPipeError:
            os._exit(1)
        except OSError as error:
            told.send(error)
            os._exit(1)


def compress_file(plain: Path, folder: Path, name: str, coding: str, encode: Callable[[bytes], bytes]) -> Compressed:
    """Compresses one file below `plain` into `folder`/`coding`. Raises OSError for what the disk refuses."""
    data = (plain / name).read_bytes()
    coded = encode(data)
    if len(coded) >= len(data):
        return Compressed(name, coding)
    write(folder / coding / name, coded)
    return Compressed(name, coding, len(coded), hashlib.sha384(coded).hexdigest())
