"""The rehearsal: whole sign-ins played against the host by a page, without RingCentral."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from embeddable_host.config.profiles import REDIRECT_PAGE
from embeddable_host.config.values import origin_of
from embeddable_host.faults.faults import FAULTS, Fault
from embeddable_host.responses.headers import NO_STORE, PagePolicy
from embeddable_host.site.inputs import Inputs, ProfileSite
from embeddable_host.site.part import Draft
from embeddable_host.site.redirect import START_PAGE, redirect_page, start_page
from embeddable_host.site.widget import BEFORE_APP, before_app

PAGE = "test.html"
POLICY = PagePolicy(NO_STORE, modules=True, connects=True, framed="embedders")
APP_POLICY = PagePolicy(NO_STORE, connects=True, redirects=True, framed="embedders")
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
    fix: str


@dataclass(frozen=True)
class Values:
    """What `test.html` is given."""

    base: str
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


def drafts(inputs: Inputs) -> Iterator[Draft]:
    for profile in inputs.profiles if inputs.settings.setup.enabled else ():
        yield profile.page(PAGE, POLICY, {PAGE: _values(profile)})
        yield profile.page("stand-in-app.html", APP_POLICY, {BEFORE_APP: before_app(inputs, profile.top)})
        platform = {"stand-in-platform.js": PlatformValues(profile.config.redirect_uri)}
        yield profile.page("stand-in-platform.html", PLATFORM_POLICY, platform)


def _values(profile: ProfileSite) -> Values:
    release = profile.inputs.release
    expected = {REDIRECT_PAGE: _as_browsers_see(redirect_page(profile))}
    if profile.inputs.has_relay:
        expected[START_PAGE] = _as_browsers_see(start_page(profile))
    return Values(
        base=profile.config.url,
        redirectUri=profile.config.redirect_uri,
        release=release.id if release else "",
        source=origin_of(profile.inputs.settings.widget.source) if profile.inputs.runs_on_cdn else "",
        relay=profile.inputs.has_relay,
        faults={name: _explanation(fault) for name, fault in FAULTS.items() if fault.seen_by_browsers},
        expected=expected,
    )


def _explanation(fault: Fault) -> Explanation:
    return Explanation(fault.why, fault.fix)


def _as_browsers_see(page: Draft) -> Expected:
    assert isinstance(page.content, bytes)
    return Expected(hashlib.sha256(page.content).hexdigest(), dict(page.headers))
