"""Hosts with a relay, and with a profile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from world.host import Server, configured, serving
from world.relay import SETTINGS, with_times


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", SETTINGS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host where nobody waits long."""
    folder = configured(tmp_path_factory.mktemp("relay") / "host", SETTINGS)
    with serving(folder, environment=with_times(folder, WAIT_SECONDS=0.3, BODY_TIMEOUT_SECONDS=0.3)) as server:
        yield server
