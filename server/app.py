"""The server: answers each request from the mapping, and swaps in a new one when the settings or the release change."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterable
from multiprocessing import get_context
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from server.asset import Body
from server.coding import BEST, Cache
from server.page import BUILT_IN
from server.release import ReleaseError, current, installed
from server.settings import Settings, SettingsError, find, load, warnings
from server.site import Site, build_site

log = logging.getLogger("server")

WATCH_INTERVAL = 1.0  # seconds between looks at the releases


class Host(Starlette):
    """The application. `site` is what it serves; requests need nothing else, so they pass Starlette's routing by."""

    def __init__(self, settings: Settings, config: Path | None = None, watch_files: bool = False) -> None:
        super().__init__(lifespan=lambda _: self._run())
        self.settings = settings
        self.config = config
        self.watch_files = watch_files
        self.site: Site = build_site(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.site[scope["path"]](scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _run(self) -> AsyncIterator[None]:
        hangup = asyncio.Event()
        with contextlib.suppress(ValueError, RuntimeError):  # signals belong to the main thread alone
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup.set)
        tasks = [asyncio.create_task(self._watch(hangup)), asyncio.create_task(self._refine())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, hangup: asyncio.Event) -> None:
        """Builds the site anew on SIGHUP, and when another release is there or, if asked for, a file has changed."""
        seen = await asyncio.to_thread(self._signature)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(hangup.wait(), WATCH_INTERVAL)
            found = await asyncio.to_thread(self._signature)
            if hangup.is_set() or found != seen:
                hangup.clear()
                seen = found
                await self._rebuild()
                await self._refine()

    def _signature(self) -> object:
        """What the site is made of, in short; it differs when the site would."""
        releases = self.settings.releases
        files = self._watched() if self.watch_files else []
        return (
            current(releases),
            installed(releases),
            [(str(file), file.stat().st_mtime_ns) for file in files],
        )

    def _watched(self) -> list[Path]:
        config = find(self.config)
        folders = (BUILT_IN, self.settings.public_dir)
        files = [file for folder in folders if folder for file in folder.rglob("*")]
        return [file for file in (config, *sorted(files)) if file and file.is_file()]

    async def _rebuild(self) -> None:
        """Swaps in a site built from the settings as they are now; what is wrong with them leaves the old one."""
        try:
            settings, site = await asyncio.to_thread(self._load)
        except (SettingsError, ReleaseError, OSError) as error:
            log.error("Not reloaded, the site is served as it was before:\n%s", error)
            return
        self.settings, self.site = settings, site
        log.info("Serving release %s", site.release)

    def _load(self) -> tuple[Settings, Site]:
        settings = load(self.config)
        for warning in warnings(settings):
            log.warning(warning)
        return settings, build_site(settings)

    async def _refine(self) -> None:
        """Makes the best encodings that are not there yet, then serves them."""
        if not self.site.rough:
            return
        # In a process of its own: it is long, hungry for memory, and must not hold up a stop.
        worker = get_context("spawn").Process(
            target=compress, args=(Cache(self.settings.cache), self.site.rough), daemon=True
        )
        worker.start()
        try:
            await asyncio.to_thread(worker.join)
        finally:
            worker.terminate()
        self.site = await asyncio.to_thread(build_site, self.settings)


def compress(cache: Cache, bodies: Iterable[Body]) -> None:
    """Puts the best encodings of `bodies` into the cache; one process at a time, so that workers share the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    os.nice(10)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # a folder that cannot be written: the cache says so
            cache.folder.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((cache.folder / ".lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        for body in bodies:
            content = body.content if isinstance(body.content, bytes) else body.content.read_bytes()
            for coding in BEST:
                if cache.get(content, coding) is None:
                    cache.put(content, coding)
        cache.prune()


def create_app(settings: Settings, config: Path | None = None, watch_files: bool = False) -> Starlette:
    """The ASGI application for `settings`, which came from `config` (None: from where `load` finds them).

    Raises SettingsError or ReleaseError when there is nothing right to serve. With `watch_files` a changed settings
    file or page is served without being asked to.
    """
    return Host(settings, config, watch_files)
