"""Messages put into a host's relay and taken from it, as browsers do and as attackers do."""

import contextlib
import http.client
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from world.host import Headers, Response, Server, ask, configured, serving
from world.timeouts import TIMEOUT

MEDIA_TYPE = "application/octet-stream"
SETTINGS = """
[params]
clientId = "a"
[profiles.sandbox.params]
prefix = "rc-sandbox"
"""
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


class Host(Protocol):
    """A host, or a proxy in front of it."""

    def connect(self) -> http.client.HTTPConnection: ...


def new_id() -> str:
    return secrets.token_hex(32)


def put(host: Host, id: str, content: bytes = b"sealed", headers: Headers | None = None, folder: str = "/") -> Response:
    """POSTs a message on a connection of its own, as a page of the host does."""
    return post(host, f"{folder}relay/{id}", content, headers)


def post(host: Host, path: str, content: bytes, headers: Headers | None = None) -> Response:
    sent = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(content)), **OWN_PAGE, **(headers or {})}
    with contextlib.closing(host.connect()) as connection:
        return ask(connection, path, sent, "POST", content)


def take(host: Host, id: str, headers: Headers | None = None, folder: str = "/") -> Response:
    """GETs a message on a connection of its own. The host responds when the message is there, or after WAIT_SECONDS."""
    with contextlib.closing(host.connect()) as connection:
        return ask(connection, f"{folder}relay/{id}", {**OWN_PAGE, **(headers or {})})


class Waiting(threading.Thread):
    """A client that waits for a message in the background; `response` is what it got."""

    def __init__(self, host: Host, id: str, headers: Headers | None = None, folder: str = "/") -> None:
        super().__init__(daemon=True)
        self._arguments = (host, id, headers, folder)
        self._response: Response | None = None
        self.start()

    def run(self) -> None:
        self._response = take(*self._arguments)

    @property
    def response(self) -> Response:
        self.join(TIMEOUT)
        assert self._response is not None, "no response came"
        return self._response


@contextlib.contextmanager
def waiting_connection(server: Server, id: str, *fields: str) -> Iterator[socket.socket]:
    """A connection on which a message has been requested, with these header fields; it is closed at the end."""
    head = "\r\n".join([f"GET /relay/{id} HTTP/1.1", "Host: a", *fields])
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        yield connection


@contextlib.contextmanager
def sharing(place: Path, environment: Mapping[str, str] | None = None) -> Iterator[tuple[Server, Server]]:
    """Two hosts that share their messages, like two workers; all in the folder `place`."""
    shared = f'{SETTINGS}[relay]\ndir = "{place / "shared"}"'
    one, other = (configured(place / name, shared) for name in ("one", "other"))
    with serving(one, environment=environment) as first, serving(other, environment=environment) as second:
        yield first, second


def with_times(folder: Path, **seconds: float) -> Mapping[str, str]:
    """The environment of a host whose relay has other times, such as WAIT_SECONDS, than the usual ones."""
    lines = [f"assert endpoint.{name}; endpoint.{name} = {value}" for name, value in seconds.items()]
    return altered(folder, "from embeddable_host.relay import endpoint", *lines)


def altered(folder: Path, *lines: str) -> Mapping[str, str]:
    """The environment of a host that runs these lines of Python before its own code, in each of its processes."""
    place = folder / "altered"
    place.mkdir(parents=True, exist_ok=True)
    (place / "sitecustomize.py").write_text("\n".join(lines))
    return {"PYTHONPATH": str(place)}
