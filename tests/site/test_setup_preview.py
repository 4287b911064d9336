"""The preview on the setup page: the widget as the code shows it."""

import json

import pytest
from playwright.sync_api import expect

from world.browser_modes import INCOGNITO, OpenBrowser
from world.internet import Internet
from world.setup_page import BASE, SetupPage
from world.user import ADAPTER_FRAME, IFRAME

pytestmark = pytest.mark.usefixtures("hosted", "loader")


@pytest.mark.parametrize(("way", "frame"), [("floating phone", ADAPTER_FRAME), ("frame", IFRAME)])
def test_the_preview_shows_the_widget_and_restarts_after_a_choice(setup: SetupPage, way: str, frame: str) -> None:
    app = setup.start_preview(way).frame_locator(frame)
    expect(app.locator("#signIn")).to_be_visible()

    setup.choose("jwt", "s3cret")
    setup.choose("disableCall", "on")

    expect(app.locator("#signIn")).to_be_visible()
    setup.page.wait_for_function("() => document.querySelector('#preview-stage iframe').src.includes('disableCall=1')")
    expect(app.locator("#signIn")).to_be_visible()
    assert app.locator("body").evaluate("() => phone.parameters.disableCall") == "1"
    assert "jwt" not in app.locator("body").evaluate("() => phone.parameters")
    assert app.locator("body").evaluate("() => document.featurePolicy.allowsFeature('microphone')") is True
    setup.page.get_by_role("button", name="Stop the preview").click()
    expect(setup.page.locator("#preview-stage iframe")).to_have_count(0)


@pytest.mark.parametrize(("way", "frame"), [("floating phone", ADAPTER_FRAME), ("frame", IFRAME)])
def test_users_sign_in_in_the_preview_and_its_events_are_shown_as_they_come(
    setup: SetupPage, internet: Internet, way: str, frame: str
) -> None:
    app = setup.start_preview(way).frame_locator(frame)

    app.locator("#signIn").click()

    event = setup.page.locator("#preview-events li")
    expect(event).to_contain_text("rc-login-status-notify")
    event.locator("summary").click()
    assert json.loads(event.locator("pre").inner_text()) == {"type": "rc-login-status-notify", "loggedIn": True}
    assert [token.granted for token in internet.platform.tokens] == [True]
    setup.page.get_by_role("button", name="Clear the events").click()
    expect(event).to_have_count(0)


def test_events_of_others_are_not_shown(setup: SetupPage) -> None:
    preview = setup.start_preview()
    expect(preview.frame_locator(ADAPTER_FRAME).locator("#signIn")).to_be_visible()

    setup.page.evaluate("() => window.postMessage({ event: { type: 'rc-forged' } }, '*')")
    preview.locator("body").evaluate("() => window.postMessage({ type: 'rc-forged' }, '*')")
    preview.frame_locator(ADAPTER_FRAME).locator("body").evaluate("() => parent.postMessage({ type: 'rc-real' }, '*')")

    expect(setup.page.locator("#preview-events summary code")).to_have_text(["rc-real"])


def test_the_previews_page_does_nothing_outside_the_setup_page(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()

    page.goto(f"{BASE}preview.html#adapter?appServer=https://evil.example.com", wait_until="load")

    assert page.locator("iframe, script[src]").count() == 0
