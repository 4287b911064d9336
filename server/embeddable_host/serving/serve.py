"""Serving: the sockets to listen on, and the processes that answer."""

import contextlib
import functools
import logging
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from embeddable_host.config.errors import SettingsError
from embeddable_host.config.load import load
from embeddable_host.config.settings import Settings
from embeddable_host.error import HostError
from embeddable_host.releases.error import ReleaseError
from embeddable_host.serving.app import create_app
from embeddable_host.serving.log import log_config
from embeddable_host.serving.metrics import Metrics, counting_together
from embeddable_host.serving.protocol import BoundedProtocol

BACKLOG = 2048
DRAIN_SECONDS = 30  # how long a stop waits for what is in flight
RETRY_SECONDS = 2  # between the tries of a worker to start, while the settings are wrong
EVERYWHERE = ("0.0.0.0", "::")  # where to listen, and no address that anybody goes to


class ListenError(HostError):
    """The address cannot be listened on; the message says why and what to do."""


class Workers(Multiprocess):
    """uvicorn's processes; a SIGHUP is for them, who reload in place, and not a reason to start new ones."""

    def handle_hup(self) -> None:
        for process in self.processes:
            if process.pid is not None:
                os.kill(process.pid, signal.SIGHUP)


@contextlib.contextmanager
def listening(host: str, port: int, uds: Path | None) -> Iterator[socket.socket]:
    """A listening socket, on `uds` if given; its file is gone in the end. Raises ListenError."""
    if uds is None:
        with _listen(host, port) as listener:
            yield listener
        return
    with _listen_on_file(uds) as listener:
        try:
            yield listener
        finally:
            uds.unlink(missing_ok=True)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenError(
            f"{host} port {port} cannot be listened on: {error.strerror}. Choose another with --host and --port."
        ) from None


def _listen_on_file(uds: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    try:
        if _is_left_over(uds):
            uds.unlink()
        listener.bind(str(uds))
        uds.chmod(0o666)  # who may reach it is for its folder to say
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(f"{uds} cannot be listened on: {error.strerror or error}. Choose another --uds.") from None
    return listener


def _is_left_over(uds: Path) -> bool:
    """Whether there is a socket that nobody listens on any more."""
    if not uds.exists() or not stat.S_ISSOCK(uds.stat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(uds)) != 0


def run(app: Any, listener: socket.socket, workers: int, config: Path | None, reload: bool) -> None:
    """Serves on `listener` until a signal says to stop; what is in flight is finished.

    One worker serves `app`; several read the settings themselves, so that each can again when it is started anew.
    """
    listener.set_inheritable(True)
    many = workers > 1
    settings = uvicorn.Config(
        functools.partial(_worker, config, reload) if many else app,
        factory=many,
        workers=workers,
        http=BoundedProtocol,
        lifespan="on",
        ws="none",  # uvicorn logs a WebSocket's address with its query
        log_config=log_config(),
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):  # raised again by uvicorn when it has stopped
        if many:
            with counting_together():
                Workers(settings, sockets=[listener]).run()
        else:
            uvicorn.Server(settings).run(sockets=[listener])


def _worker(config: Path | None, reload: bool) -> Any:
    """The application of one worker."""
    try:
        return create_app(load(config), config, reload)
    except (SettingsError, ReleaseError, OSError) as error:
        # One that dies while the settings are wrong must not take the others along: it is tried again until they are
        # right. (uvicorn's own exit code for this, 3, would stop all of them.)
        logging.getLogger("embeddable_host").error("Not started:\n%s", error)
        Metrics().reload_failures.inc()
        time.sleep(RETRY_SECONDS)
        sys.exit(1)


def announcement(settings: Settings, release: str, listener: socket.socket) -> str:
    """What is served where, and what to register."""
    reached = settings.public_url  # where browsers find it; empty where that is not known
    if listener.family == socket.AF_UNIX:
        address = f"unix:{listener.getsockname()}"
    else:
        host, port = listener.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        reached = reached or ("" if host in EVERYWHERE else address)
    hosted = f"release {release}"
    if release == "cdn":
        hosted = "no release yet, so the widget comes from the CDN: `embeddable-host pull`"
    lines = [f"Embeddable Host on {address} ({hosted})"]
    if reached:
        lines.append(f"Redirect URI to register: {reached}redirect.html")
        lines.append(f'Script for your pages:    <script src="{reached}adapter.js"></script>')
    return "\n".join(lines)
