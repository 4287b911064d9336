"""A server that a test makes itself: one behind nginx that records every request, say."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def accepting(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that calls `serve` for each connection, in a thread of its own."""

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def recording(respond: Callable[[bytes], bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and its requests so far with their bodies; it sends what `respond` returns."""
    requests: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            for line in stream:
                request = line + b"".join(iter(stream.readline, b"\r\n")) + b"\r\n"
                length = re.search(rb"(?i)\r\ncontent-length: (\d+)", request)
                request += stream.read(int(length[1])) if length else b""
                requests.append(request)
                connection.sendall(respond(request))

    with accepting(serve) as port:
        yield f"127.0.0.1:{port}", requests


def ok(request: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
