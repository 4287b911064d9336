"""Events that the widget sends to its page, as the graduation tracker receives them."""

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]
NUMBER, TEXT, NAME = "+16505550100", "Meet me at the lighthouse", "Ada Example"  # personal data, which nobody may store


def message(
    number: int, kind: str = "SMS", direction: str = "Outbound", status: str = "Sent", read: str = "Read"
) -> Event:
    """A message that was sent, received or changed."""
    return {
        "type": "rc-message-updated-notify",
        "message": {
            "id": number,
            "type": kind,
            "direction": direction,
            "messageStatus": status,
            "readStatus": read,
            "availability": "Alive",
            "subject": TEXT,
            "from": {"phoneNumber": NUMBER, "name": NAME},
            "to": [{"phoneNumber": NUMBER}],
            "lastModifiedTime": "2026-11-25T10:00:00.000Z",
        },
    }


def unread(number: int) -> Event:
    return message(number, direction="Inbound", status="Received", read="Unread")


def read(number: int) -> Event:
    return message(number, direction="Inbound", status="Received", read="Read")


def arrived(number: int) -> Event:
    return {**unread(number), "type": "rc-inbound-message-notify"}


def browser_call(id: str, direction: str, stage: str = "start") -> Event:
    call = {"id": id, "direction": direction, "callStatus": "webphone-session-connected", "from": NUMBER, "to": "101"}
    return {"type": f"rc-call-{stage}-notify", "call": {**call, "fromUserName": NAME}}


def ringout(session: int, status: str = "Ringing", direction: str = "Outbound") -> Event:
    call = {"sessionId": f"{session}", "direction": direction, "telephonyStatus": status, "to": NUMBER, "toName": NAME}
    return {"type": "rc-ringout-call-notify", "call": call}


def telephony(session: int, *codes: str, origin: str = "RingOut") -> Event:
    parties = [
        {"id": f"p-{session}-{place}", "status": {"code": code}, "to": {"phoneNumber": NUMBER, "name": NAME}}
        for place, code in enumerate(codes)
    ]
    call = {"id": f"s-{session}", "sessionId": f"{session}", "origin": {"type": origin}, "parties": parties}
    return {"type": "rc-telephony-session-notify", "telephonySession": call}


def presence(user: str | None, dnd: str | None = "TakeAllCalls", telephony: str = "NoCall") -> Event:
    return {
        "type": "rc-adapter-syncPresence",
        "userStatus": user,
        "dndStatus": dnd,
        "telephonyStatus": telephony,
        "presenceOption": user,
    }


def signed(is_in: bool) -> Event:
    return {"type": "rc-login-status-notify", "loggedIn": is_in, "loginNumber": f"{NUMBER}*101" if is_in else None}


# For each requirement: the events before the first item, and all events of one item.
RECORDED: dict[str, tuple[list[Event], Callable[[int], list[Event]]]] = {
    "sms": ([], lambda n: [message(100 + n, status="Queued"), message(100 + n), message(100 + n, status="Delivered")]),
    "internal": ([], lambda n: [message(200 + n, kind="Pager")]),
    "read": ([], lambda n: [unread(300 + n), arrived(300 + n), read(300 + n)]),
    "presence": (
        [presence("Available")],
        lambda n: [
            presence("Busy" if n % 2 else "Available"),
            presence("Busy" if n % 2 else "Available", telephony="Ringing"),
        ],
    ),
    "sign-in": ([signed(False)], lambda n: [signed(True), presence(None, None), signed(False)]),
    "outbound": (
        [],
        lambda n: [browser_call(f"o{n}", "Outbound", stage) for stage in ("init", "start", "hold", "end")],
    ),
    "inbound": ([], lambda n: [browser_call(f"i{n}", "Inbound", stage) for stage in ("ring", "start", "mute", "end")]),
    "ringout": ([], lambda n: [ringout(400 + n), ringout(400 + n, "CallConnected"), ringout(400 + n, "NoCall")]),
    "control": (
        [],
        lambda n: [
            telephony(500 + n, *codes) for codes in (("Setup",), ("Answered",), ("Hold", "Answered"), ("Disconnected",))
        ],
    ),
}
