"""How long the callback of a sign-in takes, for a user far away: through the redirect page, and through the relay."""

import functools
import json
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, Request
from starlette.requests import Request as HttpRequest
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
AGAINST = "a page built like the widget's own"
CALLBACK = urlencode({"code": "bench", "state": "a-b"})
OPEN = "redirect page, on an open connection"
BEFORE = {"ours": f"{OURS}healthz", "theirs": f"https://{COPY}/before.html"}
PAGES = {"ours": f"{OURS}redirect.html", "theirs": f"https://{COPY}/redirect.html"}

# Before, the window shows a page of the same server, as after the beginning of a sign-in, or none.
OPENER = """<!doctype html><title>CRM</title><script>
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  async function handOff(address, before) {
    const opened = window.open(before);
    await pause(1500);
    const begun = performance.now();
    opened.location = address;
    await new Promise((resolve) => addEventListener('message', resolve, { once: true }));
    return (performance.now() - begun) / 1000;
  }
</script>"""

# The user takes a while to sign in: by then the app has noticed that it can no longer reach the window.
LOGIN = (
    "<!doctype html><title>Sign in</title><script>setTimeout(() => {{ location.href = {address}; }}, 2000);</script>"
)


class SlowPlatform(Platform):
    """Severs each window, whose user is slow."""

    async def authorize(self, request: HttpRequest) -> Response:
        page = LOGIN.format(address=json.dumps(self.callback(request.query_params)))
        return HTMLResponse(page, headers={"Cross-Origin-Opener-Policy": "same-origin"})


def put_up_theirs(sides: Sides) -> None:
    """The widget's own redirect page, changed to post to the team's page as well."""
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
    """Seconds from a window's navigation to the redirect page until `page`, which opened it, has the callback."""
    return float(page.evaluate("(parameters) => handOff(...parameters)", [f"{PAGES[side]}?{CALLBACK}", before]))


def on_a_connection(sides: Sides) -> Row:
    """In one browser, whose windows were on a page of the same server before."""
    with sides.browser(sides.folder / "user") as browser:
        page = browser.new_page()
        page.goto(sides.team_page("opener.html", OPENER))
        both = [functools.partial(hand_off, page, side, BEFORE[side]) for side in PAGES]
        for once in both:
            once()
        ours, theirs = in_turns(ROUNDS, *both)
    return Row(OPEN, "s", ours, "≤ 0.60", AGAINST, theirs)


def on_a_new_connection(sides: Sides) -> Row:
    """Each time in a restarted browser."""

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
        requests: list[Request] = []
        browser.on("request", lambda request: requests.append(request))
        with browser.expect_event("response", lambda response: response.url.endswith("/token")) as token:
            Phone(page).press_sign_in()
        [back] = [request for request in requests if request.url.startswith(PAGES["ours"])]
        assert any("/relay/" in request.url and request.method == "POST" for request in requests), (
            "not through the relay"
        )
        return float(token.value.request.timing["startTime"] - back.timing["startTime"]) / 1000 / ROUND_TRIP


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    configured(host, SETTINGS)
    with both_sides(folder, host, release, SlowPlatform().routes) as sides:
        put_up_theirs(sides)
        rows = [show(on_a_connection(sides)), show(on_a_new_connection(sides))]
        trips = [relayed(sides, folder / f"user-{number}") for number in range(RELAYED)]
    return [*rows, show(Row("relay, redirect page to token request", "round trips", trips, "≤ 4"))]
