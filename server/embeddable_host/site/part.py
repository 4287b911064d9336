"""A part of the site, and the drafts that it makes.

A part is a module with a function `drafts`: it owns some pages and scripts of `public/`, decides which values they are
given (a dataclass each, whose fields have the names that the script reads), and which addresses they become.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from embeddable_host.responses.body import Body
from embeddable_host.responses.headers import Headers

if TYPE_CHECKING:
    from embeddable_host.site.inputs import Inputs


@dataclass(frozen=True)
class Draft:
    """An address of the site before its content is compressed; the media type follows from `name`.

    `content`: the bytes, or bodies that exist already. `has_options`: it responds to OPTIONS too.
    """

    path: str
    name: str
    content: bytes | Sequence[Body]
    headers: Headers
    has_options: bool = False


class Part(Protocol):
    """A part of the site."""

    def drafts(self, inputs: "Inputs") -> Iterator[Draft]:
        """Every address that the part makes. Raises ValueError for a file of the team's own that cannot be served."""
