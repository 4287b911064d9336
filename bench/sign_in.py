"""How long a sign-in takes, for a user far away from host, CDN and platform: from the press to the token request."""

import functools
import json
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from common import Row, in_turns, show
from sides import THEIRS, Sides, both_sides
from start import SCRIPTS, SETTINGS, show_phone
from world.host import configured
from world.platform import LOGIN_PAGE, Platform
from world.user import ADAPTER_FRAME

ROUNDS = 9
PLAIN = "the CDN's way, plain"
# The moment of a press in any frame, in seconds since 1970, as the servers of this machine count them.
CLOCK = """addEventListener('click', () => {
  window.pressedAt = (performance.timeOrigin + performance.now()) / 1000;
}, true);"""


class TimedPlatform(Platform):
    """Notes when requests arrive. Its login page sends the window back at once, and severs it if told to."""

    arrived: dict[str, float]

    async def authorize(self, request: Request) -> Response:
        self.arrived = {"authorize": time.time()}
        policy = {"Cross-Origin-Opener-Policy": "same-origin"} if self.severs_openers else {}
        return HTMLResponse(LOGIN_PAGE.format(address=json.dumps(self.callback(request.query_params))), headers=policy)

    async def token(self, request: Request) -> Response:
        self.arrived["token"] = time.time()
        return await super().token(request)


def sign_in(sides: Sides, platform: TimedPlatform, side: str, severed: bool = False) -> dict[str, float]:
    """Seconds from the press to each request's arrival at the platform, for a new user."""
    platform.severs_openers = severed
    redirect = "" if side == "ours" else f"&redirectUri={THEIRS}redirect.html"
    html = f'<!doctype html><title>CRM</title><body><script src="{SCRIPTS[side]}{redirect}"></script>'
    address = sides.team_page(f"{side}.html", html)
    with tempfile.TemporaryDirectory(dir=sides.folder) as user, sides.browser(Path(user)) as browser:
        browser.add_init_script(CLOCK)
        page = browser.new_page()
        page.goto(address)
        show_phone(page)
        with browser.expect_event("response", lambda response: response.url.endswith("/oauth/token")):
            page.frame_locator(ADAPTER_FRAME).get_by_role("button", name="Sign In").click()
        pressed = pressed_at(page)
    return {name: moment - pressed for name, moment in platform.arrived.items()}


def pressed_at(page: Page) -> float:
    return float(page.frame_locator(ADAPTER_FRAME).locator("body").evaluate("() => window.pressedAt"))


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    configured(host, SETTINGS)
    platform = TimedPlatform()
    with both_sides(folder, host, release, platform.routes, far_platform=True) as sides:
        ours, theirs = (functools.partial(sign_in, sides, platform, side) for side in SCRIPTS)
        severed = functools.partial(sign_in, sides, platform, "ours", severed=True)
        for once in (ours, theirs, severed):
            once()
        plain, their_plain = in_turns(ROUNDS, ours, theirs)
        cut_off, their_other_plain = in_turns(ROUNDS, severed, theirs)
    return [
        show(row)
        for row in (
            compared("press to authorize request", plain, "≤ 1.05", their_plain, "authorize"),
            compared("press to token request", plain, "≤ 0.90", their_plain, "token"),
            compared("press to token request, severed", cut_off, "≤ 1.20", their_other_plain, "token"),
        )
    ]


def compared(what: str, ours: list[dict[str, float]], reach: str, theirs: list[dict[str, float]], name: str) -> Row:
    return Row(what, "s", [one[name] for one in ours], reach, PLAIN, [one[name] for one in theirs])
