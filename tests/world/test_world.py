"""The stand-in widget behaves in each browser mode like the real one, without this host (docs/widget.md)."""

import pytest
from playwright.sync_api import BrowserContext, Error, expect

from world.browser_modes import INCOGNITO, PLAIN, STORAGE_DENIED, BrowserMode, OpenBrowser
from world.internet import CDN, CDN_FOLDER, COPY, CROSS_SITE, SAME_SITE, Internet
from world.refusals import ERRORS, in_page
from world.user import ADAPTER_FRAME, IFRAME, Phone

COPY_BASE = f"https://{COPY}"
CDN_BASE = f"https://{CDN[0]}{CDN_FOLDER}".rstrip("/")
SITES = (SAME_SITE, CROSS_SITE)


def adapter(base: str, redirect_uri: str) -> str:
    source = f"{base}/adapter.js?clientId=c&redirectUri={redirect_uri}"
    return f'<!doctype html><body><script src="{source}"></script>'


def iframe(base: str, redirect_uri: str) -> str:
    source = f"{base}/app.html?clientId=c&redirectUri={redirect_uri}"
    return f'<!doctype html><iframe id="rc-widget" width="300" height="500" src="{source}"></iframe>'


WAYS = {
    "the CDN": (adapter(CDN_BASE, f"{CDN_BASE}/redirect.html"), ADAPTER_FRAME),
    "a copy, adapter": (adapter(COPY_BASE, f"{COPY_BASE}/redirect.html"), ADAPTER_FRAME),
    "a copy, iframe": (iframe(COPY_BASE, f"{COPY_BASE}/redirect.html"), IFRAME),
}

# Where storage is denied, only a frame of the page's own site has some.
STARTS = {
    (way, site, mode): mode is not STORAGE_DENIED or (way, site) == ("a copy, iframe", SAME_SITE)
    for way in WAYS
    for site in SITES
    for mode in BrowserMode
}
CELLS = [cell for cell, starts in STARTS.items() if starts]
DEAD_CELLS = [cell for cell, starts in STARTS.items() if not starts]


def open_phone(context: BrowserContext, internet: Internet, way: str, site: str) -> Phone:
    html, frame = WAYS[way]
    page = context.new_page()
    page.goto(internet.page(site, html))
    return Phone(page, frame)


@pytest.mark.parametrize(("way", "site", "mode"), CELLS)
def test_a_copy_signs_in_once(
    internet: Internet, open_browser: OpenBrowser, way: str, site: str, mode: BrowserMode
) -> None:
    phone = open_phone(open_browser(mode), internet, way, site)

    login = phone.open_login()
    phone.see("Signed in")
    phone.wait_until_done(login)

    assert [token.granted for token in internet.platform.tokens] == [True]


def test_a_login_page_on_another_host_signs_in(internet: Internet, open_browser: OpenBrowser) -> None:
    internet.platform.has_login_host = True
    phone = open_phone(open_browser(PLAIN), internet, "a copy, iframe", SAME_SITE)

    phone.wait_until_done(phone.open_login())

    assert [token.granted for token in internet.platform.tokens] == [True]


@pytest.mark.parametrize("code", ERRORS)
def test_the_window_shows_the_page_of_a_refusal(internet: Internet, open_browser: OpenBrowser, code: str) -> None:
    internet.platform.refusal = in_page(code)
    phone = open_phone(open_browser(PLAIN), internet, "a copy, iframe", SAME_SITE)

    login = phone.open_login()

    expect(login.locator("body")).to_contain_text(code)
    assert internet.platform.tokens == []


@pytest.mark.parametrize(("way", "site", "mode"), CELLS)
def test_a_copy_never_signs_in_when_the_opener_is_severed(
    internet: Internet, open_browser: OpenBrowser, way: str, site: str, mode: BrowserMode
) -> None:
    internet.platform.severs_openers = True
    phone = open_phone(open_browser(mode), internet, way, site)

    login = phone.open_login()
    login.wait_for_function("() => Object.keys(localStorage).some((key) => key.endsWith('-redirect-callbackUri'))")
    phone.wait_for("!phone.polling")

    assert login.evaluate("() => window.opener") is None
    assert phone.evaluate("phone.received") == []
    assert internet.platform.tokens == []


@pytest.mark.parametrize(("way", "site", "mode"), DEAD_CELLS)
def test_a_copy_does_not_start_where_storage_is_denied(
    internet: Internet, open_browser: OpenBrowser, way: str, site: str, mode: BrowserMode
) -> None:
    context = open_browser(mode)
    with context.expect_event("weberror") as failure:
        phone = open_phone(context, internet, way, site)

    assert failure.value.error.name == "SecurityError"
    assert phone.page.frame_locator(phone.frame).locator("#appLoading").is_visible()


def test_a_redirect_page_like_the_one_in_the_widgets_documentation_signs_in(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    message = "{ callbackUri: window.location.href }"
    script = f"window.opener.postMessage({message}, 'https://{CDN[0]}'); window.close();"
    redirect_uri = internet.page(SAME_SITE, f"<!doctype html><script>{script}</script>")
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(SAME_SITE, adapter(CDN_BASE, redirect_uri)))
    phone = Phone(page)

    phone.wait_until_done(phone.open_login())

    assert phone.evaluate("phone.received") == ["message"]
    assert [token.redirect_uri for token in internet.platform.tokens] == [redirect_uri]


def marks_read_by_a_frame(context: BrowserContext, internet: Internet) -> list[str | None]:
    """What a page reads from its storage: framed by a page of its site, by one of another site, and alone.

    Each time it then writes the name of the page that it is in.
    """
    frame = internet.page(SAME_SITE, "<!doctype html><title>frame</title>")
    framing = f'<!doctype html><iframe src="{frame}"></iframe>'
    found = []
    for address in (internet.page(SAME_SITE, framing), internet.page(CROSS_SITE, framing), frame):
        page = context.new_page()
        page.goto(address)
        body = page.locator("body") if address == frame else page.frame_locator("iframe").locator("body")
        found.append(body.evaluate("() => localStorage.getItem('mark')"))
        body.evaluate("(_, mark) => localStorage.setItem('mark', mark)", address)
    return [mark and mark.split("/")[2] for mark in found]


@pytest.mark.parametrize("mode", [PLAIN, INCOGNITO])
def test_storage_is_partitioned_by_the_site_of_the_page(
    internet: Internet, open_browser: OpenBrowser, mode: BrowserMode
) -> None:
    assert marks_read_by_a_frame(open_browser(mode), internet) == [None, None, SAME_SITE]


@pytest.mark.parametrize(
    ("mode", "allowed"),
    [(PLAIN, True), (INCOGNITO, False), (STORAGE_DENIED, False)],
    ids=str,
)
def test_third_party_cookies_are_allowed_only_in_the_plain_mode(
    internet: Internet, open_browser: OpenBrowser, mode: BrowserMode, allowed: bool
) -> None:
    frame = internet.page(SAME_SITE, "<!doctype html><title>frame</title>")
    page = open_browser(mode).new_page()
    page.goto(internet.page(CROSS_SITE, f'<!doctype html><iframe src="{frame}"></iframe>'))
    body = page.frame_locator("iframe").locator("body")

    body.evaluate("() => { document.cookie = 'mark=here; SameSite=None; Secure'; }")

    assert (body.evaluate("() => document.cookie") == "mark=here") is allowed


def test_the_browser_resolves_no_other_name(internet: Internet, open_browser: OpenBrowser) -> None:
    page = open_browser(PLAIN).new_page()

    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("https://www.ringcentral.com/")
