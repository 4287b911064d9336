"""The setup page with its preview of the widget, and the modules that the host's pages load."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from embeddable_host.config.credentials import is_secret
from embeddable_host.config.parameters import ALIASES, form
from embeddable_host.config.scopes import FEATURES, Feature, enabled_features, required_scopes
from embeddable_host.contract import AUTHORIZE_PATH
from embeddable_host.faults.faults import FAULTS, Fault
from embeddable_host.responses.headers import MINUTES, PagePolicy, script_headers
from embeddable_host.site.inputs import INDEX, Inputs, ProfileSite
from embeddable_host.site.page import MODULE
from embeddable_host.site.part import Draft
from embeddable_host.site.widget import BEFORE_APP, before_test

# The Permissions Policy of the widget's frame, besides autoplay: Firefox lets a frame choose the loudspeaker only if it
# is allowed to (`setSinkId`).
DEVICES = ("microphone", "speaker-selection")

POLICY = PagePolicy(MINUTES, modules=True, connects=True, connects_to_servers=True)
PREVIEW_POLICY = PagePolicy(MINUTES, images="https: data:", widget=True, framed="self")


@dataclass(frozen=True)
class Explanation:
    """A fault, as `faults.toml` explains it, with RingCentral's own error and the OAuth errors that mean it."""

    why: str
    fix: str
    code: str
    words: str
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Values:
    """The values of `index.html`, for its modules and as texts.

    `refusals`: the errors that RingCentral's window may show instead of its login page. `faults`: those that a live
    test can end with.
    """

    base: str
    redirectUri: str
    release: str
    source: str
    version: str
    widget: str
    relay: bool
    devices: str
    profile: str
    inSandbox: bool
    profiles: list[str]
    parameters: Mapping[str, str]
    credentials: list[str]
    groups: list[dict[str, object]]
    aliases: Mapping[str, str]
    features: tuple[Feature, ...]
    scopes: str
    servers: tuple[str, ...]
    refusals: list[Explanation]
    faults: Mapping[str, Explanation]


@dataclass(frozen=True)
class PreviewValues:
    """The values of `preview.js`."""

    devices: str


def drafts(inputs: Inputs) -> Iterator[Draft]:
    if not inputs.settings.setup.enabled:
        return
    for name, text in inputs.files.items():
        if name.endswith(MODULE):
            yield Draft(f"/{name}", name, text.encode(), script_headers())
    for profile in inputs.profiles:
        live_test = before_test(inputs, profile.top, _authorize(profile))
        yield profile.page(INDEX, POLICY, {INDEX: _values(profile), BEFORE_APP: live_test})
        yield profile.page("preview.html", PREVIEW_POLICY, {"preview.js": PreviewValues(devices(profile))})


def _values(profile: ProfileSite) -> Values:
    release = profile.inputs.release
    secrets = [name for name in profile.config.parameters if is_secret(name)]
    return Values(
        base=profile.config.url,
        redirectUri=profile.config.redirect_uri,
        release=release.id if release else "",
        source=profile.source,
        version=release.version if release else "",
        widget=_origin_in_words(profile.inputs) or profile.source,
        relay=profile.inputs.has_relay,
        devices=devices(profile),
        profile=profile.config.name or "",
        inSandbox=profile.config.is_in_sandbox,
        profiles=sorted(profile.inputs.settings.profiles),
        parameters={name: text for name, text in profile.config.parameters.items() if name not in secrets},
        credentials=secrets,
        groups=form(),
        aliases=ALIASES,
        features=FEATURES,
        scopes=_scopes_in_words(profile),
        servers=profile.config.servers,
        refusals=_refusals(),
        faults={name: _explanation(fault) for name, fault in FAULTS.items() if fault.seen_by_live_test},
    )


def _authorize(profile: ProfileSite) -> list[str]:
    """The addresses that a live test can begin with."""
    return [f"{server}{AUTHORIZE_PATH}" for server in profile.config.servers]


def _scopes_in_words(profile: ProfileSite) -> str:
    """The scopes that the host's own parameters require, for readers without JavaScript."""
    scopes = required_scopes(enabled_features(profile.config.parameters))
    return "; ".join(
        f"{scope.console} (for {', '.join(feature.name for feature in features)})" for scope, features in scopes.items()
    )


def _refusals() -> list[Explanation]:
    """The errors that RingCentral's window may show, by code.

    One code has two causes, which a page cannot distinguish. The last entry is for everything else.
    """
    unknown = _explanation(FAULTS["client-unknown"])
    elsewhere = replace(_explanation(FAULTS["client-on-other-server"]), code=unknown.code, words=unknown.words)
    coded = (_explanation(fault) for fault in FAULTS.values() if fault.code)
    return [*coded, elsewhere, _explanation(FAULTS["window-unclear"])]


def _explanation(fault: Fault) -> Explanation:
    return Explanation(fault.why, fault.fix, fault.code, fault.words, fault.errors)


def devices(profile: ProfileSite) -> str:
    """What a frame of the widget may use, for its `allow` attribute.

    A browser allows it only to the origin of the frame's `src`: if the frame goes on to the CDN, the CDN is named.
    """
    return "; ".join(f"{device} {profile.source}".strip() for device in DEVICES)


def _origin_in_words(inputs: Inputs) -> str:
    """Where the widget comes from; empty for the CDN."""
    if inputs.release is None:
        return ""
    old = ", whose adapter (older than 1.8.5) takes the app from the CDN" if inputs.runs_on_cdn else ""
    return f"this host, release {inputs.release.id}{old}"
