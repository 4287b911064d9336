"""Decodes content codings piece by piece, so that a small body cannot become a large one unnoticed."""

import zlib
from collections.abc import Iterator
from typing import Any

import brotli

from embeddable_host.limits import KIB
from embeddable_host.responses.body import IDENTITY

ACCEPTED = "br, gzip"  # what `Decoder` knows
PIECE = 256 * KIB  # that is decoded at a time
MAX_MEMBERS = 100  # of a gzip stream (RFC 1952 §2.2); more is an attempt to use up the processor


class DecodingError(Exception):
    """The bytes are not in this coding, or the coding is not known."""


class TooLarge(Exception):
    """The bytes decode to more than the limit."""


class Decoder:
    """Decodes a body in `coding`, as its bytes come in. Raises DecodingError for a coding it does not know."""

    def __init__(self, coding: str) -> None:
        if coding not in (IDENTITY, "gzip", "x-gzip", "br"):
            raise DecodingError("not known")
        self._coding = coding.removeprefix("x-")  # an old name (RFC 9110 §8.4.1.3)
        self._members = 1
        self._stream: Any = brotli.Decompressor() if coding == "br" else _gzip()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` decodes to, in pieces of about `PIECE` bytes. Raises DecodingError."""
        try:
            if self._coding == IDENTITY:
                yield data
            elif self._coding == "br":
                yield from self._feed_brotli(data)
            else:
                yield from self._feed_gzip(data)
        except (brotli.error, zlib.error) as error:
            raise DecodingError(str(error)) from None

    def finish(self) -> None:
        """Raises DecodingError where the body is not complete."""
        if self._coding == "br":
            is_complete = self._stream.is_finished()
        else:
            is_complete = self._coding == IDENTITY or self._stream.eof
        if not is_complete:
            raise DecodingError("cut off")

    def _feed_brotli(self, data: bytes) -> Iterator[bytes]:
        piece = self._stream.process(data, output_buffer_limit=PIECE)
        while piece or not self._stream.can_accept_more_data():
            yield piece
            piece = self._stream.process(b"", output_buffer_limit=PIECE)

    def _feed_gzip(self, data: bytes) -> Iterator[bytes]:
        while data or not self._stream.eof:
            if self._stream.eof:
                data = data.lstrip(b"\0")  # padding
                if not data:
                    return
                self._members += 1
                if self._members > MAX_MEMBERS:
                    raise DecodingError(f"more than {MAX_MEMBERS} members")
                self._stream = _gzip()
            piece = self._stream.decompress(data, PIECE)
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if piece:
                yield piece
            elif not data:
                return


def _gzip() -> Any:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def decode(data: bytes, coding: str, limit: int) -> bytes:
    """What `data` decodes to. Raises DecodingError, or TooLarge for more than `limit` bytes."""
    decoder, decoded = Decoder(coding), bytearray()
    for start in range(0, len(data), PIECE):
        for piece in decoder.feed(data[start : start + PIECE]):
            decoded += piece
            if len(decoded) > limit:
                raise TooLarge
    decoder.finish()
    return bytes(decoded)
