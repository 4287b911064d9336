"""Somebody who wants a user's phone signed in to an account of their own, in any engine.

They have a code of their own with its verifier, and a JWT. They can send links, and have pages of another origin, which
open windows, move them on and post to them.
"""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from world.engines import Browser, Window, shows, wait_for
from world.internet import EVIL, Internet
from world.timeouts import wait_until
from world.user import ADAPTER_FRAME

CODE = {"code": "attackers-code", "code_verifier": "attackers-verifier"}
JWT = {"jwt": "attackers-jwt"}

PRIZE = '<!doctype html><title>A prize</title><button onclick="opened = window.open(address)">Take it</button>'


@dataclass(frozen=True)
class Victim:
    """The phone in a window that the attacker has opened; `frame` is the selector of the app's frame."""

    window: Window
    frame: str

    def wait_until_ready(self) -> None:
        """Waits until the app can sign in, and counts from then on what the gate refuses."""
        wait_for(self.window, "document.getElementById('signIn') !== null", self.frame)
        self.window.evaluate("(window.refused = [], console.warn = (text) => refused.push(text), 1)", self.frame)

    def press_sign_in(self) -> None:
        self.window.press("#signIn", self.frame)

    def see(self, status: str) -> None:
        wait_for(self.window, shows(status), self.frame)

    @property
    def refused(self) -> list[str]:
        """What the console says of the callbacks that did not reach the app."""
        texts: list[str] = self.window.evaluate("refused", self.frame)
        return texts

    def wait_until_done(self) -> None:
        """Waits until nothing more can be under way from the app."""
        self.window.evaluate(
            "fetch(location.href, { cache: 'no-store' }).then((response) => response.status)", self.frame
        )


@dataclass(frozen=True)
class Attacker:
    internet: Internet
    browser: Browser
    base: str  # the host's address

    def callback(self, **parameters: str) -> str:
        return f"{self.base}/redirect.html?{urlencode(parameters)}"

    def lure(self, address: str) -> Window:
        """The window that the attacker's page opens for `address` when the user presses its button."""
        window = self.browser.window
        window.go(self.internet.page(EVIL, PRIZE))
        return self.press_for(window, address)

    def press_for(self, window: Window, address: str, frame: str = "") -> Window:
        before = self.browser.windows()
        window.evaluate(f"(window.address = {json.dumps(address)}, 1)", frame)
        window.press("button", frame)
        wait_until(lambda: len(self.browser.windows()) > len(before), "the attacker's window is there")
        [opened] = [one for one in self.browser.windows() if one not in before]
        return opened

    def open_crm(self, site: str) -> Victim:
        """A team's page with the phone in it, in a window that the attacker's page has opened."""
        crm = f'<!doctype html><body><script src="{self.base}/adapter.js"></script>'
        victim = Victim(self.lure(self.internet.page(site, crm)), ADAPTER_FRAME)
        victim.wait_until_ready()
        return victim

    def post(self, receiver: str, *messages: object) -> None:
        """Posts from the attacker's page to `receiver`, such as "opened.frames[0]"."""
        self.browser.window.evaluate(f"({json.dumps(messages)}.forEach((one) => {receiver}.postMessage(one, '*')), 1)")

    def forged_messages(self) -> list[object]:
        return [
            {"callbackUri": self.callback(**CODE)},
            {"callbackUri": self.callback(**CODE), "type": "rc-adapter-authorization-code"},
            {"callbackUri": self.callback(**JWT)},
            {"callbackUri": f"https://{EVIL}/?{urlencode(CODE)}"},
            {"callbackUri": f"?{urlencode(CODE)}"},
        ]

    def wait_for_effect(self, victim: Victim, count: int) -> None:
        """Waits until so many callbacks were either refused or used for a token request."""
        tokens = self.internet.platform.tokens
        wait_until(lambda: len(victim.refused) + len(tokens) >= count, f"{count} callbacks have come")
        victim.wait_until_done()


# What an attacker's page does; each returns how many token requests it is after.


def post_to_the_crm(attacker: Attacker, site: str) -> int:
    """It opens the page that has the phone, and posts callbacks to the phone's frame."""
    victim = attacker.open_crm(site)
    messages = attacker.forged_messages()
    attacker.post("opened.frames[0]", *messages)
    attacker.wait_for_effect(victim, len(messages))
    return len(messages)


def post_to_the_app(attacker: Attacker) -> int:
    """It opens app.html, and posts callbacks to it."""
    victim = Victim(attacker.lure(f"{attacker.base}/app.html"), "")
    victim.wait_until_ready()
    messages = attacker.forged_messages()
    attacker.post("opened", *messages)
    attacker.wait_for_effect(victim, len(messages))
    return len(messages)


def become_the_opener(attacker: Attacker) -> int:
    """Its tab opens a popup and goes on to app.html; so the redirect page in the popup has the app as its opener."""
    popup = attacker.lure(attacker.internet.page(EVIL, "<!doctype html>"))
    victim = Victim(attacker.browser.window, "")
    victim.window.evaluate(f"(location.href = '{attacker.base}/app.html', 1)")
    victim.wait_until_ready()
    popup.evaluate(f"(location.href = {json.dumps(attacker.callback(**CODE, state='x-y'))}, 1)")
    attacker.wait_for_effect(victim, 1)
    return 1


def become_the_opener_in_a_frame(attacker: Attacker) -> int:
    """The same from a frame of its page."""
    inner = attacker.internet.page(EVIL, PRIZE)
    attacker.browser.window.go(attacker.internet.page(EVIL, f'<!doctype html><iframe src="{inner}"></iframe>'))
    wait_for(attacker.browser.window, "document.querySelector('button') !== null", "iframe")
    popup = attacker.press_for(attacker.browser.window, attacker.internet.page(EVIL, "<!doctype html>"), "iframe")
    victim = Victim(attacker.browser.window, "iframe")
    attacker.browser.window.evaluate(f"(frames[0].location = '{attacker.base}/app.html', 1)")
    victim.wait_until_ready()
    popup.evaluate(f"(location.href = {json.dumps(attacker.callback(**CODE, state='x-y'))}, 1)")
    attacker.wait_for_effect(victim, 1)
    return 1
