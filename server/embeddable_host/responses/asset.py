"""One address's answer: bytes or a file, in the encodings there are, with everything decided before the first request.

A request only chooses: which encoding (RFC 9110 §12.5.3), whether the client has it already (§13), whether it wants a
part (§14). What goes out for each choice (status, headers, body) is made when the asset is.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

import aiofiles
from starlette.types import Message, Receive, Scope, Send

from embeddable_host.responses.body import IDENTITY, Body

METHODS = ("GET", "HEAD")
CHUNK = 64 * 1024  # bytes read from a file at once

Headers = Sequence[tuple[str, str]]

_READ = {
    b"accept-encoding": "accept-encoding",
    b"if-match": "if-match",
    b"if-none-match": "if-none-match",
    b"if-range": "if-range",
    b"range": "range",
}
_ENTITY_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')  # RFC 9110 §8.8.3
_BYTE_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*")  # a single range; RFC 9110 §14.1.2
_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?")


def weights(accept_encoding: str) -> Mapping[str, float]:
    """What an Accept-Encoding field says: coding to q-value (RFC 9110 §12.5.3), without members that cannot be read."""
    found = {}
    for member in accept_encoding.split(","):
        if match := _CODING.fullmatch(member):
            coding = match[1].lower()
            found["gzip" if coding == "x-gzip" else coding] = float(match[2] or 1)
    return found


def weight(coding: str, accepted: Mapping[str, float]) -> float:
    """The q-value of `coding`. Identity is acceptable, if last, unless refused by name or by `*` (§12.5.3)."""
    if coding in accepted:
        return accepted[coding]
    if "*" in accepted:
        return accepted["*"]
    return 0.0005 if coding == IDENTITY else 0.0


@lru_cache(maxsize=256)
def choose(codings: tuple[str, ...], accept_encoding: str | None) -> str | None:
    """The one of `codings` with the highest weight, the first among equals; None where the client takes none of them.

    Without the field every coding is acceptable, but clients that do not send it seldom decode: identity.
    """
    if accept_encoding is None:
        return IDENTITY
    accepted = weights(accept_encoding)
    best = max(codings, key=lambda coding: weight(coding, accepted))
    return best if weight(best, accepted) > 0 else None


def matches(field_value: str, etag: str) -> bool:
    """Whether an If-None-Match list holds `etag`, compared weakly (RFC 9110 §13.1.2): a proxy may have weakened it."""
    return field_value.strip() == "*" or any(tag == etag for _, tag in _ENTITY_TAG.findall(field_value))


def matches_strongly(field_value: str, etag: str) -> bool:
    """Whether an If-Match list holds `etag`, by strong comparison (RFC 9110 §13.1.1)."""
    return field_value.strip() == "*" or any(tag == etag for weak, tag in _ENTITY_TAG.findall(field_value) if not weak)


def byte_range(field_value: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a Range of one part; None where the whole is to be sent (RFC 9110 §14.2).

    Several ranges, other units and what cannot be read are ignored, as a server may. Raises ValueError where the
    range begins behind the end (416).
    """
    match = _BYTE_RANGE.fullmatch(field_value)
    if not match or match[1] == match[2] == "":
        return None
    # A number that needs more than 18 digits is as good as the largest that does not.
    first, last = (int(digits.lstrip("0")[:18] or 0) if digits else None for digits in match.groups())
    if first is None:
        first, last = max(0, size - (last or 0)), size - 1
    elif last is not None and last < first:
        return None
    if first >= size:
        raise ValueError(field_value)
    return first, size - 1 if last is None else min(last, size - 1)


@lru_cache(maxsize=64)
def _raw(name: str, value: str) -> tuple[bytes, bytes]:
    """A header as it is sent; what most answers say is there once for all of them."""
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


_NOT_ALLOWED = _plain(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", ", ".join(METHODS)))
_PRECONDITION_FAILED = _plain(HTTPStatus.PRECONDITION_FAILED)


@dataclass(frozen=True)
class _Part:
    """Bytes of a file, the first and the last one included."""

    file: Path
    first: int
    last: int


@dataclass
class _Answer:
    """What goes out for one body: the start of a 200, of a 304, and the headers a 206 or 416 shares."""

    body: Body
    etag: str
    full: Message
    not_modified: Message
    shared: list[tuple[str, str]] = field(default_factory=list)


class Asset:
    """Answers every request for one address; an ASGI application.

    `bodies`: the same content in several codings. `headers`: those of every answer but 304, which keeps what RFC 9110
    §15.4.5 names. `status`: of a full answer; conditions and ranges are for 200 alone.
    """

    def __init__(self, media_type: str, bodies: Iterable[Body], headers: Headers = (), status: int = 200) -> None:
        self.media_type = media_type
        self.bodies = sorted(bodies, key=lambda body: body.size)
        self.headers = tuple(headers)
        self.status = status
        self._codings = tuple(body.coding for body in self.bodies)  # the smallest first
        self._answers = {body.coding: self._answer(body) for body in self.bodies}
        vary = [("Vary", "Accept-Encoding")] if len(self.bodies) > 1 else []
        self._not_acceptable = _plain(HTTPStatus.NOT_ACCEPTABLE, *vary)

    def _answer(self, body: Body) -> _Answer:
        kept = [(name, value) for name, value in self.headers if name in ("Cache-Control", "Content-Location")]
        vary = [("Vary", "Accept-Encoding")] if len(self.bodies) > 1 else []
        coded = [("Content-Encoding", body.coding)] if body.coding != IDENTITY else []
        # A 304 lets a browser keep the headers it has: with other ones (frame-ancestors, say) it is another answer.
        etag = f'"{body.tag}-{hashlib.sha384(repr(self.headers).encode()).hexdigest()[:8]}"'
        ranges = [("Accept-Ranges", "bytes")] if self.status == 200 and not coded else []
        tagged = [("ETag", etag)] if self.status == 200 else []
        shared = [("Content-Type", self.media_type), *coded, *ranges, *vary, *tagged, *self.headers]
        return _Answer(
            body,
            etag,
            full=_start(self.status, [*shared, ("Content-Length", str(body.size))]),
            not_modified=_start(304, [*tagged, *vary, *kept]),
            shared=shared,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Answers, and says with which status."""
        start, content = self._answer_to(scope)
        if scope["method"] == "HEAD":
            content = b""
        if isinstance(content, bytes):
            await send(start)
            await send({"type": "http.response.body", "body": content})
        else:
            await _stream(send, start, content)
        return int(start["status"])

    def _answer_to(self, scope: Scope) -> tuple[Message, bytes | _Part]:
        """The start of the answer, and what follows."""
        if scope["method"] not in METHODS:
            return _NOT_ALLOWED
        asked = _read(scope)
        coding = choose(self._codings, asked.pop("accept-encoding", None))
        if coding is None:
            return self._not_acceptable
        answer = self._answers[coding]
        start, first, last = answer.full, 0, answer.body.size - 1
        if asked and self.status == 200:
            etag = answer.etag
            if "if-match" in asked and not matches_strongly(asked["if-match"], etag):
                return _PRECONDITION_FAILED
            if "if-none-match" in asked and matches(asked["if-none-match"], etag):
                return answer.not_modified, b""
            # Ranges are of GET alone (§14.2), and here of the identity: a part of a compressed body helps nobody.
            ranged = scope["method"] == "GET" and "range" in asked and coding == IDENTITY
            if ranged and asked.get("if-range", etag) == etag:
                try:
                    start, first, last = _partial(answer, asked["range"])
                except ValueError:
                    size = ("Content-Range", f"bytes */{answer.body.size}")
                    return _plain(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, size)
        content = answer.body.content
        if isinstance(content, bytes):
            return start, content[first : last + 1]  # the whole of it is not copied
        return start, _Part(content, first, last)


def _read(scope: Scope) -> dict[str, str]:
    """The request's headers that matter here; a field sent in several lines is one list (RFC 9110 §5.3)."""
    asked: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        if (name := _READ.get(raw_name)) is not None:
            value = raw_value.decode("latin-1")
            asked[name] = f"{asked[name]}, {value}" if name in asked else value
    return asked


def _partial(answer: _Answer, field_value: str) -> tuple[Message, int, int]:
    """The start of the answer to a Range, and its first and last byte. Raises ValueError as `byte_range` does."""
    size = answer.body.size
    part = byte_range(field_value, size)
    if part is None:
        return answer.full, 0, size - 1
    first, last = part
    told = [("Content-Range", f"bytes {first}-{last}/{size}"), ("Content-Length", str(last - first + 1))]
    return _start(206, [*answer.shared, *told]), first, last


async def _stream(send: Send, start: Message, part: _Part) -> None:
    async with aiofiles.open(part.file, "rb") as file:
        await send(start)  # after the file could be opened: until then an error is still an honest 500
        await file.seek(part.first)
        left = part.last - part.first + 1
        while left > 0:
            chunk = await file.read(min(CHUNK, left))
            if not chunk:
                raise OSError(f"{part.file} ended {left} bytes too soon")
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
