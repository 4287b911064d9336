"""`check` against a real nginx over TLS in front of a real host: one that is right, and many that break something.

Each broken configuration must be found, by the right name, and nothing else beside it.
"""

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from world import proxy
from world.authority import Authority, Certificate
from world.deployment import (
    PASSED_ON,
    TO_HTTPS,
    added,
    changed,
    deployed,
    dropped,
    replaced,
    rewritten,
)
from world.host import Quiet, Server, add_release, call, configured, run, serving
from world.internet import free_ports

from server.check.check import check as check_address
from server.check.probe import read_target
from server.faults.faults import FAULTS

NAME = "phone.example.com"
URL = f"https://{NAME}/"
SECRET = "s3cret-code"  # in addresses that nginx redirects to: never to be shown
SETTINGS = """
[params]
clientId = "host-client"

[profiles.sandbox.params]
clientId = "sandbox-client"
prefix = "rc-sandbox"
"""
KEYS = {"address", "against", "release", "relay", "checked", "days_left", "findings"}
FINDING_KEYS = {"name", "addresses", "expected", "seen", "why", "change"}
FOUND = 1
BAD_USAGE = 2


@dataclass(frozen=True)
class Deployment:
    """nginx in front of the host: the lines of its server blocks for https and http, and its certificate."""

    on_https: str = PASSED_ON
    on_http: str = TO_HTTPS
    certificate: str = "good"


@dataclass(frozen=True)
class Result:
    """What `check` said."""

    code: int
    stdout: str
    stderr: str
    asked: list[str] = field(default_factory=list)  # the addresses that nginx was asked for

    @property
    def report(self) -> dict[str, Any]:
        return json.loads(self.stdout)

    @property
    def findings(self) -> list[dict[str, Any]]:
        return self.report["findings"]

    @property
    def faults(self) -> list[str]:
        return [finding["name"] for finding in self.findings]


Examine = Callable[..., Result]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a host with settings, a profile and a release."""
    folder = configured(tmp_path_factory.mktemp("check") / "host", SETTINGS)
    add_release(folder)
    return folder


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[Server]:
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("check") / "authority")


@pytest.fixture(scope="module")
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
        requests = [line.split(" ") for line in (tmp_path / "asked.log").read_text().splitlines()]
        assert {host for _, host, _ in requests} <= {NAME, ""}, "it followed a redirect"
        assert not [address for _, _, address in requests if "?" in address], "it sent a query"
        asked = [address for *_, address in requests]
        for secret in (SECRET, *(address[len("/relay/") :] for address in asked if address.startswith("/relay/"))):
            assert secret not in done.stdout + done.stderr
        return Result(done.returncode, done.stdout, done.stderr, asked)

    return examine


SPA = "location = /spa.html { internal; return 200 '<!doctype html><title>App</title><div id=root></div>'; }"
FALLBACK = f"{SPA} location / {{ root /nonexistent; try_files $uri /spa.html; }}"

# GETs go to where the letters of a profile lie, which are others: as if to another host.
ELSEWHERE = "location /relay/ { if ($request_method = GET) { rewrite ^ /sandbox$uri break; } PASS; } "

# Lines of nginx that break something, and the one fault that `check` must find.
BROKEN: Mapping[str, tuple[str, Deployment]] = {
    name: (fault, given if isinstance(given, Deployment) else Deployment(given))
    for name, (fault, given) in {
        "an opener policy": ("opener-policy", replaced("Cross-Origin-Opener-Policy", "same-origin")),
        "an opener policy beside the host's": ("opener-policy", added("Cross-Origin-Opener-Policy same-origin")),
        "X-Frame-Options": ("frame-options", added("X-Frame-Options SAMEORIGIN")),
        "a second CSP": ("csp-added", added("Content-Security-Policy \"default-src 'self'\"")),
        "another CSP": ("csp-replaced", replaced("Content-Security-Policy", "default-src 'self'")),
        "no CSP": ("csp-replaced", dropped("Content-Security-Policy")),
        "a script put in": ("rewritten", rewritten("</body>", "<script>count()</script></body>")),
        "an address replaced": ("rewritten", rewritten("RingCentral", "Phone")),
        "no compression": ("compression-lost", changed("proxy_set_header Accept-Encoding '';")),
        "a page for everything": ("page-for-file", FALLBACK),
        "a page for the release's files": ("page-for-file", FALLBACK.replace("/ {", "/widget/ {", 1) + PASSED_ON),
        "a login page for the redirect page": (
            "foreign-page",
            "location = /redirect.html { return 200 '<!doctype html><title>Log in</title><form></form>'; } "
            + PASSED_ON,
        ),
        "a page for what is missing": (
            "page-for-file",
            SPA + changed("proxy_intercept_errors on; error_page 404 =200 /spa.html;"),
        ),
        "a login at another host": (
            "login-wall",
            f"location / {{ return 302 https://login.example.net/?rd=$uri&code={SECRET}; }}",
        ),
        "a login at the root of another host": ("login-wall", "return 302 https://login.example.net/;"),
        "a portal at another host": ("login-wall", "return 302 https://portal.example.net/start;"),
        "a login at the same host": ("login-wall", f"location / {{ return 302 /oauth2/start?code={SECRET}; }}"),
        "a password": ("login-wall", "location / { return 401; }"),
        "a bot check": ("login-wall", "location = /redirect.html { return 403; } " + PASSED_ON),
        "a slash at the end": (
            "redirects",
            f"location = /redirect.html {{ return 301 /redirect.html/?code={SECRET}; }} " + PASSED_ON,
        ),
        "www": ("redirects", f"return 301 https://www.{NAME}$request_uri;"),
        "another domain": ("redirects", "return 301 https://phone.example.net/new$request_uri;"),
        "another domain with the same paths": ("redirects", "return 301 https://phone.example.net$request_uri;"),
        "clean addresses": (
            "redirects",
            r"location ~ ^(.*)/(redirect|app|popup)\.html$ { return 308 $1/$2; } " + PASSED_ON,
        ),
        "a redirect page kept": (
            "redirect-page-cached",
            replaced("Cache-Control", "public, max-age=3600", "= /redirect.html"),
        ),
        "everything kept": ("redirect-page-cached", replaced("Cache-Control", "public, max-age=14400")),
        "adapters kept for a year": ("cache-policy", changed("expires 1y;", r"~ /adapter[.a-z]*\.js$")),
        "a release kept briefly": ("cache-policy", changed("expires 1h;", "/widget/")),
        "the default profile for another": (
            "wrong-profile",
            "location /sandbox/ { PASS/; } " + PASSED_ON,
        ),
        "no nosniff": ("nosniff", dropped("X-Content-Type-Options")),
        "no CORS": ("cors", dropped("Access-Control-Allow-Origin")),
        "CORS twice": ("cors", added("Access-Control-Allow-Origin *")),
        "no resource policy": ("resource-policy", dropped("Cross-Origin-Resource-Policy")),
        "no referrer policy": ("referrer-policy", dropped("Referrer-Policy")),
        "no microphone": ("microphone", added('Permissions-Policy "camera=(), microphone=()"')),
        "another media type": ("media-type", replaced("Content-Type", "text/plain", r"~ \.js$")),
        "a coding that is none": (
            "undecodable",
            changed("proxy_set_header Accept-Encoding ''; add_header Content-Encoding gzip;"),
        ),
        "a cache for all codings": (
            "coding-unasked",
            changed(
                "proxy_cache answers; proxy_cache_key $uri; proxy_cache_valid 200 1m; "
                "proxy_ignore_headers Cache-Control Vary;"
            ),
        ),
        "a prefix left in": ("missing", "location / { PASS/phone/; }"),
        "a dead host": ("host-down", "location / { proxy_pass http://127.0.0.1:1; }"),
        "another status": ("status", "location = /adapter.js { return 418; } " + PASSED_ON),
        "every connection closed": ("no-answer", "return 444;"),
        "a connection closed": ("no-answer", "location = /adapter.js { return 444; } " + PASSED_ON),
        "no relay": ("relay-missing", "location /relay/ { return 404; } " + PASSED_ON),
        "a page for the relay": ("relay-missing", SPA + "location /relay/ { try_files /none /spa.html; } " + PASSED_ON),
        "a page for the relay's letters": (
            "relay-missing",
            changed("if ($request_method = GET) { return 200 '<!doctype html>'; }", "/relay/"),
        ),
        "files in the relay's place": ("relay-missing", "location /relay/ { return 405; } " + PASSED_ON),
        "a relay that is read alone": ("relay-refused", changed("limit_except GET { deny all; }", "/relay/")),
        "a relay behind a password": ("relay-refused", "location /relay/ { return 401; } " + PASSED_ON),
        "a relay behind a login": ("relay-refused", "location /relay/ { return 302 /login; } " + PASSED_ON),
        "a relay that is not told whose page asks": (
            "relay-refused",
            changed("proxy_set_header Sec-Fetch-Site '';", "/relay/"),
        ),
        "a relay without bodies": (
            "relay-stripped",
            changed("proxy_pass_request_body off; proxy_set_header Content-Length '';", "/relay/"),
        ),
        "a relay without types": ("relay-stripped", changed("proxy_set_header Content-Type '';", "/relay/")),
        "a relay for small letters": ("relay-cut", changed("client_max_body_size 1k;", "/relay/")),
        "a relay for few": ("relay-limited", "location /relay/ { return 429; } " + PASSED_ON),
        "a relay that is full": ("relay-full", "location /relay/ { return 503; } " + PASSED_ON),
        "a relay that rewrites": (
            "relay-altered",
            changed("sub_filter_types *; sub_filter_once off; sub_filter a ''; sub_filter A '';", "/relay/"),
        ),
        "a relay that encodes": ("relay-altered", changed("add_header Content-Encoding gzip;", "/relay/")),
        "a relay in a cache": (
            "relay-cached",
            changed("proxy_cache answers; proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control;", "/relay/"),
        ),
        "a relay that browsers may keep": (
            "relay-cached",
            replaced("Cache-Control", "public, max-age=60", "/relay/"),
        ),
        "a relay that lets nobody wait": ("relay-late", changed("proxy_read_timeout 100ms;", "/relay/")),
        "a relay that is asked elsewhere": ("relay-late", ELSEWHERE + PASSED_ON),
        "a relay without a host": ("host-down", "location /relay/ { proxy_pass http://127.0.0.1:1; } " + PASSED_ON),
        "a relay that answers something": ("status", "location /relay/ { return 418; } " + PASSED_ON),
        "a relay that hangs up": ("no-answer", "location /relay/ { return 444; } " + PASSED_ON),
        "an expired certificate": ("certificate-expired", Deployment(certificate="expired")),
        "a certificate soon to expire": ("certificate-expires-soon", Deployment(certificate="soon to expire")),
        "another name's certificate": ("certificate-name", Deployment(certificate="another name's")),
        "a certificate nobody knows": ("certificate-chain", Deployment(certificate="another authority's")),
        "no TLS": ("tls", Deployment(certificate="none")),
        "everything by http too": ("http-open", Deployment(on_http=PASSED_ON)),
        "http led to the start": ("http-elsewhere", Deployment(on_http="return 301 https://$host/;")),
    }.items()
}
HIDDEN = {"the default profile for another"}  # from whoever knows the address alone


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
        monkeypatch.setattr("server.check.relay.SOON", 0.5)
    result = examine(deployment, "--json")
    assert result.faults == [fault], result.stdout
    assert result.code == FOUND


def test_a_host_that_can_keep_no_letters_is_found(tmp_path: Path) -> None:
    add_release(configured(tmp_path, '[relay]\nfolder = "embeddable.toml/relay"'))
    with serving(tmp_path) as server:
        for mode in ([], ["--address-only"]):
            result = ask(server, "--json", *mode, here=tmp_path)
            assert result.faults == ["relay-full"], result.stdout
            assert result.findings[0]["addresses"] == ["/relay/"]
            assert result.findings[0]["seen"] == "503 Service Unavailable"


@pytest.mark.parametrize(
    "settings", ["[relay]\nenabled = false", '[widget]\nrelease = "cdn"'], ids=["off", "no release"]
)
def test_where_there_is_no_relay_none_is_missed(tmp_path: Path, settings: str) -> None:
    add_release(configured(tmp_path, settings))
    with serving(tmp_path) as server:
        for mode in ([], ["--address-only"]):
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
        monkeypatch.setattr("server.check.relay.SOON", 0.5)
    result = examine(deployment, "--json", "--address-only")
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
        for mode in ([], ["--address-only"]):
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
    assert result.findings[0]["seen"] == result.report["release"] != release.id


def test_a_host_without_a_release_is_found(folder: Path, tmp_path: Path) -> None:
    with serving(configured(tmp_path / "loader", SETTINGS)) as loader:
        result = ask(loader, "--json", here=folder)
    assert result.faults == ["wrong-release"], result.stdout
    assert result.findings[0]["seen"] == "cdn"


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
@pytest.mark.parametrize("mode", [(), ("--address-only",)], ids=["configured", "address only"])
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
    monkeypatch.setattr("server.check.probe.LIMIT", 100)
    target = read_target(f"http://127.0.0.1:{host.port}/")
    with ThreadPoolExecutor() as pool:  # an event loop of its own, whatever else runs in this one
        report = pool.submit(check_address, target, None, Quiet()).result()
    assert [finding.name for finding in report.findings] == ["no-answer"]
    assert report.findings[0].seen == "more than 100 bytes"


# What is told


def test_every_fault_there_is_can_be_shown() -> None:
    shown = {fault for fault, _ in BROKEN.values()}
    elsewhere = {"dns", "unreachable", "no-tls", "other-settings", "wrong-release"}
    assert shown | elsewhere == FAULTS.keys()
    assert set(itertools.chain(*(fault.explains for fault in FAULTS.values()))) <= FAULTS.keys()


def test_json_has_the_same_keys_whatever_is_found(examine: Examine) -> None:
    result = examine(BROKEN["X-Frame-Options"][1], "--json")
    assert result.report.keys() == KEYS
    (finding,) = result.findings
    assert finding.keys() == FINDING_KEYS
    assert all(finding.values())
    assert finding["expected"] == "no X-Frame-Options"
    assert finding["seen"] == "SAMEORIGIN"
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


def check(here: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Result:
    """Runs `check` in a folder."""
    done = call(here, "check", *arguments, environment=environment)
    return Result(done.returncode, done.stdout, done.stderr)


def ask(server: Server, *options: str, here: Path, environment: Mapping[str, str] | None = None) -> Result:
    """Runs `check` in a folder, against a host without a proxy."""
    return check(here, f"http://127.0.0.1:{server.port}/", *options, environment=environment)


def plain(text: str) -> str:
    """`text` in one line."""
    return " ".join(text.split())
