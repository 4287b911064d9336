"""The relay under attack: messages cut, replaced and replayed, odd ids and bodies, pages of other origins, floods."""

import contextlib
import http.client
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from world.host import Response, Server, ask, configured, serving
from world.relay import (
    MEDIA_TYPE,
    OWN_PAGE,
    SETTINGS,
    Waiting,
    new_id,
    post,
    put,
    sharing,
    take,
    waiting_connection,
    with_times,
)
from world.timeouts import TIMEOUT, wait_until

LIMIT = 8192  # bytes of a message
NAME = "phone.example.com"  # in the Host field
HEAD = f"Host: {NAME}\r\nContent-Type: {MEDIA_TYPE}\r\n"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two hosts that share their messages, like two workers."""
    place = tmp_path_factory.mktemp("pair")
    with sharing(place, with_times(place, WAIT_SECONDS=0.2)) as hosts:
        yield hosts


def post_framed(server: Server, id: str, framing: str, body: bytes) -> Response | None:
    """The response to a POST with this header field for the body's length."""
    return server.exchange(f"POST /relay/{id} HTTP/1.1\r\n{HEAD}{framing}\r\n\r\n".encode() + body)


# Messages


def test_a_message_is_not_replaced(server: Server) -> None:
    id = new_id()
    assert put(server, id, b"first").status == 201

    assert put(server, id, b"second").status == 409
    assert take(server, id).body == b"first"


def test_a_message_that_is_replayed_is_a_new_one_and_delivered_once_too(server: Server) -> None:
    id = new_id()
    for _ in range(2):
        assert put(server, id).status == 201
        assert [take(server, id).status for _ in range(2)] == [200, 204]


@pytest.mark.parametrize("sent", [b"", b"x" * 50])
def test_a_message_that_is_cut_off_in_transit_is_not_stored(server: Server, sent: bytes) -> None:
    id = new_id()
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
        connection.sendall(f"POST /relay/{id} HTTP/1.1\r\n{HEAD}Content-Length: 100\r\n\r\n".encode() + sent)

    assert take(server, id).status == 204
    assert put(server, id, b"whole").status == 201
    assert take(server, id).body == b"whole"


def test_of_many_takers_at_once_one_gets_it(pair: tuple[Server, Server]) -> None:
    for round in range(8):
        id, content = new_id(), b"%d" % round
        early = [Waiting(pair[number % 2], id) for number in range(6)]
        assert put(pair[round % 2], id, content).status == 201
        late = [Waiting(pair[number % 2], id) for number in range(6)]

        responses = [(taker.response.status, taker.response.body) for taker in early + late]
        assert sorted(responses) == [(200, content)] + 11 * [(204, b"")]


def test_of_many_puts_of_one_id_at_once_one_succeeds(pair: tuple[Server, Server]) -> None:
    with ThreadPoolExecutor(12) as senders:
        for _ in range(8):
            id = new_id()
            contents = [b"%d" % number for number in range(12)]
            results = list(senders.map(lambda content, id=id: put(pair[int(content) % 2], id, content), contents))

            assert sorted(response.status for response in results) == [201] + 11 * [409]
            [winner] = [content for content, response in zip(contents, results, strict=True) if response.status == 201]
            assert take(pair[0], id).body == winner


# Ids

DIGITS = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"/relay/{DIGITS[1:]}", id="a digit too few"),
        pytest.param(f"/relay/{DIGITS}0", id="a digit too many"),
        pytest.param(f"/relay/{DIGITS.upper()}", id="upper case"),
        pytest.param(f"/relay/{DIGITS[1:]}g", id="not a hex digit"),
        pytest.param(f"/relay/{DIGITS[1:]}%F0%9F%9F%98", id="digits of another script"),
        pytest.param(f"/relay/{DIGITS}/", id="a slash at the end"),
        pytest.param(f"/relay/{DIGITS}%0A", id="a line break at the end"),
        pytest.param(f"/relay/{DIGITS}%00", id="a null byte at the end"),
        pytest.param(f"/relay/{DIGITS}.sandbox", id="a profile at the end"),
        pytest.param(f"/relay/../{DIGITS}", id="a folder up"),
        pytest.param(f"/relay/..%2F{DIGITS[3:]}", id="a folder up, encoded"),
        pytest.param(f"/relay/%2e%2e%2f%2e%2e%2fembeddable.toml{DIGITS[:42]}", id="folders up, encoded"),
        pytest.param(f"/relay//{DIGITS}", id="two slashes"),
        pytest.param("/relay/", id="none"),
        pytest.param("/relay", id="not even a slash"),
        pytest.param(f"/nobody/relay/{DIGITS}", id="a profile that is not there"),
        pytest.param(f"/sandbox/sandbox/relay/{DIGITS}", id="a profile of a profile"),
        pytest.param(f"/../relay/{DIGITS}", id="above the site"),
    ],
)
def test_what_is_not_an_id_is_not_found(server: Server, path: str) -> None:
    missing = server.ask("/not-there")

    taken = server.ask(path, OWN_PAGE)
    posted = post(server, path, b"x")

    assert (taken.status, taken.body) == (404, missing.body)
    assert posted.status == server.ask("/not-there", method="POST").status == 405
    assert posted.headers["allow"] == "GET, HEAD"


def test_an_id_with_percent_encoded_digits_is_the_same(server: Server) -> None:
    id = new_id()
    assert put(server, f"%{ord(id[0]):x}{id[1:]}").status == 201
    assert put(server, id).status == 409
    assert take(server, id).status == 200


# Bodies


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def test_8_kib_are_accepted_in_chunks_and_a_byte_more_is_not(server: Server) -> None:
    id, framing = new_id(), "Transfer-Encoding: chunked"
    larger = post_framed(server, id, framing, chunked(*[b"x" * 1024] * 8, b"x"))
    assert larger
    assert larger.status == 413

    largest = post_framed(server, id, framing, chunked(*[b"x" * 1024] * 8))
    assert largest
    assert largest.status == 201
    assert take(server, id).body == b"x" * LIMIT


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_comes(server: Server) -> None:
    for length in (LIMIT + 1, 10**12):
        response = post_framed(server, new_id(), f"Content-Length: {length}", b"")
        assert response
        assert (response.status, response.headers["connection"]) == (413, "close")


def test_a_body_without_end_is_refused_and_the_connection_closed(server: Server) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
        connection.sendall(f"POST /relay/{new_id()} HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            while sent < 10**9:
                connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                sent += 4096
        assert sent < 10**9
        assert connection.recv(12) == b"HTTP/1.1 413"


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_is_too_slow_is_refused(server: Server, framing: str) -> None:
    id = new_id()
    response = post_framed(server, id, framing, b"5\r\nx")

    assert response
    assert (response.status, response.headers["connection"]) == (408, "close")
    assert take(server, id).status == 204


@pytest.mark.parametrize("framing", ["Content-Length: 0", "Transfer-Encoding: chunked"])
def test_an_empty_message_is_refused(server: Server, framing: str) -> None:
    response = post_framed(server, new_id(), framing, b"" if "0" in framing else b"0\r\n\r\n")

    assert response
    assert response.status == 400


@pytest.mark.parametrize(
    "types",
    [
        [],
        ["text/plain"],
        ["application/x-www-form-urlencoded"],
        ["multipart/form-data"],
        ["application/json"],
        ["application/octet-streams"],
        ["text/plain;application/octet-stream"],
    ],
)
def test_what_a_form_or_a_page_of_another_origin_can_send_without_a_preflight_is_refused(
    server: Server, types: list[str]
) -> None:
    assert put(server, new_id(), headers={"Content-Type": types}).status == 415


@pytest.mark.parametrize("media_type", ["application/octet-stream", "Application/Octet-Stream", f"{MEDIA_TYPE} ; a=b"])
def test_the_media_type_of_a_message_may_be_written_differently(server: Server, media_type: str) -> None:
    assert put(server, new_id(), headers={"Content-Type": media_type}).status == 201


# Pages of this and of other origins

SITE, ORIGIN = "Sec-Fetch-Site", "Origin"
OWN = [
    pytest.param({SITE: "same-origin"}, id="browser"),
    pytest.param({SITE: "same-origin", ORIGIN: f"https://{NAME}"}, id="browser that names the origin"),
    pytest.param({SITE: "same-origin", ORIGIN: "https://127.0.0.1"}, id="proxy that changes the Host"),
    pytest.param({SITE: [], ORIGIN: f"https://{NAME}"}, id="older browser"),
    pytest.param({SITE: [], ORIGIN: f"https://{NAME}:8443"}, id="older browser, another port"),
    pytest.param({SITE: [], ORIGIN: f"https://{NAME.upper()}"}, id="name in upper case"),
    pytest.param({SITE: [], ORIGIN: "http://[::1]:8000", "Host": "[::1]:8000"}, id="address"),
    pytest.param({SITE: []}, id="no browser"),
]
FOREIGN = [
    pytest.param({SITE: "cross-site", ORIGIN: "https://evil.example.org"}, id="another site"),
    pytest.param({SITE: "same-site", ORIGIN: "https://crm.example.com"}, id="another origin of the site"),
    pytest.param({SITE: "none"}, id="address bar"),
    pytest.param({SITE: "cross-site", ORIGIN: f"https://{NAME}"}, id="site before origin"),
    pytest.param({SITE: ["same-origin", "cross-site"]}, id="two sites"),
    pytest.param({SITE: ""}, id="empty"),
    pytest.param({SITE: [], ORIGIN: "https://crm.example.com"}, id="older browser, another origin"),
    pytest.param({SITE: [], ORIGIN: f"https://{NAME}.example.org"}, id="older browser, name that begins so"),
    pytest.param({SITE: [], ORIGIN: f"https://{NAME}@evil.example.org"}, id="older browser, name as a user"),
    pytest.param({SITE: [], ORIGIN: "null"}, id="older browser, sandboxed frame"),
    pytest.param({SITE: [], ORIGIN: "null", "Host": ""}, id="older browser, no host"),
    pytest.param({SITE: [], ORIGIN: NAME}, id="older browser, no scheme"),
    pytest.param({SITE: [], ORIGIN: "https://["}, id="older browser, no origin"),
    pytest.param({SITE: [], ORIGIN: [f"https://{NAME}", "https://evil.example.org"]}, id="two origins"),
]


@pytest.mark.parametrize("headers", OWN)
def test_a_page_of_this_origin_may_put_and_take(server: Server, headers: dict[str, str | list[str]]) -> None:
    id = new_id()
    assert put(server, id, headers=headers).status == 201
    assert take(server, id, headers).status == 200


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_origin_may_neither_put_nor_take(server: Server, headers: dict[str, str | list[str]]) -> None:
    id = new_id()
    assert put(server, id).status == 201

    for response in (put(server, new_id(), headers=headers), take(server, id, headers)):
        assert response.status == 403
        assert not [name for name in response.headers if name.startswith("access-control-")]
    assert take(server, id).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example.org", f"https://{NAME}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_cors_preflight_allows_no_page_of_another_origin(server: Server, origin: str, method: str) -> None:
    """A CORS preflight (Fetch §4.8): without an Access-Control header the browser sends nothing more."""
    preflight = {ORIGIN: origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-a"}
    response = server.ask(f"/relay/{new_id()}", preflight, "OPTIONS")

    assert (response.status, response.headers["allow"]) == (405, "GET, POST")
    assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_another_method_takes_nothing(server: Server, method: str) -> None:
    id = new_id()
    assert put(server, id).status == 201

    response = server.ask(f"/relay/{id}", OWN_PAGE, method)

    assert (response.status, response.headers["allow"]) == (405, "GET, POST")
    assert take(server, id).status == 200


# Floods


def test_a_flood_of_messages_stops_at_the_limit_and_the_host_keeps_working(folder: Path) -> None:
    configured(folder, f"{SETTINGS}[relay]\nlimit = 200")
    statuses: Counter[int] = Counter()

    def flood(server: Server) -> None:
        with contextlib.closing(server.connect()) as connection:
            for _ in range(100):
                sent = {"Content-Type": MEDIA_TYPE, "Content-Length": "1"}
                statuses[ask(connection, f"/relay/{new_id()}", sent, "POST", b"x").status] += 1

    with serving(folder, "--workers", "2") as server:
        id = new_id()
        assert put(server, id).status == 201
        senders = [threading.Thread(target=flood, args=(server,)) for _ in range(6)]
        for sender in senders:
            sender.start()
        while any(sender.is_alive() for sender in senders):
            assert server.ask("/redirect.html").status == 200
        refused = put(server, new_id())

        assert statuses == {201: 199, 503: 401}
        assert len(list((folder / "var" / "relay").iterdir())) == 200
        assert (refused.status, refused.headers["retry-after"]) == (503, "2")
        assert take(server, id).status == 200
        assert put(server, new_id()).status == 201


@pytest.mark.extra
def test_among_ten_thousand_messages_each_is_stored_and_delivered(folder: Path) -> None:
    configured(folder, f"{SETTINGS}[relay]\nlimit = 10003")
    relay = folder / "var" / "relay"
    relay.mkdir(parents=True)
    for _ in range(10_000):
        (relay / new_id()).write_bytes(b"x" * 17)
    with serving(folder) as server:
        ids = [new_id() for _ in range(3)]
        assert {put(server, id, id.encode()).status for id in ids} == {201}
        assert put(server, new_id()).status == 503
        assert [take(server, id).body.decode() for id in ids] == ids
        assert server.ask("/redirect.html").status == 200


def test_no_more_clients_wait_than_the_limit(folder: Path) -> None:
    configured(folder, f"{SETTINGS}[relay]\nlimit = 2")
    with serving(folder) as server, waiting_connection(server, new_id()) as one, waiting_connection(server, new_id()):
        refused: list[Response] = []

        def is_refused() -> bool:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=0.5)) as connection:
                with contextlib.suppress(TimeoutError):
                    refused.append(ask(connection, f"/relay/{new_id()}"))
                return bool(refused)

        wait_until(is_refused, "two wait, and a third is refused")
        assert (refused[0].status, refused[0].headers["retry-after"]) == (503, "2")
        one.close()
        id = new_id()
        assert put(server, id).status == 201
        wait_until(lambda: take(server, id).status == 200, "another one may wait")
