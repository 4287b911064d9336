"""systemd's units: what is printed, that systemd takes it, and how much the server is shut in."""

import configparser
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from embeddable_host.config.load import load
from embeddable_host.limits import DOWNLOAD_SECONDS, UNPACK_SECONDS
from embeddable_host.serving import limits
from world.host import COMMAND, call, configured, run

UNITS = ["embeddable-host-pull.service", "embeddable-host-pull.timer", "embeddable-host.service"]
SERVER, PULL = "embeddable-host.service", "embeddable-host-pull.service"
EXPOSED = 2.0  # of 10; `systemd-analyze security` calls it OK up to here


class Unit(configparser.RawConfigParser):
    """A unit as it is read without systemd; of an option that stands there twice, the last."""

    def __init__(self, text: str) -> None:
        super().__init__(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#", ";"))
        self.read_string(text)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the units, written for this command."""
    folder = tmp_path_factory.mktemp("systemd") / "units"
    folder.mkdir()
    done = run(folder.parent, "systemd", "--output", "units")
    assert done.returncode == 0, done.stderr
    return folder


def service(units: Path, name: str) -> Mapping[str, str]:
    return Unit((units / name).read_text())["Service"]


def systemd_analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str] | None:
    """systemd's report on units; None on a machine without it."""
    tool = shutil.which("systemd-analyze")
    return subprocess.run([tool, *arguments], capture_output=True, text=True) if tool else None


def test_all_units_are_printed_or_written(tmp_path: Path, units: Path) -> None:
    printed = run(tmp_path, "systemd").stdout

    assert sorted(file.name for file in units.iterdir()) == UNITS
    for name in UNITS:
        assert f"# {name}\n{(units / name).read_text()}" in printed


def test_units_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    for name in UNITS:
        (tmp_path / name).write_text("mine")

    done = call(tmp_path, "systemd", "--output", ".")

    assert done.returncode == 2
    assert "already exists" in done.stderr
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == dict.fromkeys(UNITS, "mine")


@pytest.mark.parametrize("name", UNITS)
def test_every_line_is_an_assignment_in_a_section(units: Path, name: str) -> None:
    text = (units / name).read_text()

    assert "${" not in text
    assert all(re.fullmatch(r"(\[\w+\]|[A-Z]\w+=.*|#.*|)", line) for line in text.splitlines())


def test_systemd_finds_nothing_wrong(units: Path) -> None:
    done = systemd_analyze("verify", *sorted(units.iterdir()))

    report = done.stderr if done else ""
    assert [line for line in report.splitlines() if "embeddable-host" in line] == []
    assert all(Path(service(units, name)["ExecStart"].split()[0]).exists() for name in (SERVER, PULL))


@pytest.mark.parametrize("name", [SERVER, PULL])
def test_a_service_is_shut_in(units: Path, name: str) -> None:
    options = service(units, name)

    assert options["DynamicUser"] == "yes"
    assert (options["ProtectSystem"], options["ProtectHome"]) == ("strict", "yes")
    assert (options["CapabilityBoundingSet"], options["NoNewPrivileges"]) == ("", "yes")
    done = systemd_analyze("security", "--offline=yes", units / name)
    exposure = re.search(r"exposure level for .*: ([\d.]+)", done.stdout) if done else None
    assert (done is None) == (exposure is None)
    assert exposure is None or float(exposure[1]) <= EXPOSED


def test_the_server_has_no_network_and_listens_where_nginx_finds_it(units: Path) -> None:
    options = service(units, SERVER)

    assert options["ExecStart"] == f"{COMMAND} serve --uds %t/embeddable-host/host.sock"
    assert (options["PrivateNetwork"], options["RestrictAddressFamilies"]) == ("yes", "AF_UNIX")
    assert options["RuntimeDirectory"] == "embeddable-host"


def test_messages_outlive_a_restart_and_nginx_can_reach_the_socket(
    units: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = service(units, SERVER)
    name, _, data_dir = options["Environment"].partition("=")
    monkeypatch.setenv(name, data_dir)

    assert load(configured(tmp_path) / "embeddable.toml").relay_dir == Path(data_dir) / "relay"
    assert data_dir == f"%S/{options['StateDirectory']}"
    # A preserved one is private to a dynamic user (systemd, exec_directory_is_private): nginx would find no socket.
    assert (options["DynamicUser"], options.get("RuntimeDirectoryPreserve")) == ("yes", None)


def test_the_server_starts_again_and_reloads_by_sighup(units: Path) -> None:
    options = service(units, SERVER)

    assert options["Restart"] == "always"
    assert options["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_the_server_has_the_files_and_the_time_that_it_needs(units: Path) -> None:
    options = service(units, SERVER)

    assert int(options["LimitNOFILE"]) >= 2 * limits.MAX_CONNECTIONS
    assert int(options["TimeoutStopSec"]) > limits.KILL_SECONDS


def test_the_server_and_the_pull_share_their_user_settings_and_data(units: Path) -> None:
    server, pull = (service(units, name) for name in ("embeddable-host.service", "embeddable-host-pull.service"))

    for option in ("User", "StateDirectory", "ConfigurationDirectory", "WorkingDirectory", "Environment"):
        assert server[option] == pull[option]
    assert server["Environment"] == "EMBEDDABLE_DATA_DIR=%S/embeddable-host"


def test_the_latest_release_is_pulled_every_day(units: Path) -> None:
    timer = Unit((units / "embeddable-host-pull.timer").read_text())["Timer"]
    pull = service(units, PULL)

    assert timer["OnCalendar"] == "daily"
    assert pull["ExecStart"] == f"{COMMAND} pull latest"


def test_a_pull_has_limits_and_gives_way_to_the_server(units: Path) -> None:
    server, pull = service(units, SERVER), service(units, PULL)

    assert (pull["MemoryMax"], pull["TasksMax"], pull["TimeoutStartSec"]) == ("2G", "256", "30min")
    assert int(pull["OOMScoreAdjust"]) > int(server.get("OOMScoreAdjust", "0"))
    assert DOWNLOAD_SECONDS + UNPACK_SECONDS < 30 * 60


@pytest.mark.parametrize("command", ["embeddable-host", "/opt/my host", "/opt/%i", "/opt/a\nExecStartPre=/bin/sh"])
def test_a_command_that_systemd_would_read_otherwise_is_refused(tmp_path: Path, command: str) -> None:
    done = call(tmp_path, "systemd", "--command", command)

    assert (done.returncode, done.stdout) == (2, "")
    assert "--command" in done.stderr


@pytest.mark.parametrize(
    ("command", "hidden"),
    [("/home/me/bin/embeddable-host", True), ("/root/bin/embeddable-host", True), ("/opt/embeddable-host", False)],
)
def test_a_command_that_the_units_could_not_see_is_reported(tmp_path: Path, command: str, hidden: bool) -> None:
    done = call(tmp_path, "systemd", "--command", command)

    assert done.returncode == 0
    assert ("hides" in done.stderr) == hidden
