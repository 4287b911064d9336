"""A release is compressed in a process of its own, and nothing is left of it however it ends."""

import base64
import gzip
import hashlib
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import brotli
import pytest

from embeddable_host.releases.install import install
from embeddable_host.responses.compressor import Compressor, Job, Result
from world.host import COMMAND, ENVIRONMENT, configured
from world.processes import compressors
from world.release import media
from world.small_release import PROSE, Steps, a_release
from world.timeouts import TIMEOUT, wait_until

LONG = 48_000_000  # bytes, in which nothing comes twice: they take a minute
SOON = 10  # seconds
DECODE = {"br": brotli.decompress, "gzip": gzip.decompress}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    noise = base64.b64encode(random.Random(1).randbytes(LONG * 3 // 4))
    return a_release(tmp_path_factory.mktemp("built"), **{"app.js": noise})


class Pull:
    """A pull of a person at a terminal, which is compressing."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, errors: Path) -> None:
        self.process = process
        self.folder = folder
        self.errors = errors
        wait_until(lambda: bool(self.compressor), "it compresses")
        [self._compressor] = self.compressor

    @property
    def compressor(self) -> list[int]:
        """The compression process, once it has begun: then it has threads."""
        return [pid for pid in compressors(self.process.pid) if len(list(Path(f"/proc/{pid}/task").iterdir())) > 1]

    @property
    def stderr(self) -> str:
        return self.errors.read_text(encoding="utf-8")

    @property
    def left_behind(self) -> list[Path]:
        return list((self.folder / "var" / "releases").glob(".staging-*"))

    def is_over(self) -> bool:
        """Whether no process of it runs any more."""
        return self.process.poll() is not None and not Path(f"/proc/{self._compressor}").exists()


@pytest.fixture
def pull(tmp_path: Path, built: Path) -> Iterator[Pull]:
    folder, errors = configured(tmp_path / "host"), tmp_path / "errors"
    # Where the tests run in the background of a shell, they and what they start would not hear Ctrl-C.
    command = ["env", "--default-signal=INT", COMMAND, "pull", "--from", str(built)]
    with errors.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stderr=log, process_group=0)
    with process, ending(process):
        yield Pull(process, folder, errors)


@contextmanager
def ending(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def test_ctrl_c_ends_a_pull_in_its_compression_at_once_and_nothing_is_left_behind(pull: Pull) -> None:
    os.killpg(pull.process.pid, signal.SIGINT)  # as a terminal sends it
    assert pull.process.wait(SOON) == 1
    assert pull.left_behind == []
    assert "Aborted!" in pull.stderr
    assert "Traceback" not in pull.stderr
    wait_until(pull.is_over, "nothing of it runs", SOON)


def test_a_compression_that_is_killed_is_reported_and_nothing_is_left_behind(pull: Pull) -> None:
    os.kill(pull.compressor[0], signal.SIGKILL)  # as a machine does that is out of memory
    assert pull.process.wait(TIMEOUT) == 2
    assert "Is there enough memory?" in pull.stderr
    assert "Traceback" not in pull.stderr
    assert pull.left_behind == []


@pytest.mark.extra
def test_a_compression_ends_when_the_pull_was_killed(pull: Pull) -> None:
    """At the next file that is done."""
    pull.process.kill()
    pull.process.wait()
    wait_until(pull.is_over, "nothing of it runs")


def test_each_file_is_compressed_and_its_result_told(tmp_path: Path) -> None:
    sources = {"app.js": PROSE, "noise.txt": media(b"", 2000)}
    jobs = []
    for name, content in sources.items():
        (tmp_path / name).write_bytes(content)
        jobs += [Job(tmp_path / name, coding, tmp_path / coding / name) for coding in ("br", "gzip")]
    with Compressor(threads=2) as compressor:
        results = {result.job: result for result in compressor.results(jobs)}
    assert results.keys() == set(jobs)
    for job in jobs:
        encoded = job.target.read_bytes()
        assert results[job] == Result(job, len(encoded), hashlib.sha384(encoded).hexdigest())
        assert DECODE[job.coding](encoded) == sources[job.source.name]


def test_what_is_right_already_is_not_made_again(tmp_path: Path) -> None:
    source, target = tmp_path / "app.js", tmp_path / "app.js.gz"
    source.write_bytes(PROSE)
    for kept, is_left in ((gzip.compress(PROSE, 1), True), (gzip.compress(b"other"), False), (b"damaged", False)):
        target.write_bytes(kept)
        with Compressor() as compressor:
            list(compressor.results([Job(source, "gzip", target)]))
        assert gzip.decompress(target.read_bytes()) == PROSE
        assert (target.read_bytes() == kept) is is_left


def test_only_what_becomes_smaller_is_part_of_a_release(tmp_path: Path) -> None:
    built = a_release(tmp_path / "built", **{"noise.txt": media(b"", 2000)})
    release = install(built, tmp_path / "releases", "a test", Steps())
    assert release.files["noise.txt"].codings == {}
    assert set(release.files["app.js"].codings) == {"br", "gzip"}


def test_an_error_of_the_disk_is_raised_here(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_bytes(PROSE)
    (tmp_path / "br").write_text("in the way")
    with Compressor() as compressor, pytest.raises(OSError, match="br"):
        list(compressor.results([Job(tmp_path / "app.js", "br", tmp_path / "br" / "app.js")]))


def test_modules_in_the_working_directory_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("brotli.py", "json.py", "embeddable_host.py"):
        (tmp_path / name).write_text("raise SystemExit(7)")
    (tmp_path / "app.js").write_bytes(PROSE)
    monkeypatch.chdir(tmp_path)
    with Compressor() as compressor:
        assert list(compressor.results([Job(tmp_path / "app.js", "br", tmp_path / "app.js.br")]))
