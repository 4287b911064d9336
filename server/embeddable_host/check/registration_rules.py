"""What a response of RingCentral's authorize address means: is the app known, is it refused, or did others respond?

For a client id and redirect URI that it knows, RingCentral returns its login page or redirects to it. Otherwise it
returns an error: as JSON, as a page, or at the redirect URI (`docs/widget.md`, When RingCentral refuses; RFC 6749
§4.1.2.1). Only its codes count, since its words change (developers.ringcentral.com/guide/basics/errors). A code that
the table of faults does not have is shown, not guessed at. A proxy or a guest network may respond with pages and
redirects of its own.
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

from embeddable_host.check.client import redacted, status_line
from embeddable_host.check.rules import CLIENT_ERRORS, REDIRECTS
from embeddable_host.faults.faults import FAULTS
from embeddable_host.text import printable

KNOWN = "known"
REFUSED = "registration-refused"  # with a code that the table of faults does not have
UNCLEAR = "registration-unclear"
UNKNOWN = "client-unknown"
BY_CODE = {fault.code: name for name, fault in FAULTS.items() if fault.code}

DOMAIN = "ringcentral.com"  # the login pages of all brands are at login.ringcentral.com
CODE = re.compile(r"\bOAU-\d+\b")
LOGIN = re.compile(r"log[ -]?in|sign[ -]?in|\bsso\b|password", re.IGNORECASE)
# Each alternative matches up to the end where it is not closed, so that no text is searched twice.
INVISIBLE = re.compile(
    r"<(script|style|template)\b.*?(?:</\1\s*+>|\Z)|<!--.*?(?:-->|\Z)|<[a-z/!?][^>]*+>?", re.DOTALL | re.IGNORECASE
)
BEFORE_CODE = 120  # characters that are shown before a code in the middle of a page
TEMPORARY_ERRORS = ("server_error", "temporarily_unavailable")  # not about the app (RFC 6749 §4.1.2.1)


@dataclass(frozen=True)
class App:
    """The app that RingCentral is asked about; `server` has no slash at the end."""

    server: str
    client_id: str
    redirect_uri: str


@dataclass(frozen=True)
class Response:
    """The response to a request for `url`; `text` is the beginning of its body."""

    url: httpx2.URL
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Result:
    """`name`: "known" or the name of a fault. `response`: RingCentral's response as one printable line."""

    name: str
    response: str


def examine(app: App, response: Response, secret: Sequence[str]) -> Result:
    """What the response means for the app. The values in `secret` are not shown."""
    name, *details = _examine(app, response)
    text = ", ".join(filter(None, (status_line(response.status), *details)))
    for value in secret:
        text = text.replace(value, "…")
    return Result(name, printable(text))


def _examine(app: App, response: Response) -> tuple[str, ...]:
    """The result's name, and what to show besides the status."""
    if response.status in REDIRECTS:
        return _examine_redirect(app, response)
    error = _error(_json(response.text)) or _error_in_page(response.text)
    is_refusal = response.status in CLIENT_ERRORS and response.status != HTTPStatus.TOO_MANY_REQUESTS
    if error and (is_refusal or CODE.search(error)):
        return _name(error), error
    if response.status == HTTPStatus.OK and _is_login_page(app, response.text):
        return KNOWN, "RingCentral's login page"
    retry_after = f"Retry-After: {response.headers['Retry-After']}" if "Retry-After" in response.headers else ""
    return UNCLEAR, retry_after, error or _visible(response.text)


def _name(error: str) -> str:
    code = CODE.search(error)
    if code is None and error.startswith(TEMPORARY_ERRORS):
        return UNCLEAR
    return BY_CODE.get(code[0], REFUSED) if code else REFUSED


# The error


def _json(text: str) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(text)


def _error(values: Any) -> str:
    """Code and words of an OAuth error (RFC 6749 §5.2) in RingCentral's forms; empty for anything else."""
    if not isinstance(values, dict):
        return ""
    listed = values.get("errors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    codes = [first.get("errorCode"), values.get("error_code"), values.get("errorCode"), values.get("error")]
    words = [values.get("error_description"), first.get("message"), values.get("message")]
    code = next(_texts(codes), "")
    return ": ".join(_texts([code, next(_texts(words), "")])) if code else ""


def _texts(values: Sequence[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and value)


def _error_in_page(text: str) -> str:
    """The visible text of a page around its code; empty if it has none."""
    words = _visible(text)
    code = CODE.search(words)
    return words[max(0, code.start() - BEFORE_CODE) :] if code else ""


def _visible(text: str) -> str:
    """The visible text of a page."""
    text = INVISIBLE.sub(" ", text)
    with contextlib.suppress(ValueError):  # a character reference with thousands of digits
        text = html.unescape(text)
    return " ".join(text.split())


# Who responded


def _examine_redirect(app: App, response: Response) -> tuple[str, ...]:
    there = response.url.join(_url(response.headers.get("Location", "")))
    place = str(redacted(there))
    is_ringcentral = _is_ringcentral(app, there)
    error = _error(dict(parse_qsl(there.query.decode("ascii", "replace")) + parse_qsl(there.fragment)))
    if error and (is_ringcentral or place == str(redacted(_url(app.redirect_uri)))):
        return _name(error), f"to {place}", error
    if is_ringcentral and there.path != response.url.path and LOGIN.search(f"{there.host}{there.path}"):
        return KNOWN, f"to {place}"
    return UNCLEAR, f"to {place}"


def _url(text: str) -> httpx2.URL:
    """`text` as a URL; an empty one if it is none."""
    try:
        return httpx2.URL(text)
    except httpx2.InvalidURL:
        return httpx2.URL("")


def _is_ringcentral(app: App, url: httpx2.URL) -> bool:
    """Whether an address belongs to RingCentral, or to the domain of the app's server."""
    domains = (DOMAIN, _domain(app.server))
    return url.scheme == "https" and any(f".{url.host}".endswith(f".{domain}") for domain in domains)


def _domain(server: str) -> str:
    """The domain of a server: example.com for platform.example.com."""
    host = _url(server).host
    parent = host.partition(".")[2]
    return parent if "." in parent else host


def _is_login_page(app: App, page: str) -> bool:
    """Whether a page is a login to RingCentral, and does not only quote the request, as a portal may."""
    server, redirect_uri = _url(app.server), _url(app.redirect_uri)
    page = unquote(unquote(page))  # the redirect URI is quoted in the address, which may be quoted in another
    for value in filter(None, (server.host, redirect_uri.host, redirect_uri.path.strip("/"), app.client_id)):
        page = page.replace(value, "")
    names = (DOMAIN.partition(".")[0], _domain(app.server))
    return LOGIN.search(page) is not None and any(name in page.lower() for name in names)
