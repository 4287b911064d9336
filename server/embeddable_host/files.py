"""Safe writes and locks: a file appears with all of its content or not at all."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


def replace(file: Path, content: bytes) -> None:
    """Writes `file` in one step, over what it was; its folder is created if missing."""
    with _beside(file, content) as unfinished:
        os.replace(unfinished, file)


def write_new(file: Path, content: bytes) -> None:
    """Writes `file` in one step. Raises FileExistsError, and changes nothing, where it exists already."""
    with _beside(file, content) as unfinished:
        os.link(unfinished, file)


@contextlib.contextmanager
def _beside(file: Path, content: bytes) -> Iterator[Path]:
    """A hidden file with `content`, in the folder of `file`; removed at the end if it still has its name."""
    unfinished = file.with_name(f".{secrets.token_hex(8)}")
    try:
        write_through(unfinished, content)
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def write_through(file: Path, content: bytes) -> None:
    """Creates `file`, and the folders above it, and returns when the content is on the disk.

    Raises FileExistsError where it exists already.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as new:
        new.write(content)
        new.flush()
        os.fsync(new.fileno())


def sync_folder(folder: Path) -> None:
    """Returns when the names in `folder` are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Keeps out every other process that locks `path`, which is a folder, or a file that is created if missing.

    The lock ends with its process (flock(2)). Raises BlockingIOError where another process has it and `wait` is False,
    and OSError on a file system that has no locks.
    """
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDONLY | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
