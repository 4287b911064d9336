"""The best encodings are made while the host serves, in another process, and whatever happens to it delays nothing."""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest

from embeddable_host.config.load import load
from embeddable_host.config.settings import Settings
from embeddable_host.responses.compression import BEST
from embeddable_host.responses.compressor import CompressionError, Compressor, Job
from embeddable_host.serving.app import App
from embeddable_host.site.site import Site, build_site
from world.host import Server, configured, content, fill_cache, run, serving
from world.places import ROOT
from world.processes import COMPRESSOR, compressors
from world.relay import altered
from world.timeouts import TIMEOUT, wait_until

SOON = 10  # seconds that a stop may take when no response is open
ENDED = "compression process ended early"
WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]


def titled(title: str) -> str:
    return f'[redirect]\ntitle = "{title}"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", titled("before"))


@contextlib.contextmanager
def cache_locked(folder: Path) -> Iterator[None]:
    """Another process is compressing for the same cache, so that those of the host wait."""
    (folder / "var" / "cache").mkdir(parents=True, exist_ok=True)
    with (folder / "var" / "cache" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def hurried(folder: Path, seconds: float = 0.2) -> dict[str, str]:
    """The environment of a host that tries again soon."""
    return dict(
        altered(folder, "from embeddable_host.serving import app", f"app.COMPRESSION_RETRY_SECONDS = {seconds}")
    )


def compressor_of(server: Server) -> int:
    wait_until(lambda: bool(compressors(server.process.pid)), "it compresses")
    return compressors(server.process.pid)[0]


def sends_the_best(server: Server) -> bool:
    plain, encoded = (server.ask("/redirect.html", {"Accept-Encoding": coding}).body for coding in ("identity", "br"))
    return encoded == BEST["br"](plain)


def test_the_best_encodings_are_served_when_they_are_ready(folder: Path) -> None:
    with serving(folder) as server:
        best = brotli.compress(server.ask("/redirect.html").body, quality=11, lgwin=24)
        wait_until(lambda: server.ask("/redirect.html", {"Accept-Encoding": "br"}).body == best, "the best is served")
        assert list((folder / "var" / "cache").glob("*.br"))
        wait_until(lambda: not list((folder / "var" / "cache").glob(".pending-*")), "nothing is left over")


def test_the_compression_process_imports_little() -> None:
    """It starts anew with each change."""
    show = f"import sys, {COMPRESSOR}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"brotli", "embeddable_host"} <= loaded
    assert not loaded & {"aiofiles", "asyncio", "click", "httpx2", "pydantic", "starlette", "uvicorn"}


def test_slow_compression_does_not_delay_a_reload(folder: Path) -> None:
    with cache_locked(folder), serving(folder) as server:
        for title in ("second", "third"):
            configured(folder, titled(title))
            server.reload()
            assert title in server.ask("/redirect.html").body.decode()


def test_a_slow_compression_ends_with_the_newest_site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that changed while the site was built again for its better encodings are not undone."""
    built, go_on = threading.Event(), threading.Event()
    app = App(load(folder / "embeddable.toml"), folder / "embeddable.toml")

    def slow_for_the_old_one(settings: Settings, before: Site) -> Site:
        site = build_site(settings, before)
        if settings.redirect.title == "before":
            built.set()
            go_on.wait(TIMEOUT)
        return site

    async def both() -> None:
        app._swapped.set()
        compressing = asyncio.create_task(app._compress_pending())
        await asyncio.to_thread(built.wait, TIMEOUT)
        configured(folder, titled("afterwards"))
        await app._rebuild()
        go_on.set()
        while app.site.pending:
            await asyncio.sleep(0.05)
        compressing.cancel()

    monkeypatch.setattr("embeddable_host.serving.app.build_site", slow_for_the_old_one)
    assert app.site.pending
    asyncio.run(both())
    assert app.settings.redirect.title == "afterwards"
    assert b"afterwards" in content(app.site["/redirect.html"])


# The process dies or hangs. When: after a start with an empty cache, and after a reload of a host in service.


@pytest.mark.parametrize("milliseconds", [0, 50, 100, 500])
@pytest.mark.parametrize("moment", ["after a start", "after a reload"])
def test_the_death_of_the_compression_process_delays_nothing(folder: Path, moment: str, milliseconds: int) -> None:
    if moment == "after a reload":
        fill_cache(load(folder / "embeddable.toml"))
    with serving(folder, environment=hurried(folder, TIMEOUT)) as server:
        if moment == "after a reload":
            configured(folder, titled("x" * 200_000))  # large: so much would not fit into a pipe
            server.reload()
        with contextlib.suppress(ProcessLookupError):  # it may have finished
            pid = compressor_of(server)
            time.sleep(milliseconds / 1000)
            os.kill(pid, signal.SIGKILL)
        for _ in range(20):
            assert server.ask("/redirect.html").status == 200
        configured(folder, titled("afterwards"))
        server.reload()
        assert "afterwards" in server.ask("/redirect.html").body.decode()
        server.process.terminate()
        assert server.process.wait(SOON) in (0, -signal.SIGTERM)
        assert "Traceback" not in server.output


def test_a_dead_compression_process_is_logged_once_and_started_again(folder: Path) -> None:
    with serving(folder, environment=hurried(folder)) as server:
        with cache_locked(folder):
            configured(folder, titled("second"))
            server.reload()
            for _ in range(3):
                pid = compressor_of(server)
                os.kill(pid, signal.SIGKILL)
                wait_until(lambda pid=pid: pid not in compressors(server.process.pid), "it is gone")  # type: ignore[misc]
            compressor_of(server)
        wait_until(lambda: sends_the_best(server), "the best is served in the end")
        assert server.times_said(rf"{ENDED} \(SIGKILL\)") == 1


def test_a_worker_is_not_stopped_by_its_compression_process(folder: Path) -> None:
    with cache_locked(folder), serving(folder, "--workers", "2") as server:
        for worker in server.worker_pids:
            wait_until(lambda worker=worker: bool(compressors(worker)), "it compresses")  # type: ignore[misc]
            os.kill(compressors(worker)[0], signal.SIGTERM)
        server.wait_until_it_says(rf"{ENDED} \(SIGTERM\)", 2)
        assert [server.ask("/redirect.html").status for _ in range(20)] == [200] * 20
        server.process.terminate()
        assert server.process.wait(SOON) in (0, -signal.SIGTERM)


def test_a_python_that_cannot_be_started_is_logged_and_delays_nothing(folder: Path) -> None:
    lines = ("import sys", "if sys.argv[1:2] == ['serve']: sys.executable = '/nowhere/python'")
    with serving(folder, environment=altered(folder, *lines)) as server:
        server.wait_until_it_says(r"The best compression cannot be made .*/nowhere/python")
        assert server.ask("/redirect.html").status == 200
        server.process.terminate()
        assert server.process.wait(SOON) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("options", WORKERS)
def test_a_stop_ends_a_compression_process_that_hangs(folder: Path, options: tuple[str, ...]) -> None:
    with cache_locked(folder), serving(folder, *options) as server:
        pids = server.worker_pids if options else [server.process.pid]
        wait_until(lambda: all(map(compressors, pids)), "all compress")
        hanging = [pid for process in pids for pid in compressors(process)]
        for pid in hanging:
            os.kill(pid, signal.SIGSTOP)
        server.process.terminate()
        assert server.process.wait(SOON) in (0, -signal.SIGTERM)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in hanging), "they have ended", SOON)


def test_a_compression_process_ends_when_the_host_was_killed(folder: Path) -> None:
    with cache_locked(folder), serving(folder) as server:
        pid = compressor_of(server)
        server.kill()
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "it has ended", SOON)


def test_a_compression_process_that_does_nothing_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embeddable_host.responses.compressor.STALL_SECONDS", 1)
    os.mkfifo(tmp_path / "never")  # to read it waits for somebody who writes
    with Compressor() as compressor, pytest.raises(CompressionError, match="did nothing for 1 seconds"):
        list(compressor.results([Job(tmp_path / "never", "br", tmp_path / "never.br")]))


def test_waiting_for_another_process_is_no_hang(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embeddable_host.responses.compressor.STALL_SECONDS", 2)
    (folder / "plain").write_bytes(b"x" * 5000)
    lock = folder / "var" / "cache" / ".lock"
    found = []

    def compress() -> None:
        with Compressor(lock=lock) as compressor:
            found.extend(compressor.results([Job(folder / "plain", "br", folder / "plain.br")]))

    thread = threading.Thread(target=compress)
    with cache_locked(folder):
        thread.start()
        thread.join(3)
        assert thread.is_alive()
    thread.join(TIMEOUT)
    assert [result.size for result in found] == [(folder / "plain.br").stat().st_size]


def test_an_export_says_that_its_compression_process_was_killed(folder: Path) -> None:
    lines = (
        "import os, sys",
        f"if any('{COMPRESSOR}' in argument for argument in sys.orig_argv): os.kill(os.getpid(), 9)",
    )
    done = run(folder, "export", "out", environment=altered(folder, *lines))
    assert done.returncode == 2
    assert f"{ENDED} (SIGKILL). Is there enough memory?" in done.stderr
    assert not (folder / "out").exists()
