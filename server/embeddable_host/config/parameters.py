"""The widget's parameters, as one table, and how a configured value becomes what the widget reads.

The widget reads every parameter as text from a query, and what a text means differs by parameter: `disableCall=false`
disables calls and `enablePopup=false` enables the popup (`widget.md`, Parameters). In the configuration a boolean means
what it says; `encode` is the one place that knows the difference.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from embeddable_host.contract import DEFAULT_PREFIX, PRODUCTION, SANDBOX

Value = str | bool | int | float


class Kind(Enum):
    """How the widget reads a parameter; the value is the name that people read."""

    TEXT = "text"
    URL = "URL"
    HTTPS = "https URL"  # the widget ignores any other scheme without a word
    NUMBER = "number"
    CHOICE = "choice"
    PRESENCE = "presence"  # on when the name is there at all
    TRI_STATE = "tri-state"  # on when absent or "true": names a thing that is off unless it says "false"
    TRUTHY = "truthy"  # on for any text but the empty one


SWITCHES = frozenset({Kind.PRESENCE, Kind.TRI_STATE, Kind.TRUTHY})


@dataclass(frozen=True)
class Parameter:
    """One parameter: what it does (`about`), what it may be (`kind`, `choices`), and whether it is a credential.

    `since`: the first release that reads it (the tags of the widget's repository). `default`: what holds unless it is
    set, in words. `alias`: the other name of the same parameter; giving one replaces the other.
    """

    name: str
    since: str
    kind: Kind
    about: str
    default: str = ""
    choices: tuple[str, ...] = ()
    alias: str | None = None
    secret: bool = False

    @property
    def unset(self) -> str:
        """What holds unless it is set, in words; nothing where that is nothing."""
        if self.kind in SWITCHES:
            return "on" if self.kind is Kind.TRI_STATE else "off"
        return self.default


GROUPS: Mapping[str, tuple[Parameter, ...]] = {
    "Signing in": (
        Parameter("clientId", "1.4.0", Kind.TEXT, "client id of your registered app", alias="appKey"),
        Parameter("appServer", "0.1.0", Kind.HTTPS, "RingCentral's API server", PRODUCTION),
        Parameter("redirectUri", "0.1.0", Kind.URL, "redirect URI", "this host's redirect.html"),
        Parameter("prefix", "0.1.0", Kind.TEXT, "prefix of storage keys and element ids", DEFAULT_PREFIX),
        Parameter(
            "disableLoginPopup", "1.4.0", Kind.TRUTHY, "open no sign-in window; the page gets the address instead"
        ),
        Parameter("showSignUpButton", "1.8.6", Kind.TRUTHY, "show a sign-up button"),
        Parameter("externalAuthId", "2.3.0", Kind.TEXT, "tells users of an outer sign-in apart"),
        Parameter("discovery", "1.6.0", Kind.TRUTHY, "find the API server by discovery"),
        Parameter("discoverAppServer", "1.6.0", Kind.URL, "server to ask for discovery", "the API server"),
        Parameter("authProxy", "1.4.0", Kind.TRUTHY, "sign in by a proxy of your own"),
        Parameter("proxyUri", "0.1.0", Kind.URL, "page of the hidden refresh frame (old releases)"),
    ),
    "Features": (
        Parameter("disableCall", "0.1.0", Kind.PRESENCE, "remove calling"),
        Parameter("disableCallHistory", "1.8.6", Kind.PRESENCE, "remove the call history"),
        Parameter("disableMessages", "0.1.0", Kind.PRESENCE, "remove messages"),
        Parameter("disableReadText", "1.3.1", Kind.PRESENCE, "remove reading of SMS"),
        Parameter("disableContacts", "1.8.6", Kind.PRESENCE, "remove contacts"),
        Parameter("disableMeeting", "1.3.0", Kind.PRESENCE, "remove meetings"),
        Parameter("disableGlip", "0.1.0", Kind.TRI_STATE, "remove team messaging; off brings it in"),
        Parameter(
            "disableConferenceInvite", "0.1.0", Kind.TRI_STATE, "remove the conference invitation; off brings it in"
        ),
        Parameter("enableSmartNote", "2.0.0", Kind.TRUTHY, "AI notes of calls"),
        Parameter("enableSideWidget", "3.0.0", Kind.TRUTHY, "widgets beside calls and contacts"),
    ),
    "Calls": (
        Parameter(
            "defaultCallWith",
            "1.0.0",
            Kind.CHOICE,
            "how calls are made unless the user chose",
            "browser",
            ("browser", "jupiter", "softphone", "ringout"),
        ),
        Parameter("enableFromNumberSetting", "1.0.1", Kind.TRUTHY, "let users choose the number calls come from"),
        Parameter("enableRingoutCallerId", "3.0.0", Kind.TRUTHY, "let users choose the number RingOut calls come from"),
        Parameter("showMyLocationNumbers", "1.8.1", Kind.TRUTHY, "offer the user's own numbers for RingOut"),
        Parameter("enableRingtoneSettings", "1.7.0", Kind.TRUTHY, "let users choose their ringtone"),
        Parameter("enableAudioInitPrompt", "2.1.0", Kind.TRUTHY, "ask users to initialize audio"),
        Parameter("disableNoiseReduction", "2.0.0", Kind.TRUTHY, "remove noise reduction"),
        Parameter("enableLoadMoreCalls", "2.1.0", Kind.TRUTHY, "calls older than seven days"),
        Parameter("defaultAutoLogCallEnabled", "1.10.0", Kind.TRUTHY, "log calls unless the user chose"),
        Parameter("enableVoicemailDrop", "3.0.0", Kind.TRUTHY, "voicemail drop; wants enableSideWidget"),
        Parameter("enableWebRTCPlanB", "1.5.0", Kind.TRUTHY, "WebRTC Plan B (old browsers)"),
    ),
    "Messages": (
        Parameter("enableSMSTemplate", "2.0.0", Kind.TRUTHY, "SMS templates; wants the scope Edit Extensions"),
        Parameter("enableSharedMessages", "2.3.0", Kind.TRUTHY, "SMS of call queues"),
        Parameter("enableSmsSettingEvent", "2.3.0", Kind.TRUTHY, "tell the page when SMS settings change"),
        Parameter("enableTypingTimeTracking", "2.3.1", Kind.TRUTHY, "track typing time of SMS"),
        Parameter("defaultAutoLogMessageEnabled", "1.10.0", Kind.TRUTHY, "log messages unless the user chose"),
    ),
    "Look": (
        Parameter("defaultDirection", "1.8.8", Kind.CHOICE, "side the badge starts on", "right", ("left", "right")),
        Parameter("newAdapterUI", "0.2.4", Kind.TRUTHY, "the badge docks at the page's edge"),
        Parameter("disableMinimize", "1.8.0", Kind.TRUTHY, "remove the minimize button"),
        Parameter("zIndex", "1.0.2", Kind.NUMBER, "z-index of the badge", "999"),
        Parameter("notification", "0.1.0", Kind.TRUTHY, "desktop notification of incoming calls"),
        Parameter("stylesUri", "0.1.0", Kind.URL, "stylesheet that changes the widget's look"),
    ),
    "Tabs and windows": (
        Parameter("multipleTabsSupport", "1.5.0", Kind.TRUTHY, "one web phone for all tabs; the popup window wants it"),
        Parameter("enablePopup", "1.7.0", Kind.TRUTHY, "offer the widget as a popup window; wants multipleTabsSupport"),
        Parameter("popupPageUri", "1.7.0", Kind.URL, "page of the popup window", "this host's popup.html"),
        Parameter("mainTab", "2.1.0", Kind.CHOICE, "take this tab for the main one", "chosen by itself", ("true",)),
        Parameter("disconnectInactiveWebphone", "1.0.1", Kind.TRUTHY, "disconnect the web phone in inactive tabs"),
        Parameter("disableInactiveTabCallEvent", "1.0.2", Kind.TRUTHY, "no call events in inactive tabs"),
    ),
    "Reports": (
        Parameter("userAgent", "0.2.2", Kind.TEXT, "name and version of your application, sent as X-User-Agent"),
        Parameter("appVersion", "1.1.1", Kind.TEXT, "version shown in the widget's settings", "the release's"),
        Parameter("enableAnalytics", "1.8.6", Kind.TRUTHY, "report events for analytics"),
        Parameter("enableErrorReport", "0.2.5", Kind.TRUTHY, "report errors (read up to 1.8.8)"),
        Parameter("errorReportToken", "0.2.5", Kind.TEXT, "token of the error report service (read up to 1.8.8)"),
        Parameter(
            "errorReportSampleRate", "0.2.5", Kind.NUMBER, "share of errors to report, 0 to 1 (read up to 1.8.8)"
        ),
        Parameter("errorReportProjectId", "0.2.5", Kind.TEXT, "project of the error report service (read up to 1.8.8)"),
    ),
    "Old names": (
        Parameter("appKey", "0.1.0", Kind.TEXT, "old name of clientId (renamed in 1.4.0)", alias="clientId"),
    ),
    "Credentials": (
        Parameter("clientSecret", "1.4.0", Kind.TEXT, "client secret; PKCE needs none", alias="appSecret", secret=True),
        Parameter("appSecret", "0.1.0", Kind.TEXT, "old name of clientSecret", alias="clientSecret", secret=True),
        Parameter("jwt", "1.8.3", Kind.TEXT, "JWT credential of one user", secret=True),
        Parameter("authorizationCode", "1.0.0", Kind.TEXT, "authorization code of one user", secret=True),
        Parameter("authorizationCodeVerifier", "1.8.1", Kind.TEXT, "PKCE verifier of that code", secret=True),
    ),
}

PARAMETERS: Mapping[str, Parameter] = {row.name: row for rows in GROUPS.values() for row in rows}
ALIASES: Mapping[str, str] = {row.name: row.alias for row in PARAMETERS.values() if row.alias}
_FORBIDDEN_IN_HOST = re.compile(r"[\s<>^|%\\]")
_BY_LOWER_CASE = {name.lower(): name for name in PARAMETERS}


def canonical(name: str) -> str:
    """The table's spelling of `name` whatever its case, or `name` itself: environment variables know no case."""
    return _BY_LOWER_CASE.get(name.lower(), name)


def nearest(name: str, known: Iterable[str] = PARAMETERS) -> str | None:
    """The known name most like `name`, if one is near enough to have been meant."""
    spelled = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=0.7)
    return spelled[matches[0]] if matches else None


def mistake(name: str, value: Value) -> str | None:
    """What is wrong with `value` for the parameter `name` and what to write instead; None where it is right.

    A name that the table does not know may have any value: later releases add names.
    """
    parameter = PARAMETERS.get(name)
    if parameter is None:
        return None
    match parameter.kind:
        case Kind.PRESENCE | Kind.TRI_STATE | Kind.TRUTHY:
            right, remedy = isinstance(value, bool), f"write {name} = true or {name} = false, without quotes"
        case Kind.NUMBER:
            right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            remedy = f"write {name} = 999, without quotes" if name == "zIndex" else f"write {name} = 0.5"
        case Kind.CHOICE:
            right = value in parameter.choices
            remedy = "write one of " + ", ".join(f'"{choice}"' for choice in parameter.choices)
        case Kind.URL:
            right = value == "" or _is_address(value, "https", "http")
            remedy = 'write a full address, such as "https://phone.example.com/"'
        case Kind.HTTPS:
            right = value == "" or _is_address(value, "https")
            remedy = f'write an https:// address, such as "{SANDBOX}"'
        case Kind.TEXT:
            right, remedy = isinstance(value, str), f'write it in quotes, {name} = "…"'
    return None if right else remedy


def _is_address(value: Value, *schemes: str) -> bool:
    """Whether a browser can read `value` as an address of one of these schemes (WHATWG URL §3.5, §4.4)."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        is_read = bool(parts.hostname) and parts.port != 0 and not _FORBIDDEN_IN_HOST.search(parts.netloc)
    except ValueError:  # brackets without an address in them, a port that is none
        return False
    return is_read and parts.scheme in schemes


def merge(below: Mapping[str, Value], above: Mapping[str, Value]) -> dict[str, Value]:
    """`above` over `below`; a parameter given under one of its two names replaces the other."""
    replaced = {ALIASES.get(name) for name in above}
    return {name: value for name, value in below.items() if name not in replaced} | dict(above)


def encode(values: Mapping[str, Value]) -> dict[str, str]:
    """Configured values as the widget reads them: name to text, without what is to be left out (`widget.md`)."""
    encoded = {}
    for name, value in values.items():
        kind = PARAMETERS[name].kind if name in PARAMETERS else Kind.TRUTHY
        if isinstance(value, bool):
            if kind is Kind.TRI_STATE:
                encoded[name] = "true" if value else "false"
            elif value:
                encoded[name] = "1"
        elif value != "":
            encoded[name] = str(value)
    return encoded


def is_on(name: str, given: Mapping[str, str]) -> bool:
    """Whether a switch is on for a widget that is given these texts, as `encode` writes them."""
    if PARAMETERS[name].kind is Kind.TRI_STATE:
        return given.get(name, "true") == "true"
    return name in given


def form() -> list[dict[str, object]]:
    """The table as the setup page's form has it, group by group: what is shown, and what a page writes for on and off.

    An empty text in a page's query switches a default off.
    """
    return [{"name": name, "parameters": [_field(row) for row in rows]} for name, rows in GROUPS.items()]


def _field(row: Parameter) -> dict[str, object]:
    return {
        "name": row.name,
        "kind": "switch" if row.kind in SWITCHES else row.kind.value,
        "about": row.about,
        "unset": row.unset,
        "since": row.since,
        "choices": row.choices,
        "secret": row.secret,
        "on": encode({row.name: True}).get(row.name, ""),
        "off": encode({row.name: False}).get(row.name, ""),
    }
