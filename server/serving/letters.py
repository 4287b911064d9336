"""A folder of letters: each is left once, and taken once, within two minutes.

Any number of processes may use the folder at the same time, and the file system decides between them. A letter is
written whole under another name before it gets its own by link(2), which fails where one lies already. To take it is to
rename(2) it, which one of several takers can. So there are no locks, and letters outlive the processes.

All functions here block: they are for threads.
"""

import contextlib
import math
import os
import re
import secrets
import stat
import time
from pathlib import Path
from typing import BinaryIO

LIMIT = 8 * 1024  # bytes of a letter
LIFE = 120.0  # seconds

LETTER = re.compile(r"[0-9a-f]{64}(\.[a-z0-9-]+)?")
OURS = re.compile(rf"{LETTER.pattern}|\.[0-9a-f]{{32}}")  # a letter, or one that is being written or taken


class TooMany(Exception):
    """As many letters lie in the folder as may."""


class Letters:
    """The letters in `folder`, which is made when the first is left. What else lies there is not touched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> set[str]:
        """The name of everything that lies here; nothing where there is no folder. Raises OSError."""
        try:
            return set(os.listdir(self.folder))
        except FileNotFoundError:
            return set()

    def leave(self, name: str, content: bytes, most: float = math.inf) -> bool:
        """Leaves a letter; False where one lies here already, which stays.

        Raises TooMany where `most` lie here, and OSError.
        """
        unfinished, file = self._begin()
        try:
            with file:
                # Whoever is about to leave a letter has a file here already, so that all together keep to the limit.
                if len(self._ours()) > most:
                    raise TooMany
                file.write(content)
            return self._put(unfinished, self.folder / name)
        finally:
            unfinished.unlink(missing_ok=True)

    def take(self, name: str) -> bytes | None:
        """Removes a letter and returns it; None where there is none, or another was faster. Raises OSError."""
        letter, taken = self.folder / name, self._new()
        with contextlib.suppress(FileNotFoundError):
            if _is_letter(os.lstat(letter)):
                os.rename(letter, taken)
                try:
                    with open(os.open(taken, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                        return file.read(LIMIT)
                finally:
                    os.unlink(taken)
        return None

    def sweep(self) -> int:
        """Removes what has expired, letters and what was left unfinished; the number of letters. Raises OSError."""
        letters = 0
        for name in self._ours():
            file = self.folder / name
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # taken meanwhile; not ours
                if _is_expired(os.lstat(file)):
                    os.unlink(file)
                    letters += LETTER.fullmatch(name) is not None
        return letters

    def _ours(self) -> list[str]:
        return list(filter(OURS.fullmatch, self.names()))

    def _new(self) -> Path:
        """A name that nobody else has and no letter can have."""
        return self.folder / f".{secrets.token_hex(16)}"

    def _begin(self) -> tuple[Path, BinaryIO]:
        """A new file, in a folder that is made where it is missing."""
        path = self._new()
        try:
            return path, _create(path)
        except FileNotFoundError:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return path, _create(path)

    def _put(self, unfinished: Path, letter: Path) -> bool:
        while True:
            try:
                os.link(unfinished, letter)
                return True
            except FileExistsError:
                with contextlib.suppress(FileNotFoundError):  # taken meanwhile
                    if not _is_expired(os.lstat(letter)):
                        return False
                    os.unlink(letter)


def _create(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode=0o600), "wb")


def _is_letter(status: os.stat_result) -> bool:
    """Whether it is a file of a letter's size and age, and no link or folder that somebody put in its place."""
    return stat.S_ISREG(status.st_mode) and 1 <= status.st_size <= LIMIT and not _is_expired(status)


def _is_expired(status: os.stat_result) -> bool:
    """A clock that was set back leaves letters of the future: those far ahead have expired as well."""
    return abs(time.time() - status.st_mtime) > LIFE
