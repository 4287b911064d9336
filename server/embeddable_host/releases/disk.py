"""The folder of the releases: changed by one process at a time, with a message for what the disk refuses."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from embeddable_host.files import locked
from embeddable_host.releases.error import ReleaseError

Snapshot = Mapping[str, tuple[int, ...]]

STAGING = ".staging-"
LOCK = ".lock"


@contextmanager
def explained(releases: Path) -> Iterator[None]:
    """Turns what the disk refuses into a ReleaseError."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename or releases}: {error.strerror or error}"
        raise ReleaseError(
            f"{where}. Check the free space and the permissions there; what was served is untouched"
        ) from error


@contextmanager
def writing(releases: Path) -> Iterator[None]:
    """Keeps other processes from changing the releases meanwhile. Raises ReleaseError while another one does."""
    try:
        with locked(releases / LOCK, wait=False):
            yield
    except BlockingIOError:
        raise ReleaseError(f"Another pull is running in {releases}. Wait until it has finished") from None


@contextmanager
def scratch(releases: Path) -> Iterator[Path]:
    """A folder beside the releases that is none of them; removed at the end."""
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


def snapshot(folder: Path) -> Snapshot:
    """The state of each file below `folder`, unread; a change to a file changes it (ctime, inode(7))."""
    states = {name: (folder / name).lstat() for name in walk(folder)}
    return {
        name: (state.st_dev, state.st_ino, state.st_mode, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        for name, state in states.items()
    }


def sha384_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha384").hexdigest()
