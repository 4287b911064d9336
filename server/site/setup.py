"""The setup page: what a person sees, with the preview of the widget, and the modules that its pages load."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from server.answer.policy import MINUTES, PagePolicy, script_headers
from server.config.credentials import is_secret
from server.config.parameters import TWINS, form
from server.config.scopes import FEATURES, Feature, chosen, wanted
from server.faults.faults import FAULTS, Fault
from server.site.page import MODULE
from server.site.part import INDEX, Basis, Draft, Home
from server.site.widget import BEFORE_APP, before_app

# What the frame of the widget needs of its page besides sound (Permissions Policy): Firefox lets a frame choose the
# loudspeaker only where it is allowed to (`setSinkId`, `widget.md`).
DEVICES = ("microphone", "speaker-selection")

POLICY = PagePolicy(MINUTES, modules=True, asks=True, asks_servers=True)
PREVIEW_POLICY = PagePolicy(MINUTES, images="https: data:", widget=True, framed="self")


@dataclass(frozen=True)
class Values:
    """What `index.html` is given, for its modules and as texts.

    `refusals`: what RingCentral's window may say instead of its login page. `faults`: what a trial can end with.
    """

    home: str
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
    twins: Mapping[str, str]
    features: tuple[Feature, ...]
    scopes: str
    servers: tuple[str, ...]
    refusals: list[Fault]
    faults: Mapping[str, Fault]


@dataclass(frozen=True)
class PreviewValues:
    """What `preview.js` is given."""

    devices: str


def drafts(basis: Basis) -> Iterator[Draft]:
    if not basis.settings.setup.enabled:
        return
    for name, text in basis.files.items():
        if name.endswith(MODULE):
            yield Draft(f"/{name}", name, text.encode(), script_headers())
    for home in basis.homes:
        yield home.page(INDEX, POLICY, {INDEX: _values(home), BEFORE_APP: before_app(basis, home.top)})
        yield home.page("preview.html", PREVIEW_POLICY, {"preview.js": PreviewValues(devices(home))})


def _values(home: Home) -> Values:
    release = home.basis.release
    secrets = [name for name in home.parameters if is_secret(name)]
    return Values(
        home=home.address,
        redirectUri=home.redirect_uri,
        release=release.id if release else "",
        source=home.source,
        version=release.version if release else "",
        widget=_origin_in_words(home.basis) or home.source,
        relay=home.basis.has_relay,
        devices=devices(home),
        profile=home.profile or "",
        inSandbox=home.is_in_sandbox,
        profiles=sorted(home.basis.settings.profiles),
        parameters={name: text for name, text in home.parameters.items() if name not in secrets},
        credentials=secrets,
        groups=form(),
        twins=TWINS,
        features=FEATURES,
        scopes=_scopes_in_words(home),
        servers=home.servers,
        refusals=_refusals(),
        faults={name: fault for name, fault in FAULTS.items() if fault.seen_by_trial},
    )


def _scopes_in_words(home: Home) -> str:
    """The scopes that the host's own parameters want, for readers without JavaScript."""
    scopes = wanted(chosen(home.parameters))
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


def devices(home: Home) -> str:
    """What a frame of the widget is allowed, as in `allow`.

    A browser allows it to the origin of the frame's `src` alone: where the frame goes on to the CDN, that is named.
    """
    return "; ".join(f"{device} {home.source}".strip() for device in DEVICES)


def _origin_in_words(basis: Basis) -> str:
    """Where the widget comes from; nothing where that is the CDN."""
    if basis.release is None:
        return ""
    old = ", whose adapter (older than 1.8.5) takes the app from the CDN" if basis.runs_on_cdn else ""
    return f"this host, release {basis.release.id}{old}"
