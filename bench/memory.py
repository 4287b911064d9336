"""The host with a full release and three profiles: time to start, memory over many changes, and how both grow with
profiles and releases.

Memory is the resident memory of the process (VmRSS).
"""

import hashlib
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from common import Row, make_best, show
from embeddable_host.releases.install import install
from embeddable_host.releases.store import current, installed, open_release, remove, use
from embeddable_host.responses.compression import BEST, FAST
from world.host import COMMAND, Quiet, Server, configured, serving
from world.release import CompressorHere, compress_here
from world.timeouts import wait_until

TIMEOUT = 600
STARTS, CHANGES = 5, 50
STILL = 30  # readings, a tenth of a second apart
PROFILES, RELEASES = (1, 10, 100), (1, 3, 10)


def settings(profiles: int, title: str = "Sign-in") -> str:
    """Settings with that many profiles beside the default one."""
    text = f'[params]\nclientId = "default"\n[redirect]\ntitle = "{title}"\n'
    for number in range(profiles):
        text += f'[profiles.p{number}.params]\nclientId = "p{number}"\nprefix = "p{number}"\n'
    return text


def change(host: Path, server: Server, profiles: int, title: str, release: str) -> float:
    """Swaps settings and release; the seconds until both are served."""
    configured(host, settings(profiles, title))
    before = server.times_said("Serving release")
    use(host / "var" / "releases", release)
    begun = time.monotonic()
    server.hang_up()
    wait_until(lambda: title in server.ask("/redirect.html").body.decode(), f"{title} is served", TIMEOUT)
    seconds = time.monotonic() - begun
    server.wait_until_it_says("Serving release", before + 1)
    return seconds


def seconds_to_start(host: Path) -> float:
    """From the start of `serve` to its first response."""
    begun = time.monotonic()
    with serving(host):
        return time.monotonic() - begun


def seconds_of_version() -> float:
    begun = time.monotonic()
    subprocess.run([COMMAND, "--version"], check=True, capture_output=True)
    return time.monotonic() - begun


def memory_at_rest(server: Server) -> float:
    """The memory once it is stable: after a change the old site stays a while, and the best encodings are made."""
    readings = [server.memory]
    while len(readings) < STILL or max(readings[-STILL:]) - min(readings[-STILL:]) > 0.5:
        time.sleep(0.1)
        readings.append(server.memory)
    return readings[-1]


class Store:
    """The releases of a host, with copies of the first one that differ in one file."""

    def __init__(self, host: Path, staged: Path) -> None:
        self.folder = host / "var" / "releases"
        self.first = current(self.folder) or ""
        self._staged = staged
        made = open_release(self.folder, self.first)
        self._made = {
            (coding, hashlib.sha384(made.read(name)).digest()): (made.folder / coding / name)
            for coding in BEST
            for name in made.files
            if (made.folder / coding / name).exists()
        }

    def add(self, folder: Path, number: int) -> str:
        """Installs one more, without compressing the same files again; its id."""
        shutil.copytree(self._staged, folder)
        (folder / "number.txt").write_text(f"{number}")
        with pytest.MonkeyPatch.context() as patch:
            compress_here(patch, {coding: self._encoder(coding) for coding in BEST})
            return install(folder, self.folder, f"bench {number}", Quiet()).id

    def _encoder(self, coding: str):  # type: ignore[no-untyped-def]
        def encode(data: bytes) -> bytes:
            file = self._made.get((coding, hashlib.sha384(data).digest()))
            return file.read_bytes() if file else FAST[coding](data)

        return encode

    def keep_first(self) -> None:
        use(self.folder, self.first)
        for id in installed(self.folder):
            if id != self.first:
                remove(self.folder, id)


def swaps(host: Path, releases: list[str]) -> Row:
    """The memory of a new server after many changes of release and settings, compared with after the first."""
    with serving(host) as server:
        change(host, server, 3, "before", releases[-1])
        before = memory_at_rest(server)
        for number in range(CHANGES):
            change(host, server, 3, f"change {number}.", releases[number % len(releases)])
        return Row(f"memory after {CHANGES} swaps", "MiB", [memory_at_rest(server)], "≤ 1.10", "before them", [before])


def fill_cache(host: Path) -> None:
    """Fast encodings in place of the best, which take minutes to make: the rest is the same with either."""
    make_best(host, CompressorHere(FAST))


def grown(host: Path, what: str, profiles: int, releases: list[str]) -> list[Row]:
    configured(host, settings(profiles))
    fill_cache(host)
    seconds = [seconds_to_start(host)]
    with serving(host) as server:
        memory = [memory_at_rest(server)]
        swap = [
            change(host, server, profiles, f"swap {what} {each}.", releases[each % len(releases)]) for each in (0, 1)
        ]
    return [
        show(Row(f"{what}: {name}", unit, values))
        for name, unit, values in (("start", "s", seconds), ("memory", "MiB", memory), ("swap", "s", swap))
    ]


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    make_best(configured(host, settings(3)))
    rows = [show(Row("start to first response", "s", [seconds_to_start(host) for _ in range(STARTS)], "≤ 1.0"))]
    rows.append(show(Row("embeddable-host --version", "s", [seconds_of_version() for _ in range(STARTS)], "≤ 0.20")))
    with serving(host) as server:
        rows.append(show(Row("memory at rest", "MiB", [memory_at_rest(server)], "≤ 64")))
    store = Store(host, release)
    second = store.add(folder / "2", 2)
    rows.append(show(swaps(host, [store.first, second])))
    store.keep_first()
    return rows


def measure_growth(folder: Path, host: Path, release: Path) -> list[Row]:
    store = Store(host, release)
    rows = []
    for profiles in PROFILES:
        rows += grown(host, f"{profiles} profile{'s' if profiles > 1 else ''}", profiles, [store.first])
    for count in RELEASES:
        while len(installed(store.folder)) < count:
            number = len(installed(store.folder)) + 1
            store.add(folder / f"{number}", number)
        rows += grown(host, f"{count} release{'s' if count > 1 else ''}", 3, list(installed(store.folder)))
    store.keep_first()
    return rows
