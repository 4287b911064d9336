"""The server: answers each request from the mapping, and swaps in a new one when the settings or the release change."""

import asyncio
import contextlib
import functools
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from server.answer.body import Body
from server.answer.coding import Cache, compress_in_background
from server.config.load import find, load
from server.config.mistakes import SettingsError
from server.config.settings import Settings
from server.config.warnings import warnings
from server.releases.error import ReleaseError
from server.releases.shelf import current, installed
from server.serving.memory import give_back_what_is_free
from server.serving.metrics import METRICS, OTHER, WIDGET, Metrics
from server.serving.relay import RELAY, Relay
from server.site.page import BUILT_IN
from server.site.site import Site, build_site

log = logging.getLogger("server")

Answer = Callable[[Scope, Receive, Send], Awaitable[int]]  # answers a request, and says with which status

WATCH_INTERVAL = 1.0  # seconds between looks at the releases


class Host(Starlette):
    """The application. `site` is what it serves; requests need nothing else, so they pass Starlette's routing by."""

    def __init__(self, settings: Settings, config: Path | None = None, watch_files: bool = False) -> None:
        super().__init__(lifespan=lambda _: self._run())
        self.settings = settings
        self.config = config
        self.watch_files = watch_files
        self._swapped = asyncio.Event()
        self.metrics = Metrics()
        self.relay = Relay(settings, self.metrics)
        self._first_seen = self._signature()  # before the site is built, so that no change is missed in between
        self.site = self._build(settings, None)
        self.metrics.release = self.site.release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await super().__call__(scope, receive, send)
        path: str = scope["path"]
        answer: Answer | None = self.site.assets.get(path)
        if answer is None:
            path, answer = self._beside(path)
        try:
            status = await answer(scope, receive, send)
        except Exception as error:
            if not (isinstance(error, FileNotFoundError) and self._was_removed(path)):
                self.metrics.count(path, 500)  # what uvicorn answers then, if nothing has gone out yet
                raise
            status = await self.site.missing(scope, receive, send)
        self.metrics.count(path, status)

    def _beside(self, path: str) -> tuple[str, Answer]:
        """What answers a path that is none of the site's, and as which address it is counted."""
        if path == METRICS:
            return METRICS, self.metrics
        if letter := self.relay.letter(path):
            return RELAY, functools.partial(self.relay.answer, letter)
        return OTHER, self.site.missing

    def _was_removed(self, path: str) -> bool:
        """Whether `path` is of a release that has been removed since the site was built."""
        return path.startswith(WIDGET) and path.split("/")[2] not in installed(self.settings.releases)

    @contextlib.asynccontextmanager
    async def _run(self) -> AsyncIterator[None]:
        hangup = asyncio.Event()
        with contextlib.suppress(ValueError, RuntimeError):  # signals belong to the main thread alone
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup.set)
        self._swapped.set()
        tasks = [asyncio.create_task(work) for work in (self._watch(hangup), self._refine(), self.relay.sweep())]
        try:
            with _told_of_a_stop(self.relay.stop):
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, hangup: asyncio.Event) -> None:
        """Builds the site anew on SIGHUP, and when another release is there or, if asked for, a file has changed."""
        seen = self._first_seen
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(hangup.wait(), WATCH_INTERVAL)
            found = await asyncio.to_thread(self._signature)
            if hangup.is_set() or found != seen:
                hangup.clear()
                seen = found
                await self._rebuild()

    def _signature(self) -> object:
        """What the site is made of, in short; it differs when the site would."""
        try:
            releases = current(self.settings.releases), installed(self.settings.releases)
            files = self._watched() if self.watch_files else []
            return releases, [(str(file), file.stat().st_mtime_ns) for file in files]
        except (ReleaseError, OSError) as error:  # told when the site is built from it
            return str(error)

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
            self.metrics.refusals.inc()
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

    async def _refine(self) -> None:
        """Makes the best encodings that the site lacks, whenever it was swapped, and serves them."""
        while True:
            await self._swapped.wait()
            self._swapped.clear()
            if self.site.rough:
                await self._make_best(self.settings, self.site.rough)

    async def _make_best(self, settings: Settings, rough: tuple[Body, ...]) -> None:
        await _elsewhere(compress_in_background, Cache(settings.cache), rough)
        if settings is not self.settings:  # a newer site is served by now, and has its turn next
            return
        try:
            site = await asyncio.to_thread(self._build, settings, self.site)
        except (SettingsError, ReleaseError, OSError) as error:
            log.error("The best compression is left for later:\n%s", error)
            return
        if settings is self.settings:
            self.site = site
            self.metrics.swap(site.release)


@contextlib.contextmanager
def _told_of_a_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` on the event loop when a signal says to stop.

    uvicorn tells an application only when all answers have gone out, and until then long ones would hold it up.
    """
    loop = asyncio.get_running_loop()

    def chain(number: int) -> None:
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(stop)
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)

    with contextlib.suppress(ValueError):  # signals belong to the main thread alone
        for number in (signal.SIGTERM, signal.SIGINT):
            chain(number)
    yield


async def _elsewhere(work: Callable[..., None], *arguments: object) -> None:
    """Does `work` in a process of its own: it is long, hungry for memory, and must not hold up a stop."""
    process = get_context("spawn").Process(target=work, args=arguments, daemon=True)
    process.start()
    try:
        await asyncio.to_thread(process.join)
    finally:
        process.terminate()


def create_app(settings: Settings, config: Path | None = None, watch_files: bool = False) -> Host:
    """The ASGI application for `settings`, which came from `config` (None: from where `load` finds them).

    Raises SettingsError or ReleaseError when there is nothing right to serve. With `watch_files` a changed settings
    file or page is served without being asked to.
    """
    give_back_what_is_free()
    return Host(settings, config, watch_files)
