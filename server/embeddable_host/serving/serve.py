"""The running server: its listening socket and its processes."""

import contextlib
import functools
import logging.config
import multiprocessing
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from embeddable_host.config.errors import SettingsError
from embeddable_host.config.load import load
from embeddable_host.config.settings import Settings
from embeddable_host.error import HostError
from embeddable_host.releases.error import ReleaseError
from embeddable_host.serving.app import create_app
from embeddable_host.serving.limits import BACKLOG, DRAIN_SECONDS, KEEP_ALIVE_SECONDS, KILL_SECONDS, allow_open_files
from embeddable_host.serving.log import log_config, log_fast, open_standard_streams
from embeddable_host.serving.memory import return_free_memory
from embeddable_host.serving.metrics import Metrics, disable_created_series, shared_metrics
from embeddable_host.serving.protocol import BoundedProtocol
from embeddable_host.serving.stop import SIGNALS, at_end, be_worker, handle_signals

log = logging.getLogger("embeddable_host")

SOCKET_MODE = 0o666  # of the file; its folder decides who may reach it
RETRY_DELAY_SECONDS = 2  # before a worker that could not start is started again
EVERYWHERE = ("0.0.0.0", "::")  # addresses to listen on, but not to open


class ListenError(HostError):
    """The server cannot listen on the address; the message says why and what to do."""


class Config(uvicorn.Config):
    """uvicorn's configuration. With the log, it sets up a worker: uvicorn does this first, and then handles signals."""

    def configure_logging(self) -> None:
        super().configure_logging()
        if multiprocessing.parent_process():
            be_worker()
            set_up_process()


class Workers(Multiprocess):
    """uvicorn's worker processes. A SIGHUP is passed on to them: they reload in place, and are not replaced.

    A first signal stops them, a second one kills them, and so does the end of the time that a stop may take.
    """

    _end: float | None = None  # of that time

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        for number in SIGNALS:
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Works at once, however long uvicorn waits for a worker that hangs."""
        self.signal_queue.append(number)
        is_first = self._end is None
        self._end = self._end or time.monotonic() + KILL_SECONDS
        self._send(signal.SIGTERM if is_first else signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for process in self.processes:
            if process.exitcode is None and process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, number)

    def terminate_all(self) -> None:
        """Once more: a worker that has ended by the signal may have been replaced before uvicorn handled it."""
        self._end = self._end or time.monotonic() + KILL_SECONDS
        super().terminate_all()

    def join_all(self) -> None:
        for process in self.processes:
            process.process.join(max(0, (self._end or 0) - time.monotonic()))
            if process.exitcode is None:
                log.error("Worker %s has not stopped within %d seconds and is killed.", process.pid, KILL_SECONDS)
                process.kill()
                process.process.join(1)

    def handle_hup(self) -> None:
        self._send(signal.SIGHUP)


@contextlib.contextmanager
def listening(host: str, port: int, uds: Path | None, mode: int = SOCKET_MODE) -> Iterator[socket.socket]:
    """A listening socket, on the file `uds` if given, which has this mode and is removed at the end.

    Raises ListenError.
    """
    if uds is None:
        with _listen(host, port) as listener:
            yield listener
        return
    with _listen_on_file(uds, mode) as listener, at_end(functools.partial(uds.unlink, missing_ok=True)):
        yield listener


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenError(
            f"Cannot listen on {host} port {port}: {error.strerror}. Choose another address with --host and --port."
        ) from None


def _listen_on_file(uds: Path, mode: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    try:
        if _is_stale(uds):
            uds.unlink()
        umask = os.umask(0o777 & ~mode)  # so that the file never has another mode
        try:
            listener.bind(str(uds))
        finally:
            os.umask(umask)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(
            f"Cannot listen on {uds}: {error.strerror or error}. Choose another path with --uds."
        ) from None
    return listener


def _is_stale(uds: Path) -> bool:
    """Whether there is a socket on which no process listens any more."""
    if not uds.exists() or not stat.S_ISSOCK(uds.stat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(uds)) != 0


def run(app: Any, listener: socket.socket, workers: int, config: Path | None, reload: bool) -> None:
    """Serves on `listener` until a signal stops it; open responses are finished.

    One worker serves `app`. Several read the settings themselves, so that a worker that is replaced reads them again.
    """
    listener.set_inheritable(True)
    many = workers > 1
    settings = Config(
        functools.partial(_worker, config, reload) if many else app,
        factory=many,
        workers=workers,
        http=BoundedProtocol,
        lifespan="on",
        ws="none",  # uvicorn logs a WebSocket's address with its query
        log_config=log_config(),
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):  # raised again by uvicorn when it has stopped
        if many:
            with shared_metrics():
                Workers(settings, sockets=[listener]).run()
        else:
            uvicorn.Server(settings).run(sockets=[listener])


def set_up_process() -> None:
    """Sets up what is process-wide (signals, log, files, memory, metrics), in a process that only serves, before its
    first site."""
    open_standard_streams()
    return_free_memory()  # before the first thread, which is the log's: each would have a heap of its own
    handle_signals()
    allow_open_files()
    logging.config.dictConfig(log_config())
    log_fast()
    disable_created_series()


def _worker(config: Path | None, reload: bool) -> Any:
    """The application of one worker."""
    try:
        return create_app(load(config), config, reload)
    except (SettingsError, ReleaseError, OSError) as error:
        # A worker that is replaced while the settings are wrong must not stop the others: it is started again until
        # they are right. (uvicorn's own exit code for this, 3, would stop all workers.)
        log.error("Not started:\n%s", error)
        Metrics().reload_failures.inc()
        time.sleep(RETRY_DELAY_SECONDS)
        sys.exit(1)


def announcement(settings: Settings, release: str, listener: socket.socket) -> str:
    """Where the host listens, what it serves, and the redirect URI to register."""
    base = settings.public_url  # empty if unknown
    if listener.family == socket.AF_UNIX:
        address = f"unix:{listener.getsockname()}"
    else:
        host, port = listener.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        base = base or ("" if host in EVERYWHERE else address)
    hosted = f"release {release}"
    if release == "cdn":
        hosted = "no release yet, so the widget comes from the CDN: `embeddable-host pull`"
    lines = [f"Embeddable Host on {address} ({hosted})"]
    if base:
        lines.append(f"Redirect URI to register: {base}redirect.html")
        lines.append(f'Script for your pages:    <script src="{base}adapter.js"></script>')
    return "\n".join(lines)
