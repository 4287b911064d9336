"""The sign-in test, run to its end."""

import re

from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

WAYS = (
    "redirect page",
    "plain sign-in",
    "severed opener",
    "severed, another site",
    "denied storage",
    "denied sign-in",
)
READY = dict.fromkeys(WAYS, "passed") | {"denied storage": "skipped"}
IN_WINDOWS = {"plain sign-in", "severed opener", "severed, another site", "denied sign-in"}
UNRELAYED = READY | {"severed, another site": "skipped"}
CODE = "simulated-code"  # what the sign-in test sends as a code


class SignInTest:
    """A sign-in test that ran to its end."""

    def __init__(self, page: Page | FrameLocator) -> None:
        self.page = page
        page.locator("#start:enabled").click()
        expect(page.locator("#copy")).to_be_enabled()

    @property
    def verdict(self) -> str:
        return self.page.locator("#verdict").inner_text()

    @property
    def remedy(self) -> str:
        return self.page.locator("#remedy").inner_text()

    @property
    def results(self) -> dict[str, str]:
        return results(self.page)

    def row(self, name: str) -> str:
        return self.page.locator("#results li", has_text=re.compile(f"^{name}", re.IGNORECASE)).inner_text()


def results(page: Page | FrameLocator) -> dict[str, str]:
    """The result of each way so far."""
    rows = page.locator("#results li").all()
    return {row.locator(".name").inner_text().lower(): row.get_attribute("data-result") or "" for row in rows}


def run_sign_in_test(context: BrowserContext, address: str) -> SignInTest:
    page = context.new_page()
    page.goto(address)
    return SignInTest(page)
