"""Honest sign-ins while a hostile page posts callbacks to the phone all the time, and by discovery.

The cells are those of `site/test_sign_in.py`, in few ways of embedding: nothing that is posted meanwhile may reach the
app, end a sign-in, or cause another token request.
"""

from itertools import product

import pytest
from playwright.sync_api import BrowserContext, Page

from world.attacker import CODE, JWT
from world.browser_modes import PLAIN, BrowserMode, Cell, OpenBrowser
from world.hosts import CLIENT_ID
from world.internet import CROSS_SITE, EVIL, HOST, PLATFORMS, SAME_SITE, Internet
from world.platform import LOGIN_HOST, TokenRequest
from world.user import ADAPTER_FRAME, IFRAME, Phone

pytestmark = pytest.mark.usefixtures("hosted")

BASE = f"https://{HOST}"
REDIRECT_URI = f"{BASE}/redirect.html"
WAYS = {
    "adapter": (f'<script src="{BASE}/adapter.js"></script>', ADAPTER_FRAME),
    "iframe": (f'<iframe id="rc-widget" width="300" height="500" src="{BASE}/app.html"></iframe>', IFRAME),
    "popup window": (
        f'<script src="{BASE}/adapter.js?enablePopup=1&multipleTabsSupport=1"></script>',
        ADAPTER_FRAME,
    ),
}


CELLS = [
    Cell(*cell)
    for cell in product(WAYS, (SAME_SITE, CROSS_SITE), BrowserMode, (False, True))
    if cell[0] == "adapter" or cell[1] == CROSS_SITE
]

# The attacker's page: it opens the team's, and posts to every window and frame that it can reach.
HOSTILE_PAGE = """<!doctype html><title>A prize</title><script>
const messages = [
  { callbackUri: 'x' },
  { callbackUri: 'BASE/redirect.html?CODE' },
  { callbackUri: 'BASE/redirect.html?JWT', type: 'rc-adapter-authorization-code' },
  { callbackUri: 'BASE/redirect.html?error=access_denied' },
  { refreshCallbackUri: 'BASE/redirect.html#access_token=t' },
  { callbackUri: ['BASE/redirect.html?code=c'] },
];
const opened = window.open('TEAM');
setInterval(() => {
  for (const receiver of [opened, ...Array.from({ length: opened.length }, (_, number) => opened[number])]) {
    for (const message of messages) receiver.postMessage(message, '*');
  }
}, 50);
</script>"""


def open_phone(internet: Internet, context: BrowserContext, cell: Cell) -> Phone:
    internet.platform.severs_openers = cell.severed
    html, frame = WAYS[cell.way]
    team = internet.page(cell.site, f"<!doctype html><body>{html}")
    hostile = HOSTILE_PAGE.replace("TEAM", team).replace("BASE", BASE)
    hostile = hostile.replace("CODE", "&".join(map("=".join, CODE.items()))).replace("JWT", "jwt=" + JWT["jwt"])
    attacker = context.new_page()
    with attacker.expect_popup() as opened:
        attacker.goto(internet.page(EVIL, hostile))
    return popped_up(opened.value) if cell.way == "popup window" else Phone(opened.value, frame)


def popped_up(page: Page) -> Phone:
    """The phone in the window that the header's button opens."""
    with page.expect_popup() as window:
        page.locator(".Adapter_popup").click()
    return Phone(window.value)


@pytest.mark.extra
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_it_signs_in_once_whatever_is_posted_meanwhile(
    internet: Internet, open_browser: OpenBrowser, cell: Cell
) -> None:
    phone = open_phone(internet, open_browser(cell.mode), cell)

    login = phone.open_login()
    phone.see("Signed in")
    phone.wait_until_done(login)

    [code] = internet.platform.codes
    assert internet.platform.tokens == [TokenRequest(PLATFORMS[0], CLIENT_ID, REDIRECT_URI, code, granted=True)]
    assert len(phone.evaluate("phone.received")) == 1


# By discovery, the callback says where the code goes


@pytest.mark.parametrize("severed", [False, True])
def test_a_sign_in_by_discovery_gets_its_token_from_the_server_that_the_callback_names(
    internet: Internet, open_browser: OpenBrowser, severed: bool
) -> None:
    internet.platform.severs_openers = severed
    internet.platform.token_uri = f"https://{LOGIN_HOST}/restapi/oauth/token"
    phone = discovering(internet, open_browser(PLAIN))

    login = phone.open_login()
    phone.see("Signed in")
    phone.wait_until_done(login)

    [authorized] = internet.platform.authorized
    assert authorized.startswith(f"https://{LOGIN_HOST}/restapi/oauth/authorize?")
    assert [(token.server, token.granted) for token in internet.platform.tokens] == [(LOGIN_HOST, True)]


@pytest.mark.parametrize(
    "token_uri",
    [
        f"https://{EVIL}/restapi/oauth/token",
        f"https://ringcentral.com.{EVIL}/restapi/oauth/token",
        f"http://{LOGIN_HOST}/restapi/oauth/token",
        "https://notringcentral.com/restapi/oauth/token",
        "/restapi/oauth/token",
        "",
    ],
)
def test_a_code_goes_to_no_server_but_ringcentral_s(
    internet: Internet, open_browser: OpenBrowser, token_uri: str
) -> None:
    internet.platform.token_uri = token_uri
    phone = discovering(internet, open_browser(PLAIN))
    phone.wait_for("phone.texts.signIn")
    phone.evaluate("(window.refused = [], console.warn = (text) => refused.push(text), 1)")

    phone.wait_until_done(phone.open_login())

    assert internet.platform.tokens == []
    assert set(phone.evaluate("refused")) == {
        "Embeddable Host: ignored a sign-in callback: it names a server that is not RingCentral’s."
    }


def discovering(internet: Internet, context: BrowserContext) -> Phone:
    page = context.new_page()
    page.goto(internet.page(SAME_SITE, f'<!doctype html><body><script src="{BASE}/adapter.js?discovery=1"></script>'))
    return Phone(page)
