"""Browsers as users have them. They differ in what a third party's frame may store (`widget.md`).

- plain: third-party cookies allowed, storage partitioned by the page's site: a new context beside a profile set so;
- incognito: third-party cookies blocked, storage partitioned: a new context;
- storage denied: third-party cookies blocked, storage not partitioned: `localStorage` throws in such a frame.

Playwright switches partitioning off, in one long `--disable-features=…` among many arguments. So the first
two leave that argument out and give the same list without partitioning. What the list is, a browser that
Playwright started tells.
"""

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright

from world.internet import NAMES, Internet
from world.patience import PATIENCE

PARTITIONING = "ThirdPartyStoragePartitioning"
DEADLINE = PATIENCE * 1000  # ms, for whatever a test waits for


class Weather(StrEnum):
    PLAIN = "plain"
    INCOGNITO = "incognito"
    STORAGE_DENIED = "storage denied"


PLAIN, INCOGNITO, STORAGE_DENIED = Weather
OpenBrowser = Callable[[Weather], BrowserContext]


class Browsers:
    """Chromium in each weather, started once; a context is made for each test."""

    def __init__(self, playwright: Playwright, internet: Internet) -> None:
        self._chromium = playwright.chromium
        self._options: dict[str, Any] = {
            "executable_path": chromium(),
            "chromium_sandbox": False,
            "args": network(internet),
        }
        self._denied = self._chromium.launch(**self._options)
        self._partitioned_options = self._options | partitioned(self._options["args"], disabled(self._denied))
        self._partitioned = self._chromium.launch(**self._partitioned_options)
        # A new context has the settings of the profile that its browser was started with.
        self._profile = self._chromium.launch_persistent_context(
            plain_profile(internet.folder), **self._partitioned_options
        )
        assert self._profile.browser, "Playwright no longer tells a profile's browser"
        self._plain = self._profile.browser

    @contextlib.contextmanager
    def contexts(self) -> Iterator[OpenBrowser]:
        """A function that opens a context in some weather; all it has opened are closed in the end."""
        with contextlib.ExitStack() as stack:

            def open_context(weather: Weather) -> BrowserContext:
                context = self._open(weather)
                stack.callback(context.close)
                context.set_default_timeout(DEADLINE)
                return context

            yield open_context

    def _open(self, weather: Weather) -> BrowserContext:
        match weather:
            case Weather.PLAIN:
                return self._plain.new_context()
            case Weather.INCOGNITO:
                return self.incognito()
            case Weather.STORAGE_DENIED:
                return self._denied.new_context()

    def incognito(self, **options: Any) -> BrowserContext:
        """A new context, with Playwright's options for one; whoever asks for it closes it."""
        return self._partitioned.new_context(**options)

    @contextlib.contextmanager
    def keeping_windows_back(self) -> Iterator[BrowserContext]:
        """A context that opens a window for a user's press alone, as users' browsers do but Playwright's does not."""
        options = dict(self._partitioned_options)
        options["ignore_default_args"] = [*options["ignore_default_args"], "--disable-popup-blocking"]
        browser = self._chromium.launch(**options)
        try:
            yield browser.new_context()
        finally:
            browser.close()

    def close(self) -> None:
        self._profile.close()
        self._denied.close()
        self._partitioned.close()


def chromium() -> str:
    found = shutil.which("chromium")
    assert found, "the browser tests need Chromium: apt install chromium"
    return found


def plain_profile(folder: Path) -> str:
    """A new profile inside `folder` with third-party cookies allowed: Chromium's default is to block them."""
    profile = Path(tempfile.mkdtemp(prefix="profile-", dir=folder))
    (profile / "Default").mkdir()
    (profile / "Default" / "Preferences").write_text(json.dumps({"profile": {"cookie_controls_mode": 0}}))
    return str(profile)


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
