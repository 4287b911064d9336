"""The encodings of what is computed from the settings: the best ones lie in a folder, fast ones fill in for them.

The best compression is never made in a request or at the start, but in the background (`compressor`). Until it is in
the cache, the fast one is sent.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embeddable_host.files import replace
from embeddable_host.progress import Progress
from embeddable_host.responses.body import IDENTITY, LARGE, Body
from embeddable_host.responses.compression import BEST, FAST, decodes_to
from embeddable_host.responses.compressor import Compressor, Job

log = logging.getLogger("embeddable_host")

SMALL = 1024  # bytes below which compression gains nothing on the wire
UNUSED_DAYS = 30  # after which a file that nothing has used is removed
LOCK = ".lock"
PENDING = ".pending-"  # a folder with bodies that are being compressed


class Cache:
    """The best encodings made so far, one file each, named by coding and the digest of the uncompressed bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._has_warned = False

    @property
    def lock(self) -> Path:
        """The file that whoever compresses for the cache has locked."""
        return self.folder / LOCK

    def get(self, plain: Body, coding: str) -> Body | None:
        """The best encoding of `plain`, which counts as used now; None where there is none yet."""
        file = self._file(plain, coding)
        try:
            found = file.read_bytes()
            os.utime(file)
        except OSError:
            return None
        return Body.of(found, coding).at(file) if decodes_to(found, coding, plain.read()) else None

    def keep(self, plain: Body) -> Body:
        """A large body as a file of the cache; unchanged where it is not large, or cannot be written."""
        if plain.size <= LARGE:
            return plain
        file = self._file(plain, IDENTITY)
        try:
            if not file.exists() or file.read_bytes() != plain.content:
                replace(file, plain.read())
            os.utime(file)
        except OSError as error:
            self._warn(error)
            return plain
        return plain.at(file)

    def still_has(self, bodies: Sequence[Body]) -> bool:
        """Whether all files of one content are there, which count as used now; the plain body comes first."""
        plain = bodies[0]
        codings = [*BEST, *([IDENTITY] if isinstance(plain.content, Path) else [])]
        try:
            for coding in codings if plain.size >= SMALL else ():
                os.utime(self._file(plain, coding))
        except OSError:
            return False
        return True

    def fill(self, bodies: Sequence[Body], compressor: Compressor, progress: Progress | None = None) -> None:
        """Has the best encodings of `bodies` made and keeps them.

        Raises CompressionError, and OSError where the folder cannot be used; what is finished by then is kept.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=PENDING, dir=self.folder) as folder:
            sources = [_source(body, Path(folder)) for body in bodies]
            jobs = [
                Job(source, coding, self._file(body, coding))
                for body, source in zip(bodies, sources, strict=True)
                for coding in BEST
            ]
            for _ in compressor.results(jobs):
                if progress:
                    progress.advance()
        self._prune()

    def _file(self, plain: Body, coding: str) -> Path:
        return self.folder / f"{plain.digest[:48]}.{coding}"

    def _warn(self, error: OSError) -> None:
        """Once: this is no failure, because the file would only be read back."""
        if not self._has_warned:
            log.warning("Compressed files cannot be kept in %s: %s", self.folder, error.strerror)
        self._has_warned = True

    def _prune(self) -> None:
        """Removes what nothing has used for UNUSED_DAYS, and what a process that was killed has left."""
        limit = time.time() - UNUSED_DAYS * 86400
        for file in self.folder.iterdir():
            try:
                if file.name != LOCK and file.stat().st_mtime < limit:
                    shutil.rmtree(file) if file.is_dir() else file.unlink()
            except OSError:
                continue


def _source(body: Body, folder: Path) -> Path:
    """The file that has the bytes of a plain body; one in `folder` if none has them yet."""
    if isinstance(body.content, Path):
        return body.content
    file = folder / body.digest[:48]
    file.write_bytes(body.content)
    return file


@dataclass(frozen=True, slots=True)
class Encoded:
    """One content as it is sent: the plain body first, then those that are smaller.

    `is_best`: they are the best there are, and are kept in the cache; otherwise better ones are yet to be made.
    """

    bodies: tuple[Body, ...]
    is_best: bool


class Encoder:
    """Makes the bodies of each content: the best encodings that the cache has, or fast ones.

    Large ones stay in files of the cache. `made` is everything made so far, by the digest of the content. The next
    encoder gets it as `before`: content that has not changed then keeps the same bodies.
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
