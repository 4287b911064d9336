"""Engines other than Chromium, in words that hold in each of them: a browser has windows, a window shows a page.

Chromium is Playwright's (`mode`, `user`). Playwright drives only builds of Firefox and WebKit that it has made
itself; these are the ones that users have. `firefox` and `webkit` speak the W3C's protocols for browsers.
"""

import contextlib
import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from world.timeouts import wait_until
from world.user import ADAPTER_FRAME

ENGINES = ("firefox", "webkit")
ENGLISH = "en-US"


class EngineError(Exception):
    """The browser cannot do what it was asked to: the page, the frame or the element is not there, or not yet."""


class Window(Protocol):
    """A window or tab. `frame` is the selector of a frame in its page; without one, the page itself is meant."""

    def go(self, address: str) -> None:
        """Goes to an address; returns when the page is there, whatever it still loads."""

    def ask(self, expression: str, frame: str = "") -> Any:
        """The value of a JavaScript expression, as JSON has it; a promise is waited for."""

    def press(self, selector: str, frame: str = "") -> None:
        """Clicks with the mouse on an element, as a user does."""


class Browser(Protocol):
    """One user's browser, as new; `window` is the one it has at first."""

    @property
    def window(self) -> Window: ...

    def windows(self) -> list[Window]:
        """All that are open now."""

    def console_of(self, address: str) -> list[str]:
        """The errors in the console when a page has been opened and loaded, in a browser of the same kind."""


class Engine(Protocol):
    def browser(self, language: str = ENGLISH) -> AbstractContextManager[Browser]:
        """A new user's browser, who reads this language (BCP 47)."""


OpenEngine = Callable[..., Browser]  # the engine's name, and perhaps a `language`


@dataclass(frozen=True)
class Phone:
    """The widget in a page, as `world.user.Phone`; `frame` is the selector of the app's frame."""

    browser: Browser
    frame: str = ADAPTER_FRAME

    def press_sign_in(self) -> None:
        wait_for(self.browser.window, "document.getElementById('signIn') !== null", self.frame)
        self.browser.window.press("#signIn", self.frame)

    def see(self, status: str) -> None:
        """Waits until the app shows `status`."""
        wait_for(self.browser.window, shows(status), self.frame)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the app's frame."""
        return self.browser.window.ask(expression, self.frame)

    def login(self) -> Window:
        """The login's window, as soon as it is there; one that closes by itself may be missed."""
        wait_until(lambda: len(self.browser.windows()) > 1, "there is a window beside the phone's")
        [login] = [window for window in self.browser.windows() if window != self.browser.window]
        return login

    def settle(self) -> None:
        """Waits until the login's window is gone and all it may have sent has arrived."""
        wait_until(lambda: len(self.browser.windows()) == 1, "there is the phone's window alone")
        self.be_quiet()

    def be_quiet(self) -> None:
        """Waits until nothing more can reach the app, as `world.user.Phone` does."""
        wait_for(self.browser.window, "!phone.polling", self.frame)
        self.ask("fetch(location.href, { cache: 'no-store' }).then((response) => response.status)")


def shows(text: str, selector: str = "#status") -> str:
    """A JavaScript expression: whether an element has this text in it."""
    return f"document.querySelector({json.dumps(selector)})?.textContent.includes({json.dumps(text)})"


def wait_for(window: Window, expression: str, frame: str = "") -> None:
    """Waits until a JavaScript expression holds in a page, which may still have to come."""

    def holds() -> bool:
        with contextlib.suppress(EngineError):
            return bool(window.ask(expression, frame))
        return False

    wait_until(holds, expression)


def command(name: str, package: str) -> str:
    found = shutil.which(name)
    assert found, f"the browser tests need {name}: apt install {package}"
    return found
