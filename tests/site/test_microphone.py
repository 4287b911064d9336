"""The app may use microphone and loudspeaker in the code that the setup page offers, hosted here or on the CDN."""

import pytest
from playwright.sync_api import Page, expect

from world.browser_modes import PLAIN, OpenBrowser
from world.internet import CDN, CROSS_SITE, HOST, LOADER, Internet
from world.user import ADAPTER_FRAME, IFRAME

pytestmark = pytest.mark.usefixtures("hosted", "loader")

CDN_ORIGIN = f"https://{CDN[0]}"


def offered(page: Page, name: str, snippet: str) -> str:
    """The code that a host's setup page offers."""
    page.goto(f"https://{name}/")
    element = page.locator(f"#{snippet}-code")
    expect(element).to_contain_text(name)
    return element.inner_text()


def may_use_microphone(page: Page, frame: str) -> bool:
    app = page.frame_locator(frame)
    app.locator("#signIn").wait_for()
    allowed: bool = app.locator("body").evaluate("() => document.featurePolicy.allowsFeature('microphone')")
    return allowed


@pytest.mark.parametrize("name", [HOST, LOADER])
@pytest.mark.parametrize(("snippet", "frame"), [("iframe", IFRAME), ("adapter", ADAPTER_FRAME)])
def test_the_app_may_use_the_microphone(
    internet: Internet, open_browser: OpenBrowser, name: str, snippet: str, frame: str
) -> None:
    page = open_browser(PLAIN).new_page()
    html = offered(page, name, snippet)

    page.goto(internet.page(CROSS_SITE, f"<!doctype html><body>{html}"))

    assert may_use_microphone(page, frame)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        (HOST, "autoplay; microphone; speaker-selection"),
        (LOADER, f"autoplay; microphone {CDN_ORIGIN}; speaker-selection {CDN_ORIGIN}"),
    ],
)
def test_the_frame_may_use_the_loudspeaker_and_the_microphone(
    internet: Internet, open_browser: OpenBrowser, name: str, allowed: str
) -> None:
    page = open_browser(PLAIN).new_page()
    html = offered(page, name, "iframe")
    page.goto(internet.page(CROSS_SITE, f"<!doctype html><body>{html}"))

    expect(page.locator(IFRAME)).to_have_attribute("allow", allowed)
    # The same for the frame of the preview.
    page.goto(f"https://{name}/")
    page.get_by_role("radio", name="frame").check()
    page.get_by_role("button", name="Start the preview").click()
    preview = page.locator("#preview-stage iframe")
    expect(preview).to_have_attribute("allow", "autoplay; microphone; speaker-selection")
    expect(preview.content_frame.locator(IFRAME)).to_have_attribute("allow", allowed)


def test_a_frame_that_is_redirected_to_the_cdn_loses_the_microphone_unless_allow_names_the_cdn(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    page = open_browser(PLAIN).new_page()
    html = offered(page, LOADER, "iframe")
    assert f"microphone {CDN_ORIGIN};" in html

    unnamed = html.replace(f"microphone {CDN_ORIGIN}", "microphone")
    page.goto(internet.page(CROSS_SITE, f"<!doctype html><body>{unnamed}"))

    assert not may_use_microphone(page, IFRAME)
