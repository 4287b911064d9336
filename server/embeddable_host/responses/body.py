"""The body of a response, in one content coding."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

IDENTITY = "identity"
# Bytes above which a body is streamed from a file, where it has one, and not kept in memory. A real adapter has 143 KiB
# in brotli, which nearly every browser gets, and 240 KiB in gzip: with its brands, a profile would need 2 MiB for them.
LARGE = 160 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of one representation: `content` is the bytes, or the file that has them.

    `digest` is the SHA-384 of these bytes; `tag` is the part of the entity tag that stands for them.
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
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def at(self, file: Path) -> "Body":
        """The same body, left in `file`, which has these bytes; a small one stays in memory."""
        return Body(file, self.size, self.digest, self.coding) if self.size > LARGE else self
