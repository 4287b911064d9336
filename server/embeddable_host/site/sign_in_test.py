"""The sign-in test: a page that runs whole sign-ins against the host, without RingCentral."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from embeddable_host.config.profiles import REDIRECT_PAGE
from embeddable_host.config.values import origin_of
from embeddable_host.faults.faults import FAULTS, Fault
from embeddable_host.responses.headers import NO_STORE, PagePolicy
from embeddable_host.site.inputs import Inputs, ProfileSite
from embeddable_host.site.part import Draft
from embeddable_host.site.redirect import redirect_page
from embeddable_host.site.widget import BEFORE_APP, before_test

PAGE = "test.html"
PLATFORM_PAGE = "stand-in-platform.html"
POLICY = PagePolicy(NO_STORE, modules=True, connects=True, framed="embedders")
APP_POLICY = PagePolicy(NO_STORE, connects=True, redirects=True, framed="embedders")
PLATFORM_POLICY = PagePolicy(NO_STORE, severs=True)


@dataclass(frozen=True)
class Expected:
    """What a browser must receive of a page: the SHA-256 of its bytes in hex, and the headers."""

    sha256: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Explanation:
    """A fault that a page can see, as `faults.toml` explains it.

    `statuses` and `relayStatuses`: those of a page, and of the relay, that show it.
    """

    why: str
    fix: str
    statuses: tuple[int, ...]
    relayStatuses: tuple[int, ...]


@dataclass(frozen=True)
class Values:
    """The values of `test.html`."""

    base: str
    redirectUri: str
    release: str
    source: str
    relay: bool
    faults: Mapping[str, Explanation]
    expected: Mapping[str, Expected]


@dataclass(frozen=True)
class PlatformValues:
    """The values of `stand-in-platform.js`."""

    redirectUri: str


def drafts(inputs: Inputs) -> Iterator[Draft]:
    for profile in inputs.profiles if inputs.settings.setup.enabled else ():
        yield profile.page(PAGE, POLICY, {PAGE: _values(profile)})
        begins_with = [PLATFORM_PAGE, profile.config.redirect_uri or REDIRECT_PAGE]
        app = before_test(inputs, profile.top, begins_with)
        yield profile.page("stand-in-app.html", APP_POLICY, {BEFORE_APP: app})
        platform = {"stand-in-platform.js": PlatformValues(profile.config.redirect_uri)}
        yield profile.page(PLATFORM_PAGE, PLATFORM_POLICY, platform)


def _values(profile: ProfileSite) -> Values:
    release = profile.inputs.release
    expected = {REDIRECT_PAGE: _expected(redirect_page(profile))}
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
    return Explanation(fault.why, fault.fix, fault.statuses, fault.relay_statuses)


def _expected(page: Draft) -> Expected:
    assert isinstance(page.content, bytes)
    return Expected(hashlib.sha256(page.content).hexdigest(), dict(page.headers))
