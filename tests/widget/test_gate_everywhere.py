"""The gate stands wherever a release is hosted: without the relay, with listed embedders, without cryptography, in an
export. The attacks are those of `test_gate.py`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext

from world import hosts
from world.attacker import Attacker, Victim, become_the_opener, post_to_the_app, post_to_the_crm
from world.browser_modes import PLAIN, OpenBrowser
from world.chromium import Window, browser
from world.exported import exported, plain_nginx
from world.host import add_release, configured
from world.hosts import CLIENT_ID
from world.internet import CROSS_SITE, EXPORT, HOST, OWN, Internet
from world.user import Phone

pytestmark = pytest.mark.usefixtures("hosted")

CLIENT = f'params.clientId = "{CLIENT_ID}"\n'
NO_CRYPTOGRAPHY = "Object.defineProperty(window, 'isSecureContext', { value: false });"  # as on http: pages


def own(settings: str) -> Callable[[Internet, Path], AbstractContextManager[str]]:
    @contextmanager
    def served(internet: Internet, folder: Path) -> Iterator[str]:
        with hosts.own(internet, folder, settings + CLIENT):
            yield f"https://{OWN}"

    return served


@contextmanager
def export(internet: Internet, folder: Path) -> Iterator[str]:
    host = configured(folder / "host", CLIENT)
    add_release(host)
    with plain_nginx(folder / "nginx", exported(host), internet.export_port):
        yield f"https://{EXPORT}"


@contextmanager
def hosted(internet: Internet, folder: Path) -> Iterator[str]:
    yield f"https://{HOST}"


PLACES: dict[str, Callable[[Internet, Path], AbstractContextManager[str]]] = {
    "without the relay": own("relay.enabled = false\n"),
    "with listed embedders": own(f'widget.embedders = ["https://{CROSS_SITE}"]\n'),
    "without cryptography": hosted,
    "in an export": export,
}


@pytest.fixture
def context(open_browser: OpenBrowser) -> BrowserContext:
    return open_browser(PLAIN)


@pytest.mark.parametrize("place", PLACES)
def test_no_attack_signs_a_user_in_wherever_a_release_is_hosted(
    internet: Internet, context: BrowserContext, tmp_path: Path, place: str
) -> None:
    if place == "without cryptography":
        context.add_init_script(NO_CRYPTOGRAPHY)
    with PLACES[place](internet, tmp_path) as base:
        post_to_the_crm(Attacker(internet, browser(context), base), CROSS_SITE)
        for attack in (post_to_the_app, become_the_opener):
            attack(Attacker(internet, browser(context), base))
        for link in ("app.html?jwt=j", "app.html#jwt=j", "app.html?authorizationCode=c&authorizationCodeVerifier=v"):
            window = Window(context.new_page())
            window.go(f"{base}/{link}")
            victim = Victim(window, "")
            victim.wait_until_ready()
            victim.wait_until_done()

    assert internet.platform.tokens == []


@pytest.mark.parametrize("place", PLACES)
def test_an_honest_user_signs_in_there(internet: Internet, context: BrowserContext, tmp_path: Path, place: str) -> None:
    if place == "without cryptography":
        context.add_init_script(NO_CRYPTOGRAPHY)
    with PLACES[place](internet, tmp_path) as base:
        page = context.new_page()
        page.goto(internet.page(CROSS_SITE, f'<!doctype html><body><script src="{base}/adapter.js"></script>'))
        phone = Phone(page)
        phone.wait_until_done(phone.open_login())
        phone.see("Signed in")

    assert [token.granted for token in internet.platform.tokens] == [True]


# Old snippets may name a redirect page of another host


def test_a_redirect_page_of_another_host_signs_in_with_a_warning(internet: Internet, context: BrowserContext) -> None:
    back = internet.page(
        CROSS_SITE, "<script>opener.postMessage({ callbackUri: location.href }, '*'); close()</script>"
    )
    warnings: list[str] = []
    context.on("console", lambda message: warnings.append(message.text))
    query = urlencode({"redirectUri": back})
    page = context.new_page()
    page.goto(internet.page(CROSS_SITE, f'<!doctype html><script src="https://{HOST}/adapter.js?{query}"></script>'))
    phone = Phone(page)

    phone.wait_until_done(phone.open_login())
    phone.see("Signed in")

    assert [token.granted for token in internet.platform.tokens] == [True]
    assert [text for text in warnings if text.startswith("Embeddable Host: redirectUri names a page of another host.")]
