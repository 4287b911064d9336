"""The widget's parameters as one table, and how a configured value becomes the text that the widget reads.

The widget reads parameters as text from a query, and the meaning of a text depends on the parameter:
`disableCall=false` disables calls, and `enablePopup=false` enables the popup (`docs/widget.md`, Parameters). In the
settings, true and false have their usual meaning; `encode` translates them.
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
    """How the widget reads a parameter; the value is the name for people."""

    TEXT = "text"
    URL = "URL"
    HTTPS = "https URL"  # the widget silently ignores other schemes
    NUMBER = "number"
    CHOICE = "choice"
    PRESENCE = "presence"  # on if the name is present
    TRI_STATE = "tri-state"  # on if absent or "true"
    TRUTHY = "truthy"  # on for any text except the empty one


SWITCHES = frozenset({Kind.PRESENCE, Kind.TRI_STATE, Kind.TRUTHY})


@dataclass(frozen=True)
class Parameter:
    """One parameter: what it does (`about`), its type (`kind`, `choices`), and whether it is a credential (`secret`).

    `since`: the first release that reads it (the tags of the widget's repository). `default`: its default in words.
    `alias`: the other name of the same parameter; setting one replaces the other.
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
        """The default in words; empty if there is none."""
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
            "disableLoginPopup", "1.4.0", Kind.TRUTHY, "open no sign-in window; the page receives the address instead"
        ),
        Parameter("showSignUpButton", "1.8.6", Kind.TRUTHY, "show a sign-up button"),
        Parameter("externalAuthId", "2.3.0", Kind.TEXT, "id that distinguishes users of an external sign-in"),
        Parameter("discovery", "1.6.0", Kind.TRUTHY, "find the API server by discovery"),
        Parameter("discoverAppServer", "1.6.0", Kind.URL, "server to ask for discovery", "the API server"),
        Parameter("authProxy", "1.4.0", Kind.TRUTHY, "sign in through a proxy of your own"),
        Parameter("proxyUri", "0.1.0", Kind.URL, "page of the hidden frame that renews sign-ins (old releases)"),
    ),
    "Features": (
        Parameter("disableCall", "0.1.0", Kind.PRESENCE, "remove calling"),
        Parameter("disableCallHistory", "1.8.6", Kind.PRESENCE, "remove the call history"),
        Parameter("disableMessages", "0.1.0", Kind.PRESENCE, "remove messages"),
        Parameter("disableReadText", "1.3.1", Kind.PRESENCE, "remove reading of SMS"),
        Parameter("disableContacts", "1.8.6", Kind.PRESENCE, "remove contacts"),
        Parameter("disableMeeting", "1.3.0", Kind.PRESENCE, "remove meetings"),
        Parameter("disableGlip", "0.1.0", Kind.TRI_STATE, "remove team messaging; off adds it"),
        Parameter("disableConferenceInvite", "0.1.0", Kind.TRI_STATE, "remove the conference invitation; off adds it"),
        Parameter("enableSmartNote", "2.0.0", Kind.TRUTHY, "AI notes of calls"),
        Parameter("enableSideWidget", "3.0.0", Kind.TRUTHY, "widgets beside calls and contacts"),
    ),
    "Calls": (
        Parameter(
            "defaultCallWith",
            "1.0.0",
            Kind.CHOICE,
            "how calls are made until the user chooses",
            "browser",
            ("browser", "jupiter", "softphone", "ringout"),
        ),
        Parameter("enableFromNumberSetting", "1.0.1", Kind.TRUTHY, "let users choose the caller ID"),
        Parameter("enableRingoutCallerId", "3.0.0", Kind.TRUTHY, "let users choose the caller ID of RingOut calls"),
        Parameter("showMyLocationNumbers", "1.8.1", Kind.TRUTHY, "offer the user's own numbers for RingOut"),
        Parameter("enableRingtoneSettings", "1.7.0", Kind.TRUTHY, "let users choose their ringtone"),
        Parameter("enableAudioInitPrompt", "2.1.0", Kind.TRUTHY, "ask users to initialize audio"),
        Parameter("disableNoiseReduction", "2.0.0", Kind.TRUTHY, "remove noise reduction"),
        Parameter("enableLoadMoreCalls", "2.1.0", Kind.TRUTHY, "load calls older than seven days"),
        Parameter("defaultAutoLogCallEnabled", "1.10.0", Kind.TRUTHY, "log calls until the user chooses"),
        Parameter("enableVoicemailDrop", "3.0.0", Kind.TRUTHY, "voicemail drop; requires enableSideWidget"),
        Parameter("enableWebRTCPlanB", "1.5.0", Kind.TRUTHY, "WebRTC Plan B (old browsers)"),
    ),
    "Messages": (
        Parameter("enableSMSTemplate", "2.0.0", Kind.TRUTHY, "SMS templates; requires the scope Edit Extensions"),
        Parameter("enableSharedMessages", "2.3.0", Kind.TRUTHY, "SMS of call queues"),
        Parameter("enableSmsSettingEvent", "2.3.0", Kind.TRUTHY, "notify the page when SMS settings change"),
        Parameter("enableTypingTimeTracking", "2.3.1", Kind.TRUTHY, "measure how long users type an SMS"),
        Parameter("defaultAutoLogMessageEnabled", "1.10.0", Kind.TRUTHY, "log messages until the user chooses"),
    ),
    "Appearance": (
        Parameter("defaultDirection", "1.8.8", Kind.CHOICE, "side where the badge starts", "right", ("left", "right")),
        Parameter("newAdapterUI", "0.2.4", Kind.TRUTHY, "dock the badge at the edge of the page"),
        Parameter("disableMinimize", "1.8.0", Kind.TRUTHY, "remove the minimize button"),
        Parameter("zIndex", "1.0.2", Kind.NUMBER, "z-index of the badge", "999"),
        Parameter("notification", "0.1.0", Kind.TRUTHY, "desktop notifications of incoming calls"),
        Parameter("stylesUri", "0.1.0", Kind.URL, "stylesheet for the widget"),
    ),
    "Tabs and windows": (
        Parameter(
            "multipleTabsSupport", "1.5.0", Kind.TRUTHY, "one web phone for all tabs; required for the popup window"
        ),
        Parameter(
            "enablePopup", "1.7.0", Kind.TRUTHY, "offer the widget as a popup window; requires multipleTabsSupport"
        ),
        Parameter("popupPageUri", "1.7.0", Kind.URL, "page of the popup window", "this host's popup.html"),
        Parameter("mainTab", "2.1.0", Kind.CHOICE, "make this tab the main one", "chosen automatically", ("true",)),
        Parameter("disconnectInactiveWebphone", "1.0.1", Kind.TRUTHY, "disconnect the web phone in inactive tabs"),
        Parameter("disableInactiveTabCallEvent", "1.0.2", Kind.TRUTHY, "no call events in inactive tabs"),
    ),
    "Reports": (
        Parameter("userAgent", "0.2.2", Kind.TEXT, "name and version of your application, sent as X-User-Agent"),
        Parameter("appVersion", "1.1.1", Kind.TEXT, "version shown in the widget's settings", "the release's"),
        Parameter("enableAnalytics", "1.8.6", Kind.TRUTHY, "report events for analytics"),
        Parameter("enableErrorReport", "0.2.5", Kind.TRUTHY, "report errors (up to 1.8.8)"),
        Parameter("errorReportToken", "0.2.5", Kind.TEXT, "token of the error reporting service (up to 1.8.8)"),
        Parameter("errorReportSampleRate", "0.2.5", Kind.NUMBER, "fraction of errors to report, 0 to 1 (up to 1.8.8)"),
        Parameter("errorReportProjectId", "0.2.5", Kind.TEXT, "project of the error reporting service (up to 1.8.8)"),
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
    """The table's spelling of `name` in any case, or `name` itself: environment variables ignore case."""
    return _BY_LOWER_CASE.get(name.lower(), name)


def nearest(name: str, known: Iterable[str] = PARAMETERS) -> str | None:
    """The known name most similar to `name`, if one is similar enough."""
    spelled = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=0.7)
    return spelled[matches[0]] if matches else None


def parameter_error(name: str, value: Value) -> str | None:
    """What to write instead of `value` for the parameter `name`; None if it is valid.

    A name that is not in the table may have any value: later releases add names.
    """
    parameter = PARAMETERS.get(name)
    if parameter is None:
        return None
    match parameter.kind:
        case Kind.PRESENCE | Kind.TRI_STATE | Kind.TRUTHY:
            is_valid, remedy = isinstance(value, bool), f"write {name} = true or {name} = false, without quotes"
        case Kind.NUMBER:
            is_valid = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            remedy = f"write {name} = 999, without quotes" if name == "zIndex" else f"write {name} = 0.5"
        case Kind.CHOICE:
            is_valid = value in parameter.choices
            remedy = "write one of " + ", ".join(f'"{choice}"' for choice in parameter.choices)
        case Kind.URL:
            is_valid = value == "" or _is_address(value, "https", "http")
            remedy = 'write a full address, such as "https://phone.example.com/"'
        case Kind.HTTPS:
            is_valid = value == "" or _is_address(value, "https")
            remedy = f'write an https:// address, such as "{SANDBOX}"'
        case Kind.TEXT:
            is_valid, remedy = isinstance(value, str), f'write it in quotes, {name} = "…"'
    return None if is_valid else remedy


def _is_address(value: Value, *schemes: str) -> bool:
    """Whether browsers can parse `value` as an address of one of these schemes (WHATWG URL §3.5, §4.4)."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        is_valid = bool(parts.hostname) and parts.port != 0 and not _FORBIDDEN_IN_HOST.search(parts.netloc)
    except ValueError:  # brackets without an IP address, or an invalid port
        return False
    return is_valid and parts.scheme in schemes


def merge(below: Mapping[str, Value], above: Mapping[str, Value]) -> dict[str, Value]:
    """`above` over `below`; a parameter set under one of its two names replaces the other."""
    replaced = {ALIASES.get(name) for name in above}
    return {name: value for name, value in below.items() if name not in replaced} | dict(above)


def encode(values: Mapping[str, Value]) -> dict[str, str]:
    """Configured values as the text that the widget reads, by name; without those that must be absent."""
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


def is_on(name: str, parameters: Mapping[str, str]) -> bool:
    """Whether a switch is on for a widget with these parameters, as `encode` writes them."""
    if PARAMETERS[name].kind is Kind.TRI_STATE:
        return parameters.get(name, "true") == "true"
    return name in parameters


def form() -> list[dict[str, object]]:
    """The table for the setup page's form, by group: what it shows, and what a page's query has for on and off.

    An empty text in a page's query turns a default off.
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
