"""How long a sign-in takes to come back, for a user far away: the redirect page's hand-off, and the relay's."""

import asyncio
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from common import Row, in_turns, show
from link import ROUND_TRIP
from playwright.sync_api import BrowserContext, Request
from sides import OURS, Sides, both_sides, compress
from starlette.requests import Request as Asked
from starlette.responses import HTMLResponse, Response
from world.host import configured
from world.internet import COPY, CROSS_SITE
from world.platform import Platform
from world.release import SOURCE
from world.user import Phone

ROUNDS = 9
RELAYED = 7
SETTINGS = f'[params]\nclientId = "bench"\n[redirect]\norigins = ["https://{CROSS_SITE}"]\n'
SIZE = 12_990  # bytes of 2.3.1's redirect.js
AGAINST = "a page built as the widget's own is"
ANSWER = urlencode({"code": "bench", "state": "a-b"})
PAGES = {"ours": f"{OURS}redirect.html", "theirs": f"https://{COPY}/redirect.html"}

# The window stands on a page of the same server before, as it does when a sign-in has begun there, or on none.
OPENER = """<!doctype html><title>CRM</title><script>
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  async function handOff(address, before) {
    const opened = window.open(before);
    await pause(1500);
    const asked = performance.now();
    opened.location = address;
    await new Promise((resolve) => addEventListener('message', resolve, { once: true }));
    return (performance.now() - asked) / 1000;
  }
</script>"""

# The user takes a while to sign in: by then, the app has noticed that it cannot reach the window any more.
LOGIN = (
    "<!doctype html><title>Sign in</title><script>setTimeout(() => {{ location.href = {address}; }}, 2000);</script>"
)


class SlowPlatform(Platform):
    """Severs each window, and lets its user take their time."""

    async def authorize(self, request: Asked) -> Response:
        await asyncio.sleep(0)
        page = LOGIN.format(address=json.dumps(self.callback(request.query_params)))
        return HTMLResponse(page, headers={"Cross-Origin-Opener-Policy": "same-origin"})


def put_up_theirs(sides: Sides) -> None:
    """The redirect page as the widget brings it, which posts to the team's page as well."""
    folder = sides.folder / "copy"
    script = (
        (SOURCE / "redirect.js")
        .read_text(encoding="utf-8")
        .replace('["https://', f'["https://{CROSS_SITE}", "https://')
    )
    (folder / "redirect.js").write_text(f"{script}\n// {'.' * (SIZE - len(script))}", encoding="utf-8")
    (folder / "redirect.html").write_bytes((SOURCE / "redirect.html").read_bytes())
    (folder / "before.html").write_text("<!doctype html><title>before</title>")
    for name in ("redirect.js", "redirect.html"):
        compress(folder / name)


def hand_off(sides: Sides, side: str, before: str) -> Callable[[], float]:
    opener = sides.team_page("opener.html", OPENER)

    def seconds() -> float:
        with tempfile.TemporaryDirectory(dir=sides.folder) as user, sides.browser(Path(user)) as browser:
            page = browser.new_page()
            page.goto(opener)
            return float(page.evaluate("(given) => handOff(...given)", [f"{PAGES[side]}?{ANSWER}", before]))

    return seconds


def relayed(sides: Sides, user: Path) -> float:
    """Seconds from the redirect page's navigation to the app's request for a token, of a sign-in that was severed."""
    html = f'<!doctype html><title>CRM</title><body><script src="{OURS}adapter.js"></script>'
    with sides.browser(user) as browser:
        page = browser.new_page()
        seen = watch(browser)
        page.goto(sides.team_page("relay.html", html))
        Phone(page).press_sign_in()
        Phone(page).wait_for("phone.signedIn")
        return (seen["token"].timing["startTime"] - seen["redirect.html"].timing["startTime"]) / 1000


def watch(browser: BrowserContext) -> dict[str, Request]:
    """The requests to come, by the last part of their address."""
    seen: dict[str, Request] = {}

    def keep(request: Request) -> None:
        seen.setdefault(request.url.partition("?")[0].rpartition("/")[2], request)

    browser.on("requestfinished", keep)
    return seen


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    configured(host, SETTINGS)
    rows = []
    with both_sides(folder, host, release, SlowPlatform().routes) as sides:
        put_up_theirs(sides)
        there = {"ours": f"{OURS}404", "theirs": f"https://{COPY}/before.html"}
        nowhere = dict.fromkeys(there, "about:blank")
        for what, before, reach in (
            ("redirect page, on a connection that is there", there, "≤ 0.60"),
            ("redirect page, on a new connection", nowhere, ""),
        ):
            sides_of = (hand_off(sides, side, before[side]) for side in PAGES)
            ours, theirs = in_turns(ROUNDS, *sides_of)
            rows.append(show(Row(what, "s", ours, reach, AGAINST, theirs)))
        seconds = []
        for _ in range(RELAYED):
            with tempfile.TemporaryDirectory(dir=folder) as user:
                seconds.append(relayed(sides, Path(user)))
    trips = [each / ROUND_TRIP for each in seconds]
    rows.append(show(Row("relay, redirect page to token request", "round trips", trips, "≤ 4")))
    assert statistics.median(trips) > 1
    return rows
