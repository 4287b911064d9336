"""An export behind a plain nginx: it sends the same bytes and headers as the server."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from world.exported import PROFILES, exported, get, plain_nginx, rules
from world.host import Response, Server, add_release, assets, call, configured, serving

CODINGS = ("identity", "gzip", "br")
OURS = (  # the headers that describe the response; the others belong to the connection, or are validators
    "content-type",
    "content-encoding",
    "content-length",
    "vary",
    "cache-control",
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "access-control-allow-origin",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
    "link",
    "last-modified",
)


@pytest.fixture(scope="module")
def server(host: Path) -> Iterator[Server]:
    with serving(host) as server:
        yield server


@pytest.fixture(scope="module")
def port(host: Path) -> Iterator[int]:
    with plain_nginx(host / "nginx", host / "out") as port:
        yield port


def headers_of(response: Response) -> Mapping[str, str]:
    return {name: response.headers[name] for name in OURS if name in response.headers}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("coding", [None, *CODINGS])
def test_every_address_gets_the_servers_response(
    host: Path, server: Server, port: int, coding: str | None, method: str
) -> None:
    """Status, headers and the very bytes, compressed as they are on the wire."""
    headers = {"Accept-Encoding": coding} if coding else {}
    for address in assets(host):
        path = quote(address)
        ours, theirs = server.ask(path, headers, method), get(port, path, headers, method)
        assert (theirs.status, headers_of(theirs)) == (ours.status, headers_of(ours)), address
        assert theirs.body == ours.body, address


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/404.html",
        "/_headers",
        "/nginx.conf",
        "/redirect.html.br",
        "/redirect.html.gz",
        "/redirect.html/",
        "/index.html",
        "/sandbox",
        "/widget/",
        "/widget/nothing/app.js",
        "/.git/config",
    ],
)
@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_no_address_is_missing_as_it_is_on_the_server(
    server: Server, port: int, path: str, coding: str
) -> None:
    headers = {"Accept-Encoding": coding}
    ours, theirs = server.ask(path, headers), get(port, path, headers)
    assert theirs.status == ours.status == 404
    assert (headers_of(theirs), theirs.body) == (headers_of(ours), ours.body)
    assert "etag" not in theirs.headers


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br", "br"),
        ("BR", "br"),
        ("gzip, deflate, br", "br"),
        ("gzip,br;q=1.0", "br"),
        ("gzip, br ; q=0.001", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, gzip", "gzip"),
        ("gzip", "gzip"),
        ("gzip;q=0", None),
        ("brotli", None),
        ("x-br", None),
        ("identity", None),
        ("", None),
    ],
)
def test_nginx_without_modules_sends_what_the_client_takes(port: int, accepted: str, coding: str | None) -> None:
    response = get(port, "/adapter.js", {"Accept-Encoding": accepted})
    assert response.headers.get("content-encoding") == coding


def test_a_client_behind_a_proxy_gets_compressed_bytes_too(port: int) -> None:
    response = get(port, "/adapter.js", {"Accept-Encoding": "gzip", "Via": "1.0 proxy"})
    assert response.headers.get("content-encoding") == "gzip"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_client_that_has_the_bytes_gets_a_304(port: int, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    tag = get(port, "/adapter.js", headers).headers["etag"]
    again = get(port, "/adapter.js", {**headers, "If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")


def test_a_part_of_a_large_file_can_be_asked_for(host: Path, port: int) -> None:
    [address, *_] = [address for address in assets(host) if address.endswith("/large.txt")]
    response = get(port, address, {"Range": "bytes=8-15"})
    assert (response.status, response.body) == (206, b"0000001\n")


@pytest.mark.parametrize("prefix", ["/", "/phone/"])
def test_a_check_finds_nothing_wrong(tmp_path: Path, prefix: str) -> None:
    host = configured(tmp_path / "host", PROFILES)
    add_release(host)
    with plain_nginx(tmp_path, exported(host, "out", "--prefix", prefix)) as port:
        done = call(host, "check", f"http://127.0.0.1:{port}{prefix}")
    assert done.returncode == 0, done.stdout
    assert "no relay" in done.stdout


def test_headers_of_the_operators_own_are_added_once(host: Path, tmp_path: Path) -> None:
    (tmp_path / "embeddable-host.d").mkdir()
    (tmp_path / "embeddable-host.d" / "hsts.conf").write_text(
        'add_header Strict-Transport-Security "max-age=63072000" always;\n'
    )
    with plain_nginx(tmp_path, host / "out") as port:
        for path in ("/redirect.html", "/adapter.js", "/nothing"):
            response = get(port, path)
            assert response.headers["strict-transport-security"] == "max-age=63072000"
            assert response.headers["x-content-type-options"] == "nosniff"


def test_below_a_path_everything_is_where_the_prefix_says(host: Path, server: Server, tmp_path: Path) -> None:
    root = exported(host, "below", "--prefix", "/phone/")
    with plain_nginx(tmp_path, root) as port:
        for address in assets(host):
            path = quote(address)
            ours, theirs = server.ask(path), get(port, f"/phone{path}")
            assert (theirs.status, headers_of(theirs), theirs.body) == (ours.status, headers_of(ours), ours.body), (
                address
            )
        assert get(port, "/phone/nothing").body == server.ask("/nothing").body
        assert get(port, "/adapter.js").status == 404
    assert set(rules(root)) == {f"/phone{address}" for address in (*assets(host), "/404.html")}


def test_another_content_of_the_same_size_has_another_entity_tag(tmp_path: Path) -> None:
    tags = set()
    for title in ("one", "two"):
        out = exported(configured(tmp_path, f'[redirect]\ntitle = "{title}"'))
        with plain_nginx(tmp_path / "nginx", out) as port:
            response = get(port, "/redirect.html", {"Accept-Encoding": "identity"})
        tags.add((response.headers["content-length"], response.headers["etag"]))
    assert len({size for size, _ in tags}) == 1
    assert len(tags) == 2


def test_a_file_that_cannot_be_read_puts_no_code_into_the_error_log(host: Path, tmp_path: Path) -> None:
    out = exported(host, "unreadable")
    (out / "redirect.html").unlink()
    (out / "redirect.html").symlink_to("redirect.html")
    with plain_nginx(tmp_path, out) as port:
        assert get(port, "/redirect.html?code=tell-nobody").status == 404
    logs = b"".join(file.read_bytes() for file in tmp_path.rglob("*.log"))
    assert b"tell-nobody" not in logs
