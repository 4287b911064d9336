"""A host for all requests: whatever they ask of it, it meets no error of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddable_host.contract import UNUSED_FILES
from embeddable_host.releases.release import Release
from embeddable_host.releases.store import open_release
from world.host import LARGE, Server, add_release, configured, serving
from world.wire import CANARY, OWN, SETTINGS


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder with a canary beside everything that is served."""
    folder = configured(tmp_path_factory.mktemp("outside") / "host", SETTINGS)
    release = add_release(folder)
    for place in (folder.parent, folder, folder / "var", release.folder.parent):
        (place / "canary.txt").write_text(CANARY)
    return folder


@pytest.fixture(scope="session")
def release(folder: Path) -> Release:
    return open_release(folder / "var" / "releases")


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Server]:
    """The host; whatever the tests ask of it, it meets no error of its own."""
    with serving(folder) as server:
        yield server
        server.stop()
        assert "Traceback" not in server.output


@pytest.fixture(scope="session")
def addresses(release: Release) -> list[str]:
    """Everything that is served."""
    files = [*(name for name in release.files if name not in UNUSED_FILES), "before-app.js"]
    return [*OWN, "/healthz", "/readyz", *(f"/widget/{release.id}/{name}" for name in files)]


@pytest.fixture(scope="session")
def large(release: Release) -> str:
    return f"/widget/{release.id}/{LARGE}"
