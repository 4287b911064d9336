"""The bytes that a user loads: for a first start, and for an update."""

import gzip
from pathlib import Path

from common import KIB, Row, make_best, show
from embeddable_host.config.load import load
from embeddable_host.site.site import Site, build_site
from world.host import configured

GZIP = 6  # the usual level
AGAINST = "the CDN's gzip"
WORDS = "en-US.js"
CHANGED = ("adapter.js", "app.js")  # by every build: both contain the version


def kib(size: int) -> list[float]:
    return [round(size / KIB, 1)]


def ours(site: Site, path: str) -> int:
    """Bytes of the response at `path` in its smallest encoding."""
    return min(body.size for body in site[path].bodies)


def theirs(release: Path, *names: str) -> int:
    return sum(len(gzip.compress((release / name).read_bytes(), GZIP)) for name in names)


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    make_best(configured(host, '[params]\nclientId = "bench"\n'))
    site = build_site(load(host / "embeddable.toml"))
    in_app = [name for name in ("app.html", "app.js", "app.css", WORDS) if (release / name).exists()]
    ours_in = {name: ours(site, f"/widget/{site.release}/{name}") for name in [*in_app, "before-app.js"]}
    adapter, start = ours(site, "/adapter.js"), sum(ours_in.values())
    same = sum(size for name, size in ours_in.items() if name in ("app.css", WORDS))
    return [
        show(Row("adapter.js", "KiB", kib(adapter), "≤ 0.37", AGAINST, kib(theirs(release, "adapter.js")))),
        show(
            Row(
                "first start",
                "KiB",
                kib(adapter + start),
                "≤ 0.70",
                AGAINST,
                kib(theirs(release, *in_app, "adapter.js")),
            )
        ),
        show(
            Row(
                "update, all files",
                "KiB",
                kib(adapter + start),
                "",
                "the changed files, with the CDN's gzip",
                kib(theirs(release, *CHANGED)),
            )
        ),
        show(Row("update, unchanged files", "KiB", kib(same))),
    ]
