"""The page of the graduation tracker: what a person does on it, what it stores, and where it is."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from embeddable_host.config.settings import Settings
from embeddable_host.site.site import Site, build_site
from world import hosts
from world.browser_modes import INCOGNITO, Browsers, OpenBrowser
from world.graduation import (
    NAME,
    NUMBER,
    RECORDED,
    TEXT,
    message,
    presence,
    read,
    telephony,
    unread,
)
from world.hosts import SANDBOX_CLIENT_ID, SANDBOX_SERVER
from world.internet import HOST, OWN, Internet
from world.tracker import ADDRESS, Tracker
from world.user import pump

pytestmark = pytest.mark.usefixtures("hosted")


# What a person does


def test_manual_counts_are_undone_without_the_others(tracker: Tracker) -> None:
    tracker.receive(telephony(1, "Hold"))
    for _ in range(5):
        tracker.press("+1 manually", "control")
    assert "✓ Done" in tracker.row("control")
    assert "5 counted manually." in tracker.row("control")

    tracker.press("Undo manual count", "control")
    tracker.open()

    assert "5 of 6" in tracker.row("control")
    assert "4 counted manually." in tracker.row("control")
    for _ in range(4):
        tracker.press("Undo manual count", "control")
    expect(tracker.page.locator("#requirement-control").get_by_role("button", name="+1")).to_be_focused()
    assert tracker.has_counted(control=1)


def test_a_requirement_is_reset_after_a_confirmation(tracker: Tracker) -> None:
    tracker.receive(message(1), message(2, kind="Pager"))
    tracker.press("+1 manually", "sms")

    tracker.press("Reset", "sms")
    expect(tracker.page.locator("#confirmation-text")).to_have_text("“More than 5 SMS sent” goes back to 0.")
    tracker.page.get_by_role("button", name="Keep it").click()
    assert tracker.has_counted(sms=2, internal=1)

    tracker.press("Reset", "sms")
    tracker.page.locator("#reset").click()
    assert tracker.has_counted(internal=1)
    tracker.receive(message(1, status="Delivered"), message(3))
    assert tracker.has_counted(sms=1, internal=1)


def test_everything_is_reset_after_a_confirmation_and_the_other_tab_shows_it(
    tracker: Tracker, owner: BrowserContext
) -> None:
    other = Tracker(owner.new_page()).open()
    tracker.receive(message(1), presence("Available"), presence("Busy"))
    expect(other.page.locator("#requirement-presence .how-many")).to_have_text("1 of 6")

    tracker.page.get_by_role("button", name="Reset everything").click()
    tracker.page.locator("#reset").click()

    assert tracker.has_counted()
    expect(other.page.locator("#requirement-presence .how-many")).to_have_text("0 of 6")
    tracker.receive(presence("Available"))
    assert tracker.has_counted(presence=1)
    other.page.close()


def test_printed_it_is_a_record_with_each_time(tracker: Tracker) -> None:
    tracker.receive(message(1))
    tracker.receive(message(2))
    tracker.receive()
    tracker.press("+1 manually", "sms")

    tracker.page.emulate_media(media="print")

    header = tracker.page.locator("header").inner_text()
    for fact in (SANDBOX_CLIENT_ID, SANDBOX_SERVER, "January 15, 2027"):
        assert fact in header
    entries = tracker.page.locator("#requirement-sms .times li")
    expect(entries).to_have_count(3)
    assert [entry.is_visible() for entry in entries.all()] == [True] * 3
    assert "(counted manually)" in entries.last.inner_text()
    times = entries.locator("time").evaluate_all("all => all.map(({ dateTime }) => dateTime)")
    assert len(set(times)) == 3
    for hidden in ("#phone", "#next", ".how", "button", "progress"):
        assert tracker.page.locator(hidden).locator("visible=true").count() == 0, hidden
    assert "0 of 6" in tracker.row("internal")


# What is stored


def test_of_a_message_or_call_only_its_id_and_time_are_stored(tracker: Tracker) -> None:
    for before, each in RECORDED.values():
        tracker.receive(*before, *each(1))

    stored = str(tracker.stored)

    assert len(tracker.stored) >= len(RECORDED)
    for personal in (NUMBER, NUMBER.strip("+"), TEXT, NAME, "Ada", "Meet"):
        assert personal not in stored


def test_entries_that_were_garbled_break_nothing(tracker: Tracker) -> None:
    tracker.receive(message(1))
    start = f"embeddable-host:graduation:{SANDBOX_CLIENT_ID}:sms:"
    garbled = {
        f"{start}%": "1",
        f"{start}2": "9" * 400,
        f"{start}3": "{}",
        f"{start}4": "",
        f"{start}5": "-1 manual",
        f"{start}__proto__": "[object Object]",
        f"embeddable-host:graduation:{SANDBOX_CLIENT_ID}:presence.before:": "\x00" * 1000,
        f"embeddable-host:graduation:{SANDBOX_CLIENT_ID}": "1",
    }
    tracker.page.evaluate(
        "all => { for (const [key, text] of Object.entries(all)) localStorage.setItem(key, text); }", garbled
    )

    tracker.open()
    tracker.receive(message(6), presence("Available"))

    assert tracker.has_counted(sms=2)


DENIED = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })"
)
FULL = """() => {
    for (let size = 1 << 22; size >= 1; size = size >> 1) {
        try { for (let i = 0; ; i++) localStorage.setItem(`fill-${size}-${i}`, 'x'.repeat(size)); } catch {}
    }
}"""


@pytest.mark.parametrize("storage", ["denied", "full"])
def test_without_storage_the_page_says_so_and_counts_for_this_visit(open_browser: OpenBrowser, storage: str) -> None:
    context = open_browser(INCOGNITO)
    tracker = Tracker(context.new_page()).open()
    expect(tracker.page.locator("#unstored")).to_be_hidden()
    if storage == "denied":
        context.add_init_script(DENIED)
    else:
        tracker.page.evaluate(FULL)

    tracker.open()
    tracker.receive(message(1), unread(2), read(2))
    tracker.receive(message(1), message(3), presence("Available"), presence("Busy"))
    tracker.press("+1 manually", "sms")

    expect(tracker.page.locator("#unstored")).to_be_visible()
    assert tracker.has_counted(sms=3, read=1, presence=1)
    tracker.press("Reset", "sms")
    tracker.page.locator("#reset").click()
    assert tracker.has_counted(read=1, presence=1)


PROFILES = """
[profiles.one.params]
clientId = "one"
appServer = "https://platform.devtest.ringcentral.com"
[profiles.other.params]
clientId = "other"
appServer = "https://platform.devtest.ringcentral.com"
[profiles.same.params]
appKey = "one"
appServer = "https://platform.devtest.ringcentral.com/"
[profiles.nobody.params]
appServer = "https://platform.devtest.ringcentral.com"
"""


def test_each_client_id_has_a_count_of_its_own(internet: Internet, tmp_path: Path, open_browser: OpenBrowser) -> None:
    with hosts.own(internet, tmp_path / "own", PROFILES):
        page = open_browser(INCOGNITO).new_page()
        tracker = Tracker(page).open(f"https://{OWN}/one/graduation.html")
        tracker.receive(message(1))

        assert Tracker(page).open(f"https://{OWN}/other/graduation.html").has_counted()
        assert Tracker(page).open(f"https://{OWN}/same/graduation.html").has_counted(sms=1)
        page.goto(f"https://{OWN}/nobody/graduation.html")
        expect(page.locator("#no-client-id")).to_contain_text("This profile has no client id")
        expect(page.locator("#phone-frame")).to_have_count(0)


# Where it is


def trackers(site: Site) -> list[str]:
    return [path for path in site.assets if path.endswith("graduation.html")]


def test_only_a_profile_in_the_sandbox_has_a_tracker(tmp_path: Path) -> None:
    servers = {
        "sandbox": SANDBOX_SERVER,
        "slashed": f"{SANDBOX_SERVER}/",
        "production": "https://platform.ringcentral.com",
        "lookalike": f"{SANDBOX_SERVER}.example.com",
    }
    profiles: Any = {name: {"params": {"clientId": name, "appServer": server}} for name, server in servers.items()}

    site = build_site(Settings(data_dir=tmp_path, profiles=profiles))

    assert trackers(site) == ["/sandbox/graduation.html", "/slashed/graduation.html"]
    assert site["/graduation.html"].status == 404
    assert trackers(build_site(Settings(data_dir=tmp_path, params={"appServer": SANDBOX_SERVER}))) == [
        "/graduation.html"
    ]
    off: Any = {"enabled": False}
    assert trackers(build_site(Settings(data_dir=tmp_path, profiles=profiles, setup=off))) == []


def test_the_setup_page_of_such_a_profile_leads_to_it_and_that_of_others_says_how_to_make_one(
    owner: BrowserContext,
) -> None:
    page = owner.new_page()
    page.goto(f"https://{HOST}/")
    page.get_by_text("Does your app start in the sandbox?").click()
    expect(page.locator("#not-in-sandbox")).to_contain_text("[profiles.sandbox.params]")
    expect(page.get_by_role("link", name="tracker")).to_have_count(0)

    page.goto(f"https://{HOST}/sandbox/")
    page.get_by_text("Does your app start in the sandbox?").click()
    page.get_by_role("link", name="tracker").click()

    expect(page).to_have_url(ADDRESS)
    page.close()


def test_the_phone_on_it_is_the_profiles_and_signs_in(tracker: Tracker, internet: Internet) -> None:
    phone = tracker.page.frame_locator("#phone-frame")
    assert phone.locator("body").evaluate("() => phone.parameters.clientId") == SANDBOX_CLIENT_ID
    assert phone.locator("body").evaluate("() => document.featurePolicy.allowsFeature('microphone')") is True

    phone.locator("#signIn").click()

    expect(phone.locator("#status")).to_have_text("Signed in")
    assert [token.granted for token in internet.platform.tokens] == [True]
    assert pump(tracker.page)
    assert tracker.has_counted()


def test_at_another_address_than_the_public_one_it_names_that(
    internet: Internet, tmp_path: Path, open_browser: OpenBrowser
) -> None:
    settings = f'public_url = "https://{HOST}/"\n[params]\nclientId = "a"\nappServer = "{SANDBOX_SERVER}"\n'
    with hosts.own(internet, tmp_path / "own", settings):
        page = open_browser(INCOGNITO).new_page()
        page.goto(f"https://{OWN}/graduation.html")
        expect(page.get_by_role("link", name=f"https://{HOST}/graduation.html")).to_be_visible()
        expect(page.locator("#phone-frame")).to_have_count(0)


def test_without_javascript_it_says_what_is_needed(browsers: Browsers) -> None:
    context = browsers.incognito(java_script_enabled=False)
    page = context.new_page()
    page.goto(ADDRESS)

    assert page.locator("noscript p").is_visible()
    assert SANDBOX_CLIENT_ID in page.locator("header").inner_text()
    assert not page.locator("main").is_visible()
    context.close()
