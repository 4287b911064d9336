"""Waiting for a condition, however busy the machine is: a long timeout costs nothing if it becomes true."""

import time
from collections.abc import Callable

TIMEOUT = 90  # seconds


def wait_until(holds: Callable[[], bool], what: str, seconds: float = TIMEOUT) -> None:
    """Returns as soon as `holds()`; raises TimeoutError with `what`."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
