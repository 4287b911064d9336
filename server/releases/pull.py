"""Gets a release of the widget: from the address it is published at, from a folder, or from an archive.

A folder or an archive holds all the files there are. An address does not say what it holds, so the files are
found as a browser would find them (`widget.md`, "A release, as files"): first those with known names, then
what these name, and so on until nothing new turns up. `KNOWN`, the patterns under it and `references` are the
whole of that knowledge.

A name is *required* where the widget is certain to ask for it:

- what is `REQUIRED` of every release;
- an address in `app.html` and its sister pages, and `url(…)` in CSS: the browser follows it;
- each name in the chunk map of the bundler's runtime, and the number in a chunk call (`n.e(495).then(`);
- what the bundler addresses from its public path (`n.p+"audio/incoming.ogg"`), and `"app.css"` in a script.

Not to get one of those ends the pull. Everything else may be absent: brand adapters that a version does not
have, pages it dropped, logos in plain string literals, licence notes, the `plugins.json` that 2.3.1 asks for
in vain.

No answer is taken on trust: its status, its type (a server that answers a page for a script has not got the
script), its length, the host it comes from. A fault that may pass is tried again; any other ends the pull,
and nothing is installed.
"""

import asyncio
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import IO
from urllib.parse import quote, unquote

import aiofiles
import httpx2

from server.config.settings import Settings
from server.releases.release import (
    BRANDS,
    MAX_BYTES,
    MAX_FILES,
    REQUIRED,
    Progress,
    Release,
    ReleaseError,
    belongs,
    install,
    staging,
    stays_inside,
    use,
    version_of,
)

NO_RELEASE = "It is no release of the widget: do not use it"
GIVE_IT = "If that is where the release is, give its address with --from"

LATEST = "latest"
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
UNREADABLE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
)

AT_A_TIME = 6
TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
BACKOFF = (0.5, 1.0, 2.0)  # seconds before the second, third and fourth try
PASSING = frozenset({429, 500, 502, 503, 504})  # statuses that may be gone on the next try
ABSENT = frozenset({403, 404, 410})  # an object store that may not be listed answers 403 for what it does not have
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
PAGE_START = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)

PAGES = ("app.html", "popup.html", "redirect.html", "proxy.html")  # whose references the widget follows
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

# What names files in a script, from the release's folder on; and whether it is required.
SCRIPT_REFERENCES = (
    (re.compile(r'\.p ?\+ ?"((?:assets|audio|fonts|images)/[^"\\?#]+)"'), True),
    (re.compile(r'"(app\.css)"'), True),
    (re.compile(r'"/?((?:assets|audio|fonts|images)/[\w./-]+\.\w+)"'), False),
    (re.compile(r"For license information please see ([\w.-]+\.LICENSE\.txt)"), False),
)
CHUNK_MAP = re.compile(r'\{((?:"?[\w-]+"?: ?"[\w.~-]+",? ?)+)\}\)?\[(\w+)\] ?\|\| ?\2\) ?\+ ?"\.js"')
CHUNK_NAME = re.compile(r'"?([\w-]+)"?: ?"([\w.~-]+)"')
CHUNK_CALL = re.compile(r"\b\w+\.e\((\d+)\)(?=\.then\(|, ?\w+\.e\(|\])")
ELSEWHERE = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:")  # from the root, of another host, or with a scheme
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+?)["']?\s*\)""")


def pull(settings: Settings, version: str | None, origin: str | None, progress: Progress) -> Release:
    """Gets a release, installs it, and makes it the current one.

    `origin` is an address, a folder or an archive; without one it is the `version` (or `latest`) below
    `widget.source`. An address may be given with a `version` below it. Raises ReleaseError for whatever is
    wrong; the releases there were, and which of them is current, are then untouched.
    """
    if version is not None and not VERSION.fullmatch(version):
        raise ReleaseError(f'"{version}" is not a version. Give one such as 2.3.1, or leave it out')
    with staging(settings.releases) as folder:
        if origin is None:
            address = _address(settings.widget.source, version or LATEST)
            staged, source = _from_address(address, folder, progress)
        elif re.match(r"https?://", origin, re.IGNORECASE):
            staged, source = _from_address(_address(origin, version), folder, progress)
        else:
            staged, source = _from_disk(Path(origin), version, folder)
        release = install(staged, settings.releases, source, progress)
        use(settings.releases, release.id)
    return release


def _is_archive(path: str) -> bool:
    return path.lower().endswith(ARCHIVES)


# From the disk


def _from_disk(path: Path, version: str | None, folder: Path) -> tuple[Path, str]:
    if version is not None:
        raise ReleaseError(f"{path} is one release already. Leave the version {version} out")
    if path.is_dir():
        return path, str(path.resolve())
    if path.is_file() and _is_archive(path.name):
        return _unpack(path, folder / "unpacked", str(path)), str(path.resolve())
    raise ReleaseError(f"{path} is neither an address, nor a folder, nor an archive ({', '.join(ARCHIVES)})")


def _unpack(archive: Path, folder: Path, shown: str) -> Path:
    """Unpacks an archive, refusing what no release has, and returns the folder in it that is the release."""
    names: set[str] = set()
    size = 0
    try:
        for name, length, content in _members(archive, shown):
            if not stays_inside(name):
                raise ReleaseError(f"{shown} holds {name!r}, which leads elsewhere. Do not use this archive")
            if name in names:
                raise ReleaseError(f"{shown} holds {name} twice. Pack the folder anew")
            names.add(name)
            size += length
            if len(names) > MAX_FILES or size > MAX_BYTES:
                raise ReleaseError(f"{shown} holds more than {MAX_FILES} files or {MAX_BYTES} bytes. {NO_RELEASE}")
            if belongs(name):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content.read())
    except UNREADABLE as error:
        raise ReleaseError(f"{shown} cannot be unpacked ({error}). Get it again, or pack anew") from None
    found = [page.parent for page in folder.rglob("app.html") if any(page.parent.glob("adapter*.js"))]
    if len(found) != 1:
        count = f"{len(found)} folders" if found else "no folder"
        raise ReleaseError(f"{shown} holds {count} with app.html and adapter.js. Pack one release's folder")
    return found[0]


def _members(archive: Path, shown: str) -> Iterator[tuple[str, int, IO[bytes]]]:
    """The files in an archive: name, size in bytes, content. Raises ReleaseError for a link or a device."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise _special(shown, entry.filename)
                if not entry.is_dir():
                    with packed.open(entry) as content:
                        yield _plain(entry.filename), entry.file_size, content
        return
    with tarfile.open(archive) as taped:
        for member in taped:
            body = taped.extractfile(member) if member.isreg() else None
            if body:
                yield _plain(member.name), member.size, body
            elif not member.isdir():
                raise _special(shown, member.name)


def _plain(name: str) -> str:
    return name.removeprefix("./")  # as `tar -c .` writes it


def _special(shown: str, name: str) -> ReleaseError:
    return ReleaseError(f"{shown} holds {name!r}, which is a link or a device. Pack the files themselves")


# From an address


class PassingFault(Exception):
    """What is wrong with one answer, and may not be with the next."""


def _address(origin: str, version: str | None) -> httpx2.URL:
    """The address of an archive, or of a release's folder, with its last slash."""
    try:
        address = httpx2.URL(origin)
    except httpx2.InvalidURL as error:
        raise ReleaseError(f"{origin} is not an address ({error}). Write it as https://host/path/") from None
    if not _is_archive(address.path):
        folder = address.copy_with(query=None, fragment=None, path=address.path.rstrip("/") + "/")
        return folder.join(f"{version}/") if version else folder
    if version:
        raise ReleaseError(f"{_shown(address)} is one release already. Leave the version {version} out")
    return address


def _shown(address: httpx2.URL) -> str:
    """An address as it may be told and kept: no password, and no query, which may be a signature."""
    return str(address.copy_with(userinfo=b"", query=None, fragment=None))


def _from_address(address: httpx2.URL, folder: Path, progress: Progress) -> tuple[Path, str]:
    shown = _shown(address)
    progress.say(f"Fetching {shown}")
    if _is_archive(address.path):
        asyncio.run(_fetch_archive(address, folder, progress))
        return _unpack(folder / "archive", folder / "unpacked", shown), shown
    staged = folder / "fetched"
    asyncio.run(_fetch_release(address, staged, progress))
    versions = {name: version_of((staged / name).read_bytes()) for name in ("adapter.js", "app.js")}
    if None not in versions.values() and len(set(versions.values())) > 1:
        told = " and ".join(f"{name} of {version}" for name, version in versions.items())
        raise ReleaseError(f"{shown} has {told}: a new version is just being published. Pull again later")
    return staged, shown


async def _fetch_archive(address: httpx2.URL, folder: Path, progress: Progress) -> None:
    async with Fetch(address, folder, progress) as fetch:
        await fetch.files({"archive": address}, {"archive"})


async def _fetch_release(base: httpx2.URL, staged: Path, progress: Progress) -> None:
    """Gets the files with known names, then what they name, until nothing new is named."""
    asked: set[str] = set()
    wanted = set(KNOWN)
    required = set(REQUIRED)
    async with Fetch(base, staged, progress) as fetch:
        while wanted:
            await fetch.files({name: base.join(quote(name)) for name in wanted}, required)
            asked |= wanted
            named = await asyncio.to_thread(_named_in, wanted, staged, base)
            required = {name for name in named if named[name] and not (staged / name).exists()}
            wanted = (named.keys() - asked) | required


def _named_in(names: Collection[str], staged: Path, base: httpx2.URL) -> dict[str, bool]:
    """The files which those of these names that are there name, each with whether it is required."""
    chunks = chunk_names(_text(staged / "app.js"))
    named: dict[str, bool] = {}
    for name in names:
        if name.endswith((".js", ".css", ".html")) and (staged / name).exists():
            for other, required in references(name, _text(staged / name), chunks):
                if not stays_inside(other):
                    raise ReleaseError(f"{_shown(base)}{name} names {other}, which leads elsewhere. {NO_RELEASE}")
                named[other] = named.get(other, False) or required
    return named


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


class Fetch:
    """Gets files from one address into one folder, some at a time, within the bounds of a release."""

    def __init__(self, base: httpx2.URL, folder: Path, progress: Progress) -> None:
        self.base = base
        self.folder = folder
        self.progress = progress
        self.asked = 0
        self.room = MAX_BYTES
        self.turn = asyncio.Semaphore(AT_A_TIME)
        self.client = httpx2.AsyncClient(headers={"User-Agent": "embeddable-host"}, timeout=TIMEOUT)

    async def __aenter__(self) -> "Fetch":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def files(self, addresses: Mapping[str, httpx2.URL], required: Collection[str]) -> None:
        """Gets files by name; one that is absent is left out, unless it is required.

        Raises ReleaseError for the first that cannot be had.
        """
        self.asked += len(addresses)
        if self.asked > MAX_FILES:
            raise ReleaseError(f"{_shown(self.base)} names more than {MAX_FILES} files. {NO_RELEASE}")
        self.progress.total(self.asked)
        try:
            async with asyncio.TaskGroup() as group:
                for name, address in addresses.items():
                    group.create_task(self.file(name, address, name in required))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def file(self, name: str, address: httpx2.URL, required: bool) -> None:
        """Gets one file, in as many tries as `BACKOFF` grants."""
        async with self.turn:
            for pause in (*BACKOFF, None):
                try:
                    await self.attempt(name, address, required)
                    break
                except PassingFault as fault:
                    if pause is None:
                        raise ReleaseError(f"{_shown(address)} {fault}. Try again later") from None
                    await asyncio.sleep(pause)
        self.progress.advance()

    async def attempt(self, name: str, address: httpx2.URL, required: bool) -> None:
        """Asks once, following redirects that stay on the host."""
        try:
            for _ in range(MAX_REDIRECTS):
                async with self.client.stream("GET", address) as response:
                    if response.status_code not in REDIRECTS:
                        if required or response.status_code not in ABSENT:
                            await self.save(name, response)
                        return
                    address = _redirected(address, response)
        except httpx2.RequestError as error:
            raise PassingFault(_told(error)) from error
        raise ReleaseError(f"{_shown(address)} comes after {MAX_REDIRECTS} redirects. {GIVE_IT}")

    async def save(self, name: str, response: httpx2.Response) -> None:
        """Writes the body of an answer that is what it should be."""
        _check(response)
        is_page = response.headers.get("Content-Type", "").lower().startswith("text/html")
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        async with aiofiles.open(path, "wb") as file:
            async for data in response.aiter_bytes():
                is_page = is_page or (size == 0 and bool(PAGE_START.match(data)))
                if is_page and not name.endswith(".html"):
                    where = _shown(response.url)
                    raise ReleaseError(f"{where}: the server answers a page for {name}. Check the address")
                size += len(data)
                if size > self.room:
                    raise ReleaseError(f"{_shown(self.base)} has more than {MAX_BYTES} bytes. {NO_RELEASE}")
                await file.write(data)
        self.room -= size


def _check(response: httpx2.Response) -> None:
    """Refuses an answer that is not a whole file; h11 sees to it that the length announced is kept."""
    shown = _shown(response.url)
    status = f"{response.status_code} {response.reason_phrase}"
    if response.status_code in PASSING:
        raise PassingFault(f"answers {status}")
    if response.status_code != 200:
        raise ReleaseError(f"{shown} answers {status}. Check the address and the version")
    if not {"content-length", "transfer-encoding"} & response.headers.keys():
        raise ReleaseError(f"{shown} does not say how long it is, so it could be cut off. Pull from an archive")


def _redirected(address: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
    """Where a redirect leads, if to the same origin, or to https of the same host."""
    try:
        target = address.join(response.headers.get("Location", ""))
    except httpx2.InvalidURL as error:
        raise ReleaseError(f"{_shown(address)} redirects to no address ({error}). Check the server") from None
    same_origin = (target.scheme, target.host, target.port) == (address.scheme, address.host, address.port)
    upgrade = target.host == address.host and (address.scheme, target.scheme) == ("http", "https")
    if not (same_origin or upgrade):
        raise ReleaseError(f"{_shown(address)} redirects to another host, {_shown(target)}. {GIVE_IT}")
    return target


def _told(error: httpx2.RequestError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "does not answer in time"
    if isinstance(error, httpx2.ConnectError):
        return f"cannot be reached ({error})"
    return f"breaks its answer off ({error or type(error).__name__})"


# What names the files


def references(name: str, text: str, chunks: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """The files that a file of the release names, each with whether it is required.

    `name` and what is yielded are paths from the release's folder on; a path may lead out of it: refuse that.
    `text` is the file's, `chunks` what `chunk_names` says of app.js.
    """
    if name.endswith(".js"):
        for pattern, required in SCRIPT_REFERENCES:
            yield from ((found, required) for found in pattern.findall(text))
        if chunks:
            yield from ((f"{chunks.get(number, number)}.js", True) for number in CHUNK_CALL.findall(text))
        if name == "app.js":
            yield from ((f"{chunk}.js", True) for chunk in chunks.values())
    elif name.endswith(".css"):
        yield from ((found, True) for found in _relative(CSS_URL.findall(text), dirname(name)))
    elif name in PAGES:
        page = Page()
        page.feed(text)
        yield from ((found, True) for found in _relative(page.addresses, dirname(name)))


def chunk_names(app: str) -> dict[str, str]:
    """The names of chunks by number, as the bundler's runtime in app.js maps them; other numbers are names.

    Empty where app.js loads no chunks. Raises ReleaseError where it does, and their names cannot be read.
    """
    if found := CHUNK_MAP.search(app):
        return dict(CHUNK_NAME.findall(found[1]))
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


def _relative(addresses: Iterable[str], folder: str) -> Iterator[str]:
    """The files that relative addresses in a file of `folder` mean; other addresses are not the release's."""
    for address in addresses:
        path = re.split("[?#]", address)[0]
        if path and path[-1] not in "./" and not ELSEWHERE.match(path):
            yield normpath(join(folder, unquote(path)))
