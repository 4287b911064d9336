"""A slow link on loopback: forwards TCP connections with a round trip, a rate, and a handshake that costs one.

`link.py LISTEN:TARGET…`: connections to the port LISTEN go to TARGET, over a line of its own for each pair.

A browser's own throttling does not apply to cross-site frames; this does, because it is in front of the server. It
leaves out TCP's slow start: an idle line has its full rate at once.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from world.internet import free_ports, is_listening
from world.timeouts import wait_until

ROUND_TRIP = 0.1  # seconds
RATE = 10_000_000 / 8  # bytes a second, in each direction
CHUNK = 4096  # bytes that are read at once, so that connections share the line
QUEUE = 0.1  # seconds of bytes that may be queued, as in a router


@dataclass
class Line:
    """One direction, which all connections share: bytes are sent in order, and arrive half a round trip later."""

    round_trip: float
    rate: float
    _free: float = field(default=0.0)  # when the last byte so far will have been sent

    def send(self, size: int) -> float:
        """The time at which bytes that arrive now will have been sent."""
        now = asyncio.get_running_loop().time()
        self._free = max(self._free, now) + size / self.rate
        return self._free


class Link:
    """Forwards connections from one port to another."""

    def __init__(self, round_trip: float = ROUND_TRIP, rate: float = RATE) -> None:
        self.round_trip = round_trip
        self.up, self.down = Line(round_trip, rate), Line(round_trip, rate)

    async def serve(self, listener: socket.socket, target: int) -> None:
        server = await asyncio.start_server(lambda *client: self._connected(target, *client), sock=listener)
        async with server:
            await server.serve_forever()

    async def _connected(self, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # For the browser the connection is open as soon as this end accepts it: this adds the handshake.
        await asyncio.sleep(self.round_trip)
        with contextlib.suppress(OSError):
            beyond_reader, beyond_writer = await asyncio.open_connection("127.0.0.1", target, limit=CHUNK)
            await asyncio.gather(
                self._carry(self.up, reader, beyond_writer), self._carry(self.down, beyond_reader, writer)
            )

    async def _carry(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads bytes as the line has room for them, and delivers each chunk when it is due."""
        loop = asyncio.get_running_loop()
        while True:
            data = await self._read(reader)
            sent = line.send(len(data))
            loop.call_at(sent + line.round_trip / 2, deliver, writer, data)
            if not data:
                return
            await asyncio.sleep(sent - loop.time() - QUEUE)

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(CHUNK)
        except OSError:
            return b""


def deliver(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Empty `data` ends the connection."""
    if data:
        writer.write(data)
    else:
        writer.close()


@contextlib.contextmanager
def linked(targets: Mapping[int, int]) -> Iterator[None]:
    """Links in a process of their own, from each port to its target."""
    process = subprocess.Popen(
        [sys.executable, Path(__file__), *(f"{port}:{target}" for port, target in targets.items())]
    )
    try:
        wait_until(lambda: all(map(is_listening, targets)), "the links listen")
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def linked_here(target: int, round_trip: float, rate: float) -> Iterator[int]:
    """A link in a thread of this process; its port."""
    [port] = free_ports(1)
    loop = asyncio.new_event_loop()
    listener = socket.create_server(("127.0.0.1", port))
    serving = loop.create_task(Link(round_trip, rate).serve(listener, target))
    thread = threading.Thread(target=lambda: run(loop, serving))
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()


def run(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    for each in asyncio.all_tasks(loop):
        each.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


async def main(pairs: list[str]) -> None:
    ports = [tuple(map(int, pair.split(":"))) for pair in pairs]
    listeners = [(socket.create_server(("127.0.0.1", port)), target) for port, target in ports]
    await asyncio.gather(*(Link().serve(listener, target) for listener, target in listeners))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
