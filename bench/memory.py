"""What the host takes with a full release and three profiles: time to start, and memory over many changes.

`RELEASE=folder` measures a release of the widget; without one it is text of the real one's size. The second release,
which takes turns with it, is always that. Memory is what the system has given the process (VmRSS).
"""

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from speed import released
from world.host import Server, configured, serving
from world.patience import wait_until

from server.config.load import load
from server.releases.shelf import use
from server.site.site import build_site

STARTS, CHANGES = 5, 50
STILL = 30  # looks, a tenth of a second apart
PATIENCE = 600
PROFILES = """
[params]
clientId = "default"
[profiles.sales.params]
clientId = "sales"
prefix = "sales"
[profiles.support.params]
clientId = "support"
prefix = "support"
"""


def change(host: Path, server: Server, title: str, release: str) -> None:
    """Swaps settings and release, and waits until both are served."""
    configured(host, f'[redirect]\ntitle = "{title}"\n{PROFILES}')
    use(host / "var" / "releases", release)
    server.hang_up()
    wait_until(lambda: title in server.ask("/redirect.html").body.decode(), f"{title} is served", PATIENCE)
    server.wait_until_serving(release)


def warm(host: Path, source: str, seed: int = 1) -> str:
    """Installs a release, chooses it, and lets a server put the best encodings of everything into its cache. Its id."""
    release = released(host, source, seed)
    with serving(host):
        settings = load(host / "embeddable.toml")
        wait_until(lambda: not build_site(settings).rough, "all is compressed", PATIENCE)
    return release


def seconds_to_start(host: Path) -> float:
    """From the start of `serve` to its first answer."""
    begun = time.monotonic()
    with serving(host):
        return time.monotonic() - begun


def settled(server: Server) -> float:
    """The memory once it stays as it is: after a change the old site is there for a while, and the best encodings are
    made."""
    seen = [server.memory]
    while len(seen) < STILL or max(seen[-STILL:]) - min(seen[-STILL:]) > 0.5:
        time.sleep(0.1)
        seen.append(server.memory)
    return seen[-1]


def growth(host: Path, what: str, releases: Sequence[str]) -> str:
    """The memory of a new server after a first change, and after CHANGES more, as the releases take turns."""
    with serving(host) as server:
        change(host, server, f"{what} before", releases[-1])
        before = settled(server)
        for number in range(CHANGES):
            change(host, server, f"{what} {number}.", releases[number % len(releases)])
        return f"{before:.0f} → {settled(server):.0f} MiB"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        host = configured(Path(folder) / "host", PROFILES)
        first = warm(host, os.environ.get("RELEASE", ""))
        report(
            "start to first answer",
            f"{statistics.median(seconds_to_start(host) for _ in range(STARTS)):.2f} s",
            "≤ 1.0",
        )
        with serving(host) as server:
            report("at rest", f"{settled(server):.0f} MiB", "≤ 64")
        report(f"{CHANGES} reloads of settings", growth(host, "Reload", [first]), "≤ 1.10")
        second = warm(host, "", seed=2)
        report(f"{CHANGES} swaps of release and settings", growth(host, "Swap", [first, second]), "≤ 1.10")


def report(what: str, measured: str, reach: str) -> None:
    print(f"{what:40}{measured:>16}  {reach}", flush=True)


if __name__ == "__main__":
    main()
