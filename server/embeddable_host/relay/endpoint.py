"""The relay's addresses: POST stores a sealed message, GET waits for it and takes it.

Both are only for pages of this origin. The host cannot open a message, and writes its name nowhere.
"""

import asyncio
import functools
import ipaddress
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from embeddable_host.config.settings import Settings
from embeddable_host.relay.folder import FolderStore
from embeddable_host.relay.protocol import (
    ADDRESS,
    BODY_TIMEOUT_SECONDS,
    CLIENT_SHARE,
    MAX_MESSAGE_BYTES,
    MEDIA_TYPE,
    METHODS,
    RETRY_AFTER_SECONDS,
    WAIT_SECONDS,
)
from embeddable_host.relay.store import ClientLimitReached, Limits, MessageStore, StoreError, StoreFull
from embeddable_host.responses.headers import relay_headers

log = logging.getLogger("embeddable_host")

Endpoint = Callable[[Scope, Receive, Send], Awaitable[int]]  # an ASGI application that returns the status it sent
Count = Callable[[str, int], None]  # counts messages by what became of them

CLIENT_CLOSED_REQUEST = 499  # nginx's status where the client has gone: nothing is sent
EXPIRE_INTERVAL_SECONDS = 10.0
RETRY_AFTER = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class Relay:
    """The messages of all profiles, and who waits for them in this process.

    A message of one profile cannot be taken at another's address. `count` is called with "stored", "delivered",
    "expired" or "rejected" and a number of messages.
    """

    def __init__(self, settings: Settings, count: Count) -> None:
        self._count = count
        self._stores: dict[Path, MessageStore] = {}  # all since the start: what older ones hold expires
        self._waiting: Counter[str] = Counter()  # requests, by client
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Applies other settings from now on."""
        self._settings = settings
        folder = settings.relay_dir
        self._store = self._stores.setdefault(folder, FolderStore(folder))
        self._reported: set[str] = set()  # what was wrong with the store and is not over yet

    def match(self, path: str) -> Endpoint | None:
        """The endpoint at `path`; None where there is none."""
        match = ADDRESS.fullmatch(path) if self._settings.relay.enabled else None
        if not match or (match[1] and match[1] not in self._settings.profiles):
            return None
        name = f"{match[2]}.{match[1]}" if match[1] else match[2]
        return functools.partial(self._endpoint, name)

    def stop(self) -> None:
        """Ends every wait at once, now and from now on."""
        for store in self._stores.values():
            store.release()

    async def expire(self) -> None:
        """Removes what has expired, again and again."""
        while True:
            for store in list(self._stores.values()):
                try:
                    self._count("expired", await store.expire())
                except StoreError as error:
                    self._report(error)
            await asyncio.sleep(EXPIRE_INTERVAL_SECONDS)

    async def _endpoint(self, name: str, scope: Scope, receive: Receive, send: Send) -> int:
        request = Request(scope, receive)
        try:
            response = await self._respond(name, request)
        except HTTPException as error:
            response = _response(error.status_code, headers=error.headers)
        except ClientDisconnect:
            return CLIENT_CLOSED_REQUEST
        await response(scope, receive, send)
        return response.status_code

    async def _respond(self, name: str, request: Request) -> Response:
        if request.method == "GET":
            if not _is_same_origin(request.headers):
                raise HTTPException(HTTPStatus.FORBIDDEN)
            return await self._take(name, request)
        if request.method != "POST":
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(METHODS)})
        try:
            return await self._put(name, await _message(request), request)
        except HTTPException:
            self._count("rejected", 1)
            raise

    async def _put(self, name: str, content: bytes, request: Request) -> Response:
        try:
            is_new = await self._store.put(name, content, self._limits(request))
        except StoreFull:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers=RETRY_AFTER) from None
        except ClientLimitReached:
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers=RETRY_AFTER) from None
        except StoreError as error:
            raise self._unavailable(error) from None
        self._reported.clear()
        if not is_new:
            return _response(HTTPStatus.CONFLICT)
        self._count("stored", 1)
        return _response(HTTPStatus.CREATED)

    async def _take(self, name: str, request: Request) -> Response:
        limits = self._limits(request)
        if self._waiting.total() >= limits.messages:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers=RETRY_AFTER)
        if limits.client and self._waiting[limits.client] >= limits.of_client:
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers=RETRY_AFTER)
        self._waiting[limits.client] += 1
        disconnected = asyncio.create_task(_disconnected(request))
        try:
            content = await self._store.take(name, WAIT_SECONDS, disconnected)
            if disconnected.done():
                if content is not None:  # taken for a client that has gone meanwhile: it may ask again
                    await self._store.put(name, content)
                raise ClientDisconnect
        except StoreError as error:
            raise self._unavailable(error) from None
        finally:
            self._waiting[limits.client] -= 1
            self._waiting += Counter()  # forgets clients that wait for nothing any more
            disconnected.cancel()
        if content is None:
            return _response(HTTPStatus.NO_CONTENT)
        self._count("delivered", 1)
        return _response(HTTPStatus.OK, content)

    def _limits(self, request: Request) -> Limits:
        limit = self._settings.relay.limit
        client = client_of(request.headers.getlist(self._settings.relay.client_address_header or "-"))
        return Limits(limit, client, of_client=max(1, limit // CLIENT_SHARE))

    def _unavailable(self, error: StoreError) -> HTTPException:
        self._report(error)
        if error.no_space:
            return HTTPException(HTTPStatus.INSUFFICIENT_STORAGE)
        return HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers=RETRY_AFTER)

    def _report(self, error: StoreError) -> None:
        """Logs what is wrong with the store, once until a message can be stored again."""
        if error.reason not in self._reported:
            self._reported.add(error.reason)
            log.error(
                "The relay cannot use %s: %s. Until then, sign-ins that need the relay fail.",
                self._store.describe(),
                error.reason,
            )


def _response(status: int, content: bytes | None = None, headers: Mapping[str, str] | None = None) -> Response:
    if content is None and status >= HTTPStatus.BAD_REQUEST:
        text = f"{status} {HTTPStatus(status).phrase}\n"
        return Response(text, status, {**dict(relay_headers()), **(headers or {})}, "text/plain")
    return Response(content, status, dict(relay_headers()), MEDIA_TYPE if content else None)


def _is_same_origin(headers: Headers) -> bool:
    """Whether the request comes from a page of this origin, or from no page.

    Browsers send Sec-Fetch-Site (Fetch Metadata). Older ones send only Origin: behind a proxy the host does not know
    its own origin, but its name, which is in the Host field (RFC 9110 §7.2).
    """
    if sites := headers.getlist("sec-fetch-site"):
        return sites == ["same-origin"]
    name = _host_name(f"//{headers.get('host', '')}")
    return all(name and _host_name(origin) == name for origin in headers.getlist("origin"))


def client_of(fields: Sequence[str]) -> str:
    """What stands for the client whose address a trusted proxy has put last into these header fields.

    An IPv6 network of 64 bits is one client (RFC 4291 §2.5.4). Empty where no address can be read.
    """
    address = ",".join(fields).rpartition(",")[2].strip()
    try:
        ip = ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def _host_name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


async def _message(request: Request) -> bytes:
    """The message that a POST brings. Raises HTTPException for a request that brings none, and ClientDisconnect."""
    if not _is_same_origin(request.headers):
        raise _rejected(HTTPStatus.FORBIDDEN)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise _rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if int(request.headers.get("content-length", 0)) > MAX_MESSAGE_BYTES:
        raise _rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            async for part in request.stream():
                content += part
                if len(content) > MAX_MESSAGE_BYTES:
                    raise _rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TimeoutError:
        raise _rejected(HTTPStatus.REQUEST_TIMEOUT) from None
    if not content:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return bytes(content)


def _rejected(status: HTTPStatus) -> HTTPException:
    """An error before the body was read to its end: the rest of it must not be taken for the next request."""
    return HTTPException(status, headers={"Connection": "close"})


async def _disconnected(request: Request) -> None:
    """Returns when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
