"""The adapter knows its address from its own script element or from `public_url`, and never guesses it.

A page can load it in ways that tell a script nothing about where it came from. Then other scripts of the page, and the
page's own address, must not be taken for the adapter's.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route

from world import hosts
from world.browser_modes import PLAIN, OpenBrowser
from world.host import Server
from world.hosts import CLIENT_ID
from world.internet import CROSS_SITE, HOST, OWN, PREFIXED, Internet
from world.user import Phone

# Its name contains the adapter's, and it is the first in the page; its query is not meant for the phone.
OTHER = '<script src="/lib/webrtc-adapter.js?clientId=somebody-else&disableCall=1"></script>'
QUERY = "?clientId=the-page-s-own&disableMessages=1"  # of the customer's page

# How a page loads the adapter at {url}; the last two work only in a page of the same origin, or with CORS.
LOADERS = {
    "as a module": '<script type="module" src="{url}"></script>',
    "by import()": '<script>import("{url}")</script>',
    "by import() in a module": '<script type="module">await import("{url}")</script>',
    "by eval": '<script>fetch("{url}").then((response) => response.text()).then(eval)</script>',
    "by a function": (
        '<script>fetch("{url}").then((response) => response.text()).then((text) => Function(text)())</script>'
    ),
    "by jQuery": """<script>fetch("{url}").then((response) => response.text()).then((text) => {{
        document.head.appendChild(Object.assign(document.createElement("script"), {{ text }})).remove();
    }})</script>""",
}


@pytest.fixture(scope="module")
def with_public_url(world: Internet, hosted: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    settings = f'public_url = "https://{OWN}/"\nparams.clientId = "{CLIENT_ID}"\nparams.enableSMSTemplate = true\n'
    with hosts.own(world, tmp_path_factory.mktemp("public-url"), settings):
        yield


@pytest.fixture
def context(open_browser: OpenBrowser) -> BrowserContext:
    return open_browser(PLAIN)


def open_page(internet: Internet, context: BrowserContext, html: str) -> tuple[Page, list[str]]:
    """A customer's page, and the errors in its console."""
    page, errors = context.new_page(), []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def other(route: Route) -> None:
        route.fulfill(body="window.otherRan = true;", content_type="text/javascript")

    page.on("console", note)
    page.route("**/webrtc-adapter.js*", other)
    page.goto(internet.page(CROSS_SITE, f"<!doctype html><body>{OTHER}{html}") + QUERY)
    assert page.evaluate("() => window.otherRan")
    return page, errors


@pytest.mark.usefixtures("with_public_url")
@pytest.mark.parametrize("loader", LOADERS)
def test_with_a_public_url_the_phone_starts_with_the_team_s_settings(
    internet: Internet, context: BrowserContext, loader: str
) -> None:
    html = f"{LOADERS[loader].format(url=f'https://{OWN}/adapter.js')}"
    page, errors = open_page(internet, context, html)

    phone = Phone(page)
    phone.wait_for("phone.texts.signIn")

    parameters = phone.evaluate("phone.parameters")
    assert parameters["clientId"] == CLIENT_ID
    assert parameters["enableSMSTemplate"] == "1"
    assert parameters["redirectUri"] == f"https://{OWN}/redirect.html"
    assert {"disableCall", "disableMessages"}.isdisjoint(parameters)
    assert errors == []


@pytest.mark.usefixtures("hosted")
@pytest.mark.parametrize("loader", LOADERS)
def test_without_one_a_sentence_says_what_to_do_and_no_phone_starts(
    internet: Internet, context: BrowserContext, loader: str
) -> None:
    html = f"{LOADERS[loader].format(url=f'https://{HOST}/adapter.js')}"
    with context.expect_event("console", lambda message: message.type == "error"):
        page, errors = open_page(internet, context, html)

    [error] = errors
    assert re.fullmatch(r"Embeddable Host: adapter\.js was loaded without .*\. Load it .* public_url .*\.", error)
    assert page.evaluate("() => window.RCAdapter === undefined")
    assert page.locator("iframe").count() == 0


@pytest.mark.usefixtures("hosted")
def test_a_page_beside_the_host_is_not_taken_for_it(context: BrowserContext) -> None:
    """`$.getScript("/phone/adapter.js")` on `/crm/` of the same origin."""
    page = context.new_page()
    page.goto(f"https://{PREFIXED}/crm/{QUERY}")  # whatever stands there

    with page.expect_console_message(lambda message: message.text.startswith("Embeddable Host: ")) as message:
        page.evaluate(
            "(html) => document.body.append(document.createRange().createContextualFragment(html))",
            LOADERS["by jQuery"].format(url="/phone/adapter.js"),
        )

    assert "public_url" in message.value.text
    assert page.locator("iframe").count() == 0


@pytest.mark.usefixtures("hosted")
def test_a_script_element_tells_the_adapter_its_address_whatever_else_the_page_has(
    internet: Internet, context: BrowserContext
) -> None:
    html = f'<script src="https://{HOST}/adapter.js?disableGlip=false"></script>'
    page, errors = open_page(internet, context, html)

    phone = Phone(page)
    phone.wait_for("phone.texts.signIn")

    parameters = phone.evaluate("phone.parameters")
    assert (parameters["clientId"], parameters["disableGlip"]) == (CLIENT_ID, "false")
    assert {"disableCall", "disableMessages"}.isdisjoint(parameters)
    assert errors == []


@pytest.mark.usefixtures("hosted")
def test_a_page_that_starts_the_phone_itself_reads_the_same_sentence(
    internet: Internet, context: BrowserContext
) -> None:
    manual = "<script>window.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT = true;</script>"
    html = f"{manual}{LOADERS['by eval'].format(url=f'https://{HOST}/adapter.js')}"
    page, errors = open_page(internet, context, html)
    page.wait_for_function("() => window.RCAdapterInit")

    page.evaluate("() => RCAdapterInit()")

    assert len(errors) == 1
    assert page.evaluate("() => window.RCAdapter === undefined")
