"""nginx under load: a release is swapped behind it, or one of two replicas is lost."""

import http.client
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from world.host import Server, add_release, ask, call, configured, serving
from world.hosts import SETTINGS
from world.internet import NGINX
from world.load import Load
from world.proxy import fronting, stale_soon
from world.release import SOURCE


def page_of_one_release(connection: http.client.HTTPSConnection) -> str:
    """Loads the adapter and then what it names, as a browser would; the name of the release all of it is of."""
    headers = {"Host": NGINX, "Accept-Encoding": "identity"}
    adapter = ask(connection, "/adapter.js", headers)
    assert adapter.status == 200
    named = re.search(rb'"app": ?"(widget/[^"]+/)app\.html"', adapter.body)
    assert named, "the adapter names no app"
    files = {
        name: ask(connection, f"/{named[1].decode()}{name}", headers) for name in ("app.html", "app.js", "name.txt")
    }
    assert {response.status for response in files.values()} == {200}
    mark = files["name.txt"].body
    assert mark in files["app.js"].body
    assert mark in adapter.body
    return mark.decode()


def test_a_release_is_swapped_under_load_without_a_failure_or_a_mixed_page(tmp_path: Path, certificates: Path) -> None:
    folder = configured(tmp_path / "host")
    releases = {name: marked_release(folder, name) for name in ("second-one", "first-one")}
    with (
        serving(folder) as server,
        fronting(tmp_path / "nginx", certificates, [f"127.0.0.1:{server.port}"], change=stale_soon) as proxy,
        Load(proxy.connect, page_of_one_release) as load,
    ):
        load.wait_for_more(20, "first-one")
        assert call(folder, "releases", "use", releases["second-one"]).returncode == 0
        load.wait_for_more(20, "second-one")

    assert load.faults == {}
    assert load.results == {"first-one", "second-one"}


def marked_release(folder: Path, name: str) -> str:
    """A release whose adapter and app contain its name."""
    scripts = {
        script: (SOURCE / script).read_bytes() + f"\n// {name}\n".encode() for script in ("adapter.js", "app.js")
    }
    return add_release(folder, name, **{**scripts, "adapter.min.js": scripts["adapter.js"]}).id


@dataclass(frozen=True)
class Replicas:
    """Two hosts behind one nginx, under a load of requests that each go to one of them."""

    one: Server
    other: Server
    load: Load


@pytest.fixture
def replicas(tmp_path: Path, certificates: Path) -> Iterator[Replicas]:
    folders = [configured(tmp_path / name, SETTINGS) for name in ("one", "other")]
    with serving(folders[0]) as one, serving(folders[1]) as other:
        upstreams = [f"127.0.0.1:{server.port}" for server in (one, other)]
        with fronting(tmp_path / "nginx", certificates, upstreams) as proxy, Load(proxy.connect, not_kept) as load:
            load.wait_for_more(50)
            yield Replicas(one, other, load)


def not_kept(connection: http.client.HTTPSConnection) -> str:
    """Asks for what nginx does not keep, so that every visit is to a server."""
    return str(ask(connection, "/not-there", {"Host": NGINX}).status)


def both_got_requests(replicas: Replicas) -> bool:
    return all("/not-there HTTP" in server.output for server in (replicas.one, replicas.other))


def test_one_of_two_replicas_is_stopped_and_no_request_fails(replicas: Replicas) -> None:
    replicas.one.stop()
    replicas.load.wait_for_more(200)

    assert replicas.load.faults == {}
    assert replicas.load.results == {"404"}
    assert both_got_requests(replicas)


def test_one_of_two_replicas_is_killed_and_no_request_fails_but_those_in_flight(replicas: Replicas) -> None:
    replicas.one.kill()
    killed = time.monotonic()
    replicas.load.wait_for_more(200)

    # An response that nginx has begun to pass on can come from nobody else: the client sees that it is cut off.
    cut_off = replicas.load.faults
    assert [visit for visit in cut_off if visit.begun > killed] == []
    assert {type(fault) for fault in cut_off.values()} <= {http.client.IncompleteRead}
    assert replicas.load.results == {"404"}
    assert both_got_requests(replicas)
