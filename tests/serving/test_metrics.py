"""The metrics for Prometheus: requests and statuses, and nothing of what was in a query."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from world.host import LARGE, TIMEOUT, Server, add_release, configured, serving
from world.internet import wait_until

SECRET = "tell-nobody-41c2"
BAD = 'public_url = "phone"'
SETTINGS = f"""
[redirect]
title = "{SECRET}"
[params]
clientId = "{SECRET}"
[profiles.sandbox.params]
prefix = "rc-sandbox"
"""
WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]

Series = dict[tuple[str, ...], float]


def metrics(server: Server) -> Series:
    """Every sample: name and label values to value."""
    response = server.ask("/metrics")
    assert response.status == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.body.decode())
        for sample in family.samples
    }


def requests(server: Server) -> dict[tuple[str, str], float]:
    """Requests by address and status, but those for the metrics themselves."""
    return {
        (address, status): value
        for (name, address, status), value in ((key, value) for key, value in metrics(server).items() if len(key) == 3)
        if name == "embeddable_host_requests_total" and address != "/metrics"
    }


def value(server: Server, name: str) -> float:
    return metrics(server)[(f"embeddable_host_{name}_total",)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", SETTINGS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(configured(tmp_path_factory.mktemp("metrics") / "host", SETTINGS)) as server:
        yield server


def counted(server: Server, *requested: tuple[str, dict[str, str], str]) -> dict[tuple[str, str], float]:
    """What these requests add: an response is counted when it has gone out, so a moment later."""
    before = requests(server)
    for path, headers, method in requested:
        server.ask(path, headers, method)

    def added() -> dict[tuple[str, str], float]:
        return {key: value - before.get(key, 0) for key, value in requests(server).items() if value != before.get(key)}

    wait_until(lambda: sum(added().values()) >= len(requested), "every response is counted", TIMEOUT)
    return added()


def test_requests_are_counted_by_address_and_status(server: Server) -> None:
    tag = server.ask("/adapter.js").headers["etag"]
    assert counted(
        server,
        ("/redirect.html", {}, "GET"),
        ("/redirect.html", {}, "HEAD"),
        ("/sandbox/redirect.html", {}, "GET"),
        ("/adapter.js", {"If-None-Match": tag}, "GET"),
        ("/adapter.js", {"Range": "bytes=0-1"}, "GET"),
        ("/adapter.js", {"Range": "bytes=99999999-"}, "GET"),
        ("/adapter.js", {"If-Match": '"other"'}, "GET"),
        ("/adapter.js", {"Accept-Encoding": "*;q=0"}, "GET"),
        ("/adapter.js", {}, "POST"),
        ("/", {}, "GET"),
    ) == {
        ("/redirect.html", "200"): 2,
        ("/sandbox/redirect.html", "200"): 1,
        ("/adapter.js", "304"): 1,
        ("/adapter.js", "206"): 1,
        ("/adapter.js", "416"): 1,
        ("/adapter.js", "412"): 1,
        ("/adapter.js", "406"): 1,
        ("/adapter.js", "405"): 1,
        ("/", "200"): 1,
    }


def test_the_files_of_releases_are_one_address(folder: Path) -> None:
    releases = [add_release(folder, name) for name in ("first", "second")]
    with serving(folder) as server:
        files = [f"/widget/{release.id}/{name}" for release in releases for name in (LARGE, "app.js")]
        assert counted(server, *((file, {}, "GET") for file in files)) == {("/widget/", "200"): 4}


def test_no_request_can_make_a_new_series(server: Server) -> None:
    paths = [f"/{number}" for number in range(50)] + [f"/widget/{number}/app.js" for number in range(50)]
    assert counted(server, *((path, {}, "GET") for path in paths)) == {("other", "404"): 100}


def test_a_response_that_fails_is_counted(folder: Path) -> None:
    release = add_release(folder)
    with serving(folder) as server:
        (release.folder / "files" / LARGE).unlink()
        assert counted(server, (f"/widget/{release.id}/{LARGE}", {}, "GET")) == {("/widget/", "500"): 1}


def test_no_query_and_no_setting_is_exposed(server: Server) -> None:
    for path in ("/redirect.html", "/nothing", "/metrics", f"/{SECRET}", f"/redirect.html%3Fcode={SECRET}"):
        server.ask(f"{path}?code={SECRET}", {"Referer": f"https://a/?code={SECRET}"})
    assert SECRET not in server.ask(f"/metrics?code={SECRET}").body.decode()


def test_the_metrics_are_as_prometheus_reads_them_and_nobody_keeps_them(server: Server) -> None:
    response = server.ask("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_the_metrics_can_only_be_read(server: Server) -> None:
    head = server.ask("/metrics", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    post = server.ask("/metrics", method="POST")
    assert (post.status, post.headers["allow"]) == (405, "GET, HEAD")


def test_a_process_alone_tells_of_itself(server: Server) -> None:
    assert metrics(server)[("process_resident_memory_bytes",)] > 0


@pytest.mark.parametrize("options", WORKERS)
def test_the_release_that_is_served_is_reported_and_no_other(folder: Path, options: tuple[str, ...]) -> None:
    def releases(server: Server) -> list[str]:
        return [key[1] for key in metrics(server) if key[0] == "embeddable_host_release_info"]

    first = add_release(folder, "first")
    with serving(folder, *options) as server:
        assert releases(server) == [first.id]
        second = add_release(folder, "second")
        wait_until(lambda: all(releases(server) == [second.id] for _ in range(20)), "every process reports it", TIMEOUT)


def test_builds_and_swaps_are_counted(folder: Path) -> None:
    def builds_and_swaps() -> tuple[float, float]:
        found = metrics(server)
        return found["embeddable_host_site_builds_total",], found["embeddable_host_site_swaps_total",]

    with serving(folder) as server:
        wait_until(lambda: builds_and_swaps() == (2, 1), "the first site, then its best encodings", TIMEOUT)
        server.wait_until_serving(add_release(folder).id)
        # One swap more where the release was noticed before it was chosen.
        wait_until(lambda: builds_and_swaps() in [(4, 3), (5, 4), (6, 5)], "the release and its encodings", TIMEOUT)


@pytest.mark.parametrize(("options", "processes"), [((), 1), (("--workers", "2"), 2)], ids=["one process", "workers"])
def test_a_failed_reload_is_counted_by_each_process(folder: Path, options: tuple[str, ...], processes: int) -> None:
    with serving(folder, *options) as server:
        server.wait_until_it_says(rf"(?s)(Application startup complete.*){{{processes}}}")
        assert value(server, "reload_failures") == 0
        configured(folder, BAD)
        server.hang_up()
        wait_until(lambda: value(server, "reload_failures") == processes, "they are counted", TIMEOUT)


def test_a_site_that_cannot_be_built_is_a_build_and_no_swap(folder: Path) -> None:
    with serving(folder) as server:
        wait_until(lambda: value(server, "site_swaps") == 1, "the best encodings are served", TIMEOUT)
        configured(folder, '[widget]\nrelease = "2.3.1-0123456789ab"')
        server.hang_up()
        wait_until(lambda: value(server, "reload_failures") == 1, "it is refused", TIMEOUT)
        assert (value(server, "site_builds"), value(server, "site_swaps")) == (3, 1)


def test_whichever_worker_is_asked_tells_of_all(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    with serving(folder, "--workers", "2", environment={"TMPDIR": str(tmp_path / "temporary")}) as server:
        sent = 0

        def both_have_responded() -> bool:
            nonlocal sent
            server.ask("/adapter.js")
            sent += 1
            files = (tmp_path / "temporary").rglob("counter_*.db")
            return sum(b"/adapter.js" in file.read_bytes() for file in files) == 2

        wait_until(both_have_responded, "both workers have responded", TIMEOUT)
        wait_until(
            lambda: [requests(server)[("/adapter.js", "200")] for _ in range(20)] == [sent] * 20,
            "both tell of all",
            TIMEOUT,
        )


def test_what_a_worker_counted_outlives_it(folder: Path) -> None:
    with serving(folder, "--workers", "2") as server:
        server.wait_until_it_says(r"(?s)(Application startup complete.*){2}")
        for _ in range(20):
            server.ask("/adapter.js")
        # An response is counted when it has gone out: a worker killed in between would not have counted it.
        wait_until(lambda: requests(server)[("/adapter.js", "200")] == 20, "they are all counted", TIMEOUT)
        for worker in re.findall(r"Started server process \[(\d+)\]", server.output):
            os.kill(int(worker), signal.SIGKILL)
        server.wait_until_it_says(r"(?s)(Application startup complete.*){4}")
        wait_until(lambda: requests(server)[("/adapter.js", "200")] == 20, "all are counted", TIMEOUT)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_workers_leave_no_files_behind(folder: Path, tmp_path: Path, by: signal.Signals) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with serving(folder, "--workers", "2", environment={"TMPDIR": str(temporary)}) as server:
        server.ask("/adapter.js")
        assert os.listdir(temporary) != []
        server.process.send_signal(by)
        server.process.wait(TIMEOUT)
        assert os.listdir(temporary) == []
