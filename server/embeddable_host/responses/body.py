"""The bytes of an answer, in one encoding."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

IDENTITY = "identity"
# Bytes above which a body is streamed from a file, where one has it, and not held. A real adapter has 143 KiB in the
# coding br, which nearly everybody asks for, and 240 in gzip: with its brands, a profile would hold two MiB of these.
LARGE = 160 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of one representation: `content` holds them, or is the file that does.

    `digest` names exactly these bytes; `tag` is the part of the entity tag that stands for them.
    """

    content: bytes | Path
    size: int
    digest: str
    coding: str = IDENTITY

    @classmethod
    def of(cls, content: bytes, coding: str = IDENTITY) -> "Body":
        return cls(content, len(content), hashlib.sha384(content).hexdigest(), coding)

    @property
    def tag(self) -> str:
        return self.digest[:32]

    def read(self) -> bytes:
        """The bytes, wherever they are."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def at(self, file: Path) -> "Body":
        """The same, kept in `file`, which has these bytes: held in memory as well, unless they are many."""
        return Body(file, self.size, self.digest, self.coding) if self.size > LARGE else self
