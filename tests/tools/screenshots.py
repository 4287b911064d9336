"""The pictures in docs/, taken of a host with the stand-in release: `make screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from world import hosts
from world.internet import HOST, Internet
from world.trial import on_trial, without
from world.user import ADAPTER_FRAME
from world.weather import Browsers

SIZE = {"width": 1280, "height": 1120}


def take(internet: Internet, browsers: Browsers, folder: Path) -> None:
    internet.platform.scope = without("Edit Extensions")
    context = browsers.incognito(viewport=SIZE, color_scheme="light")
    page = context.new_page()
    page.goto(f"https://{HOST}/#defaultDirection=left&enableSharedMessages=1")
    page.get_by_role("button", name="Start the preview").click()
    preview = page.frame_locator("#preview-stage iframe").frame_locator(ADAPTER_FRAME)
    expect(preview.locator("#signIn")).to_be_visible()
    page.evaluate("() => { document.querySelector('details').open = false; scrollTo(0, 0); }")
    page.screenshot(path=folder / "setup.png")

    trial = on_trial(context, f"https://{HOST}/").play()
    trial.page.locator("#try").screenshot(path=folder / "trial.png")

    page.goto(f"https://{HOST}/check.html")
    page.locator("#start:enabled").click()
    expect(page.locator("#copy")).to_be_enabled(timeout=60_000)
    page.screenshot(path=folder / "rehearsal.png")


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
