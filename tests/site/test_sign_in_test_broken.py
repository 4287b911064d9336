"""The sign-in test on hosts that are broken on purpose: it names the one thing that is wrong.

A row of the result is a way in which a sign-in comes back. It is broken by a real nginx in front of the host, or by the
host's own settings.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embeddable_host.faults.faults import FAULTS
from world import hosts
from world.authority import Certificate
from world.browser_modes import INCOGNITO, OpenBrowser
from world.deployment import PASSED_ON, changed, deployed, dropped, replaced, rewritten
from world.internet import (
    HOST,
    NGINX,
    NGINX_PREFIXED,
    OWN,
    SAME_SITE,
    Internet,
)
from world.places import PUBLIC
from world.sign_in_test import IN_WINDOWS, READY, run_sign_in_test

pytestmark = pytest.mark.usefixtures("hosted", "loader")

Deploy = Callable[[str], contextlib.AbstractContextManager[str]]


@pytest.fixture
def deploy(internet: Internet, tmp_path: Path) -> Deploy:
    """nginx with these lines in front of a host; the address of the sign-in test."""

    @contextlib.contextmanager
    def deploy(lines: str, port: int = internet.host_port) -> Iterator[str]:
        certificate = Certificate(internet.folder / "certificate.pem", internet.folder / "key.pem")
        with deployed(tmp_path, port, certificate, lines, port=internet.nginx_port):
            yield f"https://{NGINX}/test.html"

    return deploy


def test_every_fault_that_the_page_can_find_comes_with_its_advice() -> None:
    scripts = "".join(PUBLIC[module].read_text(encoding="utf-8") for module in ("examine.mjs", "relay-test.mjs"))

    named = set(re.findall(r"fault: '([a-z-]+)'", scripts)) | {"status"}
    by_status = {name for name, fault in FAULTS.items() if fault.statuses or fault.relay_statuses}
    assert named | by_status == {name for name, fault in FAULTS.items() if fault.seen_by_browsers}


OF_THE_PAGE, OF_THE_RELAY = "= /redirect.html", "/relay/"
WITHOUT_REDIRECT_PAGE = IN_WINDOWS | {"redirect page"}
WITHOUT_RELAY = {"severed, another site"}


def responding(directives: str, location: str = OF_THE_PAGE) -> str:
    """nginx's lines, with these directives for `location` instead of the host."""
    return f"location {location} {{ {directives} }} {PASSED_ON}"


CACHING = "proxy_cache responses; proxy_ignore_headers Cache-Control; proxy_cache_valid any 1m;"
OPENER_POLICY = "Cross-Origin-Opener-Policy"
CSP = "Content-Security-Policy"
# Lines, the ways that fail with them, and the fault that is named.
BROKEN = {
    "an opener policy": (
        replaced(OPENER_POLICY, "same-origin", OF_THE_PAGE),
        {"redirect page", "plain sign-in", "denied sign-in"},
        "opener-policy",
    ),
    "a rewritten CSP": (
        replaced(CSP, "default-src 'self'", OF_THE_PAGE),
        WITHOUT_REDIRECT_PAGE,
        "csp-replaced",
    ),
    "a second CSP": (
        changed(f"add_header {CSP} \"script-src 'self'\" always;", OF_THE_PAGE),
        WITHOUT_REDIRECT_PAGE,
        "csp-added",
    ),
    "a replaced script": (
        rewritten("callOpener", "callNobody"),
        WITHOUT_REDIRECT_PAGE,
        "rewritten",
    ),
    "X-Frame-Options": (
        changed("add_header X-Frame-Options DENY always;", OF_THE_PAGE),
        {"redirect page"},
        "frame-options",
    ),
    "X-Frame-Options on everything": (
        changed("add_header X-Frame-Options DENY always;"),
        {"redirect page", "frame"},
        "frame-options",
    ),
    "a login page": (
        responding("default_type text/html; return 200 '<!doctype html><form>Log in</form>';"),
        WITHOUT_REDIRECT_PAGE,
        "foreign-page",
    ),
    "no relay": (responding("return 404;", OF_THE_RELAY), WITHOUT_RELAY, "relay-missing"),
    "a cached relay": (changed(CACHING, OF_THE_RELAY), WITHOUT_RELAY, "relay-cached"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_in_front_of_the_host_is_named_with_the_line_to_change(
    deploy: Deploy, open_browser: OpenBrowser, name: str
) -> None:
    lines, failing, fault = BROKEN[name]
    with deploy(lines) as address:
        test = run_sign_in_test(open_browser(INCOGNITO), address)

    failed = [name for name, result in test.results.items() if result == "failed"]
    assert set(failed) == failing
    assert test.verdict == f"Not ready: {failed[0]}."
    assert failed[0] in ("redirect page", "severed, another site")
    assert test.remedy == f"{FAULTS[fault].why} {FAULTS[fault].fix}"


# Lines, and the fault that the page finds in what it receives.
FOUND = {
    "an opener policy on everything": (replaced(OPENER_POLICY, "same-origin"), "opener-policy"),
    "no CSP": (dropped(CSP), "csp-replaced"),
    "a redirect": (responding(f"return 302 https://{SAME_SITE}/;"), "redirects"),
    "a login": (responding("return 401;"), "login-wall"),
    "nothing": (responding("return 404;"), "missing"),
    "a dead host": (responding("return 502;"), "host-down"),
    "an unexpected status": (responding("return 418;"), "status"),
    "no response": (responding("return 444;"), "no-response"),
    "a page cached": (replaced("Cache-Control", "max-age=600", OF_THE_PAGE), "redirect-page-cached"),
    "another referrer policy": (replaced("Referrer-Policy", "unsafe-url", OF_THE_PAGE), "referrer-policy"),
    "nothing else": (PASSED_ON, None),
}


def test_the_page_as_received_is_compared_with_the_host_s(deploy: Deploy, open_browser: OpenBrowser) -> None:
    found = {}
    for name, (lines, _) in FOUND.items():
        with deploy(lines) as address:
            page = open_browser(INCOGNITO).new_page()
            page.goto(address)
            finding = page.evaluate("""async () => {
                const { expected } = JSON.parse(document.getElementById('values').textContent);
                const { examine } = await import('./examine.mjs');
                return await examine('redirect.html', expected['redirect.html']) ?? { fault: null };
            }""")
            found[name] = finding["fault"]

    assert found == {name: fault for name, (_, fault) in FOUND.items()}


HEADLESS = "proxy_set_header Content-Type '';"
BODILESS = "proxy_pass_request_body off; proxy_set_header Content-Length '';"
HTML, PAGE = "default_type text/html;", "return 200 '<!doctype html>';"
# Lines; the fault that the page finds in the relay's responses, and what shows it.
RELAY_FOUND = {
    "POST is forbidden": (
        changed("limit_except GET { deny all; }", OF_THE_RELAY),
        ("relay-refused", "POST relay/…: status 403"),
    ),
    "only files are served": (
        responding("return 405;", OF_THE_RELAY),
        ("relay-missing", "POST relay/…: status 405"),
    ),
    "large bodies are refused": (
        changed("client_max_body_size 1k;", OF_THE_RELAY),
        ("relay-cut", "POST relay/…: status 413"),
    ),
    "bodies are dropped": (
        changed(BODILESS, OF_THE_RELAY),
        ("relay-stripped", "POST relay/…: status 400"),
    ),
    "headers are dropped": (
        changed(HEADLESS, OF_THE_RELAY),
        ("relay-stripped", "POST relay/…: status 415"),
    ),
    "a rate limit": (
        responding("return 429;", OF_THE_RELAY),
        ("relay-limited", "POST relay/…: status 429"),
    ),
    "a login": (
        responding("return 401;", OF_THE_RELAY),
        ("relay-refused", "POST relay/…: status 401"),
    ),
    "a redirect to a login": (
        responding(f"return 302 https://{SAME_SITE}/;", OF_THE_RELAY),
        ("relay-refused", "POST relay/…: a redirect"),
    ),
    "a page for every address": (
        responding(f"{HTML} {PAGE}", OF_THE_RELAY),
        ("relay-missing", "POST relay/…: a page"),
    ),
    "a page for GET": (
        changed(f"{HTML} if ($request_method = GET) {{ {PAGE} }}", OF_THE_RELAY),
        ("relay-missing", "GET relay/…: a page"),
    ),
    "GET is not passed on": (
        changed("if ($request_method = GET) { return 404; }", OF_THE_RELAY),
        ("relay-missing", "GET relay/…: status 404"),
    ),
    "messages are rewritten": (
        changed("sub_filter_types *; sub_filter_once off; sub_filter a ''; sub_filter A '';", OF_THE_RELAY),
        ("relay-altered", "GET relay/…: another message"),
    ),
    "nobody may wait": (
        changed("if ($request_method = GET) { return 504; }", OF_THE_RELAY),
        ("relay-late", "GET relay/…: status 504"),
    ),
    "no room": (responding("return 507;", OF_THE_RELAY), ("relay-full", "POST relay/…: status 507")),
    "a dead host": (responding("return 502;", OF_THE_RELAY), ("host-down", "POST relay/…: status 502")),
    "an unexpected status": (
        responding("return 418;", OF_THE_RELAY),
        ("status", "POST relay/…: status 418"),
    ),
    "no response": (responding("return 444;", OF_THE_RELAY), ("no-response", "POST relay/…: no response")),
}


def relay_found(address: str, open_browser: OpenBrowser) -> tuple[str | None, str]:
    """The fault that the page finds in the relay, and what shows it."""
    page = open_browser(INCOGNITO).new_page()
    page.goto(address)
    finding = page.evaluate("""async () => {
        const { examineRelay } = await import('./relay-test.mjs');
        return await examineRelay() ?? { fault: null, actual: '' };
    }""")
    return finding["fault"], finding["actual"]


def test_a_fault_in_front_of_the_relay_is_known_by_its_response(deploy: Deploy, open_browser: OpenBrowser) -> None:
    for name, (lines, finding) in RELAY_FOUND.items():
        with deploy(lines) as address:
            assert relay_found(address, open_browser) == finding, name


def test_a_relay_without_a_fault_passes(open_browser: OpenBrowser) -> None:
    assert relay_found(f"https://{HOST}/test.html", open_browser) == (None, "")


def test_a_relay_whose_folder_cannot_be_used_is_full_and_not_missing(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with hosts.own(internet, tmp_path / "own", f'relay.dir = "{tmp_path}/file/folder"\n'):
        fault, actual = relay_found(f"https://{OWN}/test.html", open_browser)

    assert (fault, actual) == ("relay-full", "POST relay/…: status 503")


def test_replicas_that_do_not_share_their_messages_are_found(
    internet: Internet, deploy: Deploy, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    other = f"if ($request_method = POST) {{ proxy_pass http://127.0.0.1:{internet.own_port}; }}"
    settings = f'relay.dir = "{tmp_path}/relay"\n'
    with hosts.own(internet, tmp_path / "own", settings), deploy(changed(other, OF_THE_RELAY)) as address:
        fault, _ = relay_found(address, open_browser)

    assert fault == "relay-late"


def test_where_a_proxy_lets_the_window_keep_its_opener_the_severed_ways_are_skipped(
    deploy: Deploy, open_browser: OpenBrowser
) -> None:
    with deploy(dropped(OPENER_POLICY)) as address:
        test = run_sign_in_test(open_browser(INCOGNITO), address)

    assert test.verdict == "Ready."
    assert test.results == READY | dict.fromkeys(("severed opener", "severed, another site"), "skipped")
    assert "removes Cross-Origin-Opener-Policy from stand-in-platform.html" in test.row("severed opener")


def test_for_a_window_that_lost_its_opener_the_header_is_named(deploy: Deploy, open_browser: OpenBrowser) -> None:
    with deploy(BROKEN["an opener policy"][0]) as address:
        test = run_sign_in_test(open_browser(INCOGNITO), address)

    assert "Arrived once, by storage" in test.row("plain sign-in")
    assert "Something sends Cross-Origin-Opener-Policy with the redirect page" in test.row("plain sign-in")


NO_HAND_OVER = """const values = { "values": null };
window.close();
"""
STAYING = """const values = { "values": null };
opener?.oAuthCallback(location.href);
"""


@pytest.mark.parametrize(
    ("script", "advice"),
    [
        (NO_HAND_OVER, "something has replaced redirect.js"),
        (STAYING, "the window stayed open"),
    ],
    ids=["hands over to nobody", "does not close"],
)
def test_a_script_of_a_team_that_does_not_hand_over_or_close_is_found(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path, script: str, advice: str
) -> None:
    (tmp_path / "own-public").mkdir()
    (tmp_path / "own-public" / "redirect.js").write_text(script)
    with hosts.own(internet, tmp_path / "own", f'public_dir = "{tmp_path}/own-public"\n'):
        test = run_sign_in_test(open_browser(INCOGNITO), f"https://{OWN}/test.html")

    assert test.verdict == "Not ready: plain sign-in."
    assert advice in test.remedy
    assert test.results["redirect page"] == "passed"  # it is as the host sends it


ELSEWHERE = f"https://{NGINX_PREFIXED}/redirect.html"


@pytest.mark.parametrize("listed", [True, False])
def test_a_redirect_uri_of_another_origin_hands_over_only_to_listed_origins(
    internet: Internet, deploy: Deploy, open_browser: OpenBrowser, tmp_path: Path, listed: bool
) -> None:
    origins = [f"https://{NGINX}"] if listed else []
    settings = f'params.redirectUri = "{ELSEWHERE}"\nredirect.origins = {origins}\n'
    with hosts.own(internet, tmp_path / "own", settings), deploy(PASSED_ON, internet.own_port) as address:
        test = run_sign_in_test(open_browser(INCOGNITO), address)

    if listed:
        assert test.verdict == "Ready, but for one way: severed opener."
        assert "by a message to the opener" in test.row("plain sign-in")
    else:
        assert test.verdict == "Not ready: plain sign-in."
        assert f'[redirect] origins = ["https://{NGINX}"]' in test.remedy
    assert f"The parameter redirectUri names {ELSEWHERE}, which shares no storage" in test.row("severed opener")
