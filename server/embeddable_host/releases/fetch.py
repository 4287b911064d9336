"""Downloads files from one address, some at a time.

Each response is checked: its status, its type (a page in place of a script is an error page), its length and size, the
host it comes from. A temporary failure is retried; any other ends the pull. A server that does not finish ends it too.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path

import aiofiles
import httpx2

from embeddable_host.limits import DOWNLOAD_SECONDS, FILE_SECONDS, MAX_FILES, MAX_RELEASE_BYTES
from embeddable_host.progress import Progress
from embeddable_host.releases.error import NO_RELEASE, ReleaseError
from embeddable_host.responses.body import IDENTITY
from embeddable_host.responses.decoding import ACCEPTED, Decoder, DecodingError
from embeddable_host.text import printable

FROM_HINT = "If that is where the release is, pass its address to --from"

HEADERS = {"User-Agent": "embeddable-host", "Accept-Encoding": ACCEPTED}
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
    """Downloads files from one address into one folder, within the limits of a release; `limit` is that of a file."""

    def __init__(self, base: httpx2.URL, folder: Path, progress: Progress, limit: int) -> None:
        self._base = base
        self._folder = folder
        self._progress = progress
        self._requested = 0
        self._limit = limit
        self._bytes_left = MAX_RELEASE_BYTES
        self._deadline = asyncio.get_running_loop().time() + DOWNLOAD_SECONDS
        self._slots = asyncio.Semaphore(CONCURRENT_DOWNLOADS)
        self._client = httpx2.AsyncClient(headers=HEADERS, timeout=TIMEOUT)

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
        """Downloads one file."""
        async with self._slots:
            deadline = min(self._deadline, asyncio.get_running_loop().time() + FILE_SECONDS)
            try:
                async with asyncio.timeout_at(deadline):
                    await self._retry(name, address, required)
            except TimeoutError:
                raise ReleaseError(
                    f"{redacted(address)} was not complete within {FILE_SECONDS:.0f} seconds, or all files within "
                    f"{DOWNLOAD_SECONDS:.0f}. Try again later"
                ) from None
        self._progress.advance()

    async def _retry(self, name: str, address: httpx2.URL, required: bool) -> None:
        """Downloads one file, in as many attempts as there are delays, and one."""
        for delay in (*RETRY_DELAYS_SECONDS, None):
            try:
                return await self._attempt(name, address, required)
            except TransientError as error:
                if delay is None:
                    raise ReleaseError(f"{redacted(address)} {error}. Try again later") from None
            await asyncio.sleep(delay)

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
        where = redacted(response.url)
        is_page = response.headers.get("Content-Type", "").lower().startswith("text/html")
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        try:
            async with aiofiles.open(path, "wb") as file:
                async for data in _decoded(response):
                    is_page = is_page or (size == 0 and bool(PAGE_START.match(data)))
                    if is_page and not name.endswith(".html"):
                        raise ReleaseError(f"{where}: the server sent a page instead of {name}. Check the address")
                    size += len(data)
                    self._bytes_left -= len(data)
                    self._check_size(where, size)
                    await file.write(data)
        except (TransientError, httpx2.RequestError):
            self._bytes_left += size  # the next attempt begins anew
            raise

    def _check_size(self, where: str, size: int) -> None:
        if size > self._limit:
            raise ReleaseError(f"{where} has more than {self._limit} bytes. {NO_RELEASE}")
        if self._bytes_left < 0:
            raise ReleaseError(f"{redacted(self._base)} has more than {MAX_RELEASE_BYTES} bytes. {NO_RELEASE}")


async def _decoded(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The body in pieces. The client of HTTP would decode any number of codings, each inside the other."""
    coding = response.headers.get("Content-Encoding", "").strip().lower() or IDENTITY
    try:
        decoder = Decoder(coding)
        async for data in response.aiter_raw():
            for piece in decoder.feed(data):
                yield piece
        decoder.finish()
    except DecodingError as error:
        raise TransientError(f"sent what cannot be decoded ({printable(f'{coding}: {error}')})") from None


def _check(response: httpx2.Response) -> None:
    """Rejects a response that is not a complete file; h11 checks that the body has the announced length."""
    shown = redacted(response.url)
    status = printable(f"{response.status_code} {response.reason_phrase}")
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
        reason = printable(str(error))
        raise ReleaseError(
            f"{redacted(address)} redirects to something that is not an address ({reason}). Check the server"
        ) from None
    same_origin = (target.scheme, target.host, target.port) == (address.scheme, address.host, address.port)
    upgrade = target.host == address.host and (address.scheme, target.scheme) == ("http", "https")
    if not (same_origin or upgrade):
        raise ReleaseError(f"{redacted(address)} redirects to another host, {printable(redacted(target))}. {FROM_HINT}")
    return target


def _reason(error: httpx2.RequestError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "timed out"
    if isinstance(error, httpx2.ConnectError):
        return f"cannot be reached ({printable(str(error))})"
    return f"broke off its response ({printable(str(error)) or type(error).__name__})"
