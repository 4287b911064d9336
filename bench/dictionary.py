"""What an update of app.js would take, if a browser could use the one it has as a dictionary (RFC 9842).

The host does not do it. Two folders of the same nginx do as it would: in one, an answer may be a delta to the app.js
before; in the other, it is compressed alone. Chromium loads both, over a long line.
"""

import base64
import functools
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard
from playwright.sync_api import Page

from common import KIB, Row, in_turns, show
from embeddable_host.responses.compression import BEST
from link import linked
from release import built_again
from sides import chromium
from world.internet import NGINX, free_ports, make_certificate
from world.proxy import running

ROUNDS = 5
CHANGES = (40, 4000)  # places where two builds differ
AGAINST = "compressed alone"
DELTA, ALONE = "delta", "alone"
KEPT = 2000  # ms in which a browser has put away what it has loaded
MAGIC = bytes.fromhex("5e2a4d1820000000")  # a frame that zstd skips, before the dictionary's digest (RFC 9842 §5)
# Chromium uses no dictionary where the certificate is not from a root that all know, for proxies that look inside TLS.
KNOWN_ROOT = "CompressionDictionaryTransportRequireKnownRootCert"
LOADED = """() => {
  const [{ encodedBodySize, responseEnd, startTime }] = performance.getEntriesByName(new URL('app.js', location));
  return [encodedBodySize, (responseEnd - startTime) / 1000];
}"""

CONFIGURATION = """
  map $http_available_dictionary $delta {{ default none; ":{digest}:" dcz; }}
  map $uri $coding {{ ~\\.dcz$ dcz; ~\\.br$ br; }}
  server {{
    listen 127.0.0.1:{port} ssl http2;
    server_name {name};
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    types {{ text/html html; text/javascript br dcz; }}
    charset off;
    gzip off;
    expires off;
    access_log off;
    root {folder}/site;
    location ~ ^/delta/.*/app\\.js$ {{
      add_header Cache-Control max-age=31536000;
      add_header Vary "Accept-Encoding, Available-Dictionary";
      add_header Use-As-Dictionary 'match="/delta/*/app.js"';
      add_header Content-Encoding $coding;
      try_files $uri.$delta $uri.br =404;
    }}
    location ~ /app\\.js$ {{
      add_header Cache-Control max-age=31536000;
      add_header Vary Accept-Encoding;
      add_header Content-Encoding $coding;
      try_files $uri.br =404;
    }}
  }}
"""


@dataclass(frozen=True)
class Build:
    """A build of app.js, and in how many places it differs from the one before, which a browser has."""

    places: int
    content: bytes

    @property
    def name(self) -> str:
        return f"{self.places}-places"


def delta(new: bytes, old: bytes) -> bytes:
    """`new` for a browser that has `old`, as the content coding dcz (RFC 9842 §5)."""
    dictionary = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    largest = zstandard.ZstdCompressionParameters.from_level(19, window_log=24, enable_ldm=True)
    made = zstandard.ZstdCompressor(dict_data=dictionary, compression_params=largest).compress(new)
    return MAGIC + hashlib.sha256(old).digest() + made


def put_up(site: Path, old: bytes, builds: Sequence[Build]) -> None:
    for name, content in [("before", old), *((build.name, build.content) for build in builds)]:
        alone = BEST["br"](content)
        for kind in (DELTA, ALONE):
            folder = site / kind / name
            folder.mkdir(parents=True)
            (folder / "app.html").write_text('<!doctype html><title>app</title><script src="app.js"></script>')
            (folder / "app.js.br").write_bytes(alone)
    for build in builds:
        (site / DELTA / build.name / "app.js.dcz").write_bytes(delta(build.content, old))


def load(page: Page, kind: str, name: str) -> tuple[float, float]:
    """KiB and seconds that app.js of the build `name` takes."""
    page.goto(f"https://{NGINX}/{kind}/{name}/app.html")
    size, seconds = page.evaluate(LOADED)
    assert size, f"no app.js of {name}"
    return size / KIB, seconds


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    app = (release / "app.js").read_bytes()
    builds = [Build(places, built_again(app, places)) for places in CHANGES]
    put_up(folder / "site", app, builds)
    key = make_certificate(folder)
    port, link = free_ports(2)
    digest = base64.b64encode(hashlib.sha256(app).digest()).decode()
    text = CONFIGURATION.format(digest=digest, port=port, name=NGINX, folder=folder)
    with (
        running(folder, text, port),
        linked({link: port}),
        chromium({NGINX: link}, key, without=[KNOWN_ROOT]) as launch,
    ):

        def update(kind: str, build: Build) -> tuple[float, float]:
            """For a user who has the build before, and no other."""
            with tempfile.TemporaryDirectory(dir=folder) as user, launch(Path(user)) as browser:
                page = browser.new_page()
                load(page, kind, "before")
                page.wait_for_timeout(KEPT)
                return load(page, kind, build.name)

        return [row for build in builds for row in rows(build, functools.partial(update, build=build))]


def rows(build: Build, update: functools.partial[tuple[float, float]]) -> list[Row]:
    what = f"app.js of an update, {build.places:,} places differ"
    ours, theirs = in_turns(ROUNDS, functools.partial(update, DELTA), functools.partial(update, ALONE))
    (our_sizes, our_times), (their_sizes, their_times) = zip(*ours, strict=True), zip(*theirs, strict=True)
    return [
        show(Row(what, "KiB", [round(our_sizes[0], 1)], "", AGAINST, [round(their_sizes[0], 1)])),
        show(Row(what, "s", our_times, "", AGAINST, their_times)),
    ]
