"""Signing in, by every way of embedding, from a page of the host's site and of another, in every mode.

A hosted widget signs in everywhere; the host is asked to relay the answer only where nothing else brings it: severed
from its opener, in a page of another site. The widget of the CDN never hears of a severed sign-in (`widget.md`, "What
the alternatives do today"). A sign-in is one token request, with the redirect URI that the host has put in and the code
that came back to it.
"""

from dataclasses import dataclass, field
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, expect

from world.browser_modes import PLAIN, STORAGE_DENIED, BrowserMode, OpenBrowser
from world.hosts import CLIENT_ID, SANDBOX_CLIENT_ID
from world.internet import CROSS_SITE, HOST, LOADER, PLATFORMS, PREFIXED, SAME_SITE, Internet
from world.platform import TokenRequest
from world.user import ADAPTER_FRAME, IFRAME, Phone, relay_requests

pytestmark = pytest.mark.usefixtures("hosted", "loader")

PRODUCTION, SANDBOX = PLATFORMS
HOST_BASE = f"https://{HOST}"
PREFIXED_BASE = f"https://{PREFIXED}/phone"
LOADER_BASE = f"https://{LOADER}"


@dataclass(frozen=True)
class Way:
    """A way of embedding, and what the app must have been told by it."""

    html: str
    base: str = HOST_BASE
    frame: str = ADAPTER_FRAME
    client_id: str = CLIENT_ID
    server: str = PRODUCTION
    parameters: dict[str, str | None] = field(default_factory=lambda: {"enableSMSTemplate": "1"})

    @property
    def redirect_uri(self) -> str:
        return f"{self.base}/redirect.html"


SNIPPET = f"""<script>
  (function () {{
    var rcs = document.createElement("script");
    rcs.src = "{HOST_BASE}/adapter.js";
    var rcs0 = document.getElementsByTagName("script")[0];
    rcs0.parentNode.insertBefore(rcs, rcs0);
  }})();
</script>"""


def script(address: str) -> str:
    return f'<script src="{address}"></script>'


def iframe(base: str) -> str:
    return f'<iframe id="rc-widget" width="300" height="500" src="{base}/app.html"></iframe>'


def manual(call: str) -> str:
    flag = "<script>window.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT = true;</script>"
    return f"{flag}{script(f'{HOST_BASE}/adapter.js')}<script>{call}</script>"


WAYS = {
    "adapter": Way(script(f"{HOST_BASE}/adapter.js")),
    "snippet": Way(SNIPPET),
    "async": Way(f'<script async src="{HOST_BASE}/adapter.js"></script>'),
    "manual init": Way(manual("RCAdapterInit();")),
    "manual init with options": Way(
        manual("RCAdapterInit({ options: { clientId: 'page-client', disableCall: '1' } });"),
        client_id="page-client",
        parameters={"disableCall": "1", "enableSMSTemplate": "1"},
    ),
    "iframe": Way(iframe(HOST_BASE), frame=IFRAME),
    "popup window": Way(script(f"{HOST_BASE}/adapter.js?enablePopup=1&multipleTabsSupport=1")),
    "brand": Way(script(f"{HOST_BASE}/adapter.att.js"), parameters={"brand": "att", "enableSMSTemplate": "1"}),
    "overridden": Way(
        script(f"{HOST_BASE}/adapter.js?clientId=other&enableSMSTemplate="),
        client_id="other",
        parameters={"enableSMSTemplate": None},
    ),
    "profile": Way(
        script(f"{HOST_BASE}/sandbox/adapter.js"),
        base=f"{HOST_BASE}/sandbox",
        frame="#rc-sandbox-adapter-frame",
        client_id=SANDBOX_CLIENT_ID,
        server=SANDBOX,
    ),
    "path prefix": Way(script(f"{PREFIXED_BASE}/adapter.js"), base=PREFIXED_BASE),
    "CDN loader": Way(script(f"{LOADER_BASE}/adapter.js"), base=LOADER_BASE),
    "CDN loader, iframe": Way(iframe(LOADER_BASE), base=LOADER_BASE, frame=IFRAME),
}
SITES = (SAME_SITE, CROSS_SITE)
Outcome = Literal["signs in", "never signs in", "does not start"]


@dataclass(frozen=True)
class Cell:
    way: str
    site: str
    mode: BrowserMode
    severed: bool

    def __str__(self) -> str:
        return ", ".join([self.way, self.site, self.mode, *(["opener severed"] if self.severed else [])])

    @property
    def outcome(self) -> Outcome:
        if WAYS[self.way].base != LOADER_BASE:
            return "signs in"
        if self.mode is STORAGE_DENIED:
            return "does not start"
        return "never signs in" if self.severed else "signs in"

    @property
    def needs_relay(self) -> bool:
        # The popup window stands on its own, so the page's site is nothing to it.
        return self.severed and self.site == CROSS_SITE and self.way != "popup window"


IN_EVERY_MODE = ("adapter", "iframe", "popup window", "profile", "path prefix")
CELLS = [
    Cell(way, site, mode, severed)
    for way in WAYS
    for site in SITES
    for mode in BrowserMode
    for severed in (False, True)
    # A severed opener is one column of the table; some ways stand for all in the other modes.
    if not severed or mode is PLAIN or way in IN_EVERY_MODE
    if not (severed and mode is STORAGE_DENIED and WAYS[way].base == LOADER_BASE)
]


def cells(outcome: Outcome) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.outcome == outcome], ids=str)


def open_phone(context: BrowserContext, internet: Internet, way: Way, site: str = SAME_SITE) -> Phone:
    page = context.new_page()
    page.goto(internet.page(site, f"<!doctype html><title>A team's page</title><body>{way.html}"))
    return Phone(page, way.frame)


def open_phone_of(cell: Cell, internet: Internet, open_browser: OpenBrowser) -> Phone:
    internet.platform.severs_openers = cell.severed
    phone = open_phone(open_browser(cell.mode), internet, WAYS[cell.way], cell.site)
    return popped_up(phone) if cell.way == "popup window" else phone


def popped_up(phone: Phone) -> Phone:
    """The phone in the window that the header's button opens."""
    with phone.page.expect_popup() as window:
        phone.page.locator(".Adapter_popup").click()
    return Phone(window.value)


@cells("signs in")
def test_it_signs_in_once(internet: Internet, open_browser: OpenBrowser, cell: Cell) -> None:
    way = WAYS[cell.way]
    phone = open_phone_of(cell, internet, open_browser)
    relayed = relay_requests(phone.page.context)

    login = phone.open_login()
    phone.see("Signed in")
    phone.wait_until_done(login)

    [code] = internet.platform.codes
    assert set(relayed) == ({"GET", "POST"} if cell.needs_relay else set())
    assert relayed.count("POST") == (1 if cell.needs_relay else 0)
    assert internet.platform.tokens == [TokenRequest(way.server, way.client_id, way.redirect_uri, code, granted=True)]
    told = phone.evaluate("phone.parameters")
    assert {name: told.get(name) for name in way.parameters} == way.parameters


@cells("never signs in")
def test_it_never_signs_in_and_the_redirect_page_says_what_to_do(
    internet: Internet, open_browser: OpenBrowser, cell: Cell
) -> None:
    phone = open_phone_of(cell, internet, open_browser)

    login = phone.open_login()
    expect(login.locator("#status")).to_contain_text("close this window and try again")
    phone.wait_until_idle()

    assert phone.evaluate("phone.received") == []
    assert internet.platform.tokens == []


@cells("does not start")
def test_the_widget_of_the_cdn_does_not_start(internet: Internet, open_browser: OpenBrowser, cell: Cell) -> None:
    context = open_browser(cell.mode)
    with context.expect_event("weberror") as failure:
        phone = open_phone(context, internet, WAYS[cell.way], cell.site)

    assert failure.value.error.name == "SecurityError"
    assert phone.page.frame_locator(phone.frame).locator("#appLoading").is_visible()


@pytest.mark.parametrize(
    ("heard_by", "severed"),
    [("oAuthCallback", False), ("message", False), ("storage", True), ("old-storage", True)],
)
def test_each_way_of_hearing_the_callback_is_enough_alone(
    internet: Internet, open_browser: OpenBrowser, heard_by: str, severed: bool
) -> None:
    internet.platform.severs_openers = severed
    way = Way(script(f"{HOST_BASE}/adapter.js?userAgent=ways:{heard_by}"))
    phone = open_phone(open_browser(PLAIN), internet, way)

    phone.wait_until_done(phone.open_login())

    assert phone.evaluate("phone.received") == [heard_by]
    assert [token.granted for token in internet.platform.tokens] == [True]


def test_the_popup_window_shares_its_session_with_the_widget_in_the_page(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    phone = open_phone(open_browser(PLAIN), internet, WAYS["popup window"])
    window = popped_up(phone)

    # The page of the same site shares its storage with the window; one of another site has a partition of its own.
    window.wait_until_done(window.open_login())

    phone.see("Signed in")
    assert len(internet.platform.tokens) == 1


@pytest.mark.parametrize("severed", [False, True])
def test_a_denied_sign_in_is_shown_by_the_app_and_asks_for_no_token(
    internet: Internet, open_browser: OpenBrowser, severed: bool
) -> None:
    internet.platform.outcome = "denied"
    internet.platform.severs_openers = severed
    phone = open_phone(open_browser(PLAIN), internet, WAYS["adapter"])

    login = phone.open_login()
    phone.see("Sign in failed: access_denied")
    phone.wait_until_done(login)

    assert len(phone.evaluate("phone.received")) == 1
    assert internet.platform.tokens == []


@pytest.mark.parametrize("severed", [False, True])
def test_a_second_try_after_a_denial_signs_in(internet: Internet, open_browser: OpenBrowser, severed: bool) -> None:
    internet.platform.outcome = "denied"
    internet.platform.severs_openers = severed
    phone = open_phone(open_browser(PLAIN), internet, WAYS["adapter"])
    phone.wait_until_done(phone.open_login())

    internet.platform.outcome = "code"
    phone.wait_until_done(phone.open_login())

    phone.see("Signed in")
    assert [token.granted for token in internet.platform.tokens] == [True]


@pytest.mark.parametrize("severed", [False, True])
def test_an_implicit_answer_signs_in_without_a_token_request(
    internet: Internet, open_browser: OpenBrowser, severed: bool
) -> None:
    internet.platform.outcome = "implicit"
    internet.platform.severs_openers = severed
    phone = open_phone(open_browser(PLAIN), internet, WAYS["adapter"])

    login = phone.open_login()
    phone.see("Signed in")
    phone.wait_until_done(login)

    assert len(phone.evaluate("phone.received")) == 1
    assert internet.platform.tokens == []


@pytest.mark.parametrize(("name", "heard_by"), [("", "refresh"), ("SSOIframe", "message")])
@pytest.mark.parametrize("way", ["adapter", "CDN loader"])
def test_a_redirect_page_in_a_frame_hands_over_to_the_app_around_it(
    internet: Internet, open_browser: OpenBrowser, way: str, name: str, heard_by: str
) -> None:
    phone = open_phone(open_browser(PLAIN), internet, WAYS[way])

    phone.wait_for("phone.texts.signIn")
    phone.evaluate(f"phone.openFrame('{name}')")
    phone.see("Signed in")
    phone.wait_until_idle()

    assert phone.evaluate("phone.received") == [heard_by]
    assert [token.redirect_uri for token in internet.platform.tokens] == [WAYS[way].redirect_uri]


def test_a_page_that_opens_the_login_itself_is_given_its_address(internet: Internet, open_browser: OpenBrowser) -> None:
    way = Way(script(f"{HOST_BASE}/adapter.js?disableLoginPopup=1"))
    phone = open_phone(open_browser(PLAIN), internet, way)
    phone.page.evaluate("""() => window.addEventListener('message', ({ data }) => {
        if (data.type === 'rc-login-popup-notify') window.address = new URL(data.oAuthUri);
    })""")

    phone.press_sign_in()
    phone.page.wait_for_function("() => window.address")

    assert phone.page.evaluate("() => window.address.searchParams.get('redirect_uri')") == way.redirect_uri
