"""The log of a running host: requests and statuses, and never an authorization code, however it came."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from world.host import Server, configured, serving
from world.spellings import ADDRESSES, FIELDS, SECRET, request
from world.timeouts import TIMEOUT

HTTP = " HTTP/1.1\r\nHost: a\r\n"
ODD = {
    "query of another method": f"POST /redirect.html?code={SECRET}{HTTP}Content-Length: 0\r\n\r\n",
    "web socket": f"GET /redirect.html?code={SECRET}{HTTP}Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "malformed": f"GET /redirect.html?code={SECRET} HTTP/x\r\n\r\n",
    "method that is none": f"{SECRET.upper()} /redirect.html{HTTP}\r\n",
    "length that is none": f"GET /redirect.html?code={SECRET}{HTTP}Content-Length: {SECRET}\r\n\r\n",
    "no host": f"GET /redirect.html?code={SECRET} HTTP/1.1\r\n\r\n",
    "half a head": f"GET /redirect.html?code={SECRET}{HTTP}",
}
LOGGED: dict[str, bytes] = {
    **{name: request(address, "a") for name, address in ADDRESSES.items()},
    **{name: request("/redirect.html", "a", field=field) for name, field in FIELDS.items()},
    **{name: text.encode() for name, text in ODD.items()},
}


@pytest.fixture(scope="module")
def logging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(configured(tmp_path_factory.mktemp("logging"), "[profiles.sandbox.params]\nprefix = 'p'")) as server:
        yield server


def send(server: Server, text: bytes) -> None:
    """Sends a request as it is, and no more; whatever comes back is read."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass


@pytest.mark.parametrize("name", LOGGED)
def test_no_code_gets_into_any_log(logging: Server, name: str) -> None:
    before = len(logging.output)
    send(logging, LOGGED[name])
    marker = f"/marker-{list(LOGGED).index(name)}-end"
    logging.ask(marker)
    logging.wait_until_it_says(marker)
    assert SECRET.lower() not in logging.output[before:].lower()


def test_the_access_log_has_requests_and_statuses(logging: Server) -> None:
    logging.ask("/redirect.html?code=1")
    logging.ask("/not-there")
    logging.wait_until_it_says(r'"GET /redirect\.html HTTP/1\.1" 200')
    logging.wait_until_it_says(r'"GET /not-there HTTP/1\.1" 404')
