"""The overlay, `public_dir`: a team's own pages and files, in place of the site's."""

import base64
import contextlib
import re
from pathlib import Path

import pytest

from embeddable_host.config.errors import SettingsError
from world.host import add_release, assets, call, configured, content
from world.places import PUBLIC

BUILT_IN_REDIRECT = PUBLIC["redirect.html"].read_text(encoding="utf-8")
HAND_OFF = '<script src="redirect.js"></script>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host")


@pytest.fixture
def overlay(folder: Path) -> Path:
    """The overlay folder of a host with a profile."""
    configured(folder, 'public_dir = "pages"\n[profiles.sandbox.params]\nprefix = "p"')
    (folder / "pages").mkdir()
    return folder / "pages"


def test_a_team_s_own_redirect_page_is_served_with_the_hand_off_in_it(folder: Path, overlay: Path) -> None:
    own = BUILT_IN_REDIRECT.replace("<main>", "<main>our own page").replace("page.css", "own.css")
    (overlay / "redirect.html").write_text(own)
    (overlay / "own.css").write_text("main { color: teal }")
    for address in ("/redirect.html", "/sandbox/redirect.html"):
        text = content(assets(folder)[address]).decode()
        assert "our own page" in text
        assert "<style>main { color: teal }</style>" in text
        assert HAND_OFF not in text
        assert "oAuthCallback" in text


FAULTS: dict[str, tuple[str, bytes]] = {
    "no hand-off": ("redirect.html", BUILT_IN_REDIRECT.replace(HAND_OFF, "").encode()),
    "hand-off in a comment": ("redirect.html", BUILT_IN_REDIRECT.replace(HAND_OFF, f"<!-- {HAND_OFF} -->").encode()),
    "not in UTF-8": ("redirect.html", BUILT_IN_REDIRECT.replace("…", "ü").encode("latin-1")),
    "script without a placeholder for values": ("redirect.js", b"/* my own */"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_overlay_that_cannot_sign_in_is_refused_with_the_name_of_the_file(
    folder: Path, overlay: Path, fault: str
) -> None:
    name, text = FAULTS[fault]
    (overlay / name).write_bytes(text)
    done = call(folder, "export", "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(rf"Error: .*pages/{re.escape(name)}", done.stderr)
    assert not (folder / "out").exists()


def test_other_files_of_the_overlay_are_served(folder: Path, overlay: Path) -> None:
    (overlay / "images").mkdir()
    (overlay / "brand.png").write_bytes(b"png")
    (overlay / "images" / "a b.svg").write_bytes(b"<svg/>")
    site = assets(folder)
    for profile in ("", "sandbox/"):
        brand, image = site[f"/{profile}brand.png"], site[f"/{profile}images/a b.svg"]
        assert (content(brand), brand.media_type) == (b"png", "image/png")
        assert (content(image), image.media_type) == (b"<svg/>", "image/svg+xml; charset=utf-8")


@pytest.mark.parametrize("name", [".env", ".git/config", "images/.env", "images/.git/config"])
def test_hidden_files_of_the_overlay_are_not_served(folder: Path, overlay: Path, name: str) -> None:
    (overlay / name).parent.mkdir(parents=True, exist_ok=True)
    (overlay / name).write_text("hidden")
    assert not [path for path in assets(folder) if path.endswith(name)]


def test_an_overlay_does_not_replace_addresses_of_the_host(folder: Path, overlay: Path) -> None:
    release = add_release(folder)
    names = ("healthz", "readyz", f"widget/{release.id}/app.css.map", f"widget/{release.id}/name.txt")
    for name in names:
        (overlay / name).parent.mkdir(parents=True, exist_ok=True)
        (overlay / name).write_text("overlay")
    site = assets(folder)
    assert [name for name in names if f"/{name}" in site and content(site[f"/{name}"]) == b"overlay"] == []


@pytest.mark.parametrize("place", [".", ""], ids=["the folder itself", "empty"])
def test_no_overlay_serves_the_settings_or_the_data(folder: Path, place: str) -> None:
    configured(folder, f'public_dir = "{place}"')
    release = add_release(folder)
    with contextlib.suppress(SettingsError):
        assert not {"/embeddable.toml", f"/var/releases/{release.id}/manifest.json"} & assets(folder).keys()


LOGOS = {"logo.svg": "image/svg+xml", "logo.png": "image/png", "logo.jpg": "image/jpeg", "LOGO.WEBP": "image/webp"}


@pytest.mark.parametrize("name", LOGOS)
def test_the_logo_is_inside_the_redirect_page(folder: Path, name: str) -> None:
    logo = b"<svg/>\0\xff" * 100
    (folder / name).write_bytes(logo)
    configured(folder, f'[redirect]\nlogo = "{name}"')
    site = assets(folder)
    url = f'"data:{LOGOS[name]};base64,{base64.b64encode(logo).decode()}"'
    assert url in content(site["/redirect.html"]).decode()
    assert f"/{name}" not in site
