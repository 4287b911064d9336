"""What `check` says: a finding for each cause, with its remedy, for people and for machines."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embeddable_host.check.check import check as check_address
from embeddable_host.check.client import read_target
from embeddable_host.faults.faults import FAULTS
from world.checked import (
    BAD_USAGE,
    BROKEN,
    FOUND,
    NAME,
    SECRET,
    URL,
    Deployment,
    Examine,
    ask,
    check,
    plain,
)
from world.deployment import (
    added,
)
from world.host import Quiet, Server, configured, run
from world.refusals import NOT_KNOWN

KEYS = {"address", "against", "release", "relay", "checked", "days_left", "findings", "registration"}
FINDING_KEYS = {"name", "addresses", "expected", "actual", "why", "fix"}


# No answer at all


@pytest.mark.parametrize(
    ("url", "options", "fault"),
    [
        pytest.param("https://phone..example.com/", (), "dns", id="no name"),
        # A zone that no machine has: refused without asking any name server.
        pytest.param(URL, ("--connect-to", f"{NAME}:443:[fe80::1%none]:443"), "dns", id="no address"),
        pytest.param(URL, ("--connect-to", f"{NAME}:443:127.0.0.1:1"), "unreachable", id="nobody listens"),
    ],
)
@pytest.mark.parametrize("mode", [(), ("--no-config",)], ids=["configured", "address only"])
def test_a_host_that_cannot_be_reached_is_one_finding(
    folder: Path, url: str, options: tuple[str, ...], fault: str, mode: tuple[str, ...]
) -> None:
    result = check(folder, url, "--json", *options, *mode)
    assert (result.code, result.faults) == (FOUND, [fault]), result.stdout
    assert result.report["checked"] == 0


def test_plain_http_is_a_finding_but_on_loopback(folder: Path, host: Server) -> None:
    assert ask(host, "--json", here=folder).faults == []
    elsewhere = ("--connect-to", f"{NAME}:80:127.0.0.1:{host.port}")
    assert check(folder, f"http://{NAME}/", "--json", *elsewhere).faults == ["no-tls"]


def test_an_answer_without_end_is_a_finding(host: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embeddable_host.check.client.LIMIT", 100)
    target = read_target(f"http://127.0.0.1:{host.port}/")
    with ThreadPoolExecutor() as pool:  # an event loop of its own, whatever else runs in this one
        report = pool.submit(check_address, target, None, Quiet()).result()
    assert [finding.name for finding in report.findings] == ["no-answer"]
    assert report.findings[0].actual == "more than 100 bytes"


# What is told


def test_every_fault_there_is_can_be_shown() -> None:
    shown = {fault for fault, _ in BROKEN.values()}
    elsewhere = {"dns", "unreachable", "no-tls", "other-settings", "wrong-release"}
    of_registration = {"client-of-the-other-server", *NOT_KNOWN.values()}
    told_to_users = {name for name, fault in FAULTS.items() if fault.sentence}  # by the redirect page
    of_the_trial = {name for name, fault in FAULTS.items() if fault.seen_by_live_test}
    assert shown | elsewhere | of_registration | told_to_users | of_the_trial == FAULTS.keys()
    assert set(itertools.chain(*(fault.explains for fault in FAULTS.values()))) <= FAULTS.keys()


def test_json_has_the_same_keys_whatever_is_found(examine: Examine) -> None:
    result = examine(BROKEN["X-Frame-Options"][1], "--json")
    assert result.report.keys() == KEYS
    (finding,) = result.findings
    assert finding.keys() == FINDING_KEYS
    assert all(finding.values())
    assert finding["expected"] == "no X-Frame-Options"
    assert finding["actual"] == "SAMEORIGIN"
    assert examine(Deployment(), "--json").report.keys() == KEYS


def test_one_cause_at_many_addresses_is_one_finding(examine: Examine) -> None:
    result = examine(BROKEN["a second CSP"][1])
    pages = 3 + 3 + 4  # that may be framed: of both profiles, and of the release
    assert "1 finding." in plain(result.stdout)
    assert re.search(r"at +/redirect\.html, /sandbox/redirect\.html, \S+ and \d+ more", plain(result.stdout))
    assert len(examine(BROKEN["a second CSP"][1], "--json").findings[0]["addresses"]) >= pages


def test_a_finding_says_what_was_expected_and_seen_why_it_matters_and_what_to_change(examine: Examine) -> None:
    told = plain(examine(BROKEN["an opener policy"][1]).stdout)
    assert re.search(
        r"opener-policy at .* expected unsafe-none.* seen same-origin why .*opener.* change .*add_header", told
    )


@pytest.mark.parametrize("columns", [60, 100])
def test_the_table_keeps_to_the_width_of_the_terminal(folder: Path, columns: int) -> None:
    options = ("--connect-to", f"{NAME}:443:127.0.0.1:1")
    result = check(folder, URL, *options, environment={"COLUMNS": str(columns)})
    lengths = [len(line) for line in result.stdout.splitlines()]
    assert columns - 20 < max(lengths) <= columns


def test_what_came_from_outside_cannot_command_the_terminal(examine: Examine) -> None:
    result = examine(Deployment(added('X-Frame-Options "\x9b31mDENY"')), command=run)
    assert "?31mDENY" in result.stdout
    assert "\x9b" not in result.stdout
    assert "\x1b" not in result.stdout  # nor do colours go where there is no terminal


def test_progress_goes_to_stderr(examine: Examine) -> None:
    result = examine(Deployment(), command=run)
    assert f"Checking {URL}" in result.stderr
    assert "Checking" not in result.stdout


# Usage


def test_the_address_is_the_public_one_unless_given(tmp_path: Path) -> None:
    here = configured(tmp_path / "here", f'public_url = "{URL}phone/"')
    result = check(here, "--json", "--connect-to", f"{NAME}:443:127.0.0.1:1")
    assert result.report["address"] == f"{URL}phone/"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((), "Give the address to check, or set public_url", id="no address"),
        pytest.param(("phone.example.com",), "not a full address", id="no scheme"),
        pytest.param(("ftp://phone.example.com/",), "not a full address", id="another scheme"),
        pytest.param(("https://[/",), "not a full address", id="no URL"),
        pytest.param((f"{URL}redirect.html?code={SECRET}",), "without user, ? and #", id="a callback"),
        pytest.param((f"{URL}#access_token={SECRET}",), "without user, ? and #", id="a token"),
        pytest.param((f"https://user:{SECRET}@{NAME}/",), "without user, ? and #", id="a password"),
        pytest.param((f"{URL}redirect.html",), "the folder that redirect.html lies in", id="a page"),
        pytest.param((URL, "--connect-to", "127.0.0.1"), "Write HOST:PORT:ADDRESS:PORT", id="half an endpoint"),
        pytest.param((URL, "--config", "nothing.toml"), "nothing.toml: there is no such file", id="no file"),
    ],
)
def test_bad_usage_is_told_with_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = check(tmp_path, *arguments)
    assert result.code == BAD_USAGE
    assert message in plain(result.stderr)
    assert result.stdout == ""
    assert SECRET not in result.stderr
