"""A host for `check` to look at, behind an nginx that each test makes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from world.authority import Authority, Certificate
from world.checked import NAME, SECRET, SETTINGS, URL, Command, Deployment, Examine, Result
from world.deployment import (
    deployed,
)
from world.host import Server, add_release, call, configured, serving


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a host with settings, a profile and a release."""
    folder = configured(tmp_path_factory.mktemp("check") / "host", SETTINGS)
    add_release(folder)
    return folder


@pytest.fixture(scope="session")
def host(folder: Path) -> Iterator[Server]:
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("check") / "authority")


@pytest.fixture(scope="session")
def certificates(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Certificate | None]:
    return {
        "good": authority.issue(NAME),
        "expired": authority.issue(NAME, days=-1),
        "soon to expire": authority.issue(NAME, days=10),
        "another name's": authority.issue("www.example.com"),
        "another authority's": Authority(tmp_path_factory.mktemp("check") / "other").issue(NAME),
        "none": None,
    }


@pytest.fixture
def examine(
    tmp_path: Path, folder: Path, host: Server, authority: Authority, certificates: Mapping[str, Certificate | None]
) -> Examine:
    """Deploys, runs `check` in a folder (the host's own unless another is given), and returns what it said."""

    def examine(
        deployment: Deployment,
        *options: str,
        url: str = URL,
        here: Path = folder,
        command: Command = call,
    ) -> Result:
        given = certificates[deployment.certificate]
        with deployed(tmp_path, host.port, given, deployment.on_https, deployment.on_http) as (https, http):
            ports = [f"{NAME}:443:127.0.0.1:{https}", f"{NAME}:80:127.0.0.1:{http}"]
            connect = [argument for port in ports for argument in ("--connect-to", port)]
            trust = {"SSL_CERT_FILE": str(authority.file), "HTTPS_PROXY": "http://127.0.0.1:1"}
            done = command(here, "check", url, *connect, *options, environment=trust)
        requests = [line.split(" ") for line in (tmp_path / "requests.log").read_text().splitlines()]
        assert {host for _, host, _ in requests} <= {NAME, ""}, "it followed a redirect"
        assert not [address for _, _, address in requests if "?" in address], "it sent a query"
        asked = [address for *_, address in requests]
        for secret in (SECRET, *(address[len("/relay/") :] for address in asked if address.startswith("/relay/"))):
            assert secret not in done.stdout + done.stderr
        return Result(done.returncode, done.stdout, done.stderr, asked)

    return examine
