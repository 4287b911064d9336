"""Hosts for all tests that do not change them: one behind the shipped nginx configuration, and one that is exported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddable_host.config.load import load
from embeddable_host.responses.compression import Cache, compress
from embeddable_host.site.site import build_site
from world.exported import ODD, PROFILES, exported
from world.host import Server, add_release, configured, serving
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
    """A host's folder, with a release and a profile, where all is compressed as far as it goes: nothing is replaced."""
    folder = configured(tmp_path_factory.mktemp("nginx") / "host", SETTINGS)
    add_release(folder)
    settings = load(folder / "embeddable.toml")
    compress(Cache(settings.cache), build_site(settings).pending)
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
