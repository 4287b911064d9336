"""The graduation tracker: counts what RingCentral asks of an app in its sandbox, from the events of the widget.

RingCentral lets such an app into production when it has been used in the sandbox (`widget.md`, Registering an app).
Here is what it asks for, and which event of the widget tells of it; `counting.mjs` reads the table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from embeddable_host.responses.headers import MINUTES, PagePolicy
from embeddable_host.site.inputs import Inputs, ProfileSite
from embeddable_host.site.part import Draft
from embeddable_host.site.setup import devices

PAGE = "graduation.html"
POLICY = PagePolicy(MINUTES, modules=True, app=True)


@dataclass(frozen=True)
class Sign:
    """An event of the widget: its `type`, and the values that it may have at a path, such as `message.type`.

    In a path `*` stands for each element of a list.
    """

    event: str
    says: Mapping[str, tuple[str | bool, ...]]


@dataclass(frozen=True)
class Requirement:
    """One thing that RingCentral asks for: `least` so many times; "more than 5" is 6.

    It is told by `sign`. Each is counted once: by the id at the path `id`, or, where it has none, as a change of the
    fields `changes` of all events of that type. `after`: what must have been told of the same id before.
    `optional`: asked only of an app with active call control. `untold`: what no event tells, to be counted by hand.
    """

    name: str
    title: str
    how: str
    required: int
    sign: Sign
    id: str = ""
    changes: tuple[str, ...] = ()
    after: tuple[Sign, ...] = ()
    optional: bool = False
    untold: str = ""


UPDATED, INBOUND = "rc-message-updated-notify", "rc-inbound-message-notify"
SENT = ("Sent", "Delivered")  # of `messageStatus`; what is still queued may fail yet
STARTED = "rc-call-start-notify"  # connected or accepted: one that was dialled may fail, and a missed one ends as well


def _sent(kind: str) -> Sign:
    return Sign(UPDATED, {"message.type": (kind,), "message.direction": ("Outbound",), "message.messageStatus": SENT})


def _inbound(read_status: str, event: str = UPDATED) -> Sign:
    return Sign(event, {"message.direction": ("Inbound",), "message.readStatus": (read_status,)})


REQUIREMENTS = (
    Requirement(
        "sms",
        "More than 5 SMS sent",
        "Send an SMS to a phone number.",
        6,
        _sent("SMS"),
        id="message.id",
    ),
    Requirement(
        "internal",
        "More than 5 internal messages sent",
        "Send a text message to an extension number of your own account.",
        6,
        _sent("Pager"),
        id="message.id",
    ),
    Requirement(
        "read",
        "More than 5 unread inbound messages read",
        "Leave this page open while somebody sends you messages. Then open them in the phone.",
        6,
        _inbound("Read"),
        id="message.id",
        after=(_inbound("Unread"), _inbound("Unread", INBOUND)),
        untold="No event tells of messages that came while this page was closed. Count those by hand.",
    ),
    Requirement(
        "presence",
        "Presence updated more than 5 times",
        "Open the phone’s settings and choose another status, such as Busy.",
        6,
        Sign("rc-adapter-syncPresence", {}),
        changes=("userStatus", "dndStatus"),
    ),
    Requirement(
        "sign-in",
        "Signed in and out more than 5 times",
        "Sign in. Then open the phone’s settings and sign out. It counts when you sign out.",
        6,
        Sign("rc-login-status-notify", {"loggedIn": (False,)}),
        changes=("loggedIn",),
    ),
    Requirement(
        "outbound",
        "5 outbound calls in the browser",
        "In the settings, under Calling, choose Browser. Then call somebody who answers.",
        5,
        Sign(STARTED, {"call.direction": ("Outbound",)}),
        id="call.id",
    ),
    Requirement(
        "inbound",
        "5 inbound calls in the browser",
        "In the settings, under Calling, choose Browser. Let somebody call you, and answer in the phone.",
        5,
        Sign(STARTED, {"call.direction": ("Inbound",)}),
        id="call.id",
    ),
    Requirement(
        "ringout",
        "5 RingOut calls",
        "In the settings, under Calling, choose RingOut. Then call somebody: your own telephone rings first.",
        5,
        Sign("rc-ringout-call-notify", {"call.direction": ("Outbound",)}),
        id="call.sessionId",
    ),
    Requirement(
        "control",
        "A RingOut call ended or held more than 5 times",
        "During a RingOut call, press Hold or End in the phone. A call that was held counts once.",
        6,
        Sign(
            "rc-telephony-session-notify",
            {"telephonySession.origin.type": ("RingOut",), "telephonySession.parties.*.status.code": ("Hold",)},
        ),
        id="telephonySession.sessionId",
        optional=True,
        untold="No event tells who ended a call. Count the calls that you ended in the phone by hand.",
    ),
)


@dataclass(frozen=True)
class Values:
    """What `graduation.html` is given; `origins` are those that the app may run on, none where that is this host."""

    base: str
    clientId: str
    server: str
    devices: str
    origins: tuple[str, ...]
    requirements: tuple[Requirement, ...]


def drafts(inputs: Inputs) -> Iterator[Draft]:
    for profile in inputs.profiles if inputs.settings.setup.enabled else ():
        if profile.config.is_in_sandbox:
            yield profile.page(PAGE, POLICY, {PAGE: _values(profile)})


def _values(profile: ProfileSite) -> Values:
    return Values(
        base=profile.config.url,
        clientId=profile.config.client_id,
        server=profile.config.server,
        devices=devices(profile),
        origins=() if profile.inputs.release else profile.inputs.settings.cdn_origins,
        requirements=REQUIREMENTS,
    )
