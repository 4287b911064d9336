"""A thousand clients of two workers: the time of a visit while releases and settings change, and while nothing does.

The clients run in this process. So that it has little else to do, the releases are made beforehand, and it does not
wait until a change is served; how many were is in the log afterwards.
"""

import itertools
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from common import Row, in_turns, make_best, show
from embeddable_host.releases.store import current, installed, remove
from world.crowd import Crowd, Get
from world.host import Server, add_release, configured, serving

SECONDS, ROUNDS = 6.0, 5  # of each side: half a minute in all
PACE = 1.0  # seconds from one change to the next
NAMES = tuple(f"release {number}" for number in range(4))
PATHS = ("/redirect.html", "/adapter.js", "/app.html")


async def visit(get: Get) -> None:
    for path in PATHS:
        assert (await get(path)).status == 200, path


def titled(host: Path, number: int) -> None:
    configured(host, f'[redirect]\ntitle = "title {number}"\n')


def changes(host: Path, server: Server) -> Iterator[None]:
    """Makes one change after another: another release, other settings, wrong settings."""
    releases = host / "var" / "releases"
    for number in itertools.count(1):
        titled(host, number)
        add_release(host, NAMES[number % len(NAMES)])  # which the host notices
        for id in installed(releases):
            if id != current(releases):
                remove(releases, id)
        yield
        titled(host, -number)
        server.hang_up()
        yield
        configured(host, "public_url = 7")
        server.hang_up()
        yield


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    """Without the full release of `host`: to copy and read one costs more than what is measured here."""
    own = configured(folder / "crowd")
    for name in NAMES:
        add_release(own, name)
    titled(own, 0)
    make_best(own)
    failed = 0

    def visits(acts: Iterator[None]) -> float:
        """The median of the visits, in ms, while `acts` are made."""
        nonlocal failed
        with Crowd(server.port, visit) as crowd:
            crowd.wait_until_all_came()
            before, end = len(crowd.seconds), time.monotonic() + SECONDS
            while time.monotonic() < end:
                next(acts)
                time.sleep(PACE)
            seconds = crowd.seconds[before:]
        failed += crowd.faults.total()
        return 1000 * statistics.median(seconds)

    with serving(own, "--workers", "2") as server:
        acts = changes(own, server)
        changing, quiet = in_turns(ROUNDS, lambda: visits(acts), lambda: visits(itertools.repeat(None)))
        served, rejected = server.times_said("Serving release"), server.times_said("Not reloaded")
    limit = ROUNDS * SECONDS / PACE * server.workers
    assert served > limit / 3, served  # or little has changed
    assert rejected > limit / 6, rejected
    return [
        show(Row("a visit of three requests, during changes", "ms", changing, "≤ 1.10", "without them", quiet)),
        show(Row("failed responses", "", [float(failed)], "≤ 0")),
    ]
