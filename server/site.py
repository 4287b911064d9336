"""The site: a mapping from URL path to asset, computed once from (settings, release, `public/`).

Nothing here looks at a request. What differs by page is worked out in the browser by the scripts of `public/`, which
are given only what is the same for everybody.
"""

import base64
import json
import logging
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.asset import Asset, Body
from server.coding import LARGE, Encoder
from server.page import Values, make_page, put_in, sources
from server.parameters import TWINS, encode
from server.policy import (
    MINUTES,
    PAGES,
    Headers,
    page_headers,
    script_headers,
    status_headers,
    widget_headers,
)
from server.release import BRANDS, Release, ReleaseError, current, installed, open_release
from server.settings import CDN, CURRENT, LOGO_TYPES, Settings, SettingsError

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
HAND_OFF = "redirect.js"
COMMENT = re.compile(r"<!--.*?(-->|$)", re.DOTALL)

MEDIA_TYPES = {
    ".js": "text/javascript",  # RFC 9239
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
    if f'<script src="{HAND_OFF}"></script>' not in COMMENT.sub("", files["redirect.html"]):
        raise SettingsError(
            [
                f"{settings.public_dir}/redirect.html: the page does not hand the sign-in over. "
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
    missing_headers = page_headers("404.html", missing.scripts, missing.styles, (), ())
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
    cdn = () if release else _cdn_origins(settings)
    values = _values(settings, profile, release)
    for name in PAGES.keys() - {"404.html"}:
        page = make_page(name, files, values)
        headers = page_headers(name, page.scripts, page.styles, settings.widget.embedders, cdn)
        yield _Draft(folder + ("" if name == "index.html" else name), name, page.content, headers)
    for name, script in _adapters(values["defaults.js"], release, files["defaults.js"]):
        yield _Draft(folder + name, name, script, script_headers())
    for name, file in _pictures(settings.public_dir):
        yield _Draft(folder + name, name, file.read_bytes(), script_headers())


def _pictures(public_dir: Path | None) -> Iterator[tuple[str, Path]]:
    """What a team's own pages may show beside themselves: images and fonts, and nothing else that lies there."""
    for file in sorted(public_dir.rglob("*")) if public_dir else ():
        name = file.relative_to(public_dir or file).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if media_type(name).startswith(("image/", "font/")) and not hidden and file.is_file():
            yield name, file


def _values(settings: Settings, profile: str | None, release: Release | None) -> Values:
    """What each script of `public/` is given, by its name."""
    public_url = settings.public_url and f"{settings.public_url}{profile}/" if profile else settings.public_url
    app = f"widget/{release.id}/app.html" if release else f"{settings.widget.source}{CDN_VERSION}/app.html"
    parameters = encode(settings.parameters(profile))
    redirect = settings.redirect
    on_cdn = release is None or not _has_manual_init(release, "adapter.js")
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
            "logo": _data_url(redirect.logo),
            "color": redirect.color,
            "background": redirect.background,
            "language": redirect.language,
        },
        "index.js": {
            "home": public_url,
            "release": release.id if release else "",
            "appOrigin": "" if release else _origin(settings.widget.source),
            "profiles": {} if profile else {name: f"{name}/" for name in settings.profiles},
        },
    }


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
