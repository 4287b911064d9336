"""The names of a release's files: those that are known, and those that the files themselves refer to.

A name is *required* if the widget is certain to request it:

- what is `REQUIRED` of every release;
- an address in `app.html` and the other pages, and `url(…)` in CSS: the browser follows it;
- each name in the chunk map of the bundler's runtime, and the number in a chunk call (`n.e(495).then(`);
- what the bundler addresses from its public path, in any folder (`n.p+"audio/incoming.ogg"`), and `"app.css"` in a
  script.

Everything else may be absent: brand adapters and pages that a version does not have, logos in plain string literals,
licence notes, the `plugins.json` that 2.3.1 requests and does not have.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from itertools import islice
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from embeddable_host.contract import BRANDS
from embeddable_host.limits import MAX_FILES, MAX_PAGE_LENGTH
from embeddable_host.releases.error import NO_RELEASE, ReleaseError
from embeddable_host.releases.release import REQUIRED
from embeddable_host.text import printable

PAGES = ("app.html", "popup.html", "redirect.html", "proxy.html")  # whose references a browser follows
KNOWN = (
    *REQUIRED,
    *PAGES,
    "adapter.min.js",
    *(f"adapter.{brand}.js" for brand in BRANDS),
    "app.css",
    "redirect.js",
    "proxy.js",
    "index.html",
    "plugins.json",
)

# References in a script, relative to the release's folder; and whether they are required.
# No pattern may search the same text twice: tests measure each with hostile inputs.
SCRIPT_REFERENCES = (
    (re.compile(r'\.p ?\+ ?"([\w-]+/[^"\\?#]*\.\w+)"'), True),
    (re.compile(r'"(app\.css)"'), True),
    (re.compile(r'"/?((?:assets|audio|fonts|images|worklets)/[\w./-]+\.\w+)"'), False),
    (re.compile(r"For license information please see ([\w.-]+\.LICENSE\.txt)"), False),
)
CHUNK_MAP = re.compile(r'\{((?:"?[\w-]+"?: ?"[\w.~-]+",? ?)+)\}\)?\[(\w+)\] ?\|\| ?\2\) ?\+ ?"\.js"')
CHUNK_NAME = re.compile(r'(?<![\w-])"?([\w-]+)"?: ?"([\w.~-]+)"')
CHUNK_CALL = re.compile(r"\b\w+\.e\((\d+)\)(?=\.then\(|, ?\w+\.e\(|\])")
ELSEWHERE = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:")  # an address that is not relative
CSS_URL = re.compile(r"""url\(\s*+["']?([^"')]++)""")


def references(name: str, text: str, chunks: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """The files that a file of the release refers to, each with whether it is required.

    `name` and the results are paths relative to the release's folder; a result may lead out of it: reject that.
    `text` is the file's content, `chunks` the `chunk_names` of app.js. Raises ReleaseError for an unreadable page.
    """
    if name.endswith(".js"):
        for pattern, required in SCRIPT_REFERENCES:
            yield from ((found[1], required) for found in pattern.finditer(text))
        if chunks:
            yield from ((f"{chunks.get(number, number)}.js", True) for number in _groups(CHUNK_CALL, text))
        if name == "app.js":
            yield from ((f"{chunk}.js", True) for chunk in chunks.values())
    elif name.endswith(".css"):
        yield from ((found, True) for found in _relative(_groups(CSS_URL, text), dirname(name)))
    elif name in PAGES:
        if len(text) > MAX_PAGE_LENGTH:
            raise ReleaseError(f"{name} has more than {MAX_PAGE_LENGTH} characters. {NO_RELEASE}")
        page = Page()
        try:
            page.feed(text)
        # Raised by the library for a declaration that it cannot read, and a character reference with many digits.
        except (AssertionError, ValueError) as error:
            raise ReleaseError(
                f"{name} cannot be read ({printable(str(error))}). Pull a folder or an archive of it"
            ) from None
        yield from ((found, True) for found in _relative(page.addresses, dirname(name)))


def chunk_names(app: str) -> dict[str, str]:
    """The names of chunks by number, as the bundler's runtime in app.js maps them; other numbers are names.

    Empty where app.js loads no chunks. Raises ReleaseError where their names cannot be read.
    """
    if found := CHUNK_MAP.search(app):
        return {pair[1]: pair[2] for pair in islice(CHUNK_NAME.finditer(found[1]), MAX_FILES + 1)}
    if CHUNK_CALL.search(app):
        raise ReleaseError("app.js loads chunks whose names cannot be read. Pull a folder or an archive of it")
    return {}


class Page(HTMLParser):
    """Collects what a page loads: each `src`, and the `href` of each link."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loads = ("src", "href") if tag == "link" else ("src",)
        self.addresses += [value.strip() for key, value in attrs if key in loads and value]


def _groups(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """The first group of each match, one at a time: there may be very many."""
    return (found[1] for found in pattern.finditer(text))


def _relative(addresses: Iterable[str], folder: str) -> Iterator[str]:
    """The files that relative addresses in a file of `folder` refer to; other addresses are left out."""
    for address in addresses:
        path = address.partition("?")[0].partition("#")[0].strip()
        if path and path[-1] not in "./" and not ELSEWHERE.match(path):
            yield normpath(join(folder, unquote(path)))
