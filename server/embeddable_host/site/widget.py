"""The widget itself: every hosted release's own files, byte for byte, but for one script put before `app.js`.

All releases stay, each in a folder of its own: a tab that was opened on an earlier one still loads its chunks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from embeddable_host.config.profiles import profiles_of
from embeddable_host.config.settings import Settings
from embeddable_host.config.values import origin_of
from embeddable_host.contract import (
    APP_PAGE,
    APP_SCRIPT,
    APP_SCRIPT_TAG,
    AUTHORIZE_PATH,
    CALLBACK_CREDENTIALS,
    CALLBACK_PARAMETERS,
    CALLBACK_SERVERS,
    DISCOVERY_SERVERS,
    ERROR_PARAMETER,
    LANGUAGE_CHUNK,
    PAGE_SIGN_IN_PARAMETERS,
    PROXY_AUTHORIZE_PATH,
    PROXY_PARAMETERS,
    SERVER_PARAMETERS,
    SIGN_IN_WINDOW,
    STYLESHEET,
    UNUSED_FILES,
)
from embeddable_host.relay.protocol import RelayLimits
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.release import Release
from embeddable_host.responses.headers import MINUTES, script_headers, widget_headers
from embeddable_host.site.inputs import Inputs
from embeddable_host.site.page import inject_values
from embeddable_host.site.part import Draft

BEFORE_APP = "before-app.js"  # the script put before app.js
PRELOADED = ((BEFORE_APP, "script"), (APP_SCRIPT, "script"), (STYLESHEET, "style"))


@dataclass(frozen=True)
class Restriction:
    """Who may set a parameter in an address (`restrict-parameters.js`), and the values that any address may give it."""

    kind: str
    values: list[str]


@dataclass(frozen=True)
class CallbackParameters:
    """The parameters of a callback, for `gate.js`."""

    passedOn: tuple[str, ...] = CALLBACK_PARAMETERS + CALLBACK_SERVERS
    credentials: tuple[str, ...] = CALLBACK_CREDENTIALS
    servers: tuple[str, ...] = CALLBACK_SERVERS


@dataclass(frozen=True)
class BeforeApp:
    """What `before-app.js` is given; `public/globals.d.ts` describes the fields."""

    top: str
    profiles: list[str]
    languages: list[str]
    relay: RelayLimits | None
    authorize: list[str]
    servers: list[str]
    redirectUris: list[str]
    windowName: str
    restricted: Mapping[str, Restriction]
    pageSignIn: list[str]
    isTest: bool
    callback: CallbackParameters = CallbackParameters()


def before_app(inputs: Inputs, release: Release) -> BeforeApp:
    """For the app of `release`."""
    settings = inputs.settings
    servers = _servers(settings)
    return BeforeApp(
        top="../../",
        profiles=_folders(inputs),
        languages=sorted(filter(LANGUAGE_CHUNK.fullmatch, release.files)),
        relay=RelayLimits() if inputs.has_relay else None,
        authorize=[f"{server}{AUTHORIZE_PATH}" for server in servers] + _proxies(settings),
        servers=servers,
        redirectUris=_configured(settings, "redirectUri"),
        windowName=SIGN_IN_WINDOW,
        restricted=restrictions(settings),
        pageSignIn=settings.widget.embedders if settings.widget.page_sign_in else [],
        isTest=False,
    )


def before_test(inputs: Inputs, top: str, authorize: list[str]) -> BeforeApp:
    """For a page of the host that stands in for the app; `authorize`: the addresses that its sign-ins begin with."""
    return BeforeApp(
        top=top,
        profiles=_folders(inputs),
        languages=[],
        relay=RelayLimits() if inputs.has_relay else None,
        authorize=authorize,
        servers=_servers(inputs.settings),
        redirectUris=[],
        windowName=TEST_WINDOW,
        restricted={},
        pageSignIn=[],
        isTest=True,
    )


TEST_WINDOW = "embeddable-host-test"  # not the widget's: a widget in the preview would share a window of that name


def _folders(inputs: Inputs) -> list[str]:
    return sorted(profile.folder.removeprefix("/") for profile in inputs.profiles)


def _servers(settings: Settings) -> list[str]:
    """The origins that codes and tokens may go to: RingCentral's, and those of the settings."""
    configured = [profile.parameters.get(name, "") for profile in profiles_of(settings) for name in SERVER_PARAMETERS]
    return list(dict.fromkeys([*DISCOVERY_SERVERS, *filter(None, map(origin_of, configured))]))


def _proxies(settings: Settings) -> list[str]:
    """The authorize addresses of servers that stand between, where a profile has one (`authProxy`)."""
    profiles = [profile for profile in profiles_of(settings) if profile.parameters.get("authProxy")]
    return [f"{origin_of(profile.server)}{PROXY_AUTHORIZE_PATH}" for profile in profiles]


def _configured(settings: Settings, name: str) -> list[str]:
    """The values that the profiles' settings give a parameter."""
    return sorted({profile.parameters[name] for profile in profiles_of(settings) if name in profile.parameters})


def restrictions(settings: Settings) -> Mapping[str, Restriction]:
    """What a link must not decide (docs/widget.md, What the widget does not check)."""
    servers = _servers(settings)
    return (
        {name: Restriction("page-sign-in", _configured(settings, name)) for name in PAGE_SIGN_IN_PARAMETERS}
        | {name: Restriction("server", [*servers, *_configured(settings, name)]) for name in SERVER_PARAMETERS}
        | {name: Restriction("settings", _configured(settings, name)) for name in PROXY_PARAMETERS}
        | {ERROR_PARAMETER: Restriction("settings", [])}
    )


def drafts(inputs: Inputs) -> Iterator[Draft]:
    embedders = inputs.settings.widget.embedders
    for release in inputs.releases:
        yield from _files(release, embedders)
        yield from _altered(release, inputs)


def _files(release: Release, embedders: list[str]) -> Iterator[Draft]:
    for name in release.files:
        if name != APP_PAGE and name not in UNUSED_FILES:
            headers = widget_headers(name, embedders)
            yield Draft(f"/widget/{release.id}/{name}", name, release.bodies[name], headers)


def _altered(release: Release, inputs: Inputs) -> Iterator[Draft]:
    """The release's app.html with our script before app.js, and the script.

    They change with this host, and the page's frame-ancestors with the settings: a year in caches would outlive both.
    """
    folder, embedders = f"/widget/{release.id}/", inputs.settings.widget.embedders
    page = release.read(APP_PAGE)
    script = APP_SCRIPT_TAG.search(page)
    if script is None:
        raise ReleaseError(f"release {release.id}: {APP_PAGE} does not load app.js. Pull a whole release.")
    tag = f'<script src="{BEFORE_APP}"></script>'.encode()
    content = page[: script.start()] + tag + page[script.start() :]
    headers = [*widget_headers(APP_PAGE, embedders, MINUTES), _preloads(release)]
    yield Draft(folder + APP_PAGE, APP_PAGE, content, headers)
    before = inject_values(inputs.files[BEFORE_APP], asdict(before_app(inputs, release)))
    yield Draft(folder + BEFORE_APP, BEFORE_APP, before.encode(), script_headers())


def _preloads(release: Release) -> tuple[str, str]:
    """What app.html is certain to load, sent before the page (RFC 8288).

    The page has a CSP in a meta element, and from there on Chromium looks no further ahead: it would ask for app.js
    when the script before it has run, a round trip later. For the stylesheet app.js asks, when all of it has run.
    """
    links = [f"<{name}>; rel=preload; as={kind}" for name, kind in PRELOADED if name in (BEFORE_APP, *release.files)]
    return "Link", ", ".join(links)
