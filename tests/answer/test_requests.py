"""What comes back over the wire: conditions, codings, ranges, headers, and what no request can get out of the host.

The rules are RFC 9110's (conditions §13, negotiation §12.5.3, ranges §14), the addresses `design.md`'s.
"""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import brotli
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from world.host import LARGE, LARGE_CONTENT, Answer, Headers, Server, add_release, ask, configured, serving
from world.places import PUBLIC
from world.release import FONT, RINGTONE

from server.releases.release import Release
from server.releases.shelf import open_release

CANARY = "canary-5d1f0c"
EMBEDDER = "https://crm.example.com"
SETTINGS = """
[params]
clientId = "client"
[profiles.sandbox.params]
clientId = "other"
prefix = "rc-sandbox"
"""

NO_STORE = "no-store"
MINUTES = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
IMMUTABLE = "public, max-age=31536000, immutable"

SETUP_PAGES = ("", "check.html", "preview.html", "stand-in-app.html", "stand-in-platform.html")
PAGES = ("redirect.html", "start.html", "app.html", "popup.html", *SETUP_PAGES)
KEPT_BY_NOBODY = ("start.html", "redirect.html", "check.html", "stand-in-app.html", "stand-in-platform.html")
MODULES = tuple(f"/{name}" for name in PUBLIC if name.endswith(".mjs"))
ADAPTERS = ("adapter.js", "adapter.min.js", "adapter.att.js")
OWN = tuple(f"/{profile}{name}" for profile in ("", "sandbox/") for name in (*PAGES, *ADAPTERS)) + MODULES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder with a canary beside everything that is served."""
    folder = configured(tmp_path_factory.mktemp("outside") / "host", SETTINGS)
    release = add_release(folder)
    for place in (folder.parent, folder, folder / "var", release.folder.parent):
        (place / "canary.txt").write_text(CANARY)
    return folder


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return open_release(folder / "var" / "releases")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """The host; whatever the tests ask of it, it meets no error of its own."""
    with serving(folder) as server:
        yield server
        server.stop()
        assert "Traceback" not in server.output


@pytest.fixture(scope="module")
def framed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host which one origin may frame."""
    folder = configured(tmp_path_factory.mktemp("framed"), f'[widget]\nembedders = ["{EMBEDDER}"]')
    add_release(folder)
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def unhosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host without a release, which one origin may frame."""
    with serving(configured(tmp_path_factory.mktemp("unhosted"), f'[widget]\nembedders = ["{EMBEDDER}"]')) as server:
        yield server


@pytest.fixture(scope="module")
def addresses(release: Release) -> list[str]:
    """Everything that is served."""
    files = [*release.files, "before-app.js"]
    return [*OWN, "/healthz", "/readyz", *(f"/widget/{release.id}/{name}" for name in files)]


@pytest.fixture(scope="module")
def large(release: Release) -> str:
    return f"/widget/{release.id}/{LARGE}"


def decoded(answer: Answer) -> bytes:
    match answer.headers.get("content-encoding"):
        case None:
            return answer.body
        case "br":
            return bytes(brotli.decompress(answer.body))
        case "gzip":
            return gzip.decompress(answer.body)
    raise AssertionError(answer.headers)


def but_date(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


# Conditions

ETAG = re.compile(r'"[\x21\x23-\x7e]+"')


def test_every_address_has_a_strong_entity_tag(server: Server, addresses: list[str]) -> None:
    for address in addresses:
        answer = server.ask(address)
        assert answer.status == 200, address
        assert ETAG.fullmatch(answer.headers["etag"]), address


def test_different_bytes_have_different_tags(server: Server, addresses: list[str]) -> None:
    bodies: dict[str, bytes] = {}
    for address in addresses:
        for coding in ("identity", "gzip", "br"):
            answer = server.ask(address, {"Accept-Encoding": coding})
            assert bodies.setdefault(answer.headers["etag"], answer.body) == answer.body, address


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_a_304_has_just_the_headers_that_a_cache_updates(server: Server, addresses: list[str], coding: str) -> None:
    """RFC 9110 §15.4.5 names them, and each must be what the 200 has."""
    for address in addresses:
        full = server.ask(address, {"Accept-Encoding": coding})
        answer = server.ask(address, {"Accept-Encoding": coding, "If-None-Match": full.headers["etag"]})
        kept = {name: full.headers[name] for name in ("etag", "cache-control", "vary") if name in full.headers}
        assert (answer.status, answer.body, but_date(answer)) == (304, b"", kept), address


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


def filled(value: str | list[str], tag: str) -> str | list[str]:
    if isinstance(value, list):
        return [line.format(tag=tag, bare=tag.strip('"')) for line in value]
    return value.format(tag=tag, bare=tag.strip('"'))


@pytest.mark.parametrize("name", IF_NONE_MATCH)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_is_compared_weakly(server: Server, method: str, name: str) -> None:
    value, status = IF_NONE_MATCH[name]
    tag = server.ask("/adapter.js").headers["etag"]
    answer = server.ask("/adapter.js", {"If-None-Match": filled(value, tag)}, method)
    assert answer.status == status
    assert answer.headers["etag"] == tag


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


# Negotiation. adapter.js is smallest in brotli, then in gzip.

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
    answer = server.ask("/adapter.js", {} if field is None else {"Accept-Encoding": field})
    assert answer.status == 200
    assert answer.headers.get("content-encoding", "identity") == coding
    assert decoded(answer) == server.ask("/adapter.js").body


@pytest.mark.parametrize("field", ["identity;q=0", "*;q=0", "identity;q=0, br;q=0, gzip;q=0", "deflate, *;q=0"])
def test_who_takes_nothing_gets_nothing(server: Server, field: str) -> None:
    for method in ("GET", "HEAD"):
        answer = server.ask("/adapter.js", {"Accept-Encoding": field}, method)
        assert answer.status == 406
        assert answer.headers["vary"] == "Accept-Encoding"


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


def test_vary_is_told_of_what_varies_and_of_nothing_else(server: Server, addresses: list[str]) -> None:
    for address in addresses:
        answers = [server.ask(address, {"Accept-Encoding": coding}) for coding in ("br", "gzip", "identity")]
        varies = len({answer.headers["etag"] for answer in answers}) > 1
        assert {answer.headers.get("vary") for answer in answers} == {"Accept-Encoding" if varies else None}, address


# HEAD


def test_head_has_the_headers_of_get_and_no_body(server: Server, addresses: list[str]) -> None:
    with_missing = [*addresses, "/nothing"]
    for address in with_missing:
        for headers in ({}, {"Accept-Encoding": "br"}, {"Accept-Encoding": "gzip"}):
            got = server.ask(address, headers)
            head = server.ask(address, headers, "HEAD")
            assert (head.status, but_date(head), head.body) == (got.status, but_date(got), b""), address
            assert int(got.headers["content-length"]) == len(got.body), address


# Ranges: what is asked for, and the part that must come: None is the whole, "416" is none.

RANGES: dict[str, tuple[str, slice | str | None]] = {
    "first byte": ("bytes=0-0", slice(0, 1)),
    "some": ("bytes=10-19", slice(10, 20)),
    "across what is read at once": ("bytes=65530-65550", slice(65530, 65551)),
    "from the start": ("bytes=0-", slice(None)),
    "from somewhere": ("bytes=1000-", slice(1000, None)),
    "last byte": ("bytes={last}-", slice(-1, None)),
    "last byte by both ends": ("bytes={last}-{last}", slice(-1, None)),
    "suffix": ("bytes=-500", slice(-500, None)),
    "suffix longer than all": ("bytes=-99999999", slice(None)),
    "suffix of any length": ("bytes=-" + "9" * 5000, slice(None)),
    "behind the end": ("bytes=5-99999999", slice(5, None)),
    "far behind the end": ("bytes=5-" + "9" * 5000, slice(5, None)),
    "blanks": ("bytes= 0-1 ", slice(0, 2)),
    "begins behind the end": ("bytes={size}-", "416"),
    "begins far behind the end": ("bytes=" + "9" * 5000 + "-", "416"),
    "empty suffix": ("bytes=-0", "416"),
    "backwards": ("bytes=5-2", None),
    "several": ("bytes=0-1,5-6", None),
    "no range": ("bytes=", None),
    "no numbers": ("bytes=-", None),
    "letters": ("bytes=a-b", None),
    "a sign": ("bytes=+1-2", None),
    "hexadecimal": ("bytes=0x1-2", None),
    "superscript": ("bytes=\xb2-\xb3", None),
    "two dashes": ("bytes=--1", None),
    "three numbers": ("bytes=1-2-3", None),
    "another unit": ("items=0-1", None),
    "no unit": ("0-1", None),
    "empty": ("", None),
}


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("which", ["streamed", "in memory"])
def test_a_part_is_answered_as_it_was_asked_for(server: Server, large: str, which: str, name: str) -> None:
    address = large if which == "streamed" else "/redirect.html"
    field, part = RANGES[name]
    full = server.ask(address)
    size = len(full.body)
    answer = server.ask(address, {"Range": field.format(size=size, last=size - 1)})
    if part is None:
        assert (answer.status, but_date(answer), answer.body) == (200, but_date(full), full.body)
    elif part == "416" or (isinstance(part, slice) and (part.start or 0) >= size):
        assert answer.status == 416
        assert answer.headers["content-range"] == f"bytes */{size}"
    else:
        expected = full.body[part]
        first = size - len(expected) if part.stop is None else part.start
        assert answer.status == 206
        assert answer.body == expected
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{size}"
        assert answer.headers["content-length"] == str(len(expected))
        for header in ("etag", "cache-control", "content-type", "vary"):
            assert answer.headers.get(header) == full.headers.get(header)


IF_RANGE: dict[str, tuple[str, int]] = {
    "the tag": ("{tag}", 206),
    "another tag": ('"a"', 200),
    "the tag weakened": ("W/{tag}", 200),
    "a date": ("Fri, 01 Jan 2100 00:00:00 GMT", 200),
    "nothing": ("", 200),
}


@pytest.mark.parametrize("name", IF_RANGE)
@pytest.mark.parametrize("which", ["streamed", "in memory"])
def test_a_part_of_what_has_changed_is_the_whole(server: Server, large: str, which: str, name: str) -> None:
    address = large if which == "streamed" else "/adapter.js"
    value, status = IF_RANGE[name]
    full = server.ask(address)
    answer = server.ask(address, {"Range": "bytes=0-9", "If-Range": filled(value, full.headers["etag"])})
    assert answer.status == status
    assert answer.body == (full.body[:10] if status == 206 else full.body)


def test_a_range_that_no_longer_fits_is_forgotten_with_the_tag(server: Server, large: str) -> None:
    assert server.ask(large, {"Range": "bytes=99999999-", "If-Range": '"a"'}).status == 200


def test_a_range_is_of_get_alone(server: Server, large: str) -> None:
    head = server.ask(large, {"Range": "bytes=0-9"}, "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, str(len(LARGE_CONTENT)))


def test_a_condition_comes_before_a_range(server: Server, large: str) -> None:
    tag = server.ask(large).headers["etag"]
    assert server.ask(large, {"Range": "bytes=0-9", "If-None-Match": tag}).status == 304
    assert server.ask(large, {"Range": "bytes=99999999-", "If-Match": '"a"'}).status == 412


def test_several_lines_of_range_are_no_range(server: Server, large: str) -> None:
    assert server.ask(large, {"Range": ["bytes=0-1", "bytes=5-6"]}).status == 200


def test_ranges_are_offered_where_they_are_answered(server: Server, large: str) -> None:
    for coding in ("identity", "gzip", "br"):
        headers = {"Accept-Encoding": coding}
        offered = server.ask(large, headers).headers.get("accept-ranges") == "bytes"
        part = server.ask(large, {**headers, "Range": "bytes=0-9"})
        assert part.status == (206 if offered else 200)
        assert decoded(part) == LARGE_CONTENT[: 10 if offered else None]


def test_a_streamed_file_comes_whole(server: Server, large: str) -> None:
    assert server.ask(large).body == LARGE_CONTENT


def test_a_reader_that_leaves_is_no_error(server: Server, large: str) -> None:
    for _ in range(3):
        connection = server.connect()
        connection.request("GET", large)
        assert connection.getresponse().read(1000) == LARGE_CONTENT[:1000]
        connection.close()
    assert server.ask(large).body == LARGE_CONTENT
    assert "Traceback" not in server.output


# A cache must not keep an error in the place of what is there.

ERRORS: dict[str, tuple[int, Headers, str]] = {
    "not acceptable": (406, {"Accept-Encoding": "*;q=0"}, "GET"),
    "condition failed": (412, {"If-Match": '"a"'}, "GET"),
    "no such range": (416, {"Range": "bytes=99999999-"}, "GET"),
    "no such method": (405, {}, "POST"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_not_stored(server: Server, large: str, name: str) -> None:
    status, headers, method = ERRORS[name]
    answer = server.ask(large, headers, method)
    assert answer.status == status
    assert answer.headers["cache-control"] == NO_STORE
    assert answer.headers["x-content-type-options"] == "nosniff"


# Methods, and what is not there

METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "SEARCH")


@pytest.mark.parametrize("method", METHODS)
def test_another_method_is_refused_with_those_there_are(server: Server, large: str, method: str) -> None:
    for address in ("/redirect.html", "/adapter.js", large, "/healthz"):
        answer = server.ask(address, {"X-Secret": CANARY}, method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
        assert CANARY.encode() not in answer.body


def test_a_body_is_not_read_as_another_request(server: Server) -> None:
    inner = b"GET /adapter.js HTTP/1.1\r\nHost: a\r\n\r\n"
    head = b"POST /redirect.html HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(inner)
    answer = server.exchange(head + inner)
    assert answer is not None
    assert answer.status == 405


def test_what_is_not_there_has_a_page_that_repeats_nothing(server: Server) -> None:
    first = server.ask("/nothing")
    assert first.status == 404
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == NO_STORE
    for address in ("/other?code=1", "/sandbox", "/sandbox/nothing", "/widget/", "/<script>", "/nothing.js"):
        answer = server.ask(quote(address, safe="/?="))
        assert (answer.status, but_date(answer), answer.body) == (404, but_date(first), first.body)


# Headers


def test_everything_has_its_media_type_and_is_not_sniffed(server: Server, release: Release) -> None:
    widget = f"/widget/{release.id}/"
    expected = {
        **{f"/{profile}{name}": "text/html; charset=utf-8" for profile in ("", "sandbox/") for name in PAGES},
        **{f"/{name}": "text/javascript; charset=utf-8" for name in ADAPTERS},
        **{module: "text/javascript; charset=utf-8" for module in MODULES},
        "/healthz": "text/plain; charset=utf-8",
        "/readyz": "application/json; charset=utf-8",
        widget + "app.html": "text/html; charset=utf-8",
        widget + "app.js": "text/javascript; charset=utf-8",
        widget + "app.css": "text/css; charset=utf-8",
        widget + "before-app.js": "text/javascript; charset=utf-8",
        widget + "assets/rc/logo.svg": "image/svg+xml; charset=utf-8",
        widget + FONT: "font/woff2",
        widget + RINGTONE: "audio/ogg",
        widget + LARGE: "text/plain; charset=utf-8",
    }
    for address, media_type in expected.items():
        for coding in ("br", "identity"):
            answer = server.ask(address, {"Accept-Encoding": coding})
            assert answer.headers["content-type"] == media_type, address
            assert answer.headers["x-content-type-options"] == "nosniff", address


def test_everything_is_cached_as_long_as_it_holds(server: Server, release: Release) -> None:
    widget = f"/widget/{release.id}/"
    # The release's app.html has our script in it, and its headers follow the settings.
    ours = {widget + "app.html": MINUTES, widget + "before-app.js": MINUTES}
    expected = {
        **{address: NO_STORE if address.endswith(KEPT_BY_NOBODY) else MINUTES for address in OWN},
        **{widget + name: IMMUTABLE for name in release.files},
        **ours,
        "/healthz": NO_STORE,
        "/readyz": NO_STORE,
    }
    assert {address: server.ask(address).headers["cache-control"] for address in expected} == expected


def test_what_other_origins_load_says_that_they_may(server: Server, addresses: list[str]) -> None:
    for address in addresses:
        if address not in ("/healthz", "/readyz"):
            headers = server.ask(address).headers
            assert headers["cross-origin-resource-policy"] == "cross-origin", address
            assert headers["access-control-allow-origin"] == "*", address


@pytest.mark.parametrize("profile", ["", "sandbox/"])
def test_the_redirect_page_keeps_its_opener_and_sends_no_referrer(server: Server, profile: str) -> None:
    headers = server.ask(f"/{profile}redirect.html?code=1").headers
    assert headers["cross-origin-opener-policy"] == "unsafe-none"
    assert headers["referrer-policy"] == "no-referrer"


def test_no_page_severs_its_window_but_the_rehearsal_s_login_page(server: Server) -> None:
    policies = {address: server.ask(address).headers["cross-origin-opener-policy"] for address in OUR_PAGES}
    severing = {address for address, policy in policies.items() if policy == "same-origin"}
    assert severing == {"/stand-in-platform.html", "/sandbox/stand-in-platform.html"}
    assert set(policies.values()) == {"unsafe-none", "same-origin"}


def test_nothing_sets_a_cookie_or_names_the_server(server: Server, addresses: list[str]) -> None:
    for address in (*addresses, "/nothing"):
        assert not {"set-cookie", "server", "last-modified", "x-frame-options"} & server.ask(address).headers.keys()


class Inline(HTMLParser):
    """The scripts and stylesheets that stand in a page, what it loads besides, and what an attribute would run."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"script": [], "style": []}
        self.loaded: list[str] = []
        self.handlers: list[str] = []
        self._inside = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.handlers += [name for name in given if name.startswith("on") or name == "style"]
        self.loaded += [given[name] or "" for name in ("src", "srcset", "href", "data", "action") if name in given]
        if tag in self.found and "src" not in given and "type" not in given:
            self._inside = tag
            self.found[tag].append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[self._inside][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""


def policy(answer: Answer) -> dict[str, list[str]]:
    directives = answer.headers.get("content-security-policy", "").split(";")
    return {words[0]: words[1:] for directive in directives if (words := directive.split())}


def hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


OUR_PAGES = [*(address for address in OWN if not address.endswith("js")), "/nothing"]
WITH_ADAPTER = ("/popup.html", "/preview.html")
WITH_MODULES = ("/", "/check.html")


@pytest.mark.parametrize("address", OUR_PAGES)
def test_the_policy_allows_the_page_s_own_scripts_and_styles_by_hash_and_no_others(
    server: Server, unhosted: Server, address: str
) -> None:
    for host in (server, unhosted):
        if host is unhosted and address.startswith(("/sandbox", "/start.html")):  # it has neither profile nor relay
            continue
        answer = host.ask(address)
        allowed, page = policy(answer), Inline(answer.body)
        hashes = {hash_source(script) for script in page.found["script"]}
        cdn = {source for source in allowed["script-src"] if source.startswith("https:")}
        assert not cdn or (host is unhosted and address.endswith(WITH_ADAPTER))
        own = {"'self'"} if address.endswith((*WITH_ADAPTER, *WITH_MODULES)) else set()
        assert set(allowed["script-src"]) == (hashes | own | cdn or {"'none'"})
        assert set(allowed["style-src"]) == (
            {"'unsafe-inline'"}
            if address.endswith(WITH_ADAPTER)
            else {hash_source(style) for style in page.found["style"]} or {"'none'"}
        )
        assert page.handlers == []
        assert allowed["default-src"] == allowed["base-uri"] == allowed["form-action"] == ["'none'"]


@pytest.mark.parametrize("address", OUR_PAGES)
def test_nothing_unsafe_is_allowed_but_the_styles_that_the_adapter_adds(server: Server, address: str) -> None:
    allowed = policy(server.ask(address))
    unsafe = [(name, source) for name in allowed for source in allowed[name] if "unsafe" in source]
    assert unsafe == ([("style-src", "'unsafe-inline'")] if address.endswith(WITH_ADAPTER) else [])


@pytest.mark.parametrize(
    "address", [address for address in OUR_PAGES if not address.endswith((*WITH_MODULES, "popup.html"))]
)
def test_a_page_without_modules_names_no_other_file(server: Server, address: str) -> None:
    assert Inline(server.ask(address).body).loaded == ["data:,"]


@pytest.mark.parametrize("profile", ["", "sandbox/"])
def test_a_page_with_modules_names_all_that_it_will_load_at_the_top_of_the_site(server: Server, profile: str) -> None:
    top = "../" if profile else ""
    for address in ("", "check.html"):
        loaded = Inline(server.ask(f"/{profile}{address}").body).loaded
        named = {name for name in loaded if name.endswith(".mjs")}
        imported = {f"{top}{module}" for name in named for module in imports(server, name.removeprefix("../"))}
        assert imported <= named
        assert {name for name in named if name.startswith(top)} == named
        assert not [
            name for name in loaded if "//" in name and not name.startswith("https://developers.ringcentral.com/")
        ]


def imports(server: Server, module: str) -> list[str]:
    return re.findall(r"^import .* from '\./([\w-]+\.mjs)';$", server.ask(f"/{module}").body.decode(), re.MULTILINE)


def test_the_redirect_page_loads_nothing(server: Server) -> None:
    answer = server.ask("/redirect.html")
    page = Inline(answer.body)
    assert page.loaded == ["data:,"]
    assert not re.search(r"@import|url\(", page.found["style"][0])
    assert policy(answer)["default-src"] == ["'none'"]
    assert not policy(answer).keys() & {"font-src", "media-src"}


def test_the_redirect_page_asks_this_host_alone_and_where_there_is_no_relay_nobody(
    server: Server, unhosted: Server
) -> None:
    assert policy(server.ask("/redirect.html"))["connect-src"] == ["'self'"]
    assert "connect-src" not in policy(unhosted.ask("/redirect.html"))


FRAMEABLE = ("/redirect.html", "/app.html", "/check.html", "/stand-in-app.html", "/widget/{id}/app.html")
UNFRAMEABLE = ("/", "/start.html", "/popup.html", "/stand-in-platform.html", "/nothing")


def test_every_page_may_frame_the_widget_unless_embedders_are_listed(server: Server, release: Release) -> None:
    for address in FRAMEABLE:
        assert "frame-ancestors" not in policy(server.ask(address.format(id=release.id)))


def test_only_listed_embedders_may_frame_the_widget(framed: Server, unhosted: Server) -> None:
    id = framed.ask("/readyz").body.decode().split('"')[-2]
    for address in FRAMEABLE:
        assert policy(framed.ask(address.format(id=id)))["frame-ancestors"] == ["'self'", EMBEDDER]
    # The CDN's app frames the redirect page to refresh.
    ancestors = policy(unhosted.ask("/redirect.html"))["frame-ancestors"]
    assert ancestors == ["'self'", EMBEDDER, "https://apps.ringcentral.com", "https://ringcentral.github.io"]


def test_nobody_may_frame_the_other_pages(server: Server, framed: Server, unhosted: Server) -> None:
    for host in (server, framed, unhosted):
        for address in UNFRAMEABLE:
            assert policy(host.ask(address))["frame-ancestors"] == ["'none'"]
        assert policy(host.ask("/preview.html"))["frame-ancestors"] == ["'self'"]


def test_without_the_setup_pages_nothing_of_them_is_there(tmp_path: Path) -> None:
    add_release(configured(tmp_path, f"{SETTINGS}[setup]\nenabled = false\n"))
    with serving(tmp_path) as server:
        for profile in ("/", "/sandbox/"):
            for name in (*SETUP_PAGES, *ADAPTERS, "redirect.html", "app.html", "popup.html"):
                assert server.ask(f"{profile}{name}").status == (404 if name in SETUP_PAGES else 200), name
        assert [server.ask(module).status for module in MODULES] == [404] * len(MODULES)


# The release


def test_a_release_s_files_are_served_byte_for_byte(server: Server, release: Release) -> None:
    for name in release.files.keys() - {"app.html"}:
        assert server.ask(f"/widget/{release.id}/{name}").body == release.read(name), name


def test_app_html_differs_by_one_script_before_the_app(server: Server, release: Release) -> None:
    folder = f"/widget/{release.id}/"
    page, original = server.ask(folder + "app.html").body, release.read("app.html")
    tag = b'<script src="before-app.js"></script>'
    assert page.count(tag) == 1
    assert page.replace(tag, b"") == original
    assert page.index(tag) + len(tag) == page.index(b'<script src="app.js">')
    assert server.ask(folder + "before-app.js").status == 200
    assert server.ask("/before-app.js").status == 404


# Nothing depends on who asks, or by which name and query


ASKED_BY: dict[str, Headers] = {
    "another host": {"Host": "evil.example"},
    "no host's name": {"Host": ""},
    "a host with markup": {"Host": '"><script>alert(1)</script>'},
    "a proxy's word": {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-For": "10.0.0.1",
        "Forwarded": "host=evil.example;proto=https",
        "X-Original-URL": "/healthz",
        "X-Rewrite-URL": "/healthz",
    },
    "a browser": {
        "Origin": "https://evil.example",
        "Referer": "https://evil.example/?code=1",
        "Cookie": "a=b",
        "User-Agent": "evil",
        "Accept": "application/json",
        "Accept-Language": "de",
        "Sec-Fetch-Dest": "iframe",
    },
}


@pytest.mark.parametrize("name", ASKED_BY)
def test_headers_about_the_client_change_nothing(server: Server, addresses: list[str], name: str) -> None:
    for address in (*addresses, "/nothing"):
        plain, answer = server.ask(address), server.ask(address, ASKED_BY[name])
        assert (answer.status, but_date(answer), answer.body) == (plain.status, but_date(plain), plain.body), address


@pytest.mark.parametrize("query", ["?", "?code=1&state=a-b", "?clientId=evil&%3Cscript%3E", "?a=" + "b" * 8000])
def test_a_query_changes_nothing(server: Server, addresses: list[str], query: str) -> None:
    for address in (*addresses, "/nothing"):
        plain, answer = server.ask(address), server.ask(address + query)
        assert (answer.status, but_date(answer), answer.body) == (plain.status, but_date(plain), plain.body), address


def test_an_address_may_be_encoded_in_any_way(server: Server) -> None:
    plain = server.ask("/redirect.html")
    assert server.ask("/%72edirect%2Ehtml").body == plain.body
    absolute = server.exchange(b"GET http://evil.example/redirect.html HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert absolute is not None
    assert absolute.body == plain.body


# What no request may get

OUTSIDE = [
    "/../canary.txt",
    "/../../canary.txt",
    "/./../canary.txt",
    "/..%2fcanary.txt",
    "/%2e%2e/canary.txt",
    "/%2e%2e%2fcanary.txt",
    "/%252e%252e%252fcanary.txt",
    "/..%252fcanary.txt",
    "/%c0%ae%c0%ae/canary.txt",
    "/..%c0%afcanary.txt",
    "/..%00/canary.txt",
    "/..\\canary.txt",
    "/..%5ccanary.txt",
    "/\\..\\canary.txt",
    "/canary.txt",
    "/canary.txt%00",
    "/canary.txt%00.html",
    "/canary.txt;.js",
    "//canary.txt",
    "/sandbox/../canary.txt",
    "/sandbox/..%2f..%2fcanary.txt",
    "/widget/../canary.txt",
    "/widget/canary.txt",
    "/widget/..%2fcanary.txt",
    "/widget/{id}/../canary.txt",
    "/widget/{id}/../../canary.txt",
    "/widget/{id}/%2e%2e/canary.txt",
    "/widget/{id}/..%2f..%2fcanary.txt",
    "/widget/{id}/..%2f..%2f..%2f..%2fcanary.txt",
    "/widget/{id}/..\\..\\canary.txt",
    "/widget/{id}/files/../../canary.txt",
    "/widget/{id}/manifest.json",
    "/widget/{id}/../manifest.json",
    "/widget/{id}/..%2fmanifest.json",
    "/widget/{id}/files/app.js",
    "/widget/{id}/br/app.js",
    "/widget/{id}/app.js/",
    "/widget/{id}/app.js/.",
    "/widget/{id}//app.js",
    "/widget/{id}/",
    "/widget/{id}",
    "/widget/current/app.js",
    "/widget/{id}/assets",
    "/widget/{id}/assets/",
    "/embeddable.toml",
    "/../embeddable.toml",
    "/var/releases/{id}/files/app.js",
    "/redirect.js",
    "/redirect.html/",
    "/REDIRECT.HTML",
    "/redirect.html%20",
    "/.git/config",
    "/etc/passwd",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/file:///etc/passwd",
    "/http://evil.example/",
    "/%",
    "/%zz",
    "/%e2%80%a8",
    "/%ff%fe",
    "/" + "a" * 8000,
    "/" + "../" * 2000 + "etc/passwd",
    "/" + "%2e%2e%2f" * 1000 + "etc/passwd",
]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path[:40])
def test_no_path_leads_outside(server: Server, release: Release, path: str) -> None:
    target = path.format(id=release.id).encode()
    for target_form in (target, b"http://evil.example" + target):
        answer = server.exchange(b"GET " + target_form + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer is not None
        assert answer.status in (400, 404)
        assert CANARY.encode() not in answer.body
        assert b"root:" not in answer.body
        assert len(answer.body) < 4000


HEADER = b"Host: a\r\n\r\n"
MALFORMED: dict[str, bytes] = {
    "null bytes": b"\0\0\0\0\r\n\r\n",
    "no request": b"\r\n\r\nfoo\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bytes beyond ASCII": b"GET /\xff\xfe HTTP/1.1\r\n" + HEADER,
    "a path without slash": b"GET canary.txt HTTP/1.1\r\n" + HEADER,
    "a query alone": b"GET ?code=1 HTTP/1.1\r\n" + HEADER,
    "an asterisk": b"GET * HTTP/1.1\r\n" + HEADER,
    "options of the server": b"OPTIONS * HTTP/1.1\r\n" + HEADER,
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HEADER,
    "a made-up method": b"BREW / HTTP/1.1\r\n" + HEADER,
    "a small method": b"get / HTTP/1.1\r\n" + HEADER,
    "a blank in the path": b"GET /a b HTTP/1.1\r\n" + HEADER,
    "two lengths": b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + HEADER,
    "a length and chunks": b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + HEADER + b"a",
    "a length that is none": b"GET / HTTP/1.1\r\nContent-Length: x\r\n" + HEADER,
    "a header without colon": b"GET / HTTP/1.1\r\nfoo\r\n" + HEADER,
    "a header with a null byte": b"GET / HTTP/1.1\r\nX: \0\r\n" + HEADER,
    "a header of another alphabet": b"GET / HTTP/1.1\r\nAccept-Encoding: \xff\xfe\r\nRange: \xff\r\n" + HEADER,
    "many headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2000 + HEADER,
    "a long header": b"GET / HTTP/1.1\r\nIf-None-Match: " + b'"a",' * 5000 + b"\r\n" + HEADER,
    "a long path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HEADER,
    "a web socket": b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + HEADER,
    "an older protocol": b"GET / HTTP/1.0\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_no_request_however_odd_is_an_error_of_the_server(server: Server, name: str) -> None:
    answer = server.exchange(MALFORMED[name])
    assert answer is None or answer.status < 500
    assert answer is None or CANARY.encode() not in answer.body
    assert server.ask("/healthz").status == 200


# Whatever comes: header values made of what such headers are made of, and paths of anything

FUZZ = hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
CODING_WORDS = st.sampled_from(
    ["br", "gzip", "identity", "*", ",", ";", "q=", "0", "1", "0.5", ".", " ", "=", "x", '"', "\t", "\xe9"]
)
RANGE_WORDS = st.sampled_from(["bytes", "=", "-", ",", "0", "1", "9", "65536", "1600000", " ", "x", "\xb2"])
TAG_WORDS = st.sampled_from(['"', "W/", "a", ",", " ", "*", "TAG", "\\", "\xff"])


def words(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | st.lists(strategy, max_size=12).map("".join)


@FUZZ
@given(
    accept_encoding=words(CODING_WORDS),
    requested=words(RANGE_WORDS),
    if_none_match=words(TAG_WORDS),
    if_match=words(TAG_WORDS),
    if_range=words(TAG_WORDS),
)
def test_whatever_is_asked_the_answer_is_consistent(
    server: Server,
    large: str,
    accept_encoding: str | None,
    requested: str | None,
    if_none_match: str | None,
    if_match: str | None,
    if_range: str | None,
) -> None:
    fields = {
        "Accept-Encoding": accept_encoding,
        "Range": requested,
        "If-None-Match": if_none_match,
        "If-Match": if_match,
        "If-Range": if_range,
    }
    tag = server.ask(large, {"Accept-Encoding": "br"}).headers["etag"]
    given = {name: value.replace("TAG", tag) for name, value in fields.items() if value is not None}
    answer = server.ask(large, given)
    assert answer.status in (200, 206, 304, 406, 412, 416)
    if answer.status == 200:
        assert decoded(answer) == LARGE_CONTENT
    elif answer.status == 206:
        part = re.fullmatch(rf"bytes (\d+)-(\d+)/{len(LARGE_CONTENT)}", answer.headers["content-range"])
        assert part
        assert answer.body == LARGE_CONTENT[int(part[1]) : int(part[2]) + 1]
    elif answer.status == 304:
        assert if_none_match is not None
    elif answer.status == 412:
        assert if_match is not None


@FUZZ
@given(path=st.binary(max_size=60))
def test_a_path_that_is_no_address_is_not_found(server: Server, addresses: list[str], path: bytes) -> None:
    answer = server.ask("/" + quote(path, safe=""))
    known = "/" + path.decode(errors="replace") in addresses
    assert answer.status == (200 if known else 404)


def test_answers_on_one_connection_do_not_mix(server: Server, addresses: list[str]) -> None:
    connection = server.connect()
    apart = [server.ask(address) for address in addresses]
    for address, alone in zip(addresses, apart, strict=True):
        for headers, method in (({}, "HEAD"), ({"If-None-Match": "*"}, "GET"), ({}, "GET")):
            answer = ask(connection, address, headers, method)
        assert answer.body == alone.body, address
    connection.close()


def test_other_headers_are_another_answer(tmp_path: Path) -> None:
    """A browser that is told 304 keeps the headers it has: who may frame the widget must change the entity tag."""
    folder = configured(tmp_path / "host")
    release = add_release(folder)
    tags = set()
    for settings in ("", f'[widget]\nembedders = ["{EMBEDDER}"]'):
        configured(folder, settings)
        with serving(folder) as server:
            tags.add(server.ask(f"/widget/{release.id}/app.html").headers["etag"])
    assert len(tags) == 2
