"""The best encodings are made while the host serves, elsewhere, and hold nothing up."""

import asyncio
import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import brotli
import pytest

from embeddable_host.config.load import load
from embeddable_host.config.settings import Settings
from embeddable_host.responses.compression import compress_in_background
from embeddable_host.serving.app import Host
from embeddable_host.site.site import Site, build_site
from world.host import configured, content, serving
from world.places import ROOT
from world.timeouts import TIMEOUT, wait_until


def titled(title: str) -> str:
    return f'[redirect]\ntitle = "{title}"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", titled("before"))


def test_the_best_encodings_are_served_when_they_are_ready(folder: Path) -> None:
    with serving(folder) as server:
        best = brotli.compress(server.ask("/redirect.html").body, quality=11, lgwin=24)
        wait_until(lambda: server.ask("/redirect.html", {"Accept-Encoding": "br"}).body == best, "the best is served")
        assert list((folder / "var" / "cache").glob("*.br"))


def test_the_process_that_compresses_imports_compression_alone() -> None:
    """It starts anew with each change: what it compresses with is enough."""
    show = "import sys, embeddable_host.responses.compression; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "brotli" in loaded
    assert not loaded & {"aiofiles", "asyncio", "click", "pydantic", "starlette", "uvicorn"}
    assert compress_in_background.__module__ == "embeddable_host.responses.compression"


def test_slow_compression_does_not_hold_up_a_reload(folder: Path) -> None:
    """Another process may be compressing for long: it holds the lock of the cache."""
    (folder / "var" / "cache").mkdir(parents=True)
    with (folder / "var" / "cache" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with serving(folder) as server:
            for title in ("second", "third"):
                configured(folder, titled(title))
                server.reload()
                assert title in server.ask("/redirect.html").body.decode()


def test_a_slow_compression_ends_with_the_newest_site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that changed while the site was built again for its better encodings are not undone."""
    built, go_on = threading.Event(), threading.Event()
    host = Host(load(folder / "embeddable.toml"), folder / "embeddable.toml")

    def slow_for_the_old_one(settings: Settings, before: Site) -> Site:
        site = build_site(settings, before)
        if settings.redirect.title == "before":
            built.set()
            go_on.wait(TIMEOUT)
        return site

    async def both() -> None:
        host._swapped.set()
        refining = asyncio.create_task(host._compress_pending())
        await asyncio.to_thread(built.wait, TIMEOUT)
        configured(folder, titled("afterwards"))
        await host._rebuild()
        go_on.set()
        while host.site.pending:
            await asyncio.sleep(0.05)
        refining.cancel()

    monkeypatch.setattr("embeddable_host.serving.app.build_site", slow_for_the_old_one)
    assert host.site.pending
    asyncio.run(both())
    assert host.settings.redirect.title == "afterwards"
    assert b"afterwards" in content(host.site["/redirect.html"])
