"""Asking RingCentral whether it knows each profile's app: at the authorize address, as the widget's window does.

No credential goes along, no redirect is followed, no cookie is kept. A client id goes to its own server alone, and
where that is one of RingCentral's two and does not know it, to the other, once. A proxy that the environment names
(HTTPS_PROXY, NO_PROXY) stands between, as for any program that asks the outside.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import httpx2

from embeddable_host.check.registration_rules import KNOWN, UNCLEAR, UNKNOWN, Asked, Reply, Verdict, judge, shown
from embeddable_host.config.profiles import ProfileConfig, profiles_of
from embeddable_host.config.settings import Settings
from embeddable_host.contract import PRODUCTION, SANDBOX
from embeddable_host.faults.faults import Symptom
from embeddable_host.progress import Progress
from embeddable_host.responses.body import IDENTITY

AUTHORIZE = "/restapi/oauth/authorize"
OTHERS = {PRODUCTION: SANDBOX, SANDBOX: PRODUCTION}
ELSEWHERE = "client-of-the-other-server"
NO_CLIENT_ID = "no-client-id"

AT_A_TIME = 4
SECONDS = 20.0  # that one answer may take, from the name's look-up to its last byte
LIMIT = 256 * 1024  # bytes of an answer that are read: what counts stands at the beginning
HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",  # as a window asks
    "Accept-Encoding": IDENTITY,
    "Accept-Language": "en",
    "User-Agent": "embeddable-host check",
}


@dataclass(frozen=True)
class Registration:
    """What RingCentral says of one profile's app; `profile` is None for the default one.

    `result`: "known", "no-client-id", or the name of a fault. `response`: what response, to be read by a person.
    """

    profile: str | None
    client_id: str | None
    server: str
    redirect_uri: str
    result: str
    response: str

    @property
    def folder(self) -> str:
        return f"/{self.profile}/" if self.profile else "/"


async def ask_registrations(settings: Settings, address: str, progress: Progress) -> tuple[Registration, ...]:
    """What RingCentral says of every profile's app. `address`: where the host is, unless `public_url` says so."""
    pinned = settings.model_copy(update={"public_url": settings.public_url or address})
    profiles = [_unasked(profile) for profile in profiles_of(pinned)]
    apps = dict.fromkeys(_asked(one) for one in profiles if one.client_id)  # two profiles may have the same
    progress.begin("Asking RingCentral")
    progress.total(len(apps))
    turn = asyncio.Semaphore(AT_A_TIME)

    async def ask(app: Asked) -> Verdict:
        async with turn:
            verdict = await _verdict(app)
        progress.advance()
        return verdict

    verdicts = dict(zip(apps, await asyncio.gather(*(ask(app) for app in apps)), strict=True))
    return tuple(_told(one, verdicts.get(_asked(one))) for one in profiles)


def symptoms(registrations: Sequence[Registration]) -> Iterator[tuple[str, Symptom]]:
    """What is wrong, by the profile's folder."""
    for one in registrations:
        if one.result not in (KNOWN, NO_CLIENT_ID):
            expected = f"the login page, for client id {one.client_id} and redirect URI {one.redirect_uri}"
            yield one.folder, Symptom(one.result, expected, f"{one.server}: {one.response}")


def _unasked(profile: ProfileConfig) -> Registration:
    server = _server(profile.server)
    return Registration(profile.name, profile.client_id or None, server, profile.redirect_uri, NO_CLIENT_ID, "")


def _server(address: str) -> str:
    """A server's address as it is asked and shown: without a user, who would be a credential, and without a last slash.

    What the widget does not take for a server (its `src/app.js`) leads it to production. Of an address that cannot be
    read, the question says so.
    """
    if not address.startswith("https://") or "?" in address or "javascript" in address:
        return PRODUCTION
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        return f"https://{address.removeprefix('https://').rpartition('@')[2]}"
    return str(url.copy_with(userinfo=b"", fragment=None)).rstrip("/")


def _asked(one: Registration) -> Asked:
    return Asked(one.server, one.client_id or "", one.redirect_uri)


def _told(one: Registration, verdict: Verdict | None) -> Registration:
    return replace(one, result=verdict.result, response=verdict.response) if verdict else one


async def _verdict(app: Asked) -> Verdict:
    """Asks the app's server, and the other one whether it knows what this one does not."""
    verdict = await _ask(app)
    other = OTHERS.get(app.server)
    if verdict.result != UNKNOWN or other is None:
        return verdict
    there = await _ask(replace(app, server=other))
    if there.result in (UNKNOWN, UNCLEAR):
        return Verdict(UNKNOWN, shown(f"{verdict.response}; {other}: {there.response}"))
    return Verdict(ELSEWHERE, f"{verdict.response}; {other} knows it")


async def _ask(app: Asked) -> Verdict:
    """One request, with a client of its own: what a server sets is not sent to the next."""
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
            asyncio.timeout(SECONDS),
            httpx2.AsyncClient(verify=httpx2.create_ssl_context(), timeout=SECONDS) as client,
            client.stream("GET", f"{app.server}{AUTHORIZE}", params=query, headers=HEADERS) as response,
        ):
            reply = Reply(response.url, response.status_code, response.headers, await _beginning(response))
    except (TimeoutError, httpx2.TimeoutException):
        return Verdict(UNCLEAR, f"no answer within {SECONDS:.0f} seconds")
    except httpx2.ProxyError as error:
        return Verdict(UNCLEAR, shown(f"the proxy says {error}"))
    except httpx2.RequestError as error:
        return Verdict(UNCLEAR, shown(str(error) or type(error).__name__))
    except (httpx2.InvalidURL, ValueError, ImportError):  # their messages may have the password of a proxy
        return Verdict(UNCLEAR, "not asked: HTTPS_PROXY, or the address of the server, cannot be read")
    return judge(app, reply, unsaid=(state, challenge))


async def _beginning(response: httpx2.Response) -> str:
    """The text of the answer, as far as it is read; none of one that is encoded, which was not asked for."""
    if response.headers.get("Content-Encoding", IDENTITY) != IDENTITY:
        return ""
    read = bytearray()
    async for data in response.aiter_raw():
        read += data
        if len(read) >= LIMIT:
            break
    return read[:LIMIT].decode("utf-8", "replace")
