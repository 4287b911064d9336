"""A sign-in that the host relays: begun on start.html, sealed by the redirect page, taken by the app's frame.

In a page of another site, with the opener severed, nothing but the host can bring the answer. These tests are about
what must not happen meanwhile: to other windows, to other sign-ins, and to those who did not begin this one.
"""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from world import hosts
from world.browser_modes import PLAIN, OpenBrowser
from world.host import Server
from world.internet import CROSS_SITE, HOST, OWN, PLATFORMS, SAME_SITE, Internet, wait_until
from world.release import SOURCE
from world.user import Phone, pump, relay_requests

pytestmark = pytest.mark.usefixtures("hosted")

BASE = f"https://{HOST}"
START = f"{BASE}/start.html"
NOTHING = "There is no sign-in to hand over."


def adapter(base: str = BASE) -> str:
    return f'<!doctype html><body><script src="{base}/adapter.js"></script>'


@pytest.fixture
def context(internet: Internet, open_browser: OpenBrowser) -> BrowserContext:
    """A browser, and a platform that severs every window from its opener."""
    internet.platform.severs_openers = True
    return open_browser(PLAIN)


def open_phone(internet: Internet, context: BrowserContext, html: str = "", site: str = CROSS_SITE) -> Phone:
    page = context.new_page()
    page.goto(internet.page(site, html or adapter()))
    return Phone(page)


def hold_back(context: BrowserContext) -> list[Route]:
    """Keeps every letter from arriving until its route is continued."""
    held: list[Route] = []
    context.route(
        "**/relay/*", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    return held


# What a call to window.open is, when it is not a sign-in of this host


def test_every_other_use_of_window_open_is_untouched(internet: Internet, context: BrowserContext) -> None:
    phone = open_phone(internet, context)
    phone.wait_for("phone.texts.signIn")

    for address in (
        "about:blank#other",
        f"{BASE}/popup.html?state=s&redirect_uri=https://elsewhere.example/redirect.html",
    ):
        with phone.page.expect_popup() as window:
            is_it = phone.evaluate(
                f"(window.it = open('{address}', 'a-name', 'popup,width=300')) && it.name === 'a-name'"
            )
        assert is_it
        assert window.value.url == address
        window.value.close()
    assert phone.evaluate("[open.name, open.length, typeof open, String(open).includes('native code')]") == [
        "open",
        0,
        "function",
        True,
    ]


def test_what_window_open_throws_is_thrown(internet: Internet, context: BrowserContext) -> None:
    phone = open_phone(internet, context)
    phone.wait_for("phone.texts.signIn")

    for call in ("open('https://[')", "open.call({}, 'about:blank')", "open(Symbol())"):
        thrown = phone.evaluate(f"(() => {{ try {{ {call}; }} catch (error) {{ return error.name; }} }})()")
        assert thrown == ("SyntaxError" if "[" in call else "TypeError")


def test_a_window_that_the_browser_blocks_is_null_and_the_next_sign_in_goes_straight_to_the_platform(
    internet: Internet, context: BrowserContext
) -> None:
    # Before our own script: what a browser that blocks the window returns.
    context.add_init_script(
        "if (top !== window) { const real = open; window.open = (...all) => (window.asked = all, null); }"
    )
    phone = open_phone(internet, context)
    phone.wait_for("phone.texts.signIn")

    phone.press_sign_in()
    assert phone.evaluate("asked[0]") == START
    phone.press_sign_in()

    assert phone.evaluate("asked[0]").startswith(f"https://{PLATFORMS[0]}/restapi/oauth/authorize?")


# Where something that is needed is missing, a sign-in begins as if there were no relay


NO_CRYPTOGRAPHY = "if (top !== window) Object.defineProperty(crypto, 'subtle', { value: undefined });"
# Asked when it is read: the window keeps what it was given while it still was empty.
NO_STORAGE = """
const { get } = Object.getOwnPropertyDescriptor(window, 'localStorage');
Object.defineProperty(window, 'localStorage', {
  get() {
    if (location.pathname === '/start.html') throw new DOMException('denied', 'SecurityError');
    return get.call(window);
  },
});
"""


@pytest.mark.parametrize("missing", [NO_CRYPTOGRAPHY, NO_STORAGE], ids=["no cryptography", "no storage of one's own"])
def test_without_what_the_relay_needs_the_window_goes_on_and_nothing_is_relayed(
    internet: Internet, context: BrowserContext, missing: str
) -> None:
    if missing == NO_CRYPTOGRAPHY:
        # The stand-in app needs it too, for its PKCE challenge: it has it by another name.
        context.add_init_script("if (top !== window) window.subtle = crypto.subtle;")
        app = (SOURCE / "app.js").read_text().replace("crypto.subtle", "window.subtle")
        context.route("**/app.js", lambda route: route.fulfill(body=app, content_type="text/javascript"))
    context.add_init_script(missing)
    relayed = relay_requests(context)
    phone = open_phone(internet, context)

    login = phone.open_login()
    expect(login.locator("#status")).to_contain_text("close this window and try again")
    phone.wait_until_idle()

    assert relayed == []
    assert internet.platform.tokens == []


OLD_REDIRECT_SCRIPT = """
const values = { "values": null };
const answer = location.href;
const name = new URLSearchParams(location.search).get('state').replace(/^[^-]*-/, '');
document.getElementById('status').textContent = values.sentences.en.back;
localStorage.setItem(`${name}-callbackUri`, answer);
"""


@pytest.mark.parametrize("why", ["switched off", "an older redirect.js of one's own"])
def test_a_host_without_the_relay_has_neither_its_page_nor_its_requests(
    internet: Internet, context: BrowserContext, tmp_path: Path, why: str
) -> None:
    (tmp_path / "redirect.js").write_text(OLD_REDIRECT_SCRIPT)
    off, older = "[relay]\nenabled = false\n", f'public_dir = "{tmp_path}"\n'
    settings = f'{off if why == "switched off" else older}[params]\nclientId = "own-client"\n'
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    with hosts.own(internet, tmp_path / "own", settings):
        phone = open_phone(internet, context, adapter(f"https://{OWN}"))
        login = phone.open_login()
        expect(login.locator("#status")).to_contain_text("close this window and try again")
        same_site = open_phone(internet, context, adapter(f"https://{OWN}"), SAME_SITE)
        same_site.open_login()
        same_site.see("Signed in")
        answer = context.new_page().goto(f"https://{OWN}/start.html")

    assert answer
    assert answer.status == 404
    assert not [address for address in asked[:-1] if "start.html" in address or "/relay/" in address]


# Whoever did not begin the sign-in in this browser gets nowhere


@pytest.mark.parametrize("state", ["made-by-somebody-else", "", "__proto__", "x" * 3000])
def test_an_answer_to_a_sign_in_that_somebody_else_began_is_sent_nowhere(
    internet: Internet, context: BrowserContext, state: str
) -> None:
    relayed = relay_requests(context)
    victim = context.new_page()
    lure = f"https://{PLATFORMS[0]}/restapi/oauth/authorize?" + (
        f"response_type=code&client_id=host-client&redirect_uri={BASE}/redirect.html&state={state}&code_challenge=attackers"
    )

    victim.goto(internet.page(CROSS_SITE, f'<!doctype html><a target="_blank" href="{lure}">a prize</a>'))
    with victim.expect_popup() as window:
        victim.get_by_text("a prize").click()
    expect(window.value.locator("#status")).not_to_have_text(re.compile("closes by itself"))

    assert len(internet.platform.codes) == 1
    assert relayed == []


def test_the_state_of_a_sign_in_is_not_enough_to_read_or_take_its_answer(
    internet: Internet, context: BrowserContext, open_browser: OpenBrowser
) -> None:
    held = hold_back(context)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(held), "the answer is on its way")
    [state] = parse_qs(urlsplit(internet.platform.authorized[0]).query)["state"]
    sent = (held[0].request.url, held[0].request.post_data_buffer or b"")
    held[0].continue_()
    phone.see("Signed in")

    [code] = internet.platform.codes
    assert state not in sent[0]
    assert code.encode() not in sent[1]
    # Another browser that knows the state: it has no secret, so it makes no letter, and there is none left to take.
    stranger = open_browser(PLAIN)
    relayed = relay_requests(stranger)
    page = stranger.new_page()
    page.goto(f"{BASE}/redirect.html?code=forged&state={state}")
    expect(page.locator("#status")).to_contain_text("close this window")
    assert relayed == []
    assert [token.granted for token in internet.platform.tokens] == [True]


# start.html does nothing unless its opener, of its own origin, is about to begin a sign-in


def stays(page: Page) -> None:
    expect(page.locator("#status")).to_contain_text(NOTHING)
    assert urlsplit(page.url).path == "/start.html"


@pytest.mark.parametrize("query", ["", f"?address=https://{CROSS_SITE}/&state=s", f"#https://{CROSS_SITE}/"])
def test_start_html_opened_by_its_address_goes_nowhere(context: BrowserContext, query: str) -> None:
    page = context.new_page()
    page.goto(START + query)

    stays(page)


def test_start_html_opened_by_another_origin_goes_nowhere(internet: Internet, context: BrowserContext) -> None:
    page = context.new_page()
    forged = "{ begin: () => ({ address: 'https://crm.acme.org/', state: 's', secret: '0', isMarked: () => true }) }"
    page.goto(internet.page(CROSS_SITE, f"<!doctype html><script>window.embeddableHost = {forged};</script>"))
    for name in ("rc-oauth", "embeddableHost", "opener"):
        with page.expect_popup() as window:
            page.evaluate("([address, name]) => { window.open(address, name); }", [START, name])
        stays(window.value)
        window.value.close()


def test_start_html_opened_by_a_page_of_the_host_that_expects_nothing_goes_nowhere(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{BASE}/stand-in-app.html")  # it has the script that begins sign-ins, and has begun none
    with page.expect_popup() as window:
        page.evaluate("(address) => { window.open(address); }", START)

    stays(window.value)


def test_only_the_window_that_was_opened_for_it_learns_what_to_begin(
    internet: Internet, context: BrowserContext
) -> None:
    context.route(START, lambda route: route.fulfill(body="<!doctype html>"))  # which asks nothing by itself
    phone = open_phone(internet, context)
    phone.open_login()

    assert phone.evaluate("embeddableHost.begin(window) === undefined")
    assert phone.evaluate("embeddableHost.begin(open('about:blank')) === undefined")


@pytest.mark.parametrize("framed", [START, f"{BASE}/sandbox/start.html"])
def test_start_html_cannot_be_framed(internet: Internet, context: BrowserContext, framed: str) -> None:
    page = context.new_page()
    page.goto(internet.page(SAME_SITE, f'<!doctype html><iframe src="{framed}"></iframe>'))

    assert page.frames[1].url.startswith("chrome-error:")


def test_a_redirect_page_in_a_frame_sends_nothing_to_the_host(internet: Internet, context: BrowserContext) -> None:
    relayed = relay_requests(context)
    page = context.new_page()
    framed = f'<iframe src="{BASE}/redirect.html?code=c&state=a-b"></iframe>'
    page.goto(internet.page(CROSS_SITE, f"<!doctype html>{framed}"))
    expect(page.frame_locator("iframe").locator("#status")).to_contain_text("Signing in")

    assert relayed == []


# One answer, once, to the one who asked


def test_a_reload_sends_nothing_a_second_time(internet: Internet, context: BrowserContext) -> None:
    context.add_init_script("window.close = () => {};")
    relayed = relay_requests(context)
    phone = open_phone(internet, context)

    login = phone.open_login()
    phone.see("Signed in")
    expect(login.locator("#status")).to_contain_text("You can close this window now.")
    login.reload()
    expect(login.locator("#status")).to_contain_text(NOTHING)
    phone.wait_until_idle()

    assert relayed.count("POST") == 1
    assert len(internet.platform.tokens) == 1


@pytest.mark.parametrize("spoiled", ["altered", "cut", "another"])
def test_a_letter_that_is_not_as_it_was_sealed_is_not_delivered(
    internet: Internet, context: BrowserContext, spoiled: str
) -> None:
    taken: list[Route] = []
    left: list[Route] = []
    context.route("**/relay/*", lambda route: (taken if route.request.method == "GET" else left).append(route))
    phone = open_phone(internet, context)
    login = phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(taken) and bool(left), "both are at the host")

    letter = left[0].request.post_data_buffer or b""
    left[0].fulfill(status=201)
    changed = {"altered": letter[:-1] + bytes([letter[-1] ^ 1]), "cut": letter[:-1], "another": bytes(len(letter))}
    taken[0].fulfill(status=200, body=changed[spoiled])
    phone.wait_until_done(login)

    assert phone.evaluate("phone.received") == []
    assert internet.platform.tokens == []


def test_an_answer_that_came_by_a_message_meanwhile_is_not_delivered_again(
    internet: Internet, context: BrowserContext
) -> None:
    held = hold_back(context)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(held), "the answer is on its way")
    [code] = internet.platform.codes

    phone.evaluate(f"postMessage({{ callbackUri: '{BASE}/redirect.html?code={code}' }}, '*')")
    phone.see("Signed in")
    held[0].continue_()
    phone.wait_until_idle()

    assert phone.evaluate("phone.received") == ["message"]
    assert len(internet.platform.tokens) == 1


def test_a_second_press_takes_the_place_of_the_first(internet: Internet, context: BrowserContext) -> None:
    held = hold_back(context)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and len(held) == 1, "the first answer is on its way")

    phone.open_login()
    wait_until(lambda: pump(phone.page) and len(held) == 2, "the second answer is on its way")
    held[0].continue_()
    held[1].continue_()
    phone.see("Signed in")
    phone.wait_until_idle()

    first, second = internet.platform.codes
    assert [token.code for token in internet.platform.tokens] == [second]
    assert first != second


def test_a_window_closed_by_hand_leaves_the_next_sign_in_alone(internet: Internet, context: BrowserContext) -> None:
    held = hold_back(context)
    phone = open_phone(internet, context)
    login = phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(held), "the answer is on its way")
    held.pop().abort()
    login.close()

    context.unroute("**/relay/*")
    phone.open_login()
    phone.see("Signed in")

    assert len(internet.platform.tokens) == 1


def test_frames_tabs_and_profiles_that_sign_in_at_once_each_get_their_own_answer(
    internet: Internet, context: BrowserContext
) -> None:
    held = hold_back(context)
    names = {"first": "app.html", "second": "app.html", "profile": "sandbox/app.html"}
    frames = [f'<iframe id="{id}" src="{BASE}/{name}"></iframe>' for id, name in names.items()]
    page = open_phone(internet, context, "<!doctype html>" + "".join(frames)).page
    phones = [*(Phone(page, f"#{id}") for id in names), open_phone(internet, context)]
    for phone in phones:
        phone.page.bring_to_front()
        phone.open_login()
    wait_until(lambda: pump(page) and len(held) == len(phones), "all answers are on their way")

    for route in reversed(held):
        route.continue_()
    for phone in phones:
        phone.see("Signed in")
    for phone in phones:
        phone.wait_until_idle()

    # Those that share storage share the session too: who is signed in by another's answer needs its own no more.
    heard = [len(phone.evaluate("phone.received")) for phone in phones]
    assert max(heard) == 1
    assert sum(heard) >= 2
    wait_until(lambda: pump(page) and len(internet.platform.tokens) == sum(heard), "each asks for its token")
    # An answer that went to another frame would fit neither its PKCE challenge nor its client.
    assert all(token.granted for token in internet.platform.tokens)


# The host out of reach, and the end of asking


def test_a_host_that_is_out_of_reach_for_a_moment_is_tried_again(internet: Internet, context: BrowserContext) -> None:
    failures = iter(
        [lambda route: route.abort(), lambda route: route.fulfill(status=503), lambda route: route.fulfill(status=429)]
    )
    context.route(
        "**/relay/*",
        lambda route: next(failures, Route.continue_)(route) if route.request.method == "POST" else route.continue_(),
    )
    phone = open_phone(internet, context)

    phone.open_login()
    phone.see("Signed in")

    assert next(failures, None) is None
    assert len(internet.platform.tokens) == 1


def test_a_host_that_stays_out_of_reach_is_told_in_words_after_a_minute(
    internet: Internet, context: BrowserContext
) -> None:
    tries = 0

    def refuse(route: Route) -> None:
        nonlocal tries
        tries += 1
        route.abort()

    context.route("**/relay/*", lambda route: refuse(route) if route.request.method == "POST" else route.continue_())
    phone = open_phone(internet, context)
    login = phone.open_login()
    wait_until(lambda: pump(phone.page) and tries > 1, "it has tried twice")
    expect(login.locator("#status")).to_contain_text("closes by itself")

    login.evaluate("() => { const then = Date.now() + 61_000; Date.now = () => then; }")

    expect(login.locator("#status")).to_contain_text("The sign-in could not be handed over.")


@pytest.mark.parametrize("status", [403, 404, 405, 413, 415])
def test_a_host_that_refuses_for_good_is_told_at_once(internet: Internet, context: BrowserContext, status: int) -> None:
    relayed = relay_requests(context)
    context.route(
        "**/relay/*",
        lambda route: route.fulfill(status=status) if route.request.method == "POST" else route.fulfill(status=404),
    )
    phone = open_phone(internet, context)

    login = phone.open_login()
    expect(login.locator("#status")).to_contain_text("The sign-in could not be handed over.")
    phone.wait_until_idle()

    assert relayed.count("POST") == 1
    assert relayed.count("GET") == 1


def test_an_app_that_was_signed_in_meanwhile_asks_no_longer(internet: Internet, context: BrowserContext) -> None:
    waiting: list[Route] = []
    context.route("**/relay/*", lambda route: waiting.append(route) if route.request.method == "GET" else route.abort())
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(waiting), "the app asks")

    # As another tab's sign-in reaches it: by the storage that both share.
    phone.evaluate(
        "window.dispatchEvent(new StorageEvent('storage', { key: 'rc-widget-session', newValue: 'signed in' }))"
    )
    phone.see("Signed in")
    waiting[0].fulfill(status=204)
    phone.wait_until_idle()

    assert len(waiting) == 1


def test_an_app_that_is_left_asks_no_longer(internet: Internet, context: BrowserContext) -> None:
    aborted: list[str] = []
    context.on("requestfailed", lambda request: aborted.append(request.method) if "/relay/" in request.url else None)
    waiting: list[Route] = []
    context.route("**/relay/*", lambda route: waiting.append(route) if route.request.method == "GET" else None)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(waiting), "the app asks")

    phone.page.goto("about:blank")
    wait_until(lambda: pump(phone.page) and "GET" in aborted, "the question is withdrawn")

    assert len(waiting) == 1


# What remains, and what is told


def test_nothing_of_a_relayed_sign_in_remains_in_the_browser(internet: Internet, context: BrowserContext) -> None:
    phone = open_phone(internet, context)
    phone.wait_until_done(phone.open_login())
    phone.see("Signed in")

    page = context.new_page()
    page.goto(f"{BASE}/404")
    assert page.evaluate("() => Object.keys(localStorage).filter((key) => key.startsWith('embeddable-host'))") == []


def test_secrets_of_sign_ins_that_were_never_finished_are_swept(internet: Internet, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{BASE}/404")
    page.evaluate(
        """() => {
            const keep = (name, age) => localStorage.setItem(`embeddable-host-secret-${name}`,
                JSON.stringify({ secret: 'ab', time: Date.now() - age }));
            keep('old', 601_000); keep('of the future', -1_200_000); keep('young', 300_000);
            localStorage.setItem('embeddable-host-secret-broken', '{');
            localStorage.setItem('not ours', '1');
        }"""
    )

    phone = open_phone(internet, context)
    phone.wait_until_done(phone.open_login())

    assert page.evaluate("() => Object.keys(localStorage).sort()") == ["embeddable-host-secret-young", "not ours"]


def test_neither_secret_nor_id_nor_code_is_in_the_host_s_log(
    internet: Internet, context: BrowserContext, hosted: Server
) -> None:
    ids: list[str] = []
    context.on(
        "request", lambda request: ids.append(request.url.rpartition("/")[2]) if "/relay/" in request.url else None
    )
    phone = open_phone(internet, context)
    phone.wait_until_done(phone.open_login())
    phone.see("Signed in")
    wait_until(lambda: '"POST /relay/ ' in hosted.output, "the request is in the log")

    [code] = internet.platform.codes
    assert ids
    assert not [text for text in (*ids, code) if text in hosted.output]


def test_the_beginning_is_seen_in_the_look_and_the_language_of_the_redirect_page(
    context: BrowserContext,
) -> None:
    page = context.new_page()
    page.goto(START)
    expect(page.locator("#status")).to_contain_text(NOTHING)
    redirect = context.new_page()
    redirect.goto(f"{BASE}/redirect.html")

    assert page.title() == redirect.title()
    assert page.locator("html").get_attribute("lang") == redirect.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("answer", ["denied", "implicit"])
def test_every_kind_of_answer_is_relayed(internet: Internet, context: BrowserContext, answer: str) -> None:
    internet.platform.outcome = "denied" if answer == "denied" else "implicit"
    phone = open_phone(internet, context)

    login = phone.open_login()
    phone.see("Sign in failed: access_denied" if answer == "denied" else "Signed in")
    phone.wait_until_done(login)

    assert len(phone.evaluate("phone.received")) == 1
    assert internet.platform.tokens == []
