"""What a callback must be to reach the app, during a sign-in that a user has begun, and before and after it."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from world.attacker import Attacker
from world.browser_modes import PLAIN, OpenBrowser
from world.chromium import browser
from world.hosts import SANDBOX_CLIENT_ID
from world.internet import CROSS_SITE, EVIL, HOST, SAME_SITE, Internet
from world.timeouts import wait_until
from world.user import Phone, pump

pytestmark = pytest.mark.usefixtures("hosted")

BASE = f"https://{HOST}"
REDIRECT_URI = f"{BASE}/redirect.html"
WARNING = "Embeddable Host: ignored a sign-in callback: "
MESSAGES_HAVE_COME = "new Promise((resolve) => setTimeout(resolve))"  # those that a page has posted to itself
FORGED = "forged"  # the code of a callback that must not reach the app
ADAPTER = f'<script src="{BASE}/adapter.js"></script>'


@pytest.fixture
def context(internet: Internet, open_browser: OpenBrowser) -> BrowserContext:
    """A browser, and a login page that waits for the user."""
    internet.platform.waits_for_users = True
    return open_browser(PLAIN)


def open_phone(internet: Internet, context: BrowserContext, site: str = CROSS_SITE, html: str = ADAPTER) -> Phone:
    page = context.new_page()
    page.goto(internet.page(site, f"<!doctype html><body>{html}"))
    return ready(Phone(page))


def ready(phone: Phone) -> Phone:
    """`phone`, which counts from now on what it refuses."""
    phone.wait_for("phone.texts.signIn")
    phone.evaluate("(window.refused = [], console.warn = (text) => refused.push(text), 1)")
    return phone


def begin(phone: Phone, internet: Internet) -> tuple[Page, str]:
    """Begins a sign-in; the login's window, and the sign-in's state."""
    login = phone.open_login()
    login.get_by_text("Sign in").wait_for()
    [state] = parse_qs(urlsplit(internet.platform.authorized[-1]).query)["state"]
    return login, state


def callback(*parameters: tuple[str, str], address: str = REDIRECT_URI) -> str:
    return f"{address}?{urlencode([('code', FORGED), *parameters])}"


def tail(state: str) -> str:
    return state.partition("-")[2]


# By name: what comes back, given the state of the sign-in that is under way.
CALLBACKS: dict[str, Callable[[str], Any]] = {
    "no state": lambda state: callback(),
    "another state": lambda state: callback(("state", "MTc-undefined-other")),
    "an empty state": lambda state: callback(("state", "")),
    "only the state's tail": lambda state: callback(("state", tail(state))),
    "the state's tail behind another time": lambda state: callback(("state", f"MTc2NDI3-{tail(state)}")),
    "the state in upper case": lambda state: callback(("state", state.upper())),
    "the state and more": lambda state: callback(("state", f"{state}-")),
    "the state as the name of its prototype": lambda state: callback(("state", "__proto__")),
    "the state twice": lambda state: callback(("state", state), ("state", state)),
    "two states": lambda state: callback(("state", "other"), ("state", state)),
    "the state in query and fragment": lambda state: f"{callback(('state', state))}#{urlencode({'state': state})}",
    "another state in the fragment": lambda state: f"{callback(('state', state))}#state=other",
    "a state of 100 kB": lambda state: callback(("state", state + "x" * 100_000)),
    "the state, in 100 kB": lambda state: callback(("state", state), ("x", "x" * 100_000)),
    "a code twice": lambda state: callback(("state", state), ("code", "other")),
    "a code in query and fragment": lambda state: f"{callback(('state', state))}#code=other",
    "an unknown parameter twice": lambda state: callback(("state", state), ("__proto__", "1"), ("__proto__", "2")),
    "a verifier": lambda state: callback(("state", state), ("code_verifier", "other")),
    "an empty verifier": lambda state: callback(("state", state), ("code_verifier", "")),
    "a verifier with an encoded name": lambda state: f"{callback(('state', state))}&%63ode_verifier=other",
    "a verifier in the fragment": lambda state: f"{callback(('state', state))}#code_verifier=other",
    "a JWT": lambda state: callback(("state", state), ("jwt", "other")),
    "a JWT behind a place": lambda state: f"{callback(('state', state))}#/dialer&jwt=other",
    "a token": lambda state: callback(("state", state), ("access_token", "other")),
    "a token in the fragment": lambda state: f"{callback(('state', state))}#access_token=other&token_type=bearer",
    "a server for the code": lambda state: callback(("state", state), ("token_uri", f"https://{EVIL}/token")),
    "a server that begins well": lambda state: callback(
        ("state", state), ("token_uri", f"https://platform.ringcentral.com.{EVIL}/token")
    ),
    "a server with a user": lambda state: callback(
        ("state", state), ("token_uri", f"https://platform.ringcentral.com@{EVIL}/token")
    ),
    "a server without TLS": lambda state: callback(
        ("state", state), ("token_uri", "http://platform.ringcentral.com/token")
    ),
    "a relative server": lambda state: callback(("state", state), ("token_uri", "/token")),
    "a server for the token": lambda state: callback(("state", state), ("discovery_uri", f"https://{EVIL}/")),
    "another host": lambda state: callback(("state", state), address=f"https://{EVIL}/redirect.html"),
    "another page": lambda state: callback(("state", state), address=f"{BASE}/app.html"),
    "a page of another profile": lambda state: callback(("state", state), address=f"{BASE}/sandbox/redirect.html"),
    "a page below": lambda state: callback(("state", state), address=f"{REDIRECT_URI}/"),
    "another scheme": lambda state: callback(("state", state), address=f"http://{HOST}/redirect.html"),
    "another port": lambda state: callback(("state", state), address=f"https://{HOST}:8443/redirect.html"),
    "an address without a scheme": lambda state: callback(("state", state), address=f"//{HOST}/redirect.html"),
    "an address without a host": lambda state: callback(("state", state), address="x:"),
    "a relative address": lambda state: callback(("state", state), address=""),
    "a path": lambda state: callback(("state", state), address="/redirect.html"),
    "a number": lambda state: 1,
    "true": lambda state: True,
    "a list": lambda state: [callback(("state", state))],
    "an object": lambda state: {"href": callback(("state", state))},
}


def storage_event(key: str, value: Any) -> str:
    return json.dumps({"key": key, "newValue": value})


WAYS: dict[str, Callable[[Any, str], str]] = {
    "a call": lambda address, state: f"(oAuthCallback({json.dumps(address)}), 1)",
    "a message": lambda address, state: f"(postMessage({{ callbackUri: {json.dumps(address)} }}, '*'), 1)",
    "storage": lambda address, state: (
        f"dispatchEvent(new StorageEvent('storage', {storage_event(f'{tail(state)}-callbackUri', address)}))"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_only_the_callback_of_the_sign_in_under_way_reaches_the_app(
    internet: Internet, context: BrowserContext, way: str
) -> None:
    phone = open_phone(internet, context)
    login, state = begin(phone, internet)

    callbacks = {name: made(state) for name, made in CALLBACKS.items()}
    if way == "storage":  # which has only texts
        callbacks = {name: text for name, text in callbacks.items() if isinstance(text, str)}
    for number, (name, address) in enumerate(callbacks.items()):
        phone.evaluate(WAYS[way](address, state))
        phone.evaluate(MESSAGES_HAVE_COME)
        assert phone.evaluate("[refused.length, phone.received]") == [number + 1, []], name
    login.get_by_text("Sign in").click()
    phone.see("Signed in")
    phone.wait_until_done(login)

    [code] = internet.platform.codes
    assert [(token.code, token.granted) for token in internet.platform.tokens] == [(code, True)]
    for text in phone.evaluate("refused"):
        assert text.startswith(WARNING)
        assert text.count(".") == 1
        assert text.endswith(".")
        assert FORGED not in text
        assert state not in text


def test_a_page_that_knows_the_whole_state_posts_in_vain(internet: Internet, context: BrowserContext) -> None:
    attacker = Attacker(internet, browser(context), BASE)
    victim = attacker.open_crm(CROSS_SITE)
    phone = Phone(victim.window.page)  # type: ignore[attr-defined]
    login, state = begin(phone, internet)

    attacker.post("opened.frames[0]", {"callbackUri": callback(("state", state))})
    attacker.wait_for_effect(victim, 1)
    login.get_by_text("Sign in").click()
    phone.see("Signed in")

    [code] = internet.platform.codes
    assert [token.code for token in internet.platform.tokens] == [code]
    assert phone.evaluate("refused") == [f"{WARNING}it came from another page."]


def sign_in(phone: Phone, internet: Internet) -> str:
    """Signs in; the callback."""
    login, state = begin(phone, internet)
    login.get_by_text("Sign in").click()
    phone.see("Signed in")
    phone.wait_until_done(login)
    return callback(("state", state)).replace(FORGED, internet.platform.codes[-1])


def test_a_callback_that_comes_twice_counts_once(internet: Internet, context: BrowserContext) -> None:
    phone = open_phone(internet, context)
    address = sign_in(phone, internet)

    phone.evaluate(WAYS["a message"](address, "-"))
    phone.wait_until_idle()

    assert len(phone.evaluate("phone.received")) == len(internet.platform.tokens) == 1
    assert phone.evaluate("refused") == []  # the same may come in two ways, and none of them is an attack


def test_a_denial_that_comes_twice_counts_once(internet: Internet, context: BrowserContext) -> None:
    internet.platform.outcome = "denied"
    phone = open_phone(internet, context)
    login, state = begin(phone, internet)
    login.get_by_text("Sign in").click()
    phone.see("Sign in failed: access_denied")
    phone.wait_until_done(login)

    phone.evaluate(WAYS["a call"](f"{REDIRECT_URI}?{urlencode({'error': 'access_denied', 'state': state})}", "-"))

    assert len(phone.evaluate("phone.received")) == 1


@pytest.mark.parametrize("state", ["", "MTc-undefined-other"])
def test_a_callback_that_comes_when_the_user_is_signed_in_is_refused(
    internet: Internet, context: BrowserContext, state: str
) -> None:
    phone = open_phone(internet, context)
    sign_in(phone, internet)

    phone.evaluate(WAYS["a message"](callback(("state", state)), "-"))
    phone.wait_for("refused.length > 0")
    phone.wait_until_idle()

    assert len(phone.evaluate("phone.received")) == len(internet.platform.tokens) == 1


def test_a_callback_that_comes_before_any_press_is_refused(internet: Internet, context: BrowserContext) -> None:
    phone = open_phone(internet, context)

    phone.evaluate(WAYS["a call"](callback(("state", "MTc-undefined-other")), "-"))

    assert phone.evaluate("[refused.length, phone.received]") == [1, []]


def test_a_callback_for_an_older_press_is_refused(internet: Internet, context: BrowserContext) -> None:
    phone = open_phone(internet, context)
    login, older = begin(phone, internet)
    phone.press_sign_in()
    wait_until(lambda: pump(phone.page) and len(internet.platform.authorized) == 2, "the second sign-in has begun")

    phone.evaluate(WAYS["a call"](callback(("state", older)), "-"))
    assert phone.evaluate("[refused.length, phone.received]") == [1, []]
    login.get_by_text("Sign in").click()
    phone.see("Signed in")

    assert [token.granted for token in internet.platform.tokens] == [True]


@pytest.mark.parametrize("way", WAYS)
def test_a_callback_for_another_tab_is_refused(internet: Internet, context: BrowserContext, way: str) -> None:
    one, other = (open_phone(internet, context, SAME_SITE) for _ in range(2))
    login, state = begin(one, internet)
    begin(other, internet)

    other.evaluate(WAYS[way](callback(("state", state)), state))
    other.evaluate(MESSAGES_HAVE_COME)
    assert other.evaluate("phone.received") == []
    login.get_by_text("Sign in").click()
    one.see("Signed in")

    assert [token.granted for token in internet.platform.tokens] == [True]


def test_several_tabs_at_once_each_get_their_own_callback(internet: Internet, context: BrowserContext) -> None:
    internet.platform.severs_openers = True
    tabs = [open_phone(internet, context, site) for site in (SAME_SITE, SAME_SITE, CROSS_SITE)]
    logins = [begin(phone, internet)[0] for phone in tabs]

    for login in reversed(logins):
        login.get_by_text("Sign in").click()
    for phone in tabs:
        phone.see("Signed in")

    assert sorted(token.code for token in internet.platform.tokens) == sorted(internet.platform.codes)
    assert all(token.granted for token in internet.platform.tokens)
    assert [phone.evaluate("phone.received.length") for phone in tabs] == [1, 1, 1]


def test_a_callback_for_another_profile_is_refused(internet: Internet, context: BrowserContext) -> None:
    sandbox = f'<script src="{BASE}/sandbox/adapter.js"></script>'
    phone = open_phone(internet, context)
    page = context.new_page()
    page.goto(internet.page(CROSS_SITE, f"<!doctype html><body>{sandbox}"))
    other = ready(Phone(page, "#rc-sandbox-adapter-frame"))
    login, state = begin(other, internet)
    begin(phone, internet)

    phone.evaluate(WAYS["a call"](callback(("state", state), address=f"{BASE}/sandbox/redirect.html"), "-"))
    assert phone.evaluate("[refused.length, phone.received]") == [1, []]
    login.get_by_text("Sign in").click()
    other.see("Signed in")

    assert [(token.client_id, token.granted) for token in internet.platform.tokens] == [(SANDBOX_CLIENT_ID, True)]


# Where no verifier binds the code to the sign-in, and the redirect page is a stranger's


def test_without_pkce_a_redirect_page_that_nobody_knows_completes_nothing(
    internet: Internet, context: BrowserContext
) -> None:
    """Its owner learns the state, and could bring a code of their own."""
    back = internet.page(EVIL, f"<!doctype html><script>{BRING_BACK}</script>")
    query = urlencode({"clientId": "c", "clientSecret": "s", "redirectUri": back})
    page = context.new_page()
    page.goto(f"{BASE}/app.html?{query}")
    page.locator("#signIn").wait_for()
    page.evaluate("() => { window.refused = []; console.warn = (text) => refused.push(text); }")
    with page.expect_popup() as login:
        page.locator("#signIn").click()
    login.value.get_by_text("Sign in").click()
    page.wait_for_function("() => refused.length > 0")

    assert page.evaluate("() => refused") == [
        f"{WARNING}the app uses no PKCE, and the redirect URI is neither this host’s nor in its settings."
    ]
    assert internet.platform.tokens == []


BRING_BACK = """
const state = new URLSearchParams(location.search).get('state');
opener.postMessage({ callbackUri: `${location.origin}${location.pathname}?code=forged&state=${state}` }, '*');
"""
