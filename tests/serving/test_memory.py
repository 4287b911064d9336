"""The memory of a worker: what has not changed is in memory once, and what is no longer served is freed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from embeddable_host.releases.install import install
from embeddable_host.releases.store import use
from embeddable_host.responses.compression import FAST
from world.full_release import stage_full
from world.host import Quiet, configured, serving
from world.release import compress_here
from world.timeouts import wait_until

SCALE = 0.1  # of the real release
SWAPS = 50
FIRST = 4  # swaps after which memory no longer grows
GROWTH = 1.1

PROFILES = """
[profiles.sales.params]
clientId = "sales"
prefix = "sales"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", PROFILES)


def add_full_release(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Installs and chooses a release with large files, compressed fast, which is good enough here. Its id."""
    compress_here(monkeypatch, FAST)
    releases = folder / "var" / "releases"
    made = install(stage_full(folder / f"staged-{seed}", SCALE, seed), releases, "a test", Quiet())
    use(releases, made.id)
    return made.id


@pytest.mark.extra
def test_memory_is_flat_over_fifty_swaps_of_release_and_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    releases = [add_full_release(folder, seed, monkeypatch) for seed in (1, 2)]

    def swap(number: int) -> None:
        configured(folder, f'[redirect]\ntitle = "Title {number}."\n{PROFILES}')
        use(folder / "var" / "releases", releases[number % 2])
        server.hang_up()
        wait_until(lambda: f"Title {number}." in server.ask("/redirect.html").body.decode(), f"swap {number}")
        server.wait_until_serving(releases[number % 2])

    with serving(folder) as server:
        for number in range(SWAPS + 1):
            swap(number)
            if number == FIRST:
                before = server.memory
        record_property("memory", f"{before:.0f} MiB, and {server.memory:.0f} MiB after {SWAPS} swaps")
        assert server.memory <= GROWTH * before
