"""What nginx keeps of a host's responses, and for how long: while the host changes, dies or hangs."""

import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from world.host import configured, serving
from world.hosts import SETTINGS
from world.internet import NGINX, NGINX_PREFIXED
from world.proxy import PREFIX, Proxy, fronting, stale_soon
from world.timeouts import TIMEOUT, wait_until
from world.upstream import ok, recording

REDIRECT_PAGE = "/redirect.html"
SITES = [pytest.param(NGINX, "/", id="site"), pytest.param(NGINX_PREFIXED, PREFIX, id="below a path")]


def test_whatever_the_query_the_server_is_asked_once(folder: Path, certificates: Path) -> None:
    with serving(configured(folder.parent / "requested-once", SETTINGS)) as server:
        with fronting(folder.parent / "requested-once-nginx", certificates, [f"127.0.0.1:{server.port}"]) as proxy:
            responses = [proxy.ask(f"{REDIRECT_PAGE}?code={number}", {"X-Number": str(number)}) for number in range(5)]

        assert {response.status for response in responses} == {200}
        server.wait_until_it_says(f"{REDIRECT_PAGE} HTTP")
        assert server.output.count(REDIRECT_PAGE + " HTTP") == 1


def test_many_who_come_at_once_are_one_request_to_the_server(tmp_path: Path, certificates: Path) -> None:
    all_are_here = threading.Event()

    def response(request: bytes) -> bytes:
        all_are_here.wait(TIMEOUT)
        return ok(request)

    with (
        recording(response) as (upstream, requests),
        fronting(tmp_path, certificates, [upstream]) as proxy,
        ThreadPoolExecutor(20) as visitors,
    ):
        connections = [proxy.connect() for _ in range(20)]
        for connection in connections:
            connection.request("GET", REDIRECT_PAGE, headers={"Host": NGINX})
        all_are_here.set()
        responses = list(visitors.map(lambda connection: connection.getresponse().read(), connections))

    assert responses == [b"ok"] * 20
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
        fronting(tmp_path / "nginx", certificates, [f"127.0.0.1:{server.port}"], change=stale_soon) as proxy,
    ):
        assert b"Before" in proxy.ask(REDIRECT_PAGE).body
        assert proxy.ask("/sandbox/redirect.html").status == 200
        configured(folder, '[redirect]\ntitle = "After"')
        server.reload()

        wait_until(lambda: b"After" in proxy.ask(REDIRECT_PAGE).body, "the new page is served")
        wait_until(lambda: proxy.ask("/sandbox/redirect.html").status == 404, "the profile is gone")


@pytest.mark.parametrize(("name", "prefix"), SITES)
def test_whether_the_server_lives_is_never_told_from_the_cache(
    tmp_path: Path, certificates: Path, name: str, prefix: str
) -> None:
    with serving(configured(tmp_path / "host")) as server:
        upstream = f"127.0.0.1:{server.port}"
        with fronting(tmp_path / "nginx", certificates, [upstream]) as proxy:
            assert [proxy.ask(f"{prefix}{path}", name=name).status for path in ("healthz", "readyz")] == [200, 200]
            server.kill()
            assert [proxy.ask(f"{prefix}{path}", name=name).status for path in ("healthz", "readyz")] == [502, 502]
            log = "embeddable.error.log" if name == NGINX else "below.error.log"
            assert "Connection refused" in proxy.log(log)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP], ids=["is dead", "hangs"])
def test_what_is_cached_is_sent_at_once_while_the_server(
    tmp_path: Path, certificates: Path, sign: signal.Signals
) -> None:
    """A request that had to wait for a server that hangs would exceed the timeout of the test."""
    with serving(configured(tmp_path / "host")) as server:
        upstream = f"127.0.0.1:{server.port}"
        with fronting(tmp_path / "nginx", certificates, [upstream], change=stale_soon) as proxy:
            statuses = [proxy.ask(REDIRECT_PAGE).status]
            server.process.send_signal(sign)

            def is_stale() -> bool:
                statuses.append(proxy.ask(REDIRECT_PAGE).status)
                return re.search("redirect.html .* (STALE|UPDATING) ", proxy.log()) is not None

            wait_until(is_stale, "what was kept is stale")
            statuses.append(proxy.ask(REDIRECT_PAGE).status)
        server.process.send_signal(signal.SIGCONT)

    assert set(statuses) == {200}
