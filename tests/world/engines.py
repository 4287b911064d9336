"""Engines other than Chromium, behind one interface: a browser has windows, a window shows a page.

Playwright drives Chromium (`browser_modes`, `user`). Of Firefox and WebKit it drives only builds of its own; these are
the ones that users have. `firefox` and `webkit` speak the W3C's protocols for browsers.
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
    """The browser cannot carry out a command: the page, the frame or the element is not there, or not yet."""


class Window(Protocol):
    """A window or tab. `frame` is the selector of a frame in its page; empty for the page itself."""

    def go(self, address: str) -> None:
        """Goes to an address; returns when the document has been parsed."""

    def evaluate(self, expression: str, frame: str = "") -> Any:
        """The value of a JavaScript expression, as in JSON; a promise is awaited."""

    def press(self, selector: str, frame: str = "") -> None:
        """Clicks on an element with the mouse."""


class Browser(Protocol):
    """A new user's browser; `window` is its first window."""

    @property
    def window(self) -> Window: ...

    def windows(self) -> list[Window]:
        """All windows that are open now."""

    def console_of(self, address: str) -> list[str]:
        """The errors in the console after a page has loaded, in a browser of the same kind."""


class Engine(Protocol):
    def browser(self, language: str = ENGLISH) -> AbstractContextManager[Browser]:
        """The browser of a new user with this language (BCP 47)."""


OpenEngine = Callable[..., Browser]  # arguments: the engine's name, and optionally a `language`


@dataclass(frozen=True)
class Phone:
    """The widget in a page, like `world.user.Phone`; `frame` is the selector of the app's frame."""

    browser: Browser
    frame: str = ADAPTER_FRAME

    def press_sign_in(self) -> None:
        wait_for(self.browser.window, "document.getElementById('signIn') !== null", self.frame)
        self.browser.window.press("#signIn", self.frame)

    def see(self, status: str) -> None:
        """Waits until the app shows `status`."""
        wait_for(self.browser.window, shows(status), self.frame)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the app's frame."""
        return self.browser.window.evaluate(expression, self.frame)

    def login(self) -> Window:
        """The login window, as soon as it is there; one that closes quickly may be missed."""
        wait_until(lambda: len(self.browser.windows()) > 1, "a second window is open")
        [login] = [window for window in self.browser.windows() if window != self.browser.window]
        return login

    def wait_until_done(self) -> None:
        """Waits until the login window is closed and everything that it may have sent has arrived."""
        wait_until(lambda: len(self.browser.windows()) == 1, "only the phone's window is open")
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Waits until nothing more can reach the app, like `world.user.Phone`."""
        wait_for(self.browser.window, "!phone.polling", self.frame)
        self.evaluate("fetch(location.href, { cache: 'no-store' }).then((response) => response.status)")


def shows(text: str, selector: str = "#status") -> str:
    """A JavaScript expression: whether an element contains this text."""
    return f"document.querySelector({json.dumps(selector)})?.textContent.includes({json.dumps(text)})"


def wait_for(window: Window, expression: str, frame: str = "") -> None:
    """Waits until a JavaScript expression is true in a page, which may not have loaded yet."""

    def holds() -> bool:
        with contextlib.suppress(EngineError):
            return bool(window.evaluate(expression, frame))
        return False

    wait_until(holds, expression)


def command(name: str, package: str) -> str:
    found = shutil.which(name)
    assert found, f"the browser tests need {name}: apt install {package}"
    return found
