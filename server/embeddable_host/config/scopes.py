"""The scopes that the widget's features need of an app, as one table for the setup page, the live test and the docs.

A scope is granted to the app in RingCentral's console, and is listed in the `scope` of a token. The widget itself
checks some of them in the token (`AppFeatures`: Call Control, Read Call Log, Read Call Recording, Read Contacts, Edit
Extensions, Team Messaging, Video, AI Internal, Telephony Sessions). The platform checks the others when they are used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from embeddable_host.config.parameters import is_on


@dataclass(frozen=True)
class Scope:
    """`name` in a token, `console` in RingCentral's console.

    `within`: what a token may have instead: wider scopes that include it, and other names for it.
    """

    name: str
    console: str
    within: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feature:
    """A feature of the widget, and the `scopes` that it needs.

    `when`: the switches that enable it, and whether each must be on; without any it is always enabled.
    """

    name: str
    scopes: tuple[Scope, ...]
    when: Mapping[str, bool] = field(default_factory=dict)


AI_INTERNAL = Scope("AIInternal", "AI Internal")
CALL_CONTROL = Scope("CallControl", "Call Control", ("TelephonySessions",))
EDIT_EXTENSIONS = Scope("EditExtensions", "Edit Extensions", ("EditAccounts",))
EDIT_MESSAGES = Scope("EditMessages", "Edit Message")
EDIT_PRESENCE = Scope("EditPresence", "Edit Presence")
INTERNAL_MESSAGES = Scope("InternalMessages", "Internal Messages")
READ_ACCOUNTS = Scope("ReadAccounts", "Read Accounts", ("EditAccounts", "Accounts"))
READ_CALL_LOG = Scope("ReadCallLog", "Read Call Log", ("ReadCallRecording",))
READ_CALL_RECORDING = Scope("ReadCallRecording", "Read Call Recording")
READ_CONTACTS = Scope("ReadContacts", "Read Contacts", ("Contacts",))
READ_MESSAGES = Scope("ReadMessages", "Read Messages", ("EditMessages", "SMS", "InternalMessages", "Faxes"))
READ_PRESENCE = Scope("ReadPresence", "Read Presence", ("EditPresence",))
RING_OUT = Scope("RingOut", "RingOut")
SMS = Scope("SMS", "SMS")
TEAM_MESSAGING = Scope("TeamMessaging", "Team Messaging", ("Glip",))
TELEPHONY_SESSIONS = Scope("TelephonySessions", "Telephony Sessions")
VIDEO = Scope("Video", "Video", ("Meetings",))
VOIP_CALLING = Scope("VoipCalling", "VoIP Calling")
# The name in a token is not documented: RingCentral's pages use several.
WEBSOCKET = Scope(
    "SubscriptionWebSocket",
    "WebSocket Subscriptions",
    ("WebSocketSubscription", "WebSocketsSubscription", "WebSocketSubscriptions", "WebSocketsSubscriptions"),
)

CALLS = {"disableCall": False}
CALL_HISTORY = CALLS | {"disableCallHistory": False}
MESSAGES = {"disableMessages": False}
TEXTS = MESSAGES | {"disableReadText": False}

# Users choose how they make calls: `defaultCallWith` is only the default, so it removes no scope.
FEATURES: tuple[Feature, ...] = (
    Feature("the phone itself", (READ_ACCOUNTS, WEBSOCKET)),
    Feature("presence", (READ_PRESENCE, EDIT_PRESENCE)),
    Feature("browser calls", (VOIP_CALLING,), CALLS),
    Feature("RingOut calls", (RING_OUT,), CALLS),
    Feature("active call control", (CALL_CONTROL,), CALLS),
    Feature("call history", (READ_CALL_LOG,), CALL_HISTORY),
    Feature("call recordings", (READ_CALL_RECORDING,), CALL_HISTORY),
    Feature("AI notes of calls", (AI_INTERNAL, TELEPHONY_SESSIONS), CALLS | {"enableSmartNote": True}),
    Feature("voicemail and faxes", (READ_MESSAGES, EDIT_MESSAGES), MESSAGES),
    Feature("SMS", (SMS, READ_MESSAGES, EDIT_MESSAGES), TEXTS),
    Feature("messages to colleagues", (INTERNAL_MESSAGES, READ_MESSAGES, EDIT_MESSAGES), TEXTS),
    Feature("SMS templates", (EDIT_EXTENSIONS,), TEXTS | {"enableSMSTemplate": True}),
    Feature("contacts", (READ_CONTACTS,), {"disableContacts": False}),
    Feature("team messaging", (TEAM_MESSAGING,), {"disableGlip": False}),
    Feature("meetings", (VIDEO,), {"disableMeeting": False}),
)


def enabled_features(parameters: Mapping[str, str]) -> list[Feature]:
    """The features of a widget with these parameters, as `encode` writes them."""
    return [feature for feature in FEATURES if all(is_on(name, parameters) is on for name, on in feature.when.items())]


def required_scopes(features: list[Feature]) -> dict[Scope, list[Feature]]:
    """The scopes that these features need, in the console's order, each with the features that need it."""
    scopes = {scope for feature in features for scope in feature.scopes}
    return {
        scope: [feature for feature in features if scope in feature.scopes]
        for scope in sorted(scopes, key=lambda scope: scope.console.lower())
    }
