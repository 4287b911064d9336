"""Signing in where nothing of ours runs but the browser: the site is files."""

from pathlib import Path

import pytest

from world.browser_modes import PLAIN, STORAGE_DENIED, BrowserMode, OpenBrowser
from world.exported import exported, plain_nginx
from world.host import add_release, configured
from world.hosts import CLIENT_ID, SETTINGS
from world.internet import EXPORT, SAME_SITE, Internet
from world.platform import TokenRequest
from world.user import Phone


@pytest.fixture(scope="module")
def signed_in_by(tmp_path_factory: pytest.TempPathFactory) -> Path:
    host = configured(tmp_path_factory.mktemp("signing-in") / "host", SETTINGS)
    add_release(host)
    return host


@pytest.mark.parametrize("prefix", ["/", "/phone/"])
@pytest.mark.parametrize(
    ("mode", "severed"),
    [(PLAIN, False), (PLAIN, True), (STORAGE_DENIED, False)],
    ids=["plain", "opener severed", "storage denied"],
)
def test_a_user_signs_in_with_no_server_of_ours_and_no_log_has_the_code(
    signed_in_by: Path,
    internet: Internet,
    open_browser: OpenBrowser,
    tmp_path: Path,
    prefix: str,
    mode: BrowserMode,
    severed: bool,
) -> None:
    internet.platform.severs_openers = severed
    root = exported(signed_in_by, "out", "--prefix", prefix)
    base = f"https://{EXPORT}{prefix}"
    with plain_nginx(tmp_path, root, internet.export_port):
        page = open_browser(mode).new_page()
        page.goto(internet.page(SAME_SITE, f'<!doctype html><body><script src="{base}adapter.js"></script>'))
        phone = Phone(page)
        login = phone.open_login()
        phone.see("Signed in")
        phone.wait_until_done(login)

    [code] = internet.platform.codes
    [token] = internet.platform.tokens
    assert token == TokenRequest(token.server, CLIENT_ID, f"{base}redirect.html", code, granted=True)
    logs = b"".join(file.read_bytes() for file in tmp_path.rglob("*.log"))
    assert code.encode() not in logs
