"""`check` against a real nginx with TLS in front of a real host: a correct configuration, and many broken ones.

Each fault must be found by its name, and nothing else.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from embeddable_host.check.client import read_target
from world import proxy
from world.authority import Authority, Certificate
from world.checked import (
    BROKEN,
    CHECK_FAILED,
    HIDDEN,
    NAME,
    SETTINGS,
    URL,
    Deployment,
    Examine,
    check,
    check_server,
    one_line,
)
from world.deployment import PASSED_ON, changed
from world.host import Server, add_release, call, configured, run, serving
from world.internet import free_ports


def test_a_correct_deployment_has_no_findings(examine: Examine) -> None:
    result = examine(Deployment(), command=run)
    assert result.code == 0, result.stdout
    assert "against this configuration" in one_line(result.stdout)
    assert "certificate valid for 90 days; no findings." in one_line(result.stdout)


def test_a_deployment_below_a_path_has_no_findings(examine: Examine) -> None:
    result = examine(Deployment("location /phone/ { PASS/; }"), "--json", url=f"{URL}phone/")
    assert (result.code, result.faults) == (0, []), result.stdout
    assert result.report["address"] == f"{URL}phone/"


@pytest.mark.parametrize("below", ["", "phone/"], ids=["site", "below a path"])
def test_the_shipped_nginx_configuration_has_no_findings(
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


def test_a_proxy_may_refuse_the_operators_addresses(examine: Examine) -> None:
    result = examine(Deployment("location ~ ^/(healthz|readyz)$ { return 404; } " + PASSED_ON), "--json")
    assert (result.code, result.faults) == (0, []), result.stdout


def test_a_page_that_nobody_frames_may_have_x_frame_options(examine: Examine) -> None:
    with_header = changed("add_header X-Frame-Options DENY;", "= /")
    result = examine(Deployment(with_header), "--json")
    assert (result.code, result.faults) == (0, []), result.stdout


def test_port_80_may_be_closed(examine: Examine) -> None:
    result = examine(Deployment(on_http="return 444;"), "--json")
    assert (result.code, result.faults) == (0, []), result.stdout


def test_every_address_of_the_configuration_is_requested(examine: Examine) -> None:
    result = examine(Deployment(on_http="return 444;"), "--json")
    widget = f"/widget/{result.report['release']}"
    for path in ("/", "/redirect.html", "/sandbox/redirect.html", "/sandbox/host.json", f"{widget}/app.js"):
        assert path in result.requested
    paths = {re.sub("^/relay/[0-9a-f]{64}$", "/relay/", path) for path in result.requested}
    assert "/relay/" in paths
    assert len(paths) == result.report["checked"]


def test_a_name_with_special_characters_is_requested_unchanged() -> None:
    target = read_target("https://phone.example.com/a b")
    assert target.url("/50%41 ?#é.txt").raw_path == b"/a%20b/50%2541%20%3F%23%C3%A9.txt"


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_of_the_proxy_is_found_and_nothing_else(
    examine: Examine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, deployment = BROKEN[name]
    if fault == "relay-late":
        monkeypatch.setattr("embeddable_host.check.relay.DELIVERY_TIMEOUT_SECONDS", 0.5)
    result = examine(deployment, "--json")
    assert result.faults == [fault], result.stdout
    assert result.code == CHECK_FAILED


def test_a_relay_that_cannot_store_messages_is_found(tmp_path: Path) -> None:
    add_release(configured(tmp_path, '[relay]\ndir = "embeddable.toml/relay"'))
    with serving(tmp_path) as server:
        for mode in ([], ["--no-config"]):
            result = check_server(server, "--json", *mode, here=tmp_path)
            assert result.faults == ["relay-full"], result.stdout
            assert result.findings[0]["addresses"] == ["/relay/"]
            assert result.findings[0]["actual"] == "503 Service Unavailable"


@pytest.mark.parametrize(
    "settings", ["[relay]\nenabled = false", '[widget]\nrelease = "cdn"'], ids=["off", "no release"]
)
def test_a_host_without_a_relay_has_no_findings(tmp_path: Path, settings: str) -> None:
    add_release(configured(tmp_path, settings))
    with serving(tmp_path) as server:
        for mode in ([], ["--no-config"]):
            result = check_server(server, "--json", *mode, here=tmp_path)
            assert (result.faults, result.report["relay"]) == ([], False), result.stdout
        assert "/relay/" not in server.output


# Without a configuration


@pytest.mark.parametrize("name", BROKEN)
def test_without_a_configuration_everything_else_is_found(
    examine: Examine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, deployment = BROKEN[name]
    if fault == "relay-late":
        monkeypatch.setattr("embeddable_host.check.relay.DELIVERY_TIMEOUT_SECONDS", 0.5)
    result = examine(deployment, "--json", "--no-config")
    assert result.faults == ([] if name in HIDDEN else [fault]), result.stdout
    assert result.report["against"] == "address"


def test_without_any_settings_here_the_report_mentions_it(examine: Examine, tmp_path: Path) -> None:
    result = examine(Deployment(), here=tmp_path)
    assert result.code == 0, result.stdout
    assert "without a configuration" in one_line(result.stdout)


def test_a_host_without_setup_pages_has_no_findings(tmp_path: Path) -> None:
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
    result = check_server(host, "--json", here=tmp_path, environment={"EMBEDDABLE_WIDGET__RELEASE": "cdn"})
    assert result.report["against"] == "configuration"


# Another configuration than the host's


def test_a_host_with_other_settings_is_found(examine: Examine, tmp_path: Path) -> None:
    here = configured(tmp_path / "here", SETTINGS.replace("host-client", "new-client"))
    add_release(here)
    result = examine(Deployment(), "--json", here=here)
    assert result.faults == ["other-settings"], result.stdout
    assert {"/adapter.js", "/app.html"} <= set(result.findings[0]["addresses"])


def test_older_releases_that_only_exist_here_are_ignored(examine: Examine, tmp_path: Path) -> None:
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
        result = check_server(loader, "--json", here=folder)
    assert result.faults == ["wrong-release"], result.stdout
    assert result.findings[0]["actual"] == "cdn"


# What the host reports about itself


@pytest.mark.parametrize(
    "host_json",
    [
        pytest.param("return 404;", id="an older host"),
        pytest.param("return 200 '[]';", id="another document"),
        pytest.param('return 200 \'{"release": "../x", "relay": 1}\';', id="other values"),
    ],
)
def test_release_and_relay_are_unknown_without_host_json(examine: Examine, host_json: str) -> None:
    on_https = f"location = /host.json {{ default_type 'application/json'; {host_json} }} {PASSED_ON}"
    result = examine(Deployment(on_https), "--json", "--no-config")
    assert (result.report["release"], result.report["relay"]) == (None, None)
    assert not [path for path in result.requested if path.startswith("/relay/")]


def test_an_older_host_without_host_json_has_no_findings_without_a_configuration(examine: Examine) -> None:
    older = f"location = /host.json {{ return 404; }} {PASSED_ON}"
    result = examine(Deployment(older), "--json", "--no-config")
    assert (result.code, result.faults) == (0, []), result.stdout
