"""The shipped nginx configuration: what is printed, what it passes on and keeps, and what is never written down."""

import contextlib
import http.client
import re
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext
from world.host import LARGE, LARGE_CONTENT, PATIENCE, Server, add_release, ask, configured, run, serving
from world.hosts import CLIENT_ID, SETTINGS
from world.internet import (
    CROSS_SITE,
    NGINX,
    NGINX_PREFIXED,
    SAME_SITE,
    Internet,
    free_ports,
    make_certificate,
    wait_until,
)
from world.platform import TokenRequest
from world.proxy import (
    PREFIX,
    Proxy,
    below_a_path,
    dry_run,
    fronting,
    running,
    site,
    trusting,
)
from world.recorder import recording, said
from world.release import SOURCE
from world.user import Phone
from world.weather import PLAIN, STORAGE_DENIED, OpenBrowser, Weather

from server.config.load import load
from server.site.site import build_site

REDIRECT_PAGE = "/redirect.html"
ADDED_BY_NGINX = {"server", "date", "connection", "strict-transport-security"}
SITES = [pytest.param(NGINX, "/", id="site"), pytest.param(NGINX_PREFIXED, PREFIX, id="below a path")]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificate(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder, with a release and a profile."""
    folder = configured(tmp_path_factory.mktemp("nginx") / "host", SETTINGS)
    add_release(folder)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(folder: Path, server: Server, certificates: Path) -> Iterator[Proxy]:
    with fronting(folder / "nginx", certificates, [f"127.0.0.1:{server.port}"]) as proxy:
        yield proxy


# What the command prints


def test_nginx_accepts_a_site_and_a_location_beside_it(tmp_path: Path, certificates: Path) -> None:
    port, http_port = free_ports(2)
    upstreams = ["127.0.0.1:8000", "unix:/run/host.sock", "[::1]:8000"]
    text = site(tmp_path, certificates, port, http_port, upstreams)

    done = dry_run(tmp_path, text + below_a_path(tmp_path, certificates, port, upstreams))

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_nginx_accepts_two_hosts_by_two_names(tmp_path: Path, certificates: Path) -> None:
    ports = free_ports(4)
    first = site(tmp_path, certificates, *ports[:2], ["127.0.0.1:8000"])
    second = site(tmp_path, certificates, *ports[2:], ["127.0.0.1:8001"], "--name", "second")

    assert dry_run(tmp_path, first + second).returncode == 0
    assert "duplicate" in dry_run(tmp_path, first + first).stderr


def test_a_whole_site_is_ready_for_a_machine_with_lets_encrypt(tmp_path: Path) -> None:
    text = run(tmp_path, "nginx", "--server-name", "phone.example.com").stdout

    assert "ssl_certificate /etc/letsencrypt/live/phone.example.com/fullchain.pem;" in text
    assert "ssl_certificate_key /etc/letsencrypt/live/phone.example.com/privkey.pem;" in text
    assert set(re.findall(r"listen (.*);", text)) == {"80", "[::]:80", "443 ssl http2", "[::]:443 ssl http2"}
    assert "server 127.0.0.1:8000;" in text
    assert "access_log /var/log/nginx/embeddable.log embeddable " in text
    assert "${" not in text


def test_it_is_written_to_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    command = ("nginx", "--server-name", "phone.example.com", "--out", "site")
    assert run(tmp_path, *command).returncode == 0
    assert (tmp_path / "site").read_text() == run(tmp_path, *command[:-2]).stdout
    (tmp_path / "site").write_text("mine")

    done = run(tmp_path, *command)

    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["site"]
    assert (tmp_path / "site").read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--server-name", "phone.example.com; include /etc/passwd"),
        ("--server-name", "Phone.example.com"),
        ("--server-name", "phone..example.com"),
        ("--server-name", "phone.example.com\n}"),
        ("--server-name", ""),
        ("--upstream", "127.0.0.1"),
        ("--upstream", "127.0.0.1:80; }"),
        ("--upstream", "unix:/run/a b.sock"),
        ("--upstream", "http://127.0.0.1:80"),
        ("--upstream", "$host:80"),
        ("--prefix", "phone"),
        ("--prefix", "/phone"),
        ("--prefix", "/../"),
        ("--prefix", "/phone/ {"),
        ("--tls-cert", "certificate.pem"),
        ("--tls-cert", "/etc/my certificate.pem"),
        ("--tls-key", "/etc/key.pem;"),
        ("--listen", "443 default_server"),
        ("--listen-http", "eighty"),
        ("--log-dir", '/var/log/"'),
        ("--cache-dir", "/var/cache/#"),
        ("--name", "two words"),
    ],
)
def test_a_value_that_could_say_more_than_it_should_is_refused(tmp_path: Path, option: str, value: str) -> None:
    given = {"--server-name": "phone.example.com", option: value}
    done = run(tmp_path, "nginx", *(word for pair in given.items() for word in pair))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{option} " in done.stderr


def test_all_wrong_values_are_told_at_once(tmp_path: Path) -> None:
    done = run(tmp_path, "nginx", "--server-name", "a b", "--upstream", "c", "--prefix", "d")

    assert done.stderr.count("Error: --") == 3


@pytest.mark.parametrize("options", [("--http",), ("--prefix", "/phone/", "--tls-cert", "/etc/certificate.pem")])
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert run(tmp_path, "nginx", "--server-name", "phone.example.com", *options).returncode == 2


# What it passes on


@pytest.mark.parametrize(("name", "prefix"), SITES)
@pytest.mark.parametrize("accepted", ["br", "gzip", "identity"])
def test_each_address_is_answered_with_the_servers_bytes_and_headers(
    folder: Path, server: Server, proxy: Proxy, name: str, prefix: str, accepted: str
) -> None:
    for path in build_site(load(folder / "embeddable.toml")).assets:
        expected = server.ask(path, {"Accept-Encoding": accepted})
        for _ in range(2):  # once from the server, once as nginx has kept it
            answer = proxy.ask(prefix + path[1:], {"Accept-Encoding": accepted}, name=name)
            headers = {key: value for key, value in answer.headers.items() if key not in ADDED_BY_NGINX}
            expected_headers = {key: value for key, value in expected.headers.items() if key not in ADDED_BY_NGINX}
            if "accept-ranges" not in expected_headers:  # nginx cuts ranges out of what is compressed, too
                headers.pop("accept-ranges", None)
            assert (path, answer.status, answer.body) == (path, expected.status, expected.body)
            assert (path, headers) == (path, expected_headers)


@pytest.mark.parametrize(("name", "prefix", "told"), [(NGINX, "/", "max-age=63072000"), (NGINX_PREFIXED, PREFIX, None)])
def test_a_site_of_its_own_is_bound_to_tls(proxy: Proxy, name: str, prefix: str, told: str | None) -> None:
    for path in ("redirect.html", "not-there", "metrics"):
        assert proxy.ask(prefix + path, name=name).headers.get("strict-transport-security") == told


@pytest.mark.parametrize(("name", "prefix"), SITES)
def test_an_unknown_address_is_answered_by_the_server(server: Server, proxy: Proxy, name: str, prefix: str) -> None:
    answer = proxy.ask(f"{prefix}not-there", name=name)

    assert (answer.status, answer.body) == (404, server.ask("/not-there").body)
    assert answer.headers["content-security-policy"] == server.ask("/not-there").headers["content-security-policy"]


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
    answer = proxy.ask("/adapter.js", {"Accept-Encoding": accepted} if accepted else {})

    assert answer.headers.get("content-encoding") == coding


def test_what_a_client_has_already_is_not_sent_again(proxy: Proxy) -> None:
    answer = proxy.ask(REDIRECT_PAGE)
    again = proxy.ask(REDIRECT_PAGE, {"If-None-Match": answer.headers["etag"]})

    assert (again.status, again.body) == (304, b"")
    assert again.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [("bytes=8-15", 206, LARGE_CONTENT[8:16]), ("bytes=-8", 206, LARGE_CONTENT[-8:]), ("bytes=99999999-", 416, None)],
)
def test_a_part_of_a_large_file_can_be_had(proxy: Proxy, wanted: str, status: int, part: bytes | None) -> None:
    release = proxy.ask("/readyz").body.decode().split('"')[7]
    answer = proxy.ask(f"/widget/{release}/{LARGE}", {"Range": wanted})

    assert answer.status == status
    assert part is None or answer.body == part


def test_head_has_the_headers_of_get_and_no_body(proxy: Proxy) -> None:
    head, get = (proxy.ask("/adapter.js", method=method) for method in ("HEAD", "GET"))

    assert head.body == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


def test_another_method_is_refused_by_the_server_and_a_large_body_by_nginx(proxy: Proxy) -> None:
    answer = proxy.ask(REDIRECT_PAGE, method="POST")
    large = proxy.ask(REDIRECT_PAGE, {"Content-Length": "2000"}, method="POST")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert large.status == 413


def test_a_long_code_comes_through_and_an_endless_one_does_not(proxy: Proxy) -> None:
    assert proxy.ask(f"{REDIRECT_PAGE}?code={'x' * 12_000}").status == 200
    assert proxy.ask(f"{REDIRECT_PAGE}?code={'x' * 20_000}").status == 414


def test_port_80_redirects_to_the_configured_name_and_nothing_else(proxy: Proxy) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy.http_port)) as connection:
        answer = ask(connection, f"{REDIRECT_PAGE}?state=1", {"Host": "elsewhere.example.org"})

    assert answer.status == 301
    assert answer.headers["location"] == f"https://{NGINX}:{proxy.port}{REDIRECT_PAGE}?state=1"


def test_a_path_without_its_last_slash_leads_to_it(proxy: Proxy) -> None:
    answer = proxy.ask(PREFIX.rstrip("/"), name=NGINX_PREFIXED)

    assert (answer.status, answer.headers["location"]) == (301, f"https://{NGINX_PREFIXED}:{proxy.port}{PREFIX}")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_http_2_is_spoken_over_current_tls(proxy: Proxy, version: ssl.TLSVersion) -> None:
    context = trusting()
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as connection,
        context.wrap_socket(connection, server_hostname=NGINX) as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_tls_is_refused(proxy: Proxy) -> None:
    context = trusting()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as connection,
        pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"),  # said by nginx, not by this side
    ):
        context.wrap_socket(connection, server_hostname=NGINX)


@pytest.mark.parametrize("path", ["metrics", "metrics?a=b", "%6Detrics", "./metrics", "x/../metrics", "/metrics"])
@pytest.mark.parametrize(("name", "prefix"), SITES)
def test_the_metrics_are_the_operators_alone(server: Server, proxy: Proxy, name: str, prefix: str, path: str) -> None:
    assert server.ask("/metrics").status == 200
    before = server.output.count("metrics HTTP")

    assert proxy.ask(prefix + path, name=name).status == 404
    assert server.output.count("metrics HTTP") == before


def test_the_server_hears_the_path_and_an_encoding_and_nothing_else_of_the_client(
    tmp_path: Path, certificates: Path
) -> None:
    told = {
        "Accept-Encoding": "gzip, deflate, br;q=0.9",
        "Referer": "https://crm.example.com/?code=secret",
        "Cookie": "session=secret",
        "Authorization": "Bearer secret",
        "X-Forwarded-Host": "elsewhere.example.org",
    }
    with recording(said) as (upstream, requests), fronting(tmp_path, certificates, [upstream]) as proxy:
        assert proxy.ask("/a%20b/%C3%A9%3F%25.html?code=secret", told).body == b"ok"
        with contextlib.closing(proxy.connect()) as connection:
            # A body that the recorder would take for one more request.
            connection.request("POST", "/other?code=secret", b"code=secret\r\n\r\n", {**told, "Host": NGINX})
            assert connection.getresponse().read() == b"ok"
        assert proxy.ask("/healthz?code=secret", told).body == b"ok"
        assert proxy.ask(f"{PREFIX}a?code=secret", told, name=NGINX_PREFIXED).body == b"ok"

    assert [request.decode().split("\r\n")[:-2] for request in requests] == [
        ["GET /a%20b/%C3%A9%3F%25.html HTTP/1.1", f"Host: {NGINX}", "Accept-Encoding: br"],
        ["POST /other HTTP/1.1", f"Host: {NGINX}", "Accept-Encoding: br"],
        ["GET /healthz HTTP/1.1", f"Host: {NGINX}", "Accept-Encoding: br"],
        ["GET /a HTTP/1.1", f"Host: {NGINX_PREFIXED}", "Accept-Encoding: br"],
    ]


# What it keeps


def test_whatever_the_query_the_server_is_asked_once(folder: Path, certificates: Path) -> None:
    with serving(configured(folder.parent / "asked-once", SETTINGS)) as server:
        with fronting(folder.parent / "asked-once-nginx", certificates, [f"127.0.0.1:{server.port}"]) as proxy:
            answers = [proxy.ask(f"{REDIRECT_PAGE}?code={number}", {"X-Number": str(number)}) for number in range(5)]

        assert {answer.status for answer in answers} == {200}
        assert server.output.count(REDIRECT_PAGE + " HTTP") == 1


def test_many_who_come_at_once_are_one_request_to_the_server(tmp_path: Path, certificates: Path) -> None:
    all_are_here = threading.Event()

    def answer(request: bytes) -> bytes:
        all_are_here.wait(PATIENCE)
        return said(request)

    with (
        recording(answer) as (upstream, requests),
        fronting(tmp_path, certificates, [upstream]) as proxy,
        ThreadPoolExecutor(20) as visitors,
    ):
        connections = [proxy.connect() for _ in range(20)]
        for connection in connections:
            connection.request("GET", REDIRECT_PAGE)
        all_are_here.set()
        answers = list(visitors.map(lambda connection: connection.getresponse().read(), connections))

    assert answers == [b"ok"] * 20
    assert len(requests) == 1


def test_addresses_that_are_not_there_fill_no_cache(proxy: Proxy) -> None:
    def kept() -> int:
        return sum(file.is_file() for file in (proxy.folder / "cache").rglob("*"))

    proxy.ask(REDIRECT_PAGE)
    before = kept()
    for number in range(50):
        assert proxy.ask(f"/not-there-{number}").status == 404

    assert kept() == before > 0


def test_what_changes_on_the_server_and_what_vanishes_there_follows(tmp_path: Path, certificates: Path) -> None:
    folder = configured(tmp_path / "host", f'{SETTINGS}\n[redirect]\ntitle = "Before"')
    with (
        serving(folder) as server,
        fronting(tmp_path / "nginx", certificates, [f"127.0.0.1:{server.port}"]) as proxy,
    ):
        assert b"Before" in proxy.ask(REDIRECT_PAGE).body
        assert proxy.ask("/sandbox/redirect.html").status == 200
        configured(folder, '[redirect]\ntitle = "After"')
        server.hang_up()

        wait_until(lambda: b"After" in proxy.ask(REDIRECT_PAGE).body, "the new page is served", PATIENCE)
        wait_until(lambda: proxy.ask("/sandbox/redirect.html").status == 404, "the profile is gone", PATIENCE)


@pytest.mark.parametrize(("name", "prefix"), SITES)
def test_whether_the_server_lives_is_never_told_from_the_cache(
    tmp_path: Path, certificates: Path, name: str, prefix: str
) -> None:
    with serving(configured(tmp_path / "host")) as server:
        upstream = f"127.0.0.1:{server.port}"
        with fronting(tmp_path / "nginx", certificates, [upstream]) as proxy:
            assert [proxy.ask(f"{prefix}{path}", name=name).status for path in ("healthz", "readyz")] == [200, 200]
            kill(server)
            assert [proxy.ask(f"{prefix}{path}", name=name).status for path in ("healthz", "readyz")] == [502, 502]
            log = "embeddable.error.log" if name == NGINX else "below.error.log"
            assert "Connection refused" in proxy.log(log)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP], ids=["is dead", "hangs"])
def test_what_was_kept_is_answered_at_once_while_the_server(
    tmp_path: Path, certificates: Path, sign: signal.Signals
) -> None:
    with serving(configured(tmp_path / "host")) as server:
        upstream = f"127.0.0.1:{server.port}"
        with fronting(tmp_path / "nginx", certificates, [upstream]) as proxy:
            asked = [proxy.ask(REDIRECT_PAGE).status]
            server.process.send_signal(sign)

            def is_stale() -> bool:
                asked.append(proxy.ask(REDIRECT_PAGE).status)
                return re.search("redirect.html .* (STALE|UPDATING) ", proxy.log()) is not None

            wait_until(is_stale, "what was kept is stale", PATIENCE)
        server.process.send_signal(signal.SIGCONT)

    assert set(asked) == {200}
    seconds = [float(line.rpartition(" ")[2]) for line in proxy.log().splitlines()]
    assert max(seconds) < 5  # nginx waits twice as long for a server


def kill(server: Server) -> None:
    server.process.kill()
    server.process.wait()


# Signing in


@pytest.fixture(scope="module")
def signed_in_by(tmp_path_factory: pytest.TempPathFactory, world: Internet) -> Path:
    """A host's folder with the world's release."""
    folder = configured(tmp_path_factory.mktemp("signing-in") / "host", SETTINGS)
    done = run(folder, "pull", "--from", str(world.release))
    assert done.returncode == 0, done.stderr
    return folder


def sign_in(internet: Internet, context: BrowserContext, base: str, site: str = SAME_SITE) -> str:
    """Signs in from a page of `site`; the code it took."""
    page = context.new_page()
    page.goto(internet.page(site, f'<!doctype html><body><script src="{base}adapter.js"></script>'))
    phone = Phone(page)
    login = phone.open_login()
    phone.see("Signed in")
    phone.settle(login)
    code, token = internet.platform.codes[-1], internet.platform.tokens[-1]
    assert token == TokenRequest(token.server, CLIENT_ID, f"{base}redirect.html", code, granted=True)
    return code


@pytest.mark.parametrize(("name", "prefix"), SITES)
@pytest.mark.parametrize(
    ("weather", "severed", "site"),
    [
        (PLAIN, False, SAME_SITE),
        (STORAGE_DENIED, False, SAME_SITE),
        (PLAIN, True, SAME_SITE),
        (PLAIN, True, CROSS_SITE),
    ],
    ids=["plain", "storage denied", "opener severed", "opener severed, another site"],
)
def test_a_user_signs_in_and_the_code_is_written_nowhere(
    signed_in_by: Path,
    internet: Internet,
    open_browser: OpenBrowser,
    tmp_path: Path,
    weather: Weather,
    severed: bool,
    site: str,
    name: str,
    prefix: str,
) -> None:
    internet.platform.severs_openers = severed
    context = open_browser(weather)
    ids: set[str] = set()
    context.on("request", lambda request: ids.update(re.findall(r"/relay/(\w+)", request.url)))
    with serving(signed_in_by) as server:
        upstream = f"127.0.0.1:{server.port}"
        with fronting(tmp_path, internet.folder, [upstream], internet.nginx_port) as proxy:
            code = sign_in(internet, context, f"https://{name}{prefix}", site)

    logged = proxy.log() + proxy.log("below.log")
    assert f"GET {REDIRECT_PAGE} " in server.output
    assert f"GET {prefix}redirect.html HTTP/2.0" in logged
    assert proxy.files_with(REDIRECT_PAGE)
    assert len(ids) == (1 if site == CROSS_SITE else 0)
    assert (f'"POST {prefix}relay/ HTTP/2.0" 201 ' in logged) == (site == CROSS_SITE)
    for secret in (code, *ids):
        assert proxy.files_with(secret) == []
        assert secret not in server.output


@pytest.mark.parametrize(("name", "prefix"), SITES)
def test_a_user_signs_in_while_the_server_is_dead_and_the_code_is_written_nowhere(
    signed_in_by: Path, internet: Internet, open_browser: OpenBrowser, tmp_path: Path, name: str, prefix: str
) -> None:
    log = "embeddable.log" if name == NGINX else "below.log"
    with serving(signed_in_by) as server:
        upstream = f"127.0.0.1:{server.port}"
        with fronting(tmp_path, internet.folder, [upstream], internet.nginx_port) as proxy:
            sign_in(internet, open_browser(PLAIN), f"https://{name}{prefix}")
            kill(server)
            wait_until(
                lambda: (
                    proxy.ask(f"{prefix}redirect.html", {"Accept-Encoding": "br"}, name=name).status == 200
                    and re.search(r"redirect.html .* (STALE|UPDATING) ", proxy.log(log)) is not None
                ),
                "what was kept is stale",
                PATIENCE,
            )
            code = sign_in(internet, open_browser(PLAIN), f"https://{name}{prefix}")
            referrer = {"Referer": f"https://{name}{prefix}redirect.html?code={code}"}
            assert proxy.ask(f"{prefix}not-kept.html?code={code}", referrer, name=name).status == 502

    assert re.search(r"not-kept.html HTTP/1.1\" 502 ", proxy.log(log))
    assert proxy.files_with(code) == []


def test_nginx_left_to_itself_would_have_written_it(signed_in_by: Path, tmp_path: Path, certificates: Path) -> None:
    port, http_port, nobody = free_ports(3)
    text = site(tmp_path, certificates, port, http_port, [f"127.0.0.1:{nobody}"])
    text = re.sub(r"(error_log .*) emerg;", r"\1 error;", re.sub(r"(access_log \S+) .*;", r"\1;", text))
    with running(tmp_path, text, port, http_port) as proxy:
        assert proxy.ask(f"{REDIRECT_PAGE}?code=a-code").status == 502

    assert set(proxy.files_with("a-code")) == {"logs/embeddable.log", "logs/embeddable.error.log"}


@pytest.mark.parametrize(("page", "mark"), [("/once.html", "%3F"), ("/twice.html", "%253F")])
def test_a_query_in_disguise_is_not_logged_either(proxy: Proxy, page: str, mark: str) -> None:
    referrer = {"Referer": "https://crm.example.com/page?code=a-code#a-code"}
    assert proxy.ask(f"{page}{mark}code=a-code", referrer).status == 404
    proxy.wait_until_logged(f'"GET {page}', '"https://crm.example.com')

    assert proxy.has_logged(f'"GET {page} HTTP/1.1" 404 ', '"https://crm.example.com"')
    assert proxy.files_with("a-code") == []


# A release swapped, a replica lost


class Load:
    """Visitors who come again and again, each on a connection of its own; `seen` is what became of each visit."""

    def __init__(self, proxy: Proxy, visit: Callable[[http.client.HTTPSConnection], str], visitors: int = 4) -> None:
        self.seen: list[str] = []
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._come, args=(proxy, visit)) for _ in range(visitors)]

    def _come(self, proxy: Proxy, visit: Callable[[http.client.HTTPSConnection], str]) -> None:
        with contextlib.closing(proxy.connect()) as connection:
            while not self._done.is_set():
                try:
                    self.seen.append(visit(connection))
                except (OSError, http.client.HTTPException, AssertionError) as error:
                    self.seen.append(f"failed: {error!r}")
                    connection.close()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int, what: str = "") -> None:
        """Waits for so many further visits that saw `what`."""
        enough = len(self._with(what)) + count
        wait_until(lambda: len(self._with(what)) >= enough, f"{count} more visits, {what}", PATIENCE)

    def _with(self, what: str) -> list[str]:
        return [seen for seen in self.seen if what in seen]


def page_of_one_release(connection: http.client.HTTPSConnection) -> str:
    """Loads the adapter and then what it names, as a browser would; the name of the release all of it is of."""
    told = {"Host": NGINX, "Accept-Encoding": "identity"}
    adapter = ask(connection, "/adapter.js", told)
    assert adapter.status == 200
    named = re.search(rb'"app": ?"(widget/[^"]+/)app\.html"', adapter.body)
    assert named, "the adapter names no app"
    files = {name: ask(connection, f"/{named[1].decode()}{name}", told) for name in ("app.html", "app.js", "name.txt")}
    assert {answer.status for answer in files.values()} == {200}
    mark = files["name.txt"].body
    assert mark in files["app.js"].body
    assert mark in adapter.body
    return mark.decode()


def test_a_release_is_swapped_under_load_without_a_failure_or_a_mixed_page(tmp_path: Path, certificates: Path) -> None:
    folder = configured(tmp_path / "host")
    releases = {name: marked_release(folder, name) for name in ("second-one", "first-one")}
    with serving(folder) as server:
        upstream = f"127.0.0.1:{server.port}"
        with fronting(tmp_path / "nginx", certificates, [upstream]) as proxy, Load(proxy, page_of_one_release) as load:
            load.wait_for_more(20, "first-one")
            assert run(folder, "releases", "use", releases["second-one"]).returncode == 0
            load.wait_for_more(20, "second-one")

    assert set(load.seen) == {"first-one", "second-one"}


def marked_release(folder: Path, name: str) -> str:
    """A release whose adapter and app say its name."""
    scripts = {
        script: (SOURCE / script).read_bytes() + f"\n// {name}\n".encode() for script in ("adapter.js", "app.js")
    }
    return add_release(folder, name, **{**scripts, "adapter.min.js": scripts["adapter.js"]}).id


@pytest.mark.parametrize("by", ["killed", "stopped"])
def test_one_of_two_replicas_is_lost_and_no_request_fails(tmp_path: Path, certificates: Path, by: str) -> None:
    folders = [configured(tmp_path / name, SETTINGS) for name in ("one", "other")]

    def not_kept(connection: http.client.HTTPSConnection) -> str:
        """Asks for what nginx does not keep, so that every visit is to a server."""
        return str(ask(connection, "/not-there", {"Host": NGINX}).status)

    with serving(folders[0]) as one, serving(folders[1]) as other:
        upstreams = [f"127.0.0.1:{server.port}" for server in (one, other)]
        with fronting(tmp_path / "nginx", certificates, upstreams) as proxy, Load(proxy, not_kept) as load:
            load.wait_for_more(50)
            kill(one) if by == "killed" else one.stop()
            load.wait_for_more(200)

    assert set(load.seen) == {"404"}
    assert "/not-there HTTP" in one.output
    assert "/not-there HTTP" in other.output
