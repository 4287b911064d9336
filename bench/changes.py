"""A thousand clients of two workers: what a visit takes while releases and settings change, and while nothing does."""

import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from common import Row, make_best, show
from world.crowd import Crowd, Get
from world.host import Server, add_release, configured, serving

from server.releases.shelf import current, installed, remove

SECONDS, ROUNDS = 10.0, 3  # of each side: half a minute in all
PACE = 1.0  # seconds from one change to the next
PATHS = ("/redirect.html", "/adapter.js", "/app.html")
Change = Callable[[Path, Server, int], None]


async def visit(get: Get) -> None:
    for path in PATHS:
        assert (await get(path)).status == 200, path


def titled(number: int) -> str:
    return f'[redirect]\ntitle = "title {number}"\n'


def come_and_go(host: Path, server: Server, number: int) -> None:
    releases = host / "var" / "releases"
    server.wait_until_serving(add_release(host, f"release {number}").id)
    for id in installed(releases)[:-2]:
        if id != current(releases):
            remove(releases, id)


def change(host: Path, server: Server, number: int) -> None:
    configured(host, titled(number))
    server.reload()


def spoil(host: Path, server: Server, number: int) -> None:
    before = server.times_said("Not reloaded")
    configured(host, "public_url = 7")
    server.hang_up()
    server.wait_until_it_says("Not reloaded", before + server.workers)
    configured(host, titled(number))


CHANGES: tuple[Change, ...] = (come_and_go, change, spoil)


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    """The full release of `host` stays out of it: to copy and read one anew costs more than what is measured here."""
    own = configured(folder / "crowd", titled(0))
    add_release(own)
    make_best(own)
    quiet: list[float] = []
    changing: list[float] = []
    failed: list[float] = []
    numbers = itertools.count(1)
    with serving(own, "--workers", "2") as server:
        for _ in range(ROUNDS):
            for seconds, changes in ((quiet, ()), (changing, CHANGES)):
                with Crowd(server.port, visit) as crowd:
                    crowd.wait_until_all_came()
                    seen, end = len(crowd.seconds), time.monotonic() + SECONDS
                    for act in itertools.cycle(changes):
                        if time.monotonic() > end:
                            break
                        act(own, server, next(numbers))
                        time.sleep(PACE)
                    time.sleep(max(0.0, end - time.monotonic()))
                    seconds.append(1000 * statistics.median(crowd.seconds[seen:]))
                failed.append(float(crowd.faults.total()))
    return [
        show(Row("a visit of three requests, during changes", "ms", changing, "≤ 1.10", "without them", quiet)),
        show(Row("answers that failed", "", [sum(failed)], "≤ 0")),
    ]
