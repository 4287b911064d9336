"""The widget's parameters, as one table, and how a configured value becomes what the widget reads.

The widget reads every parameter as text from a query, and what a text means differs by parameter: `disableCall=false`
disables calls and `enablePopup=false` enables the popup (`widget.md`, Parameters). In the configuration a boolean means
what it says; `encode` is the one place that knows the difference.
"""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

Value = str | bool | int | float


class Kind(Enum):
    """How the widget reads a parameter; the value is the name that people read."""

    TEXT = "text"
    URL = "URL"
    NUMBER = "number"
    CHOICE = "choice"
    PRESENCE = "presence"  # on when the name is there at all
    TRI_STATE = "tri-state"  # on when absent or "true": names a thing that is off unless it says "false"
    TRUTHY = "truthy"  # on for any text but the empty one


SWITCHES = frozenset({Kind.PRESENCE, Kind.TRI_STATE, Kind.TRUTHY})


@dataclass(frozen=True)
class Parameter:
    """One parameter: what it does (`about`), what it may be (`kind`, `choices`), and whether it is a credential.

    `twin` is the other name of the same parameter; giving one replaces the other.
    """

    name: str
    kind: Kind
    about: str
    choices: tuple[str, ...] = ()
    twin: str | None = None
    secret: bool = False


def _table(*rows: Parameter) -> Mapping[str, Parameter]:
    return {row.name: row for row in rows}


PARAMETERS = _table(
    Parameter("clientId", Kind.TEXT, "client id of your registered app", twin="appKey"),
    Parameter("appKey", Kind.TEXT, "old name of clientId (renamed in 1.4.0)", twin="clientId"),
    Parameter("clientSecret", Kind.TEXT, "client secret; PKCE needs none", twin="appSecret", secret=True),
    Parameter("appSecret", Kind.TEXT, "old name of clientSecret", twin="clientSecret", secret=True),
    Parameter("appServer", Kind.URL, "RingCentral's API server; production unless set"),
    Parameter("discovery", Kind.TRUTHY, "find the API server by discovery"),
    Parameter("discoverAppServer", Kind.URL, "server to ask for discovery"),
    Parameter("appVersion", Kind.TEXT, "version shown in the widget's settings"),
    Parameter("redirectUri", Kind.URL, "redirect URI; this host's redirect.html unless set"),
    Parameter("proxyUri", Kind.URL, "page of the hidden refresh frame (old releases)"),
    Parameter("stylesUri", Kind.URL, "stylesheet that changes the widget's look"),
    Parameter("disableCall", Kind.PRESENCE, "remove calling"),
    Parameter("disableMessages", Kind.PRESENCE, "remove messages"),
    Parameter("disableReadText", Kind.PRESENCE, "remove reading of SMS"),
    Parameter("disableConferenceInvite", Kind.TRI_STATE, "remove the conference invitation; false brings it in"),
    Parameter("disableGlip", Kind.TRI_STATE, "remove team messaging; false brings it in"),
    Parameter("disableMeeting", Kind.PRESENCE, "remove meetings"),
    Parameter("disableContacts", Kind.PRESENCE, "remove contacts"),
    Parameter("disableCallHistory", Kind.PRESENCE, "remove the call history"),
    Parameter("authProxy", Kind.TRUTHY, "sign in by a proxy of your own"),
    Parameter("prefix", Kind.TEXT, "prefix of storage keys and element ids; rc-widget unless set"),
    Parameter("userAgent", Kind.TEXT, "name and version of your application, sent as X-User-Agent"),
    Parameter("enableAnalytics", Kind.TRUTHY, "report events for analytics"),
    Parameter("enableErrorReport", Kind.TRUTHY, "report errors"),
    Parameter("errorReportToken", Kind.TEXT, "token of the error report service"),
    Parameter("errorReportSampleRate", Kind.NUMBER, "share of errors to report, 0 to 1"),
    Parameter("errorReportProjectId", Kind.TEXT, "project of the error report service"),
    Parameter("authorizationCode", Kind.TEXT, "authorization code of one user", secret=True),
    Parameter("authorizationCodeVerifier", Kind.TEXT, "PKCE verifier of that code", secret=True),
    Parameter("jwt", Kind.TEXT, "JWT credential of one user", secret=True),
    Parameter("externalAuthId", Kind.TEXT, "tells users of an outer sign-in apart"),
    Parameter(
        "defaultCallWith",
        Kind.CHOICE,
        "how calls are made unless the user chose",
        ("browser", "jupiter", "softphone", "ringout"),
    ),
    Parameter("enableFromNumberSetting", Kind.TRUTHY, "let users choose the number calls come from"),
    Parameter("showMyLocationNumbers", Kind.TRUTHY, "offer the user's own numbers for RingOut"),
    Parameter("enableSmsSettingEvent", Kind.TRUTHY, "tell the page when SMS settings change"),
    Parameter("disconnectInactiveWebphone", Kind.TRUTHY, "disconnect the web phone in inactive tabs"),
    Parameter("multipleTabsSupport", Kind.TRUTHY, "one web phone for all tabs; the popup window wants it"),
    Parameter("disableInactiveTabCallEvent", Kind.TRUTHY, "no call events in inactive tabs"),
    Parameter("disableLoginPopup", Kind.TRUTHY, "open no sign-in window; the page gets the address instead"),
    Parameter("enableWebRTCPlanB", Kind.TRUTHY, "WebRTC Plan B (old browsers)"),
    Parameter("enableRingtoneSettings", Kind.TRUTHY, "let users choose their ringtone"),
    Parameter("disableNoiseReduction", Kind.TRUTHY, "remove noise reduction"),
    Parameter("showSignUpButton", Kind.TRUTHY, "show a sign-up button"),
    Parameter("defaultAutoLogCallEnabled", Kind.TRUTHY, "log calls unless the user chose"),
    Parameter("defaultAutoLogMessageEnabled", Kind.TRUTHY, "log messages unless the user chose"),
    Parameter("enableSMSTemplate", Kind.TRUTHY, "SMS templates"),
    Parameter("enableSmartNote", Kind.TRUTHY, "AI notes of calls"),
    Parameter("enableSideWidget", Kind.TRUTHY, "widgets beside calls and contacts"),
    Parameter("enableAudioInitPrompt", Kind.TRUTHY, "ask users to initialize audio"),
    Parameter("enableSharedMessages", Kind.TRUTHY, "SMS of call queues"),
    Parameter("enableLoadMoreCalls", Kind.TRUTHY, "calls older than seven days"),
    Parameter("enableVoicemailDrop", Kind.TRUTHY, "voicemail drop (3.x)"),
    Parameter("enableTypingTimeTracking", Kind.TRUTHY, "track typing time of SMS"),
    Parameter("mainTab", Kind.CHOICE, "take this tab for the main one", ("true",)),
    Parameter("notification", Kind.TRUTHY, "desktop notification of incoming calls"),
    Parameter("newAdapterUI", Kind.TRUTHY, "the badge docks at the page's edge"),
    Parameter("disableMinimize", Kind.TRUTHY, "remove the minimize button"),
    Parameter("zIndex", Kind.NUMBER, "z-index of the badge; 999 unless set"),
    Parameter("enablePopup", Kind.TRUTHY, "offer the widget as a popup window; wants multipleTabsSupport"),
    Parameter("popupPageUri", Kind.URL, "page of the popup window; this host's popup.html unless set"),
    Parameter("defaultDirection", Kind.CHOICE, "side the badge starts on", ("left", "right")),
)

TWINS: Mapping[str, str] = {row.name: row.twin for row in PARAMETERS.values() if row.twin}
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
            right = isinstance(value, str) and (not value or value.startswith(("https://", "http://")))
            remedy = 'write a full address, such as "https://phone.example.com/"'
            if name == "appServer":  # The widget ignores any other scheme without a word (`widget.md`).
                right = isinstance(value, str) and (not value or value.startswith("https://"))
                remedy = 'write an https:// address, such as "https://platform.devtest.ringcentral.com"'
        case Kind.TEXT:
            right, remedy = isinstance(value, str), f'write it in quotes, {name} = "…"'
    return None if right else remedy


def merge(below: Mapping[str, Value], above: Mapping[str, Value]) -> dict[str, Value]:
    """`above` over `below`; a parameter given under one of its two names replaces the other."""
    replaced = {TWINS.get(name) for name in above}
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


def reference() -> str:
    """The table as Markdown, for the README."""
    rows = ["| parameter | kind | what it does |", "|---|---|---|"]
    for parameter in PARAMETERS.values():
        kind = (
            " or ".join(f"`{choice}`" for choice in parameter.choices)
            or ("on/off" if parameter.kind in SWITCHES else "")
            or parameter.kind.value
        )
        refused = " (credential: refused)" if parameter.secret else ""
        rows.append(f"| `{parameter.name}` | {kind} | {parameter.about}{refused} |")
    return "\n".join(rows)
