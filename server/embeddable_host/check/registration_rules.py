"""Judging one answer of RingCentral's authorize address: does it know the app, does it say no, or is it somebody else?

RingCentral shows its login page, or leads to it, where it knows client id and redirect URI. Else it says an error, as
JSON, as a page, or at the redirect URI (`widget.md`, When RingCentral says no; RFC 6749 §4.1.2.1). Its codes are what
counts: its words change (developers.ringcentral.com/guide/basics/errors). A code that is not in the table of faults is
shown and not guessed at. A proxy or a guest network may answer as well, with pages and redirects of its own.
"""

import contextlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx2

from embeddable_host.check.client import printable, status_line
from embeddable_host.check.rules import CLIENT_ERRORS, REDIRECTIONS
from embeddable_host.faults.faults import FAULTS

KNOWN = "known"
REFUSED = "registration-refused"  # with a code that the table does not know
UNCLEAR = "registration-unclear"
UNKNOWN = "client-unknown"
BY_CODE = {fault.code: name for name, fault in FAULTS.items() if fault.code}

HOME = "ringcentral.com"  # the login pages of all brands are at login.ringcentral.com
CODE = re.compile(r"\bOAU-\d+\b")
LOGIN = re.compile(r"log[ -]?in|sign[ -]?in|\bsso\b|password", re.IGNORECASE)
UNSEEN = re.compile(r"<(script|style|template)\b.*?(</\1\s*>|$)|<!--.*?(-->|$)|<[^>]*>", re.DOTALL | re.IGNORECASE)
SHOWN = 300  # characters of what came
BEFORE_CODE = 120  # of them, before a code that stands further down in a page
PASSING = ("server_error", "temporarily_unavailable")  # errors that say nothing of the app (RFC 6749 §4.1.2.1)


@dataclass(frozen=True)
class Asked:
    """What was asked: `server` is its address without a last slash."""

    server: str
    client_id: str
    redirect_uri: str


@dataclass(frozen=True)
class Reply:
    """What came; `address` is that of the request, `text` the beginning of the body."""

    address: httpx2.URL
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Verdict:
    """`result`: "known" or the name of a fault. `response`: what response, in at most 300 printable characters."""

    result: str
    response: str


def judge(asked: Asked, reply: Reply, unsaid: Sequence[str]) -> Verdict:
    """What the reply says of the app. `unsaid`: values that are to be shown nowhere."""
    result, *told = _read(asked, reply)
    came = ", ".join(filter(None, (status_line(reply.status), *told)))
    for value in unsaid:
        came = came.replace(value, "…")
    return Verdict(result, shown(came))


def shown(text: str) -> str:
    """Text from outside in one line, as a terminal may have it."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _read(asked: Asked, reply: Reply) -> tuple[str, ...]:
    """The result, and what came beside the status."""
    if reply.status in REDIRECTIONS:
        return _read_redirect(asked, reply)
    said = _said(_json(reply.text)) or _code_in_page(reply.text)
    is_refusal = reply.status in CLIENT_ERRORS and reply.status != HTTPStatus.TOO_MANY_REQUESTS
    if said and (is_refusal or CODE.search(said)):
        return _result(said), said
    if reply.status == HTTPStatus.OK and _is_login_page(asked, reply.text):
        return KNOWN, "RingCentral's login page"
    waits = f"Retry-After: {reply.headers['Retry-After']}" if "Retry-After" in reply.headers else ""
    return UNCLEAR, waits, said or _visible(reply.text)


def _result(said: str) -> str:
    code = CODE.search(said)
    if code is None and said.startswith(PASSING):
        return UNCLEAR
    return BY_CODE.get(code[0], REFUSED) if code else REFUSED


# What is said


def _json(text: str) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(text)


def _said(error: Any) -> str:
    """Code and words of an OAuth error (RFC 6749 §5.2) as RingCentral writes it; empty for anything else."""
    if not isinstance(error, dict):
        return ""
    listed = error.get("errors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    codes = [first.get("errorCode"), error.get("error_code"), error.get("errorCode"), error.get("error")]
    words = [error.get("error_description"), first.get("message"), error.get("message")]
    code = next(_texts(codes), "")
    return ": ".join(_texts([code, next(_texts(words), "")])) if code else ""


def _texts(values: Sequence[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and value)


def _code_in_page(text: str) -> str:
    """What a reader sees of a page around its code; empty where there is none."""
    words = _visible(text)
    code = CODE.search(words)
    return words[max(0, code.start() - BEFORE_CODE) :] if code else ""


def _visible(text: str) -> str:
    """What a reader sees of a page."""
    return " ".join(html.unescape(UNSEEN.sub(" ", text)).split())


# Who says it


def _read_redirect(asked: Asked, reply: Reply) -> tuple[str, ...]:
    there = reply.address.join(_url(reply.headers.get("Location", "")))
    place = _place(there)
    is_ringcentrals = _is_ringcentrals(asked, there)
    error = dict(parse_qsl(there.query.decode("ascii", "replace")) + parse_qsl(there.fragment))
    said = _said(error)
    if said and (is_ringcentrals or place == _place(_url(asked.redirect_uri))):
        return _result(said), f"to {place}", said
    if is_ringcentrals and there.path != reply.address.path and LOGIN.search(f"{there.host}{there.path}"):
        return KNOWN, f"to {place}"
    return UNCLEAR, f"to {place}"


def _url(text: str) -> httpx2.URL:
    """`text` as an address; an empty one where it cannot be read."""
    try:
        return httpx2.URL(text)
    except httpx2.InvalidURL:
        return httpx2.URL("")


def _place(address: httpx2.URL) -> str:
    """An address without what may hold a code or a password: query, fragment, user."""
    return str(address.copy_with(query=None, fragment=None, userinfo=b""))


def _is_ringcentrals(asked: Asked, there: httpx2.URL) -> bool:
    """Whether an address is of RingCentral, or of the domain that the server asked is of."""
    domains = (HOME, _domain(asked.server))
    return there.scheme == "https" and any(f".{there.host}".endswith(f".{domain}") for domain in domains)


def _domain(server: str) -> str:
    """The domain that a server is of: `platform.example.com` is of example.com."""
    host = _url(server).host
    parent = host.partition(".")[2]
    return parent if "." in parent else host


def _is_login_page(asked: Asked, page: str) -> bool:
    """Whether a page lets a user log in to RingCentral, and does not merely repeat what was asked, as a portal may."""
    server, redirect_uri = _url(asked.server), _url(asked.redirect_uri)
    page = unquote(unquote(page))  # the redirect URI is quoted in the address, and that may be quoted in another
    for ours in filter(None, (server.host, redirect_uri.host, redirect_uri.path.strip("/"), asked.client_id)):
        page = page.replace(ours, "")
    names = (HOME.partition(".")[0], _domain(asked.server))
    return LOGIN.search(page) is not None and any(name in page.lower() for name in names)
