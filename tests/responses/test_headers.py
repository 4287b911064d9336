"""The headers of every address: media types, how long it is kept, who may load it."""

import pytest

from embeddable_host.contract import UNUSED_FILES
from embeddable_host.releases.release import Release
from world.host import LARGE, Server
from world.release import FONT, RINGTONE
from world.wire import ADAPTERS, IMMUTABLE, MINUTES, MODULES, NO_STORE, OUR_PAGES, OWN, PAGES, UNCACHED_PAGES


def test_everything_has_its_media_type_and_is_not_sniffed(server: Server, release: Release) -> None:
    widget = f"/widget/{release.id}/"
    expected = {
        **{f"/{profile}{name}": "text/html; charset=utf-8" for profile in ("", "sandbox/") for name in PAGES},
        **{f"/{name}": "text/javascript; charset=utf-8" for name in ADAPTERS},
        **{module: "text/javascript; charset=utf-8" for module in MODULES},
        "/healthz": "text/plain; charset=utf-8",
        "/readyz": "application/json; charset=utf-8",
        widget + "app.html": "text/html; charset=utf-8",
        widget + "app.js": "text/javascript; charset=utf-8",
        widget + "app.css": "text/css; charset=utf-8",
        widget + "before-app.js": "text/javascript; charset=utf-8",
        widget + "assets/rc/logo.svg": "image/svg+xml; charset=utf-8",
        widget + FONT: "font/woff2",
        widget + RINGTONE: "audio/ogg",
        widget + LARGE: "text/plain; charset=utf-8",
    }
    for address, media_type in expected.items():
        for coding in ("br", "identity"):
            response = server.ask(address, {"Accept-Encoding": coding})
            assert response.headers["content-type"] == media_type, address
            assert response.headers["x-content-type-options"] == "nosniff", address


def test_everything_is_cached_as_long_as_it_holds(server: Server, release: Release) -> None:
    widget = f"/widget/{release.id}/"
    # The release's app.html has our script in it, and its headers follow the settings.
    ours = {widget + "app.html": MINUTES, widget + "before-app.js": MINUTES}
    expected = {
        **{address: NO_STORE if address.endswith(UNCACHED_PAGES) else MINUTES for address in OWN},
        **{widget + name: IMMUTABLE for name in release.files if name not in UNUSED_FILES},
        **ours,
        "/healthz": NO_STORE,
        "/readyz": NO_STORE,
    }
    assert {address: server.ask(address).headers["cache-control"] for address in expected} == expected


def test_what_other_origins_load_says_that_they_may(server: Server, addresses: list[str]) -> None:
    for address in addresses:
        if address not in ("/healthz", "/readyz"):
            headers = server.ask(address).headers
            assert headers["cross-origin-resource-policy"] == "cross-origin", address
            assert headers["access-control-allow-origin"] == "*", address


@pytest.mark.parametrize("profile", ["", "sandbox/"])
def test_the_redirect_page_keeps_its_opener_and_sends_no_referrer(server: Server, profile: str) -> None:
    headers = server.ask(f"/{profile}redirect.html?code=1").headers
    assert headers["cross-origin-opener-policy"] == "unsafe-none"
    assert headers["referrer-policy"] == "no-referrer"


def test_no_page_severs_its_window_but_the_login_page_of_the_sign_in_test(server: Server) -> None:
    pages = [address for address in OUR_PAGES if address != "/nothing"]
    policies = {address: server.ask(address).headers["cross-origin-opener-policy"] for address in pages}
    severing = {address for address, policy in policies.items() if policy == "same-origin"}
    assert severing == {"/stand-in-platform.html", "/sandbox/stand-in-platform.html"}
    assert set(policies.values()) == {"unsafe-none", "same-origin"}


def test_nothing_sets_a_cookie_or_names_the_server(server: Server, addresses: list[str]) -> None:
    for address in (*addresses, "/nothing"):
        assert not {"set-cookie", "server", "last-modified", "x-frame-options"} & server.ask(address).headers.keys()
