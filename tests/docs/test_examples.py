"""The examples on the pages are valid: settings load, pages and texts can be served, addresses exist."""

import json
import re
from pathlib import Path

import pytest

from embeddable_host.config.load import load
from embeddable_host.config.settings import Settings
from embeddable_host.config.warnings import warnings
from embeddable_host.deploy.nginx import NginxOptions, site
from embeddable_host.faults.faults import FAULTS
from embeddable_host.responses.body import IDENTITY
from embeddable_host.site.site import Site, build_site
from tools.markdown import FAILURES, PAGES, SETTINGS, Page
from tools.reference import TABLES, rendered
from world.host import add_release, configured, serving
from world.places import PUBLIC, ROOT

PROFILES = """
[profiles.sandbox.params]
appServer = "https://platform.devtest.ringcentral.com"
prefix = "rc-sandbox"
"""
ADDRESS = re.compile(r"https://phone\.example\.com(/[\w./-]*)?")


def examples(language: str) -> list[object]:
    return [
        pytest.param(text, id=f"{page}-{number}")
        for page in PAGES
        for number, text in enumerate(page.blocks(language), 1)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-public").mkdir()
    for logo in ("logo.svg", "logo-dark.svg", "my-public/logo.svg"):
        (tmp_path / logo).write_text("<svg/>")
    return tmp_path


def overlaid(folder: Path, name: str, text: str) -> Settings:
    """The settings of a team with `text` in its public_dir, as the file `name`."""
    (folder / "my-public" / name).write_text(text, encoding="utf-8")
    return load(configured(folder, 'public_dir = "my-public"') / "embeddable.toml")


def content(site: Site, path: str) -> bytes:
    """The uncompressed bytes at an address."""
    [plain] = [body.content for body in site[path].bodies if body.coding == IDENTITY]
    assert isinstance(plain, bytes)
    return plain


@pytest.mark.parametrize("text", examples("toml"))
def test_an_example_of_settings_loads_without_a_warning(folder: Path, text: str) -> None:
    assert warnings(load(configured(folder, text) / "embeddable.toml")) == []


def test_the_settings_that_a_shell_exports_load_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = re.findall(r"^export (\w+)=(\S+)$", "\n".join(SETTINGS.blocks("sh")), re.MULTILINE)
    for name, value in exported:
        monkeypatch.setenv(name, value)
    settings = load()
    assert settings.public_url == "https://phone.example.com/"
    assert settings.widget.embedders == ["https://crm.example.com", "https://shop.example.com"]
    assert settings.params == {"clientId": "your-client-id"}


@pytest.mark.parametrize("page", TABLES, ids=str)
def test_the_generated_tables_are_up_to_date(page: Page) -> None:
    assert rendered(page) == page.text, "run `make reference`"


def test_every_message_of_ringcentral_and_of_the_redirect_page_can_be_looked_up() -> None:
    texts = json.loads(PUBLIC["texts.json"].read_text(encoding="utf-8"))["en"]
    good = {"title", "text", "done", "failed"}  # the last goes with words of RingCentral
    explained = {fault.text for fault in FAULTS.values() if fault.text}
    assert explained == {*texts, *texts["errors"]} - good - {"errors"}
    for words in (*(fault.words for fault in FAULTS.values() if fault.words), texts["gone"], *texts["errors"].values()):
        assert f"“{words}”" in FAILURES.text


def test_a_team_s_own_texts_are_served(folder: Path) -> None:
    [texts] = Page("docs/redirect-page.md").blocks("json")
    page = content(build_site(overlaid(folder, "texts.json", texts)), "/redirect.html")
    assert b"Please call 4711" in page
    assert set(json.loads(texts)) == {"en"}


def test_a_redirect_page_of_a_team_s_own_is_served(folder: Path) -> None:
    [example] = Page("docs/redirect-page.md").blocks("html")
    site = build_site(overlaid(folder, "redirect.html", example))
    assert b"Our company" in content(site, "/redirect.html")
    assert b"oAuthCallback" in content(site, "/redirect.html")
    assert site["/logo.svg"].status == 200


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_address_of_the_host_exists(folder: Path, page: Page) -> None:
    add_release(configured(folder, PROFILES))
    site = build_site(load(folder / "embeddable.toml"))
    named = {path or "/" for path in ADDRESS.findall(page.text)}
    assert {path.removesuffix(".") for path in named} - set(site.assets) == set()


def test_the_nginx_block_for_an_export_is_the_one_in_its_own_configuration() -> None:
    template = (ROOT / "nginx" / "export.conf.template").read_text()
    comment = "\n".join(line.removeprefix("#").removeprefix("     ") for line in template.splitlines())
    [block] = [block for block in Page("docs/deploying.md").blocks("nginx") if "root" in block]
    assert block in comment


def test_the_documented_limits_of_a_client_address_are_nginx_s() -> None:
    configuration = site(NginxOptions("phone.example.com"))
    [(messages, each_minute, waits)] = re.findall(
        r"burst of (\d+) messages, then (\d+) a minute, and have (\d+) requests waiting",
        " ".join(Page("docs/deploying.md").text.split()),
    )
    assert f" burst={messages} " in configuration
    assert f" rate={each_minute}r/m;" in configuration
    assert f"_relay_waits {waits};" in configuration


def test_the_documented_metrics_are_the_served_ones(folder: Path) -> None:
    named = set(re.findall(r"`(embeddable_host_\w+)`", Page("docs/operating.md").text))
    with serving(folder) as server:
        served = set(re.findall(r"^# TYPE (embeddable_host_\w+)", server.ask("/metrics").body.decode(), re.MULTILINE))
    assert named == served


def test_readyz_responds_as_documented(folder: Path) -> None:
    [shown] = Page("docs/operating.md").blocks("json")
    served = json.loads(content(build_site(load(configured(folder) / "embeddable.toml")), "/readyz"))
    assert served == json.loads(shown) | {"release": "cdn"}
