"""A release in an archive, zip or tar: unpacked only if it contains nothing that a release cannot have."""

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from embeddable_host.releases.error import NO_RELEASE, ReleaseError
from embeddable_host.releases.release import MAX_BYTES, MAX_FILES, belongs, stays_inside

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")


def is_archive(path: str) -> bool:
    """Whether a file of this name, or an address with this path, is an archive."""
    return path.lower().endswith(ARCHIVES)


def unpack(archive: Path, folder: Path, shown: str) -> Path:
    """Unpacks an archive into `folder`, and returns the folder in it that is the release.

    `shown` is the archive's name in messages. Raises ReleaseError for anything that a release cannot have.
    """
    names: set[str] = set()
    size = 0
    try:
        for name, length, content in _members(archive, shown):
            if not stays_inside(name):
                raise ReleaseError(
                    f"{shown} contains {name!r}, which leads outside the release. Do not use this archive"
                )
            if name in names:
                raise ReleaseError(f"{shown} contains {name} twice. Pack the folder again")
            names.add(name)
            size += length
            if len(names) > MAX_FILES or size > MAX_BYTES:
                raise ReleaseError(f"{shown} contains more than {MAX_FILES} files or {MAX_BYTES} bytes. {NO_RELEASE}")
            if belongs(name):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content.read())
    except ReleaseError:
        raise
    except Exception as error:  # the library's readers may raise anything: IndexError for an empty name
        raise ReleaseError(f"{shown} cannot be unpacked ({error}). Download or pack it again") from None
    found = [page.parent for page in folder.rglob("app.html") if any(page.parent.glob("adapter*.js"))]
    if len(found) != 1:
        count = f"{len(found)} folders" if found else "no folder"
        raise ReleaseError(f"{shown} contains {count} with app.html and adapter.js. Pack the folder of one release")
    return found[0]


def _members(archive: Path, shown: str) -> Iterator[tuple[str, int, IO[bytes]]]:
    """The files in an archive: name, size in bytes, content. Raises ReleaseError for a link or a device."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise _special(shown, entry.filename)
                if not entry.is_dir():
                    with packed.open(entry) as content:
                        yield _plain(entry.filename), entry.file_size, content
        return
    with tarfile.open(archive) as packed_tar:
        for member in packed_tar:
            body = packed_tar.extractfile(member) if member.isreg() else None
            if body:
                yield _plain(member.name), member.size, body
            elif not member.isdir():
                raise _special(shown, member.name)


def _plain(name: str) -> str:
    return name.removeprefix("./")  # as `tar -c .` writes it


def _special(shown: str, name: str) -> ReleaseError:
    return ReleaseError(f"{shown} contains {name!r}, which is a link or a device. Pack the files themselves")
