"""Attacks that end in a sign-in that nobody here began: by links, by messages, and by windows of an attacker's.

The stand-in app is as careless as the widget: it checks neither the state nor the sender of a callback, and takes a
verifier and a JWT from it. Each attack is tried twice: on the host, where it causes no token request, and on the same
host with the gate taken out, where it does.
"""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from embeddable_host.releases.store import current
from world.attacker import (
    Attacker,
    Victim,
    become_the_opener,
    become_the_opener_in_a_frame,
    post_to_the_app,
    post_to_the_crm,
)
from world.engines import Browser, wait_for
from world.internet import CROSS_SITE, EVIL, HOST, OWN, PLATFORMS, Internet
from world.timeouts import wait_until
from world.user import ADAPTER_FRAME

pytestmark = pytest.mark.usefixtures("hosted")

GATED, UNGATED = f"https://{HOST}", f"https://{OWN}"
OpenAny = Callable[[], Browser]

CREDENTIALS = (
    {"authorizationCode": "attackers-code", "authorizationCodeVerifier": "attackers-verifier"},
    {"authorizationCode": "attackers-code"},
    {"jwt": "attackers-jwt"},
)


def links(base: str, internet: Internet) -> list[tuple[str, str]]:
    """Addresses with credentials in them, each with the selector of the app's frame."""
    release = current(internet.folder / "hosted" / "var" / "releases")
    app, popup = ("app.html", ""), ("popup.html", ADAPTER_FRAME)
    released = (f"widget/{release}/app.html", "")
    found = []
    for number, credentials in enumerate(CREDENTIALS):
        query = urlencode(credentials)
        own = urlencode({"clientId": "c", "redirectUri": f"{base}/redirect.html"})
        # A query of its own for each: a fragment that changes does not load a page anew.
        found += [(f"{base}/{page}?{own}&{query}&n={number}", frame) for page, frame in (app, popup, released)]
        found += [(f"{base}/{page}?{own}&n={number}#{query}", frame) for page, frame in (app, released)]
        found += [(f"{base}/{page}?{own}&n={number}#/dialer&{query}", frame) for page, frame in (app, released)]
    return found


def follow(browser: Browser, address: str, frame: str) -> Victim:
    browser.window.go(address)
    victim = Victim(browser.window, frame)
    victim.wait_until_ready()
    victim.wait_until_done()
    return victim


def test_no_link_signs_a_user_in(internet: Internet, open_any: OpenAny) -> None:
    browser = open_any()
    for address, frame in links(GATED, internet):
        follow(browser, address, frame)
        assert internet.platform.tokens == [], address


@pytest.mark.usefixtures("ungated")
def test_without_the_gate_each_link_causes_a_token_request(internet: Internet, open_any: OpenAny) -> None:
    browser, tokens = open_any(), internet.platform.tokens
    for address, frame in links(UNGATED, internet):
        follow(browser, address, frame)
        wait_until(lambda: len(tokens) > 0, f"a token is requested after {address}")
        tokens.clear()


ATTACKS: dict[str, Callable[[Attacker], int]] = {
    "messages to the phone in a page": lambda attacker: post_to_the_crm(attacker, CROSS_SITE),
    "messages to app.html": post_to_the_app,
    "a tab that becomes the redirect page's opener": become_the_opener,
    "a frame that becomes the redirect page's opener": become_the_opener_in_a_frame,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_page_signs_a_user_in(internet: Internet, open_any: OpenAny, name: str) -> None:
    ATTACKS[name](Attacker(internet, open_any(), GATED))

    assert internet.platform.tokens == []


@pytest.mark.usefixtures("ungated")
@pytest.mark.parametrize("name", ATTACKS)
def test_without_the_gate_each_page_causes_token_requests(internet: Internet, open_any: OpenAny, name: str) -> None:
    count = ATTACKS[name](Attacker(internet, open_any(), UNGATED))

    assert len(internet.platform.tokens) == count


def sign_in_severed_with_a_message_meanwhile(attacker: Attacker) -> Victim:
    platform = attacker.internet.platform
    platform.severs_openers = platform.waits_for_users = True
    victim = attacker.open_crm(CROSS_SITE)
    before = attacker.browser.windows()
    victim.press_sign_in()
    wait_until(lambda: len(attacker.browser.windows()) > len(before), "the login is there")
    [login] = [one for one in attacker.browser.windows() if one not in before]
    wait_for(login, "document.querySelector('a') !== null")
    attacker.post("opened.frames[0]", {"callbackUri": "x"})
    victim.wait_until_done()
    login.press("a")
    wait_until(lambda: len(attacker.browser.windows()) == len(before), "the login's window is gone")
    return victim


def test_a_message_during_a_severed_sign_in_ends_nothing(internet: Internet, open_any: OpenAny) -> None:
    victim = sign_in_severed_with_a_message_meanwhile(Attacker(internet, open_any(), GATED))

    victim.see("Signed in")
    assert [token.granted for token in internet.platform.tokens] == [True]
    assert len(victim.refused) == 1


@pytest.mark.usefixtures("ungated")
def test_without_the_gate_a_message_ends_a_severed_sign_in(internet: Internet, open_any: OpenAny) -> None:
    victim = sign_in_severed_with_a_message_meanwhile(Attacker(internet, open_any(), UNGATED))

    victim.wait_until_done()
    assert internet.platform.tokens == []


@pytest.mark.parametrize("name", ["appServer", "appServer, in the fragment", "discoverAppServer"])
def test_no_link_sends_a_sign_in_to_another_server(internet: Internet, open_any: OpenAny, name: str) -> None:
    victim, authorized = sign_in_by_a_link_that_names_a_server(internet, open_any(), GATED, name)

    victim.see("Signed in")
    assert authorized.startswith(f"https://{PLATFORMS[0]}/")
    assert [token.granted for token in internet.platform.tokens] == [True]


@pytest.mark.usefixtures("ungated")
def test_without_the_gate_a_link_sends_a_sign_in_to_another_server(internet: Internet, open_any: OpenAny) -> None:
    _, authorized = sign_in_by_a_link_that_names_a_server(internet, open_any(), UNGATED, "appServer")

    assert authorized.startswith(f"https://{EVIL}/")


def sign_in_by_a_link_that_names_a_server(
    internet: Internet, browser: Browser, base: str, name: str
) -> tuple[Victim, str]:
    """The phone, and the address that its sign-in window was sent to."""
    parameter, _, place = name.partition(", ")
    query = f"{parameter}=https://{EVIL}"
    victim = follow(browser, f"{base}/app.html{'#' if place else '?'}{query}", "")
    victim.press_sign_in()
    wait_until(lambda: bool(internet.platform.authorized), "the login is there")
    return victim, internet.platform.authorized[0]
