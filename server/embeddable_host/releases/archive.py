"""A release in an archive, zip or tar: unpacked only if it contains nothing that a release cannot have.

The archive is read once, from its beginning (a zip: by its directory), in pieces, within `limits`: what an entry says
about its own size is not believed.
"""

import gzip
import io
import stat
import tarfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from embeddable_host.limits import (
    KIB,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_HEADER_BYTES,
    MAX_READ_BYTES,
    MAX_RELEASE_BYTES,
    UNPACK_SECONDS,
)
from embeddable_host.releases.error import NO_RELEASE, ReleaseError
from embeddable_host.releases.release import belongs, fault_of_name
from embeddable_host.text import printable

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
GZIP_MAGIC = b"\x1f\x8b"
PIECE = 64 * KIB
SIMPLE_ZIP = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of others, Python decodes a piece of any size at once
LONG_NAME, LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
PAX, PAX_GLOBAL = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE), tarfile.XGLTYPE
MAX_RECORDS = 100  # in one PAX header
EXTENDED = (LONG_NAME, LONG_LINK, *PAX, PAX_GLOBAL)


class Reader(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Entry:
    """An entry of an archive; `content` is None for a folder."""

    name: str
    content: Reader | None


def is_archive(path: str) -> bool:
    """Whether a file of this name, or an address with this path, is an archive."""
    return path.lower().endswith(ARCHIVES)


def unpack(archive: Path, folder: Path, shown: str) -> Path:
    """Unpacks an archive into `folder`, and returns the folder in it that is the release.

    `shown` is the archive's name in messages. Raises ReleaseError for anything that a release cannot have.
    """
    try:
        with archive.open("rb") as file:
            _unpack(_Bounded(file, shown), folder, shown)
    except ReleaseError:
        raise
    except Exception as error:  # the library's readers may raise anything: IndexError for an empty name
        reason = printable(str(error)) or type(error).__name__
        raise ReleaseError(f"{shown} cannot be unpacked ({reason}). Download or pack it again") from None
    found = [page.parent for page in folder.rglob("app.html") if any(page.parent.glob("adapter*.js"))]
    if len(found) != 1:
        count = f"{len(found)} folders" if found else "no folder"
        raise ReleaseError(f"{shown} contains {count} with app.html and adapter.js. Pack the folder of one release")
    return found[0]


def _unpack(file: "_Bounded", folder: Path, shown: str) -> None:
    names: set[str] = set()
    size = 0
    for count, entry in enumerate(_entries(file, shown), 1):
        if count > MAX_FILES:
            raise _too_much(shown)
        if entry.content is None:
            continue
        name = entry.name.removeprefix("./")  # as `tar -c .` writes it
        if fault := fault_of_name(name):
            raise ReleaseError(f"{shown} contains {printable(repr(name))}, which {fault}. Do not use this archive")
        if name in names:
            raise ReleaseError(f"{shown} contains {name} twice. Pack the folder again")
        names.add(name)
        if belongs(name):
            size += _save(entry.content, folder / name, MAX_RELEASE_BYTES - size, shown)


def _save(content: Reader, path: Path, left: int, shown: str) -> int:
    """Writes a file of the release, and returns its size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with path.open("wb") as file:
        while piece := content.read(PIECE):
            size += len(piece)
            if size > MAX_FILE_BYTES:
                raise ReleaseError(f"{shown} contains {path.name} with more than {MAX_FILE_BYTES} bytes. {NO_RELEASE}")
            if size > left:
                raise _too_much(shown)
            file.write(piece)
    return size


def _entries(file: "_Bounded", shown: str) -> Iterator[Entry]:
    """The entries of an archive, in order. Raises ReleaseError for a link or a device."""
    if zipfile.is_zipfile(file):
        yield from _zip_entries(file, shown)
        return
    file.seek(0)
    is_compressed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    file.seek(0)
    if is_compressed:
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield from _tar_entries(_Bounded(unpacked, shown), shown)
    else:
        yield from _tar_entries(file, shown)


def _zip_entries(file: "_Bounded", shown: str) -> Iterator[Entry]:
    with zipfile.ZipFile(file) as packed:
        for entry in packed.infolist():
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise _special(shown, entry.filename)
            if entry.is_dir():
                yield Entry(entry.filename, None)
                continue
            if entry.compress_type not in SIMPLE_ZIP:
                raise ReleaseError(f"{shown} is compressed by an unusual method. Pack it again with `zip -r`")
            with packed.open(entry) as content:
                yield Entry(entry.filename, content)


def _tar_entries(file: "_Bounded", shown: str) -> Iterator[Entry]:
    """The entries of a tar (POSIX.1-2001 pax; GNU's long names).

    The library parses each header, and not the archive: it reads headers of any size and number into memory.
    """
    name: str | None = None  # from the extended headers before an entry
    size: int | None = None
    while any(block := _exactly(file, tarfile.BLOCKSIZE)):
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if header.type in EXTENDED:
            if header.size > MAX_HEADER_BYTES:
                raise ReleaseError(f"{shown} contains a header with more than {MAX_HEADER_BYTES} bytes. {NO_RELEASE}")
            extended = _exactly(file, header.size)
            _exactly(file, _padding(header.size))
            if header.type == LONG_NAME:
                name = _text(extended.rstrip(b"\0"))
            elif header.type in PAX:
                records = _pax_records(extended)
                name = _text(records[b"path"]) if b"path" in records else name
                size = int(records[b"size"]) if b"size" in records else size
                if any(key.startswith(b"GNU.sparse.") for key in records):
                    raise _special(shown, name or "")
            continue
        name, size = name or header.name, header.size if size is None else size
        if header.isdir():
            yield Entry(name, None)
            size = 0
        elif header.type in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE):
            content = _Content(file, size)
            yield Entry(name, content)
            content.skip()
        else:
            raise _special(shown, name)
        _exactly(file, _padding(size))
        name = size = None


def _pax_records(data: bytes) -> dict[bytes, bytes]:
    """The records `LENGTH KEY=VALUE\\n` of an extended header. Raises ValueError."""
    records, start = {}, 0
    while start < len(data):
        length = int(data[start : data.index(b" ", start, start + 20)])
        key, _, value = data[start : start + length].partition(b" ")[2].partition(b"=")
        if length < 5 or start + length > len(data):
            raise ValueError("PAX header")
        records[key] = value.removesuffix(b"\n")
        if len(records) > MAX_RECORDS:
            raise ValueError(f"more than {MAX_RECORDS} PAX records")
        start += length
    return records


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _padding(size: int) -> int:
    return -size % tarfile.BLOCKSIZE


def _exactly(file: Reader, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError("unexpected end")
    return data


class _Bounded(io.BufferedIOBase):
    """Reads a file until a deadline, not too much at once, and not more than the bytes of a release in all."""

    def __init__(self, file: io.BufferedIOBase, shown: str) -> None:
        self._file = file
        self._shown = shown
        self._end = time.monotonic() + UNPACK_SECONDS
        self._left = MAX_RELEASE_BYTES + MAX_READ_BYTES  # what is read around the files themselves

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self._end:
            raise ReleaseError(f"{self._shown} takes more than {UNPACK_SECONDS:.0f} seconds to unpack. {NO_RELEASE}")
        at_once = MAX_READ_BYTES + 1
        data = self._file.read(at_once if size is None or size < 0 else min(size, at_once))
        if len(data) > MAX_READ_BYTES:
            raise ReleaseError(f"{self._shown} has a directory of more than {MAX_READ_BYTES} bytes. {NO_RELEASE}")
        self._left -= len(data)
        if self._left < 0:
            raise _too_much(self._shown)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


class _Content:
    """The next `size` bytes of a file."""

    def __init__(self, file: Reader, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int, /) -> bytes:
        data = _exactly(self._file, min(size, self._left))
        self._left -= len(data)
        return data

    def skip(self) -> None:
        while self.read(PIECE):
            pass


def _too_much(shown: str) -> ReleaseError:
    return ReleaseError(f"{shown} contains more than {MAX_FILES} files or {MAX_RELEASE_BYTES} bytes. {NO_RELEASE}")


def _special(shown: str, name: str) -> ReleaseError:
    kind = "a link or a device, or is sparse"
    return ReleaseError(f"{shown} contains {printable(repr(name))}, which is {kind}. Pack the files themselves")
