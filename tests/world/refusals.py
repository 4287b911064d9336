"""The ways in which RingCentral says no, and what may answer in its place: for `platform.refusal`.

Shapes, statuses and words are those that users have quoted (`widget.md`, When RingCentral says no). OAU-101 stands for
the codes that nothing here knows.
"""

import html
import json
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

Refusal = Callable[[Request], Awaitable[Response]]  # what the authorize address answers instead of a login page

SAID: Mapping[str, tuple[str, str]] = {  # `error` and words by code
    "OAU-109": ("invalid_grant", "Redirect URIs do not match"),
    "OAU-113": ("invalid_client", "No redirect uri is registered for the client"),
    "OAU-153": ("invalid_client", "Invalid client"),
    "OAU-101": ("invalid_request", "Parameter [brandId] is invalid"),
}
STATUSES = (400, 403)
RETRY_AFTER = 60  # seconds

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
    error, words = SAID[code]
    body = {"error": error, "errors": [{"errorCode": code, "message": words}], "error_description": words}
    return always(status, json.dumps(body), "application/json")


def in_flat_json(code: str, status: int = STATUSES[0]) -> Refusal:
    """As its newer services write it."""
    error, words = SAID[code]
    return always(
        status, json.dumps({"error": error, "error_description": words, "error_code": code}), "application/json"
    )


def in_page(code: str, status: int = STATUSES[0]) -> Refusal:
    return always(status, ERROR_PAGE.format(code=code, words=SAID[code][1]))


def always(status: int, body: str, media_type: str = "text/html", **headers: str) -> Refusal:
    """The same to everybody; headers are named with `_` for `-`."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: Request) -> Response:
        return Response(body, status, told, media_type)

    return answer


def led_to(address: str) -> Refusal:
    async def answer(_: Request) -> Response:
        return RedirectResponse(address, 302)

    return answer


async def told_at_the_redirect_uri(request: Request) -> Response:
    """An app and an address that RingCentral knows, and a flow that the app may not use (RFC 6749 §4.1.2.1)."""
    told = {"error": "unauthorized_client", "error_description": "The client is unauthorized for the grant type"}
    query = urlencode({**told, "state": request.query_params["state"]})
    return RedirectResponse(f"{request.query_params['redirect_uri']}?{query}", 302)


async def a_portal_that_quotes(request: Request) -> Response:
    """A guest network's page that repeats the address it stands before."""
    return HTMLResponse(PORTAL.format(to=f" to {html.escape(str(request.url))}"))


async def a_hang(request: Request) -> Response:
    """No answer until whoever asked has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=204)


too_many = always(429, "Too many requests", "text/plain", Retry_After=str(RETRY_AFTER))
an_error = always(500, "Internal Server Error", "text/plain")
a_portal = always(200, PORTAL.format(to=""))
a_portal_elsewhere = led_to("https://wifi.example.net/welcome")

# Every way there is, by a name that a test can be called by.
REFUSALS: Mapping[str, Refusal] = {
    **{f"{code} in JSON, {status}": in_json(code, status) for code in SAID for status in STATUSES},
    **{f"{code} in flat JSON": in_flat_json(code) for code in SAID},
    **{f"{code} in a page, {status}": in_page(code, status) for code in SAID for status in STATUSES},
    "an error at the redirect URI": told_at_the_redirect_uri,
    "too many requests": too_many,
    "an error": an_error,
    "a hang": a_hang,
    "a portal": a_portal,
    "a portal that quotes": a_portal_that_quotes,
    "a portal elsewhere": a_portal_elsewhere,
}

# The fault that each of them is.
OF_CODES = {
    "OAU-109": "redirect-uri-unregistered",
    "OAU-113": "app-of-another-kind",
    "OAU-153": "client-unknown",
    "OAU-101": "registration-refused",
}
NOT_KNOWN: Mapping[str, str] = {
    **{name: OF_CODES.get(name.partition(" ")[0], "registration-unclear") for name in REFUSALS},
    "an error at the redirect URI": "registration-refused",
}
