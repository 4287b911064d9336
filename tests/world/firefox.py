"""Firefox over WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), which it has built in.

Its process is started once. Each user has a user context in it (a "container"), which shares nothing with others.
"""

import contextlib
import itertools
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from world.engines import ENGLISH, EngineError, command
from world.timeouts import TIMEOUT, wait_until

# In the profile, not in the session: Firefox sends requests of its own as soon as it runs.
PREFERENCES = """
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", {port});
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", {port});
user_pref("network.proxy.failover_direct", false);
user_pref("network.proxy.allow_bypass", false);
user_pref("network.proxy.no_proxies_on", "");
user_pref("network.trr.mode", 5);
"""


class Session:
    """Commands and their results, one at a time; events that the browser sends are kept in `events`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (message := json.loads(self._connection.recv(TIMEOUT))).get("id") != number:
            self.events.append(message)
        if message["type"] == "error":
            raise EngineError(f"{method}: {message['error']}: {message['message']}")
        return message["result"]

    def evaluate(self, context: str, expression: str) -> Any:
        """The value of a JavaScript expression in a browsing context, as BiDi describes it."""
        target = {"context": context}
        response = self.send("script.evaluate", expression=expression, target=target, awaitPromise=True)
        if response["type"] == "exception":
            raise EngineError(response["exceptionDetails"]["text"])
        return response["result"]


@dataclass(frozen=True)
class Window:
    session: Session
    context: str

    def go(self, address: str, wait: str = "interactive") -> None:
        self.session.send("browsingContext.navigate", context=self.context, url=address, wait=wait)

    def evaluate(self, expression: str, frame: str = "") -> Any:
        json_of = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        return json.loads(self.session.evaluate(self._context(frame), json_of)["value"])

    def press(self, selector: str, frame: str = "") -> None:
        context = self._context(frame)
        find = f"document.querySelector({json.dumps(selector)})"
        element = self.session.evaluate(context, f"({find}?.scrollIntoView({{ block: 'center' }}), {find})")
        if "sharedId" not in element:
            raise EngineError(f"there is no element {selector}")
        middle = {"x": 0, "y": 0, "origin": {"type": "element", "element": {"sharedId": element["sharedId"]}}}
        click = [
            {"type": "pointerMove"} | middle,
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self.session.send(
            "input.performActions", context=context, actions=[{"type": "pointer", "id": "mouse", "actions": click}]
        )

    def _context(self, frame: str) -> str:
        if not frame:
            return self.context
        found = self.session.evaluate(self.context, f"document.querySelector({json.dumps(frame)})?.contentWindow")
        if found["type"] != "window":
            raise EngineError(f"there is no frame {frame}")
        return str(found["value"]["context"])


@dataclass(frozen=True)
class Browser:
    session: Session
    window: Window
    user: str

    def windows(self) -> list[Window]:
        tree = self.session.send("browsingContext.getTree", maxDepth=0)["contexts"]
        return [Window(self.session, found["context"]) for found in tree if found["userContext"] == self.user]

    def console_of(self, address: str) -> list[str]:
        self.session.events.clear()
        self.window.go(address, wait="complete")
        entries = [event["params"] for event in self.session.events if event.get("method") == "log.entryAdded"]
        return [entry["text"] for entry in entries if entry["level"] == "error"]


class Firefox:
    def __init__(self, session: Session) -> None:
        self._session = session

    @contextlib.contextmanager
    def browser(self, language: str = ENGLISH) -> Iterator[Browser]:
        user = self._session.send("browser.createUserContext")["userContext"]
        try:
            self._session.send("emulation.setLocaleOverride", locale=language, userContexts=[user])
            tab = self._session.send("browsingContext.create", type="tab", userContext=user)["context"]
            yield Browser(self._session, Window(self._session, tab), user)
        finally:
            self._session.send("browser.removeUserContext", userContext=user)


@contextlib.contextmanager
def start_firefox(folder: Path, gateway: int) -> Iterator[Firefox]:
    """Firefox with a new profile in `folder`; all its traffic goes through the proxy on the port `gateway`."""
    (folder / "user.js").write_text(PREFERENCES.format(port=gateway))
    log = folder / "log"
    options = ["--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [command("firefox-esr", "firefox-esr"), *options],
            env=os.environ | {"HOME": str(folder)},
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: address_in(log) != "" or process.poll() is not None, "Firefox listens")
        assert process.poll() is None, log.read_text()
        with connect(f"{address_in(log)}/session", max_size=None, proxy=None, open_timeout=TIMEOUT) as connection:
            session = Session(connection)
            session.send("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
            session.send("session.subscribe", events=["log.entryAdded"])
            yield Firefox(session)
    finally:
        process.kill()  # nothing of the profile is needed
        process.wait(TIMEOUT)


def address_in(log: Path) -> str:
    """The address that Firefox listens on; "" until it has logged it."""
    logged = re.search(r"^WebDriver BiDi listening on (\S+)$", log.read_text(), re.MULTILINE)
    return logged[1] if logged else ""
