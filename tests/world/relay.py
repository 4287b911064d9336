"""MessageStore left with a host and taken from it, as browsers do and as attackers do."""

import contextlib
import http.client
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from world.host import Headers, Response, Server, ask
from world.timeouts import TIMEOUT

MEDIA_TYPE = "application/octet-stream"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


class Asked(Protocol):
    """A host, or what stands in front of it."""

    def connect(self) -> http.client.HTTPConnection: ...


def new_id() -> str:
    return secrets.token_hex(32)


def leave(
    host: Asked, id: str, content: bytes = b"sealed", headers: Headers | None = None, folder: str = "/"
) -> Response:
    """POSTs a letter on a connection of its own, as a page of the host's own does."""
    return post(host, f"{folder}relay/{id}", content, headers)


def post(host: Asked, path: str, content: bytes, headers: Headers | None = None) -> Response:
    sent = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(content)), **OWN_PAGE, **(headers or {})}
    with contextlib.closing(host.connect()) as connection:
        return ask(connection, path, sent, "POST", content)


def take(host: Asked, id: str, headers: Headers | None = None, folder: str = "/") -> Response:
    """GETs a letter on a connection of its own: waits for it as long as the host does."""
    with contextlib.closing(host.connect()) as connection:
        return ask(connection, f"{folder}relay/{id}", {**OWN_PAGE, **(headers or {})})


class Waiting(threading.Thread):
    """Somebody who waits for a letter; `answer` is what they get."""

    def __init__(self, host: Asked, id: str, headers: Headers | None = None, folder: str = "/") -> None:
        super().__init__(daemon=True)
        self._given = (host, id, headers, folder)
        self._answer: Response | None = None
        self.start()

    def run(self) -> None:
        self._answer = take(*self._given)

    @property
    def answer(self) -> Response:
        self.join(TIMEOUT)
        assert self._answer is not None, "nothing came"
        return self._answer


@contextlib.contextmanager
def held(server: Server, id: str) -> Iterator[socket.socket]:
    """A connection that has asked for a letter, and is hung up in the end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
        connection.sendall(f"GET /relay/{id} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        yield connection


def hurried(folder: Path, **seconds: float) -> Mapping[str, str]:
    """The environment of a host whose relay has other `seconds`, such as WAIT_SECONDS, than everybody's."""
    return altered(
        folder, "from embeddable_host.relay import endpoint", *(f"endpoint.{name} = {s}" for name, s in seconds.items())
    )


def altered(folder: Path, *lines: str) -> Mapping[str, str]:
    """The environment of a host that runs these lines of Python before its own, in each of its processes."""
    place = folder / "altered"
    place.mkdir(parents=True, exist_ok=True)
    (place / "sitecustomize.py").write_text("\n".join(lines))
    return {"PYTHONPATH": str(place)}
