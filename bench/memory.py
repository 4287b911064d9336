"""What the host takes with a full release and three profiles: time to start, memory over many changes, and how both
grow with profiles and releases.

Memory is what the system has given the process (VmRSS).
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
from world.release import compress_here
from world.timeouts import wait_until

TIMEOUT = 600
STARTS, CHANGES = 5, 50
STILL = 30  # looks, a tenth of a second apart
PROFILES, RELEASES = (1, 10, 100), (1, 3, 10)


def settings(profiles: int, title: str = "Sign-in") -> str:
    """Settings with so many profiles beside the default one."""
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
    """From the start of `serve` to its first answer."""
    begun = time.monotonic()
    with serving(host):
        return time.monotonic() - begun


def seconds_of_version() -> float:
    begun = time.monotonic()
    subprocess.run([COMMAND, "--version"], check=True, capture_output=True)
    return time.monotonic() - begun


def settled(server: Server) -> float:
    """The memory once it stays as it is: after a change the old site is there for a while, and the best encodings are
    made."""
    seen = [server.memory]
    while len(seen) < STILL or max(seen[-STILL:]) - min(seen[-STILL:]) > 0.5:
        time.sleep(0.1)
        seen.append(server.memory)
    return seen[-1]


class Shelf:
    """The releases of a host, to which copies of the first one are added that differ in one file."""

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
        """Installs one more, without compressing again what has been; its id."""
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

    def forget(self) -> None:
        use(self.folder, self.first)
        for id in installed(self.folder):
            if id != self.first:
                remove(self.folder, id)


def swaps(host: Path, releases: list[str]) -> Row:
    """The memory of a new server after many changes of release and settings, against after the first."""
    with serving(host) as server:
        change(host, server, 3, "before", releases[-1])
        before = settled(server)
        for number in range(CHANGES):
            change(host, server, 3, f"change {number}.", releases[number % len(releases)])
        return Row(f"memory after {CHANGES} swaps", "MiB", [settled(server)], "≤ 1.10", "before them", [before])


def fill_cache(host: Path) -> None:
    """Fast encodings in the place of the best, whose making takes minutes: what follows is the same with either."""
    with pytest.MonkeyPatch.context() as patch:
        for coding, encode in FAST.items():
            patch.setitem(BEST, coding, encode)  # type: ignore[arg-type]
        make_best(host)


def grown(host: Path, what: str, profiles: int, releases: list[str]) -> list[Row]:
    configured(host, settings(profiles))
    fill_cache(host)
    seconds = [seconds_to_start(host)]
    with serving(host) as server:
        memory = [settled(server)]
        swap = [
            change(host, server, profiles, f"swap {what} {each}.", releases[each % len(releases)]) for each in (0, 1)
        ]
    return [
        show(Row(f"{what}: {name}", unit, values))
        for name, unit, values in (("start", "s", seconds), ("memory", "MiB", memory), ("swap", "s", swap))
    ]


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    make_best(configured(host, settings(3)))
    rows = [show(Row("start to first answer", "s", [seconds_to_start(host) for _ in range(STARTS)], "≤ 1.0"))]
    rows.append(show(Row("embeddable-host --version", "s", [seconds_of_version() for _ in range(STARTS)], "≤ 0.20")))
    with serving(host) as server:
        rows.append(show(Row("memory at rest", "MiB", [settled(server)], "≤ 64")))
    shelf = Shelf(host, release)
    second = shelf.add(folder / "2", 2)
    rows.append(show(swaps(host, [shelf.first, second])))
    shelf.forget()
    return rows


def measure_growth(folder: Path, host: Path, release: Path) -> list[Row]:
    shelf = Shelf(host, release)
    rows = []
    for profiles in PROFILES:
        rows += grown(host, f"{profiles} profile{'s' if profiles > 1 else ''}", profiles, [shelf.first])
    for count in RELEASES:
        while len(installed(shelf.folder)) < count:
            number = len(installed(shelf.folder)) + 1
            shelf.add(folder / f"{number}", number)
        rows += grown(host, f"{count} release{'s' if count > 1 else ''}", 3, list(installed(shelf.folder)))
    shelf.forget()
    return rows
