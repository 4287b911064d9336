"""Content codings: the best compression, a fast one for now, and a folder that keeps the best.

The best is slow (brotli 11: seconds for one adapter), so it is made by `pull` or in the background, never in a request
or at the start. What is computed from the settings goes out at the fast level until the best lies in the cache.
"""

import fcntl
import gzip
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import brotli

from server.answer.asset import IDENTITY, Body

log = logging.getLogger("server")

WINDOW = 24  # log2 of bytes: 16 MiB, the largest every brotli decoder takes (RFC 7932 §9.1)
SMALL = 1024  # bytes below which compression gains nothing on the wire
LARGE = 256 * 1024  # bytes above which uncompressed content is streamed from a file and not held
UNUSED_DAYS = 30  # a cached body that nothing asked for so long is removed

BEST: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda data: bytes(brotli.compress(data, quality=11, lgwin=WINDOW)),
    "gzip": lambda data: gzip.compress(data, compresslevel=9, mtime=0),
}
FAST: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda data: bytes(brotli.compress(data, quality=4)),
    "gzip": lambda data: gzip.compress(data, compresslevel=1, mtime=0),
}


class Cache:
    """The best encodings made so far, one file each, named by coding and the digest of the uncompressed bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told = False

    def _file(self, data: bytes, coding: str) -> Path:
        return self.folder / f"{hashlib.sha384(data).hexdigest()[:48]}.{coding}"

    def get(self, data: bytes, coding: str) -> bytes | None:
        file = self._file(data, coding)
        try:
            found = file.read_bytes()
            os.utime(file)
        except OSError:
            return None
        return found if _decodes_to(found, coding, data) else None

    def put(self, data: bytes, coding: str) -> None:
        """Makes the best encoding of `data` and keeps it."""
        self._write(self._file(data, coding), BEST[coding](data))

    def keep(self, data: bytes) -> Path | None:
        """The file that holds `data` as it is, written unless it is there; None where it cannot be."""
        file = self._file(data, IDENTITY)
        try:
            if file.read_bytes() == data:
                os.utime(file)
                return file
        except OSError:
            pass
        return file if self._write(file, data) else None

    def _write(self, file: Path, content: bytes) -> bool:
        """Whether the file could be written. That is no error: what would lie there is made again at each start."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as part:
                part.write(content)
            os.replace(part.name, file)
        except OSError as error:
            self.tell(error)
            return False
        return True

    def tell(self, error: OSError) -> None:
        """Says, once, that the folder is of no use."""
        if not self._told:
            log.warning("Compressed files cannot be kept in %s: %s", self.folder, error.strerror)
        self._told = True

    def prune(self) -> None:
        """Removes what nothing has asked for in UNUSED_DAYS."""
        limit = time.time() - UNUSED_DAYS * 86400
        for file in self.folder.iterdir() if self.folder.is_dir() else ():
            try:
                if file.stat().st_mtime < limit:
                    file.unlink()
            except OSError:
                continue


def _decodes_to(encoded: bytes, coding: str, data: bytes) -> bool:
    """A cache outlives crashes and curious people: what it holds is believed only when it decodes to `data`."""
    try:
        decoded = brotli.decompress(encoded) if coding == "br" else gzip.decompress(encoded)
    except (brotli.error, OSError, EOFError, ValueError):
        return False
    return bool(decoded == data)


class Encoder:
    """Makes the bodies of one content: the best encodings the cache has, else fast ones, noting it in `rough`.

    A large content is kept in a file beside its encodings: uncompressed it is seldom asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder)
        self.rough: list[Body] = []

    def bodies(self, data: bytes) -> list[Body]:
        """The plain body first, then those that are smaller."""
        plain = Body.of(data)
        if plain.size < SMALL:
            return [plain]
        if plain.size > LARGE and (file := self.cache.keep(data)):
            plain = Body(file, plain.size, plain.digest)
        best = {coding: self.cache.get(data, coding) for coding in BEST}
        if None in best.values():
            self.rough.append(plain)
        encoded = [Body.of(best[coding] or FAST[coding](data), coding) for coding in BEST]
        return [plain, *(body for body in encoded if body.size < plain.size)]


def compress(cache: Cache, bodies: Iterable[Body]) -> None:
    """Puts the best encodings of `bodies` into the cache; one process at a time, so that several share the work."""
    try:
        cache.folder.mkdir(parents=True, exist_ok=True)
        lock = (cache.folder / ".lock").open("w")
    except OSError as error:
        cache.tell(error)
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for body in bodies:
            content = body.content if isinstance(body.content, bytes) else body.content.read_bytes()
            for coding in BEST:
                if cache.get(content, coding) is None:
                    cache.put(content, coding)
        cache.prune()
