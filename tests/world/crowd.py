"""A thousand clients at once, each with a connection for each visit, in one thread."""

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from world.timeouts import TIMEOUT, wait_until

PAUSE_SECONDS = 2.0  # between two visits of a client


@dataclass(frozen=True)
class Got:
    """A response: its status, its headers with their names in lower case, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Get = Callable[[str], Awaitable[Got]]
Visit = Callable[[Get], Awaitable[None]]


class Crowd:
    """So many clients of the server at `port`, each of which repeats `visit`.

    `seconds`: the time of each visit. `faults`: what went wrong in one, and how often.
    """

    def __init__(self, port: int, visit: Visit, clients: int = 1000) -> None:
        self.seconds: list[float] = []
        self.faults: Counter[str] = Counter()
        self._port = port
        self._visit = visit
        self._clients = clients
        self._is_done = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._come()))

    def wait_until_all_came(self) -> None:
        """Waits for as many further visits as there are clients."""
        enough = len(self.seconds) + self._clients
        wait_until(lambda: len(self.seconds) + self.faults.total() >= enough, "all have come again")

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_done = True
        self._thread.join(TIMEOUT)

    async def _come(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(self._clients)))

    async def _client(self, number: int) -> None:
        await asyncio.sleep(PAUSE_SECONDS * number / self._clients)  # not all at the same moment
        while not self._is_done:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(TIMEOUT):
                    await self._come_in()
                self.seconds.append(time.monotonic() - begun)
            except (OSError, EOFError, AssertionError) as fault:
                self.faults[f"{type(fault).__name__}: {fault}"] += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def _come_in(self) -> None:
        """One visit. A connection that waits for the next one would be closed by the server after some seconds."""
        connection = Connection(self._port)
        try:
            await self._visit(connection.get)
        finally:
            connection.close()


class Connection:
    """What a client asks on, without compression. The server may close it while it is idle, as on a busy machine it is
    for seconds: then it is opened anew, as browsers do (RFC 9112 §9.3.1)."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Got:
        request = f"GET {path} HTTP/1.1\r\nHost: phone.example.com\r\n\r\n".encode()
        first = await _begin(request, *self._streams) if self._streams else b""
        if not first:
            self.close()
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
            first = await _begin(request, *self._streams)
        return await _read(first, self._streams[0])

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()


async def _begin(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Sends a request; returns the first byte of the response, or none where the connection is closed."""
    try:
        writer.write(request)
        return await reader.read(1)
    except ConnectionError:
        return b""


async def _read(first: bytes, reader: asyncio.StreamReader) -> Got:
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    lines = itertools.takewhile(bool, head[1:])
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Got(int(head[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"])))
