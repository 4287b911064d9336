"""Connections that misbehave: they get a response or are closed, and do not affect the others."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from world.host import LARGE, LARGE_CONTENT, Server, add_release, configured, serving
from world.timeouts import TIMEOUT, wait_until
from world.wire import bodies

HEAD = b"GET /redirect.html HTTP/1.1\r\nHost: phone.example.com\r\n"
MIB = 1024 * 1024
MANY = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = configured(tmp_path_factory.mktemp("connections") / "host")
    add_release(folder)
    with serving(folder) as server:
        yield server


@pytest.fixture
def connections(server: Server) -> Iterator[list[socket.socket]]:
    """Many connections."""
    with contextlib.ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        yield [stack.enter_context(socket.create_connection(address, timeout=TIMEOUT)) for _ in range(MANY)]


def open_files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def test_pipelined_requests_get_their_responses_in_order(server: Server) -> None:
    paths = ["/redirect.html", "/nothing", "/adapter.js", "/healthz"] * 5
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
        connection.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths))
        assert bodies(connection, len(paths)) == [server.ask(path).body for path in paths]


def test_requests_that_come_a_byte_at_a_time_hold_nobody_up(server: Server, connections: list[socket.socket]) -> None:
    for byte in HEAD:
        for connection in connections:
            connection.send(bytes([byte]))
    assert server.ask("/redirect.html").status == 200
    for connection in connections:
        connection.sendall(b"\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_clients_that_do_not_read_hold_nobody_up_and_get_all_of_it_in_the_end(
    server: Server, connections: list[socket.socket]
) -> None:
    path = f"/widget/{json.loads(server.ask('/readyz').body)['release']}/{LARGE}"
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # or the system reads for them
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert server.ask("/redirect.html").status == 200
    connections[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    with connections[0].makefile("rb") as response:
        assert response.read().partition(b"\r\n\r\n")[2] == LARGE_CONTENT


def test_connections_that_are_half_closed_get_a_response_or_are_closed_and_none_is_kept(server: Server) -> None:
    before = open_files(server)
    with contextlib.ExitStack() as stack:
        for sent in (HEAD + b"\r\n", HEAD, b"", b"GET"):
            address = ("127.0.0.1", server.port)
            connection = stack.enter_context(socket.create_connection(address, timeout=TIMEOUT))
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as response:
                assert response.readline() in (b"", b"HTTP/1.1 200 OK\r\n")
        wait_until(lambda: open_files(server) <= before, "none is kept")


@pytest.mark.parametrize("beginning", [HEAD + b"X-Large: ", b"GET /", HEAD], ids=["a header", "an address", "headers"])
def test_a_head_without_end_is_refused_and_not_held(server: Server, beginning: bytes) -> None:
    before = server.memory
    piece = b"a" * MIB if not beginning.endswith(b"\r\n") else b"X-Small: a\r\n" * (MIB // 12)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection,
        contextlib.suppress(ConnectionError),
    ):
        connection.sendall(beginning)
        for _ in range(64):
            connection.sendall(piece)
        assert connection.recv(12) == b"HTTP/1.1 400"
    assert server.memory < before + 8
    assert server.ask("/redirect.html").status == 200


CHUNKED = b"POST /redirect.html HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("beginning", [b"0\r\nX-Large: ", b"0\r\n"], ids=["a trailer", "trailers"])
def test_what_follows_a_body_without_end_is_not_held(server: Server, beginning: bytes) -> None:
    before = server.memory
    piece = b"a" * MIB if not beginning.endswith(b"\n") else b"X-Small: a\r\n" * (MIB // 12)
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
        connection.sendall(CHUNKED + beginning)
        assert connection.recv(12) == b"HTTP/1.1 405"
        with pytest.raises(ConnectionError):
            connection.sendall(piece * 64)
    assert server.memory < before + 8
    assert server.ask("/redirect.html").status == 200


def test_a_head_as_large_as_nginx_lets_through_is_read(server: Server) -> None:
    large = {f"X-{number}": "a" * 8000 for number in range(4)}
    assert server.ask("/redirect.html", large).status == 200
