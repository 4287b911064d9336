"""The hosts under test: `embeddable-host` as an operator runs it, with the stand-in release and without."""

import contextlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from world.internet import Internet, wait_until

COMMAND = str(Path(sys.executable).parent / "embeddable-host")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("EMBEDDABLE_")}
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


@dataclass(frozen=True)
class Host:
    folder: Path
    port: int

    @property
    def log(self) -> str:
        """All it has printed."""
        return (self.folder / "log").read_text()


@contextlib.contextmanager
def hosted(internet: Internet) -> Iterator[Host]:
    """The host with the stand-in release."""
    folder = configured(internet.folder / "hosted")
    run(folder, "pull", "--from", str(internet.release))
    with serving(Host(folder, internet.host_port)) as host:
        yield host


@contextlib.contextmanager
def loader(internet: Internet) -> Iterator[Host]:
    """The host without a release: it serves a loader for the CDN."""
    with serving(Host(configured(internet.folder / "loader"), internet.loader_port)) as host:
        yield host


@contextlib.contextmanager
def own(internet: Internet, folder: Path, settings: str) -> Iterator[Host]:
    """A host with these settings, and the releases of `hosted`, which must have been there before."""
    data_dir = f'data_dir = "{internet.folder / "hosted" / "var"}"\n'
    with serving(Host(configured(folder, data_dir + settings), internet.own_port)) as host:
        yield host


def configured(folder: Path, settings: str = SETTINGS) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "embeddable.toml").write_text(settings)
    return folder


def run(folder: Path, *arguments: str) -> None:
    command = [COMMAND, *arguments, "--config", "embeddable.toml"]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"


@contextlib.contextmanager
def serving(host: Host) -> Iterator[Host]:
    options = f"--config embeddable.toml --host 127.0.0.1 --port {host.port}"
    command = [COMMAND, "serve", *options.split()]
    with (host.folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=host.folder, env=ENVIRONMENT, stdout=log, stderr=log)
    try:
        wait_until(lambda: is_ready(host.port) or process.poll() is not None, "the host is ready")
        assert process.poll() is None, host.log
        yield host
    finally:
        process.terminate()
        process.wait()


def is_ready(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer,
    ):
        return bool(answer.status == 200)
    return False
