"""The metrics for Prometheus: requests by path and status, builds and swaps of the site, messages of the relay.

A path is an address of the site. The files of all releases share one, and so do all addresses that do not exist, so
that no request can create a series, and no label has a query. Several workers count in files in one folder, and the one
that gets the request adds them up (prometheus-client's multiprocess mode); a single process counts in memory.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.types import Receive, Scope, Send

from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import Body
from embeddable_host.responses.headers import operator_headers

METRICS_PATH = "/metrics"
WIDGET_PATH = "/widget/"  # stands for all files of all releases
OTHER_PATHS = "other"
OUTCOMES = ("stored", "delivered", "expired", "rejected")  # of the relay's messages

MEMORY = "/dev/shm"  # shm_overview(7)
NAMESPACE = "embeddable_host"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the workers' folder; prometheus-client reads it when it is imported


class Metrics(Collector):
    """The counters of one process, and the ASGI application that sends them.

    `release` is the id of the release that is served, or "cdn".
    """

    def __init__(self) -> None:
        self.release = ""
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._is_single = FOLDER not in os.environ
        if self._is_single:
            ProcessCollector(registry=self._registry)  # of one worker among several it would mean nothing
        else:
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        self._requests = self._counter("requests", "Requests, by path and status.", "path", "status")
        self._by_path: dict[tuple[str, int], Counter] = {}
        self.builds = self._counter("site_builds", "Times the site was built.")
        self.swaps = self._counter("site_swaps", "Times a new site replaced the one served.")
        self.reload_failures = self._counter("reload_failures", "Reloads that failed and left the site as it was.")
        self.messages = self._counter("relay_messages", "Messages of the relay, by outcome.", "outcome")
        for outcome in OUTCOMES:
            self.messages.labels(outcome)  # there from the start, as 0

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        registry = self._registry if self._is_single else None  # those of several processes are read from their files
        return Counter(name, about, labels, namespace=NAMESPACE, registry=registry)

    def count(self, path: str, status: int) -> None:
        """Counts a response for `path`, a path of the site or OTHER_PATHS."""
        try:
            self._by_path[path, status].inc()
        except KeyError:
            label = WIDGET_PATH if path.startswith(WIDGET_PATH) else path
            self._by_path[path, status] = counter = self._requests.labels(label, status)
            counter.inc()

    def count_messages(self, outcome: str, messages: int) -> None:
        """Counts messages of the relay, by one of OUTCOMES."""
        self.messages.labels(outcome).inc(messages)

    def swap(self, release: str) -> None:
        """Counts a swap to a site with `release`. The paths of the site before it are forgotten, not their counts."""
        self.swaps.inc()
        self.release = release
        self._by_path.clear()

    def collect(self) -> Iterator[Metric]:
        """The release as a series of its own, without a trace of the previous one."""
        yield InfoMetricFamily(f"{NAMESPACE}_release", "The release that is served.", {"id": self.release})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> int:
        text = await asyncio.to_thread(generate_latest, self._registry)  # the workers' counts are read from files
        return await Asset(CONTENT_TYPE_LATEST, [Body.of(text)], operator_headers())(scope, receive, send)


def disable_created_series() -> None:
    """Leaves out, in this process, the time at which each counter began: twice the series for nothing."""
    disable_created_metrics()  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def shared_metrics() -> Iterator[None]:
    """Processes that are started meanwhile count together, in a folder that is removed at the end.

    In memory, unless TMPDIR is set: each count is written to a file, and would wait for its disk.
    """
    is_in_memory = os.access(MEMORY, os.W_OK) and "TMPDIR" not in os.environ
    with tempfile.TemporaryDirectory(prefix="embeddable-host-", dir=MEMORY if is_in_memory else None) as folder:
        os.environ[FOLDER] = folder
        yield
