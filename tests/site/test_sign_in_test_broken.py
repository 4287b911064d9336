"""The rehearsal on hosts that are broken on purpose: it names the one thing that is wrong.

A row of the result is a way in which a sign-in comes back. What breaks it is a real nginx in front of the host, or the
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
from world.sign_in_test import IN_WINDOWS, READY, rehearsed

pytestmark = pytest.mark.usefixtures("hosted", "loader")

Deploy = Callable[[str], contextlib.AbstractContextManager[str]]


@pytest.fixture
def deploy(internet: Internet, tmp_path: Path) -> Deploy:
    """nginx with these lines in front of a host; the rehearsal's address."""

    @contextlib.contextmanager
    def deploy(lines: str, port: int = internet.host_port) -> Iterator[str]:
        certificate = Certificate(internet.folder / "certificate.pem", internet.folder / "key.pem")
        with deployed(tmp_path, port, certificate, lines, port=internet.nginx_port):
            yield f"https://{NGINX}/test.html"

    return deploy


def test_every_fault_that_the_page_can_find_comes_with_its_advice() -> None:
    found = "".join(PUBLIC[module].read_text(encoding="utf-8") for module in ("examine.mjs", "relay.mjs"))

    named = {
        name for names in re.findall(r"fault: '([a-z-]+)'|\d: '([a-z-]+)'|\?\? '([a-z-]+)'", found) for name in names
    }
    assert named - {""} == {name for name, fault in FAULTS.items() if fault.seen_by_browsers}


OF_THE_PAGE, OF_THE_START, OF_THE_RELAY = "= /redirect.html", "= /start.html", "/relay/"
WITHOUT_REDIRECT_PAGE = IN_WINDOWS | {"redirect page", "hidden frame"}
WITHOUT_START_PAGE = IN_WINDOWS | {"start page"}
WITHOUT_RELAY = {"severed, another site"}


def answered(directives: str, location: str = OF_THE_PAGE) -> str:
    """nginx's lines where these answer for `location`."""
    return f"location {location} {{ {directives} }} {PASSED_ON}"


CACHING = "proxy_cache responses; proxy_ignore_headers Cache-Control; proxy_cache_valid any 1m;"
OPENER_POLICY = "Cross-Origin-Opener-Policy"
CSP = "Content-Security-Policy"
BROKEN = {
    "an opener policy": (
        replaced(OPENER_POLICY, "same-origin", OF_THE_PAGE),
        {"redirect page", "plain sign-in", "denied sign-in", "implicit answer"},
        f"`add_header {OPENER_POLICY} …`",
    ),
    "a rewritten CSP": (
        replaced(CSP, "default-src 'self'", OF_THE_PAGE),
        WITHOUT_REDIRECT_PAGE,
        "add_header` for Content-Security-Policy",
    ),
    "a second CSP": (
        changed(f"add_header {CSP} \"script-src 'self'\" always;", OF_THE_PAGE),
        WITHOUT_REDIRECT_PAGE,
        "Take `add_header Content-Security-Policy …` out",
    ),
    "a replaced script": (
        rewritten("callOpener", "callNobody"),
        WITHOUT_REDIRECT_PAGE,
        "Switch off what rewrites",
    ),
    "X-Frame-Options": (
        changed("add_header X-Frame-Options DENY always;", OF_THE_PAGE),
        {"redirect page", "hidden frame"},
        "`add_header X-Frame-Options …`",
    ),
    "X-Frame-Options on everything": (
        changed("add_header X-Frame-Options DENY always;"),
        {"redirect page", "frame"},
        "`add_header X-Frame-Options …`",
    ),
    "a login page": (
        answered("default_type text/html; return 200 '<!doctype html><form>Log in</form>';"),
        WITHOUT_REDIRECT_PAGE,
        "Have the address answered by the host",
    ),
    "an opener policy on the start page": (
        replaced(OPENER_POLICY, "same-origin", OF_THE_START),
        WITHOUT_START_PAGE,
        f"`add_header {OPENER_POLICY} …`",
    ),
    "another start page": (
        answered("default_type text/html; return 200 '<!doctype html><p>Hello';", OF_THE_START),
        WITHOUT_START_PAGE,
        "Have the address answered by the host",
    ),
    "no relay": (answered("return 404;", OF_THE_RELAY), WITHOUT_RELAY, "Pass `relay/` on to the host"),
    "a cached relay": (changed(CACHING, OF_THE_RELAY), WITHOUT_RELAY, "`proxy_cache off;`"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_stands_between_is_named_with_the_line_to_change(
    deploy: Deploy, open_browser: OpenBrowser, name: str
) -> None:
    lines, failing, change = BROKEN[name]
    with deploy(lines) as address:
        rehearsal = rehearsed(open_browser(INCOGNITO), address)

    failed = [name for name, result in rehearsal.results.items() if result == "failed"]
    assert set(failed) == failing
    assert rehearsal.verdict == f"Not ready: {failed[0]}."
    assert failed[0] in ("redirect page", "start page", "severed, another site")
    assert change in rehearsal.remedy


# Lines, and the fault that the page finds in what it gets.
FOUND = {
    "an opener policy on everything": (replaced(OPENER_POLICY, "same-origin"), "opener-policy"),
    "no CSP": (dropped(CSP), "csp-replaced"),
    "a redirect": (answered(f"return 302 https://{SAME_SITE}/;"), "redirects"),
    "a login": (answered("return 401;"), "login-wall"),
    "nothing": (answered("return 404;"), "missing"),
    "a dead host": (answered("return 502;"), "host-down"),
    "an odd status": (answered("return 418;"), "status"),
    "no answer": (answered("return 444;"), "no-answer"),
    "a page kept": (replaced("Cache-Control", "max-age=600", OF_THE_PAGE), "redirect-page-cached"),
    "another referrer policy": (replaced("Referrer-Policy", "unsafe-url", OF_THE_PAGE), "referrer-policy"),
    "nothing else": (PASSED_ON, None),
}


def test_the_page_that_is_got_is_held_against_the_host_s(deploy: Deploy, open_browser: OpenBrowser) -> None:
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
# Lines; the fault that the page finds in what the relay answers, what shows it, and what is to be changed.
RELAY_FOUND = {
    "POST is forbidden": (
        changed("limit_except GET { deny all; }", OF_THE_RELAY),
        ("relay-refused", "POST relay/…: status 403"),
        "nor `limit_except` in front",
    ),
    "files answer": (
        answered("return 405;", OF_THE_RELAY),
        ("relay-missing", "POST relay/…: status 405"),
        "POST as well as GET",
    ),
    "large bodies are refused": (
        changed("client_max_body_size 1k;", OF_THE_RELAY),
        ("relay-cut", "POST relay/…: status 413"),
        "`client_max_body_size 8k;`",
    ),
    "bodies are dropped": (
        changed(BODILESS, OF_THE_RELAY),
        ("relay-stripped", "POST relay/…: status 400"),
        "passes body and headers on",
    ),
    "headers are dropped": (
        changed(HEADLESS, OF_THE_RELAY),
        ("relay-stripped", "POST relay/…: status 415"),
        "passes body and headers on",
    ),
    "a rate limit": (
        answered("return 429;", OF_THE_RELAY),
        ("relay-limited", "POST relay/…: status 429"),
        "Raise it for `relay/`",
    ),
    "a login": (
        answered("return 401;", OF_THE_RELAY),
        ("relay-refused", "POST relay/…: status 401"),
        "neither login nor bot check",
    ),
    "a redirect to a login": (
        answered(f"return 302 https://{SAME_SITE}/;", OF_THE_RELAY),
        ("relay-refused", "POST relay/…: a redirect"),
        "neither login nor bot check",
    ),
    "a page for whatever is asked": (
        answered(f"{HTML} {PAGE}", OF_THE_RELAY),
        ("relay-missing", "POST relay/…: a page"),
        "Pass `relay/` on to the host",
    ),
    "a page for GET": (
        changed(f"{HTML} if ($request_method = GET) {{ {PAGE} }}", OF_THE_RELAY),
        ("relay-missing", "GET relay/…: a page"),
        "Pass `relay/` on to the host",
    ),
    "GET is not passed on": (
        changed("if ($request_method = GET) { return 404; }", OF_THE_RELAY),
        ("relay-missing", "GET relay/…: status 404"),
        "POST as well as GET",
    ),
    "answers are rewritten": (
        changed("sub_filter_types *; sub_filter_once off; sub_filter a ''; sub_filter A '';", OF_THE_RELAY),
        ("relay-altered", "GET relay/…: not what was left"),
        "no `sub_filter`",
    ),
    "nobody may wait": (
        changed("if ($request_method = GET) { return 504; }", OF_THE_RELAY),
        ("relay-late", "GET relay/…: status 504"),
        "`proxy_read_timeout 40s;`",
    ),
    "no room": (answered("return 507;", OF_THE_RELAY), ("relay-full", "POST relay/…: status 507"), "Make room"),
    "a dead host": (answered("return 502;", OF_THE_RELAY), ("host-down", "POST relay/…: status 502"), "Start it"),
    "an odd status": (answered("return 418;", OF_THE_RELAY), ("status", "POST relay/…: status 418"), "in the logs"),
    "no answer": (answered("return 444;", OF_THE_RELAY), ("no-answer", "POST relay/…: no answer"), "error log"),
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


def test_what_stands_before_the_relay_is_known_by_what_it_answers(deploy: Deploy, open_browser: OpenBrowser) -> None:
    for name, (lines, finding, change) in RELAY_FOUND.items():
        with deploy(lines) as address:
            assert relay_found(address, open_browser) == finding, name
        assert change in FAULTS[finding[0]].fix


def test_a_relay_that_is_right_is_found_to_be_so(open_browser: OpenBrowser) -> None:
    assert relay_found(f"https://{HOST}/test.html", open_browser) == (None, "")


def test_a_relay_whose_folder_cannot_be_used_is_told_from_one_that_is_not_there(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with hosts.own(internet, tmp_path / "own", f'relay.dir = "{tmp_path}/file/folder"\n'):
        fault, seen = relay_found(f"https://{OWN}/test.html", open_browser)

    assert (fault, seen) == ("relay-full", "POST relay/…: status 503")
    assert "relay.dir" in FAULTS["relay-full"].fix


def test_replicas_that_keep_their_letters_to_themselves_are_found(
    internet: Internet, deploy: Deploy, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    other = f"if ($request_method = POST) {{ proxy_pass http://127.0.0.1:{internet.own_port}; }}"
    settings = f'relay.dir = "{tmp_path}/relay"\n'
    with hosts.own(internet, tmp_path / "own", settings), deploy(changed(other, OF_THE_RELAY)) as address:
        fault, _ = relay_found(address, open_browser)

    assert fault == "relay-late"
    assert "hash $uri consistent" in FAULTS["relay-late"].fix


def test_a_proxy_that_lets_the_window_keep_its_opener_leaves_nothing_to_rehearse(
    deploy: Deploy, open_browser: OpenBrowser
) -> None:
    with deploy(dropped(OPENER_POLICY)) as address:
        rehearsal = rehearsed(open_browser(INCOGNITO), address)

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY | dict.fromkeys(("severed opener", "severed, another site"), "not here")
    assert "takes Cross-Origin-Opener-Policy off stand-in-platform.html" in rehearsal.row("severed opener")


def test_a_window_that_lost_its_opener_says_which_header_took_it(deploy: Deploy, open_browser: OpenBrowser) -> None:
    with deploy(BROKEN["an opener policy"][0]) as address:
        rehearsal = rehearsed(open_browser(INCOGNITO), address)

    assert "Arrived once, by storage" in rehearsal.row("plain sign-in")
    assert "Something sends Cross-Origin-Opener-Policy with the redirect page" in rehearsal.row("plain sign-in")


NOBODYS_SCRIPT = """const values = { "values": null };
window.close();
"""
TWICE = """const values = { "values": null };
opener?.oAuthCallback(location.href);
opener?.postMessage({ callbackUri: location.href }, location.origin);
window.close();
"""


STAYING = """const values = { "values": null };
opener?.oAuthCallback(location.href);
"""


@pytest.mark.parametrize(
    ("script", "advice"),
    [
        (NOBODYS_SCRIPT, "something has replaced redirect.js"),
        (TWICE, "The answer came more than once"),
        (STAYING, "its window stayed open"),
    ],
    ids=["hands over to nobody", "hands over twice", "does not close"],
)
def test_a_script_of_a_team_s_own_that_does_not_hand_over_once_is_found(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path, script: str, advice: str
) -> None:
    (tmp_path / "own-public").mkdir()
    (tmp_path / "own-public" / "redirect.js").write_text(script)
    with hosts.own(internet, tmp_path / "own", f'public_dir = "{tmp_path}/own-public"\n'):
        rehearsal = rehearsed(open_browser(INCOGNITO), f"https://{OWN}/test.html")

    assert rehearsal.verdict == "Not ready: plain sign-in."
    assert advice in rehearsal.remedy
    assert rehearsal.results["redirect page"] == "passed"  # it is as the host sends it


ELSEWHERE = f"https://{NGINX_PREFIXED}/redirect.html"


@pytest.mark.parametrize("listed", [True, False])
def test_a_redirect_uri_of_another_origin_hands_over_to_listed_origins_alone(
    internet: Internet, deploy: Deploy, open_browser: OpenBrowser, tmp_path: Path, listed: bool
) -> None:
    origins = [f"https://{NGINX}"] if listed else []
    settings = f'params.redirectUri = "{ELSEWHERE}"\nredirect.origins = {origins}\n'
    with hosts.own(internet, tmp_path / "own", settings), deploy(PASSED_ON, internet.own_port) as address:
        rehearsal = rehearsed(open_browser(INCOGNITO), address)

    if listed:
        assert rehearsal.verdict == "Ready, but for one way: severed opener."
        assert "by a message to the opener" in rehearsal.row("plain sign-in")
        assert rehearsal.results["hidden frame"] == "passed"
    else:
        assert rehearsal.verdict == "Not ready: plain sign-in."
        assert f'[redirect] origins = ["https://{NGINX}"]' in rehearsal.remedy
    assert f"The parameter redirectUri names {ELSEWHERE}, which shares no storage" in rehearsal.row("severed opener")
