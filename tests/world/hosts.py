"""The hosts under test: `embeddable-host` as an operator runs it, with the stand-in release and without it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from world.host import Server, add_release, configured, serving
from world.internet import Internet

CLIENT_ID = "host-client"
SANDBOX_CLIENT_ID = "sandbox-client"
SANDBOX_SERVER = "https://platform.devtest.ringcentral.com"

SETTINGS = f"""
data_dir = "var"

[params]
clientId = "{CLIENT_ID}"
enableSMSTemplate = true

[profiles.sandbox.params]
clientId = "{SANDBOX_CLIENT_ID}"
appServer = "{SANDBOX_SERVER}"
prefix = "rc-sandbox"
"""


@contextlib.contextmanager
def hosted(internet: Internet) -> Iterator[Server]:
    """The host with the stand-in release."""
    folder = configured(internet.folder / "hosted", SETTINGS)
    add_release(folder)
    with serving(folder, "--port", str(internet.host_port)) as server:
        yield server


@contextlib.contextmanager
def loader(internet: Internet) -> Iterator[Server]:
    """The host without a release: it serves a loader for the CDN."""
    folder = configured(internet.folder / "loader", SETTINGS)
    with serving(folder, "--port", str(internet.loader_port)) as server:
        yield server


@contextlib.contextmanager
def own(internet: Internet, folder: Path, settings: str) -> Iterator[Server]:
    """A host with these settings and the releases of `hosted`, which must be running."""
    data_dir = f'data_dir = "{internet.folder / "hosted" / "var"}"\n'
    with serving(configured(folder, data_dir + settings), "--port", str(internet.own_port)) as server:
        yield server
