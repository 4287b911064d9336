"""The shipped nginx configuration in front of a host: what it passes on, to the client and to the server."""

import contextlib
import http.client
import secrets
import socket
import ssl
from pathlib import Path

import pytest

from world.host import LARGE, LARGE_CONTENT, Server, ask, assets
from world.internet import NGINX, NGINX_PREFIXED
from world.proxy import PREFIX, Proxy, fronting, trusting
from world.timeouts import TIMEOUT
from world.upstream import ok, recording

REDIRECT_PAGE = "/redirect.html"
ADDED_BY_NGINX = {"server", "date", "connection", "strict-transport-security"}
SITES = [pytest.param(NGINX, "/", id="site"), pytest.param(NGINX_PREFIXED, PREFIX, id="below a path")]


@pytest.mark.parametrize(("name", "prefix"), SITES)
@pytest.mark.parametrize("accepted", ["br", "gzip", "identity"])
def test_each_address_gets_the_servers_bytes_and_headers(
    folder: Path, server: Server, proxy: Proxy, name: str, prefix: str, accepted: str
) -> None:
    accepting = {"Accept-Encoding": accepted}
    with contextlib.closing(server.connect()) as connection:
        expected = {path: ask(connection, path, accepting) for path in assets(folder)}
    with contextlib.closing(proxy.connect()) as connection:
        for path, ours in expected.items():
            for _ in range(2):  # once from the server, once as nginx has kept it
                response = ask(connection, prefix + path[1:], {"Host": name, **accepting})
                headers = {key: value for key, value in response.headers.items() if key not in ADDED_BY_NGINX}
                expected_headers = {key: value for key, value in ours.headers.items() if key not in ADDED_BY_NGINX}
                if "accept-ranges" not in expected_headers:  # nginx cuts ranges out of what is compressed, too
                    headers.pop("accept-ranges", None)
                assert (path, response.status, response.body) == (path, ours.status, ours.body)
                assert (path, headers) == (path, expected_headers)


@pytest.mark.parametrize(("name", "prefix", "hsts"), [(NGINX, "/", "max-age=63072000"), (NGINX_PREFIXED, PREFIX, None)])
def test_a_site_of_its_own_is_bound_to_tls(proxy: Proxy, name: str, prefix: str, hsts: str | None) -> None:
    for path in ("redirect.html", "not-there", "metrics"):
        assert proxy.ask(prefix + path, name=name).headers.get("strict-transport-security") == hsts


@pytest.mark.parametrize(("name", "prefix"), SITES)
def test_an_unknown_address_gets_the_servers_response(server: Server, proxy: Proxy, name: str, prefix: str) -> None:
    response = proxy.ask(f"{prefix}not-there", name=name)

    assert (response.status, response.body) == (404, server.ask("/not-there").body)
    assert response.headers["content-security-policy"] == server.ask("/not-there").headers["content-security-policy"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, br;q=0", "gzip"),
        ("br;q=0.0, gzip;q=0.000", None),
        ("GZIP;q=0.5", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate, br ; q=1.0", "br"),
        ("br;q=0.001", "br"),
        ("brotli, gzipped", None),
        ("identity", None),
        (None, None),
    ],
)
def test_an_encoding_is_sent_where_the_client_takes_it(proxy: Proxy, accepted: str | None, coding: str | None) -> None:
    response = proxy.ask("/adapter.js", {"Accept-Encoding": accepted} if accepted else {})

    assert response.headers.get("content-encoding") == coding


def test_what_a_client_has_already_is_not_sent_again(proxy: Proxy) -> None:
    response = proxy.ask(REDIRECT_PAGE)
    again = proxy.ask(REDIRECT_PAGE, {"If-None-Match": response.headers["etag"]})

    assert (again.status, again.body) == (304, b"")
    assert again.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("byte_range", "status", "part"),
    [("bytes=8-15", 206, LARGE_CONTENT[8:16]), ("bytes=-8", 206, LARGE_CONTENT[-8:]), ("bytes=99999999-", 416, None)],
)
def test_a_part_of_a_large_file_can_be_requested(
    proxy: Proxy, byte_range: str, status: int, part: bytes | None
) -> None:
    release = proxy.ask("/readyz").body.decode().split('"')[7]
    response = proxy.ask(f"/widget/{release}/{LARGE}", {"Range": byte_range})

    assert response.status == status
    assert part is None or response.body == part


def test_head_has_the_headers_of_get_and_no_body(proxy: Proxy) -> None:
    head, get = (proxy.ask("/adapter.js", method=method) for method in ("HEAD", "GET"))

    assert head.body == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


def test_another_method_is_refused_by_the_server_and_a_large_body_by_nginx(proxy: Proxy) -> None:
    response = proxy.ask(REDIRECT_PAGE, method="POST")
    large = proxy.ask(REDIRECT_PAGE, {"Content-Length": "2000"}, method="POST")

    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
    assert large.status == 413


def test_a_long_code_comes_through_and_an_endless_one_does_not(proxy: Proxy) -> None:
    assert proxy.ask(f"{REDIRECT_PAGE}?code={'x' * 12_000}").status == 200
    assert proxy.ask(f"{REDIRECT_PAGE}?code={'x' * 20_000}").status == 414


def test_port_80_redirects_to_the_configured_name(proxy: Proxy) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy.http_port)) as connection:
        response = ask(connection, f"{REDIRECT_PAGE}?state=1", {"Host": NGINX})

    assert response.status == 301
    assert response.headers["location"] == f"https://{NGINX}:{proxy.port}{REDIRECT_PAGE}?state=1"


@pytest.mark.parametrize("name", ["elsewhere.example.org", f"{NGINX}.example.org", "127.0.0.1", "*"])
def test_a_name_of_another_site_gets_nothing_of_this_one(proxy: Proxy, name: str) -> None:
    assert proxy.ask(REDIRECT_PAGE, name=name).status == 421
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy.http_port)) as connection:
        assert ask(connection, REDIRECT_PAGE, {"Host": name}).status == 421


@pytest.mark.parametrize("name", [NGINX, NGINX.upper(), f"{NGINX}:8443", f"{NGINX}."])
def test_its_own_name_may_be_written_in_any_way(proxy: Proxy, name: str) -> None:
    assert proxy.ask(REDIRECT_PAGE, name=name).status == 200


def test_a_path_without_its_last_slash_leads_to_it(proxy: Proxy) -> None:
    response = proxy.ask(PREFIX.rstrip("/"), name=NGINX_PREFIXED)

    assert (response.status, response.headers["location"]) == (301, f"https://{NGINX_PREFIXED}:{proxy.port}{PREFIX}")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_http_2_is_spoken_over_current_tls(proxy: Proxy, version: ssl.TLSVersion) -> None:
    context = trusting()
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", proxy.port), TIMEOUT) as connection,
        context.wrap_socket(connection, server_hostname=NGINX) as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_tls_is_refused(proxy: Proxy) -> None:
    context = trusting()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", proxy.port), TIMEOUT) as connection,
        pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"),  # sent by nginx, not by this side
    ):
        context.wrap_socket(connection, server_hostname=NGINX)


@pytest.mark.parametrize("path", ["metrics", "metrics?a=b", "%6Detrics", "./metrics", "x/../metrics", "/metrics"])
@pytest.mark.parametrize(("name", "prefix"), SITES)
def test_the_metrics_are_the_operators_alone(server: Server, proxy: Proxy, name: str, prefix: str, path: str) -> None:
    assert server.ask("/metrics").status == 200
    before = logged_so_far(server).count("metrics HTTP")

    assert proxy.ask(prefix + path, name=name).status == 404
    assert logged_so_far(server).count("metrics HTTP") == before


def logged_so_far(server: Server) -> str:
    """The host's log, with all that it has responded to: it is written a moment later."""
    mark = f"/mark-{secrets.token_hex(8)}"
    server.ask(mark)
    server.wait_until_it_says(mark)
    return server.output


def test_the_server_hears_the_path_and_an_encoding_and_nothing_else_of_the_client(
    tmp_path: Path, certificates: Path
) -> None:
    headers = {
        "Accept-Encoding": "gzip, deflate, br;q=0.9",
        "Referer": "https://crm.example.com/?code=secret",
        "Cookie": "session=secret",
        "Authorization": "Bearer secret",
        "X-Forwarded-Host": "elsewhere.example.org",
    }
    with recording(ok) as (upstream, requests), fronting(tmp_path, certificates, [upstream]) as proxy:
        assert proxy.ask("/a%20b/%C3%A9%3F%25.html?code=secret", headers).body == b"ok"
        with contextlib.closing(proxy.connect()) as connection:
            # A body that the recorder would take for one more request.
            connection.request("POST", "/other?code=secret", b"code=secret\r\n\r\n", {**headers, "Host": NGINX})
            assert connection.getresponse().read() == b"ok"
        assert proxy.ask("/healthz").body == b"ok"
        assert [proxy.ask("/healthz?code=secret").status, proxy.ask("/healthz", headers).status] == [400, 400]
        assert proxy.ask(f"{PREFIX}a?code=secret", headers, name=NGINX_PREFIXED).body == b"ok"

    assert [request.decode().split("\r\n")[:-2] for request in requests] == [
        ["GET /a%20b/%C3%A9%3F%25.html HTTP/1.1", f"Host: {NGINX}", "Accept-Encoding: br"],
        ["POST /other HTTP/1.1", f"Host: {NGINX}", "Accept-Encoding: br"],
        ["GET /healthz HTTP/1.1", f"Host: {NGINX}"],
        ["GET /a HTTP/1.1", f"Host: {NGINX_PREFIXED}", "Accept-Encoding: br"],
    ]
