"""A server that does not keep to HTTP, or only too well: bombs, drips, and what never ends.

A *behaviour* is what it sends on a connection, in pieces, after the head of a request.
"""

import contextlib
import functools
import gzip
import itertools
import socket
import time
from collections.abc import Callable, Iterator, Mapping

import brotli

from world.upstream import accepting

OK = b"HTTP/1.1 200 OK\r\n"
JAVASCRIPT = OK + b"Content-Type: text/javascript; charset=utf-8\r\n"
MIB = 2**20
BOMB = 1024  # MiB
Behaviour = Callable[[], Iterator[bytes]]


@contextlib.contextmanager
def serving(behaviours: Mapping[str, Behaviour]) -> Iterator[str]:
    """The address of a server with a behaviour for each path, and for all others the one of `*`."""
    for behaviour in behaviours.values():
        next(behaviour())  # takes long only once

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            for line in stream:
                while stream.readline().strip():
                    pass
                path = line.decode("latin-1").split(" ")[1]
                for piece in behaviours.get(path, behaviours["*"])():
                    connection.sendall(piece)

    with accepting(serve) as port:
        yield f"http://127.0.0.1:{port}/"


def once(response: bytes) -> Behaviour:
    return lambda: iter([response])


def missing() -> Iterator[bytes]:
    yield b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def with_length(body: bytes, *headers: bytes) -> bytes:
    head = b"".join(header + b"\r\n" for header in headers)
    return JAVASCRIPT + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def for_ever(begin: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    def send() -> Iterator[bytes]:
        yield begin
        for _ in itertools.count():
            yield piece
            time.sleep(pause)

    return send


def brotli_bomb() -> Iterator[bytes]:
    """A GiB of zeros in about a kilobyte."""
    yield with_length(zeros_in_brotli(BOMB), b"Content-Encoding: br")


@functools.cache
def zeros_in_brotli(mebibytes: int) -> bytes:
    encoder = brotli.Compressor(quality=5, lgwin=24)
    zeros = bytes(MIB)
    return b"".join(encoder.process(zeros) for _ in range(mebibytes)) + encoder.finish()


def gzip_bomb() -> Iterator[bytes]:
    """A GiB of zeros in a megabyte."""
    yield with_length(zeros_in_gzip(BOMB), b"Content-Encoding: gzip")


def zeros_in_gzip(mebibytes: int) -> bytes:
    """So many MiB of zeros, with a member for each (RFC 1952 §2.2): that is quick to make."""
    return gzip.compress(bytes(MIB), 9) * mebibytes


def cut_off() -> Iterator[bytes]:
    yield JAVASCRIPT + b"Content-Length: 9\r\n\r\nx"
    raise ConnectionAbortedError


CHUNKED = JAVASCRIPT + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS_CHUNK = b"10000\r\n" + bytes(65536) + b"\r\n"

# What never ends, or takes very long: only a limit of time or size ends it.
ENDLESS: Mapping[str, Behaviour] = {
    "a body without an end": for_ever(CHUNKED, ENDLESS_CHUNK),
    "a length of 2^60": for_ever(JAVASCRIPT + b"Content-Length: 1152921504606846976\r\n\r\n", bytes(65536)),
    "a body in drips": for_ever(CHUNKED, b"1\r\nx\r\n", 0.05),
    "a head in drips": for_ever(OK + b"X: ", b"x", 0.05),
    "nothing": for_ever(b"", b"", 0.05),
    "responses that are only announced": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "announcements in drips": for_ever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.05),
    "chunks of one byte with long extensions": for_ever(CHUNKED, b"1;" + b"x" * 60_000 + b"\r\nx\r\n"),
}
# What is not a response at all.
BROKEN: Mapping[str, Behaviour] = {
    "a header without an end": for_ever(OK + b"X: ", b"x" * 65536),
    "headers without an end": for_ever(OK, b"X: x\r\n" * 1000),
    "a chunk size without an end": for_ever(CHUNKED, b"0" * 65536),
    "a chunk of 2^100 bytes": once(CHUNKED + b"1" + b"0" * 25 + b"\r\nx"),
    "trailers without an end": for_ever(CHUNKED + b"0\r\n", b"X: x\r\n" * 1000),
    "a body that is cut off": cut_off,
    "two lengths": once(JAVASCRIPT + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
}
BOMBS: Mapping[str, Behaviour] = {"brotli": brotli_bomb, "gzip": gzip_bomb}
