"""What a user loads: the bytes of a first start, and of an update."""

import gzip
from pathlib import Path

import zstandard
from common import Row, make_best, show
from release import built_again
from world.host import configured

from server.answer.coding import BEST
from server.config.load import load
from server.site.site import Site, build_site

GZIP = 6  # the usual level
AGAINST = "the CDN's gzip"
WORDS = "en-US.js"
CHANGED = ("adapter.js", "app.js")  # by any build: both have the version in them
CHANGES = (40, 4000)  # places where two builds differ
KIB = 1024


def kib(size: int) -> list[float]:
    return [round(size / KIB, 1)]


def ours(site: Site, path: str) -> int:
    """Bytes of the answer at `path` in its smallest encoding."""
    return min(body.size for body in site[path].bodies)


def theirs(release: Path, *names: str) -> int:
    return sum(len(gzip.compress((release / name).read_bytes(), GZIP)) for name in names)


def delta(new: bytes, old: bytes) -> int:
    """Bytes of `new` for a browser that has `old`: zstd with a dictionary (RFC 9842, "dcz")."""
    dictionary = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    largest = zstandard.ZstdCompressionParameters.from_level(19, window_log=24, enable_ldm=True)
    return len(zstandard.ZstdCompressor(dict_data=dictionary, compression_params=largest).compress(new))


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    make_best(configured(host, '[params]\nclientId = "bench"\n'))
    site = build_site(load(host / "embeddable.toml"))
    in_app = [name for name in ("app.html", "app.js", "app.css", WORDS) if (release / name).exists()]
    ours_in = {name: ours(site, f"/widget/{site.release}/{name}") for name in [*in_app, "before-app.js"]}
    adapter, start = ours(site, "/adapter.js"), sum(ours_in.values())
    same = sum(size for name, size in ours_in.items() if name in ("app.css", WORDS))
    app = (release / "app.js").read_bytes()
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
                "update, all that is loaded",
                "KiB",
                kib(adapter + start),
                "",
                "what changed, with the CDN's gzip",
                kib(theirs(release, *CHANGED)),
            )
        ),
        show(Row("update, of it files that have not changed", "KiB", kib(same))),
        *(show(with_dictionary(app, places)) for places in CHANGES),
    ]


def with_dictionary(app: bytes, places: int) -> Row:
    """What an update of app.js would take, if a browser could use the one it has (RFC 9842)."""
    new = built_again(app, places)
    what = f"update, app.js by a dictionary, {places:,} places differ"
    return Row(what, "KiB", kib(delta(new, app)), "", "brotli alone", kib(len(BEST["br"](new))))
