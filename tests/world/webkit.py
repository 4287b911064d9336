"""WebKitGTK over WebDriver (https://www.w3.org/TR/webdriver2/), with the driver that comes with it.

Each user has a driver and a browser of their own. They start within a second, on a virtual screen, and keep everything
in memory.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from world.engines import ENGLISH, EngineError, command, wait_for
from world.internet import free_ports, is_listening
from world.timeouts import TIMEOUT, wait_until

CAPABILITIES = {
    "acceptInsecureCerts": True,
    # WebKit's `load` is three seconds late where a page has an <audio preload="none">. With "eager" the driver hangs.
    "pageLoadStrategy": "none",
}
NEUTRAL_LOCALE = Path("/usr/lib/locale/C.utf8")
Element = dict[str, str]


class Session:
    """The driver's session: commands and their results, one at a time."""

    def __init__(self, driver: httpx2.Client, capabilities: dict[str, Any]) -> None:
        self._driver = driver
        self._path = "/session"
        self._path += "/" + self.post("", capabilities={"alwaysMatch": capabilities})["sessionId"]

    def get(self, path: str) -> Any:
        return self._value(self._driver.get(self._path + path))

    def post(self, path: str, **parameters: Any) -> Any:
        return self._value(self._driver.post(self._path + path, json=parameters))

    def delete(self) -> None:
        self._value(self._driver.delete(self._path))

    def _value(self, response: httpx2.Response) -> Any:
        value = response.json()["value"]
        if response.is_error:
            raise EngineError(f"{response.request.url.path}: {value['error']}: {value['message']}")
        return value


@dataclass(frozen=True)
class Window:
    session: Session
    handle: str

    def go(self, address: str) -> None:
        self.evaluate("window.isOld = true")
        self.session.post("/url", url=address)
        wait_for(self, "!window.isOld && document.readyState !== 'loading'")

    def evaluate(self, expression: str, frame: str = "") -> Any:
        self._enter(frame)
        return self.session.post("/execute/sync", script=f"return {expression}", args=[])

    def press(self, selector: str, frame: str = "") -> None:
        self._enter(frame)
        [element] = self._find(selector).values()
        self.session.post(f"/element/{element}/click")

    def _enter(self, frame: str = "") -> None:
        self.session.post("/window", handle=self.handle)
        if frame:
            self.session.post("/frame", id=self._find(frame))

    def _find(self, selector: str) -> Element:
        found: Element = self.session.post("/element", using="css selector", value=selector)
        return found


@dataclass(frozen=True)
class Browser:
    session: Session
    window: Window
    webkit: "WebKit"

    def windows(self) -> list[Window]:
        return [Window(self.session, handle) for handle in self.session.get("/window/handles")]

    def console_of(self, address: str) -> list[str]:
        return self.webkit.console_of(address)


class WebKit:
    def __init__(self, folder: Path, gateway: int, display: str) -> None:
        self._folder = folder
        [self._port] = free_ports(1)
        # An argument, not the capability: with that, WebKit speaks TLS to the proxy.
        self._proxy = f"--proxy=http://127.0.0.1:{gateway}"
        self._environment = os.environ | {"HOME": str(folder), "DISPLAY": display, "GDK_BACKEND": "x11"}

    @contextlib.contextmanager
    def browser(self, language: str = ENGLISH) -> Iterator[Browser]:
        with self._driver(language) as address, httpx2.Client(base_url=address, timeout=TIMEOUT) as client:
            options = {"binary": browser(), "args": ["--automation", self._proxy]}
            session = Session(client, CAPABILITIES | {"webkitgtk:browserOptions": options})
            yield Browser(session, Window(session, session.get("/window")), self)
            with contextlib.suppress(EngineError):  # its last window may have closed; the driver ends anyway
                session.delete()

    @contextlib.contextmanager
    def _driver(self, language: str) -> Iterator[str]:
        """A driver whose browsers have this language; yields its address."""
        log = self._folder / "log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [command("WebKitWebDriver", "webkit2gtk-driver"), f"--port={self._port}"],
                env=self._environment | locale(language, self._folder / "locales"),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            wait_until(lambda: is_listening(self._port) or process.poll() is not None, "the driver listens")
            assert process.poll() is None, log.read_text()
            yield f"http://127.0.0.1:{self._port}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(
                    process.pid, signal.SIGKILL
                )  # and the browser, which is still running after a test that failed
            process.wait(TIMEOUT)

    def console_of(self, address: str) -> list[str]:
        """What a browser without a driver writes to its console; with one, it writes nothing there."""
        options = ["--enable-write-console-messages-to-stdout=true", "--exit-after-load", "--ignore-tls-errors"]
        done = subprocess.run(
            [browser(), *options, self._proxy, address],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )
        assert done.returncode == 0, done.stdout
        return [line for line in done.stdout.splitlines() if " CONSOLE " in line and " ERROR " in line]


@contextlib.contextmanager
def start_webkit(folder: Path, gateway: int) -> Iterator[WebKit]:
    """WebKit with its files in `folder`; all its traffic goes through the proxy on the port `gateway`."""
    with screen() as display:
        yield WebKit(folder, gateway, display)


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """A virtual screen; yields its name, for DISPLAY."""
    reading, writing = os.pipe()
    options = ["-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-displayfd", str(writing)]
    process = subprocess.Popen([command("Xvfb", "xvfb"), *options], pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as display:
            number = display.readline().strip()  # when it is ready; empty if it has ended
        assert number, "Xvfb does not start"
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def locale(language: str, folder: Path) -> dict[str, str]:
    """An environment with this language: WebKit reads it from the locale's name, and nothing else of the locale."""
    name = f"{language.replace('-', '_')}.UTF-8"
    folder.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (folder / name).symlink_to(NEUTRAL_LOCALE)
    return {"LOCPATH": str(folder), "LC_ALL": name}


def browser() -> str:
    """The browser that comes with WebKit; it is not on PATH."""
    found = sorted(Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser"))
    assert found, "the browser tests need WebKit's MiniBrowser: apt install webkit2gtk-driver"
    return str(found[-1])
