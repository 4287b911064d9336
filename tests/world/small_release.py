"""The smallest release that has one file of every kind, and progress that is recorded."""

from pathlib import Path

from embeddable_host.releases.release import Release

PROSE = b"/* so much alike that it compresses */ " * 40

FILES = {
    "adapter.js": b'var env = {"APP_VERSION":"2.3.1","HOSTING_URL":"https://example.com"};' + PROSE,
    "adapter.att.js": b'var env = {APP_VERSION:"2.3.1"};' + PROSE,
    "app.html": b'<!doctype html><link rel="shortcut icon" href="assets/images/favicon.ico?v=1#top">'
    b'<script src="https://example.com/foreign.js"></script><script src="app.js"></script>',
    "app.js": b'var e="app.css";var env={APP_VERSION:"2.3.1"};logo="/assets/rc/logo.svg";'
    b'n.p+"audio/incoming.ogg";w=n.p+"worklets/meter.worklet.js";'
    b"Promise.all([n.e(495),n.e(867)]).then(f);"
    b'n.u=function(e){return({27:"ja-JP",867:"en-US"}[e]||e)+".js"};' + PROSE,
    "app.css": b"@font-face{src:url(fonts/lato.woff2)}i{background:url('images/icon.svg#i')}b{background:url(data:,x)}",
    "popup.html": b'<!doctype html><script src="./adapter.js"></script>',
    "redirect.html": b'<!doctype html><script src="redirect.js"></script>',
    "redirect.js": b"opener.postMessage",
    "495.js": b"push([[495]])",
    "ja-JP.js": b"push([[27]])",
    "en-US.js": b"push([[867]])",
    "assets/images/favicon.ico": b"\0\0\1\0",
    "assets/rc/logo.svg": b"<svg/>",
    "audio/incoming.ogg": b"OggS",
    "fonts/lato.woff2": b"wOF2" + bytes(200),
    "images/icon.svg": b"<svg/>" * 9,
    "worklets/meter.worklet.js": b"registerProcessor('meter', class extends AudioWorkletProcessor {})",
}


def a_release(folder: Path, **changed: bytes) -> Path:
    """Writes the smallest release that has one file of every kind; `changed` adds contents by name."""
    for name, content in {**FILES, **changed}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


class Steps:
    """Progress that is recorded."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.totals: list[int] = []
        self.done: list[int] = []

    def begin(self, stage: str) -> None:
        self.stages.append(stage)
        self.totals.append(0)
        self.done.append(0)

    def total(self, steps: int) -> None:
        self.totals[-1] = steps

    def advance(self, steps: int = 1) -> None:
        self.done[-1] += steps


def contents(release: Release) -> dict[str, bytes]:
    """The files of an installed release."""
    return {name: release.read(name) for name in release.files}
