"""The graduation tracker as a test sees it, and a phone on it that sends the test's events."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from embeddable_host.site.graduation import REQUIREMENTS
from world.internet import HOST

ADDRESS = f"https://{HOST}/sandbox/graduation.html"
REQUIRED = {requirement.name: requirement.required for requirement in REQUIREMENTS}
NOTHING = dict.fromkeys(REQUIRED, 0)
INTERVAL = 10  # seconds between two actions of a user
BEGIN = 1_800_000_000  # when a test begins, in seconds


@dataclass
class Tracker:
    page: Page
    now: int = BEGIN

    def open(self, address: str = ADDRESS) -> "Tracker":
        self.page.clock.set_fixed_time(self.now)
        self.page.goto(address)
        expect(self.page.frame_locator("#phone-frame").locator("#signIn")).to_be_visible()
        self.page.evaluate("() => addEventListener('message', ({ data }) => { window.received = data; })")
        return self

    def receive(self, *events: Any) -> None:
        """Events that the widget sends at one moment; returns when the page has received all of them."""
        self.now += INTERVAL
        self.page.clock.set_fixed_time(self.now)
        frame = self.page.frame_locator("#phone-frame").locator("body")
        frame.evaluate("(_, all) => { for (const one of all) parent.postMessage(one, '*'); }", [*events, self.now])
        self.page.wait_for_function("now => window.received === now", arg=self.now, polling=5)

    def row(self, name: str) -> str:
        return self.page.locator(f"#requirement-{name}").inner_text()

    @property
    def counts(self) -> dict[str, int]:
        return {
            name: int(self.page.locator(f"#requirement-{name} .how-many").inner_text().split()[0]) for name in REQUIRED
        }

    def has_counted(self, **counts: int) -> bool:
        return self.counts == NOTHING | {name.replace("_", "-"): count for name, count in counts.items()}

    def press(self, button: str, name: str) -> None:
        self.page.locator(f"#requirement-{name}").get_by_role("button", name=button).click()

    @property
    def stored(self) -> dict[str, str]:
        """The tracker's entries in the browser's storage."""
        stored = self.page.evaluate(
            "() => Object.entries(localStorage).filter(([key]) => key.startsWith('embeddable-host:'))"
        )
        return dict(stored)
