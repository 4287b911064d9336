"""The pages that people see, for everybody: axe-core finds nothing, and the keyboard or 320 pixels are enough."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from world.browser_modes import INCOGNITO, Browsers, OpenBrowser
from world.internet import HOST, Internet
from world.live_test import open_live_test, without
from world.places import NODE_MODULES

pytestmark = pytest.mark.usefixtures("hosted")

BASE = f"https://{HOST}/"
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
WIDE, NARROW = 1280, 320
TIMEOUT = 60_000  # ms for a whole sign-in test


@pytest.fixture(params=["light", "dark"])
def context(request: pytest.FixtureRequest, browsers: Browsers) -> Iterator[BrowserContext]:
    context = browsers.incognito(color_scheme=request.param, reduced_motion="reduce")
    yield context
    context.close()


def is_accessible(page: Page, *skipped: str, widths: tuple[int, ...] = (WIDE, NARROW)) -> None:
    """axe-core finds nothing in the page as it is now, wide and narrow; nothing overflows, nothing moves.

    `skipped`: rules of axe-core that do not apply to the page.
    """
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(AXE.read_text(encoding="utf-8"))
        rules = {name: {"enabled": False} for name in skipped}
        found = page.evaluate("(rules) => axe.run({ iframes: false, rules })", rules)
        assert len(found["passes"]) > 10
        assert [
            (violation["id"], [node["html"] for node in violation["nodes"]]) for violation in found["violations"]
        ] == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.evaluate("() => document.getAnimations().length") == 0
    page.set_viewport_size({"width": WIDE, "height": 900})


def test_the_setup_page_is_accessible(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(BASE)
    page.locator("#parameters details").first.wait_for(state="attached")
    is_accessible(page, widths=(WIDE,))

    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.locator("#parameter-appServer").fill("http://wrong")
    page.locator("#parameter-jwt").fill("s3cret")
    page.locator("#parameter-disableCall").select_option(label="on")
    page.get_by_role("button", name="Start the preview").click()
    expect(page.locator("#preview-stage iframe")).to_be_visible()
    is_accessible(page)


def test_the_live_test_is_accessible_while_it_waits_and_with_its_report(
    context: BrowserContext, internet: Internet
) -> None:
    internet.platform.waits_for_users = True
    test = open_live_test(context)
    login = test.press()
    login.get_by_text("Sign in", exact=True).wait_for()
    login.close()
    test.expect_verdict("RingCentral’s window is closed")
    is_accessible(test.page)

    test.stop()
    internet.platform.waits_for_users = False
    internet.platform.scope = without("Video")
    test.run()
    is_accessible(test.page)


def test_the_sign_in_test_is_accessible(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{BASE}test.html")
    page.locator("#start:enabled").wait_for()
    is_accessible(page, widths=(WIDE,))

    page.locator("#start").click()
    expect(page.locator("#copy")).to_be_enabled(timeout=TIMEOUT)
    is_accessible(page)


def test_the_graduation_tracker_is_accessible(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{BASE}sandbox/graduation.html")
    for _ in range(6):
        page.get_by_role("button", name="+1 manually: More than 5 SMS").click()
    expect(page.locator("#requirement-sms .done")).to_be_visible()
    is_accessible(page)

    page.get_by_role("button", name="Reset everything").click()
    expect(page.locator("#confirmation")).to_be_visible()
    is_accessible(page)


def test_the_redirect_page_is_accessible(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{BASE}redirect.html")
    is_accessible(page, "page-has-heading-one")  # all it shows is one status


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the element of `selector` has the focus, which must be visible."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no Tab leads to {selector}")


def test_the_keyboard_is_enough_from_the_first_step_to_the_code(open_browser: OpenBrowser) -> None:
    context = open_browser(INCOGNITO)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(BASE)
    page.locator("#parameters details").first.wait_for(state="attached")

    tab_to(page, ".skip")
    page.keyboard.press("Enter")
    tab_to(page, "input[name=account]")
    page.keyboard.press("Space")
    tab_to(page, "#search")
    page.keyboard.type("defaultDirection")
    tab_to(page, "#parameter-defaultDirection")
    page.keyboard.type("left")
    tab_to(page, "input[name=way]")
    page.keyboard.press("ArrowRight")
    tab_to(page, "[data-copy=iframe-code]")
    page.keyboard.press("Enter")

    expect(page.locator("#announcement")).to_have_text("Copied")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert f'src="{BASE}app.html?defaultDirection=left"' in copied
    assert page.locator("input[name=account]").is_checked()


def test_the_keyboard_is_enough_for_the_sign_in_test(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()
    page.goto(f"{BASE}test.html")
    page.locator("#start:enabled").wait_for()

    tab_to(page, "#start")
    page.keyboard.press("Enter")

    expect(page.locator("#verdict")).to_have_text("Ready.", timeout=TIMEOUT)
