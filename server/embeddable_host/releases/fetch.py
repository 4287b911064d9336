"""Downloads files from one address, some at a time.

Each response is checked: its status, its type (a page in place of a script is an error page), its length, the host it
comes from. A temporary failure is retried; any other ends the pull.
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

FROM_HINT = "If that is where the release is, pass its address to --from"

CONCURRENT_DOWNLOADS = 6
TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
RETRY_DELAYS_SECONDS = (0.5, 1.0, 2.0)  # before the second, third and fourth attempt
RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})
ABSENT_STATUSES = frozenset({403, 404, 410})  # an object store without a public listing sends 403 for a missing file
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
PAGE_START = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


class TransientError(Exception):
    """One request failed, and the next may not; the message continues a sentence that begins with the address."""


def redacted(address: httpx2.URL) -> str:
    """An address without its password and its query, which may be a signature: for messages and manifests."""
    return str(address.copy_with(userinfo=b"", query=None, fragment=None))


class Fetch:
    """Downloads files from one address into one folder, within the limits of a release."""

    def __init__(self, base: httpx2.URL, folder: Path, progress: Progress) -> None:
        self._base = base
        self._folder = folder
        self._progress = progress
        self._requested = 0
        self._bytes_left = MAX_BYTES
        self._slots = asyncio.Semaphore(CONCURRENT_DOWNLOADS)
        self._client = httpx2.AsyncClient(headers={"User-Agent": "embeddable-host"}, timeout=TIMEOUT)

    async def __aenter__(self) -> "Fetch":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def files(self, addresses: Mapping[str, httpx2.URL], required: Collection[str]) -> None:
        """Downloads files by name; one that is absent is skipped, unless it is required.

        Raises ReleaseError for the first that fails.
        """
        self._requested += len(addresses)
        if self._requested > MAX_FILES:
            raise ReleaseError(f"{redacted(self._base)} names more than {MAX_FILES} files. {NO_RELEASE}")
        self._progress.total(self._requested)
        try:
            async with asyncio.TaskGroup() as group:
                for name, address in addresses.items():
                    group.create_task(self._file(name, address, name in required))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _file(self, name: str, address: httpx2.URL, required: bool) -> None:
        """Downloads one file, in as many attempts as there are delays, and one."""
        async with self._slots:
            for delay in (*RETRY_DELAYS_SECONDS, None):
                try:
                    await self._attempt(name, address, required)
                    break
                except TransientError as error:
                    if delay is None:
                        raise ReleaseError(f"{redacted(address)} {error}. Try again later") from None
                    await asyncio.sleep(delay)
        self._progress.advance()

    async def _attempt(self, name: str, address: httpx2.URL, required: bool) -> None:
        """Requests the file once, following redirects that stay on the host."""
        try:
            for _ in range(MAX_REDIRECTS):
                async with self._client.stream("GET", address) as response:
                    if response.status_code not in REDIRECT_STATUSES:
                        if required or response.status_code not in ABSENT_STATUSES:
                            await self._save(name, response)
                        return
                    address = _redirected(address, response)
        except httpx2.RequestError as error:
            raise TransientError(_reason(error)) from error
        raise ReleaseError(f"{redacted(address)} redirects more than {MAX_REDIRECTS} times. {FROM_HINT}")

    async def _save(self, name: str, response: httpx2.Response) -> None:
        """Checks a response and writes its body."""
        _check(response)
        is_page = response.headers.get("Content-Type", "").lower().startswith("text/html")
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        async with aiofiles.open(path, "wb") as file:
            async for data in response.aiter_bytes():
                is_page = is_page or (size == 0 and bool(PAGE_START.match(data)))
                if is_page and not name.endswith(".html"):
                    where = redacted(response.url)
                    raise ReleaseError(f"{where}: the server sent a page instead of {name}. Check the address")
                size += len(data)
                if size > self._bytes_left:
                    raise ReleaseError(f"{redacted(self._base)} has more than {MAX_BYTES} bytes. {NO_RELEASE}")
                await file.write(data)
        self._bytes_left -= size


def _check(response: httpx2.Response) -> None:
    """Rejects a response that is not a complete file; h11 checks that the body has the announced length."""
    shown = redacted(response.url)
    status = f"{response.status_code} {response.reason_phrase}"
    if response.status_code in RETRYABLE_STATUSES:
        raise TransientError(f"returned {status}")
    if response.status_code != 200:
        raise ReleaseError(f"{shown} returned {status}. Check the address and the version")
    if not {"content-length", "transfer-encoding"} & response.headers.keys():
        raise ReleaseError(f"{shown} has no length, so it could be cut off unnoticed. Pull from an archive")


def _redirected(address: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
    """The target of a redirect, which must be the same origin, or https on the same host."""
    try:
        target = address.join(response.headers.get("Location", ""))
    except httpx2.InvalidURL as error:
        raise ReleaseError(
            f"{redacted(address)} redirects to something that is not an address ({error}). Check the server"
        ) from None
    same_origin = (target.scheme, target.host, target.port) == (address.scheme, address.host, address.port)
    upgrade = target.host == address.host and (address.scheme, target.scheme) == ("http", "https")
    if not (same_origin or upgrade):
        raise ReleaseError(f"{redacted(address)} redirects to another host, {redacted(target)}. {FROM_HINT}")
    return target


def _reason(error: httpx2.RequestError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "timed out"
    if isinstance(error, httpx2.ConnectError):
        return f"cannot be reached ({error})"
    return f"broke off its response ({error or type(error).__name__})"
