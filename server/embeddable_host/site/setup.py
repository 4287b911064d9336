"""The setup page: what a person sees, with the preview of the widget, and the modules that its pages load."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from embeddable_host.config.credentials import is_secret
from embeddable_host.config.parameters import ALIASES, form
from embeddable_host.config.scopes import FEATURES, Feature, chosen, wanted
from embeddable_host.faults.faults import FAULTS, Fault
from embeddable_host.responses.headers import MINUTES, PagePolicy, script_headers
from embeddable_host.site.inputs import INDEX, Inputs, ProfileSite
from embeddable_host.site.page import MODULE
from embeddable_host.site.part import Draft
from embeddable_host.site.widget import BEFORE_APP, before_app

# What the frame of the widget needs of its page besides sound (Permissions Policy): Firefox lets a frame choose the
# loudspeaker only where it is allowed to (`setSinkId`, `widget.md`).
DEVICES = ("microphone", "speaker-selection")

POLICY = PagePolicy(MINUTES, modules=True, connects=True, connects_to_servers=True)
PREVIEW_POLICY = PagePolicy(MINUTES, images="https: data:", widget=True, framed="self")


@dataclass(frozen=True)
class Values:
    """What `index.html` is given, for its modules and as texts.

    `refusals`: what RingCentral's window may say instead of its login page. `faults`: what a trial can end with.
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
    refusals: list[Fault]
    faults: Mapping[str, Fault]


@dataclass(frozen=True)
class PreviewValues:
    """What `preview.js` is given."""

    devices: str


def drafts(inputs: Inputs) -> Iterator[Draft]:
    if not inputs.settings.setup.enabled:
        return
    for name, text in inputs.files.items():
        if name.endswith(MODULE):
            yield Draft(f"/{name}", name, text.encode(), script_headers())
    for profile in inputs.profiles:
        yield profile.page(INDEX, POLICY, {INDEX: _values(profile), BEFORE_APP: before_app(inputs, profile.top)})
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
        faults={name: fault for name, fault in FAULTS.items() if fault.seen_by_live_test},
    )


def _scopes_in_words(profile: ProfileSite) -> str:
    """The scopes that the host's own parameters want, for readers without JavaScript."""
    scopes = wanted(chosen(profile.config.parameters))
    return "; ".join(
        f"{scope.console} (for {', '.join(feature.name for feature in features)})" for scope, features in scopes.items()
    )


def _refusals() -> list[Fault]:
    """What RingCentral's window may say, by its code.

    One code has two reasons, which a page cannot tell apart. The last one is for all that has none.
    """
    unknown = FAULTS["client-unknown"]
    elsewhere = replace(FAULTS["client-of-the-other-server"], code=unknown.code, words=unknown.words)
    return [*(fault for fault in FAULTS.values() if fault.code), elsewhere, FAULTS["window-unclear"]]


def devices(profile: ProfileSite) -> str:
    """What a frame of the widget is allowed, as in `allow`.

    A browser allows it to the origin of the frame's `src` alone: where the frame goes on to the CDN, that is named.
    """
    return "; ".join(f"{device} {profile.source}".strip() for device in DEVICES)


def _origin_in_words(inputs: Inputs) -> str:
    """Where the widget comes from; nothing where that is the CDN."""
    if inputs.release is None:
        return ""
    old = ", whose adapter (older than 1.8.5) takes the app from the CDN" if inputs.runs_on_cdn else ""
    return f"this host, release {inputs.release.id}{old}"
