"""Connections that misbehave, with the shipped nginx configuration in front: the host hears little of them."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddable_host.releases.store import open_release
from world.host import LARGE, Server
from world.internet import NGINX
from world.proxy import Proxy, trusting
from world.timeouts import TIMEOUT
from world.wire import bodies

MANY = 50
REDIRECT_PAGE = "/redirect.html"


@pytest.fixture
def connections(proxy: Proxy) -> Iterator[list[ssl.SSLSocket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connected(proxy)) for _ in range(MANY)]


def connected(proxy: Proxy) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", proxy.port), timeout=TIMEOUT)
    return trusting().wrap_socket(plain, server_hostname=NGINX)


def test_slow_writers_hold_nobody_up_and_the_host_hears_of_whole_requests_alone(
    server: Server, proxy: Proxy, connections: list[ssl.SSLSocket]
) -> None:
    for number, connection in enumerate(connections):
        connection.sendall(f"GET /slow-{number} HTTP/1.1\r\nHost: {NGINX}\r\n".encode())
    assert proxy.ask(REDIRECT_PAGE).status == 200
    assert "/slow-" not in server.output
    for connection in connections:
        connection.sendall(b"\r\n")
        assert connection.recv(12) == b"HTTP/1.1 404"
    server.wait_until_it_says("/slow-", MANY)


def test_slow_readers_hold_nobody_up_and_the_host_is_asked_once(
    folder: Path, server: Server, proxy: Proxy, connections: list[ssl.SSLSocket]
) -> None:
    path = f"/widget/{open_release(folder / 'var' / 'releases').id}/{LARGE}"
    requests = server.times_said(path)
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {NGINX}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert proxy.ask(REDIRECT_PAGE).status == 200
    assert server.times_said(path) <= requests + 1


def test_pipelined_requests_get_their_responses_in_order(server: Server, connections: list[ssl.SSLSocket]) -> None:
    paths = ["/redirect.html", "/nothing", "/app.html", "/popup.html"] * 5
    connections[0].sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: {NGINX}\r\n\r\n".encode() for path in paths))
    assert bodies(connections[0], len(paths)) == [server.ask(path).body for path in paths]


@pytest.mark.parametrize(
    "head",
    [b"GET /oversize HTTP/1.1\r\nX-Large: " + b"a" * 33_000, b"GET /oversize" + b"a" * 33_000 + b" HTTP/1.1"],
    ids=["a header", "an address"],
)
def test_a_head_that_is_too_large_does_not_reach_the_host(server: Server, proxy: Proxy, head: bytes) -> None:
    with connected(proxy) as connection, contextlib.suppress(OSError):  # nginx closes without having read all of it
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(12) in (b"", b"HTTP/1.1 400", b"HTTP/1.1 414")
    assert proxy.ask(REDIRECT_PAGE).status == 200
    assert "/oversize" not in server.output
