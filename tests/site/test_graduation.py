"""The graduation tracker: what it counts of what the widget tells, what it does not, and what it keeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from world import hosts
from world.graduation import (
    NAME,
    NUMBER,
    RECORDED,
    TEXT,
    Event,
    arrived,
    browser_call,
    message,
    presence,
    read,
    ringout,
    signed,
    telephony,
    unread,
)
from world.hosts import SANDBOX_CLIENT_ID, SANDBOX_SERVER
from world.internet import CDN, HOST, LOADER, OWN, Internet
from world.user import pump
from world.weather import DEADLINE, INCOGNITO, Browsers, OpenBrowser

from server.config.settings import Settings
from server.site.graduation import REQUIREMENTS
from server.site.site import Site, build_site

pytestmark = pytest.mark.usefixtures("hosted", "loader")

ADDRESS = f"https://{HOST}/sandbox/graduation.html"
LEAST = {requirement.name: requirement.least for requirement in REQUIREMENTS}
NOTHING = dict.fromkeys(LEAST, 0)
APART = 10  # seconds between two things that a user does
BEGIN = 1_800_000_000  # when a test begins, in seconds


@dataclass
class Tracker:
    page: Page
    now: int = BEGIN

    def open(self, address: str = ADDRESS) -> "Tracker":
        self.page.clock.set_fixed_time(self.now)
        self.page.goto(address)
        expect(self.page.frame_locator("#phone-frame").locator("#signIn")).to_be_visible()
        self.page.evaluate("() => addEventListener('message', ({ data }) => { window.told = data; })")
        return self

    def hear(self, *events: Any) -> None:
        """What the widget tells at one moment; all of it has been heard in the end."""
        self.now += APART
        self.page.clock.set_fixed_time(self.now)
        frame = self.page.frame_locator("#phone-frame").locator("body")
        frame.evaluate("(_, all) => { for (const one of all) parent.postMessage(one, '*'); }", [*events, self.now])
        self.page.wait_for_function("now => window.told === now", arg=self.now, polling=5)

    def row(self, name: str) -> str:
        return self.page.locator(f"#requirement-{name}").inner_text()

    @property
    def counts(self) -> dict[str, int]:
        return {
            name: int(self.page.locator(f"#requirement-{name} .how-many").inner_text().split()[0]) for name in LEAST
        }

    def has_counted(self, **counts: int) -> bool:
        return self.counts == NOTHING | {name.replace("_", "-"): count for name, count in counts.items()}

    def press(self, button: str, name: str) -> None:
        self.page.locator(f"#requirement-{name}").get_by_role("button", name=button).click()

    @property
    def kept(self) -> dict[str, str]:
        """What the tracker has put into the browser's storage."""
        kept = self.page.evaluate(
            "() => Object.entries(localStorage).filter(([key]) => key.startsWith('embeddable-host:'))"
        )
        return dict(kept)


@pytest.fixture(scope="module")
def owner(browsers: Browsers) -> Iterator[BrowserContext]:
    """The browser of an app's owner."""
    context = browsers.incognito()
    context.set_default_timeout(DEADLINE)
    yield context
    context.close()


@pytest.fixture
def tracker(owner: BrowserContext, internet: Internet) -> Iterator[Tracker]:
    """The tracker, with nothing counted."""
    page = owner.new_page()
    yield Tracker(page).open()
    page.evaluate("() => localStorage.clear()")
    page.close()


# What is counted


def test_each_requirement_is_done_when_its_number_is_reached_and_not_before(tracker: Tracker) -> None:
    expect(tracker.page.locator("#total")).to_have_text("0 of 9 done.")
    for done, (name, (before, each)) in enumerate(RECORDED.items()):
        least = LEAST[name]
        ready = "You can apply for production now. What is left is asked only of an app with active call control."
        expect(tracker.page.locator("#ready")).to_have_text(ready if name == "control" else "")
        tracker.hear(*before)
        for number in range(1, least):
            tracker.hear(*each(number))
        assert f"{least - 1} of {least}" in tracker.row(name)
        assert "Done" not in tracker.row(name)
        expect(tracker.page.locator("#total")).to_have_text(f"{done} of 9 done.")

        tracker.hear(*each(least))

        assert f"{least} of {least}" in tracker.row(name)
        assert "✓ Done" in tracker.row(name)
        expect(tracker.page.locator("#announcement")).to_contain_text(f"{least} of {least}.")
    expect(tracker.page.locator("#total")).to_have_text("9 of 9 done.")
    expect(tracker.page.locator("#ready")).to_have_text("You can apply for production now.")


def test_the_numbers_are_those_that_ringcentral_asks_for() -> None:
    assert list(LEAST.values()) == [6, 6, 6, 6, 6, 5, 5, 5, 6]
    assert [requirement.name for requirement in REQUIREMENTS if requirement.optional] == ["control"]


def test_what_is_told_many_times_is_counted_once(tracker: Tracker) -> None:
    once = [
        message(1),
        message(2, kind="Pager"),
        unread(3),
        read(3),
        browser_call("a", "Outbound"),
        browser_call("b", "Inbound"),
        ringout(4),
        telephony(5, "Hold"),
    ]
    for _ in range(3):
        tracker.hear(*once, *once)

    assert tracker.has_counted(sms=1, internal=1, read=1, outbound=1, inbound=1, ringout=1, control=1)
    moments = tracker.page.locator(".moments time").evaluate_all("all => all.map(({ dateTime }) => dateTime)")
    assert set(moments) == {"2027-01-15T08:00:10.000Z"}  # the first


def test_what_happens_elsewhere_or_fails_is_not_counted(tracker: Tracker) -> None:
    tracker.hear(
        message(1, status="Queued"),
        message(2, status="SendingFailed"),
        message(3, direction="Inbound"),
        message(4, kind="Fax"),
        read(5),
        arrived(6),
        browser_call("dialled", "Outbound", "init"),
        browser_call("missed", "Inbound", "ring"),
        browser_call("missed", "Inbound", "end"),
        ringout(7, direction="Inbound"),
        {**ringout(8), "type": "rc-active-call-notify"},
        telephony(9, "Answered", "Disconnected"),
        telephony(10, "Hold", origin="Call"),
        presence("Available"),
        presence("Available", telephony="CallConnected"),
        signed(False),
        signed(True),
    )

    assert tracker.has_counted()


def test_the_order_of_what_is_told_matters_only_where_it_means_something(tracker: Tracker) -> None:
    tracker.hear(
        message(1, status="Delivered"), message(1), browser_call("a", "Inbound", "end"), browser_call("a", "Inbound")
    )
    tracker.hear(ringout(2, "NoCall"), ringout(2), telephony(3, "Disconnected"), telephony(3, "Hold"))
    assert tracker.has_counted(sms=1, inbound=1, ringout=1, control=1)

    tracker.hear(read(4), unread(4))
    assert tracker.counts["read"] == 0
    tracker.hear(read(4))
    assert tracker.counts["read"] == 1


def test_a_change_of_presence_is_one_only_between_two_states_that_are_known(tracker: Tracker) -> None:
    tracker.hear(presence("Available"), presence(None, None), presence("Busy"))
    assert tracker.counts["presence"] == 0

    tracker.hear(presence("Busy", "DoNotAcceptAnyCalls"))
    tracker.hear(presence("Offline", "DoNotAcceptAnyCalls"), presence("Offline", "TakeAllCalls"))

    assert tracker.has_counted(presence=3)


def test_a_reload_loses_nothing_and_counts_nothing(tracker: Tracker) -> None:
    tracker.hear(message(1), unread(2), presence("Available"), signed(False), signed(True))
    tracker.open()
    tracker.hear(message(1), read(2), presence("Busy"), signed(True))
    assert tracker.has_counted(sms=1, read=1)

    tracker.hear(presence("Available"), signed(False))
    tracker.open()
    tracker.hear(presence("Available"), signed(False))

    assert tracker.has_counted(sms=1, read=1, presence=1, sign_in=1)
    assert "Last: Jan" in tracker.row("sms")


def test_two_tabs_count_nothing_twice_and_lose_nothing(tracker: Tracker, owner: BrowserContext) -> None:
    other = Tracker(owner.new_page()).open()
    both = [signed(False), presence("Available"), message(1), signed(True), presence("Busy"), signed(False)]
    for one in both:
        tracker.hear(one)
        other.hear(one)
    tracker.hear(message(2), browser_call("a", "Outbound"), unread(3))
    other.hear(message(4), browser_call("b", "Outbound"), read(3))

    for tab in (tracker, other):
        expect(tab.page.locator("#requirement-sms .how-many")).to_have_text("3 of 6")
        expect(tab.page.locator("#requirement-outbound .how-many")).to_have_text("2 of 5")
        assert tab.has_counted(sms=3, read=1, presence=1, sign_in=1, outbound=2)
    other.page.close()


# Who is heard


def test_neither_the_page_itself_nor_another_frame_of_this_host_is_heard(tracker: Tracker) -> None:
    tracker.page.evaluate("event => window.postMessage(event, '*')", message(1))
    tracker.page.evaluate(
        """() => new Promise((resolve) => {
            const frame = document.createElement('iframe');
            Object.assign(frame, { name: 'another', src: 'stand-in-platform.html', onload: resolve });
            document.body.append(frame);
        }).then(() => undefined)"""
    )
    another = tracker.page.frame(name="another")
    assert another
    another.evaluate("event => parent.postMessage(event, '*')", message(2))

    tracker.hear(message(3))

    assert tracker.has_counted(sms=1)


def test_a_page_that_opens_the_tracker_is_not_heard(owner: BrowserContext, tracker: Tracker) -> None:
    opener = owner.new_page()
    opener.goto(f"https://{HOST}/")
    with opener.expect_popup() as opened:
        opener.evaluate("address => { window.tracker = window.open(address); }", ADDRESS)
    lured = Tracker(opened.value).open()

    opener.evaluate("event => window.tracker.postMessage(event, '*')", message(1))
    lured.hear(message(2))

    assert lured.has_counted(sms=1)
    opener.close()
    lured.page.close()


def test_the_frame_of_a_cdns_widget_is_heard_while_the_cdns_page_is_in_it(open_browser: OpenBrowser) -> None:
    tracker = Tracker(open_browser(INCOGNITO).new_page()).open(f"https://{LOADER}/sandbox/graduation.html")
    assert tracker.page.frames[1].evaluate("() => location.host") == CDN[0]
    tracker.hear(message(1))
    assert tracker.has_counted(sms=1)

    tracker.page.frames[1].goto(f"https://{LOADER}/preview.html")
    tracker.page.frames[1].evaluate(
        "(events) => { for (const one of events) parent.postMessage(one, '*'); }", [message(2), 0]
    )
    tracker.page.wait_for_function("() => window.told === 0")

    assert tracker.has_counted(sms=1)


def test_the_frame_cannot_be_led_to_another_origin(tracker: Tracker) -> None:
    tracker.page.evaluate("address => { document.querySelector('#phone-frame').src = address; }", f"https://{CDN[0]}/")
    tracker.page.frames[1].wait_for_url("chrome-error://chromewebdata/")


HOSTILE = [
    None,
    0,
    "rc-message-updated-notify",
    [],
    {},
    {"type": "__proto__"},
    {"type": "rc-message-updated-notify"},
    {"type": "rc-message-updated-notify", "message": None},
    {"type": "rc-message-updated-notify", "message": [message(1)["message"]]},
    {"type": ["rc-message-updated-notify"], "message": message(1)["message"]},
    *(
        {**message(1), "message": {**message(1)["message"], "id": id}}
        for id in (None, "", {"id": 1}, [1], "1" * 129, "a" * 5_000_000, "a:b", "\ud800", "<b>", "a b")
    ),
    {"type": "rc-telephony-session-notify", "telephonySession": {"parties": "Hold", "origin": {"type": "RingOut"}}},
    {**telephony(1), "telephonySession": {**telephony(1)["telephonySession"], "parties": {"*": {"status": "Hold"}}}},
    presence("A" * 200),
    {"type": "rc-adapter-syncPresence", "userStatus": {"a": 1}, "dndStatus": ["TakeAllCalls"]},
    {"type": "rc-login-status-notify", "loggedIn": {"a": False}},
]


def test_garbled_and_huge_events_are_not_counted_and_break_nothing(tracker: Tracker) -> None:
    tracker.hear(presence("Available"), signed(True))
    tracker.hear(*HOSTILE)
    assert tracker.has_counted()

    tracker.hear(message(1))
    assert tracker.has_counted(sms=1)


def test_ids_with_the_names_of_javascript_are_ids_like_others(tracker: Tracker) -> None:
    names = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    events: list[Event] = [browser_call(name, "Outbound") for name in names]

    tracker.hear(*events, *events)
    tracker.open()

    assert tracker.has_counted(outbound=4)


def test_a_phone_that_goes_wild_does_not_fill_the_browsers_storage(tracker: Tracker) -> None:
    tracker.hear(*(message(number) for number in range(220)), *(unread(number) for number in range(220)))

    assert tracker.has_counted(sms=200)
    assert len(tracker.kept) == 400


# What a person does


def test_what_no_event_tells_is_counted_by_hand_and_taken_back_alone(tracker: Tracker) -> None:
    tracker.hear(telephony(1, "Hold"))
    for _ in range(5):
        tracker.press("+1 by hand", "control")
    assert "✓ Done" in tracker.row("control")
    assert "5 by hand." in tracker.row("control")

    tracker.press("Take one by hand back", "control")
    tracker.open()

    assert "5 of 6" in tracker.row("control")
    assert "4 by hand." in tracker.row("control")
    for _ in range(4):
        tracker.press("Take one by hand back", "control")
    expect(tracker.page.locator("#requirement-control").get_by_role("button", name="+1")).to_be_focused()
    assert tracker.has_counted(control=1)


def test_a_requirement_is_set_back_after_a_question(tracker: Tracker) -> None:
    tracker.hear(message(1), message(2, kind="Pager"))
    tracker.press("+1 by hand", "sms")

    tracker.press("Set back", "sms")
    expect(tracker.page.locator("#question-text")).to_have_text("“More than 5 SMS sent” goes back to 0.")
    tracker.page.get_by_role("button", name="Keep it").click()
    assert tracker.has_counted(sms=2, internal=1)

    tracker.press("Set back", "sms")
    tracker.page.locator("#set-back").click()
    assert tracker.has_counted(internal=1)
    tracker.hear(message(1, status="Delivered"), message(3))
    assert tracker.has_counted(sms=1, internal=1)


def test_everything_is_set_back_after_a_question_and_the_other_tab_sees_it(
    tracker: Tracker, owner: BrowserContext
) -> None:
    other = Tracker(owner.new_page()).open()
    tracker.hear(message(1), presence("Available"), presence("Busy"))
    expect(other.page.locator("#requirement-presence .how-many")).to_have_text("1 of 6")

    tracker.page.get_by_role("button", name="Set everything back").click()
    tracker.page.locator("#set-back").click()

    assert tracker.has_counted()
    expect(other.page.locator("#requirement-presence .how-many")).to_have_text("0 of 6")
    tracker.hear(presence("Available"))
    assert tracker.has_counted(presence=1)
    other.page.close()


def test_printed_it_is_a_record_with_each_moment(tracker: Tracker) -> None:
    tracker.hear(message(1))
    tracker.hear(message(2))
    tracker.hear()
    tracker.press("+1 by hand", "sms")

    tracker.page.emulate_media(media="print")

    header = tracker.page.locator("header").inner_text()
    for fact in (SANDBOX_CLIENT_ID, SANDBOX_SERVER, "January 15, 2027"):
        assert fact in header
    moments = tracker.page.locator("#requirement-sms .moments li")
    expect(moments).to_have_count(3)
    assert [moment.is_visible() for moment in moments.all()] == [True] * 3
    assert "(by hand)" in moments.last.inner_text()
    times = moments.locator("time").evaluate_all("all => all.map(({ dateTime }) => dateTime)")
    assert len(set(times)) == 3
    for hidden in ("#phone", "#next", ".how", "button", "progress"):
        assert tracker.page.locator(hidden).locator("visible=true").count() == 0, hidden
    assert "0 of 6" in tracker.row("internal")


# What is kept


def test_nothing_is_kept_of_a_message_or_call_but_its_id_and_moment(tracker: Tracker) -> None:
    for before, each in RECORDED.values():
        tracker.hear(*before, *each(1))

    kept = str(tracker.kept)

    assert len(tracker.kept) >= len(RECORDED)
    for personal in (NUMBER, NUMBER.strip("+"), TEXT, NAME, "Ada", "Meet"):
        assert personal not in kept


def test_entries_that_were_garbled_break_nothing(tracker: Tracker) -> None:
    tracker.hear(message(1))
    start = f"embeddable-host:graduation:{SANDBOX_CLIENT_ID}:sms:"
    garbled = {
        f"{start}%": "1",
        f"{start}2": "9" * 400,
        f"{start}3": "{}",
        f"{start}4": "",
        f"{start}5": "-1 by hand",
        f"{start}__proto__": "[object Object]",
        f"embeddable-host:graduation:{SANDBOX_CLIENT_ID}:presence.before:": "\x00" * 1000,
        f"embeddable-host:graduation:{SANDBOX_CLIENT_ID}": "1",
    }
    tracker.page.evaluate(
        "all => { for (const [key, text] of Object.entries(all)) localStorage.setItem(key, text); }", garbled
    )

    tracker.open()
    tracker.hear(message(6), presence("Available"))

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
def test_where_the_browser_keeps_nothing_the_page_says_so_and_counts_for_this_visit(
    open_browser: OpenBrowser, storage: str
) -> None:
    context = open_browser(INCOGNITO)
    tracker = Tracker(context.new_page()).open()
    expect(tracker.page.locator("#unkept")).to_be_hidden()
    if storage == "denied":
        context.add_init_script(DENIED)
    else:
        tracker.page.evaluate(FULL)

    tracker.open()
    tracker.hear(message(1), unread(2), read(2))
    tracker.hear(message(1), message(3), presence("Available"), presence("Busy"))
    tracker.press("+1 by hand", "sms")

    expect(tracker.page.locator("#unkept")).to_be_visible()
    assert tracker.has_counted(sms=3, read=1, presence=1)
    tracker.press("Set back", "sms")
    tracker.page.locator("#set-back").click()
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
        tracker.hear(message(1))

        assert Tracker(page).open(f"https://{OWN}/other/graduation.html").has_counted()
        assert Tracker(page).open(f"https://{OWN}/same/graduation.html").has_counted(sms=1)
        page.goto(f"https://{OWN}/nobody/graduation.html")
        expect(page.locator("#nobody")).to_contain_text("This profile has no client id")
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
