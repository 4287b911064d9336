"""Content codings are decoded piece by piece, as they come in."""

import gzip
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddable_host.responses.decoding import MAX_MEMBERS, PIECE, Decoder, DecodingError, TooLarge, decode

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": lambda data: data,
    "gzip": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]) + bytes(9),
    "br": brotli.compress,
}


@pytest.mark.parametrize("coding", CODINGS)
@given(data=st.binary() | st.integers(0, 3 * PIECE).map(bytes), step=st.sampled_from((7, 1000, PIECE, 2 * PIECE)))
@settings(deadline=None, max_examples=40)
def test_what_was_encoded_is_decoded_however_it_comes_in(coding: str, data: bytes, step: int) -> None:
    encoded = CODINGS[coding](data)
    decoder = Decoder(coding)
    pieces = [piece for at in range(0, len(encoded), step) for piece in decoder.feed(encoded[at : at + step])]
    decoder.finish()
    assert b"".join(pieces) == data
    assert coding == "identity" or max(map(len, pieces), default=0) <= 4 * PIECE
    assert decode(encoded, coding, len(data)) == data


@pytest.mark.parametrize("coding", CODINGS)
def test_more_than_the_limit_is_too_large(coding: str) -> None:
    with pytest.raises(TooLarge):
        decode(CODINGS[coding](bytes(PIECE + 1)), coding, PIECE)


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_what_is_cut_off_or_followed_by_something_else_is_not_decoded(coding: str) -> None:
    encoded = CODINGS[coding](b"some text")
    for broken in (b"", encoded[:-1], encoded[1:], encoded + b"x"):
        with pytest.raises(DecodingError):
            decode(broken, coding, 1000)


@pytest.mark.parametrize("coding", ["", "deflate", "zstd", "gzip, gzip", "br, br", "GZIP"])
def test_another_coding_is_not_decoded(coding: str) -> None:
    with pytest.raises(DecodingError, match="not known"):
        decode(b"", coding, 1000)


def test_a_gzip_has_a_limited_number_of_members() -> None:
    assert decode(gzip.compress(b"a") * MAX_MEMBERS, "gzip", 1000) == b"a" * MAX_MEMBERS
    with pytest.raises(DecodingError, match="more than 100 members"):
        decode(gzip.compress(b"a") * (MAX_MEMBERS + 1), "gzip", 1000)
