"""A trial of a real sign-in on the setup page: pressed, and what it tells."""

import re
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page, expect

from embeddable_host.config.scopes import FEATURES
from world.setup_page import BASE

SCOPES = {scope.console: scope.name for feature in FEATURES for scope in feature.scopes}
EVERY_SCOPE = " ".join(SCOPES.values())
KNOWN = "RingCentral knows this app and this address"
REFUSALS = "#live-test-refusals"
TOLD = re.compile("the answer came by")


def without(*consoles: str) -> str:
    """The `scope` of an app that has every scope but these, by their names in the console."""
    return " ".join(name for console, name in SCOPES.items() if console not in consoles)


@dataclass(frozen=True)
class LiveTest:
    page: Page

    def press(self) -> Page:
        """Presses the button; RingCentral's window, which may have closed again already."""
        with self.page.expect_popup() as window:
            self.page.locator("#live-test-start:enabled").click()
        return window.value

    def stop(self) -> None:
        self.page.get_by_role("button", name="Stop", exact=True).click()

    def play(self) -> "LiveTest":
        """Presses the button, and waits until the trial has told what came of it."""
        self.press()
        self.see_told()
        return self

    def see_told(self) -> None:
        expect(self.page.locator("#live-test-facts")).to_have_text(TOLD)
        expect(self.page.locator("#live-test-start")).to_be_enabled()

    def see(self, verdict: str | re.Pattern[str]) -> None:
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
        """What is said of each feature that is chosen."""
        return self.page.locator("#live-test-results li").all_inner_texts()

    @property
    def ticked(self) -> set[str]:
        """The names of the boxes in the checklist of step 1 that are ticked."""
        boxes = self.page.locator("#register > ol :checked, #scopes li:not([hidden]) :checked")
        return set(boxes.evaluate_all("boxes => boxes.map(({ name }) => name)"))


def on_trial(context: BrowserContext, address: str = BASE) -> LiveTest:
    page = context.new_page()
    page.goto(address)
    page.locator("#parameters details").first.wait_for(state="attached")
    return LiveTest(page)
