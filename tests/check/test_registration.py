"""`check --registration`: whether RingCentral knows each profile's app, and what is neither asked nor told.

Names lead to the stand-in platform by a proxy alone, as in a company's network, so each request is seen there too.
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

from embeddable_host.check.registration import LIMIT
from embeddable_host.faults.faults import FAULTS
from world.checked import BAD_USAGE, FOUND, Result, ask, check, plain
from world.gateway import Gateway
from world.host import Server, add_release, configured, serving
from world.internet import CROSS_SITE, PLATFORMS, Internet
from world.refusals import NOT_KNOWN, REFUSALS, SAID, Refusal, always, in_json, in_page
from world.upstream import recording

PRODUCTION, SANDBOX = PLATFORMS
AUTHORIZE = f"https://{PRODUCTION}/restapi/oauth/authorize"
NOWHERE = "http://127.0.0.1:1/"  # where no host is: RingCentral is asked all the same
URL = "https://phone.example.com/"
ONE_APP = f'public_url = "{URL}"\n[params]\nclientId = "one-client"\n'
KEYS = {"profile", "client_id", "server", "redirect_uri", "result", "response"}
SHOWN = 300


@dataclass(frozen=True)
class Outside:
    """What is beyond the machine, and the environment that leads there."""

    internet: Internet
    gateway: Gateway
    environment: Mapping[str, str]

    @property
    def queries(self) -> list[dict[str, list[str]]]:
        """What the platform was asked, in its order."""
        return [parse_qs(urlsplit(address).query) for address in self.internet.platform.authorized]

    @property
    def servers(self) -> list[str]:
        return [urlsplit(address).netloc for address in self.internet.platform.authorized]

    def check(self, folder: Path, *options: str, url: str = NOWHERE, **environment: str) -> Result:
        return check(folder, url, "--registration", *options, environment={**self.environment, **environment})


@pytest.fixture
def outside(internet: Internet, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    monkeypatch.setattr("embeddable_host.check.registration.SECONDS", 5.0)
    gateway.asked.clear()
    trust = {
        "SSL_CERT_FILE": str(internet.folder / "certificate.pem"),
        "HTTPS_PROXY": f"http://127.0.0.1:{gateway.port}",
        "NO_PROXY": "",
    }
    yield Outside(internet, gateway, trust)
    assert set(gateway.asked) <= {f"{name}:443" for name in (*PLATFORMS, CROSS_SITE)}, "a client id went elsewhere"


@pytest.fixture
def one_app(tmp_path: Path) -> Path:
    return configured(tmp_path / "one", ONE_APP)


def registrations(result: Result) -> list[dict[str, Any]]:
    """What is told of RingCentral; a host is not there, which is told too."""
    assert result.code == FOUND, result.stdout
    assert result.faults[0] == "unreachable"
    listed: list[dict[str, Any]] = result.report["registration"]
    assert all(one.keys() == KEYS for one in listed)
    return listed


# What RingCentral says


def test_apps_that_ringcentral_knows_are_nothing_wrong(folder: Path, host: Server, outside: Outside) -> None:
    result = ask(host, "--registration", here=folder, environment=outside.environment)

    assert result.code == 0, result.stdout
    assert "nothing found wrong" in plain(result.stdout)
    told = (
        f"known: client id host-client at https://{PRODUCTION}, redirect URI http://127.0.0.1:{host.port}/redirect.html"
    )
    assert f"(default) {told}. 200 OK, RingCentral's login page" in plain(result.stdout)
    assert "/sandbox/redirect.html. 200 OK, RingCentral's login page" in plain(result.stdout)
    assert outside.servers == [PRODUCTION] * 2
    assert outside.gateway.asked == [f"{PRODUCTION}:443"] * 2


def test_a_redirect_to_the_login_host_is_a_yes(one_app: Path, outside: Outside) -> None:
    outside.internet.platform.has_login_host = True

    [told] = registrations(outside.check(one_app, "--json"))

    assert (told["result"], told["response"]) == ("known", "302 Found, to https://login.ringcentral.com/login")
    assert len(outside.servers) == 1


@pytest.mark.parametrize("name", REFUSALS)
def test_each_way_of_saying_no_is_told_by_its_fault(
    one_app: Path, outside: Outside, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "a hang":
        monkeypatch.setattr("embeddable_host.check.registration.SECONDS", 0.3)
    outside.internet.platform.refusal = REFUSALS[name]

    result = outside.check(one_app, "--json")

    [told] = registrations(result)
    assert result.faults[1:] == [told["result"]] == [NOT_KNOWN[name]]
    assert outside.servers == ([PRODUCTION, SANDBOX] if name.startswith("OAU-153") else [PRODUCTION])
    code, (_, words) = name[:7], SAID.get(name[:7], ("", ""))
    assert code not in SAID or (code in told["response"] and words in told["response"])
    assert len(told["response"]) <= SHOWN
    assert told["response"].isprintable()
    for query in outside.queries:  # known to the browser that signs in alone (RFC 6749 §10.12, RFC 7636)
        assert query["state"][0] not in result.stdout + result.stderr
        assert query["code_challenge"][0] not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("too many requests", "429 Too Many Requests, Retry-After: 60, Too many requests"),
        ("an error", "500 Internal Server Error, Internal Server Error"),
        ("a hang", "no answer within 0 seconds"),
        ("a portal", "200 OK, Welcome to our guest network Accept the terms"),
        ("a portal that quotes", f"200 OK, Welcome to our guest network Accept the terms to go on to {AUTHORIZE}?"),
        ("a portal elsewhere", "302 Found, to https://wifi.example.net/welcome"),
        ("an error at the redirect URI", f"302 Found, to {URL}redirect.html, unauthorized_client: The client is"),
    ],
)
def test_what_tells_nothing_is_told_as_it_came(
    one_app: Path, outside: Outside, name: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "a hang":
        monkeypatch.setattr("embeddable_host.check.registration.SECONDS", 0.3)
    outside.internet.platform.refusal = REFUSALS[name]

    assert registrations(outside.check(one_app, "--json"))[0]["response"].startswith(told)


@pytest.mark.parametrize(
    ("refusal", "fault", "words"),
    [
        (in_page("OAU-109"), "redirect-uri-unregistered", "Redirect URIs do not match"),
        (REFUSALS["too many requests"], "registration-unclear", "Retry-After: 60"),
    ],
    ids=["no", "unclear"],
)
def test_a_no_and_an_answer_that_tells_nothing_fail_the_check_of_a_right_host(
    folder: Path, host: Server, outside: Outside, refusal: Refusal, fault: str, words: str
) -> None:
    outside.internet.platform.refusal = refusal

    result = ask(host, "--registration", here=folder, environment=outside.environment)

    told = plain(result.stdout)
    assert result.code == FOUND
    assert "1 finding." in told
    assert f"{fault} at /, /sandbox/ expected the login page, for client id host-client" in told
    assert words in told
    assert plain(FAULTS[fault].fix) in told


def test_words_from_outside_cannot_command_the_terminal(one_app: Path, outside: Outside) -> None:
    body = json.dumps({"error": "invalid_client", "error_description": "\x9b31mred\u202e\n" + "x" * 1000})
    outside.internet.platform.refusal = always(400, body, "application/json")

    [told] = registrations(outside.check(one_app, "--json"))

    assert told["response"].startswith("400 Bad Request, invalid_client: ?31mred? xxx")
    assert len(told["response"]) == SHOWN


def test_a_long_answer_is_read_to_a_limit(one_app: Path, outside: Outside) -> None:
    outside.internet.platform.refusal = always(403, "<p>Too much." + " " * LIMIT + "OAU-109")

    [told] = registrations(outside.check(one_app, "--json"))

    assert (told["result"], told["response"]) == ("registration-unclear", "403 Forbidden, Too much.")


# What is asked, and of whom


def test_it_is_asked_as_the_widget_asks_and_with_nothing_else(tmp_path: Path, outside: Outside) -> None:
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


def test_the_redirect_uri_is_the_profiles_own_or_where_the_host_is(tmp_path: Path, outside: Outside) -> None:
    own = '[profiles.own.params]\nclientId = "own"\nredirectUri = "https://www.example.com/back.html"\n'
    here = configured(tmp_path, f"[params]\nclientId = 'one'\n[profiles.shop.params]\nclientId = 'two'\n{own}")

    told = registrations(outside.check(here, "--json", url=f"{NOWHERE}phone/"))

    wanted = [
        f"{NOWHERE}phone/redirect.html",
        f"{NOWHERE}phone/shop/redirect.html",
        "https://www.example.com/back.html",
    ]
    assert [one["redirect_uri"] for one in told] == wanted
    assert sorted(query["redirect_uri"][0] for query in outside.queries) == sorted(wanted)


def test_an_app_that_two_profiles_share_is_asked_about_once(tmp_path: Path, outside: Outside) -> None:
    shared = 'clientId = "one"\nredirectUri = "https://www.example.com/back.html"\n'
    here = configured(tmp_path, f"[params]\n{shared}[profiles.shop.params]\ndefaultDirection = 'left'\n")

    assert [one["result"] for one in registrations(outside.check(here, "--json"))] == ["known"] * 2
    assert len(outside.servers) == 1


@pytest.mark.parametrize("server", PLATFORMS)
def test_the_other_server_is_asked_once_which_knows_the_client(tmp_path: Path, outside: Outside, server: str) -> None:
    [other] = set(PLATFORMS) - {server}
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://{server}/"\n')
    outside.internet.platform.refusals = {server: in_json("OAU-153"), other: in_json("OAU-109")}

    result = outside.check(here)

    assert outside.servers == [server, other]
    assert f"OAU-153: Invalid client; https://{other} knows it" in plain(result.stdout)
    assert "client-of-the-other-server at / expected" in plain(result.stdout)


def test_where_the_other_server_cannot_be_asked_the_client_is_unknown_all_the_same(
    one_app: Path, outside: Outside
) -> None:
    outside.internet.platform.refusals = {PRODUCTION: in_json("OAU-153"), SANDBOX: REFUSALS["an error"]}

    [told] = registrations(outside.check(one_app, "--json"))

    assert told["result"] == "client-unknown"
    assert f"OAU-153: Invalid client; https://{SANDBOX}: 500 Internal Server Error" in told["response"]


def test_a_server_of_ones_own_has_no_other(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://{CROSS_SITE}"\n')
    outside.internet.platform.refusal = in_json("OAU-153")

    [told] = registrations(outside.check(here, "--json"))

    assert told["result"] == "client-unknown"
    assert outside.servers == [CROSS_SITE]


def test_a_user_in_the_servers_address_is_neither_sent_nor_shown(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://someone:s3cret@{PRODUCTION}/"\n')

    result = outside.check(here, "--json")

    assert registrations(result)[0]["server"] == f"https://{PRODUCTION}"
    assert "s3cret" not in result.stdout + result.stderr
    assert "authorization" not in "".join(outside.internet.platform.authorized).lower()


def test_a_server_whose_name_is_none_is_not_asked(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://someone:s3cret@\u0301.example"\n')

    result = outside.check(here, "--json")

    [told] = registrations(result)
    assert (told["server"], told["result"]) == ("https://\u0301.example", "registration-unclear")
    assert told["response"].startswith("not asked: ")
    assert "s3cret" not in result.stdout + result.stderr


def test_what_the_widget_takes_for_no_server_leads_to_production(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://{CROSS_SITE}/?x=1"\n')

    assert registrations(outside.check(here, "--json"))[0]["server"] == f"https://{PRODUCTION}"
    assert outside.servers == [PRODUCTION]


def test_an_encoding_that_nobody_asked_for_is_not_read(one_app: Path, outside: Outside) -> None:
    outside.internet.platform.refusal = always(403, "OAU-109", Content_Encoding="br")

    [told] = registrations(outside.check(one_app, "--json"))

    assert (told["result"], told["response"]) == ("registration-unclear", "403 Forbidden")


def test_a_profile_without_a_client_id_is_told_and_is_no_fault(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, "[params]\ndisableGlip = false\n[profiles.old.params]\nappKey = 'old-client'\n")
    with serving(here) as server:
        result = ask(server, "--registration", here=here, environment=outside.environment)
        as_json = ask(server, "--registration", "--json", here=here, environment=outside.environment)

    assert result.code == 0, result.stdout
    assert "(default) no client id, so nothing was asked" in plain(result.stdout)
    assert [(one["client_id"], one["result"]) for one in as_json.report["registration"]] == [
        (None, "no-client-id"),
        ("old-client", "known"),
    ]
    assert {query["client_id"][0] for query in outside.queries} == {"old-client"}


# The way there


def test_a_server_that_no_proxy_covers_is_asked_directly(tmp_path: Path, outside: Outside) -> None:
    here = configured(tmp_path, f'{ONE_APP}appServer = "https://localhost:{outside.internet.port}"\n')

    [told] = registrations(outside.check(here, "--json", NO_PROXY="localhost"))

    assert outside.gateway.asked == []
    assert told["result"] == "registration-unclear"
    assert "certificate verify failed" in told["response"]  # the world's is not for this name


def test_a_proxy_that_refuses_or_is_not_there_leaves_it_unclear(one_app: Path, outside: Outside) -> None:
    with recording(lambda _: b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as (
        proxy,
        asked,
    ):
        [refused] = registrations(outside.check(one_app, "--json", HTTPS_PROXY=f"http://{proxy}"))
    [missing] = registrations(outside.check(one_app, "--json", HTTPS_PROXY=NOWHERE))

    assert refused["response"] == "the proxy says 407 Proxy Authentication Required"
    assert asked[0].startswith(f"CONNECT {PRODUCTION}:443 ".encode())
    assert b"client" not in b"".join(asked)
    assert missing["response"] == "All connection attempts failed"
    assert {refused["result"], missing["result"]} == {"registration-unclear"}


@pytest.mark.parametrize("proxy", ["http://someone:s3cret@127.0.0.1:1", "ftp://someone:s3cret@[", "socks5://:s3cret@x"])
def test_the_password_of_a_proxy_is_not_shown(one_app: Path, outside: Outside, proxy: str) -> None:
    result = outside.check(one_app, "--json", HTTPS_PROXY=proxy)

    assert registrations(result)[0]["result"] == "registration-unclear"
    assert "s3cret" not in result.stdout + result.stderr


# Without the option, and where it cannot be heeded


@pytest.mark.parametrize("mode", [(), ("--no-config",)], ids=["configured", "address only"])
def test_without_the_option_nobody_is_asked_and_that_is_told(
    folder: Path, host: Server, outside: Outside, mode: tuple[str, ...]
) -> None:
    result = ask(host, *mode, here=folder, environment=outside.environment)
    as_json = ask(host, *mode, "--json", here=folder, environment=outside.environment)

    assert "Registration: not asked. With --registration, RingCentral is asked" in plain(result.stdout)
    assert as_json.report["registration"] is None
    assert outside.servers == []
    assert outside.gateway.asked == []


def test_apps_can_be_asked_about_only_where_the_settings_are(tmp_path: Path, one_app: Path, outside: Outside) -> None:
    for here, options in ((one_app, ("--no-config",)), (tmp_path, ())):
        result = outside.check(here, *options)

        assert result.code == BAD_USAGE
        assert "asks about the apps in your settings" in plain(result.stderr)
        assert result.stdout == ""
    assert outside.servers == []


def test_a_release_alone_has_no_app_to_ask_about(tmp_path: Path, outside: Outside) -> None:
    add_release(tmp_path)

    assert [one["result"] for one in registrations(outside.check(tmp_path, "--json"))] == ["no-client-id"]
    assert outside.servers == []
