"""Signing in through nginx: it works by a name and below a path, and the code is written nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from world.browser_modes import PLAIN, STORAGE_DENIED, BrowserMode, OpenBrowser
from world.host import Server, add_release, configured, serving
from world.hosts import CLIENT_ID, SETTINGS
from world.internet import CROSS_SITE, NGINX, NGINX_PREFIXED, SAME_SITE, Internet
from world.live_test import open_live_test
from world.platform import TokenRequest
from world.proxy import PREFIX, Proxy, fronting, stale_soon
from world.timeouts import wait_until
from world.user import Phone

REDIRECT_PAGE = "/redirect.html"
SITES = [pytest.param(NGINX, "/", id="site"), pytest.param(NGINX_PREFIXED, PREFIX, id="below a path")]


LOGS = {NGINX: "embeddable.log", NGINX_PREFIXED: "below.log"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = configured(tmp_path_factory.mktemp("signing-in") / "host", SETTINGS)
    add_release(folder)
    with serving(folder) as server:
        yield server


@pytest.fixture
def proxy(tmp_path: Path, world: Internet, server: Server) -> Iterator[Proxy]:
    """nginx, where browsers look for it."""
    upstream = f"127.0.0.1:{server.port}"
    with fronting(tmp_path, world.folder, [upstream], world.nginx_port) as proxy:
        yield proxy


def sign_in(internet: Internet, context: BrowserContext, base: str, site: str = SAME_SITE) -> str:
    """Signs in from a page of `site`; the code it took."""
    page = context.new_page()
    page.goto(internet.page(site, f'<!doctype html><body><script src="{base}adapter.js"></script>'))
    phone = Phone(page)
    login = phone.open_login()
    phone.see("Signed in")
    phone.wait_until_done(login)
    code, token = internet.platform.codes[-1], internet.platform.tokens[-1]
    assert token == TokenRequest(token.server, CLIENT_ID, f"{base}redirect.html", code, granted=True)
    return code


@pytest.mark.parametrize(("name", "prefix"), SITES)
@pytest.mark.parametrize(
    ("mode", "severed", "site"),
    [
        (PLAIN, False, SAME_SITE),
        (STORAGE_DENIED, False, SAME_SITE),
        (PLAIN, True, SAME_SITE),
        (PLAIN, True, CROSS_SITE),
    ],
    ids=["plain", "storage denied", "opener severed", "opener severed, another site"],
)
def test_a_user_signs_in_and_the_code_is_written_nowhere(
    server: Server,
    proxy: Proxy,
    internet: Internet,
    open_browser: OpenBrowser,
    mode: BrowserMode,
    severed: bool,
    site: str,
    name: str,
    prefix: str,
) -> None:
    internet.platform.severs_openers = severed
    context = open_browser(mode)
    ids: set[str] = set()
    context.on("request", lambda request: ids.update(re.findall(r"/relay/(\w+)", request.url)))
    requests = server.times_said(f"GET {REDIRECT_PAGE} ")

    code = sign_in(internet, context, f"https://{name}{prefix}", site)

    server.wait_until_it_says(f"GET {REDIRECT_PAGE} ", requests + 1)
    wait_until(lambda: f"GET {prefix}redirect.html HTTP/2.0" in proxy.log(LOGS[name]), "the sign-in is in the log")
    assert proxy.files_with(REDIRECT_PAGE)
    assert len(ids) == (1 if site == CROSS_SITE else 0)
    for method, status in (("POST", 201), ("GET", 200)) if ids else ():
        relayed = f'"{method} {prefix}relay/ HTTP/2.0" {status} '
        wait_until(lambda relayed=relayed: relayed in proxy.log(LOGS[name]), "the relay is in the log")
    for secret in (code, *ids):
        assert proxy.files_with(secret) == []
        assert secret not in server.output


def test_a_live_test_on_the_setup_page_is_not_logged(
    server: Server, proxy: Proxy, internet: Internet, open_browser: OpenBrowser
) -> None:
    internet.platform.severs_openers = True
    live_test = open_live_test(open_browser(PLAIN), f"https://{NGINX}/").run()

    assert "by the host’s relay" in live_test.facts
    wait_until(lambda: "GET /relay/ HTTP/2.0" in proxy.log(LOGS[NGINX]), "the relay is in the log")
    for secret in (*internet.platform.codes, *internet.platform.issued):
        assert proxy.files_with(secret) == []
        assert secret not in server.output


@pytest.mark.parametrize(("name", "prefix"), SITES)
def test_a_user_signs_in_while_the_server_is_dead_and_the_code_is_written_nowhere(
    internet: Internet, open_browser: OpenBrowser, tmp_path: Path, name: str, prefix: str
) -> None:
    folder = configured(tmp_path / "host", SETTINGS)
    add_release(folder)
    with serving(folder) as server:
        upstream = f"127.0.0.1:{server.port}"
        with fronting(tmp_path / "nginx", internet.folder, [upstream], internet.nginx_port, stale_soon) as proxy:
            sign_in(internet, open_browser(PLAIN), f"https://{name}{prefix}")
            server.kill()
            wait_until(
                lambda: (
                    proxy.ask(f"{prefix}redirect.html", {"Accept-Encoding": "br"}, name=name).status == 200
                    and re.search(r"redirect.html .* (STALE|UPDATING) ", proxy.log(LOGS[name])) is not None
                ),
                "what was kept is stale",
            )
            code = sign_in(internet, open_browser(PLAIN), f"https://{name}{prefix}")
            referrer = {"Referer": f"https://{name}{prefix}redirect.html?code={code}"}
            assert proxy.ask(f"{prefix}not-kept.html?code={code}", referrer, name=name).status == 502

    assert re.search(r"not-kept.html HTTP/1.1\" 502 ", proxy.log(LOGS[name]))
    assert proxy.files_with(code) == []
