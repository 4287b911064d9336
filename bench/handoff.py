"""How long a sign-in takes to come back, for a user far away: the redirect page's hand-off, and the relay's."""

import functools
import json
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, Request
from starlette.requests import Request as Asked
from starlette.responses import HTMLResponse, Response

from common import Row, in_turns, show
from link import ROUND_TRIP
from sides import OURS, Sides, both_sides, compress
from world.host import configured
from world.internet import COPY, CROSS_SITE
from world.platform import Platform
from world.release import SOURCE
from world.user import Phone

ROUNDS, ANEW, RELAYED = 15, 5, 5
SETTINGS = f'[params]\nclientId = "bench"\n[redirect]\norigins = ["https://{CROSS_SITE}"]\n'
SIZE = 12_990  # bytes of 2.3.1's redirect.js
AGAINST = "a page built as the widget's own is"
ANSWER = urlencode({"code": "bench", "state": "a-b"})
THERE = "redirect page, on a connection that is there"
BEFORE = {"ours": f"{OURS}healthz", "theirs": f"https://{COPY}/before.html"}
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


def hand_off(page: Page, side: str, before: str) -> float:
    """Seconds from a window's navigation to the redirect page until `page`, which opened it, has the answer."""
    return float(page.evaluate("(given) => handOff(...given)", [f"{PAGES[side]}?{ANSWER}", before]))


def on_a_connection(sides: Sides) -> Row:
    """In one browser, whose windows have been on a page of the same server before."""
    with sides.browser(sides.folder / "user") as browser:
        page = browser.new_page()
        page.goto(sides.team_page("opener.html", OPENER))
        both = [functools.partial(hand_off, page, side, BEFORE[side]) for side in PAGES]
        for once in both:
            once()
        ours, theirs = in_turns(ROUNDS, *both)
    return Row(THERE, "s", ours, "≤ 0.60", AGAINST, theirs)


def on_a_new_connection(sides: Sides) -> Row:
    """Each time in a browser that was started anew."""

    def anew(side: str) -> float:
        with tempfile.TemporaryDirectory(dir=sides.folder) as user, sides.browser(Path(user)) as browser:
            page = browser.new_page()
            page.goto(sides.team_page("opener.html", OPENER))
            return hand_off(page, side, "about:blank")

    ours, theirs = in_turns(ANEW, *(functools.partial(anew, side) for side in PAGES))
    return Row("redirect page, on a new connection", "s", ours, "", AGAINST, theirs)


def relayed(sides: Sides, user: Path) -> float:
    """Round trips from the redirect page's navigation to the app's request for a token, of a severed sign-in."""
    html = f'<!doctype html><title>CRM</title><body><script src="{OURS}adapter.js"></script>'
    with sides.browser(user) as browser:
        page = browser.new_page()
        page.goto(sides.team_page("relay.html", html))
        asked: list[Request] = []
        browser.on("request", lambda request: asked.append(request))
        with browser.expect_event("response", lambda answer: answer.url.endswith("/token")) as token:
            Phone(page).press_sign_in()
        [back] = [request for request in asked if request.url.startswith(PAGES["ours"])]
        assert any("/relay/" in request.url and request.method == "POST" for request in asked), "it came another way"
        return float(token.value.request.timing["startTime"] - back.timing["startTime"]) / 1000 / ROUND_TRIP


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    configured(host, SETTINGS)
    with both_sides(folder, host, release, SlowPlatform().routes) as sides:
        put_up_theirs(sides)
        rows = [show(on_a_connection(sides)), show(on_a_new_connection(sides))]
        trips = [relayed(sides, folder / f"user-{number}") for number in range(RELAYED)]
    return [*rows, show(Row("relay, redirect page to token request", "round trips", trips, "≤ 4"))]
