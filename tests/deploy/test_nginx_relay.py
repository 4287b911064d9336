"""The relay behind the shipped nginx configuration, among the hostile blocks of somebody else."""

import asyncio
import contextlib
import re
import socket
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from embeddable_host.config.settings import Relay
from embeddable_host.relay.protocol import CLIENT_SHARE, WAIT_SECONDS
from world.host import Response, Server, ask, configured, run, serving
from world.hosts import SETTINGS
from world.internet import NGINX, NGINX_PREFIXED, free_ports
from world.proxy import PREFIX, Proxy, fronting, trusting
from world.relay import MEDIA_TYPE, OWN_PAGE, Waiting, altered, new_id, post, put, take, with_times
from world.timeouts import TIMEOUT, wait_until
from world.upstream import ok, recording

LIMIT = 8192  # bytes of a message
DIGITS = "0123456789abcdef" * 4
AT_ONCE = 150  # sign-ins, from one address
SHARE = Relay().limit // CLIENT_SHARE  # of one client
BURST = SHARE * 3 // 5
BELOW = {"Host": NGINX_PREFIXED}
SITE = {"Host": NGINX}
PLACES = [
    pytest.param(SITE, "/", id="site"),
    pytest.param(SITE, "/sandbox/", id="profile"),
    pytest.param(BELOW, PREFIX, id="below a path"),
    pytest.param(BELOW, f"{PREFIX}sandbox/", id="profile below a path"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host where nobody waits long."""
    folder = configured(tmp_path_factory.mktemp("nginx-relay") / "host", SETTINGS)
    with serving(folder, environment=with_times(folder, WAIT_SECONDS=0.5)) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(server: Server, certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("nginx-relay") / "nginx"
    with fronting(folder, certificates, [f"127.0.0.1:{server.port}"]) as proxy:
        yield proxy


# What it passes on


@pytest.mark.parametrize(("name", "folder"), PLACES)
def test_a_message_is_put_and_taken_once(server: Server, proxy: Proxy, name: dict[str, str], folder: str) -> None:
    id, content = new_id(), bytes(range(256)) * 32
    assert put(proxy, id, content, name, folder).status == 201
    assert put(proxy, id, b"other", name, folder).status == 409

    taken = take(proxy, id, name, folder)

    assert (taken.status, taken.headers["content-type"], taken.body) == (200, MEDIA_TYPE, content)
    assert take(proxy, id, name, folder).status == 204


@pytest.mark.parametrize(("name", "folder"), PLACES)
def test_a_waiting_client_gets_a_message_when_it_is_put(
    server: Server, proxy: Proxy, name: dict[str, str], folder: str
) -> None:
    ids = [new_id() for _ in range(5)]
    waiting = [Waiting(proxy, id, name, folder) for id in ids]
    for id in ids:
        assert put(proxy, id, id.encode(), name, folder).status == 201
    # Whoever has waited too long on a busy machine asks again.
    got = [one.response.body or take(proxy, id, name, folder).body for one, id in zip(waiting, ids, strict=True)]
    assert [content.decode() for content in got] == ids


def test_the_relays_response_headers_reach_the_browser_unchanged(proxy: Proxy) -> None:
    id = new_id()
    responses = [put(proxy, id), put(proxy, id), take(proxy, id), take(proxy, id)]
    responses.append(proxy.ask(f"/relay/{id}", {"Access-Control-Request-Method": "POST"}, "OPTIONS"))

    assert [response.status for response in responses] == [201, 409, 200, 204, 405]
    for response in responses:
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
        assert not response.headers.keys() & {"x-frame-options", "expires", "content-encoding", "age"}
        assert not [header for header in response.headers if header.startswith("access-control-")]
    assert responses[-1].headers["allow"] == "GET, POST"


def test_the_server_gets_the_origin_and_the_message_and_nothing_else(tmp_path: Path, certificates: Path) -> None:
    headers = {
        "Referer": "https://crm.example.com/?code=secret",
        "Cookie": "session=secret",
        "Authorization": "Bearer secret",
        "X-Forwarded-Host": "elsewhere.example.org",
        "Accept-Encoding": "gzip, br",
        "Origin": f"https://{NGINX}",
    }
    id = new_id()
    with recording(ok) as (upstream, requests), fronting(tmp_path, certificates, [upstream]) as proxy:
        assert post(proxy, f"/relay/{id}?code=secret", b"sealed", {**headers, **SITE}).body == b"ok"
        assert take(proxy, f"{id}?code=secret", {**headers, **SITE}).body == b"ok"
        assert post(proxy, f"{PREFIX}sandbox/relay/{id}", b"sealed", {**headers, **BELOW}).body == b"ok"
        with contextlib.closing(proxy.connect()) as connection:
            chunked = {**SITE, "Content-Type": MEDIA_TYPE, "Transfer-Encoding": "chunked"}
            assert ask(connection, f"/relay/{id}", chunked, "POST", b"6\r\nsealed\r\n0\r\n\r\n").body == b"ok"

    def received(line: str, name: str, *more: str) -> list[str]:
        return sorted([f"{line} HTTP/1.1", f"Host: {name}", *more])

    page = ("Sec-Fetch-Site: same-origin", f"Origin: https://{NGINX}")
    message = (f"Content-Type: {MEDIA_TYPE}", "Content-Length: 6")
    assert [sorted(request.partition(b"\r\n\r\n")[0].decode().split("\r\n")) for request in requests] == [
        received(f"POST /relay/{id}", NGINX, *page, *message),
        received(f"GET /relay/{id}", NGINX, *page),
        received(f"POST /sandbox/relay/{id}", NGINX_PREFIXED, *page, *message),
        received(f"POST /relay/{id}", NGINX, *message),
    ]
    assert [request.partition(b"\r\n\r\n")[2] for request in requests] == [b"sealed", b"", b"sealed", b"sealed"]


@pytest.mark.parametrize(("name", "folder"), PLACES)
def test_pages_of_other_origins_are_refused_by_the_name_that_is_configured(
    proxy: Proxy, name: dict[str, str], folder: str
) -> None:
    own = {**name, "Sec-Fetch-Site": [], "Origin": f"https://{name['Host']}:{proxy.port}"}
    foreign = {**own, "Origin": "https://crm.example.com"}

    assert put(proxy, new_id(), headers=own, folder=folder).status == 201
    assert put(proxy, new_id(), headers=foreign, folder=folder).status == 403
    assert take(proxy, new_id(), foreign, folder).status == 403
    assert take(proxy, new_id(), {**name, "Sec-Fetch-Site": "cross-site"}, folder).status == 403


def test_a_message_that_is_too_large_is_refused(proxy: Proxy) -> None:
    assert put(proxy, new_id(), b"x" * (LIMIT + 1), SITE).status == 413
    assert put(proxy, new_id(), b"x" * (LIMIT + 1), BELOW, PREFIX).status == 413


def test_a_body_without_end_is_refused(proxy: Proxy) -> None:
    head = f"POST /relay/{new_id()} HTTP/1.1\r\nHost: {NGINX}\r\nContent-Type: {MEDIA_TYPE}\r\n"
    with connected(proxy) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        connection.sendall(b"1000\r\n%s\r\n" % (b"x" * 4096) * 3)
        assert connection.recv(12) == b"HTTP/1.1 413"


@contextlib.contextmanager
def connected(proxy: Proxy) -> Iterator[socket.socket]:
    with (
        socket.create_connection(("127.0.0.1", proxy.port), TIMEOUT) as connection,
        trusting().wrap_socket(connection, server_hostname=NGINX) as secured,
    ):
        yield secured


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_another_method_is_refused_by_the_server_and_takes_nothing(proxy: Proxy, method: str) -> None:
    id = new_id()
    assert put(proxy, id, headers=SITE).status == 201
    response = proxy.ask(f"/relay/{id}", OWN_PAGE, method)

    assert (response.status, response.headers["allow"]) == (405, "GET, POST")
    assert take(proxy, id, SITE).status == 200


@pytest.mark.parametrize("id", [f"..%2F{DIGITS[3:]}", DIGITS.upper(), DIGITS[1:], f"{DIGITS}0", f"{DIGITS}/", ""])
def test_what_is_not_an_id_is_not_found(server: Server, proxy: Proxy, id: str) -> None:
    response = take(proxy, id, SITE)

    assert (response.status, response.body) == (404, server.ask("/not-there").body)
    assert put(proxy, id, headers=SITE).status == 405


def test_a_message_that_a_client_no_longer_waits_for_stays_for_the_next(tmp_path: Path, certificates: Path) -> None:
    folder = configured(tmp_path / "host", SETTINGS)
    report = 'print("looks for a message", flush=True)'
    lines = ("from embeddable_host.relay.folder import MessageFolder", "take = MessageFolder.take")
    patch = f"MessageFolder.take = lambda self, name: ({report}, take(self, name))[1]"
    with (
        serving(folder, environment=altered(folder, *lines, patch)) as server,
        fronting(tmp_path / "nginx", certificates, [f"127.0.0.1:{server.port}"]) as proxy,
    ):
        id = new_id()
        with connected(proxy) as connection:
            connection.sendall(f"GET /relay/{id} HTTP/1.1\r\nHost: {NGINX}\r\n\r\n".encode())
            server.wait_until_it_says("looks for a message")
        wait_until(lambda: b'"/relay/",status="499"' in server.ask("/metrics").body, "the host sees it")
        assert put(proxy, id, headers=SITE).status == 201
        assert take(proxy, id, SITE).body == b"sealed"


def test_nginx_waits_longer_than_the_server(tmp_path: Path) -> None:
    text = run(tmp_path, "nginx", "--server-name", NGINX).stdout
    waits = re.findall(r"proxy_read_timeout (\d+)s;", text.partition("relay/[0-9a-f]")[2])
    assert waits
    assert int(waits[0]) > WAIT_SECONDS + 5


# What is written down


def test_nothing_of_an_id_or_a_message_is_logged(proxy: Proxy, tmp_path: Path, certificates: Path) -> None:
    id, content = new_id(), (new_id() * 128).encode()[: LIMIT - 2]
    odd = [f"{id}0", id.upper(), f"{id}/x", f"{id}%3Fx", f"x?code={id}"]

    def try_all(proxy: Proxy) -> None:
        for name, folder in ((SITE, "/"), (BELOW, f"{PREFIX}sandbox/")):
            sent = {**name, "Referer": f"https://a.example/relay/{id}", "Sec-Fetch-Site": "same-origin"}
            for one in [id, *odd]:
                put(proxy, one, content, sent, folder)
                take(proxy, one, sent, folder)
            put(proxy, id, content + b"too large", sent, folder)

    (nobody,) = free_ports(1)
    with fronting(tmp_path, certificates, [f"127.0.0.1:{nobody}"]) as dead:
        try_all(dead)
    try_all(proxy)

    assert '"POST /relay/ HTTP/1.1" 502 ' in dead.log()
    proxy.wait_until_logged('"POST /relay/ HTTP/1.1" 201 ')
    proxy.wait_until_logged('"GET /relay/ HTTP/1.1" 200 ')
    wait_until(lambda: '"POST /phone/sandbox/relay/ HTTP/1.1" 413 ' in proxy.log("below.log"), "all is logged")
    for one in (proxy, dead):
        assert one.files_with("/relay/")
        for secret in (id, id.upper(), content[:64].decode()):
            assert one.files_with(secret) == []


# Many at once


def test_an_office_that_signs_in_at_once_loses_no_message_and_mixes_none_up(tmp_path: Path, certificates: Path) -> None:
    folder = configured(tmp_path / "host", SETTINGS)
    with (
        serving(folder, "--workers", "2") as server,
        fronting(tmp_path / "nginx", certificates, [f"127.0.0.1:{server.port}"]) as proxy,
    ):
        ids = [new_id() for _ in range(AT_ONCE)]
        got = asyncio.run(all_signed_in(proxy, ids))

        assert got == {id: f"sealed for {id}".encode() for id in ids}
        assert list((folder / "var" / "relay").iterdir()) == []
        metrics = server.ask("/metrics").body.decode()
        for outcome, count in (("stored", AT_ONCE), ("delivered", AT_ONCE), ("rejected", 0), ("expired", 0)):
            assert f'relay_messages_total{{outcome="{outcome}"}} {count}.0' in metrics


async def all_signed_in(proxy: Proxy, ids: list[str]) -> dict[str, bytes]:
    """The message that each taker got; all of them wait before the first message is stored."""
    tls = trusting()
    waiting = [asyncio.create_task(sent(proxy, tls, "GET", id)) for id in ids]
    stored = await asyncio.gather(*(sent(proxy, tls, "POST", id, f"sealed for {id}".encode()) for id in ids))
    assert Counter(status for status, _ in stored) == {201: len(ids)}
    return {id: (await taken)[1] for id, taken in zip(ids, waiting, strict=True)}


async def sent(proxy: Proxy, tls: ssl.SSLContext, method: str, id: str, content: bytes = b"") -> tuple[int, bytes]:
    """One request on a connection of its own: status and body of its response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, ssl=tls)
    head = f"{method} /relay/{id} HTTP/1.1\r\nHost: {NGINX}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n"
    framing = f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(content)}\r\n" if content else ""
    writer.write(f"{head}{framing}\r\n".encode() + content)
    status, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(status.split()[1]), body


def behind_addresses(configuration: str) -> str:
    """The same nginx, which takes a client's address from a header of the test."""
    return f"set_real_ip_from 127.0.0.1;\nreal_ip_header X-Client;\n{configuration}"


def statuses(proxy: Proxy, clients: Sequence[str]) -> Mapping[str, Counter[str]]:
    """How nginx responds to a message from each client, with a server that is down: 502 for what it forwards."""
    with connected(proxy) as connection:
        for client in clients:
            fields = f"Host: {NGINX}\r\nX-Client: {client}\r\nContent-Length: 1\r\n"
            connection.sendall(f"POST /relay/{new_id()} HTTP/1.1\r\n{fields}\r\nx".encode())
        connection.sendall(f"GET /adapter.js HTTP/1.1\r\nHost: {NGINX}\r\nConnection: close\r\n\r\n".encode())
        responses = b""
        while data := connection.recv(1 << 16):
            responses += data
    *relayed, script = re.findall(r"HTTP/1\.1 (\d+)", responses.decode("latin-1"))
    assert script == "502"  # other addresses of the host are not limited
    found: dict[str, Counter[str]] = {}
    for client, status in zip(clients, relayed, strict=True):
        found.setdefault(client, Counter())[status] += 1
    return found


def test_one_client_cannot_store_more_than_its_share_and_another_one_gets_through(
    tmp_path: Path, certificates: Path
) -> None:
    (unused,) = free_ports(1)
    with fronting(tmp_path, certificates, [f"127.0.0.1:{unused}"], change=behind_addresses) as proxy:
        found = statuses(proxy, ["192.0.2.1"] * (SHARE + 100) + ["192.0.2.2"] * 50)

    assert found["192.0.2.1"].keys() == {"502", "429"}
    assert BURST < found["192.0.2.1"]["502"] <= SHARE
    assert found["192.0.2.2"] == {"502": 50}


def test_an_ipv6_network_is_one_client(tmp_path: Path, certificates: Path) -> None:
    (unused,) = free_ports(1)
    one, same, other = "2001:db8::1", "2001:db8:0:0:ffff::2", "2001:db8:0:1::1"
    with fronting(tmp_path, certificates, [f"127.0.0.1:{unused}"], change=behind_addresses) as proxy:
        found = statuses(proxy, [one] * SHARE + [same] * 20 + [other] * 20)

    assert found[same].keys() == {"429"}
    assert found[other] == {"502": 20}


# Replicas, and a restart


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two that share nothing."""
    one, other = (configured(tmp_path / name, SETTINGS) for name in ("one", "other"))
    with (
        serving(one, environment=with_times(one, WAIT_SECONDS=0.5)) as first,
        serving(other, environment=with_times(other, WAIT_SECONDS=0.5)) as second,
    ):
        yield first, second


def test_a_message_is_taken_from_the_replica_that_stored_it(
    tmp_path: Path, certificates: Path, replicas: tuple[Server, Server]
) -> None:
    upstreams = [f"127.0.0.1:{server.port}" for server in replicas]
    with fronting(tmp_path / "nginx", certificates, upstreams) as proxy:
        for name, folder in ((SITE, "/"), (BELOW, PREFIX)):
            ids = [new_id() for _ in range(20)]
            assert {put(proxy, id, id.encode(), name, folder).status for id in ids} == {201}
            assert [take(proxy, id, name, folder).body.decode() for id in ids] == ids

    for server in replicas:
        server.wait_until_it_says('"GET /relay/ HTTP/1.1" 200')


def test_one_of_two_replicas_is_lost_and_sign_ins_go_on(
    tmp_path: Path, certificates: Path, replicas: tuple[Server, Server]
) -> None:
    upstreams = [f"127.0.0.1:{server.port}" for server in replicas]
    with fronting(tmp_path / "nginx", certificates, upstreams) as proxy:
        replicas[0].process.kill()
        replicas[0].process.wait(TIMEOUT)
        ids = [new_id() for _ in range(10)]
        assert {put(proxy, id, id.encode(), SITE).status for id in ids} == {201}
        assert [take(proxy, id, SITE).body.decode() for id in ids] == ids


def test_a_message_outlives_a_restart_and_a_waiting_client_tries_again(tmp_path: Path, certificates: Path) -> None:
    folder = configured(tmp_path / "host", SETTINGS)
    lying, awaited = new_id(), new_id()
    (port,) = free_ports(1)
    with fronting(tmp_path / "nginx", certificates, [f"127.0.0.1:{port}"]) as proxy:
        with serving_on(folder, port) as server:
            waiting = Waiting(proxy, awaited, SITE)
            assert put(proxy, lying, headers=SITE).status == 201
            server.stop()
        assert waiting.response.status in (204, 502)  # 502: the request had not been read yet
        assert put(proxy, awaited, headers=SITE).status == 502
        with serving_on(folder, port):
            assert put(proxy, awaited, headers=SITE).status == 201
            responses: list[Response] = [take(proxy, id, SITE) for id in (lying, awaited)]

    assert [response.body for response in responses] == [b"sealed", b"sealed"]


@contextlib.contextmanager
def serving_on(folder: Path, port: int) -> Iterator[Server]:
    with serving(folder, "--port", str(port)) as server:
        yield server
