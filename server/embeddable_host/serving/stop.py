"""Stopping: a first signal lets open responses finish, a second one ends the process, and so does a stop that hangs.

What hangs may be a thread: on a disk that does not respond, say. Neither asyncio nor Python ends before its threads do,
so a process that has finished ends by the signal itself.
"""

import asyncio
import contextlib
import ctypes
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import ClassVar

from embeddable_host.serving.limits import STOP_SECONDS
from embeddable_host.serving.log import flush

log = logging.getLogger("embeddable_host")

SIGNALS = (signal.SIGTERM, signal.SIGINT)
PR_SET_PDEATHSIG = 1  # prctl(2)


class _Process:
    """What this process does at its end."""

    cleanups: ClassVar[list[Callable[[], object]]] = []
    is_stopping = False
    is_worker = False
    is_hung_up = False


def handle_signals() -> None:
    """Sets what a signal does while uvicorn handles none: before it starts, and after it has finished.

    uvicorn restores these handlers in the end and raises the signal again. A SIGHUP is remembered, for the server that
    is about to start: it would end the process.
    """
    for number in SIGNALS:
        signal.signal(number, _end)
    signal.signal(signal.SIGHUP, _remember)


def be_worker() -> None:
    """Makes this process a worker: it stops when its parent has died, and only the parent handles a second signal."""
    _Process.is_worker = True
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:  # it has died already
        die(signal.SIGTERM)


@contextlib.contextmanager
def at_end(cleanup: Callable[[], object]) -> Iterator[None]:
    """Calls `cleanup` at the end, also when a signal ends the process."""
    _Process.cleanups.append(cleanup)
    try:
        yield
    finally:
        _Process.cleanups.remove(cleanup)
        cleanup()


def was_hung_up() -> bool:
    """Whether a SIGHUP came before the server could handle it."""
    return _Process.is_hung_up


@contextlib.contextmanager
def calls_on_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` on the event loop when a signal asks the process to stop, and bounds the time that it takes.

    uvicorn ends the lifespan only after all responses have been sent, and long ones would delay the stop.
    """
    loop = asyncio.get_running_loop()

    def chain(number: int) -> None:
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None) -> None:
            if _Process.is_stopping:
                if not _Process.is_worker:
                    die(number)
                return
            _begin_stop()
            loop.call_soon_threadsafe(stop)
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)

    with contextlib.suppress(ValueError):  # only the main thread can handle signals
        for number in SIGNALS:
            chain(number)
    yield


def die(number: int) -> None:
    """Ends this process by a signal, at once."""
    for cleanup in _Process.cleanups:
        with contextlib.suppress(OSError):
            cleanup()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    os._exit(0)  # the first process of a container gets no such signal (pid_namespaces(7))


def _begin_stop() -> None:
    _Process.is_stopping = True
    timer = threading.Timer(STOP_SECONDS, _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    log.error("Not stopped within %d seconds: something hangs, such as a disk. The process ends now.", STOP_SECONDS)
    flush()
    os._exit(1)


def _end(number: int, frame: FrameType | None) -> None:
    flush()
    die(number)


def _remember(number: int, frame: FrameType | None) -> None:
    _Process.is_hung_up = True
