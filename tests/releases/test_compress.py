"""A release is compressed in a process of its own, which Ctrl-C or whatever else ends leaves nothing of."""

import base64
import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import brotli
import pytest

from embeddable_host.releases.compress import Compressed, compress
from world.host import COMMAND, ENVIRONMENT, configured
from world.release import media
from world.small_release import PROSE, a_release
from world.timeouts import TIMEOUT, wait_until

LONG = 48_000_000  # bytes, in which nothing comes twice: they take a minute
SOON = 10  # seconds


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    noise = base64.b64encode(random.Random(1).randbytes(LONG * 3 // 4))
    return a_release(tmp_path_factory.mktemp("built"), **{"app.js": noise})


class Pull:
    """A pull of a person at a terminal, which is at its compression."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, errors: Path) -> None:
        self.process = process
        self.folder = folder
        self.errors = errors
        wait_until(lambda: bool(self.compressor), "it compresses")

    @property
    def compressor(self) -> list[int]:
        """The process that has begun to compress: its parent's child with threads."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children if len(list(Path(f"/proc/{child}/task").iterdir())) > 1]

    @property
    def said(self) -> str:
        return self.errors.read_text(encoding="utf-8")

    @property
    def left_behind(self) -> list[Path]:
        return list((self.folder / "var" / "releases").glob(".staging-*"))

    def is_over(self) -> bool:
        """Whether no process of it runs any more."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


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
    os.killpg(pull.process.pid, signal.SIGINT)  # a terminal tells all its processes
    assert pull.process.wait(SOON) == 1
    assert pull.left_behind == []
    assert "Aborted!" in pull.said
    assert "Traceback" not in pull.said
    wait_until(pull.is_over, "nothing of it runs", SOON)


def test_a_compression_that_is_killed_is_told_and_nothing_is_left_behind(pull: Pull) -> None:
    os.kill(pull.compressor[0], signal.SIGKILL)  # as a machine does that is out of memory
    assert pull.process.wait(TIMEOUT) == 2
    assert "Is there memory enough?" in pull.said
    assert "Traceback" not in pull.said
    assert pull.left_behind == []


def test_each_file_is_compressed_where_that_makes_it_smaller(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "app.js").write_bytes(PROSE)
    (plain / "noise.txt").write_bytes(media(b"", 2000))
    with closing(compress(plain, tmp_path, ["app.js", "noise.txt"])) as done:
        found = {(name, coding): (size, sha384) for name, coding, size, sha384 in done}

    coded = (tmp_path / "br" / "app.js").read_bytes()
    assert brotli.decompress(coded) == PROSE
    assert found["app.js", "br"] == (len(coded), hashlib.sha384(coded).hexdigest())
    assert found.keys() == {(name, coding) for name in ("app.js", "noise.txt") for coding in ("br", "gzip")}
    assert found["noise.txt", "br"] == Compressed("noise.txt", "br")[2:] == (0, "")
    assert not (tmp_path / "br" / "noise.txt").exists()


def test_what_the_disk_refuses_is_raised_here(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_bytes(PROSE)
    (tmp_path / "br").write_text("in the way")
    with pytest.raises(OSError, match="br"), closing(compress(tmp_path, tmp_path, ["app.js"])) as done:
        list(done)


def test_the_process_imports_compression_alone() -> None:
    program = (
        "import sys, embeddable_host.releases.compress; print(*sorted(name for name in sys.modules if '.' not in name))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {"brotli", "embeddable_host"} <= set(told)
    assert not {"pydantic", "starlette", "httpx2", "click", "asyncio", "uvicorn"} & set(told)
