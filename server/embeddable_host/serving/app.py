"""The application: responds to requests from the mapping, and swaps in a new one when settings or release change."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from embeddable_host.config.errors import SettingsError
from embeddable_host.config.load import find, load
from embeddable_host.config.settings import Settings
from embeddable_host.config.warnings import warnings
from embeddable_host.relay.endpoint import Endpoint, Relay
from embeddable_host.relay.protocol import RELAY_PATH
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.store import current, installed
from embeddable_host.responses.body import Body
from embeddable_host.responses.cache import Cache
from embeddable_host.responses.compressor import CompressionError, Compressor
from embeddable_host.serving.metrics import METRICS_PATH, OTHER_PATHS, WIDGET_PATH, Metrics
from embeddable_host.serving.stop import calls_on_stop, was_hung_up
from embeddable_host.site.page import BUILT_IN
from embeddable_host.site.site import Site, build_site

log = logging.getLogger("embeddable_host")

WATCH_INTERVAL_SECONDS = 1.0  # between looks at the releases
COMPRESSION_RETRY_SECONDS = 300.0
COMPRESSION_NICENESS = 10  # requests come first


class App:
    """An ASGI application. `site` is what it serves; a request needs nothing else."""

    def __init__(self, settings: Settings, config: Path | None = None, watch_files: bool = False) -> None:
        self.settings = settings
        self.config = config
        self.watch_files = watch_files
        self._lifespan = Router(lifespan=lambda _: self._run())
        self._swapped = asyncio.Event()
        self.metrics = Metrics()
        self.relay = Relay(settings, self.metrics.count_messages)
        self._first_signature = self._signature()  # before the site is built, so that no change is missed in between
        self.site = self._build(settings, None)
        self.metrics.release = self.site.release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._lifespan(scope, receive, send)
        path: str = scope["path"]
        endpoint: Endpoint | None = self.site.assets.get(path)
        if endpoint is None:
            path, endpoint = self._outside_mapping(path)
        try:
            status = await endpoint(scope, receive, send)
        except Exception as error:
            if not (isinstance(error, FileNotFoundError) and await asyncio.to_thread(self._was_removed, path)):
                self.metrics.count(path, 500)  # what uvicorn sends then, if nothing has gone out yet
                raise
            status = await self.site.missing(scope, receive, send)
        self.metrics.count(path, status)

    def _outside_mapping(self, path: str) -> tuple[str, Endpoint]:
        """The endpoint of a path that is not in the mapping, and the path that it is counted as."""
        if path == METRICS_PATH:
            return METRICS_PATH, self.metrics
        if endpoint := self.relay.match(path):
            return RELAY_PATH, endpoint
        return OTHER_PATHS, self.site.missing

    def _was_removed(self, path: str) -> bool:
        """Whether `path` is of a release that has been removed since the site was built."""
        return path.startswith(WIDGET_PATH) and path.split("/")[2] not in installed(self.settings.releases)

    @contextlib.asynccontextmanager
    async def _run(self) -> AsyncIterator[None]:
        hangup = asyncio.Event()
        if was_hung_up():
            hangup.set()
        with contextlib.suppress(ValueError, RuntimeError):  # only the main thread can handle signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup.set)
        self._swapped.set()
        background = (self._watch(hangup), self._compress_pending(), self.relay.expire())
        tasks = [asyncio.create_task(work) for work in background]
        try:
            with calls_on_stop(self.relay.stop):
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, hangup: asyncio.Event) -> None:
        """Rebuilds the site on SIGHUP, when the releases change and, with `watch_files`, when a file changes."""
        signature = self._first_signature
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(hangup.wait(), WATCH_INTERVAL_SECONDS)
            found = await asyncio.to_thread(self._signature)
            if hangup.is_set() or found != signature:
                hangup.clear()
                signature = found
                await self._rebuild()

    def _signature(self) -> object:
        """A short form of what the site is made of; it differs when the site would."""
        try:
            releases = current(self.settings.releases), installed(self.settings.releases)
            files = self._watched_files() if self.watch_files else []
            return releases, [(str(file), file.stat().st_mtime_ns) for file in files]
        except (ReleaseError, OSError) as error:  # reported when the site is built from it
            return str(error)

    def _watched_files(self) -> list[Path]:
        config = find(self.config)
        folders = (BUILT_IN, self.settings.public_dir)
        files = [file for folder in folders if folder for file in folder.rglob("*")]
        return [file for file in (config, *sorted(files)) if file and file.is_file()]

    async def _rebuild(self) -> None:
        """Swaps in a site built from the settings as they are now; with an error in them the old one stays."""
        try:
            settings, site = await asyncio.to_thread(self._load)
        except (SettingsError, ReleaseError, OSError) as error:
            log.error("Not reloaded; the previous site is still served:\n%s", error)
            self.metrics.reload_failures.inc()
            return
        self._swap(settings, site)
        log.info("Serving release %s", site.release)

    def _load(self) -> tuple[Settings, Site]:
        settings = load(self.config)
        for warning in warnings(settings):
            log.warning(warning)
        return settings, self._build(settings, self.site)

    def _build(self, settings: Settings, before: Site | None) -> Site:
        self.metrics.builds.inc()
        return build_site(settings, before)

    def _swap(self, settings: Settings, site: Site) -> None:
        self.settings, self.site = settings, site
        self.relay.use(settings)
        self.metrics.swap(site.release)
        self._swapped.set()

    async def _compress_pending(self) -> None:
        """Has the best encodings made that the site lacks, after each swap, and serves them; retries what fails."""
        has_failed = False
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._swapped.wait(), COMPRESSION_RETRY_SECONDS if has_failed else None)
            self._swapped.clear()
            try:
                await self._compress(self.settings, self.site.pending)
                has_failed = False
            except (CompressionError, SettingsError, ReleaseError, OSError) as error:
                if not has_failed:  # one message for all attempts
                    log.warning(
                        "The best compression cannot be made in %s, and is tried again later: %s",
                        self.settings.cache,
                        error,
                    )
                has_failed = True

    async def _compress(self, settings: Settings, pending: tuple[Body, ...]) -> None:
        """Raises CompressionError, what `build_site` raises, and OSError."""
        if not pending:
            return
        cache = Cache(settings.cache)
        with Compressor(niceness=COMPRESSION_NICENESS, lock=cache.lock) as compressor:
            await asyncio.to_thread(cache.fill, pending, compressor)
        if settings is not self.settings:  # a newer site is served by now, and its turn comes next
            return
        site = await asyncio.to_thread(self._build, settings, self.site)
        if settings is self.settings:
            self.site = site
            self.metrics.swap(site.release)


def create_app(settings: Settings, config: Path | None = None, watch_files: bool = False) -> App:
    """The ASGI application for `settings`, which came from `config` (None: from where `load` finds them).

    Raises SettingsError or ReleaseError when the site cannot be built. With `watch_files`, a changed settings file or
    page is served without a SIGHUP.
    """
    return App(settings, config, watch_files)
