"""How long the widget takes to start, for a user far away: from the page's navigation to the sign-in button."""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from common import Row, in_turns, show
from sides import OURS, THEIRS, Sides, both_sides
from world.host import configured
from world.user import ADAPTER_FRAME

ROUNDS = 9
CLIENT = "bench"
SETTINGS = f'[params]\nclientId = "{CLIENT}"\n'
SCRIPTS = {"ours": f"{OURS}adapter.js", "theirs": f"{THEIRS}adapter.js?clientId={CLIENT}"}
FIRST, NEXT, LATER = "first visit", "next page", "in a restarted browser"
VISITS = {FIRST: "≤ 0.85", NEXT: "≤ 1.00", LATER: "≤ 1.00"}
AGAINST = "the same release as the CDN serves it"


@dataclass
class Side:
    """The times that one side's users waited, in seconds, by visit."""

    sides: Sides
    name: str
    waited: dict[str, list[float]] = field(default_factory=lambda: {visit: [] for visit in VISITS})

    def round(self) -> None:
        """A new user's three visits."""
        html = f'<!doctype html><title>CRM</title><body><script src="{SCRIPTS[self.name]}"></script>'
        address = self.sides.team_page(f"{self.name}.html", html)
        with tempfile.TemporaryDirectory(dir=self.sides.folder) as user:
            with self.sides.browser(Path(user)) as browser:
                page = browser.new_page()
                self.waited[FIRST].append(seconds_to_start(page, address))
                self.waited[NEXT].append(seconds_to_start(page, address))
            with self.sides.browser(Path(user)) as browser:
                self.waited[LATER].append(seconds_to_start(browser.new_page(), address))


def seconds_to_start(page: Page, address: str) -> float:
    """From a user's navigation to the page until the button is there."""
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.frame_locator(ADAPTER_FRAME).get_by_role("button", name="Sign In").wait_for(state="attached")
    return time.perf_counter() - begun


def show_phone(page: Page) -> None:
    """Opens the phone, which a real adapter shows minimized at first."""
    page.wait_for_function("() => window.RCAdapter")
    page.evaluate("() => window.RCAdapter.setMinimized?.(false)")
    page.frame_locator(ADAPTER_FRAME).get_by_role("button", name="Sign In").wait_for()


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    configured(host, SETTINGS)
    with both_sides(folder, host, release, []) as sides:
        for name in SCRIPTS:  # what servers and the machine do only once
            Side(sides, name).round()
        ours, theirs = (Side(sides, name) for name in SCRIPTS)
        in_turns(ROUNDS, ours.round, theirs.round)
    return [
        show(Row(visit, "s", ours.waited[visit], reach, AGAINST, theirs.waited[visit]))
        for visit, reach in VISITS.items()
    ]
