"""The disk that releases lie on: written through, changed by one process at a time, and a word for what it refuses."""

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from embeddable_host.releases.error import ReleaseError

Seen = Mapping[str, tuple[int, ...]]

STAGING = ".staging-"
LOCK = ".lock"


@contextmanager
def explained(releases: Path) -> Iterator[None]:
    """Tells what the disk refuses as a ReleaseError."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename or releases}: {error.strerror or error}"
        raise ReleaseError(f"{where}. Look for room and rights there; what was served is untouched") from error


@contextmanager
def alone(releases: Path) -> Iterator[None]:
    """Keeps other processes from changing the releases meanwhile; the lock ends with its process."""
    with (releases / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReleaseError(f"Another pull is at work in {releases}. Wait until it has finished") from None
        yield


@contextmanager
def scratch(releases: Path) -> Iterator[Path]:
    """A folder beside the releases that none of them is, gone at the end."""
    folder = releases / staging_name()
    folder.mkdir()
    try:
        yield folder
    finally:
        discard(folder)


def staging_name() -> str:
    return STAGING + secrets.token_hex(6)


def discard(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def walk(folder: Path) -> set[str]:
    """The POSIX paths of everything below `folder` that is not a folder; links are not followed."""
    names: set[str] = set()
    for inner, folders, files in os.walk(folder, onerror=_raise):
        links = (name for name in folders if Path(inner, name).is_symlink())
        names.update(Path(inner, name).relative_to(folder).as_posix() for name in (*files, *links))
    return names


def _raise(error: OSError) -> None:
    raise error


def look(folder: Path) -> Seen:
    """How each file below `folder` looks without being read; one that is changed looks otherwise (ctime, inode(7))."""
    states = {name: (folder / name).lstat() for name in walk(folder)}
    return {
        name: (state.st_dev, state.st_ino, state.st_mode, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        for name, state in states.items()
    }


def sha384_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha384").hexdigest()


def write(path: Path, data: bytes) -> None:
    """Writes a new file, and the folders above it, through to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
