"""Chromium in the words of `world.engines`, for tests that are the same in three engines."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Error, Frame, Page

from world.engines import EngineError


@dataclass(frozen=True)
class Window:
    page: Page

    def go(self, address: str) -> None:
        with explained():
            self.page.goto(address, wait_until="domcontentloaded")

    def evaluate(self, expression: str, frame: str = "") -> Any:
        with explained():
            return self._frame(frame).evaluate(f"() => ({expression})")

    def press(self, selector: str, frame: str = "") -> None:
        with explained():
            self._frame(frame).locator(selector).click()

    def _frame(self, selector: str) -> Frame:
        if not selector:
            return self.page.main_frame
        element = self.page.query_selector(selector)
        frame = element.content_frame() if element else None
        if frame is None:
            raise EngineError(f"there is no frame {selector}")
        return frame


@dataclass(frozen=True)
class Browser:
    context: BrowserContext
    window: Window

    def windows(self) -> list[Window]:
        with explained():
            self.window.evaluate("1")  # lets Playwright process the events that have come in
        return [Window(page) for page in self.context.pages]

    def console_of(self, address: str) -> list[str]:
        texts: list[str] = []
        page = self.context.new_page()
        page.on("console", lambda message: texts.append(message.text) if message.type == "error" else None)
        page.goto(address)
        page.close()
        return texts


def browser(context: BrowserContext) -> Browser:
    return Browser(context, Window(context.new_page()))


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raises EngineError where Playwright raises its own."""
    try:
        yield
    except Error as error:
        raise EngineError(str(error)) from error
