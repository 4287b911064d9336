"""The project's Markdown pages: their links, headings, code and tables."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from world.places import ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Page:
    """A page, by its path in the repository."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def file(self) -> Path:
        return ROOT / self.name

    @cached_property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without fenced blocks."""
        return FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """The fenced blocks in `language`, in order."""
        return [content for label, content in FENCE.findall(self.text) if label == language]

    @property
    def spans(self) -> list[str]:
        """Inline code."""
        return SPAN.findall(self.prose)

    @property
    def links(self) -> list[str]:
        """The targets of links and pictures."""
        return LINK.findall(SPAN.sub("", self.prose))

    @cached_property
    def anchors(self) -> set[str]:
        """The headings as GitHub's anchors: in lower case, without punctuation, with hyphens for spaces."""
        headings = HEADING.findall(self.prose)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def pages() -> Iterator[Page]:
    """The pages at the top level, in `docs/` and in `.github/`."""
    for pattern in ("*.md", "docs/*.md", ".github/**/*.md"):
        for file in sorted(ROOT.glob(pattern)):
            yield Page(file.relative_to(ROOT).as_posix())


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    head, *body = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in (heads, *rows))
    return "\n".join([f"| {head} |", f"|{'---|' * len(heads)}", *(f"| {row} |" for row in body)])


PAGES = list(pages())
README = Page("README.md")
SETTINGS = Page("docs/settings.md")
FAILURES = Page("docs/when-a-sign-in-fails.md")
