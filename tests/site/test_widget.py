"""A hosted release in the site: its files unchanged, except the page of the app."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from embeddable_host.contract import APP_PAGE, UNUSED_FILES
from embeddable_host.releases.release import Release
from embeddable_host.responses.asset import Asset
from world.browser_modes import PLAIN, OpenBrowser
from world.host import add_release, assets, configured, content
from world.internet import CROSS_SITE, HOST, Internet
from world.user import Phone


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return add_release(configured(tmp_path))


@pytest.fixture
def site(tmp_path: Path, release: Release) -> Mapping[str, Asset]:
    return assets(tmp_path)


def test_a_release_s_files_are_served_byte_for_byte(release: Release, site: Mapping[str, Asset]) -> None:
    for name in release.files.keys() - {APP_PAGE, *UNUSED_FILES}:
        assert content(site[f"/widget/{release.id}/{name}"]) == release.read(name), name


def test_pages_of_a_release_that_this_host_replaces_are_not_served(release: Release, site: Mapping[str, Asset]) -> None:
    present = {name for name in UNUSED_FILES if name in release.files}
    assert present == {"index.html", "popup.html", "redirect.html", "redirect.js"}
    assert not {f"/widget/{release.id}/{name}" for name in UNUSED_FILES} & site.keys()


def test_app_html_differs_by_one_script_before_the_app(release: Release, site: Mapping[str, Asset]) -> None:
    folder = f"/widget/{release.id}/"
    page, original = content(site[folder + "app.html"]), release.read("app.html")
    tag = b'<script src="before-app.js"></script>'
    assert page.count(tag) == 1
    assert page.replace(tag, b"") == original
    assert page.index(tag) + len(tag) == page.index(b'<script src="app.js">')
    assert folder + "before-app.js" in site
    assert "/before-app.js" not in site


def test_app_html_preloads_what_it_always_loads(release: Release, site: Mapping[str, Asset]) -> None:
    headers = dict(site[f"/widget/{release.id}/app.html"].headers)
    assert headers["Link"].split(", ") == [
        "<before-app.js>; rel=preload; as=script",
        "<app.js>; rel=preload; as=script",
        "<app.css>; rel=preload; as=style",
    ]


@pytest.mark.usefixtures("hosted")
def test_what_the_app_needs_at_its_start_is_requested_once_and_before_the_app_has_run(
    internet: Internet, open_browser: OpenBrowser
) -> None:
    page = open_browser(PLAIN).new_page()
    page.goto(internet.page(CROSS_SITE, f'<!doctype html><body><script src="https://{HOST}/adapter.js"></script>'))
    phone = Phone(page)
    phone.wait_for("phone.texts.signIn")

    requests = phone.evaluate(
        "performance.getEntriesByType('resource').map((one) => [one.name.split('/').pop(), one.initiatorType])"
    )
    for name in ("before-app.js", "app.js", "app.css", "en-US.js"):
        assert [initiator for requested, initiator in requests if requested == name] in (["link"], ["early-hints"]), (
            name
        )
    assert phone.evaluate("document.querySelectorAll('link[rel=preload]').length") == 1
