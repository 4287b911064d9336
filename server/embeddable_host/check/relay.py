"""Tests the relay of a deployed host with messages of its own, put and taken as browsers do."""

import asyncio
import secrets
from http import HTTPStatus

import httpx2

from embeddable_host.check.client import Client, NoResponse, Response, status_line
from embeddable_host.check.rules import OTHER_STATUS, REDIRECTS
from embeddable_host.faults.faults import RELAY_STATUSES, Symptom
from embeddable_host.limits import MAX_SMALL_BYTES
from embeddable_host.relay.protocol import MAX_MESSAGE_BYTES, MEDIA_TYPE, RELAY_PATH

MESSAGES = 4  # several hosts without a common store would have to be lucky with each of them
WAIT_BEFORE_PUT_SECONDS = 0.3
DELIVERY_TIMEOUT_SECONDS = 5.0
CUT_OFF = (HTTPStatus.NO_CONTENT, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)


class RelayFault(Exception):
    """Something is wrong with the relay; `symptom` describes it."""

    def __init__(self, fault: str, expected: str, actual: str) -> None:
        super().__init__(actual)
        self.symptom = Symptom(fault, expected, actual)


async def examine_relay(client: Client) -> list[Symptom]:
    """What is wrong with the relay."""
    results = await asyncio.gather(*(_examine(client) for _ in range(MESSAGES)))
    return [symptom for symptom in results if symptom]


async def _examine(client: Client) -> Symptom | None:
    """Delivers a message, then another with the same ID: a cache would return the first one again."""
    url = client.target.url(f"{RELAY_PATH}{secrets.token_hex(32)}")
    try:
        for wait in (WAIT_BEFORE_PUT_SECONDS, 0):
            content = secrets.token_bytes(MAX_MESSAGE_BYTES)
            _compare(content, await _deliver(client, url, content, wait))
    except (RelayFault, NoResponse) as error:
        return error.symptom
    return None


async def _deliver(client: Client, url: httpx2.URL, content: bytes, wait: float) -> Response:
    """The response that delivers a message; it is put `wait` seconds after the GET. Raises RelayFault, NoResponse."""
    same_origin = {"Sec-Fetch-Site": "same-origin", "Origin": f"{url.scheme}://{url.netloc.decode('ascii')}"}
    is_waiting = asyncio.Event()
    get = asyncio.create_task(client.request("GET", url, same_origin, sent=is_waiting, limit=MAX_SMALL_BYTES))
    get.add_done_callback(lambda _: is_waiting.set())
    try:
        await is_waiting.wait()
        await asyncio.wait([get], timeout=wait)
        headers = {**same_origin, "Content-Type": MEDIA_TYPE}
        put = await client.request("POST", url, headers, content, limit=MAX_SMALL_BYTES)
        if put.status != HTTPStatus.CREATED:
            raise _rejected(put, f"{status_line(HTTPStatus.CREATED)} for a message of {MAX_MESSAGE_BYTES} bytes")
        return await asyncio.wait_for(get, DELIVERY_TIMEOUT_SECONDS)
    except TimeoutError:
        actual = f"nothing for {DELIVERY_TIMEOUT_SECONDS:.0f} seconds"
        raise RelayFault("relay-late", "the message that was stored", actual) from None
    finally:
        get.cancel()
        await asyncio.gather(get, return_exceptions=True)


def _compare(content: bytes, response: Response) -> None:
    """Raises RelayFault for a response that does not deliver `content`."""
    expected = f"the message of {MAX_MESSAGE_BYTES} bytes"
    if response.status in CUT_OFF:  # while it waited: the host has stored the message
        raise RelayFault("relay-late", expected, status_line(response.status))
    if response.status != HTTPStatus.OK:
        raise _rejected(response, expected)
    if response.header("Content-Type").startswith("text/html"):
        raise RelayFault("relay-missing", expected, "a page")
    if response.body is None or len(response.body) != MAX_MESSAGE_BYTES:
        raise RelayFault("relay-altered", expected, f"{len(response.sent)} other bytes")
    if response.body != content:
        raise RelayFault("relay-cached", expected, "one that was delivered before")
    if "no-store" not in response.header("Cache-Control"):
        raise RelayFault("relay-cached", "Cache-Control: no-store", response.header("Cache-Control") or "none")


def _rejected(response: Response, expected: str) -> RelayFault:
    actual = status_line(response.status)
    if response.status in REDIRECTS:
        return RelayFault("relay-refused", expected, f"{actual} to {response.location}")
    if response.status < HTTPStatus.MULTIPLE_CHOICES:  # the host does not accept everything
        return RelayFault("relay-missing", expected, actual)
    return RelayFault(RELAY_STATUSES.get(response.status, OTHER_STATUS), expected, actual)
