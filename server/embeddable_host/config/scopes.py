"""The scopes of an app that the widget's features want, as one table: the setup page, the trial and the docs read it.

A scope is granted to the app in RingCentral's console, and stands in the `scope` of a token. Of some the widget looks
at the token itself (`AppFeatures`: Call Control, Read Call Log, Read Call Recording, Read Contacts, Edit Extensions,
Team Messaging, Video, AI Internal, Telephony Sessions). The others the platform wants, at the first request for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from embeddable_host.config.parameters import is_on


@dataclass(frozen=True)
class Scope:
    """`name` as a token has it, `console` as RingCentral's console shows it.

    `within`: what else a token may have in its place: wider scopes that include it, and other names of it.
    """

    name: str
    console: str
    within: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feature:
    """What a person knows it by, and the `scopes` that it wants.

    `when`: the switches among the parameters by which it is chosen, and whether each must be on; always where there are
    none.
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
# Nobody says for sure how a token spells it: RingCentral's own pages have several names.
WEBSOCKET = Scope(
    "SubscriptionWebSocket",
    "WebSocket Subscriptions",
    ("WebSocketSubscription", "WebSocketsSubscription", "WebSocketSubscriptions", "WebSocketsSubscriptions"),
)

CALLS = {"disableCall": False}
CALL_HISTORY = CALLS | {"disableCallHistory": False}
MESSAGES = {"disableMessages": False}
TEXTS = MESSAGES | {"disableReadText": False}

# How calls are made is each user's choice: `defaultCallWith` is what holds until then, and takes no scope away.
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


def chosen(given: Mapping[str, str]) -> list[Feature]:
    """The features that the widget has when it is given these parameters, as `encode` writes them."""
    return [feature for feature in FEATURES if all(is_on(name, given) is on for name, on in feature.when.items())]


def wanted(features: list[Feature]) -> dict[Scope, list[Feature]]:
    """The scopes that these features want, in the console's order, and for which of them."""
    scopes = {scope for feature in features for scope in feature.scopes}
    return {
        scope: [feature for feature in features if scope in feature.scopes]
        for scope in sorted(scopes, key=lambda scope: scope.console.lower())
    }
