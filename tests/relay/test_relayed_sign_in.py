"""A sign-in whose callback the host relays: sealed by the redirect page, fetched by the app's frame.

On a page of another site, with a severed window, no other way is left. These tests are about what must not happen
meanwhile: to other windows, to other sign-ins, and to users who did not begin this one.
"""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from world import hosts
from world.browser_modes import PLAIN, OpenBrowser
from world.host import Server
from world.internet import CROSS_SITE, HOST, OWN, PLATFORMS, SAME_SITE, Internet, wait_until
from world.release import SOURCE
from world.user import Phone, pump, relay_requests, wait_until_closed

pytestmark = pytest.mark.usefixtures("hosted")

BASE = f"https://{HOST}"
AUTHORIZE = f"https://{PLATFORMS[0]}/restapi/oauth/authorize"
NOTHING = "There is no sign-in to hand over."
TRY_AGAIN = "close this window and try again"
SECRETS = "embeddable-host-sign-in-"  # how the keys of begun sign-ins begin in the window's storage


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


def hold_messages(context: BrowserContext) -> list[Route]:
    """Delays every message to the host until its route is continued."""
    held: list[Route] = []
    context.route(
        "**/relay/*", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    return held


def change_window_open(context: BrowserContext, replacement: str) -> None:
    """Replaces `window.open` in frames before a script of the host runs; `original` is the browser's."""
    context.add_init_script(
        f"if (top !== window) {{ const original = open.bind(window); window.open = {replacement}; }}"
    )


def begun_sign_ins(page: Page) -> dict[str, dict[str, object]]:
    """The sign-ins that have begun, in the storage of a page of the host, by the part of `state` in the key."""
    items: dict[str, str] = page.evaluate("() => ({ ...localStorage })")
    return {key.removeprefix(SECRETS): json.loads(text) for key, text in items.items() if key.startswith(SECRETS)}


# The begin of a sign-in


def test_every_other_use_of_window_open_is_unchanged(internet: Internet, context: BrowserContext) -> None:
    phone = open_phone(internet, context)
    phone.wait_for("phone.texts.signIn")

    for address in (
        "about:blank#other",
        f"{BASE}/test.html?state=s&redirect_uri=https://elsewhere.example/redirect.html",
    ):
        with phone.page.expect_popup() as window:
            has_name = phone.evaluate(
                f"(window.opened = open('{address}', 'a-name', 'popup,width=300')) && opened.name === 'a-name'"
            )
        assert has_name
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

    for call, error in {
        "open('https://[')": "SyntaxError",
        "open('https://[', 'rc-oauth')": "SyntaxError",
        "open.call({}, 'about:blank')": "TypeError",
        "open(Symbol(), 'rc-oauth')": "TypeError",
    }.items():
        thrown = phone.evaluate(f"(() => {{ try {{ {call}; }} catch (error) {{ return error.name; }} }})()")
        assert thrown == error, call


@pytest.mark.parametrize("site", [SAME_SITE, CROSS_SITE])
def test_a_press_sends_no_request_to_the_host_before_the_one_to_ringcentral(
    internet: Internet, context: BrowserContext, site: str
) -> None:
    phone = open_phone(internet, context, site=site)
    phone.wait_for("phone.texts.signIn")
    phone.wait_until_idle()
    requests: list[str] = []
    context.on("request", lambda request: requests.append(request.url))

    phone.open_login()
    phone.see("Signed in")

    assert requests[0].startswith(f"{AUTHORIZE}?")


def test_the_window_keeps_the_secret_in_its_own_storage_and_the_page_does_not_see_it(
    internet: Internet, context: BrowserContext
) -> None:
    held = hold_messages(context)
    internet.platform.waits_for_users = True
    phone = open_phone(internet, context)
    login = phone.open_login()
    login.get_by_role("link").wait_for()
    host_page = context.new_page()
    host_page.goto(f"{BASE}/nothing")

    [state] = parse_qs(urlsplit(internet.platform.authorized[0]).query)["state"]
    [(tail, kept)] = begun_sign_ins(host_page).items()
    assert state.endswith(f"-{tail}")
    assert re.fullmatch("[0-9a-f]{64}", str(kept["secret"]))
    assert str(kept["secret"]) not in phone.evaluate("JSON.stringify(localStorage)")

    login.get_by_role("link").click()
    wait_until(lambda: pump(phone.page) and bool(held), "the callback is sent")
    assert begun_sign_ins(host_page) == {}


def test_a_window_that_opens_anything_but_a_sign_in_of_this_app_keeps_no_secret(
    internet: Internet, context: BrowserContext
) -> None:
    phone = open_phone(internet, context)
    phone.wait_for("phone.texts.signIn")
    host_page = context.new_page()
    host_page.goto(f"{BASE}/nothing")
    query = f"client_id=host-client&redirect_uri={BASE}/redirect.html&state=a-b"

    for address, name in {
        f"{AUTHORIZE}?{query}": "another-name",
        f"https://{CROSS_SITE}/restapi/oauth/authorize?{query}": "rc-oauth",
        f"https://{PLATFORMS[0]}/login?{query}": "rc-oauth",
        f"{AUTHORIZE}?{query.replace('host-client', 'another-client')}": "rc-oauth",
        f"{AUTHORIZE}?{query.replace(BASE, f'https://{OWN}')}": "rc-oauth",
        f"{AUTHORIZE}?{query.replace('state=a-b', 'state=')}": "rc-oauth",
    }.items():
        context.route(address, lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        with phone.page.expect_popup() as window:
            phone.evaluate(f"void open('{address}', '{name}')")
        window.value.wait_for_url(address)
        window.value.close()

    assert begun_sign_ins(host_page) == {}


def test_a_blocked_window_is_null_and_the_next_press_signs_in(internet: Internet, context: BrowserContext) -> None:
    change_window_open(
        context, "(...all) => ((window.results ??= []).push(results.length ? original(...all) : null), results.at(-1))"
    )
    relayed = relay_requests(context)
    phone = open_phone(internet, context)
    phone.wait_for("phone.texts.signIn")

    phone.press_sign_in()
    assert phone.evaluate("results") == [None]
    phone.wait_for("!phone.polling")
    phone.open_login()
    phone.see("Signed in")

    assert relayed.count("POST") == 1
    assert [token.granted for token in internet.platform.tokens] == [True]


# Without what the relay needs, a sign-in runs as if there were none


NO_CRYPTOGRAPHY = "if (top !== window) Object.defineProperty(crypto, 'subtle', { value: undefined });"
DENY_STORAGE = """(...all) => {
  const opened = original(...all);
  Object.defineProperty(opened, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } });
  return opened;
}"""


@pytest.mark.parametrize("missing", ["cryptography", "storage of the window"])
def test_without_what_the_relay_needs_the_window_opens_and_nothing_is_relayed(
    internet: Internet, context: BrowserContext, missing: str
) -> None:
    if missing == "cryptography":
        # The stand-in app needs it too, for its PKCE challenge: it gets it under another name.
        context.add_init_script("if (top !== window) window.subtle = crypto.subtle;")
        app = (SOURCE / "app.js").read_text().replace("crypto.subtle", "window.subtle")
        context.route("**/app.js", lambda route: route.fulfill(body=app, content_type="text/javascript"))
        context.add_init_script(NO_CRYPTOGRAPHY)
    else:
        change_window_open(context, DENY_STORAGE)
    relayed = relay_requests(context)
    phone = open_phone(internet, context)

    login = phone.open_login()
    expect(login.locator("#status")).to_contain_text(TRY_AGAIN)
    phone.wait_until_idle()

    assert relayed == []
    assert internet.platform.tokens == []


ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin"}


@pytest.mark.parametrize("why", ["the page isolates itself", "noopener"])
@pytest.mark.parametrize("site", [SAME_SITE, CROSS_SITE])
def test_a_window_that_the_app_cannot_reach_signs_in_only_by_shared_storage(
    internet: Internet, context: BrowserContext, site: str, why: str
) -> None:
    """The browser opens the window, and gives the app no reference to it."""
    internet.platform.severs_openers = False
    if why == "noopener":
        change_window_open(context, "(address, name, features) => original(address, name, `${features}, noopener`)")
    relayed = relay_requests(context)
    page = context.new_page()
    page.goto(internet.page(site, adapter(), ISOLATED if why != "noopener" else None))
    phone = Phone(page)

    with context.expect_page() as opened:
        phone.press_sign_in()
    if site == SAME_SITE:
        phone.see("Signed in")
    else:
        expect(opened.value.locator("#status")).to_contain_text(TRY_AGAIN)

    assert len(internet.platform.codes) == 1
    assert len(internet.platform.tokens) == (1 if site == SAME_SITE else 0)
    assert relayed == []


OLD_REDIRECT_SCRIPT = """
const values = { "values": null };
const callback = location.href;
const name = new URLSearchParams(location.search).get('state').replace(/^[^-]*-/, '');
document.getElementById('status').textContent = values.texts.en.back;
localStorage.setItem(`${name}-callbackUri`, callback);
"""


@pytest.mark.parametrize("why", ["switched off", "an older redirect.js in public_dir"])
def test_a_host_without_the_relay_sends_no_request_to_it(
    internet: Internet, context: BrowserContext, tmp_path: Path, why: str
) -> None:
    (tmp_path / "redirect.js").write_text(OLD_REDIRECT_SCRIPT)
    off, older = "[relay]\nenabled = false\n", f'public_dir = "{tmp_path}"\n'
    settings = f'{off if why == "switched off" else older}[params]\nclientId = "own-client"\n'
    relayed = relay_requests(context)
    with hosts.own(internet, tmp_path / "own", settings):
        phone = open_phone(internet, context, adapter(f"https://{OWN}"))
        login = phone.open_login()
        expect(login.locator("#status")).to_contain_text(TRY_AGAIN)
        same_site = open_phone(internet, context, adapter(f"https://{OWN}"), SAME_SITE)
        same_site.open_login()
        same_site.see("Signed in")

    assert relayed == []


# Who did not begin the sign-in in this browser


@pytest.mark.parametrize("state", ["made-by-somebody-else", "", "__proto__", "x" * 3000])
def test_a_callback_of_a_sign_in_that_somebody_else_began_is_not_sent(
    internet: Internet, context: BrowserContext, state: str
) -> None:
    relayed = relay_requests(context)
    victim = context.new_page()
    query = f"response_type=code&client_id=host-client&redirect_uri={BASE}/redirect.html&state={state}&code_challenge=c"

    victim.goto(internet.page(CROSS_SITE, f'<!doctype html><a target="_blank" href="{AUTHORIZE}?{query}">a prize</a>'))
    with victim.expect_popup() as window:
        victim.get_by_text("a prize").click()
    expect(window.value.locator("#status")).to_contain_text(re.compile("[cC]lose this window"))

    assert len(internet.platform.codes) == 1
    assert relayed == []


def test_the_state_of_a_sign_in_is_not_enough_to_read_or_take_its_callback(
    internet: Internet, context: BrowserContext, open_browser: OpenBrowser
) -> None:
    held = hold_messages(context)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(held), "the callback is on its way")
    [state] = parse_qs(urlsplit(internet.platform.authorized[0]).query)["state"]
    address, message = held[0].request.url, held[0].request.post_data_buffer or b""
    held[0].continue_()
    phone.see("Signed in")

    [code] = internet.platform.codes
    assert state not in address
    assert code.encode() not in message
    # Another browser that knows the state has no secret: it sends no message, and there is none left to take.
    stranger = open_browser(PLAIN)
    relayed = relay_requests(stranger)
    page = stranger.new_page()
    page.goto(f"{BASE}/redirect.html?code=forged&state={state}")
    expect(page.locator("#status")).to_contain_text("close this window")
    assert relayed == []
    assert [token.granted for token in internet.platform.tokens] == [True]


def test_a_redirect_page_in_a_frame_sends_nothing_to_the_host(internet: Internet, context: BrowserContext) -> None:
    relayed = relay_requests(context)
    page = context.new_page()
    framed = f'<iframe src="{BASE}/redirect.html?code=c&state=a-b"></iframe>'
    page.goto(internet.page(CROSS_SITE, f"<!doctype html>{framed}"))
    expect(page.frame_locator("iframe").locator("#status")).to_contain_text("Signing in")

    assert relayed == []


# One callback, delivered once, to the app that began its sign-in


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
def test_a_message_that_was_altered_is_not_delivered(internet: Internet, context: BrowserContext, spoiled: str) -> None:
    gets: list[Route] = []
    posts: list[Route] = []
    context.route("**/relay/*", lambda route: (gets if route.request.method == "GET" else posts).append(route))
    phone = open_phone(internet, context)
    login = phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(gets) and bool(posts), "both requests are sent")

    message = posts[0].request.post_data_buffer or b""
    posts[0].fulfill(status=201)
    changed = {"altered": message[:-1] + bytes([message[-1] ^ 1]), "cut": message[:-1], "another": bytes(len(message))}
    gets[0].fulfill(status=200, body=changed[spoiled])
    phone.wait_until_done(login)

    assert phone.evaluate("phone.received") == []
    assert internet.platform.tokens == []


def test_a_callback_that_came_by_postmessage_meanwhile_is_not_delivered_again(
    internet: Internet, context: BrowserContext
) -> None:
    held = hold_messages(context)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(held), "the callback is on its way")
    [code] = internet.platform.codes
    [state] = parse_qs(urlsplit(internet.platform.authorized[0]).query)["state"]
    callback = f"{BASE}/redirect.html?{urlencode({'code': code, 'state': state})}"

    phone.evaluate(f"postMessage({{ callbackUri: '{callback}' }}, '*')")
    phone.see("Signed in")
    held[0].continue_()
    phone.wait_until_idle()

    assert phone.evaluate("phone.received") == ["message"]
    assert len(internet.platform.tokens) == 1


def test_a_second_press_replaces_the_first(internet: Internet, context: BrowserContext) -> None:
    held = hold_messages(context)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and len(held) == 1, "the first callback is on its way")

    phone.open_login()
    wait_until(lambda: pump(phone.page) and len(held) == 2, "the second callback is on its way")
    held[0].continue_()
    held[1].continue_()
    phone.see("Signed in")
    phone.wait_until_idle()

    first, second = internet.platform.codes
    assert [token.code for token in internet.platform.tokens] == [second]
    assert first != second


def test_a_second_press_while_the_first_window_is_on_the_platform_signs_in(
    internet: Internet, context: BrowserContext
) -> None:
    """The app cannot write to the window any more: it still keeps the secret of the first press."""
    internet.platform.severs_openers, internet.platform.waits_for_users = False, True
    relayed = relay_requests(context)
    phone = open_phone(internet, context)
    login = phone.open_login()
    login.get_by_role("link").wait_for()

    internet.platform.severs_openers = True
    phone.press_sign_in()
    login.wait_for_function("() => !window.opener")
    login.get_by_role("link").click()
    phone.see("Signed in")
    phone.wait_until_done(login)

    assert relayed.count("POST") == 1
    assert [token.code for token in internet.platform.tokens] == internet.platform.codes[-1:]


def test_a_first_window_that_comes_back_late_does_not_disturb_the_second(
    internet: Internet, context: BrowserContext
) -> None:
    """Both are severed, and the first is finished before the second: only the last press counts."""
    internet.platform.waits_for_users = True
    phone = open_phone(internet, context)
    first = phone.open_login()
    first.get_by_role("link").wait_for()
    second = phone.open_login()
    second.get_by_role("link").wait_for()

    first.get_by_role("link").click()
    wait_until_closed(first)
    assert internet.platform.tokens == []
    second.get_by_role("link").click()
    phone.see("Signed in")
    phone.wait_until_done(second)

    assert [token.code for token in internet.platform.tokens] == internet.platform.codes[-1:]
    assert context.pages == [phone.page]


def test_a_reload_of_the_app_ends_its_sign_in_and_the_next_one_works(
    internet: Internet, context: BrowserContext
) -> None:
    held = hold_messages(context)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and len(held) == 1, "the callback is on its way")

    phone.page.reload()
    held[0].continue_()
    phone.open_login()
    wait_until(lambda: pump(phone.page) and len(held) == 2, "the second callback is on its way")
    held[1].continue_()
    phone.see("Signed in")

    assert [token.code for token in internet.platform.tokens] == internet.platform.codes[-1:]


def test_a_window_that_the_user_closes_does_not_disturb_the_next_sign_in(
    internet: Internet, context: BrowserContext
) -> None:
    held = hold_messages(context)
    phone = open_phone(internet, context)
    login = phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(held), "the callback is on its way")
    held.pop().abort()
    login.close()

    context.unroute("**/relay/*")
    phone.open_login()
    phone.see("Signed in")

    assert len(internet.platform.tokens) == 1


def test_frames_tabs_and_profiles_that_sign_in_at_once_each_get_their_own_callback(
    internet: Internet, context: BrowserContext
) -> None:
    held = hold_messages(context)
    names = {"first": "app.html", "second": "app.html", "profile": "sandbox/app.html"}
    frames = [f'<iframe id="{id}" src="{BASE}/{name}"></iframe>' for id, name in names.items()]
    page = open_phone(internet, context, "<!doctype html>" + "".join(frames)).page
    phones = [*(Phone(page, f"#{id}") for id in names), open_phone(internet, context)]
    for phone in phones:
        phone.page.bring_to_front()
        phone.open_login()
    wait_until(lambda: pump(page) and len(held) == len(phones), "all callbacks are on their way")

    for route in reversed(held):
        route.continue_()
    for phone in phones:
        phone.see("Signed in")
    for phone in phones:
        phone.wait_until_idle()

    # Frames that share storage share the session too: one that is signed in by another's callback ignores its own.
    received = [len(phone.evaluate("phone.received")) for phone in phones]
    assert max(received) == 1
    assert sum(received) >= 2
    wait_until(lambda: pump(page) and len(internet.platform.tokens) == sum(received), "each requests its token")
    # A callback delivered to another frame would match neither its PKCE challenge nor its client.
    assert all(token.granted for token in internet.platform.tokens)


# The host is out of reach; when the app stops waiting


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


def test_a_host_that_stays_out_of_reach_is_reported_to_the_user_after_a_minute(
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
    wait_until(lambda: pump(phone.page) and tries > 1, "the window has tried twice")
    expect(login.locator("#status")).to_contain_text("closes automatically")

    login.evaluate("() => { const then = Date.now() + 61_000; Date.now = () => then; }")

    expect(login.locator("#status")).to_contain_text("The sign-in could not be handed over.")


@pytest.mark.parametrize("status", [403, 404, 405, 413, 415])
def test_a_host_that_refuses_the_message_is_reported_to_the_user_at_once(
    internet: Internet, context: BrowserContext, status: int
) -> None:
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


def test_an_app_that_was_signed_in_meanwhile_stops_waiting(internet: Internet, context: BrowserContext) -> None:
    waiting: list[Route] = []
    context.route("**/relay/*", lambda route: waiting.append(route) if route.request.method == "GET" else route.abort())
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(waiting), "the app waits")

    # The sign-in of another tab, which shares its storage.
    phone.evaluate(
        "window.dispatchEvent(new StorageEvent('storage', { key: 'rc-widget-session', newValue: 'signed in' }))"
    )
    phone.see("Signed in")
    waiting[0].fulfill(status=204)
    phone.wait_until_idle()

    assert len(waiting) == 1


def test_an_app_that_is_unloaded_stops_waiting(internet: Internet, context: BrowserContext) -> None:
    aborted: list[str] = []
    context.on("requestfailed", lambda request: aborted.append(request.method) if "/relay/" in request.url else None)
    waiting: list[Route] = []
    context.route("**/relay/*", lambda route: waiting.append(route) if route.request.method == "GET" else None)
    phone = open_phone(internet, context)
    phone.open_login()
    wait_until(lambda: pump(phone.page) and bool(waiting), "the app waits")

    phone.page.goto("about:blank")
    wait_until(lambda: pump(phone.page) and "GET" in aborted, "the request is aborted")

    assert len(waiting) == 1


# What remains of a sign-in


def test_nothing_of_a_relayed_sign_in_remains_in_the_browser(internet: Internet, context: BrowserContext) -> None:
    phone = open_phone(internet, context)
    phone.wait_until_done(phone.open_login())
    phone.see("Signed in")

    page = context.new_page()
    page.goto(f"{BASE}/nothing")
    assert page.evaluate("() => Object.keys(localStorage)") == []


def test_secrets_of_sign_ins_that_were_never_finished_are_swept(internet: Internet, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{BASE}/nothing")
    page.evaluate(
        """() => {
            const keep = (name, age) => localStorage.setItem(`embeddable-host-sign-in-${name}`,
                JSON.stringify({ secret: 'ab', time: Date.now() - age }));
            keep('old', 601_000); keep('of the future', -1_200_000); keep('young', 300_000);
            localStorage.setItem('embeddable-host-sign-in-broken', '{');
            localStorage.setItem('not ours', '1');
        }"""
    )

    phone = open_phone(internet, context)
    phone.wait_until_done(phone.open_login())

    assert page.evaluate("() => Object.keys(localStorage).sort()") == ["embeddable-host-sign-in-young", "not ours"]


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


def test_a_denied_sign_in_is_relayed_too(internet: Internet, context: BrowserContext) -> None:
    internet.platform.outcome = "denied"
    phone = open_phone(internet, context)

    login = phone.open_login()
    phone.see("Sign in failed: access_denied")
    phone.wait_until_done(login)

    assert len(phone.evaluate("phone.received")) == 1
    assert internet.platform.tokens == []
