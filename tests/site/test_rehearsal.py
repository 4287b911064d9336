"""The rehearsal: ready on a host that is right, and on one that is broken the one thing that is wrong.

A row of the result is a way in which a sign-in comes back. What breaks it is a real nginx in front of the host, or the
host's own settings.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect
from world import hosts
from world.authority import Certificate
from world.deployment import PASSED_ON, changed, deployed, dropped, replaced, rewritten
from world.engines import OpenEngine, wait_for
from world.host import Server, configured, started
from world.internet import (
    CDN,
    CROSS_SITE,
    HOST,
    LOADER,
    NGINX,
    NGINX_PREFIXED,
    OWN,
    PREFIXED,
    SAME_SITE,
    Internet,
    wait_until,
)
from world.places import PUBLIC
from world.proxy import PREFIX, fronting
from world.weather import INCOGNITO, PLAIN, STORAGE_DENIED, Browsers, OpenBrowser, Weather

from server.faults.faults import FAULTS

pytestmark = pytest.mark.usefixtures("hosted", "loader")

PATIENCE = 60_000  # ms for a whole rehearsal, in which what does not come is waited for
WAYS = (
    "redirect page",
    "start page",
    "plain sign-in",
    "severed opener",
    "severed, another site",
    "hidden frame",
    "denied storage",
    "denied sign-in",
    "implicit answer",
)
READY = dict.fromkeys(WAYS, "passed") | {"denied storage": "not here"}
IN_WINDOWS = {"plain sign-in", "severed opener", "severed, another site", "denied sign-in", "implicit answer"}
UNRELAYED = {name: result for name, result in READY.items() if name != "start page"} | {
    "severed, another site": "not here"
}
ROWS = "[...document.querySelectorAll('#results li')].map((row) => [row.firstChild.textContent, row.dataset.result])"
CODE = "rehearsed"  # what the rehearsal sends for one


class Rehearsal:
    """A rehearsal that was played to its end."""

    def __init__(self, page: Page | FrameLocator) -> None:
        self.page = page
        page.locator("#start:enabled").click()
        expect(page.locator("#copy")).to_be_enabled(timeout=PATIENCE)

    @property
    def verdict(self) -> str:
        return self.page.locator("#verdict").inner_text()

    @property
    def remedy(self) -> str:
        return self.page.locator("#remedy").inner_text()

    @property
    def results(self) -> dict[str, str]:
        return results(self.page)

    def row(self, name: str) -> str:
        return self.page.locator("#results li", has_text=re.compile(f"^{name}", re.IGNORECASE)).inner_text()


def results(page: Page | FrameLocator) -> dict[str, str]:
    """The result of each way that was played."""
    rows = page.locator("#results li").all()
    return {row.locator(".name").inner_text().lower(): row.get_attribute("data-result") or "" for row in rows}


def rehearsed(context: BrowserContext, address: str) -> Rehearsal:
    page = context.new_page()
    page.goto(address)
    return Rehearsal(page)


def rehearsed_from(site: str, internet: Internet, context: BrowserContext, host: str = HOST) -> Rehearsal:
    """A rehearsal in a page of the team's, by the code that the rehearsal's page offers."""
    page = context.new_page()
    page.goto(f"https://{host}/check.html")
    code = page.locator("#embedded-code")
    expect(code).to_contain_text(host)
    page.goto(internet.page(site, f"<!doctype html><body>{code.inner_text()}"))
    return Rehearsal(page.frame_locator("iframe"))


# A host that is right


def test_a_right_host_is_ready_and_each_way_is_heard_of_once(open_browser: OpenBrowser, hosted: Server) -> None:
    context = open_browser(PLAIN)

    rehearsal = rehearsed(context, f"https://{HOST}/check.html")

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY
    assert re.search(r"Arrived once, by a call to the opener, in \d+ ms\.", rehearsal.row("plain sign-in"))
    assert "by storage, in" in rehearsal.row("severed opener")
    assert re.search(r"Arrived once, by the host’s relay, in \d+ ms\.", rehearsal.row("severed, another site"))
    assert "by a message to the frame around it, in" in rehearsal.row("hidden frame")
    # Nothing is left of it.
    wait_until(lambda: len(context.pages) == 1, "its windows are closed")
    assert rehearsal.page.locator("body").evaluate("() => localStorage.length") == 0
    assert CODE not in hosted.output
    assert rehearsal.page.locator("#start").inner_text() == "Rehearse again"
    assert Rehearsal(rehearsal.page).results == READY


def test_so_is_a_profile_below_a_path(open_browser: OpenBrowser) -> None:
    rehearsal = rehearsed(open_browser(PLAIN), f"https://{PREFIXED}/phone/sandbox/check.html")

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY


def test_behind_the_shipped_nginx_configuration_it_is_ready_whatever_stands_around_that(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    upstream = f"127.0.0.1:{internet.host_port}"
    with fronting(tmp_path, internet.folder, [upstream], internet.nginx_port) as proxy:
        for base in (f"https://{NGINX}/", f"https://{NGINX_PREFIXED}{PREFIX}"):
            assert rehearsed(open_browser(INCOGNITO), f"{base}check.html").results == READY
        assert proxy.files_with(CODE) == []


@pytest.mark.parametrize("weather", [PLAIN, STORAGE_DENIED])
def test_in_a_page_of_the_hosts_site_it_is_ready(
    internet: Internet, open_browser: OpenBrowser, weather: Weather
) -> None:
    rehearsal = rehearsed_from(SAME_SITE, internet, open_browser(weather))

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY


@pytest.mark.parametrize("weather", [PLAIN, INCOGNITO])
def test_in_a_page_of_another_site_the_relay_brings_what_a_severed_window_has(
    internet: Internet, open_browser: OpenBrowser, weather: Weather
) -> None:
    rehearsal = rehearsed_from(CROSS_SITE, internet, open_browser(weather))

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY
    for name in ("severed opener", "severed, another site"):
        assert "Arrived once, by the host’s relay" in rehearsal.row(name)


def test_so_it_does_in_firefox_and_webkit(internet: Internet, open_engine: OpenEngine, engine: str) -> None:
    window, frame = open_engine(engine).window, "iframe"
    code = f'<iframe width="100%" height="900" src="https://{HOST}/check.html"></iframe>'
    window.go(internet.page(CROSS_SITE, f"<!doctype html><body>{code}"))
    label = "document.querySelector('#start:enabled')?.textContent"

    wait_for(window, f"{label} === 'Rehearse'", frame)
    while window.ask(label, frame) != "Rehearse again":
        rows = window.ask(ROWS, frame)
        window.press("#start", frame)
        # WebKit opens one window for each press.
        wait_for(window, f"{label} && {ROWS}.length > {len(rows)}", frame)

    assert {name.lower(): result for name, result in window.ask(ROWS, frame)} == READY
    told = window.ask("document.querySelector('#results').innerText", frame)
    assert told.count("Arrived once, by the host’s relay") == 2


def test_where_storage_is_denied_the_storage_in_memory_serves(internet: Internet, open_browser: OpenBrowser) -> None:
    rehearsal = rehearsed_from(CROSS_SITE, internet, open_browser(STORAGE_DENIED))

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == dict.fromkeys(WAYS, "passed")


def test_without_a_relay_it_says_so_and_in_a_page_of_another_site_a_severed_opener_is_the_limit(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    with hosts.own(internet, tmp_path / "own", "relay.enabled = false\n"):
        here = rehearsed(open_browser(INCOGNITO), f"https://{OWN}/check.html")
        elsewhere = rehearsed_from(CROSS_SITE, internet, open_browser(INCOGNITO), OWN)

    assert here.verdict == "Ready."
    assert here.results == UNRELAYED
    assert "the setting relay.enabled is off" in here.row("severed, another site")
    assert elsewhere.verdict == "Ready, but for one way: severed opener."
    assert "Switch it on (relay.enabled)" in elsewhere.remedy
    assert "give this host a name of the page’s site" in elsewhere.remedy
    assert elsewhere.results == UNRELAYED | {"severed opener": "limited"}


def test_with_the_widget_from_the_cdn_it_says_what_that_costs(open_browser: OpenBrowser) -> None:
    rehearsal = rehearsed(open_browser(INCOGNITO), f"https://{LOADER}/check.html")

    assert rehearsal.verdict == "Ready, but for one way: severed opener."
    assert f"The widget comes from https://{CDN[0]}" in rehearsal.remedy
    assert "embeddable-host pull" in rehearsal.remedy
    assert rehearsal.results == UNRELAYED | {"severed opener": "limited"}
    assert "Host a release: embeddable-host pull" in rehearsal.row("severed, another site")


def test_where_each_window_wants_a_press_it_asks_for_one(browsers: Browsers) -> None:
    with browsers.keeping_windows_back() as context:
        page = context.new_page()
        page.goto(f"https://{HOST}/check.html")
        page.locator("#start:enabled").wait_for()
        button = page.locator("#start").bounding_box()
        assert button
        devtools = context.new_cdp_session(page)

        def label() -> str:
            # Playwright's own looks count as the user's presses.
            look = "document.querySelector('#start:enabled')?.textContent ?? ''"
            found: str = devtools.send("Runtime.evaluate", {"expression": look, "userGesture": False})["result"][
                "value"
            ]
            return found

        presses = ["Rehearse"]
        while presses[-1] != "Rehearse again":
            page.mouse.click(button["x"] + 5, button["y"] + 5)
            wait_until(lambda: label() != "", "it wants to be pressed", PATIENCE / 1000)
            presses.append(label())

        assert presses == ["Rehearse", *["Continue"] * 4, "Rehearse again"]
        assert results(page) == READY


def test_where_no_window_opens_at_all_it_says_so_and_comes_to_an_end(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()
    page.add_init_script("window.open = () => null;")
    page.goto(f"https://{HOST}/check.html")
    page.locator("#start:enabled").click()
    for _ in ("plain sign-in", "denied sign-in", "implicit answer"):
        page.get_by_role("button", name="Continue").click()

    expect(page.locator("#verdict")).to_have_text("Not ready: plain sign-in.")
    expect(page.locator("#remedy")).to_contain_text("The browser opened no window")
    assert results(page)["hidden frame"] == "passed"
    expect(page.locator("#results li", has_text="Not played: a plain sign-in comes first.")).to_have_count(2)


def test_a_change_of_settings_while_the_page_is_open_is_no_fault(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    with started(configured(tmp_path / "own"), "--port", str(internet.own_port)) as server:
        server.wait_until_ready()
        rehearsal = rehearsed(open_browser(INCOGNITO), f"https://{OWN}/check.html")
        configured(tmp_path / "own", 'redirect.title = "Changed"')
        server.hang_up()
        wait_until(lambda: b"Changed" in server.ask("/redirect.html").body, "the settings are read again")

        again = Rehearsal(rehearsal.page)

    assert rehearsal.verdict == again.verdict == "Ready, but for one way: severed opener."
    assert again.results["redirect page"] == "passed"


def test_the_result_is_copied_as_text(open_browser: OpenBrowser) -> None:
    context = open_browser(INCOGNITO)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    rehearsal = rehearsed(context, f"https://{HOST}/check.html")

    rehearsal.page.get_by_role("button", name="Copy the result as text").click()

    expect(rehearsal.page.locator("#announcement")).to_have_text("Copied")
    lines = rehearsal.page.locator("body").evaluate("() => navigator.clipboard.readText()").split("\n")
    assert lines[0].startswith(f"Sign-in rehearsal of https://{HOST}/ (release 2.3.1-")
    assert lines[1] == f"Redirect URI: https://{HOST}/redirect.html"
    assert re.match(r"20\d\d-\d\d-\d\dT.*Z, Mozilla/5.0 .*Chrome/", lines[2])
    assert lines[3] == "Ready."
    assert [line.partition(".")[0] for line in lines[4:] if not line.startswith(" ")] == [
        f"{'Nothing to rehearse' if name == 'denied storage' else 'Passed'}: {name}" for name in WAYS
    ]
    assert CODE not in "\n".join(lines)


# Hosts that are broken on purpose

Deploy = Callable[[str], contextlib.AbstractContextManager[str]]


@pytest.fixture
def deploy(internet: Internet, tmp_path: Path) -> Deploy:
    """nginx with these lines in front of a host; the rehearsal's address."""

    @contextlib.contextmanager
    def deploy(lines: str, port: int = internet.host_port) -> Iterator[str]:
        certificate = Certificate(internet.folder / "certificate.pem", internet.folder / "key.pem")
        with deployed(tmp_path, port, certificate, lines, port=internet.nginx_port):
            yield f"https://{NGINX}/check.html"

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


CACHING = "proxy_cache answers; proxy_ignore_headers Cache-Control; proxy_cache_valid any 1m;"
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
        const { examineRelay } = await import('./relay.mjs');
        return await examineRelay() ?? { fault: null, seen: '' };
    }""")
    return finding["fault"], finding["seen"]


def test_what_stands_before_the_relay_is_known_by_what_it_answers(deploy: Deploy, open_browser: OpenBrowser) -> None:
    for name, (lines, finding, change) in RELAY_FOUND.items():
        with deploy(lines) as address:
            assert relay_found(address, open_browser) == finding, name
        assert change in FAULTS[finding[0]].change


def test_a_relay_that_is_right_is_found_to_be_so(open_browser: OpenBrowser) -> None:
    assert relay_found(f"https://{HOST}/check.html", open_browser) == (None, "")


def test_a_relay_whose_folder_cannot_be_used_is_told_from_one_that_is_not_there(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with hosts.own(internet, tmp_path / "own", f'relay.folder = "{tmp_path}/file/folder"\n'):
        fault, seen = relay_found(f"https://{OWN}/check.html", open_browser)

    assert (fault, seen) == ("relay-full", "POST relay/…: status 503")
    assert "relay.folder" in FAULTS["relay-full"].change


def test_replicas_that_keep_their_letters_to_themselves_are_found(
    internet: Internet, deploy: Deploy, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    other = f"if ($request_method = POST) {{ proxy_pass http://127.0.0.1:{internet.own_port}; }}"
    settings = f'relay.folder = "{tmp_path}/relay"\n'
    with hosts.own(internet, tmp_path / "own", settings), deploy(changed(other, OF_THE_RELAY)) as address:
        fault, _ = relay_found(address, open_browser)

    assert fault == "relay-late"
    assert "hash $uri consistent" in FAULTS["relay-late"].change


def test_a_proxy_that_lets_the_window_keep_its_opener_leaves_nothing_to_rehearse(
    deploy: Deploy, open_browser: OpenBrowser
) -> None:
    with deploy(dropped(OPENER_POLICY)) as address:
        rehearsal = rehearsed(open_browser(INCOGNITO), address)

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY | dict.fromkeys(("severed opener", "severed, another site"), "not here")
    assert "takes Cross-Origin-Opener-Policy off stand-in-platform.html" in rehearsal.row("severed opener")


def test_the_login_page_of_the_rehearsal_goes_to_the_redirect_page_alone(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    elsewhere = f"https://{SAME_SITE}/"

    query = f"redirect_uri={elsewhere}&state=s%26code=1&code=2&address={elsewhere}"
    page.goto(f"https://{HOST}/sandbox/stand-in-platform.html?{query}#{elsewhere}")
    page.wait_for_url("**/redirect.html")

    assert asked[1:] == [f"https://{HOST}/sandbox/redirect.html?code=rehearsed&state=s%26code%3D1"]


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
        rehearsal = rehearsed(open_browser(INCOGNITO), f"https://{OWN}/check.html")

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
