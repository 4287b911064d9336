"""What no request can get from the host, however it is written; and no response depends on the client."""

import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from embeddable_host.releases.release import Release
from world.host import LARGE_CONTENT, Headers, Server, ask
from world.wire import CANARY, NO_STORE, but_date, decoded

# Methods, and what is not there

METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "SEARCH")


@pytest.mark.parametrize("method", METHODS)
def test_another_method_is_refused_with_those_there_are(server: Server, large: str, method: str) -> None:
    for address in ("/redirect.html", "/adapter.js", large, "/host.json"):
        response = server.ask(address, {"X-Secret": CANARY}, method)
        assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
        assert CANARY.encode() not in response.body


def test_a_body_is_not_read_as_another_request(server: Server) -> None:
    inner = b"GET /adapter.js HTTP/1.1\r\nHost: a\r\n\r\n"
    head = b"POST /redirect.html HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(inner)
    response = server.exchange(head + inner)
    assert response is not None
    assert response.status == 405


def test_what_is_not_there_has_a_page_that_repeats_nothing(server: Server) -> None:
    first = server.ask("/nothing")
    assert first.status == 404
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == NO_STORE
    for address in ("/other?code=1", "/sandbox", "/sandbox/nothing", "/widget/", "/<script>", "/nothing.js"):
        response = server.ask(quote(address, safe="/?="))
        assert (response.status, but_date(response), response.body) == (404, but_date(first), first.body)


# No response depends on the client, the host name or the query


REQUESTED_BY: dict[str, Headers] = {
    "another host": {"Host": "evil.example"},
    "no host's name": {"Host": ""},
    "a host that looks like a path": {"Host": "a%2f..%2f'(b)"},
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


@pytest.mark.parametrize("name", REQUESTED_BY)
def test_headers_about_the_client_change_nothing(server: Server, addresses: list[str], name: str) -> None:
    for address in (*addresses, "/nothing"):
        plain, response = server.ask(address), server.ask(address, REQUESTED_BY[name])
        assert (response.status, but_date(response), response.body) == (plain.status, but_date(plain), plain.body), (
            address
        )


@pytest.mark.parametrize("query", ["?", "?code=1&state=a-b", "?clientId=evil&%3Cscript%3E", "?a=" + "b" * 8000])
def test_a_query_changes_nothing(server: Server, addresses: list[str], query: str) -> None:
    for address in (*addresses, "/nothing"):
        plain, response = server.ask(address), server.ask(address + query)
        assert (response.status, but_date(response), response.body) == (plain.status, but_date(plain), plain.body), (
            address
        )


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
        response = server.exchange(b"GET " + target_form + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert response is not None
        assert response.status in (400, 404)
        assert CANARY.encode() not in response.body
        assert b"root:" not in response.body
        assert len(response.body) < 4000


HEADER = b"Host: a\r\n\r\n"
MALFORMED: dict[str, bytes] = {
    "null bytes": b"\0\0\0\0\r\n\r\n",
    "no request": b"\r\n\r\nfoo\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bytes beyond ASCII": b"GET /\xff\xfe HTTP/1.1\r\n" + HEADER,
    "a path without slash": b"GET canary.txt HTTP/1.1\r\n" + HEADER,
    "only a query": b"GET ?code=1 HTTP/1.1\r\n" + HEADER,
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
    response = server.exchange(MALFORMED[name])
    assert response is None or response.status < 500
    assert response is None or CANARY.encode() not in response.body
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
def test_the_response_to_any_request_is_consistent(
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
    response = server.ask(large, given)
    assert response.status in (200, 206, 304, 406, 412, 416)
    if response.status == 200:
        assert decoded(response) == LARGE_CONTENT
    elif response.status == 206:
        part = re.fullmatch(rf"bytes (\d+)-(\d+)/{len(LARGE_CONTENT)}", response.headers["content-range"])
        assert part
        assert response.body == LARGE_CONTENT[int(part[1]) : int(part[2]) + 1]
    elif response.status == 304:
        assert if_none_match is not None
    elif response.status == 412:
        assert if_match is not None


@FUZZ
@given(path=st.binary(max_size=60))
def test_a_path_that_is_no_address_is_not_found(server: Server, addresses: list[str], path: bytes) -> None:
    response = server.ask("/" + quote(path, safe=""))
    known = "/" + path.decode(errors="replace") in addresses
    assert response.status == (200 if known else 404)


def test_responses_on_one_connection_do_not_mix(server: Server, addresses: list[str]) -> None:
    connection = server.connect()
    apart = [server.ask(address) for address in addresses]
    for address, single in zip(addresses, apart, strict=True):
        for headers, method in (({}, "HEAD"), ({"If-None-Match": "*"}, "GET"), ({}, "GET")):
            response = ask(connection, address, headers, method)
        assert response.body == single.body, address
    connection.close()
