"""What a user does with the phone, and what can be observed of it."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, expect

ADAPTER_FRAME = "#rc-widget-adapter-frame"
IFRAME = "#rc-widget"  # of a page that embeds the app in a frame of its own


@dataclass(frozen=True)
class Phone:
    """The widget in a page, or in a frame of one; `frame` is the selector of the app's frame."""

    page: Page | FrameLocator
    frame: str = ADAPTER_FRAME

    def press_sign_in(self) -> None:
        self._find("#signIn").click()

    def open_login(self) -> Page:
        """Presses "Sign In"; returns the login window, which may have closed again already."""
        with self.page.expect_popup() as login:
            self.press_sign_in()
        return login.value

    def see(self, status: str) -> None:
        """Waits until the app shows `status`."""
        expect(self._find("#status")).to_have_text(status)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the app's frame."""
        return self._find("body").evaluate(f"() => ({expression})")

    def wait_for(self, expression: str) -> None:
        """Waits until a JavaScript expression is true in the app's frame."""
        self._find("#signIn").wait_for()
        frame = self._find("body").element_handle().owner_frame()
        assert frame, f"the app has left {self.frame}"
        frame.wait_for_function(expression)

    def wait_until_done(self, login: Page) -> None:
        """Waits until the login window is closed and everything that it may have sent has arrived."""
        wait_until_closed(login)
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Waits until nothing more can reach the app.

        A callback comes from the login window, or is found there by the app. Both have ended when the app polls no
        longer and a request to the app's server, sent after them, has ended.
        """
        self.wait_for("!phone.polling")
        self.evaluate("fetch(location.href, { cache: 'no-store' }).then((response) => response.status)")

    def _find(self, selector: str) -> Locator:
        return self.page.frame_locator(self.frame).locator(selector)


def relay_requests(context: BrowserContext) -> list[str]:
    """The methods of all requests to the relay from now on, in their order."""
    methods: list[str] = []
    context.on("request", lambda request: methods.append(request.method) if "/relay/" in request.url else None)
    return methods


def wait_until_closed(window: Page) -> None:
    if not window.is_closed():
        window.wait_for_event("close")


def pump(page: Page) -> bool:
    """Lets Playwright process the events that have come in."""
    page.evaluate("1")
    return True
