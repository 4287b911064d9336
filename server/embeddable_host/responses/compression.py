"""Content codings: the best compression, a fast one for now, and a folder that keeps the best.

The best is slow (brotli 11: seconds for one adapter), so it is made by `pull` or in the background, never in a request
or at the start. What is computed from the settings goes out at the fast level until the best lies in the cache.
The process in the background imports this file and nothing of the server.
"""

import fcntl
import gzip
import logging
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import brotli

from embeddable_host.responses.body import IDENTITY, LARGE, Body

log = logging.getLogger("embeddable_host")

WINDOW = 24  # log2 of bytes: 16 MiB, the largest every brotli decoder takes (RFC 7932 §9.1)
SMALL = 1024  # bytes below which compression gains nothing on the wire
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

    def _file(self, plain: Body, coding: str) -> Path:
        return self.folder / f"{plain.digest[:48]}.{coding}"

    def get(self, plain: Body, coding: str) -> Body | None:
        """The best encoding of `plain`, which is not pruned now; None where there is none yet."""
        file = self._file(plain, coding)
        try:
            found = file.read_bytes()
            os.utime(file)
        except OSError:
            return None
        return Body.of(found, coding).at(file) if _decodes_to(found, coding, plain.read()) else None

    def put(self, plain: Body, coding: str) -> None:
        """Makes the best encoding of `plain` and keeps it."""
        self._write(self._file(plain, coding), BEST[coding](plain.read()))

    def keep(self, plain: Body) -> Body:
        """A large body in a file, written unless it is there; as it is where it is not large, or cannot be written."""
        if plain.size <= LARGE:
            return plain
        file = self._file(plain, IDENTITY)
        try:
            if file.read_bytes() == plain.content:
                os.utime(file)
                return plain.at(file)
        except OSError:
            pass
        return plain.at(file) if self._write(file, plain.read()) else plain

    def still_has(self, bodies: Sequence[Body]) -> bool:
        """Whether all that is kept of one content is there, which is then not pruned; the plain body comes first."""
        plain = bodies[0]
        codings = [*BEST, *([IDENTITY] if isinstance(plain.content, Path) else [])]
        try:
            for coding in codings if plain.size >= SMALL else ():
                os.utime(self._file(plain, coding))
        except OSError:
            return False
        return True

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


@dataclass(frozen=True, slots=True)
class Encoded:
    """One content as it is sent: the plain body first, then those that are smaller.

    `is_best`: they are the best there are, and kept; else better ones are yet to be made.
    """

    bodies: tuple[Body, ...]
    is_best: bool


class Encoder:
    """Makes the bodies of one content: the best encodings the cache has, else fast ones until it has them.

    What is large is left in the cache and not held. `made` is all that was, by the digest of the content; the encoder
    that comes next is given it as `before`, and what is to be sent again stays the same object.
    """

    def __init__(self, folder: Path, before: Mapping[str, Encoded]) -> None:
        self.cache = Cache(folder)
        self.made: dict[str, Encoded] = {}
        self._before = before

    def bodies(self, data: bytes) -> tuple[Body, ...]:
        plain = Body.of(data)
        if plain.digest not in self.made:
            before = self._before.get(plain.digest)
            is_kept = before is not None and before.is_best and self.cache.still_has(before.bodies)
            self.made[plain.digest] = before if before and is_kept else self._encode(plain, before)
        return self.made[plain.digest].bodies

    def _encode(self, plain: Body, before: Encoded | None) -> Encoded:
        if plain.size < SMALL:
            return Encoded((plain,), is_best=True)
        best = {coding: self.cache.get(plain, coding) for coding in BEST}
        known = {body.coding: body for body in before.bodies if isinstance(body.content, bytes)} if before else {}
        encoded = (best[coding] or known.get(coding) or Body.of(FAST[coding](plain.read()), coding) for coding in BEST)
        bodies = (self.cache.keep(plain), *(body for body in encoded if body.size < plain.size))
        return Encoded(bodies, is_best=None not in best.values())

    @property
    def pending(self) -> tuple[Body, ...]:
        """The plain bodies whose best encodings are yet to be made."""
        return tuple(encoded.bodies[0] for encoded in self.made.values() if not encoded.is_best)


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
            for coding in BEST:
                if cache.get(body, coding) is None:
                    cache.put(body, coding)
        cache.prune()


def compress_in_background(cache: Cache, bodies: Iterable[Body]) -> None:
    """The same, as the only work of a process that lets others go first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    os.nice(10)
    compress(cache, bodies)
