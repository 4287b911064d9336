"""The graduation tracker: counts what RingCentral requires of an app in its sandbox, from the widget's events.

Such an app can go to production when it has been used in the sandbox (`docs/widget.md`, Registering an app). Here is
what RingCentral requires, and which events of the widget count; `counting.mjs` reads the table.
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
class Pattern:
    """Events of the widget: their `type`, and the values that they may have at a path, such as `message.type`.

    In a path, `*` stands for each element of a list.
    """

    type: str
    values: Mapping[str, tuple[str | bool, ...]]


@dataclass(frozen=True)
class Requirement:
    """One thing that RingCentral requires, at least `required` times; "more than 5" is 6.

    Events that match `pattern` count, each item once: by the id at the path `id`, or, if it has none, as a change
    of the fields `changes` among all events of that type. `after`: patterns of an event that must have come before with
    the same id. `optional`: required only of an app with active call control. `manual`: what no event reports, to be
    counted manually.
    """

    name: str
    title: str
    how: str
    required: int
    pattern: Pattern
    id: str = ""
    changes: tuple[str, ...] = ()
    after: tuple[Pattern, ...] = ()
    optional: bool = False
    manual: str = ""


UPDATED, INBOUND = "rc-message-updated-notify", "rc-inbound-message-notify"
SENT = ("Sent", "Delivered")  # `messageStatus`; a queued message may still fail
STARTED = "rc-call-start-notify"  # connected or accepted: dialled calls may fail, and missed calls end as well


def _sent(kind: str) -> Pattern:
    return Pattern(
        UPDATED, {"message.type": (kind,), "message.direction": ("Outbound",), "message.messageStatus": SENT}
    )


def _inbound(read_status: str, event: str = UPDATED) -> Pattern:
    return Pattern(event, {"message.direction": ("Inbound",), "message.readStatus": (read_status,)})


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
        manual="No event reports messages that came while this page was closed. Count those manually.",
    ),
    Requirement(
        "presence",
        "Presence updated more than 5 times",
        "Open the phone’s settings and choose another status, such as Busy.",
        6,
        Pattern("rc-adapter-syncPresence", {}),
        changes=("userStatus", "dndStatus"),
    ),
    Requirement(
        "sign-in",
        "Signed in and out more than 5 times",
        "Sign in. Then open the phone’s settings and sign out. It counts when you sign out.",
        6,
        Pattern("rc-login-status-notify", {"loggedIn": (False,)}),
        changes=("loggedIn",),
    ),
    Requirement(
        "outbound",
        "5 outbound calls in the browser",
        "In the settings, under Calling, choose Browser. Then call somebody, and wait until they pick up.",
        5,
        Pattern(STARTED, {"call.direction": ("Outbound",)}),
        id="call.id",
    ),
    Requirement(
        "inbound",
        "5 inbound calls in the browser",
        "In the settings, under Calling, choose Browser. Let somebody call you, and accept the call in the phone.",
        5,
        Pattern(STARTED, {"call.direction": ("Inbound",)}),
        id="call.id",
    ),
    Requirement(
        "ringout",
        "5 RingOut calls",
        "In the settings, under Calling, choose RingOut. Then call somebody: your own telephone rings first.",
        5,
        Pattern("rc-ringout-call-notify", {"call.direction": ("Outbound",)}),
        id="call.sessionId",
    ),
    Requirement(
        "control",
        "A RingOut call ended or held more than 5 times",
        "During a RingOut call, press Hold or End in the phone. A call that was held counts once.",
        6,
        Pattern(
            "rc-telephony-session-notify",
            {"telephonySession.origin.type": ("RingOut",), "telephonySession.parties.*.status.code": ("Hold",)},
        ),
        id="telephonySession.sessionId",
        optional=True,
        manual="No event reports who ended a call. Count the calls that you ended in the phone manually.",
    ),
)


@dataclass(frozen=True)
class Values:
    """The values of `graduation.html`; `origins`: where the app may run, empty for this host."""

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
