"""Hosts for all tests that do not change them: one behind the shipped nginx configuration, and one that is exported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddable_host.config.load import load
from world.exported import ODD, PROFILES, exported
from world.host import Server, add_release, configured, fill_cache, serving
from world.hosts import SETTINGS
from world.internet import make_certificate
from world.proxy import Proxy, fronting


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificate(folder)
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder with a release, a profile and a full cache: no encoding is replaced while it is served."""
    folder = configured(tmp_path_factory.mktemp("nginx") / "host", SETTINGS)
    add_release(folder)
    fill_cache(load(folder / "embeddable.toml"))
    return folder


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="session")
def proxy(folder: Path, server: Server, certificates: Path) -> Iterator[Proxy]:
    with fronting(folder / "nginx", certificates, [f"127.0.0.1:{server.port}"]) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder with two releases, profiles and files of the team's own, and its export in `out`."""
    settings = f'public_dir = "own"\n{PROFILES}[relay]\nenabled = false\n'  # as an export has none
    host = configured(tmp_path_factory.mktemp("export") / "host", settings)
    (host / "own").mkdir()
    for name in ODD:
        (host / "own" / name).write_text(f"{name}\n" * 500)
    for name in ("first", "second"):
        add_release(host, name)
    exported(host)
    return host
