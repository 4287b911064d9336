"""The redirect page alone: to whom it hands the answer, and what becomes of the code."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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

# base64 of {"origin": "https://crm.acme.org"}: newer libraries write where to post to; anyone may write it.
CLAIM = "eyJvcmlnaW4iOiAiaHR0cHM6Ly9jcm0uYWNtZS5vcmcifQ=="
CODE = "secret-code"
ANSWER = f"{REDIRECT_URI}?code={CODE}&state={CLAIM}-undefined-dXVpZA%253D%253D"

FIRST_FLIGHT = 10 * 1460  # bytes that a server sends before it waits for the browser (RFC 6928)
HEADERS = 1024

LISTENING = "<!doctype html><script>received = []; onmessage = ({ data }) => received.push(data);</script><body>"


def open_phone(internet: Internet, open_browser: OpenBrowser, site: str) -> Phone:
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(site, EMBEDDING))
    return Phone(page)


def left_alone(open_browser: OpenBrowser) -> Page:
    """A redirect page whose answer can be handed over to nobody: the sign-in has not begun in this browser."""
    page = open_browser(PLAIN).new_page()
    page.goto(ANSWER)
    expect(page.locator("#status")).to_contain_text("close this window")
    return page


def received_by(page: Page) -> list[object]:
    """The messages that have reached a listening page, up to one that it sends itself now."""
    page.evaluate("() => window.postMessage('the last', '*')")
    page.wait_for_function("() => received.at(-1) === 'the last'")
    received: list[object] = page.evaluate("() => received.slice(0, -1)")
    return received


def test_an_opener_of_an_unlisted_origin_receives_nothing(internet: Internet, open_browser: OpenBrowser) -> None:
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(CROSS_SITE, LISTENING))

    with page.expect_popup() as redirect:
        page.evaluate("(address) => { window.open(address); }", ANSWER)
    wait_until_closed(redirect.value)

    assert received_by(page) == []


@pytest.mark.parametrize("name", ["", "SSOIframe"])
def test_a_parent_of_an_unlisted_origin_receives_nothing(
    internet: Internet, open_browser: OpenBrowser, name: str
) -> None:
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(CROSS_SITE, f'{LISTENING}<iframe name="{name}" src="{ANSWER}"></iframe>'))

    page.frames[1].wait_for_url(REDIRECT_URI)

    assert received_by(page) == []


@pytest.mark.parametrize("answer", [ANSWER, ANSWER.replace("?code=", "?error=access_denied&error_description=")])
def test_an_opener_of_the_hosts_own_origin_receives_the_answer_once_and_as_it_came(
    internet: Internet, open_browser: OpenBrowser, answer: str
) -> None:
    page = open_browser(PLAIN).new_page()
    page.goto(f"{BASE}/")
    page.evaluate("() => { received = []; onmessage = ({ data }) => received.push(data); }")

    with page.expect_popup() as redirect:
        page.evaluate("(address) => { window.open(address); }", answer)
    wait_until_closed(redirect.value)

    assert received_by(page) == [{"callbackUri": answer}]


def test_the_code_leaves_the_address_and_the_history(open_browser: OpenBrowser) -> None:
    login = left_alone(open_browser)

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


def test_an_answer_that_was_taken_from_storage_is_gone_from_there(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    internet.platform.severs_openers = True
    phone = open_phone(internet, open_browser, SAME_SITE)

    phone.wait_until_done(phone.open_login())

    [code] = internet.platform.codes
    assert phone.evaluate("phone.received") == ["storage"]
    assert code not in phone.evaluate("JSON.stringify(localStorage)")


def test_an_answer_that_nobody_took_is_gone_from_storage_with_its_window(
    open_browser: OpenBrowser,
) -> None:
    login = left_alone(open_browser)
    assert CODE in login.evaluate("() => JSON.stringify(localStorage)")

    login.goto(f"{BASE}/")

    assert CODE not in login.evaluate("() => JSON.stringify(localStorage)")


@pytest.mark.parametrize("code", ["unauthorized_client", "constructor", "title"])
def test_an_error_that_no_sentence_is_for_is_shown_as_it_came_as_text(open_browser: OpenBrowser, code: str) -> None:
    page = open_browser(PLAIN).new_page()

    page.goto(f"{REDIRECT_URI}?error={code}&error_description=%3Cb%3ENo%3C/b%3E&state=a-b-c")

    expect(page.locator("#status")).to_contain_text(f"<b>No</b> ({code})")


@pytest.mark.parametrize("query", ["", "?state=a-b-c", "?code="])
def test_a_visit_without_an_answer_is_told_what_to_do(open_browser: OpenBrowser, query: str) -> None:
    page = open_browser(PLAIN).new_page()

    page.goto(f"{REDIRECT_URI}{query}")

    expect(page.locator("#status")).to_contain_text("Close this window and sign in")


# Its look and its words


SENTENCES = json.loads(PUBLIC["texts.json"].read_text(encoding="utf-8"))
SPOKEN = {
    **{language: language for language in SENTENCES},
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


def test_it_speaks_the_language_of_the_browser_or_english(browsers: Browsers) -> None:
    for locale, language in SPOKEN.items():
        for page in opened_in(browsers, REDIRECT_URI, locale=locale):
            expect(page.locator("#status")).to_have_text(SENTENCES[language]["nothing"])
            expect(page).to_have_title(SENTENCES[language]["title"])
            assert page.evaluate("() => document.documentElement.lang") == language


def test_each_language_has_every_sentence_and_none_of_another() -> None:
    assert len(SENTENCES) == 12
    assert {tuple(spoken) for spoken in SENTENCES.values()} == {tuple(SENTENCES["en"])}
    assert {tuple(spoken["errors"]) for spoken in SENTENCES.values()} == {tuple(SENTENCES["en"]["errors"])}
    texts = [spoken[name] for spoken in SENTENCES.values() for name in OLD]
    texts += [text for spoken in SENTENCES.values() for text in spoken["errors"].values()]
    assert len(set(texts)) == len(texts)


def test_what_a_user_can_do_about_an_error_is_said_in_each_language(browsers: Browsers) -> None:
    for locale, spoken in SENTENCES.items():
        for page in opened_in(browsers, REDIRECT_URI, locale=locale):
            for code, sentence in spoken["errors"].items():
                page.goto(f"{REDIRECT_URI}?error={code}&error_description=Words+of+RingCentral&state=a")
                expect(page.locator("#status")).to_contain_text(f"{sentence} ({code}) {spoken['gone']}")


@pytest.mark.parametrize(
    ("code", "alike"),
    [
        ("temporarily_unavailable", "server_error"),
        ("interaction_required", "login_required"),
        ("consent_required", "login_required"),
    ],
)
def test_errors_that_ask_for_the_same_are_told_alike(open_browser: OpenBrowser, code: str, alike: str) -> None:
    page = open_browser(PLAIN).new_page()

    page.goto(f"{REDIRECT_URI}?error={code}&error_description=Words+of+RingCentral&state=a-b-c")

    expect(page.locator("#status")).to_contain_text(f"{SENTENCES['en']['errors'][alike]} ({code})")


def frame_of(internet: Internet, base: str) -> str:
    """A page with the redirect page in a frame, where it hands over and goes on to show its text."""
    return internet.page(SAME_SITE, f'<!doctype html><iframe src="{base}redirect.html?code=1&state=a-b"></iframe>')


LOOK = """
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
OLD = [name for name in SENTENCES["en"] if name != "errors"]  # the sentences that a team's own file must have
SWEDISH = {"sv": {name: f"sv {name}" for name in OLD}, "en": {name: f"own {name}" for name in OLD}}


def test_its_look_is_the_team_s_own_in_light_and_dark(internet: Internet, browsers: Browsers, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "pages").mkdir()
    (folder / "light.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "dark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' id='dark'/>")
    with hosts.own(internet, folder, LOOK):
        looks = {}
        for scheme in ("light", "dark"):
            for page in opened_in(browsers, frame_of(internet, f"https://{OWN}/"), color_scheme=scheme, locale="fr"):
                frame = page.frame_locator("iframe")
                expect(frame.locator("#status")).to_have_text("Einen Moment.")
                logo = base64.b64decode((frame.locator("#logo").get_attribute("src") or "").partition(",")[2])
                looks[scheme] = (
                    frame.locator("body").evaluate("body => getComputedStyle(body).color"),
                    frame.locator("body").evaluate("body => getComputedStyle(body).backgroundColor"),
                    b"dark" in logo,
                )
                assert frame.locator("title").evaluate("title => title.text") == "Anmeldung bei Acme"
                assert frame.locator("html").get_attribute("lang") == "de-CH"
        for page in opened_in(browsers, f"https://{OWN}/redirect.html", locale="fr"):
            expect(page.locator("#status")).to_have_text(SENTENCES["de"]["nothing"])

    assert looks == {
        "light": ("rgb(16, 32, 48)", "rgb(255, 255, 240)", False),
        "dark": ("rgb(240, 240, 255)", "rgb(1, 2, 3)", True),
    }


def test_colours_for_the_light_alone_hold_in_the_dark(internet: Internet, browsers: Browsers, tmp_path: Path) -> None:
    with hosts.own(internet, tmp_path / "own", 'redirect.color = "#102030"\n'):
        for page in opened_in(browsers, f"https://{OWN}/redirect.html", color_scheme="dark"):
            style = page.evaluate(
                "() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
            )

    assert style == ["rgb(16, 32, 48)", "rgb(255, 255, 255)"]


def test_the_sentences_can_be_a_team_s_own(internet: Internet, browsers: Browsers, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "texts.json").write_text(json.dumps(SWEDISH))
    with hosts.own(internet, tmp_path / "own", f'public_dir = "{tmp_path}/pages"\n'):
        for locale, text in {"sv-SE": "sv nothing", "de": "own nothing"}.items():
            for page in opened_in(browsers, f"https://{OWN}/redirect.html", locale=locale):
                expect(page.locator("#status")).to_have_text(text)


def test_a_team_s_own_sentences_tell_an_error_if_they_have_a_sentence_for_it(
    internet: Internet, browsers: Browsers, tmp_path: Path
) -> None:
    own = {"sv": SWEDISH["sv"] | {"errors": {"unauthorized_client": "sv sentence"}}, "en": SWEDISH["en"]}
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "texts.json").write_text(json.dumps(own))
    denied, without_words = "error=access_denied&error_description=No.&state=a", "error=access_denied&state=a"
    with hosts.own(internet, tmp_path / "own", f'public_dir = "{tmp_path}/pages"\n'):
        for query, locale, text in (
            ("error=unauthorized_client&error_description=No.&state=a", "sv", "sv sentence (unauthorized_client)"),
            (denied, "sv", "No. (access_denied)"),
            (denied, "en", "No. (access_denied)"),
            (without_words, "en", "own failed (access_denied)"),
        ):
            for page in opened_in(browsers, f"https://{OWN}/redirect.html?{query}", locale=locale):
                expect(page.locator("#status")).to_contain_text(text)


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_it_arrives_with_the_first_packets(coding: str, tmp_path: Path) -> None:
    page = build_site(Settings(data_dir=tmp_path)).assets["/redirect.html"]
    [size] = [body.size for body in page.bodies if body.coding == coding]
    assert size < FIRST_FLIGHT - HEADERS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no JSON", "Invalid JSON"),
        (json.dumps({"sv": SWEDISH["sv"]}), 'has no "en"'),
        (json.dumps({**SENTENCES, "fr": {"title": "Connexion"}}), "fr.text: Field required"),
        (json.dumps({**SENTENCES, "fr": SENTENCES["fr"] | {"done": 1}}), "fr.done: Input should be a valid string"),
        (json.dumps({**SENTENCES, "fr": SENTENCES["fr"] | {"errors": "Non"}}), "fr.errors: Input should be an object"),
    ],
    ids=["no JSON", "no English", "a sentence that lacks", "a sentence that is none", "no table of errors"],
)
def test_sentences_that_cannot_be_said_are_an_error_at_the_start(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "texts.json").write_text(text)

    with pytest.raises(SettingsError) as refused:
        build_site(Settings(public_dir=tmp_path, data_dir=tmp_path / "none"))

    assert f"{tmp_path}/texts.json " in str(refused.value)
    assert told in str(refused.value)


def test_it_loads_nothing_and_tells_nobody_where_it_was(internet: Internet, open_browser: OpenBrowser) -> None:
    context = open_browser(PLAIN)
    requests: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()

    page.goto(ANSWER, wait_until="load")
    expect(page.locator("#status")).to_contain_text("close this window")
    next_page = internet.page(SAME_SITE, "<!doctype html><title>next</title>")
    page.goto(next_page)

    assert requests == [ANSWER, next_page]
    assert page.evaluate("() => document.referrer") == ""


def test_no_code_is_in_the_hosts_log(internet: Internet, open_browser: OpenBrowser, hosted: Server) -> None:
    line = '"GET /redirect.html'
    lines_before = hosted.output.count(line)
    phone = open_phone(internet, open_browser, SAME_SITE)

    phone.wait_until_done(phone.open_login())
    wait_until(lambda: hosted.output.count(line) > lines_before, "the request is in the log")

    [code] = internet.platform.codes
    assert code not in hosted.output
