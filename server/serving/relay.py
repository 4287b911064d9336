"""The relay: the redirect page leaves a sealed answer with the host, and the app's frame takes it.

It is the one address beside the mapping that browsers know: `/relay/ID` and `/NAME/relay/ID`. POST leaves a letter, GET
waits for it, and both are for pages of this origin alone. The host cannot open a letter, and tells nobody its name.
"""

import asyncio
import contextlib
import errno
import logging
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from server.answer.policy import relay_headers
from server.config.settings import Settings
from server.serving.letters import LIMIT, Letters, TooMany
from server.serving.metrics import Metrics

log = logging.getLogger("server")

RELAY = "/relay/"  # what all its addresses are called in metrics and logs
ADDRESS = re.compile(r"/(?:([a-z0-9][a-z0-9-]*)/)?relay/([0-9a-f]{64})")
METHODS = "GET, POST"
LETTER_TYPE = "application/octet-stream"
CLIENT_CLOSED = 499  # nginx's status for a request whose client has gone: nothing is sent

WAIT_SECONDS = 25.0  # that a GET waits for a letter
BODY_SECONDS = 10.0  # that the body of a POST may take
LOOK_SECONDS = 0.05  # between looks at the folder, while somebody waits: another process may have left a letter
SWEEP_SECONDS = 10.0
RETRY_AFTER = {"Retry-After": "2"}  # seconds


class Relay:
    """The letters of all profiles, and who waits for them in this process.

    A letter of a profile can be taken at that profile's address alone.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._metrics = metrics
        self._folders: dict[Path, Letters] = {}  # all there were since the start: what lies there expires
        self._arrivals: dict[str, set[asyncio.Future[None]]] = {}
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None
        self._is_stopping = False
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Goes by other settings from now on."""
        self._settings = settings
        folder = settings.relay_folder
        self._letters = self._folders.setdefault(folder, Letters(folder))
        self._troubles: set[str | None] = set()  # that were told, and are not over yet

    def letter(self, path: str) -> str | None:
        """The name of the letter at `path`; None where there is no relay."""
        match = ADDRESS.fullmatch(path) if self._settings.relay.enabled else None
        if not match or (match[1] and match[1] not in self._settings.profiles):
            return None
        return f"{match[2]}.{match[1]}" if match[1] else match[2]

    def stop(self) -> None:
        """Lets everybody go who waits, and nobody wait any more."""
        self._is_stopping = True
        for name in list(self._arrivals):
            self._wake(name)

    async def sweep(self) -> None:
        """Removes what has expired, again and again."""
        while True:
            for letters in list(self._folders.values()):
                try:
                    expired = await asyncio.to_thread(letters.sweep)
                    self._count("expired", expired)
                except OSError as error:
                    self._tell(error)
            await asyncio.sleep(SWEEP_SECONDS)

    async def answer(self, name: str, scope: Scope, receive: Receive, send: Send) -> int:
        """Answers a request for the letter called `name`, and says with which status."""
        request = Request(scope, receive)
        try:
            response = await self._respond(name, request)
        except HTTPException as refusal:
            response = _response(refusal.status_code, headers=refusal.headers)
        except ClientDisconnect:
            return CLIENT_CLOSED
        await response(scope, receive, send)
        return response.status_code

    async def _respond(self, name: str, request: Request) -> Response:
        if request.method == "GET":
            if not _is_of_own_origin(request.headers):
                raise HTTPException(HTTPStatus.FORBIDDEN)
            return await self._take(name, request)
        if request.method != "POST":
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": METHODS})
        try:
            return await self._leave(name, await _letter(request))
        except HTTPException:
            self._count("refused")
            raise

    # Leaving

    async def _leave(self, name: str, content: bytes) -> Response:
        try:
            is_new = await asyncio.to_thread(self._letters.leave, name, content, self._settings.relay.letters)
        except TooMany:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers=RETRY_AFTER) from None
        except OSError as error:
            raise self._refusal(error) from None
        self._troubles.clear()
        if not is_new:
            return _response(HTTPStatus.CONFLICT)
        self._count("left")
        self._wake(name)
        return _response(HTTPStatus.CREATED)

    # Taking

    async def _take(self, name: str, request: Request) -> Response:
        if self._waiting >= self._settings.relay.waiting:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers=RETRY_AFTER)
        self._waiting += 1
        gone = asyncio.create_task(_hung_up(request))
        try:
            content = await self._wait(name, gone)
            if gone.done():
                await self._put_back(name, content)
                raise ClientDisconnect
        except OSError as error:
            raise self._refusal(error) from None
        finally:
            self._waiting -= 1
            gone.cancel()
        if content is None:
            return _response(HTTPStatus.NO_CONTENT)
        self._count("taken")
        return _response(HTTPStatus.OK, content)

    async def _wait(self, name: str, gone: asyncio.Task[None]) -> bytes | None:
        """The letter as soon as it is there; None where that takes too long or nobody waits for it any more."""
        end = asyncio.get_running_loop().time() + WAIT_SECONDS
        while True:
            with self._expecting(name) as arrival:
                if gone.done():
                    return None
                if content := await asyncio.to_thread(self._letters.take, name):
                    return content
                left = end - asyncio.get_running_loop().time()
                if left <= 0 or self._is_stopping:
                    return None
                await asyncio.wait((gone, arrival), timeout=left, return_when=asyncio.FIRST_COMPLETED)

    @contextlib.contextmanager
    def _expecting(self, name: str) -> Iterator[asyncio.Future[None]]:
        """A future that is done as soon as the letter lies there."""
        arrival = asyncio.get_running_loop().create_future()
        self._arrivals.setdefault(name, set()).add(arrival)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield arrival
        finally:
            self._arrivals[name].discard(arrival)
            if not self._arrivals[name]:
                del self._arrivals[name]

    async def _look(self) -> None:
        """Looks at the folder while somebody waits: it says what other processes have left."""
        while self._arrivals:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                there = await asyncio.to_thread(self._letters.names)
            except OSError as error:
                self._tell(error)
                continue
            for name in there & self._arrivals.keys():
                self._wake(name)

    def _wake(self, name: str) -> None:
        for arrival in self._arrivals.get(name, ()):
            if not arrival.done():
                arrival.set_result(None)

    async def _put_back(self, name: str, content: bytes | None) -> None:
        """A letter that was taken for somebody who has gone meanwhile."""
        if content is not None:
            await asyncio.to_thread(self._letters.leave, name, content)
            self._wake(name)

    # What is told

    def _count(self, outcome: str, letters: int = 1) -> None:
        self._metrics.letters.labels(outcome).inc(letters)

    def _refusal(self, error: OSError) -> HTTPException:
        self._tell(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return HTTPException(HTTPStatus.INSUFFICIENT_STORAGE)
        return HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers=RETRY_AFTER)

    def _tell(self, error: OSError) -> None:
        """Tells what is wrong with the folder, once until a letter can be left again. The error names a letter."""
        if error.strerror not in self._troubles:
            self._troubles.add(error.strerror)
            log.error(
                "The relay cannot use its folder %s: %s. Sign-ins that need it fail until it can: make the folder "
                "writable, make room, or name another (relay.folder).",
                self._letters.folder.absolute(),
                error.strerror,
            )


def _response(status: int, content: bytes | None = None, headers: Mapping[str, str] | None = None) -> Response:
    if content is None and status >= HTTPStatus.BAD_REQUEST:
        told = f"{status} {HTTPStatus(status).phrase}\n"
        return Response(told, status, {**dict(relay_headers()), **(headers or {})}, "text/plain")
    return Response(content, status, dict(relay_headers()), LETTER_TYPE if content else None)


def _is_of_own_origin(headers: Headers) -> bool:
    """Whether a page of this origin asks, or nobody's.

    Browsers say whose a request is (Fetch Metadata, Sec-Fetch-Site). Older ones name the origin alone: behind a proxy
    the host does not know its own, but its name, which is the Host field's (RFC 9110 §7.2).
    """
    if sites := headers.getlist("sec-fetch-site"):
        return sites == ["same-origin"]
    name = _host_name(f"//{headers.get('host', '')}")
    return all(name and _host_name(origin) == name for origin in headers.getlist("origin"))


def _host_name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


async def _letter(request: Request) -> bytes:
    """The letter that a POST brings. Raises HTTPException for what is none, and ClientDisconnect."""
    if not _is_of_own_origin(request.headers):
        raise _unread(HTTPStatus.FORBIDDEN)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != LETTER_TYPE:
        raise _unread(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if int(request.headers.get("content-length", 0)) > LIMIT:
        raise _unread(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                content += part
                if len(content) > LIMIT:
                    raise _unread(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TimeoutError:
        raise _unread(HTTPStatus.REQUEST_TIMEOUT) from None
    if not content:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return bytes(content)


def _unread(status: HTTPStatus) -> HTTPException:
    """A refusal before the body was read to its end, of which there need not be one."""
    return HTTPException(status, headers={"Connection": "close"})


async def _hung_up(request: Request) -> None:
    """Returns when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
