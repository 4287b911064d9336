"""`check --registration`: whether RingCentral knows each profile's app, and what is neither sent nor printed.

Only a proxy leads to the stand-in platform, as in a company's network, and it records every request.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import Response

from embeddable_host.faults.faults import FAULTS
from embeddable_host.limits import MAX_REGISTRATION_BYTES as MAX_BYTES
from world.checked import BAD_USAGE, CHECK_FAILED, Result, check, check_server, one_line
from world.gateway import Gateway
from world.host import Server, add_release, configured, serving
from world.internet import CROSS_SITE, PLATFORMS, Internet
from world.refusals import ERRORS, FAULT_BY_REFUSAL, REFUSALS, Refusal, always, in_json, in_page
from world.upstream import recording

PRODUCTION, SANDBOX = PLATFORMS
AUTHORIZE = f"https://{PRODUCTION}/restapi/oauth/authorize"
NOWHERE = "http://127.0.0.1:1/"  # no host is there; RingCentral is asked anyway
URL = "https://phone.example.com/"
ONE_APP = f'public_url = "{URL}"\n[params]\nclientId = "one-client"\n'
KEYS = {"profile", "client_id", "server", "redirect_uri", "result", "response"}
MAX_SHOWN = 300


@dataclass(frozen=True)
class Outside:
    """The stand-in internet, and the environment that leads there."""

    internet: Internet
    gateway: Gateway
    environment: Mapping[str, str]

    @property
    def queries(self) -> list[dict[str, list[str]]]:
        """The queries that the platform received, in order."""
        return [parse_qs(urlsplit(address).query) for address in self.internet.platform.authorized]

    @property
    def servers(self) -> list[str]:
        return [urlsplit(address).netloc for address in self.internet.platform.authorized]

    def check(self, folder: Path, *options: str, url: str = NOWHERE, **environment: str) -> Result:
        return check(folder, url, "--registration", *options, environment={**self.environment, **environment})


@pytest.fixture
def outside(internet: Internet, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    monkeypatch.setattr("embeddable_host.check.registration.REGISTRATION_SECONDS", 5.0)
    gateway.targets.clear()
    trust = {
        "SSL_CERT_FILE": str(internet.folder / "certificate.pem"),
        "HTTPS_PROXY": f"http://127.0.0.1:{gateway.port}",
        "NO_PROXY": "",
    }
    yield Outside(internet, gateway, trust)
    assert set(gateway.targets) <= {f"{name}:443" for name in (*PLATFORMS, CROSS_SITE)}, "a client id went elsewhere"


@pytest.fixture
def one_app(tmp_path: Path) -> Path:
    return configured(tmp_path / "one", ONE_APP)


def registrations(result: Result) -> list[dict[str, Any]]:
    """The registrations in a report; it has a finding for the host, which is not there."""
    assert result.code == CHECK_FAILED, result.stdout
    assert result.faults[0] == "unreachable"
    listed: list[dict[str, Any]] = result.report["registration"]
    assert all(one.keys() == KEYS for one in listed)
    return listed


# RingCentral's response


def test_known_apps_are_no_findings(folder: Path, host: Server, outside: Outside) -> None:
    result = check_server(host, "--registration", here=folder, environment=outside.environment)

    assert result.code == 0, result.stdout
    assert "no findings" in one_line(result.stdout)
    known = (
        f"known: client id host-client at https://{PRODUCTION}, redirect URI http://127.0.0.1:{host.port}/redirect.html"
    )
    assert f"(default) {known}. 200 OK, RingCentral's login page" in one_line(result.stdout)
    assert "/sandbox/redirect.html. 200 OK, RingCentral's login page" in one_line(result.stdout)
    assert outside.servers == [PRODUCTION] * 2
    assert outside.gateway.targets == [f"{PRODUCTION}:443"] * 2


def test_a_redirect_to_the_login_host_means_a_known_app(one_app: Path, outside: Outside) -> None:
    outside.internet.platform.has_login_host = True

    [registration] = registrations(outside.check(one_app, "--json"))

    assert (registration["result"], registration["response"]) == (
        "known",
        "302 Found, to https://login.ringcentral.com/login",
    )
    assert len(outside.servers) == 1


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_is_reported_as_its_fault(
    one_app: Path, outside: Outside, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "a hang":
        monkeypatch.setattr("embeddable_host.check.registration.REGISTRATION_SECONDS", 0.3)
    outside.internet.platform.refusal = REFUSALS[name]

    result = outside.check(one_app, "--json")

    [registration] = registrations(result)
    assert result.faults[1:] == [registration["result"]] == [FAULT_BY_REFUSAL[name]]
    assert outside.servers == ([PRODUCTION, SANDBOX] if name.startswith("OAU-153") else [PRODUCTION])
    code, (_, words) = name[:7], ERRORS.get(name[:7], ("", ""))
    assert code not in ERRORS or (code in registration["response"] and words in registration["response"])
    assert len(registration["response"]) <= MAX_SHOWN
    assert registration["response"].isprintable()
    for query in outside.queries:  # for a real sign-in, only the browser may know them (RFC 6749 §10.12, RFC 7636)
        assert query["state"][0] not in result.stdout + result.stderr
        assert query["code_challenge"][0] not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("too many requests", "429 Too Many Requests, Retry-After: 60, Too many requests"),
        ("an error", "500 Internal Server Error, Internal Server Error"),
        ("a hang", "no response within 0 seconds"),
        ("a portal", "200 OK, Welcome to our guest network Accept the terms"),
        ("a portal that quotes", f"200 OK, Welcome to our guest network Accept the terms to go on to {AUTHORIZE}?"),
        ("a portal elsewhere", "302 Found, to https://wifi.example.net/welcome"),
        ("an error at the redirect URI", f"302 Found, to {URL}redirect.html, unauthorized_client: The client is"),
    ],
)
def test_an_unclear_response_is_shown(
    one_app: Path, outside: Outside, name: str, response: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "a hang":
        monkeypatch.setattr("embeddable_host.check.registration.REGISTRATION_SECONDS", 0.3)
    outside.internet.platform.refusal = REFUSALS[name]

    assert registrations(outside.check(one_app, "--json"))[0]["response"].startswith(response)


@pytest.mark.parametrize(
    ("refusal", "fault", "words"),
    [
        (in_page("OAU-109"), "redirect-uri-unregistered", "Redirect URIs do not match"),
        (REFUSALS["too many requests"], "registration-unclear", "Retry-After: 60"),
    ],
    ids=["refused", "unclear"],
)
def test_a_refused_app_and_an_unclear_response_fail_the_check(
    folder: Path, host: Server, outside: Outside, refusal: Refusal, fault: str, words: str
) -> None:
    outside.internet.platform.refusal = refusal

    result = check_server(host, "--registration", here=folder, environment=outside.environment)

    report = one_line(result.stdout)
    assert result.code == CHECK_FAILED
    assert "1 finding." in report
    assert f"{fault} at /, /sandbox/ expected the login page, for client id host-client" in report
    assert words in report
    assert one_line(FAULTS[fault].fix) in report


def test_text_from_ringcentral_cannot_control_the_terminal(one_app: Path, outside: Outside) -> None:
    body = json.dumps({"error": "invalid_client", "error_description": "\x9b31mred\u202e\n" + "x" * 1000})
    outside.internet.platform.refusal = always(400, body, "application/json")

    [registration] = registrations(outside.check(one_app, "--json"))

    assert registration["response"].startswith("400 Bad Request, invalid_client: ?31mred? xxx")
    assert len(registration["response"]) == MAX_SHOWN


def test_a_long_response_is_read_up_to_a_limit(one_app: Path, outside: Outside) -> None:
    outside.internet.platform.refusal = always(403, "<p>Too much." + " " * MAX_BYTES + "OAU-109")

    [registration] = registrations(outside.check(one_app, "--json"))

    assert (registration["result"], registration["response"]) == ("registration-unclear", "403 Forbidden, Too much.")


# What is requested, and from whom


def test_the_request_is_the_widgets_and_has_nothing_else(tmp_path: Path, outside: Outside) -> None:
    secrets = 'clientSecret = "s3cret"\njwt = "t0ken"\n'
    here = configured(
        tmp_path, f"allow_public_secrets = true\n{ONE_APP}{secrets}[profiles.other.params]\nclientId='two'"
    )
    headers: list[Mapping[str, str]] = []

    async def greedy(request: Request) -> Response:
        headers.append(request.headers)
        return Response("{}", 400, {"Set-Cookie": "session=1; Path=/"}, "application/json")

    outside.internet.platform.refusal = greedy
    (tmp_path / ".netrc").write_text(f"machine {PRODUCTION} login someone password s3cret\n")
    (tmp_path / ".netrc").chmod(0o600)

    result = outside.check(here, "--json", HOME=str(tmp_path))

    assert [one["profile"] for one in registrations(result)] == [None, "other"]
    for query in outside.queries:
        assert set(query) == {
            *("response_type", "redirect_uri", "client_id", "state", "code_challenge", "code_challenge_method"),
        }
        assert query["response_type"] == ["code"]
        assert query["code_challenge_method"] == ["S256"]
        assert len(query["code_challenge"][0]) == 43  # RFC 7636 §4.2
    assert len({query["state"][0] for query in outside.queries}) == 2
    assert not {"cookie", "authorization", "referer", "origin"} & {name for one in headers for name in one}
    for secret in ("s3cret", "t0ken"):
        assert secret not in result.stdout + result.stderr + "".join(outside.internet.platform.authorized)


def test_the_redirect_uri_is_the_configured_one_or_the_hosts(tmp_path: Path, outside: Outside) -> None:
    own = '[profiles.own.params]\nclientId = "own"\nredirectUri = "https://www.example.com/back.html"\n'
    here = configured(tmp_path, f"[params]\nclientId = 'one'\n[profiles.shop.params]\nclientId = 'two'\n{own}")

    listed = registrations(outside.check(here, "--json", url=f"{NOWHERE}phone/"))

    expected = [
        f"{NOWHERE}phone/redirect.html",
        f"{NOWHERE}phone/shop/redirect.html",
        "https://www.example.com/back.html",
    ]
    assert [one["redirect_uri"] for one in listed] == expected
    assert sorted(query["redirect_uri"][0] for query in outside.queries) == sorted(expected)


def test_an_app_that_two_profiles_share_is_requested_once(tmp_path: Path, outside: Outside) -> None:
    shared = 'clientId = "one"\nredirectUri = "https://www.example.com/back.html"\n'
    here = configured(tmp_path, f"[params]\n{shared}[profiles.shop.params]\ndefaultDirection = 'left'\n")

    assert [one["result"] for one in registrations(outside.check(here, "--json"))] == ["known"] * 2
    assert len(outside.servers) == 1


@pytest.mark.parametrize("server", PLATFORMS)
def test_the_other_server_is_asked_once_and_knows_the_client(tmp_path: Path, outside: Outside, server: str) -> None:
    [other] = set(PLATFORMS) - {server}
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://{server}/"\n')
    outside.internet.platform.refusals = {server: in_json("OAU-153"), other: in_json("OAU-109")}

    result = outside.check(here)

    assert outside.servers == [server, other]
    assert f"OAU-153: Invalid client; https://{other} knows it" in one_line(result.stdout)
    assert "client-on-other-server at / expected" in one_line(result.stdout)


def test_the_client_is_unknown_if_the_other_server_has_an_error(one_app: Path, outside: Outside) -> None:
    outside.internet.platform.refusals = {PRODUCTION: in_json("OAU-153"), SANDBOX: REFUSALS["an error"]}

    [registration] = registrations(outside.check(one_app, "--json"))

    assert registration["result"] == "client-unknown"
    assert f"OAU-153: Invalid client; https://{SANDBOX}: 500 Internal Server Error" in registration["response"]


def test_a_server_of_ones_own_has_no_other(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://{CROSS_SITE}"\n')
    outside.internet.platform.refusal = in_json("OAU-153")

    [registration] = registrations(outside.check(here, "--json"))

    assert registration["result"] == "client-unknown"
    assert outside.servers == [CROSS_SITE]


def test_a_user_in_the_servers_address_is_neither_sent_nor_shown(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://someone:s3cret@{PRODUCTION}/"\n')

    result = outside.check(here, "--json")

    assert registrations(result)[0]["server"] == f"https://{PRODUCTION}"
    assert "s3cret" not in result.stdout + result.stderr
    assert "authorization" not in "".join(outside.internet.platform.authorized).lower()


def test_a_server_with_an_invalid_name_is_not_asked(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://someone:s3cret@\u0301.example"\n')

    result = outside.check(here, "--json")

    [registration] = registrations(result)
    assert (registration["server"], registration["result"]) == ("https://\u0301.example", "registration-unclear")
    assert registration["response"].startswith("not requested: ")
    assert "s3cret" not in result.stdout + result.stderr


def test_a_server_that_the_widget_ignores_is_production(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://{CROSS_SITE}/?x=1"\n')

    assert registrations(outside.check(here, "--json"))[0]["server"] == f"https://{PRODUCTION}"
    assert outside.servers == [PRODUCTION]


def test_an_encoding_that_was_not_requested_is_not_read(one_app: Path, outside: Outside) -> None:
    outside.internet.platform.refusal = always(403, "OAU-109", Content_Encoding="br")

    [registration] = registrations(outside.check(one_app, "--json"))

    assert (registration["result"], registration["response"]) == ("registration-unclear", "403 Forbidden")


def test_a_profile_without_a_client_id_is_listed_and_no_finding(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, "[params]\ndisableGlip = false\n[profiles.old.params]\nappKey = 'old-client'\n")
    with serving(here) as server:
        result = check_server(server, "--registration", here=here, environment=outside.environment)
        as_json = check_server(server, "--registration", "--json", here=here, environment=outside.environment)

    assert result.code == 0, result.stdout
    assert "(default) no client id, so not checked" in one_line(result.stdout)
    assert [(one["client_id"], one["result"]) for one in as_json.report["registration"]] == [
        (None, "no-client-id"),
        ("old-client", "known"),
    ]
    assert {query["client_id"][0] for query in outside.queries} == {"old-client"}


# The proxy


def test_a_server_in_no_proxy_is_asked_directly(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://localhost:{outside.internet.port}"\n')

    [registration] = registrations(outside.check(here, "--json", NO_PROXY="localhost"))

    assert outside.gateway.targets == []
    assert registration["result"] == "registration-unclear"
    assert "certificate verify failed" in registration["response"]  # the world's is not for this name


def test_a_proxy_that_refuses_or_is_down_makes_it_unclear(one_app: Path, outside: Outside) -> None:
    with recording(lambda _: b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as (
        proxy,
        requests,
    ):
        [refused] = registrations(outside.check(one_app, "--json", HTTPS_PROXY=f"http://{proxy}"))
    [missing] = registrations(outside.check(one_app, "--json", HTTPS_PROXY=NOWHERE))

    assert refused["response"] == "error of the proxy: 407 Proxy Authentication Required"
    assert requests[0].startswith(f"CONNECT {PRODUCTION}:443 ".encode())
    assert b"client" not in b"".join(requests)
    assert missing["response"] == "All connection attempts failed"
    assert {refused["result"], missing["result"]} == {"registration-unclear"}


@pytest.mark.parametrize("proxy", ["http://someone:s3cret@127.0.0.1:1", "ftp://someone:s3cret@[", "socks5://:s3cret@x"])
def test_the_password_of_a_proxy_is_not_shown(one_app: Path, outside: Outside, proxy: str) -> None:
    result = outside.check(one_app, "--json", HTTPS_PROXY=proxy)

    assert registrations(result)[0]["result"] == "registration-unclear"
    assert "s3cret" not in result.stdout + result.stderr


# Without the option, and without settings


@pytest.mark.parametrize("mode", [(), ("--no-config",)], ids=["configured", "no configuration"])
def test_without_the_option_nobody_is_asked_and_the_report_mentions_it(
    folder: Path, host: Server, outside: Outside, mode: tuple[str, ...]
) -> None:
    result = check_server(host, *mode, here=folder, environment=outside.environment)
    as_json = check_server(host, *mode, "--json", here=folder, environment=outside.environment)

    assert "Registration: not checked. --registration asks RingCentral" in one_line(result.stdout)
    assert as_json.report["registration"] is None
    assert outside.servers == []
    assert outside.gateway.targets == []


def test_the_option_needs_settings(tmp_path: Path, one_app: Path, outside: Outside) -> None:
    for here, options in ((one_app, ("--no-config",)), (tmp_path, ())):
        result = outside.check(here, *options)

        assert result.code == BAD_USAGE
        assert "checks the apps in your settings" in one_line(result.stderr)
        assert result.stdout == ""
    assert outside.servers == []


def test_with_only_a_release_there_is_no_app_to_check(tmp_path: Path, outside: Outside) -> None:
    add_release(tmp_path)

    assert [one["result"] for one in registrations(outside.check(tmp_path, "--json"))] == ["no-client-id"]
    assert outside.servers == []
