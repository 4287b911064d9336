"""uvicorn's HTTP protocol with limits: uvicorn's own accepts any head and waits for it for ever.

A connection that has no request in progress waits: for the head of its first request, or of another one. When there are
too many connections, the one that has waited longest is closed. So clients that do not finish keep out nobody else.
"""

import asyncio
import functools
import re
from collections.abc import Callable
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from embeddable_host.serving.limits import (
    CLOSE_SECONDS,
    HEAD_SECONDS,
    MAX_HEAD_BYTES,
    RETRY_AFTER_SECONDS,
    SEND_SECONDS,
    SPARE_CONNECTIONS,
    max_connections,
)

# RFC 9110 §7.2, RFC 3986 §3.2: a name, an IPv4 or an IPv6 address, and a port.
HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")

REQUEST_TIMEOUT = b"408 Request Timeout"
SERVICE_UNAVAILABLE = b"503 Service Unavailable"


class BoundedProtocol(HttpToolsProtocol):
    """Rejects a head that is too large (RFC 6585 §5) or too slow, and a request without exactly one valid Host.

    The size is exact to one read. Trailers (RFC 9110 §6.5) and chunk sizes count as well; the body itself is left to
    the application.
    """

    waiting: ClassVar[dict["BoundedProtocol", None]] = {}  # of this process, the one that has waited longest first

    _counted: object = None  # the request that the bytes belong to
    _head = 0  # its bytes without the body, after the read in which it began
    _has_begun = False  # the head that it waits for
    _is_excess = False  # one connection too many: its request gets a 503
    _error: str | None = None  # what is wrong with the last request: a 400 follows the responses before it
    _deadline: asyncio.TimerHandle | None = None
    _send_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        count, limit = len(self.connections), _max_connections()
        if count > limit + SPARE_CONNECTIONS:
            transport.abort()
        elif count > limit and not self.waiting:
            self._is_excess = True
            self._expire_in(CLOSE_SECONDS, self._reject_excess)
        else:
            if count > limit:
                next(iter(self.waiting))._make_room()
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_excess:
            self._reject_excess()
            return
        if self._error is not None:
            return
        self._head += len(data)
        super().data_received(data)
        if self.scope is not self._counted:  # uvicorn makes one for each request
            self._counted, self._head = self.scope, 0
        elif self._head > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request header fields too large.")

    def on_message_begin(self) -> None:
        self._has_begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        hosts = [value for name, value in self.headers if name == b"host"]
        is_missing = not hosts and self.parser.get_http_version() not in ("1.0", "0.9")
        if is_missing or len(hosts) > 1 or not all(map(HOST.fullmatch, hosts)):
            raise ValueError("Host")  # RFC 9112 §3.2; uvicorn sends a 400
        self._has_begun = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head -= len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._expire_in(CLOSE_SECONDS, self.transport.abort)
        elif self._is_idle and self._error is not None:
            self.send_400_response(self._error)
        elif self._is_idle:
            if self._has_begun:
                self._unset_keepalive_if_required()
            self._wait()

    def send_400_response(self, msg: str) -> None:
        self._error = msg
        if self._is_idle:
            super().send_400_response(msg)
            self._expire_in(CLOSE_SECONDS, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expire_in(CLOSE_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._send_deadline is None:
            self._send_deadline = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._send_deadline is not None:
            self._send_deadline.cancel()
            self._send_deadline = None
        super().resume_writing()

    @property
    def _is_idle(self) -> bool:
        """Whether no request is in progress."""
        return not self.pipeline and (self.cycle is None or self.cycle.response_complete)

    def _wait(self) -> None:
        self.waiting[self] = None
        self._expire_in(HEAD_SECONDS, self._time_out)

    def _stop_waiting(self) -> None:
        self.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire_in(self, seconds: float, expire: Callable[[], None]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, expire)

    def _time_out(self) -> None:
        self._close(REQUEST_TIMEOUT if self._has_begun else b"")

    def _make_room(self) -> None:
        """Closes the connection in favour of another one. A client that has been served already opens it anew."""
        self._close(SERVICE_UNAVAILABLE if self._has_begun or self.cycle is None else b"")

    def _reject_excess(self) -> None:
        self._close(SERVICE_UNAVAILABLE)

    def _close(self, status: bytes) -> None:
        self._stop_waiting()
        if status and not self.transport.is_closing():
            self.transport.write(_response(status))
        self.transport.close()
        self._expire_in(CLOSE_SECONDS, self.transport.abort)


@functools.cache
def _max_connections() -> int:
    return max_connections()


def _response(status: bytes) -> bytes:
    retry = b"Retry-After: %d\r\n" % RETRY_AFTER_SECONDS if status == SERVICE_UNAVAILABLE else b""
    return (
        b"HTTP/1.1 %s\r\n%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"
        b"Connection: close\r\n\r\n%s\n" % (status, retry, len(status) + 1, status)
    )
