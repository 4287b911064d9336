"""Which of the widget's events the graduation tracker counts, and which it does not."""

import pytest
from playwright.sync_api import BrowserContext, expect

from embeddable_host.site.graduation import REQUIREMENTS
from world.browser_modes import INCOGNITO, OpenBrowser
from world.graduation import (
    RECORDED,
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
from world.internet import CDN, HOST, LOADER
from world.tracker import ADDRESS, REQUIRED, Tracker

pytestmark = pytest.mark.usefixtures("hosted", "loader")


# What is counted


def test_each_requirement_is_done_when_its_number_is_reached_and_not_before(tracker: Tracker) -> None:
    expect(tracker.page.locator("#total")).to_have_text("0 of 9 done.")
    for done, (name, (before, each)) in enumerate(RECORDED.items()):
        required = REQUIRED[name]
        ready = "You can apply for production now. The rest is required only of an app with active call control."
        expect(tracker.page.locator("#ready")).to_have_text(ready if name == "control" else "")
        tracker.receive(*before)
        for number in range(1, required):
            tracker.receive(*each(number))
        assert f"{required - 1} of {required}" in tracker.row(name)
        assert "Done" not in tracker.row(name)
        expect(tracker.page.locator("#total")).to_have_text(f"{done} of 9 done.")

        tracker.receive(*each(required))

        assert f"{required} of {required}" in tracker.row(name)
        assert "✓ Done" in tracker.row(name)
        expect(tracker.page.locator("#announcement")).to_contain_text(f"{required} of {required}.")
    expect(tracker.page.locator("#total")).to_have_text("9 of 9 done.")
    expect(tracker.page.locator("#ready")).to_have_text("You can apply for production now.")


def test_the_numbers_are_those_that_ringcentral_requires() -> None:
    assert list(REQUIRED.values()) == [6, 6, 6, 6, 6, 5, 5, 5, 6]
    assert [requirement.name for requirement in REQUIREMENTS if requirement.optional] == ["control"]


def test_repeated_events_are_counted_once(tracker: Tracker) -> None:
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
        tracker.receive(*once, *once)

    assert tracker.has_counted(sms=1, internal=1, read=1, outbound=1, inbound=1, ringout=1, control=1)
    times = tracker.page.locator(".times time").evaluate_all("all => all.map(({ dateTime }) => dateTime)")
    assert set(times) == {"2027-01-15T08:00:10.000Z"}  # the first


def test_what_happens_elsewhere_or_fails_is_not_counted(tracker: Tracker) -> None:
    tracker.receive(
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


def test_the_order_of_events_matters_only_for_read_messages(tracker: Tracker) -> None:
    tracker.receive(
        message(1, status="Delivered"), message(1), browser_call("a", "Inbound", "end"), browser_call("a", "Inbound")
    )
    tracker.receive(ringout(2, "NoCall"), ringout(2), telephony(3, "Disconnected"), telephony(3, "Hold"))
    assert tracker.has_counted(sms=1, inbound=1, ringout=1, control=1)

    tracker.receive(read(4), unread(4))
    assert tracker.counts["read"] == 0
    tracker.receive(read(4))
    assert tracker.counts["read"] == 1


def test_a_change_of_presence_counts_only_between_two_known_states(tracker: Tracker) -> None:
    tracker.receive(presence("Available"), presence(None, None), presence("Busy"))
    assert tracker.counts["presence"] == 0

    tracker.receive(presence("Busy", "DoNotAcceptAnyCalls"))
    tracker.receive(presence("Offline", "DoNotAcceptAnyCalls"), presence("Offline", "TakeAllCalls"))

    assert tracker.has_counted(presence=3)


def test_a_reload_loses_nothing_and_counts_nothing(tracker: Tracker) -> None:
    tracker.receive(message(1), unread(2), presence("Available"), signed(False), signed(True))
    tracker.open()
    tracker.receive(message(1), read(2), presence("Busy"), signed(True))
    assert tracker.has_counted(sms=1, read=1)

    tracker.receive(presence("Available"), signed(False))
    tracker.open()
    tracker.receive(presence("Available"), signed(False))

    assert tracker.has_counted(sms=1, read=1, presence=1, sign_in=1)
    assert "Last: Jan" in tracker.row("sms")


def test_two_tabs_count_nothing_twice_and_lose_nothing(tracker: Tracker, owner: BrowserContext) -> None:
    other = Tracker(owner.new_page()).open()
    both = [signed(False), presence("Available"), message(1), signed(True), presence("Busy"), signed(False)]
    for one in both:
        tracker.receive(one)
        other.receive(one)
    tracker.receive(message(2), browser_call("a", "Outbound"), unread(3))
    other.receive(message(4), browser_call("b", "Outbound"), read(3))

    for tab in (tracker, other):
        expect(tab.page.locator("#requirement-sms .how-many")).to_have_text("3 of 6")
        expect(tab.page.locator("#requirement-outbound .how-many")).to_have_text("2 of 5")
        assert tab.has_counted(sms=3, read=1, presence=1, sign_in=1, outbound=2)
    other.page.close()


# Whose events are received


def test_events_of_the_page_itself_and_of_another_frame_are_ignored(tracker: Tracker) -> None:
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

    tracker.receive(message(3))

    assert tracker.has_counted(sms=1)


def test_events_of_a_page_that_opens_the_tracker_are_ignored(owner: BrowserContext, tracker: Tracker) -> None:
    opener = owner.new_page()
    opener.goto(f"https://{HOST}/")
    with opener.expect_popup() as opened:
        opener.evaluate("address => { window.tracker = window.open(address); }", ADDRESS)
    lured = Tracker(opened.value).open()

    opener.evaluate("event => window.tracker.postMessage(event, '*')", message(1))
    lured.receive(message(2))

    assert lured.has_counted(sms=1)
    opener.close()
    lured.page.close()


def test_events_of_a_cdns_widget_count_only_while_its_page_is_in_the_frame(open_browser: OpenBrowser) -> None:
    tracker = Tracker(open_browser(INCOGNITO).new_page()).open(f"https://{LOADER}/sandbox/graduation.html")
    assert tracker.page.frames[1].evaluate("() => location.host") == CDN[0]
    tracker.receive(message(1))
    assert tracker.has_counted(sms=1)

    tracker.page.frames[1].goto(f"https://{LOADER}/preview.html")
    tracker.page.frames[1].evaluate(
        "(events) => { for (const one of events) parent.postMessage(one, '*'); }", [message(2), 0]
    )
    tracker.page.wait_for_function("() => window.received === 0")

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
    tracker.receive(presence("Available"), signed(True))
    tracker.receive(*HOSTILE)
    assert tracker.has_counted()

    tracker.receive(message(1))
    assert tracker.has_counted(sms=1)


def test_ids_with_the_names_of_javascript_are_ids_like_others(tracker: Tracker) -> None:
    names = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    events: list[Event] = [browser_call(name, "Outbound") for name in names]

    tracker.receive(*events, *events)
    tracker.open()

    assert tracker.has_counted(outbound=4)


def test_a_flood_of_events_does_not_fill_the_browsers_storage(tracker: Tracker) -> None:
    tracker.receive(*(message(number) for number in range(220)), *(unread(number) for number in range(220)))

    assert tracker.has_counted(sms=200)
    assert len(tracker.stored) == 400
