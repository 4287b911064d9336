"""`check` against a real nginx over TLS in front of a real host: one that is right, and many that break something.

Each broken configuration must be found, by the right name, and nothing else beside it.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from embeddable_host.check.client import read_target
from world import proxy
from world.authority import Authority, Certificate
from world.checked import BROKEN, FOUND, HIDDEN, NAME, SETTINGS, URL, Deployment, Examine, ask, check, plain
from world.deployment import (
    PASSED_ON,
    changed,
)
from world.host import Server, add_release, call, configured, run, serving
from world.internet import free_ports


def test_a_right_deployment_has_no_findings(examine: Examine) -> None:
    result = examine(Deployment(), command=run)
    assert result.code == 0, result.stdout
    assert "as this configuration has them" in plain(result.stdout)
    assert "certificate good for 90 days; nothing found wrong." in plain(result.stdout)


def test_nor_has_one_under_a_path(examine: Examine) -> None:
    result = examine(Deployment("location /phone/ { PASS/; }"), "--json", url=f"{URL}phone/")
    assert (result.code, result.faults) == (0, []), result.stdout
    assert result.report["address"] == f"{URL}phone/"


@pytest.mark.parametrize("below", ["", "phone/"], ids=["site", "below a path"])
def test_nor_has_the_shipped_nginx_configuration(
    folder: Path,
    host: Server,
    authority: Authority,
    certificates: Mapping[str, Certificate | None],
    tmp_path: Path,
    below: str,
) -> None:
    https, http = free_ports(2)
    good = certificates["good"]
    assert good
    upstreams = [f"127.0.0.1:{host.port}"]
    certified = tmp_path / "certified"
    certified.mkdir()
    shutil.copy(good.certificate, certified / "certificate.pem")
    shutil.copy(good.key, certified / "key.pem")
    if below:
        included = proxy.below_a_path(tmp_path, certified, https, upstreams, name=NAME)
    else:
        included = proxy.site(tmp_path, certified, https, http, upstreams, name=NAME)
    here = ("--connect-to", f"{NAME}:{https}:127.0.0.1:{https}")
    with proxy.running(tmp_path, included, https):
        trust = {"SSL_CERT_FILE": str(authority.file)}
        result = check(folder, f"https://{NAME}:{https}/{below}", "--json", *here, environment=trust)
    assert (result.code, result.faults) == (0, []), result.stdout


def test_nor_one_that_keeps_the_operators_addresses_to_itself(examine: Examine) -> None:
    result = examine(Deployment("location ~ ^/(healthz|readyz)$ { return 404; } " + PASSED_ON), "--json")
    assert (result.code, result.faults) == (0, []), result.stdout


def test_nor_one_that_keeps_frames_from_the_page_that_has_none(examine: Examine) -> None:
    framed_by_nobody = changed("add_header X-Frame-Options DENY;", "= /")
    result = examine(Deployment(framed_by_nobody), "--json")
    assert (result.code, result.faults) == (0, []), result.stdout


def test_nor_one_with_port_80_closed(examine: Examine) -> None:
    result = examine(Deployment(on_http="return 444;"), "--json")
    assert (result.code, result.faults) == (0, []), result.stdout


def test_every_address_of_the_configuration_is_asked_for(examine: Examine) -> None:
    result = examine(Deployment(on_http="return 444;"), "--json")
    widget = f"/widget/{result.report['release']}"
    for address in ("/", "/redirect.html", "/sandbox/redirect.html", "/sandbox/adapter.js", f"{widget}/app.js"):
        assert address in result.asked
    asked = {re.sub("^/relay/[0-9a-f]{64}$", "/relay/", address) for address in result.asked}
    assert "/relay/" in asked
    assert len(asked) == result.report["checked"]


def test_a_name_with_odd_characters_is_asked_for_as_it_is() -> None:
    target = read_target("https://phone.example.com/a b")
    assert target.at("/50%41 ?#é.txt").raw_path == b"/a%20b/50%2541%20%3F%23%C3%A9.txt"


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_proxy_breaks_is_found_and_nothing_else(
    examine: Examine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, deployment = BROKEN[name]
    if fault == "relay-late":
        monkeypatch.setattr("embeddable_host.check.relay.SOON", 0.5)
    result = examine(deployment, "--json")
    assert result.faults == [fault], result.stdout
    assert result.code == FOUND


def test_a_host_that_can_keep_no_letters_is_found(tmp_path: Path) -> None:
    add_release(configured(tmp_path, '[relay]\nfolder = "embeddable.toml/relay"'))
    with serving(tmp_path) as server:
        for mode in ([], ["--no-config"]):
            result = ask(server, "--json", *mode, here=tmp_path)
            assert result.faults == ["relay-full"], result.stdout
            assert result.findings[0]["addresses"] == ["/relay/"]
            assert result.findings[0]["actual"] == "503 Service Unavailable"


@pytest.mark.parametrize(
    "settings", ["[relay]\nenabled = false", '[widget]\nrelease = "cdn"'], ids=["off", "no release"]
)
def test_where_there_is_no_relay_none_is_missed(tmp_path: Path, settings: str) -> None:
    add_release(configured(tmp_path, settings))
    with serving(tmp_path) as server:
        for mode in ([], ["--no-config"]):
            result = ask(server, "--json", *mode, here=tmp_path)
            assert (result.faults, result.report["relay"]) == ([], False), result.stdout
        assert "/relay/" not in server.output


# Without a configuration


@pytest.mark.parametrize("name", BROKEN)
def test_the_address_alone_shows_all_but_what_settings_decide(
    examine: Examine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, deployment = BROKEN[name]
    if fault == "relay-late":
        monkeypatch.setattr("embeddable_host.check.relay.SOON", 0.5)
    result = examine(deployment, "--json", "--no-config")
    assert result.faults == ([] if name in HIDDEN else [fault]), result.stdout
    assert result.report["against"] == "address"


def test_where_nothing_is_configured_the_address_alone_is_checked_and_that_is_said(
    examine: Examine, tmp_path: Path
) -> None:
    result = examine(Deployment(), here=tmp_path)
    assert result.code == 0, result.stdout
    assert "without a configuration" in plain(result.stdout)


def test_a_host_without_its_setup_pages_is_right_with_and_without_its_configuration(tmp_path: Path) -> None:
    add_release(configured(tmp_path, f"{SETTINGS}[setup]\nenabled = false\n"))
    with serving(tmp_path) as server:
        for mode in ([], ["--no-config"]):
            done = call(tmp_path, "check", f"http://127.0.0.1:{server.port}/", "--json", *mode)
            assert done.returncode == 0, done.stdout


def test_a_release_is_a_configuration(examine: Examine, tmp_path: Path) -> None:
    add_release(tmp_path / "here")
    result = examine(Deployment(), "--json", here=tmp_path / "here")
    assert result.report["against"] == "configuration"


def test_a_variable_is_a_configuration(tmp_path: Path, host: Server) -> None:
    result = ask(host, "--json", here=tmp_path, environment={"EMBEDDABLE_WIDGET__RELEASE": "cdn"})
    assert result.report["against"] == "configuration"


# Another configuration than the host's


def test_a_host_with_other_settings_is_found(examine: Examine, tmp_path: Path) -> None:
    here = configured(tmp_path / "here", SETTINGS.replace("host-client", "new-client"))
    add_release(here)
    result = examine(Deployment(), "--json", here=here)
    assert result.faults == ["other-settings"], result.stdout
    assert {"/adapter.js", "/app.html"} <= set(result.findings[0]["addresses"])


def test_older_releases_that_are_here_alone_are_no_matter(examine: Examine, tmp_path: Path) -> None:
    here = configured(tmp_path / "here", SETTINGS)
    add_release(here, "second")
    add_release(here)
    result = examine(Deployment(), "--json", here=here)
    assert (result.code, result.faults) == (0, []), result.stdout


def test_a_host_with_another_release_is_found(examine: Examine, tmp_path: Path) -> None:
    here = configured(tmp_path / "here", SETTINGS)
    release = add_release(here, "second")
    result = examine(Deployment(), "--json", here=here)
    assert result.faults == ["wrong-release"], result.stdout
    assert result.findings[0]["expected"] == release.id
    assert result.findings[0]["actual"] == result.report["release"] != release.id


def test_a_host_without_a_release_is_found(folder: Path, tmp_path: Path) -> None:
    with serving(configured(tmp_path / "loader", SETTINGS)) as loader:
        result = ask(loader, "--json", here=folder)
    assert result.faults == ["wrong-release"], result.stdout
    assert result.findings[0]["actual"] == "cdn"
