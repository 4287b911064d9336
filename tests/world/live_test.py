"""The live sign-in test on the setup page, and its report."""

import re
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page, expect

from embeddable_host.config.scopes import FEATURES
from world.setup_page import BASE

SCOPES = {scope.console: scope.name for feature in FEATURES for scope in feature.scopes}
EVERY_SCOPE = " ".join(SCOPES.values())
KNOWN = "RingCentral knows this app and this address"
REFUSALS = "#live-test-refusals"
REPORTED = re.compile("the callback came by")


def without(*consoles: str) -> str:
    """The `scope` of an app that has every scope but these, by their names in the console."""
    return " ".join(name for console, name in SCOPES.items() if console not in consoles)


@dataclass(frozen=True)
class LiveTest:
    page: Page

    def press(self) -> Page:
        """Presses the button; returns RingCentral's window, which may be closed again."""
        with self.page.expect_popup() as window:
            self.page.locator("#live-test-start:enabled").click()
        return window.value

    def stop(self) -> None:
        self.page.get_by_role("button", name="Stop", exact=True).click()

    def run(self) -> "LiveTest":
        """Presses the button, and waits for the report."""
        self.press()
        self.wait_for_report()
        return self

    def wait_for_report(self) -> None:
        expect(self.page.locator("#live-test-facts")).to_have_text(REPORTED)
        expect(self.page.locator("#live-test-start")).to_be_enabled()

    def expect_verdict(self, verdict: str | re.Pattern[str]) -> None:
        expect(self.page.locator("#live-test-verdict")).to_contain_text(verdict)

    @property
    def verdict(self) -> str:
        return self.page.locator("#live-test-verdict").inner_text()

    @property
    def remedy(self) -> str:
        return self.page.locator("#live-test-remedy").inner_text()

    @property
    def facts(self) -> str:
        return self.page.locator("#live-test-facts").inner_text()

    @property
    def note(self) -> str:
        return self.page.locator("#live-test-note").inner_text()

    @property
    def features(self) -> list[str]:
        """The line of each enabled feature."""
        return self.page.locator("#live-test-results li").all_inner_texts()

    @property
    def ticked(self) -> set[str]:
        """The names of the boxes in the checklist of step 1 that are ticked."""
        boxes = self.page.locator("#register > ol :checked, #scopes li:not([hidden]) :checked")
        return set(boxes.evaluate_all("boxes => boxes.map(({ name }) => name)"))


def open_live_test(context: BrowserContext, address: str = BASE) -> LiveTest:
    page = context.new_page()
    page.goto(address)
    page.locator("#parameters details").first.wait_for(state="attached")
    return LiveTest(page)
