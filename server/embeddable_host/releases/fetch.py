"""Files from one address, some at a time.

No answer is taken on trust: its status, its type (a server that answers a page for a script has not got the script),
its length, the host it comes from. A fault that may pass is tried again; any other ends the pull.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import aiofiles
import httpx2

from embeddable_host.progress import Progress
from embeddable_host.releases.error import NO_RELEASE, ReleaseError
from embeddable_host.releases.release import MAX_BYTES, MAX_FILES

GIVE_IT = "If that is where the release is, give its address with --from"

AT_A_TIME = 6
TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
BACKOFF = (0.5, 1.0, 2.0)  # seconds before the second, third and fourth try
PASSING = frozenset({429, 500, 502, 503, 504})  # statuses that may be gone on the next try
ABSENT = frozenset({403, 404, 410})  # an object store that may not be listed answers 403 for what it does not have
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
PAGE_START = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


class TransientFault(Exception):
    """What is wrong with one answer, and may not be with the next."""


def redacted(address: httpx2.URL) -> str:
    """An address as it may be told and kept: no password, and no query, which may be a signature."""
    return str(address.copy_with(userinfo=b"", query=None, fragment=None))


class Fetch:
    """Gets files from one address into one folder, some at a time, within the bounds of a release."""

    def __init__(self, base: httpx2.URL, folder: Path, progress: Progress) -> None:
        self.base = base
        self.folder = folder
        self.progress = progress
        self.asked = 0
        self.room = MAX_BYTES
        self.turn = asyncio.Semaphore(AT_A_TIME)
        self.client = httpx2.AsyncClient(headers={"User-Agent": "embeddable-host"}, timeout=TIMEOUT)

    async def __aenter__(self) -> "Fetch":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def files(self, addresses: Mapping[str, httpx2.URL], required: Collection[str]) -> None:
        """Gets files by name; one that is absent is left out, unless it is required.

        Raises ReleaseError for the first that cannot be had.
        """
        self.asked += len(addresses)
        if self.asked > MAX_FILES:
            raise ReleaseError(f"{redacted(self.base)} names more than {MAX_FILES} files. {NO_RELEASE}")
        self.progress.total(self.asked)
        try:
            async with asyncio.TaskGroup() as group:
                for name, address in addresses.items():
                    group.create_task(self.file(name, address, name in required))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def file(self, name: str, address: httpx2.URL, required: bool) -> None:
        """Gets one file, in as many tries as `BACKOFF` grants."""
        async with self.turn:
            for pause in (*BACKOFF, None):
                try:
                    await self.attempt(name, address, required)
                    break
                except TransientFault as fault:
                    if pause is None:
                        raise ReleaseError(f"{redacted(address)} {fault}. Try again later") from None
                    await asyncio.sleep(pause)
        self.progress.advance()

    async def attempt(self, name: str, address: httpx2.URL, required: bool) -> None:
        """Asks once, following redirects that stay on the host."""
        try:
            for _ in range(MAX_REDIRECTS):
                async with self.client.stream("GET", address) as response:
                    if response.status_code not in REDIRECTS:
                        if required or response.status_code not in ABSENT:
                            await self.save(name, response)
                        return
                    address = _redirected(address, response)
        except httpx2.RequestError as error:
            raise TransientFault(_told(error)) from error
        raise ReleaseError(f"{redacted(address)} comes after {MAX_REDIRECTS} redirects. {GIVE_IT}")

    async def save(self, name: str, response: httpx2.Response) -> None:
        """Writes the body of an answer that is what it should be."""
        _check(response)
        is_page = response.headers.get("Content-Type", "").lower().startswith("text/html")
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        async with aiofiles.open(path, "wb") as file:
            async for data in response.aiter_bytes():
                is_page = is_page or (size == 0 and bool(PAGE_START.match(data)))
                if is_page and not name.endswith(".html"):
                    where = redacted(response.url)
                    raise ReleaseError(f"{where}: the server answers a page for {name}. Check the address")
                size += len(data)
                if size > self.room:
                    raise ReleaseError(f"{redacted(self.base)} has more than {MAX_BYTES} bytes. {NO_RELEASE}")
                await file.write(data)
        self.room -= size


def _check(response: httpx2.Response) -> None:
    """Refuses an answer that is not a whole file; h11 sees to it that the length announced is kept."""
    shown = redacted(response.url)
    status = f"{response.status_code} {response.reason_phrase}"
    if response.status_code in PASSING:
        raise TransientFault(f"answers {status}")
    if response.status_code != 200:
        raise ReleaseError(f"{shown} answers {status}. Check the address and the version")
    if not {"content-length", "transfer-encoding"} & response.headers.keys():
        raise ReleaseError(f"{shown} does not say how long it is, so it could be cut off. Pull from an archive")


def _redirected(address: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
    """Where a redirect leads, if to the same origin, or to https of the same host."""
    try:
        target = address.join(response.headers.get("Location", ""))
    except httpx2.InvalidURL as error:
        raise ReleaseError(f"{redacted(address)} redirects to no address ({error}). Check the server") from None
    same_origin = (target.scheme, target.host, target.port) == (address.scheme, address.host, address.port)
    upgrade = target.host == address.host and (address.scheme, target.scheme) == ("http", "https")
    if not (same_origin or upgrade):
        raise ReleaseError(f"{redacted(address)} redirects to another host, {redacted(target)}. {GIVE_IT}")
    return target


def _told(error: httpx2.RequestError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "does not answer in time"
    if isinstance(error, httpx2.ConnectError):
        return f"cannot be reached ({error})"
    return f"breaks its answer off ({error or type(error).__name__})"
