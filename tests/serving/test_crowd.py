"""A thousand clients while releases come and go and settings change, every third time to something wrong."""

import collections
import hashlib
import re
from pathlib import Path

import pytest

from embeddable_host.releases.store import remove
from world.crowd import Crowd, Get
from world.host import LARGE, LARGE_CONTENT, Server, add_release, configured, serving
from world.timeouts import wait_until

APP = re.compile(rb"widget/([\w.-]+)/app\.html")
TITLE = re.compile(rb'"title": "(title \d+)"')
CHANGES = 9


class Observed:
    """What all clients have received."""

    def __init__(self) -> None:
        self.statuses: dict[str, set[int]] = collections.defaultdict(set)
        self.titles: set[str] = set()
        self.names: set[tuple[str, str]] = set()  # a release's id, and the name in its file
        self.contents: dict[tuple[str, str], set[bytes]] = collections.defaultdict(set)  # by address and entity tag

    async def visit(self, get: Get) -> None:
        """As a page does that loads the widget: its addresses come from what was loaded before."""

        async def load(path: str) -> bytes:
            got = await get(path)
            self.statuses[path].add(got.status)
            if got.status == 200:
                self.contents[path, got.headers["etag"]].add(hashlib.sha256(got.body).digest())
            return got.body if got.status == 200 else b""

        title = TITLE.search(await load("/redirect.html"))
        assert title, "a redirect page without its title"
        self.titles.add(title[1].decode())
        app = APP.search(await load("/adapter.js"))
        assert app, "an adapter without a release"
        id = app[1].decode()
        if name := await load(f"/widget/{id}/name.txt"):
            self.names.add((id, name.decode()))
        large = await load(f"/widget/{id}/{LARGE}")
        assert large in (b"", LARGE_CONTENT), "half a file"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", titled(0))


def titled(number: int) -> str:
    return f'[redirect]\ntitle = "title {number}"\n'


@pytest.mark.extra
def test_a_thousand_clients_see_no_failure_and_no_mixture_whatever_changes(folder: Path) -> None:
    observed = Observed()
    names = {add_release(folder, "release 0").id: "release 0"}

    def come_and_go(server: Server, number: int) -> None:
        name = f"release {number}"
        names[add_release(folder, name).id] = name
        server.wait_until_serving(list(names)[-1])
        if len(names) > 2:
            gone = list(names)[-3]
            remove(folder / "var" / "releases", gone)
            wait_until(lambda: server.ask(f"/widget/{gone}/app.html").status == 404, "it is gone")

    def change(server: Server, number: int) -> None:
        configured(folder, titled(number))
        server.reload()

    def spoil(server: Server, number: int) -> None:
        configured(folder, "public_url = 7" if number % 2 else "[redirect")
        server.hang_up()
        server.wait_until_it_says("Not reloaded", number // 3 * server.workers)
        configured(folder, titled(number - 1))  # a release that comes meanwhile has the settings read again

    with serving(folder, "--workers", "2") as server, Crowd(server.port, observed.visit) as crowd:
        crowd.wait_until_all_came()
        for number in range(1, CHANGES + 1):
            (spoil, come_and_go, change)[number % 3](server, number)
        crowd.wait_until_all_came()

    assert crowd.faults == {}
    assert {f"title {number}" for number in range(2, CHANGES, 3)} <= observed.titles
    assert observed.names <= names.items()
    assert all(len(contents) == 1 for contents in observed.contents.values())  # an entity tag stands for one content
    for path, statuses in observed.statuses.items():
        assert statuses <= ({200, 404} if path.startswith("/widget/") else {200}), path
