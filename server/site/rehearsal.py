"""The rehearsal: whole sign-ins played against the host by a page, without RingCentral."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from server.answer.policy import NO_STORE, PagePolicy, origin_of
from server.faults.faults import FAULTS, Fault
from server.site.part import REDIRECT_PAGE, Basis, Draft, Home
from server.site.redirect import START_PAGE, redirect_page, start_page
from server.site.widget import BEFORE_APP, before_app

PAGE = "check.html"
POLICY = PagePolicy(NO_STORE, modules=True, asks=True, framed="embedders")
APP_POLICY = PagePolicy(NO_STORE, asks=True, redirects=True, framed="embedders")
PLATFORM_POLICY = PagePolicy(NO_STORE, severs=True)


@dataclass(frozen=True)
class Expected:
    """What a browser that asks for a page must get: the SHA-256 of its bytes in hex, and the headers."""

    sha256: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Explanation:
    """A fault that a page can see, as `faults.toml` explains it."""

    why: str
    change: str


@dataclass(frozen=True)
class Values:
    """What `check.html` is given."""

    home: str
    redirectUri: str
    release: str
    source: str
    relay: bool
    faults: Mapping[str, Explanation]
    expected: Mapping[str, Expected]


@dataclass(frozen=True)
class PlatformValues:
    """What `stand-in-platform.js` is given."""

    redirectUri: str


def drafts(basis: Basis) -> Iterator[Draft]:
    for home in basis.homes if basis.settings.setup.enabled else ():
        yield home.page(PAGE, POLICY, {PAGE: _values(home)})
        yield home.page("stand-in-app.html", APP_POLICY, {BEFORE_APP: before_app(basis, home.top)})
        platform = {"stand-in-platform.js": PlatformValues(home.redirect_uri)}
        yield home.page("stand-in-platform.html", PLATFORM_POLICY, platform)


def _values(home: Home) -> Values:
    release = home.basis.release
    expected = {REDIRECT_PAGE: _as_browsers_see(redirect_page(home))}
    if home.basis.has_relay:
        expected[START_PAGE] = _as_browsers_see(start_page(home))
    return Values(
        home=home.address,
        redirectUri=home.redirect_uri,
        release=release.id if release else "",
        source=origin_of(home.basis.settings.widget.source) if home.basis.runs_on_cdn else "",
        relay=home.basis.has_relay,
        faults={name: _explanation(fault) for name, fault in FAULTS.items() if fault.seen_by_browsers},
        expected=expected,
    )


def _explanation(fault: Fault) -> Explanation:
    return Explanation(fault.why, fault.change)


def _as_browsers_see(page: Draft) -> Expected:
    assert isinstance(page.content, bytes)
    return Expected(hashlib.sha256(page.content).hexdigest(), dict(page.headers))
