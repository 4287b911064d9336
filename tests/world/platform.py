"""RingCentral's side of a sign-in: the login page and the token endpoint, which record their requests.

The login page goes on to the redirect URI at once: with a code, or with the callback that `platform.outcome` names.
With `platform.severs_openers` it has `Cross-Origin-Opener-Policy: same-origin`, as a company's single sign-on page may.
With `platform.waits_for_users` it has a link instead, for the user to press. With `platform.has_login_host` the
authorize address redirects to a login page on another host. `platform.refusal` (see `refusals`) replaces all of this.

The token endpoint is strict: a code can be used once, for the redirect URI, the client and the PKCE challenge that it
was issued for. A token has the scopes of `platform.scope`, until it is revoked.
"""

import base64
import hashlib
import html
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from world.refusals import Refusal

LOGIN_HOST = "login.ringcentral.com"
Outcome = Literal["code", "denied", "implicit"]

LOGIN_PAGE = """<!doctype html>
<title>Sign in to RingCentral</title>
<script>window.addEventListener("load", () => {{ location.href = {address}; }});</script>
"""
WAITING_PAGE = """<!doctype html>
<title>Sign in to RingCentral</title>
<a href="{address}">Sign in</a>
"""


@dataclass(frozen=True)
class Grant:
    """What a code was issued for."""

    client_id: str
    redirect_uri: str
    challenge: str


@dataclass(frozen=True)
class TokenRequest:
    server: str  # its host name, such as "platform.ringcentral.com"
    client_id: str
    redirect_uri: str
    code: str  # or the JWT
    granted: bool
    grant_type: str = "authorization_code"


@dataclass
class Platform:
    outcome: Outcome = "code"
    severs_openers: bool = False
    waits_for_users: bool = False
    has_login_host: bool = False
    refusal: Refusal | None = None
    refusals: dict[str, Refusal] = field(default_factory=dict)  # of one server, by its host name
    scope: str = "ReadAccounts"
    token_refusal: tuple[int, str] | None = None  # the status and OAuth's error (RFC 6749 §5.2)
    revocation_status: int = 200
    allows_pages: bool = True  # by CORS, to request and revoke tokens
    authorized: list[str] = field(default_factory=list)  # the authorize addresses that windows have opened
    tokens: list[TokenRequest] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)
    jwts: list[str] = field(default_factory=list)  # those that are exchanged for a token
    token_uri: str = ""  # in callbacks of sign-ins with discovery
    issued: list[str] = field(default_factory=list)  # every token
    revoked: list[str] = field(default_factory=list)  # the tokens that were revoked

    def forget(self) -> None:
        vars(self).update(vars(Platform()))

    @property
    def codes(self) -> list[str]:
        """Every code that was issued, oldest first."""
        return list(self.grants)

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/entry-points/initial", self.entry_points),
            Route("/restapi/oauth/authorize", self.authorize),
            Route("/login", self.log_in),
            Route("/restapi/oauth/token", self.token, methods=["POST"]),
            Route("/restapi/oauth/revoke", self.revoke, methods=["POST"]),
        ]

    async def entry_points(self, request: Request) -> Response:
        """What an app learns by discovery before a sign-in."""
        return JSONResponse({"authApi": {"authorizationUri": f"https://{LOGIN_HOST}/restapi/oauth/authorize"}})

    async def authorize(self, request: Request) -> Response:
        self.authorized.append(str(request.url))
        if refusal := self.refusals.get(request.url.hostname or "", self.refusal):
            return await refusal(request)
        if self.has_login_host:
            return RedirectResponse(f"https://{LOGIN_HOST}/login?{request.url.query}", 302)
        return await self.log_in(request)

    async def log_in(self, request: Request) -> Response:
        query = request.query_params
        address = self.callback(query)
        policy = {"Cross-Origin-Opener-Policy": "same-origin"} if self.severs_openers else {}
        if self.waits_for_users:
            return HTMLResponse(WAITING_PAGE.format(address=html.escape(address)), headers=policy)
        return HTMLResponse(LOGIN_PAGE.format(address=json.dumps(address)), headers=policy)

    def callback(self, query: Mapping[str, str]) -> str:
        """The callback (RFC 6749 §4.1.2, §4.1.2.1, §4.2.2)."""
        redirect_uri, state = query["redirect_uri"], query["state"]
        if self.outcome == "denied":
            denial = {"error": "access_denied", "error_description": "The user said no.", "state": state}
            return f"{redirect_uri}?{urlencode(denial)}"
        if self.outcome == "implicit":
            token = {"access_token": secrets.token_urlsafe(), "token_type": "bearer", "state": state}
            return f"{redirect_uri}#{urlencode(token)}"
        code = secrets.token_urlsafe()
        self.grants[code] = Grant(query["client_id"], redirect_uri, query.get("code_challenge", ""))
        callback = {"code": code, "state": state}
        if query.get("discovery"):
            callback |= {"token_uri": self.token_uri, "discovery_uri": f"https://{LOGIN_HOST}/.well-known/entry-points"}
        return f"{redirect_uri}?{urlencode(callback)}"

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        granted = self.is_granted(form)
        server = request.headers["host"]
        code = form.get("code") or form.get("assertion", "")
        redirect_uri = form.get("redirect_uri", "")  # a JWT's request has none
        self.tokens.append(TokenRequest(server, form["client_id"], redirect_uri, code, granted, form["grant_type"]))
        if self.token_refusal:
            status, error = self.token_refusal
            return JSONResponse({"error": error, "error_description": "The app was refused."}, status)
        if not granted:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.issued.append(secrets.token_urlsafe())
        return JSONResponse({"access_token": self.issued[-1], "token_type": "bearer", "scope": self.scope})

    async def revoke(self, request: Request) -> Response:
        """Revokes a token (RFC 7009 §2.1)."""
        form = dict(parse_qsl((await request.body()).decode()))
        self.revoked.append(form["token"])
        return Response(status_code=self.revocation_status)

    def is_granted(self, form: Mapping[str, str]) -> bool:
        if "assertion" in form:  # RFC 7523 §2.1
            return form["assertion"] in self.jwts
        is_first = form["code"] not in [earlier.code for earlier in self.tokens]
        presented = Grant(form["client_id"], form["redirect_uri"], s256(form.get("code_verifier", "")))
        return is_first and self.grants.get(form["code"]) == presented


class Cors(CORSMiddleware):
    """Allows pages of every origin, as long as the platform does."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        super().__init__(app, allow_methods=["POST"], allow_headers=["*"], allow_credentials=True)
        self.platform = platform

    def is_allowed_origin(self, origin: str) -> bool:
        return self.platform.allows_pages


def s256(verifier: str) -> str:
    """The code challenge of a verifier (RFC 7636 §4.2); none without one."""
    if not verifier:
        return ""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
