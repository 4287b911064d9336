"""Trying the relay of a deployed address: letters of our own, left and taken as browsers do."""

import asyncio
import secrets
from collections.abc import Mapping
from http import HTTPStatus

import httpx2

from embeddable_host.check.client import Answer, Client, NoResponse, status_line
from embeddable_host.check.rules import REDIRECTIONS
from embeddable_host.faults.faults import Symptom

RELAY = "/relay/"  # what all its addresses are called: a letter's name is told to nobody
MEDIA_TYPE = "application/octet-stream"
MESSAGE_BYTES = 8 * 1024  # as many as the relay takes
LETTERS = 4  # several hosts that share none would have to be lucky with each of them
HEAD_START = 0.3  # seconds that is waited for a letter before it is left
SOON = 5.0  # seconds in which a letter that was left must come

# What stands behind a status that is not the host's.
FAULTS: Mapping[int, str] = {
    400: "relay-stripped",
    411: "relay-stripped",
    415: "relay-stripped",
    401: "relay-refused",
    403: "relay-refused",
    407: "relay-refused",
    404: "relay-missing",
    405: "relay-missing",
    410: "relay-missing",
    501: "relay-missing",
    413: "relay-cut",
    429: "relay-limited",
    503: "relay-full",
    507: "relay-full",
    502: "host-down",
    504: "host-down",
}

CUT_OFF = (204, 502, 504)


class _Wrong(Exception):
    """What is wrong with an answer; `symptom` says it."""

    def __init__(self, fault: str, expected: str, actual: str) -> None:
        super().__init__(actual)
        self.symptom = Symptom(fault, expected, actual)


async def try_relay(client: Client) -> list[tuple[str, Symptom]]:
    """What is wrong with the relay, as `check` lists it."""
    tried = await asyncio.gather(*(_try(client) for _ in range(LETTERS)))
    return [(RELAY, symptom) for symptom in tried if symptom]


async def _try(client: Client) -> Symptom | None:
    """Leaves a letter and takes it; then another of the same name, so that whoever kept the first is found out."""
    address = client.target.at(f"{RELAY}{secrets.token_hex(32)}")
    try:
        for head_start in (HEAD_START, 0):
            content = secrets.token_bytes(MESSAGE_BYTES)
            _compare(content, await _relayed(client, address, content, head_start))
    except _Wrong as wrong:
        return wrong.symptom
    except NoResponse as nothing:
        return nothing.symptom
    return None


async def _relayed(client: Client, address: httpx2.URL, content: bytes, head_start: float) -> Answer:
    """The answer that brings a letter, which is left when it has been waited for. Raises _Wrong, and NoResponse."""
    own = {"Sec-Fetch-Site": "same-origin", "Origin": f"{address.scheme}://{address.netloc.decode('ascii')}"}
    waits = asyncio.Event()
    taking = asyncio.create_task(client.ask(address, headers=own, waits=waits))
    taking.add_done_callback(lambda _: waits.set())
    try:
        await waits.wait()
        await asyncio.wait([taking], timeout=head_start)
        left = await client.ask(address, method="POST", headers={**own, "Content-Type": MEDIA_TYPE}, body=content)
        if left.status != HTTPStatus.CREATED:
            raise _refused(left, f"{status_line(HTTPStatus.CREATED)} for a letter of {MESSAGE_BYTES} bytes")
        return await asyncio.wait_for(taking, SOON)
    except TimeoutError:
        raise _Wrong("relay-late", "the letter that was left", f"nothing for {SOON:.0f} seconds") from None
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)


def _compare(content: bytes, answer: Answer) -> None:
    """Raises _Wrong for an answer that does not bring the letter with this content."""
    wanted = f"the letter of {MESSAGE_BYTES} bytes"
    if answer.status in CUT_OFF:  # while it waited: the letter itself was taken by the host
        raise _Wrong("relay-late", wanted, status_line(answer.status))
    if answer.status != HTTPStatus.OK:
        raise _refused(answer, wanted)
    if answer.header("Content-Type").startswith("text/html"):
        raise _Wrong("relay-missing", wanted, "a page")
    if answer.body is None or len(answer.body) != MESSAGE_BYTES:
        raise _Wrong("relay-altered", wanted, f"{len(answer.sent)} bytes that are another")
    if answer.body != content:
        raise _Wrong("relay-cached", wanted, "one that was taken before")
    if "no-store" not in answer.header("Cache-Control"):
        raise _Wrong("relay-cached", "Cache-Control: no-store", answer.header("Cache-Control") or "none")


def _refused(answer: Answer, expected: str) -> _Wrong:
    actual = status_line(answer.status)
    if answer.status in REDIRECTIONS:
        return _Wrong("relay-refused", expected, f"{actual} to {answer.location}")
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:  # whoever is content with anything is not the host
        return _Wrong("relay-missing", expected, actual)
    return _Wrong(FAULTS.get(answer.status, "status"), expected, actual)
