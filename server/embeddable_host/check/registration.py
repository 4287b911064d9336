"""Asks RingCentral whether it knows each profile's app, with the request that opens the widget's sign-in window.

The request carries no credential; no redirect is followed and no cookie kept. A client id is sent only to its own
server and, if that is one of RingCentral's two servers and does not know it, once to the other. Proxies of the
environment (HTTPS_PROXY, NO_PROXY) are used.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import httpx2

from embeddable_host.check.client import USER_AGENT
from embeddable_host.check.registration_rules import KNOWN, UNCLEAR, UNKNOWN, App, Response, Result, examine
from embeddable_host.config.profiles import ProfileConfig, profiles_of
from embeddable_host.config.settings import Settings
from embeddable_host.contract import PRODUCTION, SANDBOX
from embeddable_host.faults.faults import Symptom
from embeddable_host.limits import MAX_REGISTRATION_BYTES, REGISTRATION_SECONDS
from embeddable_host.progress import Progress
from embeddable_host.responses.body import IDENTITY
from embeddable_host.text import printable

AUTHORIZE_PATH = "/restapi/oauth/authorize"
OTHER_SERVER = {PRODUCTION: SANDBOX, SANDBOX: PRODUCTION}
WRONG_SERVER = "client-on-other-server"
NO_CLIENT_ID = "no-client-id"

MAX_CONNECTIONS = 4
HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",  # as for a window
    "Accept-Encoding": IDENTITY,
    "Accept-Language": "en",
    "User-Agent": USER_AGENT,
}


@dataclass(frozen=True)
class Registration:
    """What RingCentral responds about one profile's app; `profile` is None for the default one.

    `result`: "known", "no-client-id", or the name of a fault. `response`: RingCentral's response, for people.
    """

    profile: str | None
    client_id: str | None
    server: str
    redirect_uri: str
    result: str = NO_CLIENT_ID
    response: str = ""


async def request_registrations(settings: Settings, base: str, progress: Progress) -> tuple[Registration, ...]:
    """What RingCentral responds about every profile's app. `base`: the host's address, unless `public_url` is set."""
    profiles = profiles_of(settings if settings.public_url else settings.with_public_url(base))
    apps = dict.fromkeys(_app(profile) for profile in profiles if profile.client_id)  # profiles may share one
    progress.begin("Asking RingCentral")
    progress.total(len(apps))
    slots = asyncio.Semaphore(MAX_CONNECTIONS)

    async def request(app: App) -> Result:
        async with slots:
            result = await _find(app)
        progress.advance()
        return result

    results = dict(zip(apps, await asyncio.gather(*map(request, apps)), strict=True))
    return tuple(_registration(profile, results.get(_app(profile))) for profile in profiles)


def symptoms(registrations: Sequence[Registration]) -> Iterator[tuple[str, Symptom]]:
    """What is wrong, by the profile's folder."""
    for one in registrations:
        if one.result not in (KNOWN, NO_CLIENT_ID):
            folder = f"/{one.profile}/" if one.profile else "/"
            expected = f"the login page, for client id {one.client_id} and redirect URI {one.redirect_uri}"
            yield folder, Symptom(one.result, expected, f"{one.server}: {one.response}")


def _app(profile: ProfileConfig) -> App:
    return App(profile.server, profile.client_id, profile.redirect_uri)


def _registration(profile: ProfileConfig, result: Result | None) -> Registration:
    registration = Registration(profile.name, profile.client_id or None, profile.server, profile.redirect_uri)
    return replace(registration, result=result.name, response=result.response) if result else registration


async def _find(app: App) -> Result:
    """Asks the app's server and, if that does not know the app, the other server."""
    result = await _request(app)
    other = OTHER_SERVER.get(app.server)
    if result.name != UNKNOWN or other is None:
        return result
    elsewhere = await _request(replace(app, server=other))
    if elsewhere.name in (UNKNOWN, UNCLEAR):
        return Result(UNKNOWN, printable(f"{result.response}; {other}: {elsewhere.response}"))
    return Result(WRONG_SERVER, f"{result.response}; {other} knows it")


async def _request(app: App) -> Result:
    """One request, with a client of its own: cookies of one server do not reach the next."""
    state, verifier = secrets.token_urlsafe(), secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "response_type": "code",
        "redirect_uri": app.redirect_uri,
        "client_id": app.client_id,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    try:
        async with (
            asyncio.timeout(REGISTRATION_SECONDS),
            httpx2.AsyncClient(verify=httpx2.create_ssl_context(), timeout=REGISTRATION_SECONDS) as client,
            client.stream("GET", f"{app.server}{AUTHORIZE_PATH}", params=query, headers=HEADERS) as stream,
        ):
            response = Response(stream.url, stream.status_code, stream.headers, await _read(stream))
    except (TimeoutError, httpx2.TimeoutException):
        return Result(UNCLEAR, f"no response within {REGISTRATION_SECONDS:.0f} seconds")
    except httpx2.ProxyError as error:
        return Result(UNCLEAR, printable(f"error of the proxy: {error}"))
    except httpx2.RequestError as error:
        return Result(UNCLEAR, printable(str(error) or type(error).__name__))
    except (httpx2.InvalidURL, ValueError, ImportError):  # their messages may contain the password of a proxy
        return Result(UNCLEAR, "not requested: HTTPS_PROXY or the address of the server is not valid")
    return examine(app, response, secret=(state, challenge))


async def _read(response: httpx2.Response) -> str:
    """The beginning of the response's text; empty for one that is encoded, which was not requested."""
    if response.headers.get("Content-Encoding", IDENTITY) != IDENTITY:
        return ""
    content = bytearray()
    async for data in response.aiter_raw():
        content += data
        if len(content) >= MAX_REGISTRATION_BYTES:
            break
    return content[:MAX_REGISTRATION_BYTES].decode("utf-8", "replace")
