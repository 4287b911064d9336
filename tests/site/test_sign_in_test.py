"""The sign-in test on a host without a fault: ready, or ready but for what cannot work there."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from world import hosts
from world.browser_modes import INCOGNITO, PLAIN, STORAGE_DENIED, BrowserMode, Browsers, OpenBrowser
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
from world.sign_in_test import CODE, READY, UNRELAYED, WAYS, SignInTest, results, run_sign_in_test
from world.user import pump

pytestmark = pytest.mark.usefixtures("hosted", "loader")

ROWS = "[...document.querySelectorAll('#results li')].map((row) => [row.firstChild.textContent, row.dataset.result])"


def run_on_page_of(site: str, internet: Internet, context: BrowserContext, host: str = HOST) -> SignInTest:
    """A sign-in test on a page of the team's, embedded with the code that the test's page offers."""
    page = context.new_page()
    page.goto(f"https://{host}/test.html")
    code = page.locator("#embedded-code")
    expect(code).to_contain_text(host)
    page.goto(internet.page(site, f"<!doctype html><body>{code.inner_text()}"))
    return SignInTest(page.frame_locator("iframe"))


def test_a_host_without_a_fault_is_ready_and_each_callback_arrives_once(
    open_browser: OpenBrowser, hosted: Server
) -> None:
    context = open_browser(PLAIN)

    test = run_sign_in_test(context, f"https://{HOST}/test.html")

    assert test.verdict == "Ready."
    assert test.results == READY
    assert re.search(r"Arrived once, by a call to the opener, in \d+ ms\.", test.row("plain sign-in"))
    assert "by storage, in" in test.row("severed opener")
    assert re.search(r"Arrived once, by the host’s relay, in \d+ ms\.", test.row("severed, another site"))
    wait_until(lambda: pump(context.pages[0]) and len(context.pages) == 1, "its windows are closed")
    assert test.page.locator("body").evaluate("() => localStorage.length") == 0
    assert CODE not in hosted.output
    assert test.page.locator("#start").inner_text() == "Run it again"
    assert SignInTest(test.page).results == READY


def test_a_profile_below_a_path_is_ready(open_browser: OpenBrowser) -> None:
    test = run_sign_in_test(open_browser(PLAIN), f"https://{PREFIXED}/phone/sandbox/test.html")

    assert test.verdict == "Ready."
    assert test.results == READY


def test_behind_the_shipped_nginx_configuration_it_is_ready_also_below_a_prefix(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    upstream = f"127.0.0.1:{internet.host_port}"
    with fronting(tmp_path, internet.folder, [upstream], internet.nginx_port) as proxy:
        for base in (f"https://{NGINX}/", f"https://{NGINX_PREFIXED}{PREFIX}"):
            assert run_sign_in_test(open_browser(INCOGNITO), f"{base}test.html").results == READY
        assert proxy.files_with(CODE) == []


@pytest.mark.parametrize("mode", [PLAIN, STORAGE_DENIED])
def test_on_a_page_of_the_hosts_site_it_is_ready(
    internet: Internet, open_browser: OpenBrowser, mode: BrowserMode
) -> None:
    test = run_on_page_of(SAME_SITE, internet, open_browser(mode))

    assert test.verdict == "Ready."
    assert test.results == READY


@pytest.mark.parametrize("mode", [PLAIN, INCOGNITO])
def test_on_a_page_of_another_site_the_relay_carries_the_callback_of_a_severed_window(
    internet: Internet, open_browser: OpenBrowser, mode: BrowserMode
) -> None:
    test = run_on_page_of(CROSS_SITE, internet, open_browser(mode))

    assert test.verdict == "Ready."
    assert test.results == READY
    for name in ("severed opener", "severed, another site"):
        assert "Arrived once, by the host’s relay" in test.row(name)


def test_in_firefox_and_webkit_too(internet: Internet, open_engine: OpenEngine, engine: str) -> None:
    window, frame = open_engine(engine).window, "iframe"
    code = f'<iframe width="100%" height="900" src="https://{HOST}/test.html"></iframe>'
    window.go(internet.page(CROSS_SITE, f"<!doctype html><body>{code}"))
    label = "document.querySelector('#start:enabled')?.textContent"

    wait_for(window, f"{label} === 'Run the test'", frame)
    while window.evaluate(label, frame) != "Run it again":
        rows = window.evaluate(ROWS, frame)
        window.press("#start", frame)
        # WebKit opens one window for each press.
        wait_for(window, f"{label} && {ROWS}.length > {len(rows)}", frame)

    assert {name.lower(): result for name, result in window.evaluate(ROWS, frame)} == READY
    text = window.evaluate("document.querySelector('#results').innerText", frame)
    assert text.count("Arrived once, by the host’s relay") == 2


def test_where_storage_is_denied_the_storage_in_memory_replaces_it(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    test = run_on_page_of(CROSS_SITE, internet, open_browser(STORAGE_DENIED))

    assert test.verdict == "Ready."
    assert test.results == dict.fromkeys(WAYS, "passed")


def test_without_a_relay_a_severed_opener_is_the_limit_on_a_page_of_another_site(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    with hosts.own(internet, tmp_path / "own", "relay.enabled = false\n"):
        here = run_sign_in_test(open_browser(INCOGNITO), f"https://{OWN}/test.html")
        elsewhere = run_on_page_of(CROSS_SITE, internet, open_browser(INCOGNITO), OWN)

    assert here.verdict == "Ready."
    assert here.results == UNRELAYED
    assert "the setting relay.enabled is off" in here.row("severed, another site")
    assert elsewhere.verdict == "Ready, but for one way: severed opener."
    assert "Switch it on (relay.enabled)" in elsewhere.remedy
    assert "give this host a name of the page’s site" in elsewhere.remedy
    assert elsewhere.results == UNRELAYED | {"severed opener": "limited"}


def test_with_the_widget_from_the_cdn_it_names_what_cannot_work(open_browser: OpenBrowser) -> None:
    test = run_sign_in_test(open_browser(INCOGNITO), f"https://{LOADER}/test.html")

    assert test.verdict == "Ready, but for one way: severed opener."
    assert f"The widget comes from https://{CDN[0]}" in test.remedy
    assert "embeddable-host pull" in test.remedy
    assert test.results == UNRELAYED | {"severed opener": "limited"}
    assert "Host a release: embeddable-host pull" in test.row("severed, another site")


def test_where_each_window_needs_a_press_it_asks_for_one(browsers: Browsers) -> None:
    with browsers.blocking_popups() as context:
        page = context.new_page()
        page.goto(f"https://{HOST}/test.html")
        page.locator("#start:enabled").wait_for()
        button = page.locator("#start").bounding_box()
        assert button
        devtools = context.new_cdp_session(page)

        def label() -> str:
            # Playwright's own evaluations count as the user's presses.
            expression = "document.querySelector('#start:enabled')?.textContent ?? ''"
            evaluated = devtools.send("Runtime.evaluate", {"expression": expression, "userGesture": False})
            return str(evaluated["result"]["value"])

        presses = ["Run the test"]
        while presses[-1] != "Run it again":
            page.mouse.click(button["x"] + 5, button["y"] + 5)
            wait_until(lambda: label() != "", "the button is enabled")
            presses.append(label())

        assert presses == ["Run the test", *["Continue"] * 3, "Run it again"]
        assert results(page) == READY


def test_where_no_window_opens_at_all_it_says_so_and_ends(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()
    page.add_init_script("window.open = () => null;")
    page.goto(f"https://{HOST}/test.html")
    page.locator("#start:enabled").click()
    for _ in ("plain sign-in", "denied sign-in"):
        page.get_by_role("button", name="Continue").click()

    expect(page.locator("#verdict")).to_have_text("Not ready: plain sign-in.")
    expect(page.locator("#remedy")).to_contain_text("The browser opened no window")
    expect(page.locator("#results li", has_text="Not run: the plain sign-in has to work first.")).to_have_count(2)


def test_a_change_of_settings_while_the_page_is_open_is_no_fault(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    with started(configured(tmp_path / "own"), "--port", str(internet.own_port)) as server:
        server.wait_until_ready()
        test = run_sign_in_test(open_browser(INCOGNITO), f"https://{OWN}/test.html")
        configured(tmp_path / "own", 'redirect.title = "Changed"')
        server.hang_up()
        wait_until(lambda: b"Changed" in server.ask("/redirect.html").body, "the settings are read again")

        again = SignInTest(test.page)

    assert test.verdict == again.verdict == "Ready, but for one way: severed opener."
    assert again.results["redirect page"] == "passed"


def impatient(route: Route) -> None:
    """Shortens the time that each way may take."""
    script = PUBLIC["ways.mjs"].read_text(encoding="utf-8").replace("30_000", "1_000")
    route.fulfill(body=script, content_type="text/javascript")


def test_a_window_that_does_not_load_in_time_is_slow_and_no_fault(open_browser: OpenBrowser) -> None:
    context = open_browser(PLAIN)
    held: list[Route] = []
    context.route("**/redirect.html*code=*", lambda route: held.append(route))
    context.route("**/redirect.html*error=*", lambda route: held.append(route))
    context.route("**/ways.mjs", impatient)

    test = run_sign_in_test(context, f"https://{HOST}/test.html")

    assert test.verdict == "Slow: plain sign-in. Run it again."
    assert "slow at the moment" in test.remedy
    assert "The window did not load in time." in test.row("plain sign-in")
    in_windows = {"plain sign-in", "severed opener", "severed, another site", "denied sign-in"}
    assert test.results == READY | dict.fromkeys(in_windows, "slow")

    context.unroute_all()
    test.page.reload()
    assert SignInTest(test.page).results == READY


def test_the_result_is_copied_as_text(open_browser: OpenBrowser) -> None:
    context = open_browser(INCOGNITO)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    test = run_sign_in_test(context, f"https://{HOST}/test.html")

    test.page.get_by_role("button", name="Copy the result as text").click()

    expect(test.page.locator("#announcement")).to_have_text("Copied")
    lines = test.page.locator("body").evaluate("() => navigator.clipboard.readText()").split("\n")
    assert lines[0].startswith(f"Sign-in test of https://{HOST}/ (release 2.3.1-")
    assert lines[1] == f"Redirect URI: https://{HOST}/redirect.html"
    assert re.match(r"20\d\d-\d\d-\d\dT.*Z, Mozilla/5.0 .*Chrome/", lines[2])
    assert lines[3] == "Ready."
    assert [line.partition(".")[0] for line in lines[4:] if not line.startswith(" ")] == [
        f"{'Not applicable' if name == 'denied storage' else 'Passed'}: {name}" for name in WAYS
    ]
    assert CODE not in "\n".join(lines)


def test_the_login_page_of_the_test_goes_only_to_the_redirect_page(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    elsewhere = f"https://{SAME_SITE}/"

    query = f"redirect_uri={elsewhere}&state=s%26code=1&code=2&address={elsewhere}"
    page.goto(f"https://{HOST}/sandbox/stand-in-platform.html?{query}#{elsewhere}")
    page.wait_for_url("**/redirect.html")

    assert requested[1:] == [f"https://{HOST}/sandbox/redirect.html?code={CODE}&state=s%26code%3D1"]
