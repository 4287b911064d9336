"""Browsers as users have them. They differ in what a third party's frame may store (`widget.md`).

- plain: third-party cookies allowed, storage partitioned by the page's site;
- incognito: third-party cookies blocked, storage partitioned;
- storage denied: third-party cookies blocked, storage not partitioned: `localStorage` throws in such a frame.

The first two are Chromium's headless shell: all that pages meet, without what stands around them on a screen, and a
sign-in costs a third of the time. What denies storage is a setting of the browser around, so the third is Chromium as
a whole. `test_world.py` holds each to what it must be.

Playwright switches partitioning off, in one long `--disable-features=…` among many arguments. So the first two leave
that argument out and give the same list without partitioning. What the list is, a browser that it started tells.
"""

import contextlib
import functools
import re
import shutil
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright

from world.internet import NAMES, Internet
from world.timeouts import TIMEOUT

PARTITIONING = "ThirdPartyStoragePartitioning"
BLOCKING = "--test-third-party-cookie-phaseout"  # third-party cookies
DEADLINE = TIMEOUT * 1000  # ms, for whatever a test waits for


class BrowserMode(StrEnum):
    PLAIN = "plain"
    INCOGNITO = "incognito"
    STORAGE_DENIED = "storage denied"


PLAIN, INCOGNITO, STORAGE_DENIED = BrowserMode
OpenBrowser = Callable[[BrowserMode], BrowserContext]


class Browsers:
    """A browser for each mode, started once, when it is first asked for; a context is made for each test."""

    def __init__(self, playwright: Playwright, internet: Internet) -> None:
        self._chromium = playwright.chromium
        self._options: dict[str, Any] = {"chromium_sandbox": False, "args": network(internet)}
        self._started: dict[BrowserMode, Browser] = {}

    @functools.cached_property
    def _partitioned(self) -> dict[str, Any]:
        """The options of a browser that partitions storage."""
        unasked = self._chromium.launch(executable_path=command("chromium-headless-shell"), **self._options)
        options = self._options | partitioned(self._options["args"], disabled(unasked))
        unasked.close()
        return options

    def _browser(self, mode: BrowserMode) -> Browser:
        if mode not in self._started:
            self._started[mode] = self._start(mode)
        return self._started[mode]

    def _start(self, mode: BrowserMode) -> Browser:
        if mode is BrowserMode.STORAGE_DENIED:
            return self._chromium.launch(executable_path=chromium(), **self._options)
        options = self._partitioned
        if mode is BrowserMode.INCOGNITO:
            options = options | {"args": [*options["args"], BLOCKING]}
        return self._chromium.launch(executable_path=command("chromium-headless-shell"), **options)

    @contextlib.contextmanager
    def contexts(self) -> Iterator[OpenBrowser]:
        """A function that opens a context in some mode; all it has opened are closed in the end."""
        with contextlib.ExitStack() as stack:

            def open_context(mode: BrowserMode) -> BrowserContext:
                context = self._browser(mode).new_context()
                stack.callback(context.close)
                context.set_default_timeout(DEADLINE)
                return context

            yield open_context

    def incognito(self, **options: Any) -> BrowserContext:
        """A new context, with Playwright's options for one; whoever asks for it closes it."""
        return self._browser(BrowserMode.INCOGNITO).new_context(**options)

    @contextlib.contextmanager
    def keeping_windows_back(self) -> Iterator[BrowserContext]:
        """A context that opens a window for a user's press alone, as users' browsers do but Playwright's does not."""
        options = dict(self._partitioned)
        options["ignore_default_args"] = [*options["ignore_default_args"], "--disable-popup-blocking"]
        browser = self._chromium.launch(executable_path=chromium(), **options)
        try:
            yield browser.new_context()
        finally:
            browser.close()

    def close(self) -> None:
        for browser in self._started.values():
            browser.close()


def chromium() -> str:
    return command("chromium")


def command(name: str) -> str:
    found = shutil.which(name)
    assert found, f"the browser tests need {name}: apt install {name}"
    return found


def network(internet: Internet) -> list[str]:
    """Arguments by which Chromium knows the names of the world alone, and trusts its certificate."""
    known = [f"MAP {name}:443 127.0.0.1:{internet.port_of(name)}" for name in NAMES]
    return [
        f"--host-resolver-rules={','.join([*known, 'MAP * ~NOTFOUND'])}",
        f"--ignore-certificate-errors-spki-list={internet.public_key_hash}",
    ]


def disabled(browser: Browser) -> str:
    """The features that Playwright has switched off in `browser`, as it wrote them."""
    session = browser.new_browser_cdp_session()
    command_line = session.send("SystemInfo.getInfo")["commandLine"]
    session.detach()
    argument = re.search(r"--disable-features=(\S+)", command_line)
    assert argument, f"Playwright no longer passes --disable-features: {command_line}"
    return argument[1]


def partitioned(arguments: list[str], features: str) -> dict[str, Any]:
    """Options that replace Playwright's list of disabled features by one without partitioning."""
    kept = [name for name in features.split(",") if name != PARTITIONING]
    return {
        "ignore_default_args": [f"--disable-features={features}"],
        "args": [*arguments, f"--disable-features={','.join(kept)}"],
    }
