"""The ways in which RingCentral refuses an app, and what may respond in its place: for `platform.refusal`.

Forms, statuses and words are those that users have quoted (`docs/widget.md`, When RingCentral refuses). OAU-101 is a
code that the host does not know.
"""

import html
import json
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

Refusal = Callable[[Request], Awaitable[Response]]  # makes the authorize address's response

ERRORS: Mapping[str, tuple[str, str]] = {  # `error` and words by code
    "OAU-109": ("invalid_grant", "Redirect URIs do not match"),
    "OAU-113": ("invalid_client", "No redirect uri is registered for the client"),
    "OAU-153": ("invalid_client", "Invalid client"),
    "OAU-101": ("invalid_request", "Parameter [brandId] is invalid"),
}
STATUSES = (400, 403)
RETRY_AFTER_SECONDS = 60

ERROR_PAGE = """<!doctype html>
<html lang="en">
<title>RingCentral</title>
<h1>Something went wrong</h1>
<p>{words}</p>
<p>Error code: {code}</p>
</html>
"""
PORTAL = """<!doctype html>
<html lang="en">
<title>Welcome to our guest network</title>
<p>Accept the terms to go on{to}.</p>
<form method="post" action="/accept"><button>Accept</button></form>
</html>
"""


def in_json(code: str, status: int = STATUSES[0]) -> Refusal:
    error, words = ERRORS[code]
    body = {"error": error, "errors": [{"errorCode": code, "message": words}], "error_description": words}
    return always(status, json.dumps(body), "application/json")


def in_flat_json(code: str, status: int = STATUSES[0]) -> Refusal:
    """The form of its newer services."""
    error, words = ERRORS[code]
    return always(
        status, json.dumps({"error": error, "error_description": words, "error_code": code}), "application/json"
    )


def in_page(code: str, status: int = STATUSES[0]) -> Refusal:
    return always(status, ERROR_PAGE.format(code=code, words=ERRORS[code][1]))


def always(status: int, body: str, media_type: str = "text/html", **headers: str) -> Refusal:
    """The same response to every request; `_` in the names of headers is `-`."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}

    async def respond(_: Request) -> Response:
        return Response(body, status, fields, media_type)

    return respond


def redirect_to(address: str) -> Refusal:
    async def respond(_: Request) -> Response:
        return RedirectResponse(address, 302)

    return respond


async def an_error_at_the_redirect_uri(request: Request) -> Response:
    """For a known app and redirect URI, but a flow that the app may not use (RFC 6749 §4.1.2.1)."""
    error = {"error": "unauthorized_client", "error_description": "The client is unauthorized for the grant type"}
    query = urlencode({**error, "state": request.query_params["state"]})
    return RedirectResponse(f"{request.query_params['redirect_uri']}?{query}", 302)


async def a_portal_that_quotes(request: Request) -> Response:
    """A guest network's page that repeats the requested address."""
    return HTMLResponse(PORTAL.format(to=f" to {html.escape(str(request.url))}"))


async def a_hang(request: Request) -> Response:
    """No response until the client has disconnected."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=204)


too_many = always(429, "Too many requests", "text/plain", Retry_After=str(RETRY_AFTER_SECONDS))
an_error = always(500, "Internal Server Error", "text/plain")
a_portal = always(200, PORTAL.format(to=""))
a_portal_elsewhere = redirect_to("https://wifi.example.net/welcome")

# All of them, by a name for a test.
REFUSALS: Mapping[str, Refusal] = {
    **{f"{code} in JSON, {status}": in_json(code, status) for code in ERRORS for status in STATUSES},
    **{f"{code} in flat JSON": in_flat_json(code) for code in ERRORS},
    **{f"{code} in a page, {status}": in_page(code, status) for code in ERRORS for status in STATUSES},
    "an error at the redirect URI": an_error_at_the_redirect_uri,
    "too many requests": too_many,
    "an error": an_error,
    "a hang": a_hang,
    "a portal": a_portal,
    "a portal that quotes": a_portal_that_quotes,
    "a portal elsewhere": a_portal_elsewhere,
}

# The fault of each of them.
FAULT_BY_CODE = {
    "OAU-109": "redirect-uri-unregistered",
    "OAU-113": "wrong-app-type",
    "OAU-153": "client-unknown",
    "OAU-101": "registration-refused",
}
FAULT_BY_REFUSAL: Mapping[str, str] = {
    **{name: FAULT_BY_CODE.get(name.partition(" ")[0], "registration-unclear") for name in REFUSALS},
    "an error at the redirect URI": "registration-refused",
}
