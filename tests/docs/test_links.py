"""The links of the pages lead to files and headings that exist."""

import pytest

from tools.markdown import PAGES, README, Page
from world.places import ROOT

OUTSIDE = ("https://", "http://", "mailto:")


def local_links(page: Page) -> list[str]:
    return [link for link in page.links if not link.startswith(OUTSIDE)]


def exists(page: Page, link: str) -> bool:
    path, _, anchor = link.partition("#")
    file = (page.file.parent / path).resolve() if path else page.file
    if not file.is_relative_to(ROOT) or not file.exists():
        return False
    return not anchor or anchor in Page(file.relative_to(ROOT).as_posix()).anchors


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: Page) -> None:
    assert [link for link in local_links(page) if not exists(page, link)] == []


def test_every_page_and_picture_of_docs_is_shown_or_linked_somewhere() -> None:
    linked = {(page.file.parent / link.partition("#")[0]).resolve() for page in PAGES for link in local_links(page)}
    assert {file for file in (ROOT / "docs").iterdir()} - linked == set()


def test_the_readme_leads_to_every_page_of_docs() -> None:
    assert {page.name for page in PAGES if page.name.startswith("docs/")} <= set(README.links)


def test_a_wrong_link_would_be_found() -> None:
    for link in ("docs/nowhere.md", "docs/deploying.md#nowhere", "#nowhere", "../elsewhere"):
        assert not exists(README, link)
    assert exists(README, "docs/deploying.md#replicas")


def test_the_readme_is_one_page() -> None:
    assert len(README.text.splitlines()) <= 130


@pytest.mark.parametrize(
    ("looked_for", "content", "file_name"),
    [
        ("the redirect page's German text", "Sie können dieses Fenster jetzt schließen.", "texts.json"),
        ("the cache time of adapter.js", "stale-while-revalidate=", "headers.py"),
        ("the advice of check about a COOP header", "add_header Cross-Origin-Opener-Policy", "faults.toml"),
        ("how long nginx caches a page", "proxy_cache_valid 200", "location.conf.template"),
        ("what runs before app.js", "// with memory-storage.js", "before-app.js"),
    ],
)
def test_the_readme_leads_to_the_one_file_that_has(looked_for: str, content: str, file_name: str) -> None:
    [link] = [link for link in README.links if link.endswith(f"/{file_name}")]
    files = [file for folder in ("public", "server", "nginx") for file in (ROOT / folder).rglob("*") if file.is_file()]
    found = [file for file in files if "__pycache__" not in file.parts and content in file.read_text(errors="replace")]
    assert [str(file.relative_to(ROOT)) for file in found] == [link], looked_for
