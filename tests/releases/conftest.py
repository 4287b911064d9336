"""A network with a release, settings that pull from there, and what must be true after a pull that failed.

No power fails while these tests run, so nothing waits for the disk.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embeddable_host.config.settings import Settings
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.pull import pull
from embeddable_host.releases.release import Release
from embeddable_host.releases.store import installed, open_release
from embeddable_host.responses.compression import BEST
from world import cdn
from world.cdn import Cdn
from world.release import compress_here
from world.small_release import Steps, a_release


@pytest.fixture(autouse=True)
def no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture(autouse=True)
def no_process_that_compresses(monkeypatch: pytest.MonkeyPatch) -> None:
    compress_here(monkeypatch, BEST)


@pytest.fixture(autouse=True)
def at_once_and_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries have no delay, and there is no proxy."""
    monkeypatch.setattr("embeddable_host.releases.fetch.RETRY_DELAYS_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The folder of a release, as the network serves it under `latest/`."""
    return a_release(tmp_path / "www" / "latest")


@pytest.fixture
def network(tmp_path: Path, published: Path) -> Iterator[Cdn]:
    with cdn.serve(tmp_path / "www") as serving:
        yield serving


@pytest.fixture
def settings(tmp_path: Path, network: Cdn) -> Settings:
    return Settings(data_dir=tmp_path / "var", widget={"source": network.url})


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Release:
    """A release that is current already."""
    folder = a_release(tmp_path / "before", **{"app.js": b"the one before"})
    return pull(settings, None, str(folder), Steps())


@pytest.fixture
def refused(settings: Settings, served: Release) -> Callable[..., str]:
    """Pulls, which must fail and leave what was served untouched and nothing behind; returns the message."""

    def refused(origin: str | None = None, version: str | None = None) -> str:
        with pytest.raises(ReleaseError) as error:
            pull(settings, version, origin, Steps())
        assert installed(settings.releases) == [served.id]
        assert open_release(settings.releases) == served
        assert not list(settings.releases.glob(".staging-*"))
        return str(error.value)

    return refused
