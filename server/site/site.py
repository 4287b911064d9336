"""The site: a mapping from URL path to asset, computed once from (settings, release, `public/`).

Nothing here looks at a request. What differs by page is worked out in the browser by the scripts of `public/`, which
are given only what is the same for everybody.
"""

import base64
import hashlib
import json
import logging
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from server.answer.asset import Asset, Body
from server.answer.coding import LARGE, Encoder
from server.answer.policy import (
    MINUTES,
    PAGES,
    SETUP_PAGES,
    Headers,
    page_headers,
    script_headers,
    status_headers,
    widget_headers,
)
from server.config.parameters import TWINS, encode, form
from server.config.settings import CDN, CURRENT, LOGO_TYPES, Settings, SettingsError, is_secret
from server.faults.faults import FAULTS, SEEN_BY_BROWSERS
from server.releases.release import BRANDS, Release, ReleaseError, current, installed, open_release
from server.site.page import MODULE, Values, make_page, put_in, sources

log = logging.getLogger("server")

# Where the app runs when no release is hosted: the addresses that the CDN's adapters have baked in (`widget.md`).
CDN_ORIGINS = ("https://apps.ringcentral.com", "https://ringcentral.github.io")
CDN_VERSION = "latest"
DEFAULT_PREFIX = "rc-widget"

ADAPTER_NAME = re.compile(r"adapter(\.[a-z0-9]+)?\.js")
MANUAL_INIT = b"RC_EMBEDDABLE_ADAPTER_MANUAL_INIT"  # an adapter that does not know it is older than 1.8.5
APP_SCRIPT = re.compile(rb"""<script\b[^>]*\bsrc=["']?(?:\./)?app\.js["'\s>]""")
STYLESHEET = "app.css"
STORAGE_STAND_IN = "storage-stand-in.js"
REDIRECT_PAGE = "redirect.html"
HAND_OFF = "redirect.js"
SENTENCES = "sentences.json"
FALLBACK_LANGUAGE = "en"
ORIGIN = re.compile(r"^https?://[\w.:\[\]-]+(?![^/?#])", re.ASCII)  # at the start of an address that a policy can name
COMMENT = re.compile(r"<!--.*?(-->|$)", re.DOTALL)

MEDIA_TYPES = {
    ".js": "text/javascript",  # RFC 9239
    ".mjs": "text/javascript",
    ".map": "application/json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".eot": "application/vnd.ms-fontobject",
    ".ico": "image/vnd.microsoft.icon",
    ".ogg": "audio/ogg",
    ".wasm": "application/wasm",
}
TEXT_TYPES = ("text/", "application/json", "image/svg+xml")


@dataclass(frozen=True)
class Site:
    """What is served: `assets` by path, `missing` for every other path.

    `release` is the id of the hosted release, or "cdn". `rough` are the bodies whose best encodings are yet to be made.
    """

    assets: Mapping[str, Asset]
    missing: Asset
    release: str
    rough: tuple[Body, ...]

    def __getitem__(self, path: str) -> Asset:
        return self.assets.get(path, self.missing)


@dataclass(frozen=True)
class Sentences:
    """What the redirect page says, in one language."""

    title: str
    text: str
    done: str
    back: str
    late: str
    nothing: str
    gone: str
    failed: str


_SENTENCES = TypeAdapter(dict[str, Sentences])


@dataclass(frozen=True)
class _Draft:
    """An asset before its content is compressed."""

    path: str
    name: str
    content: bytes
    headers: Headers


def build_site(settings: Settings) -> Site:
    """The whole site. Raises ReleaseError, SettingsError or OSError where what is configured cannot be served."""
    try:
        return _build(settings, selected_release(settings), sources(settings.public_dir))
    except ValueError as error:  # of a page or script, which only a team's own can be
        raise SettingsError([f"{settings.public_dir}/{error}"]) from None


def _build(settings: Settings, release: Release | None, files: Mapping[str, str]) -> Site:
    if f'<script src="{HAND_OFF}"></script>' not in COMMENT.sub("", files[REDIRECT_PAGE]):
        raise SettingsError(
            [
                f"{settings.public_dir}/{REDIRECT_PAGE}: the page does not hand the sign-in over. "
                f'Put <script src="{HAND_OFF}"></script> before </body>.'
            ]
        )
    encoder = Encoder(settings.cache)
    assets: dict[str, Asset] = {}
    releases = list(_hosted(settings, release))
    for hosted in releases:
        assets |= _release_assets(hosted, settings)
    # One draft after the other, never all of them: together their contents are large.
    for draft in _drafts(settings, release, releases, files):
        bodies = encoder.bodies(draft.content)
        assets.setdefault(draft.path, Asset(media_type(draft.name), bodies, draft.headers))
    missing = make_page("404.html", files, {})
    missing_headers = page_headers("404.html", missing.scripts, missing.styles)
    return Site(
        assets,
        Asset(media_type("404.html"), encoder.bodies(missing.content), missing_headers, status=404),
        release.id if release else CDN,
        tuple(encoder.rough),
    )


def _drafts(
    settings: Settings, release: Release | None, releases: Iterable[Release], files: Mapping[str, str]
) -> Iterator[_Draft]:
    """What is made here and not a release's own bytes."""
    yield from _status(release)
    for hosted in releases:
        yield from _altered(hosted, settings, files)
    for name, text in files.items() if settings.setup.enabled else ():
        if name.endswith(MODULE):
            yield _Draft(f"/{name}", name, text.encode(), script_headers())
    for profile in (None, *settings.profiles):
        yield from _profile(settings, profile, release, files)


def selected_release(settings: Settings) -> Release | None:
    """The release that adapters and apps come from; None where they are the CDN's. Raises ReleaseError."""
    if settings.widget.release == CDN:
        return None
    id = current(settings.releases) if settings.widget.release == CURRENT else settings.widget.release
    return open_release(settings.releases, id) if id else None


def _hosted(settings: Settings, selected: Release | None) -> Iterator[Release]:
    """Every whole release: a tab that was opened before the selected one still loads its chunks."""
    if selected is None:
        return
    yield selected
    for id in installed(settings.releases):
        if id != selected.id:
            try:
                yield open_release(settings.releases, id)
            except ReleaseError as error:
                log.warning("A release beside the selected one is left out: %s", error)


def media_type(name: str) -> str:
    """The Content-Type for a file's name, with a charset where it is text."""
    kind = MEDIA_TYPES.get(Path(name).suffix.lower()) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith(TEXT_TYPES) else kind


def _release_assets(release: Release, settings: Settings) -> dict[str, Asset]:
    """The release's files, byte for byte, but for its app.html."""
    return {
        f"/widget/{release.id}/{name}": Asset(
            media_type(name), _release_bodies(release, name), widget_headers(name, settings.widget.embedders)
        )
        for name in release.files
        if name != "app.html"
    }


def _release_bodies(release: Release, name: str) -> Iterator[Body]:
    file, path = release.files[name], release.locate(name)
    yield Body(path if file.size > LARGE else path.read_bytes(), file.size, file.sha384)
    for coding, variant in file.codings.items():
        yield Body(release.locate(name, coding).read_bytes(), variant.size, variant.sha384, coding)


def _altered(release: Release, settings: Settings, files: Mapping[str, str]) -> Iterator[_Draft]:
    """The release's app.html with the storage stand-in before app.js, and the stand-in.

    They change with this host, and the page's frame-ancestors with the settings: a year in caches would outlive both.
    """
    folder = f"/widget/{release.id}/"
    page = release.read("app.html")
    script = APP_SCRIPT.search(page)
    if script is None:
        raise ReleaseError(f"release {release.id}: app.html does not load app.js. Pull a whole release.")
    tag = f'<script src="{STORAGE_STAND_IN}"></script>'.encode()
    content = page[: script.start()] + tag + page[script.start() :]
    # app.js asks for the stylesheet only when all of it has run; a browser told now has it by then (RFC 8288).
    link = [("Link", f"<{STYLESHEET}>; rel=preload; as=style")] if STYLESHEET in release.files else []
    headers = [*widget_headers("app.html", settings.widget.embedders, MINUTES), *link]
    yield _Draft(folder + "app.html", "app.html", content, headers)
    yield _Draft(folder + STORAGE_STAND_IN, STORAGE_STAND_IN, files[STORAGE_STAND_IN].encode(), script_headers())


def _profile(
    settings: Settings, profile: str | None, release: Release | None, files: Mapping[str, str]
) -> Iterator[_Draft]:
    """The pages and adapters of one profile, and what else lies in the team's own folder."""
    folder = f"/{profile}/" if profile else "/"
    values = _values(settings, profile, release, _sentences(files))
    pages = {name: _page(name, folder, settings, release, files, values) for name in PAGES.keys() - {"404.html"}}
    if settings.setup.enabled:
        values["check.html"] |= {"expected": _as_browsers_see(pages[REDIRECT_PAGE])}
        pages |= {name: _page(name, folder, settings, release, files, values) for name in SETUP_PAGES}
    yield from pages.values()
    for name, script in _adapters(values["defaults.js"], release, files["defaults.js"]):
        yield _Draft(folder + name, name, script, script_headers())
    for name, file in _pictures(settings.public_dir):
        yield _Draft(folder + name, name, file.read_bytes(), script_headers())


def _page(
    name: str, folder: str, settings: Settings, release: Release | None, files: Mapping[str, str], values: Values
) -> _Draft:
    page = make_page(name, files, values, top="" if folder == "/" else "../")
    cdn = () if release else _cdn_origins(settings)
    redirect = ORIGIN.findall(values["check.html"]["redirectUri"])
    headers = page_headers(name, page.scripts, page.styles, settings.widget.embedders, cdn, redirect)
    return _Draft(folder + ("" if name == "index.html" else name), name, page.content, headers)


def _as_browsers_see(page: _Draft) -> Mapping[str, Any]:
    """What a browser that asks for the page must get, for the rehearsal to hold against what it gets."""
    return {"sha256": hashlib.sha256(page.content).hexdigest(), "headers": dict(page.headers)}


def _pictures(public_dir: Path | None) -> Iterator[tuple[str, Path]]:
    """What a team's own pages may show beside themselves: images and fonts, and nothing else that lies there."""
    for file in sorted(public_dir.rglob("*")) if public_dir else ():
        name = file.relative_to(public_dir or file).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if media_type(name).startswith(("image/", "font/")) and not hidden and file.is_file():
            yield name, file


def _sentences(files: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """The redirect page's sentences by language. Raises ValueError, which begins with the file's name."""
    try:
        sentences = _SENTENCES.validate_json(files[SENTENCES])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{SENTENCES} {where}: {first['msg']}. Write a table of sentences for each language") from None
    if FALLBACK_LANGUAGE not in sentences:
        raise ValueError(f'{SENTENCES} has no "{FALLBACK_LANGUAGE}", which stands for every language that it lacks')
    return {language: asdict(spoken) for language, spoken in sentences.items()}


def _values(
    settings: Settings, profile: str | None, release: Release | None, sentences: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, Any]]:
    """What each script and page of `public/` is given, by its name."""
    public_url = settings.public_url and f"{settings.public_url}{profile}/" if profile else settings.public_url
    app = f"widget/{release.id}/app.html" if release else f"{settings.widget.source}{CDN_VERSION}/app.html"
    parameters = encode(settings.parameters(profile))
    secrets = [name for name in parameters if is_secret(name)]
    source = "" if release else _origin(settings.widget.source)
    redirect = settings.redirect
    on_cdn = release is None or not _has_manual_init(release, "adapter.js")
    # What both the setup page and the rehearsal are about.
    host = {
        "home": public_url,
        "redirectUri": parameters.get("redirectUri", public_url and f"{public_url}{REDIRECT_PAGE}"),
        "release": release.id if release else "",
        "source": source,
    }
    return {
        "defaults.js": {
            "home": public_url,
            "script": "",
            "app": f"../{app}" if release and profile else app,
            "loads": "",
            "hosted": release is not None,
            "parameters": parameters,
            "twins": dict(TWINS),
        },
        "redirect.js": {
            "origins": list(dict.fromkeys([*(_cdn_origins(settings) if on_cdn else ()), *redirect.origins])),
            "prefix": parameters.get("prefix", DEFAULT_PREFIX),
            "title": redirect.title,
            "text": redirect.text,
            "language": redirect.language,
            "light": _look(redirect.color, redirect.background, redirect.logo),
            "dark": _look(redirect.dark_color, redirect.dark_background, redirect.dark_logo),
            "sentences": sentences,
        },
        "index.html": host
        | {
            "version": release.version if release else "",
            "widget": _origin_in_words(release, on_cdn) or source,
            "microphone": f"microphone {source}".strip(),
            "profile": profile or "",
            "profiles": sorted(settings.profiles),
            "parameters": {name: text for name, text in parameters.items() if name not in secrets},
            "credentials": secrets,
            "groups": form(),
            "twins": dict(TWINS),
        },
        "check.html": host
        | {
            "source": _origin(settings.widget.source) if on_cdn else "",
            "faults": {name: asdict(FAULTS[name]) for name in SEEN_BY_BROWSERS},
        },
        "preview.js": {"source": source},
    }


def _origin_in_words(release: Release | None, on_cdn: bool) -> str:
    """Where the widget comes from; nothing where that is the CDN."""
    if release is None:
        return ""
    old = ", whose adapter (older than 1.8.5) takes the app from the CDN" if on_cdn else ""
    return f"this host, release {release.id}{old}"


def _look(color: str, background: str, logo: Path | None) -> Mapping[str, str]:
    return {"color": color, "background": background, "logo": _data_url(logo)}


def _adapters(values: Mapping[str, Any], release: Release | None, defaults: str) -> Iterator[tuple[str, bytes]]:
    """Each adapter's name and script: our defaults, then the release's minified adapter in the same file.

    Without a release, or with an adapter that has no manual init, the script loads the adapter instead.
    """
    plain = {"adapter.js", "adapter.min.js"}
    brands = (
        {name for name in release.files if ADAPTER_NAME.fullmatch(name)}
        if release
        else {f"adapter.{brand}.js" for brand in BRANDS}
    )
    for name in sorted(plain | brands):
        theirs = _minified(release) if name in plain else name
        embedded = release.read(theirs) if release and _has_manual_init(release, theirs) else b""
        loads = "" if embedded else values["app"].replace("app.html", theirs)
        script = put_in(defaults, {**values, "script": name, "loads": loads, "hosted": bool(embedded)})
        yield name, script.encode() + embedded


def _minified(release: Release | None) -> str:
    return "adapter.min.js" if release is None or "adapter.min.js" in release.files else "adapter.js"


def _has_manual_init(release: Release, name: str) -> bool:
    return MANUAL_INIT in release.read(name)


def _cdn_origins(settings: Settings) -> tuple[str, ...]:
    return (*CDN_ORIGINS, _origin(settings.widget.source))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _data_url(logo: Path | None) -> str:
    if logo is None:
        return ""
    return f"data:{LOGO_TYPES[logo.suffix.lower()]};base64,{base64.b64encode(logo.read_bytes()).decode()}"


def _status(release: Release | None) -> Iterator[_Draft]:
    """What the operator asks for: is the process alive, and which release does it serve."""
    ready = {"status": "ready", "release": release.id if release else CDN}
    yield _Draft("/healthz", "healthz.txt", b"ok\n", status_headers())
    yield _Draft("/readyz", "readyz.json", json.dumps(ready).encode() + b"\n", status_headers())
