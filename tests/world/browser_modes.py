"""Browsers as users have them. They differ in what a third party's frame may store (docs/how-it-works.md).

- plain: third-party cookies allowed, storage partitioned by the page's site;
- incognito: third-party cookies blocked, storage partitioned;
- storage denied: third-party cookies blocked, storage not partitioned: `localStorage` throws in such a frame.

The first two are Chromium's headless shell: for pages the same as Chromium, and a sign-in takes a third of the time.
Denying storage is a setting of the whole browser, so the third is Chromium itself. `test_world.py` tests each of them.

Playwright switches partitioning off, in one long `--disable-features=…` among its arguments. So the first two replace
this argument with the same list without partitioning. The list is read from a browser that Playwright has started.
"""

import contextlib
import functools
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright

from world.internet import NAMES, Internet
from world.timeouts import TIMEOUT

PARTITIONING = "ThirdPartyStoragePartitioning"
BLOCKING = "--test-third-party-cookie-phaseout"  # third-party cookies
DEADLINE = TIMEOUT * 1000  # ms, for anything that a test waits for


class BrowserMode(StrEnum):
    PLAIN = "plain"
    INCOGNITO = "incognito"
    STORAGE_DENIED = "storage denied"


PLAIN, INCOGNITO, STORAGE_DENIED = BrowserMode
OpenBrowser = Callable[[BrowserMode], BrowserContext]


@dataclass(frozen=True)
class Cell:
    """A sign-in to try: the way of embedding, the site of the page, and whether the login page severs the window."""

    way: str
    site: str
    mode: BrowserMode
    severed: bool

    def __str__(self) -> str:
        return ", ".join([self.way, self.site, self.mode, *(["opener severed"] if self.severed else [])])


class Browsers:
    """A browser for each mode, started when it is first needed, and a context for each test."""

    def __init__(self, playwright: Playwright, internet: Internet) -> None:
        self._chromium = playwright.chromium
        self._options: dict[str, Any] = {"chromium_sandbox": False, "args": network(internet)}
        self._started: dict[BrowserMode, Browser] = {}

    @functools.cached_property
    def _partitioned(self) -> dict[str, Any]:
        """The options of a browser that partitions storage."""
        default = self._chromium.launch(executable_path=command("chromium-headless-shell"), **self._options)
        options = self._options | partitioned(self._options["args"], disabled(default))
        default.close()
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
        """A function that opens a context in a mode; all its contexts are closed at the end."""
        with contextlib.ExitStack() as stack:

            def open_context(mode: BrowserMode) -> BrowserContext:
                context = self._browser(mode).new_context()
                stack.callback(context.close)
                context.set_default_timeout(DEADLINE)
                return context

            yield open_context

    def incognito(self, **options: Any) -> BrowserContext:
        """A new context with these options of Playwright; the caller closes it."""
        return self._browser(BrowserMode.INCOGNITO).new_context(**options)

    @contextlib.contextmanager
    def blocking_popups(self) -> Iterator[BrowserContext]:
        """A context that opens windows only for a user's press, like users' browsers and unlike Playwright's."""
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
    """Arguments that make Chromium resolve only the names of the test world, and trust its certificate."""
    known = [f"MAP {name}:443 127.0.0.1:{internet.port_of(name)}" for name in NAMES]
    return [
        f"--host-resolver-rules={','.join([*known, 'MAP * ~NOTFOUND'])}",
        f"--ignore-certificate-errors-spki-list={internet.public_key_hash}",
    ]


def disabled(browser: Browser) -> str:
    """The features that Playwright has switched off in `browser`, as in its argument."""
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
