"""Visitors who come again and again, and the result of each visit."""

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from world.timeouts import TIMEOUT, wait_until

Visitor = Callable[[http.client.HTTPConnection], str]


@dataclass(frozen=True)
class Visit:
    begun: float  # by time.monotonic()
    result: str
    fault: Exception | None = None


class Load:
    """So many visitors at once, each with a connection of its own, which `visit` may close; it returns its result."""

    def __init__(self, connect: Callable[[], http.client.HTTPConnection], visit: Visitor, visitors: int = 4) -> None:
        self.visits: list[Visit] = []
        self._connect = connect
        self._visit = visit
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._come) for _ in range(visitors)]

    @property
    def results(self) -> set[str]:
        """The results of the visits that did not fail."""
        return {visit.result for visit in self.visits if not visit.fault}

    @property
    def faults(self) -> Mapping[Visit, Exception]:
        """The visits that failed, and how."""
        return {visit: visit.fault for visit in self.visits if visit.fault}

    def wait_for_more(self, count: int, what: str = "") -> None:
        """Waits for so many further visits with `what` in their result."""
        enough = self._count(what) + count
        wait_until(lambda: self._count(what) >= enough, f"{count} more visits, {what}")

    def _count(self, what: str) -> int:
        return sum(not visit.fault and what in visit.result for visit in self.visits)

    def _come(self) -> None:
        connection = self._connect()
        while not self._done.is_set():
            begun = time.monotonic()
            try:
                self.visits.append(Visit(begun, self._visit(connection)))
            except (OSError, http.client.HTTPException, AssertionError) as fault:
                self.visits.append(Visit(begun, "", fault))
                connection.close()
        connection.close()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(TIMEOUT)
