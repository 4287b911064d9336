"""The stand-in release: `tests/world/widget/` with what a build would add to it.

The files in `tests/world/widget/` are written by hand and keep the contract of the widget (docs/widget.md). What a
build derives is derived here: the adapter's other files (a smaller one, a brand's) and media that nobody
reads.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from embeddable_host.responses.compressor import Compressor, Job, Result, compress_file

SOURCE = Path(__file__).parent / "widget"
VERSION = "2.3.1"
BRAND = "att"
FONT = "fonts/lato-latin-400_b4d2c4c39853ee244272c04999b230ba.woff2"
RINGTONE = "audio/incoming_d94a697c26b91b7639c790f9afa32e24.ogg"
MEDIA = {FONT: (b"wOF2", 20_000), RINGTONE: (b"OggS", 300_000)}  # the first bytes, and how many in all


def stage(folder: Path) -> Path:
    """Writes the release into `folder`, the same bytes each time, and returns it."""
    shutil.copytree(SOURCE, folder)
    adapter = (folder / "adapter.js").read_text()
    write(folder / "adapter.min.js", minified(adapter).replace('"adapter.js"', '"adapter.min.js"'))
    branded = adapter.replace('"adapter.js"', f'"adapter.{BRAND}.js"').replace('BRAND: ""', f'BRAND: "{BRAND}"')
    write(folder / f"adapter.{BRAND}.js", branded)
    for name, (magic, size) in MEDIA.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(media(magic, size))
    return folder


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def minified(script: str) -> str:
    """`script` without the comments that have a line of their own, and without indentation."""
    return re.sub(r"^[ ]*(//.*)?\n|^[ ]+", "", script, flags=re.MULTILINE)


def media(magic: bytes, size: int) -> bytes:
    """`size` bytes that begin with `magic` and do not compress: a walk through the residues of a prime."""
    value, rest = 1, bytearray()
    while len(rest) < size - len(magic):
        value = value * 48271 % 2147483647
        rest += value.to_bytes(4, "big")[1:]
    return magic + bytes(rest[: size - len(magic)])


class CompressorHere(Compressor):
    """Compresses in this process, with these encoders: to start another one takes longer than most tests."""

    def __init__(self, encoders: Mapping[str, Callable[[bytes], bytes]]) -> None:
        super().__init__()
        self._encoders = encoders

    def results(self, jobs: Sequence[Job]) -> Iterator[Result]:
        for job in jobs:
            yield compress_file(job, self._encoders[job.coding])


def compress_here(patch: pytest.MonkeyPatch, encoders: Mapping[str, Callable[[bytes], bytes]]) -> None:
    """Has releases compressed in this process, with these encoders."""
    patch.setattr("embeddable_host.releases.install.Compressor", lambda threads: CompressorHere(encoders))
