"""A content delivery network on loopback, which serves one folder and can be made to misbehave.

A *fault* replaces the file: a function of the request's handler, in `Cdn.faults` by path.
"""

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cdn: "Cdn"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.cdn.requests.append(path)
        fault = self.cdn.faults.get(path, Handler.file)
        fault(self)

    def file(self) -> None:
        super().do_GET()

    def respond(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Sends a response; in the names of headers, `_` stands for `-`."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are recorded in `Cdn.requests`, not printed."""


Fault = Callable[[Handler], None]


class Cdn:
    def __init__(self, folder: Path) -> None:
        self.requests: list[str] = []
        self.faults: dict[str, Fault] = {}
        handler = type("CdnHandler", (Handler,), {"cdn": self})
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *args: handler(*args, directory=str(folder))
        )
        self.server.handle_error = lambda *_: None  # clients may hang up
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def die(self) -> None:
        """Stops like a killed process: nobody listens on the port any more."""
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def serve(folder: Path) -> Iterator[Cdn]:
    cdn = Cdn(folder)
    cdn.server.daemon_threads = True  # one that waits at a gate delays nobody
    thread = threading.Thread(target=cdn.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield cdn
    finally:
        cdn.die()
        thread.join()


# Faults


def page(handler: Handler) -> None:
    handler.respond(200, b"<!DOCTYPE html><title>Log in</title>", Content_Type="text/html; charset=utf-8")


def untyped_page(handler: Handler) -> None:
    handler.respond(200, b"\n<html><title>Log in</title>")


def status(code: int) -> Fault:
    return lambda handler: handler.respond(code)


def redirect(location: str) -> Fault:
    return lambda handler: handler.respond(302, Location=location)


def truncated(handler: Handler) -> None:
    """Announces more than it sends, and hangs up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half of it")
    handler.close_connection = True


def of_unknown_length(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"all of it, or not")
    handler.close_connection = True


def in_pieces(content: bytes, count: int) -> Fault:
    """Sends the content bit by bit."""

    def send(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        size = len(content) // count + 1
        for start in range(0, len(content), size):
            handler.wfile.write(content[start : start + size])
            time.sleep(0.01)  # as on a slow connection

    return send


def times(count: int, fault: Fault) -> Fault:
    """The fault for the first `count` requests, then the file."""
    left = iter(range(count))
    return lambda handler: fault(handler) if next(left, None) is not None else handler.file()


class Crowd:
    """Delays requests until `size` of them are there at once; `largest`: how many there were at most."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.present = self.largest = 0
        self.change = threading.Condition()

    def __call__(self, handler: Handler) -> None:
        with self.change:
            self.present += 1
            self.largest = max(self.largest, self.present)
            self.change.notify_all()
            self.change.wait_for(lambda: self.largest >= self.size)
            self.present -= 1
        handler.file()


class Gate:
    """A slow response: the file is sent when the gate is opened. `reached`: a request waits there."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, handler: Handler) -> None:
        self.reached.set()
        self.opened.wait()
        handler.file()
