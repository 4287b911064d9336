"""The slow link of the measurements has the round trip and the rate that it is set to."""

import contextlib
import http.client
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from link import linked_here
from world.internet import running_app
from world.timeouts import TIMEOUT

ROUND_TRIP = 0.1  # seconds
WIDE, NARROW = 100_000_000, 400_000  # bytes a second
LARGE = 80_000


async def text(request: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * int(request.path_params["size"]))


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with running_app(Starlette(routes=[Route("/{size}", text)])) as port:
        yield port


def seconds(connection: http.client.HTTPConnection, size: int = 1) -> float:
    begun = time.monotonic()
    connection.request("GET", f"/{size}")
    assert len(connection.getresponse().read()) == size
    return time.monotonic() - begun


@contextlib.contextmanager
def over_a_link(server: int, rate: float) -> Iterator[http.client.HTTPConnection]:
    with linked_here(server, ROUND_TRIP, rate) as port:
        yield http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)


def test_a_request_costs_a_round_trip_and_the_first_one_another_for_the_handshake(server: int) -> None:
    with over_a_link(server, WIDE) as connection:
        first, second = seconds(connection), seconds(connection)
    assert first >= 2 * ROUND_TRIP
    assert second >= ROUND_TRIP
    # However busy the machine is, the best of some is near what it must be: no third round trip is hidden in it.
    with over_a_link(server, WIDE) as connection:
        assert min(seconds(connection) for _ in range(4)) < 2 * ROUND_TRIP


def test_bytes_come_no_faster_than_the_rate(server: int) -> None:
    with over_a_link(server, NARROW) as connection:
        seconds(connection)
        assert seconds(connection, LARGE) >= ROUND_TRIP + LARGE / NARROW
