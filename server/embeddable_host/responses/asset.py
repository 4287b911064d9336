"""The responses of one address: bytes or a file, in every coding it has, with all that can be decided decided early.

A request only chooses (`negotiation`). What is sent for each choice (status, headers, body) is made with the asset.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import aiofiles
from aiofiles.threadpool.binary import AsyncBufferedReader
from starlette.types import Message, Receive, Scope, Send

from embeddable_host.responses.body import IDENTITY, Body
from embeddable_host.responses.headers import Headers
from embeddable_host.responses.negotiation import byte_range, choose, fields_of, matches, matches_strongly

T = TypeVar("T")

METHODS = ("GET", "HEAD")
OPTIONS = "OPTIONS"
CHUNK = 64 * 1024  # bytes read from a file at once
DISK_TIMEOUT_SECONDS = 10  # for each read of a file
FILE_THREADS = ThreadPoolExecutor(8, thread_name_prefix="files")  # of their own: a disk that hangs blocks nothing else
KEPT_IN_304 = ("Cache-Control", "Content-Location")  # beside ETag and Vary (RFC 9110 §15.4.5)


@lru_cache(maxsize=64)
def _raw(name: str, value: str) -> tuple[bytes, bytes]:
    """A header as it is sent; responses share those that they have in common."""
    return name.lower().encode("ascii"), value.encode("latin-1")


def _start(status: int, headers: Iterable[tuple[str, str]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [_raw(*header) for header in headers]}


def _plain(status: HTTPStatus, *headers: tuple[str, str]) -> tuple[Message, bytes]:
    text = f"{status.value} {status.phrase}\n".encode()
    common = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(text))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return _start(status, [*common, *headers]), text


_ALLOW = ("Allow", ", ".join(METHODS))
_ALLOW_OPTIONS = ("Allow", ", ".join((*METHODS, OPTIONS)))
_NOT_ALLOWED = _plain(HTTPStatus.METHOD_NOT_ALLOWED, _ALLOW)
_NOT_ALLOWED_BUT_OPTIONS = _plain(HTTPStatus.METHOD_NOT_ALLOWED, _ALLOW_OPTIONS)
_PRECONDITION_FAILED = _plain(HTTPStatus.PRECONDITION_FAILED)
_DISK_HANGS = _plain(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", "5"))


@dataclass(frozen=True)
class _FilePart:
    """Bytes of a file, the first and the last one included."""

    file: Path
    first: int
    last: int


@dataclass(frozen=True)
class _Representation:
    """One body with what is sent before it: the start of a 200, of a 304, and the headers that a 206 has too."""

    body: Body
    etag: str
    full: Message
    not_modified: Message
    shared: Headers

    def partial(self, field_value: str) -> tuple[Message, int, int]:
        """The start of the response to a Range, its first and its last byte. Raises ValueError as `byte_range` does."""
        size = self.body.size
        part = byte_range(field_value, size)
        if part is None:
            return self.full, 0, size - 1
        first, last = part
        length = [("Content-Range", f"bytes {first}-{last}/{size}"), ("Content-Length", str(last - first + 1))]
        return _start(206, [*self.shared, *length]), first, last


class Asset:
    """Responds to every request for one address; an ASGI application that returns the status it sent.

    `bodies`: the same content in several codings. `headers`: sent with every status but 304, which keeps those of
    `KEPT_IN_304`. `status`: of a full response; only a 200 has conditions and ranges. `has_options`: responds to
    OPTIONS too, as health checks of some proxies need.
    """

    def __init__(
        self,
        media_type: str,
        bodies: Iterable[Body],
        headers: Headers = (),
        status: int = 200,
        has_options: bool = False,
    ) -> None:
        self.media_type = media_type
        self.bodies = sorted(bodies, key=lambda body: body.size)
        self.headers = tuple(headers)
        self.status = status
        self._options = _start(HTTPStatus.NO_CONTENT, [_ALLOW_OPTIONS, *self.headers]) if has_options else None
        self._codings = tuple(body.coding for body in self.bodies)  # the smallest first
        self._vary = [("Vary", "Accept-Encoding")] if len(self.bodies) > 1 else []
        self._not_acceptable = _plain(HTTPStatus.NOT_ACCEPTABLE, *self._vary)
        self._representations = {body.coding: self._representation(body) for body in self.bodies}

    def _representation(self, body: Body) -> _Representation:
        # A 304 lets a browser keep the headers it has, so with other headers (frame-ancestors, say) the tag is another.
        etag = f'"{body.tag}-{hashlib.sha384(repr(self.headers).encode()).hexdigest()[:8]}"'
        is_ok, is_coded = self.status == 200, body.coding != IDENTITY
        coded = [("Content-Encoding", body.coding)] if is_coded else []
        ranges = [("Accept-Ranges", "bytes")] if is_ok and not is_coded else []
        tagged = [("ETag", etag)] if is_ok else []
        kept = [header for header in self.headers if header[0] in KEPT_IN_304]
        shared = [("Content-Type", self.media_type), *coded, *ranges, *self._vary, *tagged, *self.headers]
        return _Representation(
            body,
            etag,
            full=_start(self.status, [*shared, ("Content-Length", str(body.size))]),
            not_modified=_start(304, [*tagged, *self._vary, *kept]),
            shared=shared,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> int:
        start, content = self._response(scope)
        if scope["method"] == "HEAD":
            content = b""
        if isinstance(content, _FilePart):
            try:
                file = await _in_time(aiofiles.open(content.file, "rb", executor=FILE_THREADS))
            except TimeoutError:
                start, content = _DISK_HANGS
            else:
                try:
                    await _stream(send, start, content, file)
                finally:
                    await _in_time(file.close())
                return int(start["status"])
        await send(start)
        await send({"type": "http.response.body", "body": content})
        return int(start["status"])

    def _response(self, scope: Scope) -> tuple[Message, bytes | _FilePart]:
        """The start of the response, and its content."""
        if scope["method"] not in METHODS:
            if self._options is None:
                return _NOT_ALLOWED
            return (self._options, b"") if scope["method"] == OPTIONS else _NOT_ALLOWED_BUT_OPTIONS
        fields = fields_of(scope)
        coding = choose(self._codings, fields.pop("accept-encoding", None))
        if coding is None:
            return self._not_acceptable
        chosen = self._representations[coding]
        start, first, last = chosen.full, 0, chosen.body.size - 1
        if fields and self.status == 200:
            if "if-match" in fields and not matches_strongly(fields["if-match"], chosen.etag):
                return _PRECONDITION_FAILED
            if "if-none-match" in fields and matches(fields["if-none-match"], chosen.etag):
                return chosen.not_modified, b""
            # Only GET has ranges (RFC 9110 §14.2), and here only identity: a part of a compressed body helps nobody.
            is_ranged = scope["method"] == "GET" and "range" in fields and coding == IDENTITY
            if is_ranged and fields.get("if-range", chosen.etag) == chosen.etag:
                try:
                    start, first, last = chosen.partial(fields["range"])
                except ValueError:
                    size = ("Content-Range", f"bytes */{chosen.body.size}")
                    return _plain(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, size)
        content = chosen.body.content
        if isinstance(content, bytes):
            return start, content[first : last + 1]  # a slice of everything is not a copy
        return start, _FilePart(content, first, last)


async def _stream(send: Send, start: Message, part: _FilePart, file: AsyncBufferedReader) -> None:
    """Sends a part of an open file: until it is open, an error is still an honest 5xx. Raises OSError."""
    await send(start)
    await _in_time(file.seek(part.first))
    remaining = part.last - part.first + 1
    while remaining > 0:
        chunk = await _in_time(file.read(min(CHUNK, remaining)))
        if not chunk:
            raise OSError(f"{part.file} ended {remaining} bytes too soon")
        remaining -= len(chunk)
        await send({"type": "http.response.body", "body": chunk, "more_body": remaining > 0})


async def _in_time(use: Awaitable[T]) -> T:
    """Raises TimeoutError where the disk hangs; the thread that waits for it goes on waiting."""
    return await asyncio.wait_for(use, DISK_TIMEOUT_SECONDS)
