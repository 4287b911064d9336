"""The log, which never has an authorization code, and for which no response ever waits.

Lines are written by a thread of their own. If nobody reads them, or there is no room, lines are left out and counted.
"""

import atexit
import contextlib
import copy
import functools
import logging
import os
import queue
import select
import threading
import time
from typing import Any

from uvicorn.config import LOGGING_CONFIG

from embeddable_host.serving.limits import LOG_FLUSH_SECONDS, MAX_LOG_LINE, MAX_LOG_LINES
from embeddable_host.serving.logged_path import logged_path

STDOUT, STDERR = 1, 2
BATCH_LINES = 200  # written at once
BATCH_SECONDS = 0.01  # between two writes, so that a busy server is not interrupted for each line


class PathOnly(logging.Filter):
    """Leaves in an access log line what may be logged of the address."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, version, status = record.args
            record.args = (client, method, logged_path(str(address)), version, status)
        return True


class Writer:
    """Writes lines to a file descriptor, in a thread. Python's own streams have locks that an exit would wait for."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._queue: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()  # its `put` waits for nothing
        self._left_out = 0  # lines, because the queue was full
        self._not_written = 0  # lines, because of an error
        self._reported = 0  # lines of both kinds
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, line: str) -> None:
        if self._queue.qsize() >= MAX_LOG_LINES:
            self._left_out += 1
        else:
            self._queue.put(f"{line[:MAX_LOG_LINE]}\n".encode(errors="backslashreplace"))

    def flush(self, seconds: float) -> None:
        """Waits until everything has been written, but not longer."""
        written = threading.Event()
        self._queue.put(written)
        written.wait(seconds)

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            self._write_lines([item for item in batch if isinstance(item, bytes)])
            flushed = [item for item in batch if isinstance(item, threading.Event)]
            for event in flushed:
                event.set()
            if not flushed:
                time.sleep(BATCH_SECONDS)

    def _next_batch(self) -> list[bytes | threading.Event]:
        batch = [self._queue.get()]
        with contextlib.suppress(queue.Empty):
            while len(batch) < BATCH_LINES:
                batch.append(self._queue.get_nowait())
        return batch

    def _write_lines(self, lines: list[bytes]) -> None:
        missing = self._left_out + self._not_written - self._reported
        if missing:
            lines = [*lines, f"WARNING:  {missing} lines are missing here: they could not be written.\n".encode()]
        try:
            self._write(b"".join(lines))
            self._reported += missing
        except OSError:  # nobody reads it any more, or its disk is full: there is nobody to report it to
            self._not_written += len(lines) - bool(missing)

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # another process has made it non-blocking
                select.select([], [self._descriptor], [])


@functools.cache
def writer(descriptor: int) -> Writer:
    if not writer.cache_info().currsize:  # the first one
        atexit.register(flush)
    return Writer(descriptor)


def print_line(text: str) -> None:
    """Prints to stderr, as the log does."""
    writer(STDERR).write(text)


def flush(seconds: float = LOG_FLUSH_SECONDS) -> None:
    """Waits until the log has been written, but not longer than so many seconds in all."""
    end = time.monotonic() + seconds
    if writer.cache_info().currsize:
        for descriptor in (STDOUT, STDERR):
            writer(descriptor).flush(max(0, end - time.monotonic()))


class DescriptorHandler(logging.Handler):
    """Writes records to a file descriptor, and never waits."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._writer = writer(descriptor)

    def emit(self, record: logging.LogRecord) -> None:
        self._writer.write(self.format(record))


def log_config() -> dict[str, Any]:
    """The configuration for `logging.config.dictConfig`."""
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"]["default"]["use_colors"] = os.isatty(STDERR) and not os.environ.get("NO_COLOR")
    # uvicorn's own formatter colours a copy of each record, which takes a sixth of the time of a request.
    config["formatters"]["access"] = {"format": "%(levelname)s:     %(message)s"}
    config["filters"] = {"path_only": {"()": PathOnly}}
    config["handlers"] = {
        "default": {"()": DescriptorHandler, "descriptor": STDERR, "formatter": "default"},
        "access": {"()": DescriptorHandler, "descriptor": STDOUT, "formatter": "access", "filters": ["path_only"]},
    }
    config["loggers"]["embeddable_host"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    config["root"] = {"handlers": ["default"], "level": "WARNING"}  # asyncio's, which else writes to stderr itself
    return config


def open_standard_streams() -> None:
    """Opens those that were closed at the start: otherwise a connection would get the number, and the log with it."""
    for descriptor in (0, STDOUT, STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number


def log_fast() -> None:
    """Has this process not find out what no line shows, such as its place in the code: each request has a line, and
    this took a quarter of its time (https://docs.python.org/3/howto/logging.html#optimization)."""
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.raiseExceptions = False  # an error in a log line would be written to stderr, and wait for it
