"""Waiting for what must come true, however busy the machine is: a deadline costs nothing when it does."""

import time
from collections.abc import Callable

TIMEOUT = 90  # seconds that anything may take


def wait_until(holds: Callable[[], bool], what: str, seconds: float = TIMEOUT) -> None:
    """Returns as soon as `holds()`; raises TimeoutError which says `what` did not come true."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
