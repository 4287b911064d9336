"""The trial on the setup page: one real sign-in, and what it tells of the app, of each way in which it can fail."""

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
from world.live_test import EVERY_SCOPE, KNOWN, LiveTest, on_trial, without
from world.live_test import REFUSALS as LIST
from world.platform import TokenRequest
from world.refusals import REFUSALS, in_page
from world.setup_page import BASE
from world.timeouts import wait_until
from world.user import relay_requests, wait_until_closed

pytestmark = pytest.mark.usefixtures("hosted")

REDIRECT_URI = f"{BASE}redirect.html"
STEPS = {"account", "app", "redirect", "client-id"}  # what any answer of RingCentral proves


@pytest.fixture
def context(internet: Internet, open_browser: OpenBrowser) -> BrowserContext:
    """A browser, and an app that has every scope."""
    internet.platform.scope = EVERY_SCOPE
    return open_browser(INCOGNITO)


@pytest.fixture
def trial(context: BrowserContext) -> LiveTest:
    return on_trial(context)


# What it tells of an app that RingCentral knows


def test_of_an_app_with_all_scopes_every_chosen_feature_is_granted(internet: Internet, trial: LiveTest) -> None:
    trial.play()

    assert trial.verdict == f"{KNOWN}, and the app may do all that you chose."
    assert {line.partition(": ")[2] for line in trial.features} == {"granted."}
    assert "SMS: granted." in trial.features
    facts = rf"App {CLIENT_ID} on production \(https://{PLATFORMS[0]}\): .* by a call to the opener, .* in \d+\.\d s\."
    assert re.match(facts, trial.facts)
    assert "The token was given back" in trial.facts
    [code] = internet.platform.codes
    assert internet.platform.tokens == [TokenRequest(PLATFORMS[0], CLIENT_ID, REDIRECT_URI, code, granted=True)]
    assert internet.platform.revoked == internet.platform.issued
    assert len(internet.platform.issued) == 1


def test_a_missing_scope_is_named_with_the_feature_that_lacks_it(internet: Internet, trial: LiveTest) -> None:
    internet.platform.scope = without("Edit Extensions", "Video", "Team Messaging").replace(" ", ",")

    trial.play()

    assert trial.verdict == f"{KNOWN}. These scopes are missing: Edit Extensions, Video."
    assert "under Security" in trial.remedy
    assert "SMS: granted." in trial.features
    assert "SMS templates: the app lacks Edit Extensions." in trial.features
    assert "Meetings: the app lacks Video." in trial.features
    # What is chosen later is told of the same app.
    trial.page.evaluate("() => { location.hash = 'disableGlip=false&disableMeeting=1'; }")
    expect(trial.page.locator("#live-test-results")).to_contain_text("Team messaging: the app lacks Team Messaging.")
    assert not [line for line in trial.features if line.startswith("Meetings")]


def test_the_checklist_ticks_itself_and_unticks_what_is_missing(internet: Internet, trial: LiveTest) -> None:
    internet.platform.scope = without("SMS", "Video")
    trial.page.locator("[name=scope-video]").check()
    assert trial.ticked == {"scope-video"}

    trial.play()
    ticked = trial.ticked
    trial.page.reload()

    assert STEPS | {"auth", "scope-ringout", "scope-voip-calling", "scope-read-messages"} <= ticked
    assert not ticked & {"scopes", "scope-sms", "scope-video"}
    assert trial.ticked == ticked
    internet.platform.scope = EVERY_SCOPE
    trial.play()
    assert {"scopes", "scope-sms", "scope-video"} <= trial.ticked


def test_a_token_without_a_word_on_scopes_is_told_and_given_back(internet: Internet, trial: LiveTest) -> None:
    internet.platform.scope = ""

    trial.play()

    assert trial.remedy.startswith(FAULTS["scopes-unknown"].why)
    assert trial.features == []
    assert internet.platform.revoked == internet.platform.issued != []


def test_a_profile_is_tried_with_its_own_app_at_its_own_server(internet: Internet, context: BrowserContext) -> None:
    trial = on_trial(context, f"{BASE}sandbox/").play()

    assert f"App {SANDBOX_CLIENT_ID} on the sandbox (https://{PLATFORMS[1]})" in trial.facts
    assert [token.server for token in internet.platform.tokens] == [PLATFORMS[1]]
    assert internet.platform.tokens[0].redirect_uri == f"{BASE}sandbox/redirect.html"


def test_what_the_form_has_chosen_is_what_is_tried(internet: Internet, context: BrowserContext) -> None:
    trial = on_trial(context, f"{BASE}#clientId=mine&appServer=https://{PLATFORMS[1]}/").play()

    [asked] = internet.platform.authorized
    query = dict(parse_qsl(urlsplit(asked).query))
    assert urlsplit(asked).hostname == PLATFORMS[1]
    assert query.keys() == {
        *("response_type", "redirect_uri", "client_id", "state"),
        *("display", "code_challenge", "code_challenge_method"),
    }
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert (query["client_id"], query["redirect_uri"]) == ("mine", REDIRECT_URI)
    assert "App mine on the sandbox" in trial.facts


# The ways in which the answer comes


def test_from_a_severed_window_it_comes_by_the_relay(internet: Internet, context: BrowserContext) -> None:
    internet.platform.severs_openers = True
    trial, relayed = on_trial(context), relay_requests(context)

    trial.play()

    assert "by the host’s relay" in trial.facts
    assert sorted(relayed) == ["GET", "POST"]
    assert internet.platform.revoked == internet.platform.issued != []


def test_from_a_severed_window_it_comes_by_storage_where_there_is_no_relay(
    internet: Internet, context: BrowserContext, tmp_path: Path
) -> None:
    internet.platform.severs_openers = True
    with hosts.own(internet, tmp_path, f'relay.enabled = false\nparams.clientId = "{CLIENT_ID}"\n'):
        trial = on_trial(context, f"https://{OWN}/")
        window = trial.press()
        trial.see_told()
        wait_until_closed(window)

        assert "by storage" in trial.facts
        assert trial.page.evaluate("() => Object.keys(localStorage).join()") == f"embeddable-host:done:{'/'}"


def test_from_another_host_s_redirect_page_that_lists_this_one_it_comes_by_a_message(
    internet: Internet, context: BrowserContext, tmp_path: Path
) -> None:
    listed = f'redirect.origins = ["https://{HOST}"]\nparams.clientId = "{CLIENT_ID}"\n'
    with hosts.own(internet, tmp_path, listed):
        trial = on_trial(context, f"{BASE}#redirectUri=https://{OWN}/redirect.html")
        assert f'redirect.origins = ["https://{HOST}"]'.removeprefix("redirect.") in trial.note
        trial.play()

    assert "by a message to the opener" in trial.facts
    assert internet.platform.tokens[0].redirect_uri == f"https://{OWN}/redirect.html"


REDIRECT_PAGE = """<!doctype html><script>
if (location.search) opener.postMessage({ callbackUri: location.href }, TARGET);
close();
</script>"""


@pytest.mark.parametrize("is_listed", [True, False], ids=["which lists this page", "which does not"])
def test_from_a_redirect_page_of_another_site(internet: Internet, context: BrowserContext, is_listed: bool) -> None:
    target = json.dumps(BASE if is_listed else f"https://{OWN}")
    redirect_uri = internet.page(CROSS_SITE, REDIRECT_PAGE.replace("TARGET", target))
    trial = on_trial(context, f"{BASE}#redirectUri={redirect_uri}")

    trial.press()

    if is_listed:
        trial.see(KNOWN)
        assert "by a message to the opener" in trial.facts
    else:
        trial.see("RingCentral’s window is closed, or")
        assert internet.platform.tokens == []


# Answers that are none


def test_an_answer_from_elsewhere_or_with_another_state_is_not_counted(
    internet: Internet, context: BrowserContext
) -> None:
    internet.platform.waits_for_users = True
    trial = on_trial(context)
    login = trial.press()
    login.get_by_text("Sign in", exact=True).wait_for()
    [state] = parse_qs(urlsplit(internet.platform.authorized[0]).query)["state"]
    ours, other = (f"{REDIRECT_URI}?code=forged&state={one}" for one in (state, "another"))
    foreign = context.new_page()
    foreign.goto(internet.page(CROSS_SITE, "<!doctype html><p>elsewhere</p>"))

    for wrong in (other, REDIRECT_URI, "no address", f"{REDIRECT_URI}?code=forged&state={state}x"):
        trial.page.evaluate("(answer) => window.oAuthCallback(answer)", wrong)
    trial.page.evaluate("(answer) => window.oAuthCallback({ toString: () => answer })", ours)
    trial.page.evaluate("(answer) => postMessage({ callbackUri: answer }, '*')", ours)  # its own origin, another window
    trial.page.evaluate(
        """(answer) => {
            const frame = document.body.appendChild(document.createElement('iframe'));
            frame.contentWindow.parent.postMessage({ callbackUri: answer }, '*');
            frame.remove();
        }""",
        ours,
    )
    login.evaluate("(answer) => opener.postMessage({ callbackUri: answer }, '*')", ours)  # its window, another origin
    trial.page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    assert internet.platform.tokens == []

    login.get_by_text("Sign in", exact=True).click()
    trial.see_told()
    [code] = internet.platform.codes
    assert [token.code for token in internet.platform.tokens] == [code]


def test_an_answer_that_comes_twice_counts_once(internet: Internet, context: BrowserContext) -> None:
    context.add_init_script(
        """Object.defineProperty(window, 'oAuthCallback', {
            configurable: true,
            set(call) {
                const twice = (answer) => { call(answer); call(answer); };
                Object.defineProperty(window, 'oAuthCallback', { configurable: true, writable: true, value: twice });
            },
        });"""
    )
    on_trial(context).play()

    assert len(internet.platform.tokens) == 1


# No answer


def test_a_window_that_the_user_closes_is_told_with_what_it_may_have_said(
    internet: Internet, context: BrowserContext
) -> None:
    internet.platform.waits_for_users = True
    trial = on_trial(context)
    login = trial.press()
    expect(trial.page.locator("#live-test-verdict")).to_have_text("RingCentral’s window is open: sign in there.")
    expect(trial.page.locator(LIST)).to_be_hidden()

    login.get_by_text("Sign in", exact=True).wait_for()
    login.close()

    trial.see("RingCentral’s window is closed, or a page in it has severed it")
    expect(trial.page.locator(LIST)).to_be_visible()
    trial.stop()
    trial.see("Stopped")
    expect(trial.page.locator(LIST)).to_be_visible()
    # And the next trial is one like the first.
    internet.platform.waits_for_users = False
    trial.play()
    assert trial.verdict.startswith(KNOWN)
    expect(trial.page.locator(LIST)).to_be_hidden()


def test_stop_closes_the_window_and_what_comes_later_is_not_counted(
    internet: Internet, context: BrowserContext
) -> None:
    internet.platform.waits_for_users = True
    trial = on_trial(context)
    login = trial.press()
    login.get_by_text("Sign in", exact=True).wait_for()

    trial.stop()

    wait_until_closed(login)
    trial.see("Stopped")
    assert trial.page.evaluate("() => 'oAuthCallback' in window") is False
    assert internet.platform.tokens == []


def test_a_window_that_stays_is_told_after_a_while_and_given_up_after_ten_minutes(
    internet: Internet, context: BrowserContext
) -> None:
    internet.platform.refusal = in_page("OAU-109")
    trial = on_trial(context)
    trial.page.clock.install()
    login = trial.press()
    expect(login.locator("body")).to_contain_text("OAU-109")
    expect(trial.page.locator(LIST)).to_be_hidden()

    trial.page.clock.run_for(21_000)
    expect(trial.page.locator(LIST)).to_be_visible()
    trial.page.clock.fast_forward(600_000)

    trial.see("No answer came from RingCentral’s window in ten minutes.")
    wait_until_closed(login)


# One of each kind: a window shows a status no differently. What comes back, or stays, has tests of its own.
ENDING_IN_THE_LIST = [name for name in REFUSALS if not re.search("403|flat|an error at the redirect URI|a hang", name)]


def test_whatever_its_window_says_instead_of_a_login_page_ends_in_the_list(
    internet: Internet, context: BrowserContext
) -> None:
    trial = on_trial(context)
    for name in ENDING_IN_THE_LIST:
        internet.platform.refusal = REFUSALS[name]
        login = trial.press()
        login.wait_for_load_state()
        login.close()
        trial.see("RingCentral’s window is closed")
        expect(trial.page.locator(LIST)).to_be_visible()
        trial.stop()
        trial.see("Stopped")

    assert len(internet.platform.authorized) == len(ENDING_IN_THE_LIST)
    assert internet.platform.tokens == []


def test_the_list_has_each_of_ringcentral_s_codes_in_its_words_with_a_remedy(trial: LiveTest) -> None:
    listed = trial.page.locator(f"{LIST} li").all_text_contents()
    known = {fault.code: fault for fault in FAULTS.values() if fault.code}
    assert len(listed) == len(known) + 1
    for code, fault in known.items():
        [said] = [one for one in listed if one.startswith(f"{code}: {fault.words}")]
        assert f"{fault.why} {fault.fix}" in said
        assert (FAULTS["client-on-other-server"].why in said) is (code == "OAU-153")
    assert listed[-1].startswith("Anything else")


def test_a_window_that_the_browser_keeps_back_is_told(browsers: Browsers, internet: Internet) -> None:
    with browsers.blocking_popups() as context:
        trial = on_trial(context)
        trial.page.locator("#live-test-start:enabled").wait_for()
        # Another window takes what a press allows.
        trial.page.evaluate(
            "() => { open('about:blank').close(); document.getElementById('live-test-start').click(); }"
        )

        trial.see("This browser kept the window back. Allow pop-ups")
        expect(trial.page.locator("#live-test-start")).to_be_enabled()

    assert internet.platform.authorized == []


# Answers that say no


def test_a_user_who_says_no_is_told_of_and_no_token_is_asked_for(internet: Internet, context: BrowserContext) -> None:
    internet.platform.outcome = "denied"
    trial = on_trial(context).play()

    assert trial.verdict == f"{KNOWN}, and refused: access_denied: The user said no."
    assert trial.remedy == f"{FAULTS['access-denied'].why} {FAULTS['access-denied'].fix}"
    assert trial.ticked == STEPS
    assert internet.platform.tokens == []


def test_an_app_that_may_not_sign_users_in_is_told_of(internet: Internet, context: BrowserContext) -> None:
    internet.platform.refusal = REFUSALS["an error at the redirect URI"]
    trial = on_trial(context).play()

    assert "unauthorized_client" in trial.verdict
    assert trial.remedy.startswith(FAULTS["flow-refused"].why)


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
def test_a_token_that_is_refused_is_told_with_what_to_change(
    internet: Internet, context: BrowserContext, status: int, error: str, fault: str
) -> None:
    internet.platform.token_refusal = (status, error)
    trial = on_trial(context)
    trial.page.locator("[name=auth]").check()

    trial.play()

    assert trial.verdict == f"RingCentral gave no token: status {status} {error}."
    assert trial.remedy == f"{FAULTS[fault].why} {FAULTS[fault].fix}"
    assert trial.features == []
    assert trial.ticked == (STEPS if error == "invalid_client" else STEPS | {"auth"})
    assert internet.platform.revoked == []


def test_a_token_that_no_page_may_read_is_told_with_what_that_means(
    internet: Internet, context: BrowserContext
) -> None:
    internet.platform.allows_pages = False
    trial = on_trial(context).play()

    assert trial.verdict == "RingCentral gave no token: no answer."
    assert trial.remedy.startswith(FAULTS["token-unreadable"].why)


def test_a_token_that_is_not_taken_back_is_told_and_the_rest_holds(internet: Internet, context: BrowserContext) -> None:
    internet.platform.revocation_status = 500
    trial = on_trial(context).play()

    assert trial.verdict.startswith(KNOWN)
    assert "SMS: granted." in trial.features
    assert FAULTS["token-not-revoked"].why in trial.facts
    assert internet.platform.revoked == internet.platform.issued


# One press, one sign-in, and none without a press


def test_nothing_is_asked_of_ringcentral_without_a_press(internet: Internet, context: BrowserContext) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(urlsplit(request.url).hostname or ""))
    trial = on_trial(context)
    trial.page.locator("#live-test-start:enabled").wait_for()

    assert set(asked) == {HOST}
    assert internet.platform.authorized == []


def test_a_double_press_is_one_sign_in(internet: Internet, trial: LiveTest) -> None:
    windows: list[Page] = []
    trial.page.on("popup", lambda window: windows.append(window))

    trial.page.locator("#live-test-start:enabled").wait_for()
    trial.page.evaluate(
        "() => { for (let press = 0; press < 3; press++) document.getElementById('live-test-start').click(); }"
    )
    trial.see_told()

    assert len(internet.platform.authorized) == len(internet.platform.tokens) == len(windows) == 1


# What cannot be tried, and why

OBSTACLES = {
    "clientId=": "There is no client id yet.",
    "authProxy=1": "Your users sign in through a proxy of your own",
    "appServer=https://platform.example.com": 'Write appServer = "https://platform.example.com" into embeddable.toml',
    "appServer=https://platform.ringcentral.com.example.com": "This page may not ask",
}
NOTES = {
    "redirectUri=https://crm.acme.org/redirect.html": f'[redirect] origins = ["https://{HOST}"]',
}


def test_what_cannot_be_tried_is_said_before_a_press(trial: LiveTest) -> None:
    for fragment, said in OBSTACLES.items():
        trial.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
        expect(trial.page.locator("#live-test-note")).to_contain_text(said)
        expect(trial.page.locator("#live-test-start")).to_be_disabled()
    for fragment, said in NOTES.items():
        trial.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
        expect(trial.page.locator("#live-test-note")).to_contain_text(said)
        expect(trial.page.locator("#live-test-start")).to_be_enabled()


def test_a_secret_is_neither_asked_for_nor_sent(internet: Internet, trial: LiveTest) -> None:
    sent: list[str] = []
    trial.page.context.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    for name in ("clientSecret", "jwt"):
        trial.page.evaluate(
            "(id) => { document.getElementById(id).closest('details').open = true; }", f"parameter-{name}"
        )
        trial.page.locator(f"#parameter-{name}").fill("s3cret")

    expect(trial.page.locator("#live-test-note")).to_contain_text("The trial does without clientSecret and jwt")
    trial.play()

    assert len(internet.platform.tokens) == 1
    assert not [one for one in sent if "s3cret" in one or "client_secret" in one]


def test_without_a_secure_context_it_says_that_https_is_needed(context: BrowserContext) -> None:
    context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false });")
    trial = on_trial(context)

    assert "open this page by its https address" in trial.note
    expect(trial.page.locator("#live-test-start")).to_be_disabled()


def test_what_the_settings_name_can_be_tried_and_what_a_page_leaves_out_of_them_cannot(
    internet: Internet, context: BrowserContext, tmp_path: Path
) -> None:
    server, redirect_uri = "https://platform.example.com", f"https://{OWN}/redirect.html"
    params = {"clientId": CLIENT_ID, "appServer": server, "redirectUri": redirect_uri}
    settings = "[params]\n" + "\n".join(f'{name} = "{value}"' for name, value in params.items())
    with hosts.own(internet, tmp_path, settings):
        trial = on_trial(context, f"https://{OWN}/")
        expect(trial.page.locator("#live-test-server")).to_have_text(server)
        expect(trial.page.locator("#live-test-start")).to_be_enabled()
        trial.page.evaluate("() => { location.hash = 'redirectUri='; }")
        expect(trial.page.locator("#live-test-note")).to_contain_text("Without redirectUri")
        expect(trial.page.locator("#live-test-start")).to_be_disabled()


# Afterwards nothing is left


@pytest.mark.parametrize("severed", [False, True], ids=["plain", "severed"])
def test_nothing_of_a_trial_remains_anywhere(
    internet: Internet, context: BrowserContext, hosted: Server, severed: bool
) -> None:
    internet.platform.severs_openers = severed
    sent: list[Request] = []
    console: list[str] = []
    context.on("request", lambda request: sent.append(request))
    context.on("console", lambda message: console.append(message.text))
    trial = on_trial(context)
    length = trial.page.evaluate("() => history.length")

    wait_until_closed(trial.press())
    trial.see_told()

    [token], [code] = internet.platform.issued, internet.platform.codes
    posts = {urlsplit(one.url).path: dict(parse_qsl(one.post_data or "")) for one in sent if PLATFORMS[0] in one.url}
    verifier = posts["/restapi/oauth/token"]["code_verifier"]
    [state] = parse_qs(urlsplit(internet.platform.authorized[0]).query)["state"]
    secrets = (token, code, verifier, state.partition("-")[2])
    assert internet.platform.revoked == [token]
    assert posts["/restapi/oauth/revoke"] == {"token": token, "client_id": CLIENT_ID}

    page = trial.page
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
def test_firefox_and_webkit_try_it_too(internet: Internet, open_engine: OpenEngine, engine: str, severed: bool) -> None:
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
    wait_until(lambda: internet.platform.revoked == internet.platform.issued != [], "the token was given back")
