"""The rehearsal on a host that is right: ready, or ready but for what cannot be there."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

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
from world.proxy import PREFIX, fronting
from world.sign_in_test import CODE, READY, UNRELAYED, WAYS, Rehearsal, rehearsed, results
from world.user import pump

pytestmark = pytest.mark.usefixtures("hosted", "loader")

ROWS = "[...document.querySelectorAll('#results li')].map((row) => [row.firstChild.textContent, row.dataset.result])"


def rehearsed_from(site: str, internet: Internet, context: BrowserContext, host: str = HOST) -> Rehearsal:
    """A rehearsal in a page of the team's, by the code that the rehearsal's page offers."""
    page = context.new_page()
    page.goto(f"https://{host}/test.html")
    code = page.locator("#embedded-code")
    expect(code).to_contain_text(host)
    page.goto(internet.page(site, f"<!doctype html><body>{code.inner_text()}"))
    return Rehearsal(page.frame_locator("iframe"))


def test_a_right_host_is_ready_and_each_way_is_heard_of_once(open_browser: OpenBrowser, hosted: Server) -> None:
    context = open_browser(PLAIN)

    rehearsal = rehearsed(context, f"https://{HOST}/test.html")

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY
    assert re.search(r"Arrived once, by a call to the opener, in \d+ ms\.", rehearsal.row("plain sign-in"))
    assert "by storage, in" in rehearsal.row("severed opener")
    assert re.search(r"Arrived once, by the host’s relay, in \d+ ms\.", rehearsal.row("severed, another site"))
    assert "by a message to the frame around it, in" in rehearsal.row("hidden frame")
    # Nothing is left of it.
    wait_until(lambda: pump(context.pages[0]) and len(context.pages) == 1, "its windows are closed")
    assert rehearsal.page.locator("body").evaluate("() => localStorage.length") == 0
    assert CODE not in hosted.output
    assert rehearsal.page.locator("#start").inner_text() == "Rehearse again"
    assert Rehearsal(rehearsal.page).results == READY


def test_so_is_a_profile_below_a_path(open_browser: OpenBrowser) -> None:
    rehearsal = rehearsed(open_browser(PLAIN), f"https://{PREFIXED}/phone/sandbox/test.html")

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY


def test_behind_the_shipped_nginx_configuration_it_is_ready_whatever_stands_around_that(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    upstream = f"127.0.0.1:{internet.host_port}"
    with fronting(tmp_path, internet.folder, [upstream], internet.nginx_port) as proxy:
        for base in (f"https://{NGINX}/", f"https://{NGINX_PREFIXED}{PREFIX}"):
            assert rehearsed(open_browser(INCOGNITO), f"{base}test.html").results == READY
        assert proxy.files_with(CODE) == []


@pytest.mark.parametrize("mode", [PLAIN, STORAGE_DENIED])
def test_in_a_page_of_the_hosts_site_it_is_ready(
    internet: Internet, open_browser: OpenBrowser, mode: BrowserMode
) -> None:
    rehearsal = rehearsed_from(SAME_SITE, internet, open_browser(mode))

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY


@pytest.mark.parametrize("mode", [PLAIN, INCOGNITO])
def test_in_a_page_of_another_site_the_relay_brings_what_a_severed_window_has(
    internet: Internet, open_browser: OpenBrowser, mode: BrowserMode
) -> None:
    rehearsal = rehearsed_from(CROSS_SITE, internet, open_browser(mode))

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == READY
    for name in ("severed opener", "severed, another site"):
        assert "Arrived once, by the host’s relay" in rehearsal.row(name)


def test_so_it_does_in_firefox_and_webkit(internet: Internet, open_engine: OpenEngine, engine: str) -> None:
    window, frame = open_engine(engine).window, "iframe"
    code = f'<iframe width="100%" height="900" src="https://{HOST}/test.html"></iframe>'
    window.go(internet.page(CROSS_SITE, f"<!doctype html><body>{code}"))
    label = "document.querySelector('#start:enabled')?.textContent"

    wait_for(window, f"{label} === 'Rehearse'", frame)
    while window.evaluate(label, frame) != "Rehearse again":
        rows = window.evaluate(ROWS, frame)
        window.press("#start", frame)
        # WebKit opens one window for each press.
        wait_for(window, f"{label} && {ROWS}.length > {len(rows)}", frame)

    assert {name.lower(): result for name, result in window.evaluate(ROWS, frame)} == READY
    told = window.evaluate("document.querySelector('#results').innerText", frame)
    assert told.count("Arrived once, by the host’s relay") == 2


def test_where_storage_is_denied_the_storage_in_memory_serves(internet: Internet, open_browser: OpenBrowser) -> None:
    rehearsal = rehearsed_from(CROSS_SITE, internet, open_browser(STORAGE_DENIED))

    assert rehearsal.verdict == "Ready."
    assert rehearsal.results == dict.fromkeys(WAYS, "passed")


def test_without_a_relay_it_says_so_and_in_a_page_of_another_site_a_severed_opener_is_the_limit(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    with hosts.own(internet, tmp_path / "own", "relay.enabled = false\n"):
        here = rehearsed(open_browser(INCOGNITO), f"https://{OWN}/test.html")
        elsewhere = rehearsed_from(CROSS_SITE, internet, open_browser(INCOGNITO), OWN)

    assert here.verdict == "Ready."
    assert here.results == UNRELAYED
    assert "the setting relay.enabled is off" in here.row("severed, another site")
    assert elsewhere.verdict == "Ready, but for one way: severed opener."
    assert "Switch it on (relay.enabled)" in elsewhere.remedy
    assert "give this host a name of the page’s site" in elsewhere.remedy
    assert elsewhere.results == UNRELAYED | {"severed opener": "limited"}


def test_with_the_widget_from_the_cdn_it_says_what_that_costs(open_browser: OpenBrowser) -> None:
    rehearsal = rehearsed(open_browser(INCOGNITO), f"https://{LOADER}/test.html")

    assert rehearsal.verdict == "Ready, but for one way: severed opener."
    assert f"The widget comes from https://{CDN[0]}" in rehearsal.remedy
    assert "embeddable-host pull" in rehearsal.remedy
    assert rehearsal.results == UNRELAYED | {"severed opener": "limited"}
    assert "Host a release: embeddable-host pull" in rehearsal.row("severed, another site")


def test_where_each_window_wants_a_press_it_asks_for_one(browsers: Browsers) -> None:
    with browsers.blocking_popups() as context:
        page = context.new_page()
        page.goto(f"https://{HOST}/test.html")
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
            wait_until(lambda: label() != "", "it wants to be pressed")
            presses.append(label())

        assert presses == ["Rehearse", *["Continue"] * 4, "Rehearse again"]
        assert results(page) == READY


def test_where_no_window_opens_at_all_it_says_so_and_comes_to_an_end(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()
    page.add_init_script("window.open = () => null;")
    page.goto(f"https://{HOST}/test.html")
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
        rehearsal = rehearsed(open_browser(INCOGNITO), f"https://{OWN}/test.html")
        configured(tmp_path / "own", 'redirect.title = "Changed"')
        server.hang_up()
        wait_until(lambda: b"Changed" in server.ask("/redirect.html").body, "the settings are read again")

        again = Rehearsal(rehearsal.page)

    assert rehearsal.verdict == again.verdict == "Ready, but for one way: severed opener."
    assert again.results["redirect page"] == "passed"


def test_the_result_is_copied_as_text(open_browser: OpenBrowser) -> None:
    context = open_browser(INCOGNITO)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    rehearsal = rehearsed(context, f"https://{HOST}/test.html")

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


def test_the_login_page_of_the_rehearsal_goes_to_the_redirect_page_alone(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    elsewhere = f"https://{SAME_SITE}/"

    query = f"redirect_uri={elsewhere}&state=s%26code=1&code=2&address={elsewhere}"
    page.goto(f"https://{HOST}/sandbox/stand-in-platform.html?{query}#{elsewhere}")
    page.wait_for_url("**/redirect.html")

    assert asked[1:] == [f"https://{HOST}/sandbox/redirect.html?code=rehearsed&state=s%26code%3D1"]
