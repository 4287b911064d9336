"""The live sign-in test on the setup page: one real sign-in, its report, and each way in which it can fail."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from embeddable_host.faults.faults import FAULTS
from world import hosts
from world.browser_modes import INCOGNITO, Browsers, OpenBrowser
from world.engines import OpenEngine, shows, wait_for
from world.host import Server
from world.hosts import CLIENT_ID, SANDBOX_CLIENT_ID
from world.internet import CROSS_SITE, HOST, OWN, PLATFORMS, Internet
from world.live_test import EVERY_SCOPE, KNOWN, LiveTest, open_live_test, without
from world.live_test import REFUSALS as LIST
from world.platform import TokenRequest
from world.refusals import REFUSALS, in_page
from world.setup_page import BASE
from world.timeouts import wait_until
from world.user import relay_requests, wait_until_closed

pytestmark = pytest.mark.usefixtures("hosted")

REDIRECT_URI = f"{BASE}redirect.html"
STEPS = {"account", "app", "redirect", "client-id"}  # what any callback proves


@pytest.fixture
def context(internet: Internet, open_browser: OpenBrowser) -> BrowserContext:
    """A browser, and an app that has every scope."""
    internet.platform.scope = EVERY_SCOPE
    return open_browser(INCOGNITO)


@pytest.fixture
def live_test(context: BrowserContext) -> LiveTest:
    return open_live_test(context)


# The report of an app that RingCentral knows


def test_for_an_app_with_all_scopes_every_enabled_feature_is_granted(internet: Internet, live_test: LiveTest) -> None:
    live_test.run()

    assert live_test.verdict == f"{KNOWN}, and the app may do all that you chose."
    assert {line.partition(": ")[2] for line in live_test.features} == {"granted."}
    assert "SMS: granted." in live_test.features
    facts = (
        rf"App {CLIENT_ID} on production \(https://{PLATFORMS[0]}\): .* by a call to the opener, .* took \d+\.\d s\."
    )
    assert re.match(facts, live_test.facts)
    assert "The token was revoked" in live_test.facts
    [code] = internet.platform.codes
    assert internet.platform.tokens == [TokenRequest(PLATFORMS[0], CLIENT_ID, REDIRECT_URI, code, granted=True)]
    assert internet.platform.revoked == internet.platform.issued
    assert len(internet.platform.issued) == 1


def test_a_missing_scope_is_named_with_the_feature_that_needs_it(internet: Internet, live_test: LiveTest) -> None:
    internet.platform.scope = without("Edit Extensions", "Video", "Team Messaging").replace(" ", ",")

    live_test.run()

    assert live_test.verdict == f"{KNOWN}. These scopes are missing: Edit Extensions, Video."
    assert "under Security" in live_test.remedy
    assert "SMS: granted." in live_test.features
    assert "SMS templates: the app lacks Edit Extensions." in live_test.features
    assert "Meetings: the app lacks Video." in live_test.features
    # Features chosen later are reported for the same app.
    live_test.page.evaluate("() => { location.hash = 'disableGlip=false&disableMeeting=1'; }")
    expect(live_test.page.locator("#live-test-results")).to_contain_text(
        "Team messaging: the app lacks Team Messaging."
    )
    assert not [line for line in live_test.features if line.startswith("Meetings")]


def test_the_checklist_is_ticked_without_what_is_missing(internet: Internet, live_test: LiveTest) -> None:
    internet.platform.scope = without("SMS", "Video")
    live_test.page.locator("[name=scope-video]").check()
    assert live_test.ticked == {"scope-video"}

    live_test.run()
    ticked = live_test.ticked
    live_test.page.reload()

    assert STEPS | {"auth", "scope-ringout", "scope-voip-calling", "scope-read-messages"} <= ticked
    assert not ticked & {"scopes", "scope-sms", "scope-video"}
    assert live_test.ticked == ticked
    internet.platform.scope = EVERY_SCOPE
    live_test.run()
    assert {"scopes", "scope-sms", "scope-video"} <= live_test.ticked


def test_a_token_without_scopes_is_reported_and_revoked(internet: Internet, live_test: LiveTest) -> None:
    internet.platform.scope = ""

    live_test.run()

    assert live_test.remedy.startswith(FAULTS["scopes-unknown"].why)
    assert live_test.features == []
    assert internet.platform.revoked == internet.platform.issued != []


def test_a_profile_is_tested_with_its_own_app_on_its_own_server(internet: Internet, context: BrowserContext) -> None:
    live_test = open_live_test(context, f"{BASE}sandbox/").run()

    assert f"App {SANDBOX_CLIENT_ID} on the sandbox (https://{PLATFORMS[1]})" in live_test.facts
    assert [token.server for token in internet.platform.tokens] == [PLATFORMS[1]]
    assert internet.platform.tokens[0].redirect_uri == f"{BASE}sandbox/redirect.html"


def test_the_choices_in_the_form_are_tested(internet: Internet, context: BrowserContext) -> None:
    live_test = open_live_test(context, f"{BASE}#clientId=mine&appServer=https://{PLATFORMS[1]}/").run()

    [address] = internet.platform.authorized
    query = dict(parse_qsl(urlsplit(address).query))
    assert urlsplit(address).hostname == PLATFORMS[1]
    assert query.keys() == {
        *("response_type", "redirect_uri", "client_id", "state"),
        *("display", "code_challenge", "code_challenge_method"),
    }
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert (query["client_id"], query["redirect_uri"]) == ("mine", REDIRECT_URI)
    assert "App mine on the sandbox" in live_test.facts


# The channels of the callback


def test_from_a_severed_window_the_callback_comes_by_the_relay(internet: Internet, context: BrowserContext) -> None:
    internet.platform.severs_openers = True
    live_test, relayed = open_live_test(context), relay_requests(context)

    live_test.run()

    assert "by the host’s relay" in live_test.facts
    assert sorted(relayed) == ["GET", "POST"]
    assert internet.platform.revoked == internet.platform.issued != []


def test_from_a_severed_window_the_callback_comes_by_storage_without_a_relay(
    internet: Internet, context: BrowserContext, tmp_path: Path
) -> None:
    internet.platform.severs_openers = True
    with hosts.own(internet, tmp_path, f'relay.enabled = false\nparams.clientId = "{CLIENT_ID}"\n'):
        live_test = open_live_test(context, f"https://{OWN}/")
        window = live_test.press()
        live_test.wait_for_report()
        wait_until_closed(window)

        assert "by storage" in live_test.facts
        assert live_test.page.evaluate("() => Object.keys(localStorage).join()") == "embeddable-host:done:/"


def test_from_another_host_that_lists_this_one_the_callback_comes_by_a_message(
    internet: Internet, context: BrowserContext, tmp_path: Path
) -> None:
    listed = f'redirect.origins = ["https://{HOST}"]\nparams.clientId = "{CLIENT_ID}"\n'
    with hosts.own(internet, tmp_path, listed):
        live_test = open_live_test(context, f"{BASE}#redirectUri=https://{OWN}/redirect.html")
        assert f'redirect.origins = ["https://{HOST}"]'.removeprefix("redirect.") in live_test.note
        live_test.run()

    assert "by a message to the opener" in live_test.facts
    assert internet.platform.tokens[0].redirect_uri == f"https://{OWN}/redirect.html"


REDIRECT_PAGE = """<!doctype html><script>
if (location.search) opener.postMessage({ callbackUri: location.href }, TARGET);
close();
</script>"""


@pytest.mark.parametrize("is_listed", [True, False], ids=["which lists this page", "which does not"])
def test_a_redirect_page_of_another_site(internet: Internet, context: BrowserContext, is_listed: bool) -> None:
    target = json.dumps(BASE if is_listed else f"https://{OWN}")
    redirect_uri = internet.page(CROSS_SITE, REDIRECT_PAGE.replace("TARGET", target))
    live_test = open_live_test(context, f"{BASE}#redirectUri={redirect_uri}")

    live_test.press()

    if is_listed:
        live_test.expect_verdict(KNOWN)
        assert "by a message to the opener" in live_test.facts
    else:
        live_test.expect_verdict("RingCentral’s window is closed, or")
        assert internet.platform.tokens == []


# Callbacks that are ignored


def test_a_callback_with_another_state_is_ignored(internet: Internet, context: BrowserContext) -> None:
    internet.platform.waits_for_users = True
    live_test = open_live_test(context)
    login = live_test.press()
    login.get_by_text("Sign in", exact=True).wait_for()
    [state] = parse_qs(urlsplit(internet.platform.authorized[0]).query)["state"]

    others = [f"{REDIRECT_URI}?code=forged&state={other}" for other in ("another", f"{state}x")]
    for wrong in (*others, REDIRECT_URI, "x"):
        live_test.page.evaluate("(callback) => window.oAuthCallback(callback)", wrong)
        live_test.page.evaluate("(callback) => postMessage({ callbackUri: callback }, '*')", wrong)
        login.evaluate("(callback) => opener.postMessage({ callbackUri: callback }, '*')", wrong)
    live_test.page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    assert internet.platform.tokens == []

    login.get_by_text("Sign in", exact=True).click()
    live_test.wait_for_report()
    [code] = internet.platform.codes
    assert [token.code for token in internet.platform.tokens] == [code]


def test_a_callback_that_comes_twice_counts_once(internet: Internet, context: BrowserContext) -> None:
    context.add_init_script(
        """Object.defineProperty(window, 'oAuthCallback', {
            configurable: true,
            set(call) {
                const twice = (callback) => { call(callback); call(callback); };
                Object.defineProperty(window, 'oAuthCallback', { configurable: true, writable: true, value: twice });
            },
        });"""
    )
    open_live_test(context).run()

    assert len(internet.platform.tokens) == 1


# No callback


def test_a_window_that_the_user_closes_is_reported_with_its_possible_messages(
    internet: Internet, context: BrowserContext
) -> None:
    internet.platform.waits_for_users = True
    live_test = open_live_test(context)
    login = live_test.press()
    expect(live_test.page.locator("#live-test-verdict")).to_have_text("RingCentral’s window is open: sign in there.")
    expect(live_test.page.locator(LIST)).to_be_hidden()

    login.get_by_text("Sign in", exact=True).wait_for()
    login.close()

    live_test.expect_verdict("RingCentral’s window is closed, or a page in it has severed it")
    expect(live_test.page.locator(LIST)).to_be_visible()
    live_test.stop()
    live_test.expect_verdict("Stopped")
    expect(live_test.page.locator(LIST)).to_be_visible()
    # The next test runs like the first.
    internet.platform.waits_for_users = False
    live_test.run()
    assert live_test.verdict.startswith(KNOWN)
    expect(live_test.page.locator(LIST)).to_be_hidden()


def test_stop_closes_the_window_and_a_later_callback_is_ignored(internet: Internet, context: BrowserContext) -> None:
    internet.platform.waits_for_users = True
    live_test = open_live_test(context)
    login = live_test.press()
    login.get_by_text("Sign in", exact=True).wait_for()

    live_test.stop()

    wait_until_closed(login)
    live_test.expect_verdict("Stopped")
    assert live_test.page.evaluate("() => typeof window.oAuthCallback === 'function'") is False
    assert internet.platform.tokens == []


def test_a_window_that_stays_open_is_closed_after_ten_minutes(internet: Internet, context: BrowserContext) -> None:
    internet.platform.refusal = in_page("OAU-109")
    live_test = open_live_test(context)
    live_test.page.clock.install()
    login = live_test.press()
    expect(login.locator("body")).to_contain_text("OAU-109")
    expect(live_test.page.locator(LIST)).to_be_hidden()

    live_test.page.clock.run_for(21_000)
    expect(live_test.page.locator(LIST)).to_be_visible()
    live_test.page.clock.fast_forward(600_000)

    live_test.expect_verdict("No callback came from RingCentral’s window within ten minutes.")
    wait_until_closed(login)


# One of each kind: a window looks the same for every status. Other tests cover what comes back, or stays open.
SHOWN_IN_WINDOW = [name for name in REFUSALS if not re.search("403|flat|an error at the redirect URI|a hang", name)]


def test_whatever_the_window_shows_instead_of_a_login_page_the_list_appears(
    internet: Internet, context: BrowserContext
) -> None:
    live_test = open_live_test(context)
    for name in SHOWN_IN_WINDOW:
        internet.platform.refusal = REFUSALS[name]
        login = live_test.press()
        login.wait_for_load_state()
        login.close()
        live_test.expect_verdict("RingCentral’s window is closed")
        expect(live_test.page.locator(LIST)).to_be_visible()
        live_test.stop()
        live_test.expect_verdict("Stopped")

    assert len(internet.platform.authorized) == len(SHOWN_IN_WINDOW)
    assert internet.platform.tokens == []


def test_the_list_has_each_of_ringcentral_s_codes_in_its_words_with_a_remedy(live_test: LiveTest) -> None:
    listed = live_test.page.locator(f"{LIST} li").all_text_contents()
    known = {fault.code: fault for fault in FAULTS.values() if fault.code}
    assert len(listed) == len(known) + 1
    for code, fault in known.items():
        [item] = [one for one in listed if one.startswith(f"{code}: {fault.words}")]
        assert f"{fault.why} {fault.fix}" in item
        assert (FAULTS["client-on-other-server"].why in item) is (code == "OAU-153")
    assert listed[-1].startswith("Anything else")


def test_a_blocked_window_is_reported(browsers: Browsers, internet: Internet) -> None:
    with browsers.blocking_popups() as context:
        live_test = open_live_test(context)
        live_test.page.locator("#live-test-start:enabled").wait_for()
        # Another window uses up what a press allows.
        live_test.page.evaluate(
            "() => { open('about:blank').close(); document.getElementById('live-test-start').click(); }"
        )

        live_test.expect_verdict("This browser blocked the window. Allow pop-ups")
        expect(live_test.page.locator("#live-test-start")).to_be_enabled()

    assert internet.platform.authorized == []


# Refusals


def test_a_user_who_refuses_is_reported_and_no_token_is_requested(internet: Internet, context: BrowserContext) -> None:
    internet.platform.outcome = "denied"
    live_test = open_live_test(context).run()

    assert live_test.verdict == f"{KNOWN}, and refused: access_denied: The user said no."
    assert live_test.remedy == f"{FAULTS['access-denied'].why} {FAULTS['access-denied'].fix}"
    assert live_test.ticked == STEPS
    assert internet.platform.tokens == []


def test_an_app_that_may_not_sign_users_in_is_reported(internet: Internet, context: BrowserContext) -> None:
    internet.platform.refusal = REFUSALS["an error at the redirect URI"]
    live_test = open_live_test(context).run()

    assert "unauthorized_client" in live_test.verdict
    assert live_test.remedy.startswith(FAULTS["flow-refused"].why)


@pytest.mark.parametrize(
    ("status", "error", "fault"),
    [
        (400, "invalid_grant", "code-refused"),
        (400, "invalid_client", "app-confidential"),
        (401, "invalid_client", "app-confidential"),
        (400, "unauthorized_client", "flow-refused"),
        (503, "temporarily_unavailable", "platform-unavailable"),
        (403, "something_new", "token-refused"),
    ],
)
def test_a_refused_token_is_reported_with_the_fix(
    internet: Internet, context: BrowserContext, status: int, error: str, fault: str
) -> None:
    internet.platform.token_refusal = (status, error)
    live_test = open_live_test(context)
    live_test.page.locator("[name=auth]").check()

    live_test.run()

    assert live_test.verdict == f"RingCentral gave no token: status {status} {error}."
    assert live_test.remedy == f"{FAULTS[fault].why} {FAULTS[fault].fix}"
    assert live_test.features == []
    assert live_test.ticked == (STEPS if error == "invalid_client" else STEPS | {"auth"})
    assert internet.platform.revoked == []


def test_a_token_that_no_page_may_read_is_reported(internet: Internet, context: BrowserContext) -> None:
    internet.platform.allows_pages = False
    live_test = open_live_test(context).run()

    assert live_test.verdict == "RingCentral gave no token: no response."
    assert live_test.remedy.startswith(FAULTS["token-unreadable"].why)


def test_a_token_that_is_not_revoked_is_reported_beside_the_rest(internet: Internet, context: BrowserContext) -> None:
    internet.platform.revocation_status = 500
    live_test = open_live_test(context).run()

    assert live_test.verdict.startswith(KNOWN)
    assert "SMS: granted." in live_test.features
    assert FAULTS["token-not-revoked"].why in live_test.facts
    assert internet.platform.revoked == internet.platform.issued


# One press, one sign-in, and none without a press


def test_nothing_is_requested_from_ringcentral_without_a_press(internet: Internet, context: BrowserContext) -> None:
    requested: list[str] = []
    context.on("request", lambda request: requested.append(urlsplit(request.url).hostname or ""))
    live_test = open_live_test(context)
    live_test.page.locator("#live-test-start:enabled").wait_for()

    assert set(requested) == {HOST}
    assert internet.platform.authorized == []


def test_a_double_press_is_one_sign_in(internet: Internet, live_test: LiveTest) -> None:
    windows: list[Page] = []
    live_test.page.on("popup", lambda window: windows.append(window))

    live_test.page.locator("#live-test-start:enabled").wait_for()
    live_test.page.evaluate(
        "() => { for (let press = 0; press < 3; press++) document.getElementById('live-test-start').click(); }"
    )
    live_test.wait_for_report()

    assert len(internet.platform.authorized) == len(internet.platform.tokens) == len(windows) == 1


# Preconditions

PRECONDITIONS = {
    "clientId=": "There is no client id yet.",
    "authProxy=1": "Your users sign in through a proxy of your own",
    "appServer=https://platform.example.com": 'Write appServer = "https://platform.example.com" into embeddable.toml',
    "appServer=https://platform.ringcentral.com.example.com": "This page may not send requests to",
}
NOTES = {
    "redirectUri=https://crm.acme.org/redirect.html": f'[redirect] origins = ["https://{HOST}"]',
}


def test_a_precondition_that_is_not_met_is_shown_before_a_press(live_test: LiveTest) -> None:
    for fragment, note in PRECONDITIONS.items():
        live_test.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
        expect(live_test.page.locator("#live-test-note")).to_contain_text(note)
        expect(live_test.page.locator("#live-test-start")).to_be_disabled()
    for fragment, note in NOTES.items():
        live_test.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
        expect(live_test.page.locator("#live-test-note")).to_contain_text(note)
        expect(live_test.page.locator("#live-test-start")).to_be_enabled()


def test_a_secret_is_neither_required_nor_sent(internet: Internet, live_test: LiveTest) -> None:
    sent: list[str] = []
    live_test.page.context.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    for name in ("clientSecret", "jwt"):
        live_test.page.evaluate(
            "(id) => { document.getElementById(id).closest('details').open = true; }", f"parameter-{name}"
        )
        live_test.page.locator(f"#parameter-{name}").fill("s3cret")

    expect(live_test.page.locator("#live-test-note")).to_contain_text("The test does not use clientSecret and jwt")
    live_test.run()

    assert len(internet.platform.tokens) == 1
    assert not [one for one in sent if "s3cret" in one or "client_secret" in one]


def test_without_a_secure_context_it_says_that_https_is_needed(context: BrowserContext) -> None:
    context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false });")
    live_test = open_live_test(context)

    assert "open this page by its https address" in live_test.note
    expect(live_test.page.locator("#live-test-start")).to_be_disabled()


def test_the_values_of_the_settings_can_be_tested_but_not_without_a_redirect_uri(
    internet: Internet, context: BrowserContext, tmp_path: Path
) -> None:
    server, redirect_uri = "https://platform.example.com", f"https://{OWN}/redirect.html"
    params = {"clientId": CLIENT_ID, "appServer": server, "redirectUri": redirect_uri}
    settings = "[params]\n" + "\n".join(f'{name} = "{value}"' for name, value in params.items())
    with hosts.own(internet, tmp_path, settings):
        live_test = open_live_test(context, f"https://{OWN}/")
        expect(live_test.page.locator("#live-test-server")).to_have_text(server)
        expect(live_test.page.locator("#live-test-start")).to_be_enabled()
        live_test.page.evaluate("() => { location.hash = 'redirectUri='; }")
        expect(live_test.page.locator("#live-test-note")).to_contain_text("Without redirectUri")
        expect(live_test.page.locator("#live-test-start")).to_be_disabled()


# Nothing remains


@pytest.mark.parametrize("severed", [False, True], ids=["plain", "severed"])
def test_nothing_of_a_live_test_remains_anywhere(
    internet: Internet, context: BrowserContext, hosted: Server, severed: bool
) -> None:
    internet.platform.severs_openers = severed
    sent: list[Request] = []
    console: list[str] = []
    context.on("request", lambda request: sent.append(request))
    context.on("console", lambda message: console.append(message.text))
    live_test = open_live_test(context)
    length = live_test.page.evaluate("() => history.length")

    wait_until_closed(live_test.press())
    live_test.wait_for_report()

    [token], [code] = internet.platform.issued, internet.platform.codes
    posts = {urlsplit(one.url).path: dict(parse_qsl(one.post_data or "")) for one in sent if PLATFORMS[0] in one.url}
    verifier = posts["/restapi/oauth/token"]["code_verifier"]
    [state] = parse_qs(urlsplit(internet.platform.authorized[0]).query)["state"]
    secrets = (token, code, verifier, state.partition("-")[2])
    assert internet.platform.revoked == [token]
    assert posts["/restapi/oauth/revoke"] == {"token": token, "client_id": CLIENT_ID}

    page = live_test.page
    left = {
        "storage": page.evaluate("() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])"),
        "databases": page.evaluate("async () => JSON.stringify([await indexedDB.databases(), await caches.keys()])"),
        "document": page.content() + page.evaluate("() => JSON.stringify(history.state) + document.cookie"),
        "address": page.url,
        "window": page.evaluate("() => Object.keys(window).map((name) => String(window[name])).join()"),
        "console": "".join(console),
        "log": hosted.output,
        "metrics": hosted.ask("/metrics").body.decode(),
        "cookies": str(context.cookies()),
    }
    assert [place for place, text in left.items() for secret in secrets if secret in text] == []
    assert page.evaluate("() => history.length") == length
    assert page.url == BASE
    assert {urlsplit(one.url).hostname for one in sent} == {HOST, PLATFORMS[0]}
    to_platform = [one for one in sent if urlsplit(one.url).hostname == PLATFORMS[0]]
    assert [one.headers.get("referer", "") for one in to_platform] == [""] * 3
    assert not [one for one in sent if one.method == "POST" and "cookie" in one.headers]


# Other engines


@pytest.mark.parametrize("severed", [False, True], ids=["plain", "severed"])
def test_in_firefox_and_webkit_too(internet: Internet, open_engine: OpenEngine, engine: str, severed: bool) -> None:
    internet.platform.scope = without("Edit Extensions")
    internet.platform.severs_openers = severed
    window = open_engine(engine).window
    window.go(BASE)
    wait_for(window, "document.getElementById('live-test-start')?.disabled === false")

    window.press("#live-test-start")

    wait_for(window, shows("These scopes are missing: Edit Extensions.", "#live-test-verdict"))
    assert ("by the host’s relay" if severed else "by a call to the opener") in str(
        window.evaluate("document.getElementById('live-test-facts').textContent")
    )
    wait_until(lambda: internet.platform.revoked == internet.platform.issued != [], "the token was revoked")
