"""A page that signs its users in itself: only a listed one, where the host allows it, and around the phone."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from world import hosts
from world.attacker import CODE, JWT, Attacker, Victim, become_the_opener, post_to_the_app
from world.browser_modes import PLAIN, OpenBrowser
from world.chromium import Window, browser
from world.host import Server
from world.hosts import CLIENT_ID
from world.internet import CROSS_SITE, EVIL, HOST, OWN, SAME_SITE, Internet
from world.platform import Grant, s256
from world.timeouts import wait_until
from world.user import IFRAME, Phone, pump

LISTED, NOT_LISTED = CROSS_SITE, SAME_SITE
ALLOWING = f"https://{OWN}"
REDIRECT_URI = f"{ALLOWING}/redirect.html"
SETTINGS = f"""
widget.page_sign_in = true
widget.embedders = ["https://{LISTED}", "{ALLOWING}"]
params.clientId = "{CLIENT_ID}"
"""
VERIFIER = "the-page-s-own-verifier"
IGNORED = (
    "Embeddable Host: ignored the parameter {name}: only a listed page may sign its users in, and only where the host "
)


@pytest.fixture(scope="module")
def allowing(world: Internet, hosted: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A host where a page may sign its users in itself. Its own origin is listed too: that must change nothing."""
    with hosts.own(world, tmp_path_factory.mktemp("allowing"), SETTINGS):
        yield


@pytest.fixture
def context(open_browser: OpenBrowser) -> BrowserContext:
    return open_browser(PLAIN)


def own_code(internet: Internet, base: str = ALLOWING) -> str:
    """A code that the page has got for its user."""
    internet.platform.grants["own-code"] = Grant(CLIENT_ID, f"{base}/redirect.html", s256(VERIFIER))
    return "own-code"


def open_page(internet: Internet, context: BrowserContext, html: str, site: str = LISTED) -> Page:
    page = context.new_page()
    page.goto(internet.page(site, f"<!doctype html><body>{html}"))
    return page


def adapter(base: str = ALLOWING, **parameters: str) -> str:
    return f'<script src="{base}/adapter.js?{urlencode(parameters)}"></script>'


def iframe(base: str = ALLOWING, **parameters: str) -> str:
    return f'<iframe id="rc-widget" src="{base}/app.html?{urlencode(parameters)}"></iframe>'


def messages_of(context: BrowserContext) -> list[str]:
    texts: list[str] = []

    def note(message: ConsoleMessage) -> None:
        texts.append(message.text)

    context.on("console", note)
    return texts


# With the host's word


@pytest.mark.usefixtures("allowing")
@pytest.mark.parametrize("way", ["adapter", "iframe"])
@pytest.mark.parametrize("credential", ["code", "JWT"])
def test_a_listed_page_signs_its_user_in_by_parameters(
    internet: Internet, context: BrowserContext, way: str, credential: str
) -> None:
    internet.platform.jwts.append("own-jwt")
    code = {"authorizationCode": own_code(internet), "authorizationCodeVerifier": VERIFIER}
    parameters = code if credential == "code" else {"jwt": "own-jwt"}
    html = adapter(**parameters) if way == "adapter" else iframe(**parameters)
    page = open_page(internet, context, html)

    (Phone(page) if way == "adapter" else Phone(page, IFRAME)).see("Signed in")

    assert [token.granted for token in internet.platform.tokens] == [True]


@pytest.mark.usefixtures("allowing")
def test_a_listed_page_signs_its_user_in_by_a_message_with_its_own_verifier(
    internet: Internet, context: BrowserContext
) -> None:
    phone = Phone(open_page(internet, context, adapter()))
    phone.wait_for("phone.texts.signIn")

    post(phone, f"{REDIRECT_URI}?{urlencode({'code': own_code(internet), 'code_verifier': VERIFIER})}")

    phone.see("Signed in")
    assert [token.granted for token in internet.platform.tokens] == [True]


@pytest.mark.usefixtures("allowing")
def test_a_listed_page_opens_the_window_itself_and_brings_the_callback(
    internet: Internet, context: BrowserContext
) -> None:
    phone = Phone(open_page(internet, context, listening(adapter(disableLoginPopup="1"))))
    phone.wait_for("phone.texts.signIn")

    phone.press_sign_in()
    address = phone.page.wait_for_function("() => window.address").json_value()
    query = dict(parse_qsl(urlsplit(address).query))
    post(phone, f"{internet.platform.callback(query)}&code_verifier=")

    phone.see("Signed in")
    assert query["redirect_uri"] == REDIRECT_URI
    assert [token.granted for token in internet.platform.tokens] == [True]
    assert len(context.pages) == 1


def listening(html: str) -> str:
    return f"""<script>window.addEventListener('message', ({{ data }}) => {{
        if (data.type === 'rc-login-popup-notify') window.address = data.oAuthUri;
    }})</script>{html}"""


def post(phone: Phone, address: str) -> None:
    """Has the page post a callback to its phone, as the widget documents it."""
    assert isinstance(phone.page, Page)
    phone.page.evaluate(
        "address => document.querySelector('iframe').contentWindow.postMessage("
        "{ type: 'rc-adapter-authorization-code', callbackUri: address }, '*')",
        address,
    )


@pytest.mark.usefixtures("allowing")
@pytest.mark.parametrize("name", ["token_uri", "discovery_uri"])
def test_a_listed_page_does_not_choose_the_server_either(
    internet: Internet, context: BrowserContext, name: str
) -> None:
    phone = Phone(open_page(internet, context, adapter(discovery="1")))
    phone.wait_for("phone.texts.signIn")
    texts = messages_of(context)

    parameters = {"code": own_code(internet), "code_verifier": VERIFIER, name: f"https://{EVIL}/restapi/oauth/token"}
    post(phone, f"{REDIRECT_URI}?{urlencode(parameters)}")
    wait_until(lambda: pump(context.pages[0]) and bool(texts), "the callback is refused")

    assert internet.platform.tokens == []


@pytest.mark.usefixtures("allowing")
def test_a_page_that_is_not_listed_cannot_frame_the_phone(internet: Internet, context: BrowserContext) -> None:
    page = open_page(internet, context, iframe(jwt="own-jwt"), NOT_LISTED)

    assert page.frames[1].url.startswith("chrome-error:")
    assert internet.platform.tokens == []


@pytest.mark.usefixtures("allowing")
@pytest.mark.parametrize("page", ["app.html", "popup.html"])
@pytest.mark.parametrize(
    "credentials", [{"authorizationCode": "c", "authorizationCodeVerifier": "v"}, {"jwt": "j"}], ids=["code", "JWT"]
)
def test_a_link_signs_nobody_in_where_listed_pages_may(
    internet: Internet, context: BrowserContext, page: str, credentials: dict[str, str]
) -> None:
    """A top-level page is nobody's frame, and the popup's page is the host's own."""
    texts = messages_of(context)
    window = Window(context.new_page())
    window.go(f"{ALLOWING}/{page}?{urlencode(credentials)}")
    victim = Victim(window, "" if page == "app.html" else "#rc-widget-adapter-frame")
    victim.wait_until_ready()
    victim.wait_until_done()

    assert internet.platform.tokens == []
    for name in credentials:
        assert any(text.startswith(IGNORED.format(name=name)) for text in texts), name


@pytest.mark.usefixtures("allowing")
def test_a_listed_page_in_a_window_of_its_own_is_no_exception_for_links(
    internet: Internet, context: BrowserContext
) -> None:
    page = open_page(internet, context, f'<a target="_blank" href="{ALLOWING}/app.html?jwt=own-jwt">the phone</a>')
    with page.expect_popup() as opened:
        page.get_by_text("the phone").click()
    opened.value.locator("#signIn").wait_for()
    victim = Victim(Window(opened.value), "")
    victim.wait_until_done()

    assert internet.platform.tokens == []


@pytest.mark.usefixtures("allowing")
def test_messages_of_a_page_that_is_not_listed_are_ignored_where_listed_pages_may(
    internet: Internet, context: BrowserContext
) -> None:
    post_to_the_app(Attacker(internet, browser(context), ALLOWING))
    attacker = Attacker(internet, browser(context), ALLOWING)
    victim = attacker.open_crm(LISTED)
    attacker.post("opened.frames[0]", *attacker.forged_messages())
    attacker.wait_for_effect(victim, len(attacker.forged_messages()))

    assert internet.platform.tokens == []


@pytest.mark.usefixtures("allowing")
def test_the_host_s_own_pages_are_no_listed_ones(internet: Internet, context: BrowserContext) -> None:
    """The redirect page is of the host's origin, whoever has opened it."""
    become_the_opener(Attacker(internet, browser(context), ALLOWING))

    assert internet.platform.tokens == []


# Without it

CALLBACKS = {
    "its own verifier": CODE,
    "an empty verifier": CODE | {"code_verifier": ""},
    "a JWT": JWT,
}


@pytest.mark.usefixtures("hosted")
@pytest.mark.parametrize("name", CALLBACKS)
def test_without_the_setting_a_page_s_own_callback_is_ignored_with_a_sentence(
    internet: Internet, context: BrowserContext, name: str
) -> None:
    phone = Phone(open_page(internet, context, adapter(f"https://{HOST}")))
    phone.wait_for("phone.texts.signIn")
    texts = messages_of(context)

    post(phone, f"https://{HOST}/redirect.html?{urlencode(CALLBACKS[name])}")
    wait_until(lambda: pump(context.pages[0]) and bool(texts), "the callback is refused")

    assert texts == [
        "Embeddable Host: ignored a sign-in callback: it belongs to no sign-in that this phone is waiting for."
    ]
    assert internet.platform.tokens == []


@pytest.mark.usefixtures("hosted")
def test_without_the_setting_the_window_is_not_left_to_the_page(internet: Internet, context: BrowserContext) -> None:
    texts = messages_of(context)
    phone = Phone(open_page(internet, context, listening(adapter(f"https://{HOST}", disableLoginPopup="1"))))

    phone.wait_until_done(phone.open_login())
    phone.see("Signed in")

    assert isinstance(phone.page, Page)
    assert phone.page.evaluate("() => window.address === undefined")
    assert [text for text in texts if text.startswith(IGNORED.format(name="disableLoginPopup"))]


@pytest.mark.usefixtures("hosted")
def test_without_the_setting_no_page_signs_its_user_in_by_parameters(
    internet: Internet, context: BrowserContext
) -> None:
    texts = messages_of(context)
    base = f"https://{HOST}"
    parameters = {"authorizationCode": own_code(internet, base), "authorizationCodeVerifier": VERIFIER, "jwt": "j"}
    phone = Phone(open_page(internet, context, adapter(base, **parameters)))
    phone.wait_for("phone.texts.signIn")
    phone.wait_until_idle()

    assert internet.platform.tokens == []
    for name in parameters:
        assert [text for text in texts if text.startswith(IGNORED.format(name=name))], name
