"""What a client has already is not sent again: conditions (RFC 9110 §13) and entity tags."""

import re
from pathlib import Path

import pytest

from world.host import Server, add_release, configured, serving
from world.wire import EMBEDDER, but_date, filled

ETAG = re.compile(r'"[\x21\x23-\x7e]+"')


def test_every_address_has_a_strong_entity_tag(server: Server, addresses: list[str]) -> None:
    for address in addresses:
        response = server.ask(address)
        assert response.status == 200, address
        assert ETAG.fullmatch(response.headers["etag"]), address


def test_different_bytes_have_different_tags(server: Server, addresses: list[str]) -> None:
    bodies: dict[str, bytes] = {}
    for address in addresses:
        for coding in ("identity", "gzip", "br"):
            response = server.ask(address, {"Accept-Encoding": coding})
            assert bodies.setdefault(response.headers["etag"], response.body) == response.body, address


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_a_304_has_just_the_headers_that_a_cache_updates(server: Server, addresses: list[str], coding: str) -> None:
    """RFC 9110 §15.4.5 names them, and each must be what the 200 has."""
    for address in addresses:
        full = server.ask(address, {"Accept-Encoding": coding})
        response = server.ask(address, {"Accept-Encoding": coding, "If-None-Match": full.headers["etag"]})
        kept = {name: full.headers[name] for name in ("etag", "cache-control", "vary") if name in full.headers}
        assert (response.status, response.body, but_date(response)) == (304, b"", kept), address


IF_NONE_MATCH: dict[str, tuple[str | list[str], int]] = {
    "the tag": ("{tag}", 304),
    "the tag weakened": ("W/{tag}", 304),
    "any": ("*", 304),
    "any with blanks": (" * ", 304),
    "a list that has it": ('"a", {tag}, "b"', 304),
    "a list without blanks": ('"a",W/{tag}', 304),
    "a list with empty members": (', ,"a",, {tag},', 304),
    "two lines": (["{tag}", '"a"'], 304),
    "two lines the other way": (['"a"', "{tag}"], 304),
    "another tag": ('"a"', 200),
    "a list without it": ('"a", W/"b"', 200),
    "the tag without quotes": ("{bare}", 200),
    "the tag with more in it": ('"{bare}x"', 200),
    "the tag cut short": ('"{bare}', 200),
    "nothing": ("", 200),
    "garbage": ('W/"', 200),
}


@pytest.mark.parametrize("name", IF_NONE_MATCH)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_is_compared_weakly(server: Server, method: str, name: str) -> None:
    value, status = IF_NONE_MATCH[name]
    tag = server.ask("/adapter.js").headers["etag"]
    response = server.ask("/adapter.js", {"If-None-Match": filled(value, tag)}, method)
    assert response.status == status
    assert response.headers["etag"] == tag


IF_MATCH: dict[str, tuple[str | list[str], int]] = {
    "the tag": ("{tag}", 200),
    "any": ("*", 200),
    "a list that has it": ('"a", {tag}', 200),
    "two lines": (["{tag}", '"a"'], 200),
    "another tag": ('"a"', 412),
    "the tag weakened": ("W/{tag}", 412),
    "the tag without quotes": ("{bare}", 412),
}


@pytest.mark.parametrize("name", IF_MATCH)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_match_is_compared_strongly(server: Server, method: str, name: str) -> None:
    value, status = IF_MATCH[name]
    tag = server.ask("/adapter.js").headers["etag"]
    assert server.ask("/adapter.js", {"If-Match": filled(value, tag)}, method).status == status


def test_if_match_comes_before_if_none_match(server: Server) -> None:
    tag = server.ask("/adapter.js").headers["etag"]
    assert server.ask("/adapter.js", {"If-Match": '"a"', "If-None-Match": tag}).status == 412
    assert server.ask("/adapter.js", {"If-Match": tag, "If-None-Match": tag}).status == 304


def test_a_date_is_no_condition_where_nothing_has_one(server: Server) -> None:
    for name, date in (("If-Modified-Since", "2100"), ("If-Unmodified-Since", "1990")):
        assert server.ask("/adapter.js", {name: f"Fri, 01 Jan {date} 00:00:00 GMT"}).status == 200


def test_the_tag_of_another_coding_is_another_tag(server: Server) -> None:
    tag = server.ask("/adapter.js", {"Accept-Encoding": "gzip"}).headers["etag"]
    assert server.ask("/adapter.js", {"Accept-Encoding": "br", "If-None-Match": tag}).status == 200
    assert server.ask("/adapter.js", {"Accept-Encoding": "gzip", "If-None-Match": tag}).status == 304


def test_a_condition_does_not_turn_what_is_missing_into_something(server: Server) -> None:
    for headers in ({"If-None-Match": "*"}, {"If-Match": '"a"'}, {"Range": "bytes=0-0"}):
        assert server.ask("/nothing", headers).status == 404


def test_other_headers_have_another_entity_tag(tmp_path: Path) -> None:
    """A browser that gets a 304 keeps the headers it has: a change of who may frame the widget must change the tag."""
    folder = configured(tmp_path / "host")
    release = add_release(folder)
    tags = set()
    for settings in ("", f'[widget]\nembedders = ["{EMBEDDER}"]'):
        configured(folder, settings)
        with serving(folder) as server:
            tags.add(server.ask(f"/widget/{release.id}/app.html").headers["etag"])
    assert len(tags) == 2
