"""`serve --pull`: a host that gets its first release before it serves, and serves nothing less."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddable_host.config.environment import SERVE_VARIABLES
from embeddable_host.releases.store import installed
from world import cdn
from world.cdn import Cdn
from world.host import Server, configured, run, serving, started
from world.small_release import a_release
from world.timeouts import wait_until

SOON = 10  # seconds; container engines kill what has not stopped by then
PULL = SERVE_VARIABLES["pull"]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Cdn]:
    a_release(tmp_path / "www" / "latest")
    with cdn.serve(tmp_path / "www") as serving:
        yield serving


@pytest.fixture
def folder(tmp_path: Path, network: Cdn, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return configured(tmp_path / "host", f'[widget]\nsource = "{network.url}"\n')


def served(server: Server) -> str:
    return server.ask("/readyz").body.decode()


def test_a_first_start_pulls_and_the_next_does_not(folder: Path, network: Cdn) -> None:
    with serving(folder, "--pull", "latest") as server:
        [release] = installed(folder / "var" / "releases")
        assert release in served(server)
    requested = len(network.requests)

    with serving(folder, environment={PULL: "latest"}) as server:
        assert release in served(server)
    assert len(network.requests) == requested > 0


def test_a_first_pull_that_fails_is_reported_and_nothing_is_served(folder: Path, network: Cdn) -> None:
    network.faults["/latest/app.js"] = cdn.status(404)

    done = run(folder, "serve", "--port", "0", environment={PULL: "latest"})

    assert done.returncode == 2
    for part in ("app.js", "Not started", "Without --pull"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert "Embeddable Host on" not in done.stderr
    assert installed(folder / "var" / "releases") == []


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_first_pull_can_be_stopped(folder: Path, network: Cdn, by: signal.Signals) -> None:
    gate = network.faults["/latest/app.js"] = cdn.Gate()
    with started(folder, "--pull", "latest", "--port", "0") as server:
        wait_until(gate.reached.is_set, "the pull is under way")
        server.process.send_signal(by)
        assert server.process.wait(SOON) == 1
        assert "Traceback" not in server.output
    gate.opened.set()
    assert installed(folder / "var" / "releases") == []


def test_variables_say_where_to_listen_and_options_win(folder: Path) -> None:
    variables = {SERVE_VARIABLES["host"]: "127.0.0.2", SERVE_VARIABLES["port"]: "0"}
    with started(folder, environment=variables) as server:
        wait_until(
            lambda: "Embeddable Host on http://127.0.0.2:" in server.output, "it listens on the address of the variable"
        )
    with serving(folder, "--host", "127.0.0.1", environment=variables):
        pass


def test_a_variable_that_is_empty_is_as_one_that_is_not_there(folder: Path, network: Cdn) -> None:
    """A compose file may set it to nothing."""
    with serving(folder, environment={PULL: "", SERVE_VARIABLES["host"]: ""}) as server:
        assert "cdn" in served(server)
    assert network.requests == []
