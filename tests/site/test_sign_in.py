"""Signing in, with every way of embedding, from a page of the host's site and of another one, in every browser mode.

A hosted widget signs in everywhere. The host relays the callback only where no other way is left: from a severed window
to a page of another site. A widget from the CDN never receives the callback of a severed window (docs/widget.md, "How a
callback comes in"). A sign-in is one token request, with the host's redirect URI and the code that came back to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from world import browser_modes, hosts
from world.browser_modes import PLAIN, STORAGE_DENIED, BrowserMode, OpenBrowser
from world.hosts import CLIENT_ID, SANDBOX_CLIENT_ID
from world.internet import CROSS_SITE, HOST, LOADER, OWN, PLATFORMS, PREFIXED, SAME_SITE, Internet
from world.platform import TokenRequest
from world.user import ADAPTER_FRAME, IFRAME, Phone, relay_requests, wait_until_closed

pytestmark = pytest.mark.usefixtures("hosted", "loader")

PRODUCTION, SANDBOX = PLATFORMS
HOST_BASE = f"https://{HOST}"
PREFIXED_BASE = f"https://{PREFIXED}/phone"
LOADER_BASE = f"https://{LOADER}"


@dataclass(frozen=True)
class Way:
    """A way of embedding, and the parameters that the app must get."""

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


class Cell(browser_modes.Cell):
    @property
    def outcome(self) -> Outcome:
        if WAYS[self.way].base != LOADER_BASE:
            return "signs in"
        if self.mode is STORAGE_DENIED:
            return "does not start"
        return "never signs in" if self.severed else "signs in"

    @property
    def needs_relay(self) -> bool:
        # The popup window is a page of its own, so the site of the team's page does not matter.
        return self.severed and self.site == CROSS_SITE and self.way != "popup window"


TRIED_IN_ALL_MODES = ("adapter", "iframe", "popup window", "profile", "path prefix")
CELLS = [
    Cell(way, site, mode, severed)
    for way in WAYS
    for site in SITES
    for mode in BrowserMode
    for severed in (False, True)
    # Severed openers: all ways in the plain mode, some of them in the other modes.
    if not severed or mode is PLAIN or way in TRIED_IN_ALL_MODES
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
    """The phone in the popup window, which a button in the header opens."""
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
    parameters = phone.evaluate("phone.parameters")
    assert {name: parameters.get(name) for name in way.parameters} == way.parameters


@cells("never signs in")
def test_it_never_signs_in_and_the_redirect_page_shows_what_to_do(
    internet: Internet, open_browser: OpenBrowser, cell: Cell
) -> None:
    phone = open_phone_of(cell, internet, open_browser)

    login = phone.open_login()
    expect(login.locator("#status")).to_contain_text("close this window and try again")
    phone.wait_until_idle()

    assert phone.evaluate("phone.received") == []
    assert internet.platform.tokens == []


@cells("does not start")
def test_the_widget_from_the_cdn_does_not_start(internet: Internet, open_browser: OpenBrowser, cell: Cell) -> None:
    context = open_browser(cell.mode)
    with context.expect_event("weberror") as failure:
        phone = open_phone(context, internet, WAYS[cell.way], cell.site)

    assert failure.value.error.name == "SecurityError"
    assert phone.page.frame_locator(phone.frame).locator("#appLoading").is_visible()


@pytest.mark.parametrize(
    ("received_by", "severed"),
    [("oAuthCallback", False), ("message", False), ("storage", True)],
)
def test_each_way_of_receiving_the_callback_is_enough(
    internet: Internet, open_browser: OpenBrowser, received_by: str, severed: bool
) -> None:
    internet.platform.severs_openers = severed
    way = Way(script(f"{HOST_BASE}/adapter.js?userAgent=ways:{received_by}"))
    phone = open_phone(open_browser(PLAIN), internet, way)

    phone.wait_until_done(phone.open_login())

    assert phone.evaluate("phone.received") == [received_by]
    assert [token.granted for token in internet.platform.tokens] == [True]


def test_the_popup_window_shares_its_session_with_the_widget_in_the_page(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    phone = open_phone(open_browser(PLAIN), internet, WAYS["popup window"])
    window = popped_up(phone)

    # A page of the same site shares its storage with the window; a page of another site has its own partition.
    window.wait_until_done(window.open_login())

    phone.see("Signed in")
    assert len(internet.platform.tokens) == 1


@pytest.mark.parametrize("severed", [False, True])
def test_the_app_shows_a_denied_sign_in_and_requests_no_token(
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
def test_a_token_where_a_code_was_requested_never_reaches_the_app(
    internet: Internet, open_browser: OpenBrowser, severed: bool
) -> None:
    internet.platform.outcome = "implicit"
    internet.platform.severs_openers = severed
    phone = open_phone(open_browser(PLAIN), internet, WAYS["adapter"], CROSS_SITE)

    login = phone.open_login()
    wait_until_closed(login)
    phone.wait_until_idle()

    assert not phone.evaluate("phone.signedIn")
    assert phone.evaluate("phone.received") == []


# A page that signs its users in itself


TEAM = f"https://{CROSS_SITE}"
WITHOUT_WINDOW = script(f"https://{OWN}/adapter.js?disableLoginPopup=1")
SIGN_IN_ADDRESS = """() => window.addEventListener('message', ({ data }) => {
    if (data.type === 'rc-login-popup-notify') window.address = data.oAuthUri;
})"""


@pytest.fixture
def page_sign_in(internet: Internet, tmp_path: Path) -> Iterator[None]:
    """A host that lets a page of CROSS_SITE sign its users in itself."""
    allowed = f'widget = {{ page_sign_in = true, embedders = ["{TEAM}"] }}\nparams.clientId = "{CLIENT_ID}"\n'
    with hosts.own(internet, tmp_path, allowed):
        yield


@pytest.mark.usefixtures("page_sign_in")
def test_a_listed_page_opens_the_sign_in_itself_and_hands_the_callback_over(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    phone = open_phone(open_browser(PLAIN), internet, Way(WITHOUT_WINDOW), CROSS_SITE)
    phone.page.evaluate(SIGN_IN_ADDRESS)
    phone.press_sign_in()
    address = phone.page.wait_for_function("() => window.address").json_value()
    redirect_uri = f"https://{OWN}/redirect.html"
    assert parse_qs(urlsplit(address).query)["redirect_uri"] == [redirect_uri]

    callback = internet.platform.callback(dict(parse_qsl(urlsplit(address).query)))
    phone.page.evaluate(
        "([callbackUri, frame]) => document.querySelector(frame).contentWindow.postMessage({ callbackUri }, '*')",
        [callback, phone.frame],
    )
    phone.see("Signed in")

    assert [(token.redirect_uri, token.granted) for token in internet.platform.tokens] == [(redirect_uri, True)]


def test_elsewhere_a_page_is_not_given_the_sign_in_and_the_app_opens_its_window(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    context = open_browser(PLAIN)
    warnings: list[str] = []
    context.on("console", lambda message: warnings.append(message.text))
    way = Way(script(f"{HOST_BASE}/adapter.js?disableLoginPopup=1"))
    phone = open_phone(context, internet, way, CROSS_SITE)
    phone.page.evaluate(SIGN_IN_ADDRESS)

    login = phone.open_login()
    phone.see("Signed in")
    phone.wait_until_done(login)

    assert phone.page.evaluate("() => window.address") is None
    assert [text for text in warnings if "disableLoginPopup" in text and "widget.page_sign_in" in text]
