"""The encoding that a client takes (RFC 9110 §12.5.3), and HEAD. adapter.js is smallest in brotli, then in gzip."""

import pytest

from world.host import Server
from world.wire import but_date, decoded

ACCEPT_ENCODING: dict[str, tuple[str | list[str] | None, str]] = {
    "no header": (None, "identity"),
    "empty": ("", "identity"),
    "one": ("br", "br"),
    "the other": ("gzip", "gzip"),
    "an old name": ("x-gzip", "gzip"),
    "capitals": ("BR", "br"),
    "equals": ("gzip, deflate, br, zstd", "br"),
    "an order of q": ("gzip;q=1, br;q=0.5", "gzip"),
    "the smallest q": ("gzip;q=0.001", "gzip"),
    "blanks and tabs": ("gzip ;\tq=0.5 ,\tbr ; q=0.8", "br"),
    "capital Q": ("gzip;Q=0.9, br;Q=0.1", "gzip"),
    "refused": ("br;q=0", "identity"),
    "refused to three digits": ("br;q=0.000, gzip;q=0", "identity"),
    "one refused": ("br;q=0, gzip", "gzip"),
    "anything": ("*", "br"),
    "anything at some weight": ("*;q=0.1", "br"),
    "anything but one": ("br;q=0, *", "gzip"),
    "anything less than one": ("gzip, *;q=0.5", "gzip"),
    "nothing but one": ("gzip, *;q=0", "gzip"),
    "identity": ("identity", "identity"),
    "identity before others": ("identity, gzip;q=0.5", "identity"),
    "identity after others": ("identity;q=0.5, gzip;q=0.6", "gzip"),
    "identity refused": ("identity;q=0, gzip;q=0.1", "gzip"),
    "unknown ones": ("deflate, zstd, compress", "identity"),
    "a q that is none": ("br;q=high", "identity"),
    "a q too large": ("br;q=2", "identity"),
    "a q too long": ("br;q=0.1234", "identity"),
    "a negative q": ("br;q=-1", "identity"),
    "another parameter": ("br;level=11, gzip", "gzip"),
    "garbage": (";;=,,\xff,q=1", "identity"),
    "garbage around one": (",,;, gzip ,=", "gzip"),
    "two lines": (["gzip", "br;q=0"], "gzip"),
    "a word that only begins so": ("bro, gzipped", "identity"),
}


@pytest.mark.parametrize("name", ACCEPT_ENCODING)
def test_the_coding_is_the_best_that_the_client_takes(server: Server, name: str) -> None:
    field, coding = ACCEPT_ENCODING[name]
    response = server.ask("/adapter.js", {} if field is None else {"Accept-Encoding": field})
    assert response.status == 200
    assert response.headers.get("content-encoding", "identity") == coding
    assert decoded(response) == server.ask("/adapter.js").body


@pytest.mark.parametrize("field", ["identity;q=0", "*;q=0", "identity;q=0, br;q=0, gzip;q=0", "deflate, *;q=0"])
def test_who_takes_nothing_gets_nothing(server: Server, field: str) -> None:
    for method in ("GET", "HEAD"):
        response = server.ask("/adapter.js", {"Accept-Encoding": field}, method)
        assert response.status == 406
        assert response.headers["vary"] == "Accept-Encoding"


def test_the_codings_are_there_and_smaller(server: Server, large: str) -> None:
    for address in ("/adapter.js", "/redirect.html", large):
        sizes = [len(server.ask(address, {"Accept-Encoding": coding}).body) for coding in ("br", "gzip", "identity")]
        assert sizes == sorted(sizes), address
        assert len(set(sizes)) == 3, address


def test_every_coding_decodes_to_the_same_bytes(server: Server, addresses: list[str]) -> None:
    for address in addresses:
        plain = server.ask(address)
        assert "content-encoding" not in plain.headers
        for coding in ("br", "gzip"):
            assert decoded(server.ask(address, {"Accept-Encoding": coding})) == plain.body, address


def test_vary_is_sent_where_the_response_varies_and_nowhere_else(server: Server, addresses: list[str]) -> None:
    for address in addresses:
        responses = [server.ask(address, {"Accept-Encoding": coding}) for coding in ("br", "gzip", "identity")]
        varies = len({response.headers["etag"] for response in responses}) > 1
        assert {response.headers.get("vary") for response in responses} == {"Accept-Encoding" if varies else None}, (
            address
        )


def test_head_has_the_headers_of_get_and_no_body(server: Server, addresses: list[str]) -> None:
    with_missing = [*addresses, "/nothing"]
    for address in with_missing:
        for headers in ({}, {"Accept-Encoding": "br"}, {"Accept-Encoding": "gzip"}):
            got = server.ask(address, headers)
            head = server.ask(address, headers, "HEAD")
            assert (head.status, but_date(head), head.body) == (got.status, but_date(got), b""), address
            assert int(got.headers["content-length"]) == len(got.body), address
