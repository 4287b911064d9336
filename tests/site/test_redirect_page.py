"""The redirect page without an app: who receives the callback, what happens to the code, and what the page shows."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from embeddable_host.config.errors import SettingsError
from embeddable_host.config.settings import Settings
from embeddable_host.site.site import build_site
from world import hosts
from world.browser_modes import PLAIN, Browsers, OpenBrowser
from world.host import Server
from world.internet import CROSS_SITE, HOST, OWN, SAME_SITE, Internet, wait_until
from world.places import PUBLIC
from world.user import Phone, wait_until_closed

pytestmark = pytest.mark.usefixtures("hosted")

BASE = f"https://{HOST}"
REDIRECT_URI = f"{BASE}/redirect.html"
EMBEDDING = f'<!doctype html><body><script src="{BASE}/adapter.js"></script>'

# base64 of {"origin": "https://crm.acme.org"}: a newer library puts the opener's origin there, but so can anyone.
CLAIM = "eyJvcmlnaW4iOiAiaHR0cHM6Ly9jcm0uYWNtZS5vcmcifQ=="
CODE = "secret-code"
CALLBACK = f"{REDIRECT_URI}?code={CODE}&state={CLAIM}-undefined-dXVpZA%253D%253D"
STATE = "MTc-undefined-dXVpZA"

FIRST_FLIGHT = 10 * 1460  # bytes that a server sends before it waits for the browser (RFC 6928)
HEADERS = 1024

TEXTS = json.loads(PUBLIC["texts.json"].read_text(encoding="utf-8"))
LISTENING = "<!doctype html><script>received = []; onmessage = ({ data }) => received.push(data);</script><body>"


def open_phone(internet: Internet, open_browser: OpenBrowser, site: str) -> Phone:
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(site, EMBEDDING))
    return Phone(page)


def open_without_app(open_browser: OpenBrowser) -> Page:
    """A redirect page whose callback no app receives: the sign-in was not begun in this browser."""
    page = open_browser(PLAIN).new_page()
    page.goto(CALLBACK)
    expect(page.locator("#status")).to_contain_text("close this window")
    return page


def received_by(page: Page) -> list[object]:
    """The messages that have reached a listening page. The page sends itself another one, which comes after them."""
    page.evaluate("() => window.postMessage('the last', '*')")
    page.wait_for_function("() => received.at(-1) === 'the last'")
    received: list[object] = page.evaluate("() => received.slice(0, -1)")
    return received


def test_an_opener_of_an_unlisted_origin_receives_nothing(internet: Internet, open_browser: OpenBrowser) -> None:
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(CROSS_SITE, LISTENING))

    with page.expect_popup() as redirect:
        page.evaluate("(address) => { window.open(address); }", CALLBACK)
    wait_until_closed(redirect.value)

    assert received_by(page) == []


@pytest.mark.parametrize("name", ["", "SSOIframe"])
def test_a_parent_of_an_unlisted_origin_receives_nothing(
    internet: Internet, open_browser: OpenBrowser, name: str
) -> None:
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(CROSS_SITE, f'{LISTENING}<iframe name="{name}" src="{CALLBACK}"></iframe>'))

    page.frames[1].wait_for_url(REDIRECT_URI)

    assert received_by(page) == []


@pytest.mark.parametrize("callback", [CALLBACK, CALLBACK.replace("?code=", "?error=access_denied&error_description=")])
def test_an_opener_of_the_hosts_own_origin_receives_the_callback_once_and_as_it_came(
    internet: Internet, open_browser: OpenBrowser, callback: str
) -> None:
    page = open_browser(PLAIN).new_page()
    page.goto(f"{BASE}/nothing")
    page.evaluate("() => { received = []; onmessage = ({ data }) => received.push(data); }")

    with page.expect_popup() as redirect:
        page.evaluate("(address) => { window.open(address); }", callback)
    wait_until_closed(redirect.value)

    assert received_by(page) == [{"callbackUri": callback}]


@pytest.mark.parametrize(("name", "key"), [("", "refreshCallbackUri"), ("SSOIframe", "callbackUri")])
def test_a_parent_of_the_hosts_own_origin_receives_the_callback_as_it_came(
    internet: Internet, open_browser: OpenBrowser, name: str, key: str
) -> None:
    page = open_browser(PLAIN).new_page()
    html = f'{LISTENING}<iframe name="{name}" src="{CALLBACK}"></iframe>'
    page.route(f"{BASE}/listening", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{BASE}/listening")

    page.frames[1].wait_for_url(REDIRECT_URI)

    assert received_by(page) == [{key: CALLBACK}]


def test_the_code_leaves_the_address_and_the_history(open_browser: OpenBrowser) -> None:
    login = open_without_app(open_browser)

    session = login.context.new_cdp_session(login)
    history = [entry["url"] for entry in session.send("Page.getNavigationHistory")["entries"]]

    assert login.url == REDIRECT_URI
    assert history[-1] == REDIRECT_URI
    assert not [address for address in history if CODE in address]


@pytest.mark.parametrize("severed", [False, True])
def test_a_redirect_page_that_stays_open_and_is_reloaded_hands_over_nothing_more(
    internet: Internet, open_browser: OpenBrowser, severed: bool
) -> None:
    internet.platform.severs_openers = severed
    phone = open_phone(internet, open_browser, SAME_SITE)
    phone.page.context.add_init_script("window.close = () => {};")

    login = phone.open_login()
    phone.see("Signed in")
    expect(login.locator("#status")).to_contain_text("You can close this window now.")
    login.reload()
    expect(login.locator("#status")).to_contain_text("There is no sign-in to hand over.")
    phone.wait_until_idle()

    assert len(phone.evaluate("phone.received")) == 1
    assert len(internet.platform.tokens) == 1


def test_a_callback_that_the_app_has_received_is_removed_from_storage(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    internet.platform.severs_openers = True
    phone = open_phone(internet, open_browser, SAME_SITE)

    phone.wait_until_done(phone.open_login())

    [code] = internet.platform.codes
    assert phone.evaluate("phone.received") == ["storage"]
    assert code not in phone.evaluate("JSON.stringify(localStorage)")


def test_a_callback_that_no_app_has_received_is_removed_from_storage_with_its_window(
    open_browser: OpenBrowser,
) -> None:
    login = open_without_app(open_browser)
    assert CODE in login.evaluate("() => JSON.stringify(localStorage)")

    login.goto(f"{BASE}/")

    assert CODE not in login.evaluate("() => JSON.stringify(localStorage)")


# Errors


FAILED = "The sign-in failed."


def after_a_sign_in_began(open_browser: OpenBrowser) -> Page:
    """A page in a browser that has begun the sign-in with STATE."""
    page = open_browser(PLAIN).new_page()
    page.goto(f"{BASE}/nothing")
    page.evaluate(
        '(tail) => localStorage.setItem(`embeddable-host-sign-in-${tail}`, `{"secret": "", "time": ${Date.now()}}`)',
        STATE.partition("-")[2],
    )
    return page


def shown(page: Page, code: str, description: str) -> str:
    """What the redirect page shows of a callback with this error."""
    page.goto(f"{REDIRECT_URI}?{urlencode({'error': code, 'error_description': description, 'state': STATE})}")
    expect(page.locator("#status")).to_contain_text("close this window")
    return page.locator("#status").inner_text()


@pytest.mark.parametrize("code", ["unauthorized_client", "constructor", "title"])
def test_an_unknown_error_is_shown_with_a_quotation_of_what_ringcentral_says(
    open_browser: OpenBrowser, code: str
) -> None:
    page = after_a_sign_in_began(open_browser)

    assert shown(page, code, "<b>No</b>").startswith(f"{FAILED} ({code}) “<b>No</b>” ")


def test_a_quotation_is_not_longer_than_200_characters(open_browser: OpenBrowser) -> None:
    page = after_a_sign_in_began(open_browser)

    assert shown(page, "unauthorized_client", "x" * 201).startswith(f"{FAILED} (unauthorized_client) “{'x' * 200}” ")


def test_nothing_is_quoted_from_an_address_that_somebody_else_made(open_browser: OpenBrowser) -> None:
    page = open_browser(PLAIN).new_page()

    text = shown(page, "unauthorized_client", "Call 0900 123456")

    assert text.startswith(f"{FAILED} (unauthorized_client) ")
    assert "0900" not in text


@pytest.mark.parametrize("code", ["Call 0900 123456", "x" * 41, "<b>", "ACCESS_DENIED", "a-b", ""])
def test_an_error_that_is_no_code_is_not_shown(open_browser: OpenBrowser, code: str) -> None:
    page = after_a_sign_in_began(open_browser)

    assert shown(page, code, "") == f"{FAILED} {TEXTS['en']['done']}"


@pytest.mark.parametrize("query", ["", "?state=a-b-c", "?code="])
def test_a_visit_without_a_callback_shows_what_to_do(open_browser: OpenBrowser, query: str) -> None:
    page = open_browser(PLAIN).new_page()

    page.goto(f"{REDIRECT_URI}{query}")

    expect(page.locator("#status")).to_contain_text("Close this window and sign in")


# Its theme and texts


LANGUAGES = {
    **{language: language for language in TEXTS},
    "de-AT": "de",
    "fr-CA": "fr",
    "pt-BR": "pt",
    "zh": "zh-CN",
    "zh-SG": "zh-CN",
    "zh-Hant": "zh-TW",
    "zh-HK": "zh-TW",
    "en-GB": "en",
    "sv-SE": "en",
}


def opened_in(browsers: Browsers, address: str, **options: Any) -> Iterator[Page]:
    """The redirect page in a context with these options of Playwright's."""
    context = browsers.incognito(**options)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_its_language_is_the_browsers_or_english(browsers: Browsers) -> None:
    for locale, language in LANGUAGES.items():
        for page in opened_in(browsers, REDIRECT_URI, locale=locale):
            expect(page.locator("#status")).to_have_text(TEXTS[language]["nothing"])
            expect(page).to_have_title(TEXTS[language]["title"])
            assert page.evaluate("() => document.documentElement.lang") == language


def test_each_language_has_every_text_and_none_of_another() -> None:
    assert len(TEXTS) == 12
    assert {tuple(texts) for texts in TEXTS.values()} == {tuple(TEXTS["en"])}
    assert {tuple(texts["errors"]) for texts in TEXTS.values()} == {tuple(TEXTS["en"]["errors"])}
    translations = [texts[name] for texts in TEXTS.values() for name in REQUIRED]
    translations += [text for texts in TEXTS.values() for text in texts["errors"].values()]
    assert len(set(translations)) == len(translations)


def test_what_a_user_can_do_about_an_error_is_shown_in_each_language(browsers: Browsers) -> None:
    for locale, texts in TEXTS.items():
        for page in opened_in(browsers, REDIRECT_URI, locale=locale):
            for code, text in texts["errors"].items():
                page.goto(f"{REDIRECT_URI}?error={code}&error_description=Words+of+RingCentral&state=a")
                expect(page.locator("#status")).to_contain_text(f"{text} ({code}) {texts['gone']}")


@pytest.mark.parametrize(
    ("code", "alias"),
    [
        ("temporarily_unavailable", "server_error"),
        ("interaction_required", "login_required"),
        ("consent_required", "login_required"),
    ],
)
def test_errors_with_the_same_remedy_have_the_same_text(open_browser: OpenBrowser, code: str, alias: str) -> None:
    page = open_browser(PLAIN).new_page()

    page.goto(f"{REDIRECT_URI}?error={code}&error_description=Words+of+RingCentral&state=a-b-c")

    expect(page.locator("#status")).to_contain_text(f"{TEXTS['en']['errors'][alias]} ({code})")


def frame_of(internet: Internet, base: str) -> str:
    """A page with the redirect page in a frame, where it hands over and keeps showing its text."""
    return internet.page(SAME_SITE, f'<!doctype html><iframe src="{base}redirect.html?code=1&state=a-b"></iframe>')


THEME = """
public_dir = "pages"
[redirect]
title = "Anmeldung bei Acme"
text = "Einen Moment."
language = "de-CH"
logo = "light.svg"
color = "#102030"
background = "#fffff0"
dark_logo = "dark.svg"
dark_color = "#f0f0ff"
dark_background = "#010203"
"""
REQUIRED = [name for name in TEXTS["en"] if name != "errors"]  # in a team's own file
SWEDISH = {"sv": {name: f"sv {name}" for name in REQUIRED}, "en": {name: f"own {name}" for name in REQUIRED}}


def test_a_team_s_own_theme_is_used_in_light_and_dark_mode(
    internet: Internet, browsers: Browsers, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "pages").mkdir()
    (folder / "light.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "dark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' id='dark'/>")
    with hosts.own(internet, folder, THEME):
        styles = {}
        for scheme in ("light", "dark"):
            for page in opened_in(browsers, frame_of(internet, f"https://{OWN}/"), color_scheme=scheme, locale="fr"):
                frame = page.frame_locator("iframe")
                expect(frame.locator("#status")).to_have_text("Einen Moment.")
                logo = base64.b64decode((frame.locator("#logo").get_attribute("src") or "").partition(",")[2])
                styles[scheme] = (
                    frame.locator("body").evaluate("body => getComputedStyle(body).color"),
                    frame.locator("body").evaluate("body => getComputedStyle(body).backgroundColor"),
                    b"dark" in logo,
                )
                assert frame.locator("title").evaluate("title => title.text") == "Anmeldung bei Acme"
                assert frame.locator("html").get_attribute("lang") == "de-CH"
        for page in opened_in(browsers, f"https://{OWN}/redirect.html", locale="fr"):
            expect(page.locator("#status")).to_have_text(TEXTS["de"]["nothing"])

    assert styles == {
        "light": ("rgb(16, 32, 48)", "rgb(255, 255, 240)", False),
        "dark": ("rgb(240, 240, 255)", "rgb(1, 2, 3)", True),
    }


def test_colours_for_the_light_mode_are_used_in_the_dark_mode_too(
    internet: Internet, browsers: Browsers, tmp_path: Path
) -> None:
    with hosts.own(internet, tmp_path / "own", 'redirect.color = "#102030"\n'):
        for page in opened_in(browsers, f"https://{OWN}/redirect.html", color_scheme="dark"):
            style = page.evaluate(
                "() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
            )

    assert style == ["rgb(16, 32, 48)", "rgb(255, 255, 255)"]


def test_a_team_s_own_texts_are_used(internet: Internet, browsers: Browsers, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "texts.json").write_text(json.dumps(SWEDISH))
    with hosts.own(internet, tmp_path / "own", f'public_dir = "{tmp_path}/pages"\n'):
        for locale, text in {"sv-SE": "sv nothing", "de": "own nothing"}.items():
            for page in opened_in(browsers, f"https://{OWN}/redirect.html", locale=locale):
                expect(page.locator("#status")).to_have_text(text)


def test_a_team_s_own_texts_explain_the_errors_that_they_contain(
    internet: Internet, browsers: Browsers, tmp_path: Path
) -> None:
    own = {"sv": SWEDISH["sv"] | {"errors": {"unauthorized_client": "sv advice"}}, "en": SWEDISH["en"]}
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "texts.json").write_text(json.dumps(own))
    with hosts.own(internet, tmp_path / "own", f'public_dir = "{tmp_path}/pages"\n'):
        for query, locale, text in (
            ("error=unauthorized_client&state=a", "sv", "sv advice (unauthorized_client)"),
            ("error=access_denied&state=a", "sv", "sv failed (access_denied)"),
            ("error=access_denied&state=a", "en", "own failed (access_denied)"),
        ):
            for page in opened_in(browsers, f"https://{OWN}/redirect.html?{query}", locale=locale):
                expect(page.locator("#status")).to_contain_text(text)


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_it_arrives_with_the_first_packets(coding: str, tmp_path: Path) -> None:
    page = build_site(Settings(data_dir=tmp_path)).assets["/redirect.html"]
    [size] = [body.size for body in page.bodies if body.coding == coding]
    assert size < FIRST_FLIGHT - HEADERS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no JSON", "Invalid JSON"),
        (json.dumps({"sv": SWEDISH["sv"]}), 'has no "en"'),
        (json.dumps({**TEXTS, "fr": {"title": "Connexion"}}), "fr.text: Field required"),
        (json.dumps({**TEXTS, "fr": TEXTS["fr"] | {"done": 1}}), "fr.done: Input should be a valid string"),
        (json.dumps({**TEXTS, "fr": TEXTS["fr"] | {"errors": "Non"}}), "fr.errors: Input should be an object"),
    ],
    ids=["no JSON", "no English", "a text that is missing", "a text that is a number", "no table of errors"],
)
def test_incomplete_texts_are_an_error_at_the_start(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "texts.json").write_text(text)

    with pytest.raises(SettingsError) as refused:
        build_site(Settings(public_dir=tmp_path, data_dir=tmp_path / "none"))

    assert f"{tmp_path}/texts.json " in str(refused.value)
    assert message in str(refused.value)


def test_it_loads_nothing_and_sends_no_referrer(internet: Internet, open_browser: OpenBrowser) -> None:
    context = open_browser(PLAIN)
    requests: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()

    page.goto(CALLBACK, wait_until="load")
    expect(page.locator("#status")).to_contain_text("close this window")
    next_page = internet.page(SAME_SITE, "<!doctype html><title>next</title>")
    page.goto(next_page)

    assert requests == [CALLBACK, next_page]
    assert page.evaluate("() => document.referrer") == ""


def test_no_code_is_in_the_hosts_log(internet: Internet, open_browser: OpenBrowser, hosted: Server) -> None:
    line = '"GET /redirect.html'
    lines_before = hosted.output.count(line)
    phone = open_phone(internet, open_browser, SAME_SITE)

    phone.wait_until_done(phone.open_login())
    wait_until(lambda: hosted.output.count(line) > lines_before, "the request is in the log")

    [code] = internet.platform.codes
    assert code not in hosted.output
