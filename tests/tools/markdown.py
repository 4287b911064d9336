"""The project's pages in Markdown, as their tests read them: links, headings and code."""

import re
from collections.abc import Iterator
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
    """One file, by its path in the repository."""

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
        """All but the fenced blocks."""
        return FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """The fenced blocks in `language`, in their order."""
        return [content for marked, content in FENCE.findall(self.text) if marked == language]

    @property
    def spans(self) -> list[str]:
        """Code within a line."""
        return SPAN.findall(self.prose)

    @property
    def links(self) -> list[str]:
        """What links and pictures lead to."""
        return LINK.findall(SPAN.sub("", self.prose))

    @cached_property
    def anchors(self) -> set[str]:
        """The headings as GitHub addresses them: in lower case, without punctuation, with hyphens for blanks."""
        headings = HEADING.findall(self.prose)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def pages() -> Iterator[Page]:
    """The pages at the top, in `docs/` and in `.github/`."""
    for pattern in ("*.md", "docs/*.md", ".github/**/*.md"):
        for file in sorted(ROOT.glob(pattern)):
            yield Page(file.relative_to(ROOT).as_posix())


PAGES = list(pages())
README = Page("README.md")
SETTINGS = Page("docs/settings.md")
FAILURES = Page("docs/when-a-sign-in-fails.md")
