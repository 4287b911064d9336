"""The setup page in the browser of a returning user, and the graduation tracker in that of an app's owner."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from world.browser_modes import DEADLINE, Browsers
from world.internet import Internet
from world.setup_page import SetupPage, open_setup_page
from world.tracker import Tracker


@pytest.fixture(scope="module")
def returning_user(browsers: Browsers) -> Iterator[BrowserContext]:
    """A browser that has the setup page in its cache."""
    context = browsers.incognito(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(DEADLINE)
    yield context
    context.close()


@pytest.fixture
def setup(returning_user: BrowserContext, internet: Internet) -> Iterator[SetupPage]:
    setup = open_setup_page(returning_user)
    setup.page.evaluate("() => localStorage.clear()")
    yield setup
    setup.page.close()


@pytest.fixture(scope="module")
def owner(browsers: Browsers) -> Iterator[BrowserContext]:
    """The browser of an app's owner."""
    context = browsers.incognito()
    context.set_default_timeout(DEADLINE)
    yield context
    context.close()


@pytest.fixture
def tracker(owner: BrowserContext, internet: Internet) -> Iterator[Tracker]:
    """The tracker, with nothing counted."""
    page = owner.new_page()
    yield Tracker(page).open()
    page.evaluate("() => localStorage.clear()")
    page.close()
