"""Firefox and WebKit: signing in, the redirect page's languages, the setup page.

A sign-in is one token request, after the app has received one callback.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import pytest

from embeddable_host.config.parameters import PARAMETERS
from world import hosts
from world.engines import ENGINES, OpenEngine, Phone, shows, wait_for
from world.hosts import CLIENT_ID
from world.internet import CROSS_SITE, HOST, OWN, PLATFORMS, SAME_SITE, Internet
from world.places import PUBLIC
from world.platform import TokenRequest
from world.user import ADAPTER_FRAME, IFRAME

pytestmark = pytest.mark.usefixtures("hosted")

SITES = (SAME_SITE, CROSS_SITE)
WAYS = {
    "adapter": ('<script src="{base}/adapter.js"></script>', ADAPTER_FRAME),
    "iframe": ('<iframe id="rc-widget" width="300" height="500" src="{base}/app.html"></iframe>', IFRAME),
}
BrowserMode = Literal["plain", "opener severed", "denied by the user"]

# Where the login window and the app's frame share storage, by engine and site of the page: Firefox partitions storage
# by the site of the page, WebKit by its origin.
SHARING_STORAGE = {("firefox", SAME_SITE)}
# WebKitGTK delivers storage events to the frame's partition, once the frame has used the storage of the window that it
# opened, but none the other way: the app signs in, and the window stays open. In Firefox, as in Chromium, a severed
# callback never comes back without the relay and without shared storage.
RECEIVING_STORAGE_EVENTS = SHARING_STORAGE | {("webkit", site) for site in SITES}

# The ways in which the app may receive a callback. The redirect page and the relay call the same function of the app.
# The app also polls the window's address, and may find the callback there first.
RECEIVED_BY = {"opener": ("oAuthCallback", "poll"), "storage": ("storage",), "relay": ("oAuthCallback",)}

HAS_USED_THE_RELAY = "performance.getEntriesByType('resource').some(({ name }) => name.includes('/relay/'))"


@dataclass(frozen=True)
class Cell:
    engine: str
    way: str
    site: str
    mode: BrowserMode
    host: str = HOST

    def __str__(self) -> str:
        return ", ".join([self.engine, self.way, self.site, self.mode])

    @property
    def comes_back_by(self) -> Literal["opener", "storage", "relay"]:
        if self.mode != "opener severed":
            return "opener"
        sharing = SHARING_STORAGE if self.host == HOST else RECEIVING_STORAGE_EVENTS
        return "storage" if (self.engine, self.site) in sharing else "relay"

    @property
    def closes_window(self) -> bool:
        return self.comes_back_by != "storage" or (self.engine, self.site) in SHARING_STORAGE


CELLS = [Cell(*cell) for cell in product(ENGINES, WAYS, SITES, ("plain", "opener severed"))]
DENIED_CELLS = [Cell(*cell) for cell in product(ENGINES, WAYS, SITES, ("denied by the user",))]
CELLS_WITHOUT_RELAY = [Cell(*cell) for cell in product(ENGINES, ("adapter",), SITES, ("opener severed",), (OWN,))]


def in_each(cells: list[Cell]) -> pytest.MarkDecorator:
    """A test for each cell; those of one engine are one group, like with the fixture `engine`."""
    grouped = [pytest.param(cell, marks=pytest.mark.xdist_group(cell.engine), id=str(cell)) for cell in cells]
    return pytest.mark.parametrize("cell", grouped)


@pytest.fixture
def without_relay(internet: Internet, tmp_path: Path) -> Iterator[None]:
    with hosts.own(internet, tmp_path, f'relay.enabled = false\nparams.clientId = "{CLIENT_ID}"\n'):
        yield


def open_phone(cell: Cell, internet: Internet, open_engine: OpenEngine) -> Phone:
    internet.platform.severs_openers = cell.mode == "opener severed"
    internet.platform.outcome = "denied" if cell.mode == "denied by the user" else "code"
    html, frame = WAYS[cell.way]
    browser = open_engine(cell.engine)
    browser.window.go(internet.page(cell.site, f"<!doctype html><body>{html.format(base=f'https://{cell.host}')}"))
    return Phone(browser, frame)


def assert_signs_in_once(cell: Cell, internet: Internet, open_engine: OpenEngine) -> None:
    phone = open_phone(cell, internet, open_engine)

    phone.press_sign_in()
    phone.see("Signed in")
    if cell.closes_window:
        phone.wait_until_done()
    else:
        phone.wait_until_idle()

    [code] = internet.platform.codes
    redirect_uri = f"https://{cell.host}/redirect.html"
    assert internet.platform.tokens == [TokenRequest(PLATFORMS[0], CLIENT_ID, redirect_uri, code, granted=True)]
    [way] = phone.evaluate("phone.received")
    assert way in RECEIVED_BY[cell.comes_back_by]
    assert phone.evaluate(HAS_USED_THE_RELAY) is (cell.comes_back_by == "relay")


@in_each(CELLS)
def test_it_signs_in_once(internet: Internet, open_engine: OpenEngine, cell: Cell) -> None:
    assert_signs_in_once(cell, internet, open_engine)


@in_each([cell for cell in CELLS_WITHOUT_RELAY if cell.comes_back_by == "storage"])
@pytest.mark.usefixtures("without_relay")
def test_without_a_relay_a_severed_callback_comes_back_by_a_storage_event(
    internet: Internet, open_engine: OpenEngine, cell: Cell
) -> None:
    assert_signs_in_once(cell, internet, open_engine)


@in_each([cell for cell in CELLS_WITHOUT_RELAY if cell.comes_back_by != "storage"])
@pytest.mark.usefixtures("without_relay")
def test_without_a_relay_and_shared_storage_a_severed_callback_never_comes_back(
    internet: Internet, open_engine: OpenEngine, cell: Cell
) -> None:
    phone = open_phone(cell, internet, open_engine)

    phone.press_sign_in()
    wait_for(phone.login(), shows("close this window and try again"))
    phone.wait_until_idle()

    assert phone.evaluate("phone.received") == []
    assert internet.platform.tokens == []


@in_each(DENIED_CELLS)
def test_the_app_shows_a_denied_sign_in_and_requests_no_token(
    internet: Internet, open_engine: OpenEngine, cell: Cell
) -> None:
    phone = open_phone(cell, internet, open_engine)

    phone.press_sign_in()
    phone.see("Sign in failed: access_denied")
    phone.wait_until_done()

    [way] = phone.evaluate("phone.received")
    assert way in RECEIVED_BY[cell.comes_back_by]
    assert internet.platform.tokens == []


TEXTS = json.loads(PUBLIC["texts.json"].read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("locale", "language"), [("de-AT", "de"), ("ja-JP", "ja"), ("pt-BR", "pt"), ("zh-TW", "zh-TW"), ("sv-SE", "en")]
)
def test_the_language_of_the_redirect_page_is_the_browsers_or_english(
    open_engine: OpenEngine, engine: str, locale: str, language: str
) -> None:
    window = open_engine(engine, language=locale).window

    window.go(f"https://{HOST}/redirect.html")

    wait_for(window, shows(TEXTS[language]["nothing"]))
    assert window.evaluate("document.title") == TEXTS[language]["title"]
    assert window.evaluate("document.documentElement.lang") == language


def test_the_setup_page_opens_without_an_error(open_engine: OpenEngine, engine: str) -> None:
    browser = open_engine(engine)

    browser.window.go(f"https://{HOST}/")

    wait_for(browser.window, f"document.querySelectorAll('.parameter').length === {len(PARAMETERS)}")
    wait_for(browser.window, shows(f"https://{HOST}/adapter.js", "#adapter-code"))
    assert browser.console_of(f"https://{HOST}/") == []
