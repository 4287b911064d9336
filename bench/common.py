"""What the measurements share: rows of results, a release, and one core for the servers."""

import contextlib
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from embeddable_host.config.load import load
from embeddable_host.releases.install import install
from embeddable_host.releases.store import use
from embeddable_host.responses.cache import Cache
from embeddable_host.responses.compressor import Compressor
from embeddable_host.site.site import build_site
from world.host import Quiet

KIB = 1024
CORES = sorted(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Row:
    """One line of the results.

    `ours`: the measured values, in `unit`. `theirs`: those of what it is compared with, `against`, in the same rounds.
    `reach`: the target for the ratio, or for our median where there is nothing to compare with; "≤ 0.85".
    """

    what: str
    unit: str
    ours: Sequence[float]
    reach: str = ""
    against: str = ""
    theirs: Sequence[float] = field(default=())

    @property
    def values(self) -> list[float]:
        """What `reach` applies to: the rounds' ratios, or the measured values."""
        return [one / other for one, other in zip(self.ours, self.theirs, strict=True)] if self.theirs else [*self.ours]

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def is_reached(self) -> bool | None:
        """Whether the median, as it is shown, reaches the target; None where there is no target."""
        if not self.reach:
            return None
        sign, bound = self.reach.split()[:2]
        value = round(self.value, 2)
        return value <= float(bound) if sign == "≤" else value >= float(bound)


def show(row: Row) -> Row:
    """Prints the row as soon as it is measured, and returns it."""
    compared = f" against {statistics.median(row.theirs):,.4g} ({row.against})" if row.theirs else ""
    ratio = f" = {row.value:.2f} ({min(row.values):.2f} to {max(row.values):.2f})" if row.theirs else ""
    verdict = {None: "", True: "", False: "  NOT REACHED"}[row.is_reached]
    target = f"  [{row.reach}]" if row.reach else ""
    print(f"  {row.what}: {statistics.median(row.ours):,.4g} {row.unit}{compared}{ratio}{target}{verdict}", flush=True)
    return row


T = TypeVar("T")


def in_turns(rounds: int, ours: Callable[[], T], theirs: Callable[[], T]) -> tuple[list[T], list[T]]:
    """Measures both sides in every round, because the speed of a machine changes; the first one alternates as well."""
    measured: tuple[list[T], list[T]] = ([], [])
    for number in range(rounds):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            measured[side].append((ours, theirs)[side]())
    return measured


def install_release(host: Path, staged: Path) -> str:
    """Installs a release for the host in `host`, and chooses it. Its id."""
    releases = host / "var" / "releases"
    release = install(staged, releases, "bench", Quiet())
    use(releases, release.id)
    return release.id


def make_best(host: Path, compressor: Compressor | None = None) -> None:
    """Fills the host's cache with the best encodings of its site, as a running server does in time."""
    settings = load(host / "embeddable.toml")
    Cache(settings.cache).fill(build_site(settings).pending, compressor or Compressor(threads=len(CORES)))


def on_core(core: int, pid: int = 0) -> None:
    """Keeps a process on one core."""
    os.sched_setaffinity(pid, {CORES[core % len(CORES)]})


@contextlib.contextmanager
def servers_core() -> Iterator[None]:
    """Processes that are started meanwhile share one core; this process has all of them again at the end."""
    on_core(0)
    try:
        yield
    finally:
        os.sched_setaffinity(0, CORES)
