"""Takes the screenshots in docs/, of a host with the stand-in release: `make screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from world import hosts
from world.browser_modes import Browsers
from world.graduation import message, presence
from world.internet import HOST, Internet
from world.live_test import open_live_test, without
from world.user import ADAPTER_FRAME

SIZE = {"width": 1280, "height": 1120}
SETUP_SIZE = {"width": 1280, "height": 1590}  # down to the common settings
# The phone's events for the tracker
EVENTS = [
    *(message(number) for number in range(6)),
    *(message(number, kind="Pager") for number in range(10, 14)),
    *(presence(user) for user in ("Available", "Busy", "Available")),
]


def take(internet: Internet, browsers: Browsers, folder: Path) -> None:
    internet.platform.scope = without("Edit Extensions")
    context = browsers.incognito(viewport=SIZE, color_scheme="light")
    page = context.new_page()
    page.set_viewport_size(SETUP_SIZE)
    page.goto(f"https://{HOST}/#defaultDirection=left&enableSharedMessages=1")
    page.get_by_role("button", name="Start the preview").click()
    preview = page.frame_locator("#preview-stage iframe").frame_locator(ADAPTER_FRAME)
    expect(preview.locator("#signIn")).to_be_visible()
    page.evaluate(
        "() => { document.querySelectorAll('details').forEach((one) => { one.open = false; }); scrollTo(0, 0); }"
    )
    page.screenshot(path=folder / "setup.png")
    page.set_viewport_size(SIZE)

    page.goto(f"https://{HOST}/sandbox/graduation.html")
    phone = page.frame_locator("#phone-frame")
    expect(phone.locator("#signIn")).to_be_visible()
    for event in EVENTS:
        phone.locator("body").evaluate("(_, event) => parent.postMessage(event, '*')", event)
    expect(page.locator("#total")).to_have_text("1 of 9 done.")
    expect(page.locator("#requirement-presence .how-many")).to_have_text("2 of 6")
    page.screenshot(path=folder / "graduation.png")

    live_test = open_live_test(context, f"https://{HOST}/").run()
    live_test.page.locator("#try").screenshot(path=folder / "live-test.png")

    page.goto(f"https://{HOST}/test.html")
    page.locator("#start:enabled").click()
    expect(page.locator("#copy")).to_be_enabled(timeout=60_000)
    page.screenshot(path=folder / "sign-in-test.png")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as world,
        Internet(Path(world)).running() as internet,
        hosts.hosted(internet),
        sync_playwright() as playwright,
    ):
        browsers = Browsers(playwright, internet)
        take(internet, browsers, folder)
        browsers.close()


if __name__ == "__main__":
    main()
