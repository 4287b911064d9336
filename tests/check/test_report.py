"""The report of `check`: a finding for each cause, with its fix, for people and for programs."""

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
    CHECK_FAILED,
    NAME,
    SECRET,
    URL,
    Deployment,
    Examine,
    check,
    check_server,
    one_line,
)
from world.deployment import added
from world.host import Quiet, Server, configured, run
from world.refusals import FAULT_BY_REFUSAL

KEYS = {"address", "against", "release", "relay", "checked", "days_left", "findings", "registration"}
FINDING_KEYS = {"name", "addresses", "expected", "actual", "why", "fix"}


# No response


@pytest.mark.parametrize(
    ("url", "options", "fault"),
    [
        pytest.param("https://phone..example.com/", (), "dns", id="no name"),
        # A zone that no machine has: refused without asking any name server.
        pytest.param(URL, ("--connect-to", f"{NAME}:443:[fe80::1%none]:443"), "dns", id="no address"),
        pytest.param(URL, ("--connect-to", f"{NAME}:443:127.0.0.1:1"), "unreachable", id="nobody listens"),
    ],
)
@pytest.mark.parametrize("mode", [(), ("--no-config",)], ids=["configured", "no configuration"])
def test_a_host_that_cannot_be_reached_is_one_finding(
    folder: Path, url: str, options: tuple[str, ...], fault: str, mode: tuple[str, ...]
) -> None:
    result = check(folder, url, "--json", *options, *mode)
    assert (result.code, result.faults) == (CHECK_FAILED, [fault]), result.stdout
    assert result.report["checked"] == 0


def test_plain_http_is_a_finding_except_on_loopback(folder: Path, host: Server) -> None:
    assert check_server(host, "--json", here=folder).faults == []
    elsewhere = ("--connect-to", f"{NAME}:80:127.0.0.1:{host.port}")
    assert check(folder, f"http://{NAME}/", "--json", *elsewhere).faults == ["no-tls"]


def test_an_endless_response_is_a_finding(host: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embeddable_host.check.expected.MAX_RESPONSE_BYTES", 100)
    target = read_target(f"http://127.0.0.1:{host.port}/")
    with ThreadPoolExecutor() as pool:  # with an event loop of its own
        report = pool.submit(check_address, target, None, Quiet()).result()
    assert [finding.name for finding in report.findings] == ["too-large"]
    assert report.findings[0].expected == "at most 100 bytes"


# The report


def test_every_fault_is_found_somewhere() -> None:
    of_a_proxy = {fault for fault, _ in BROKEN.values()}
    elsewhere = {"dns", "unreachable", "no-tls", "other-settings", "wrong-release", "too-large"}
    of_registration = {"client-on-other-server", *FAULT_BY_REFUSAL.values()}
    of_the_redirect_page = {name for name, fault in FAULTS.items() if fault.text}
    of_the_live_test = {name for name, fault in FAULTS.items() if fault.seen_by_live_test}
    assert of_a_proxy | elsewhere | of_registration | of_the_redirect_page | of_the_live_test == FAULTS.keys()
    assert set(itertools.chain(*(fault.explains for fault in FAULTS.values()))) <= FAULTS.keys()


def test_json_has_the_same_keys_with_and_without_findings(examine: Examine) -> None:
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
    pages = 3 + 3 + 4  # of both profiles, and of the release
    assert "1 finding." in one_line(result.stdout)
    assert re.search(r"at +/redirect\.html, /sandbox/redirect\.html, \S+ and \d+ more", one_line(result.stdout))
    assert len(examine(BROKEN["a second CSP"][1], "--json").findings[0]["addresses"]) >= pages


def test_a_finding_shows_expected_and_actual_why_it_matters_and_the_fix(examine: Examine) -> None:
    report = one_line(examine(BROKEN["an opener policy"][1]).stdout)
    assert re.search(
        r"opener-policy at .* expected unsafe-none.* actual same-origin why .*opener.* fix .*add_header", report
    )


@pytest.mark.parametrize("columns", [60, 100])
def test_the_table_keeps_to_the_width_of_the_terminal(folder: Path, columns: int) -> None:
    options = ("--connect-to", f"{NAME}:443:127.0.0.1:1")
    result = check(folder, URL, *options, environment={"COLUMNS": str(columns)})
    lengths = [len(line) for line in result.stdout.splitlines()]
    assert columns - 20 < max(lengths) <= columns


def test_text_from_outside_cannot_control_the_terminal(examine: Examine) -> None:
    result = examine(Deployment(added('X-Frame-Options "\x9b31mDENY"')), command=run)
    assert "?31mDENY" in result.stdout
    assert "\x9b" not in result.stdout
    assert "\x1b" not in result.stdout  # no colours without a terminal


def test_progress_goes_to_stderr(examine: Examine) -> None:
    result = examine(Deployment(), command=run)
    assert f"Checking {URL}" in result.stderr
    assert "Checking" not in result.stdout


# Usage


def test_the_default_address_is_the_public_one(tmp_path: Path) -> None:
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
        pytest.param((f"{URL}redirect.html",), "the folder that contains redirect.html", id="a page"),
        pytest.param((URL, "--connect-to", "127.0.0.1"), "Write HOST:PORT:ADDRESS:PORT", id="half an endpoint"),
        pytest.param((URL, "--config", "nothing.toml"), "nothing.toml: there is no such file", id="no file"),
    ],
)
def test_bad_usage_ends_with_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = check(tmp_path, *arguments)
    assert result.code == BAD_USAGE
    assert message in one_line(result.stderr)
    assert result.stdout == ""
    assert SECRET not in result.stderr
