"""The redirect page alone: to whom it hands the answer, and what becomes of the code."""

import pytest
from playwright.sync_api import Page, expect
from world.hosts import Host
from world.internet import CROSS_SITE, HOST, SAME_SITE, Internet, wait_until
from world.user import Phone, wait_until_closed
from world.weather import PLAIN, OpenBrowser

pytestmark = pytest.mark.usefixtures("hosted")

BASE = f"https://{HOST}"
REDIRECT_URI = f"{BASE}/redirect.html"
EMBEDDING = f'<!doctype html><body><script src="{BASE}/adapter.js"></script>'

# base64 of {"origin": "https://crm.acme.org"}: newer libraries write where to post to; anyone may write it.
CLAIM = "eyJvcmlnaW4iOiAiaHR0cHM6Ly9jcm0uYWNtZS5vcmcifQ=="
ANSWER = f"{REDIRECT_URI}?code=secret-code&state={CLAIM}-undefined-dXVpZA%253D%253D"

LISTENING = "<!doctype html><script>received = []; onmessage = ({ data }) => received.push(data);</script><body>"


def open_phone(internet: Internet, open_browser: OpenBrowser, site: str) -> Phone:
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(site, EMBEDDING))
    return Phone(page)


def left_alone(internet: Internet, open_browser: OpenBrowser) -> Page:
    """The window of a login that could be handed over to nobody."""
    internet.platform.severs_openers = True
    login = open_phone(internet, open_browser, CROSS_SITE).open_login()
    expect(login.locator("#status")).to_contain_text("close this window")
    return login


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


def test_an_opener_of_the_hosts_own_origin_receives_the_answer_once(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    page = open_browser(PLAIN).new_page()
    page.goto(f"{BASE}/")
    page.evaluate("() => { received = []; onmessage = ({ data }) => received.push(data); }")

    with page.expect_popup() as redirect:
        page.evaluate("(address) => { window.open(address); }", ANSWER)
    wait_until_closed(redirect.value)

    assert received_by(page) == [{"callbackUri": ANSWER}]


def test_the_code_leaves_the_address_and_the_history(internet: Internet, open_browser: OpenBrowser) -> None:
    login = left_alone(internet, open_browser)

    session = login.context.new_cdp_session(login)
    history = [entry["url"] for entry in session.send("Page.getNavigationHistory")["entries"]]

    [code] = internet.platform.codes
    assert login.url == REDIRECT_URI
    assert history[-1] == REDIRECT_URI
    assert not [address for address in history if code in address]


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
    phone.be_quiet()

    assert len(phone.ask("phone.heard")) == 1
    assert len(internet.platform.tokens) == 1


def test_an_answer_that_was_taken_from_storage_is_gone_from_there(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    internet.platform.severs_openers = True
    phone = open_phone(internet, open_browser, SAME_SITE)

    phone.settle(phone.open_login())

    [code] = internet.platform.codes
    assert phone.ask("phone.heard") == ["storage"]
    assert code not in phone.ask("JSON.stringify(localStorage)")


def test_an_answer_that_nobody_took_is_gone_from_storage_with_its_window(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    login = left_alone(internet, open_browser)
    [code] = internet.platform.codes
    assert code in login.evaluate("() => JSON.stringify(localStorage)")

    login.goto(f"{BASE}/")

    assert code not in login.evaluate("() => JSON.stringify(localStorage)")


def test_the_reason_of_a_denial_is_shown_as_text(open_browser: OpenBrowser) -> None:
    page = open_browser(PLAIN).new_page()

    page.goto(f"{REDIRECT_URI}?error=access_denied&error_description=%3Cb%3ENo%3C/b%3E&state=a-b-c")

    expect(page.locator("#status")).to_contain_text("<b>No</b> (access_denied)")


@pytest.mark.parametrize("query", ["", "?state=a-b-c", "?code="])
def test_a_visit_without_an_answer_is_told_what_to_do(open_browser: OpenBrowser, query: str) -> None:
    page = open_browser(PLAIN).new_page()

    page.goto(f"{REDIRECT_URI}{query}")

    expect(page.locator("#status")).to_contain_text("Close this window and sign in")


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


def test_no_code_is_in_the_hosts_log(internet: Internet, open_browser: OpenBrowser, hosted: Host) -> None:
    line = '"GET /redirect.html'
    lines_before = hosted.log.count(line)
    phone = open_phone(internet, open_browser, SAME_SITE)

    phone.settle(phone.open_login())
    wait_until(lambda: hosted.log.count(line) > lines_before, "the request is in the log")

    [code] = internet.platform.codes
    assert code not in hosted.log
