"""What pages may load and who may frame them: the Content-Security-Policy, held against the page itself."""

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from embeddable_host.releases.release import Release
from world.host import Response, Server, add_release, assets, configured, serving
from world.wire import ADAPTERS, EMBEDDER, MODULES, OUR_PAGES, SETTINGS, SETUP_PAGES


@pytest.fixture(scope="module")
def framed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host which one origin may frame."""
    folder = configured(tmp_path_factory.mktemp("framed"), f'[widget]\nembedders = ["{EMBEDDER}"]')
    add_release(folder)
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def unhosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host without a release, which one origin may frame."""
    with serving(configured(tmp_path_factory.mktemp("unhosted"), f'[widget]\nembedders = ["{EMBEDDER}"]')) as server:
        yield server


class Inline(HTMLParser):
    """The scripts and stylesheets that stand in a page, what it loads besides, and what an attribute would run."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"script": [], "style": []}
        self.loaded: list[str] = []
        self.handlers: list[str] = []
        self._inside = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.handlers += [name for name in given if name.startswith("on") or name == "style"]
        self.loaded += [given[name] or "" for name in ("src", "srcset", "href", "data", "action") if name in given]
        if tag in self.found and "src" not in given and "type" not in given:
            self._inside = tag
            self.found[tag].append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[self._inside][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""


def policy(response: Response) -> dict[str, list[str]]:
    directives = response.headers.get("content-security-policy", "").split(";")
    return {words[0]: words[1:] for directive in directives if (words := directive.split())}


def hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


WITH_ADAPTER = ("/popup.html", "/preview.html")
WITH_MODULES = ("/", "/test.html")


@pytest.mark.parametrize("address", OUR_PAGES)
def test_the_policy_allows_the_page_s_own_scripts_and_styles_by_hash_and_no_others(
    server: Server, unhosted: Server, address: str
) -> None:
    for host in (server, unhosted):
        if host is unhosted and address.startswith(("/sandbox", "/start.html")):  # it has neither profile nor relay
            continue
        response = host.ask(address)
        allowed, page = policy(response), Inline(response.body)
        hashes = {hash_source(script) for script in page.found["script"]}
        cdn = {source for source in allowed["script-src"] if source.startswith("https:")}
        assert not cdn or (host is unhosted and address.endswith(WITH_ADAPTER))
        own = {"'self'"} if address.endswith((*WITH_ADAPTER, *WITH_MODULES)) else set()
        assert set(allowed["script-src"]) == (hashes | own | cdn or {"'none'"})
        assert set(allowed["style-src"]) == (
            {"'unsafe-inline'"}
            if address.endswith(WITH_ADAPTER)
            else {hash_source(style) for style in page.found["style"]} or {"'none'"}
        )
        assert page.handlers == []
        assert allowed["default-src"] == allowed["base-uri"] == allowed["form-action"] == ["'none'"]


@pytest.mark.parametrize("address", OUR_PAGES)
def test_nothing_unsafe_is_allowed_but_the_styles_that_the_adapter_adds(server: Server, address: str) -> None:
    allowed = policy(server.ask(address))
    unsafe = [(name, source) for name in allowed for source in allowed[name] if "unsafe" in source]
    assert unsafe == ([("style-src", "'unsafe-inline'")] if address.endswith(WITH_ADAPTER) else [])


@pytest.mark.parametrize(
    "address", [address for address in OUR_PAGES if not address.endswith((*WITH_MODULES, "popup.html"))]
)
def test_a_page_without_modules_names_no_other_file(server: Server, address: str) -> None:
    assert Inline(server.ask(address).body).loaded == ["data:,"]


@pytest.mark.parametrize("profile", ["", "sandbox/"])
def test_a_page_with_modules_names_all_that_it_will_load_at_the_top_of_the_site(server: Server, profile: str) -> None:
    top = "../" if profile else ""
    for address in ("", "test.html"):
        loaded = Inline(server.ask(f"/{profile}{address}").body).loaded
        named = {name for name in loaded if name.endswith(".mjs")}
        imported = {f"{top}{module}" for name in named for module in imports(server, name.removeprefix("../"))}
        assert imported <= named
        assert {name for name in named if name.startswith(top)} == named
        assert not [
            name for name in loaded if "//" in name and not name.startswith("https://developers.ringcentral.com/")
        ]


def imports(server: Server, module: str) -> list[str]:
    return re.findall(r"^import .* from '\./([\w-]+\.mjs)';$", server.ask(f"/{module}").body.decode(), re.MULTILINE)


def test_the_redirect_page_loads_nothing(server: Server) -> None:
    response = server.ask("/redirect.html")
    page = Inline(response.body)
    assert page.loaded == ["data:,"]
    assert not re.search(r"@import|url\(", page.found["style"][0])
    assert policy(response)["default-src"] == ["'none'"]
    assert not policy(response).keys() & {"font-src", "media-src"}


def test_the_redirect_page_connects_only_to_this_host_and_without_a_relay_to_none(
    server: Server, unhosted: Server
) -> None:
    assert policy(server.ask("/redirect.html"))["connect-src"] == ["'self'"]
    assert "connect-src" not in policy(unhosted.ask("/redirect.html"))


API_SERVERS = ["https://platform.ringcentral.com", "https://platform.devtest.ringcentral.com"]


def test_the_setup_page_alone_may_ask_ringcentral_s_servers_and_no_others(server: Server) -> None:
    for address in OUR_PAGES:
        sources = policy(server.ask(address)).get("connect-src", [])
        assert sources == ["'self'", *API_SERVERS] if address in ("/", "/sandbox/") else sources in ([], ["'self'"])


def test_a_profile_s_own_server_may_be_asked_by_its_setup_page(tmp_path: Path) -> None:
    settings = '[profiles.own.params]\nappServer = "https://api.example.com/path/"'
    pages = assets(configured(tmp_path, settings))
    policies = {path: dict(pages[path].headers)["Content-Security-Policy"] for path in ("/", "/own/")}
    assert f"connect-src 'self' {' '.join(API_SERVERS)};" in policies["/"]
    assert f"connect-src 'self' {' '.join(API_SERVERS)} https://api.example.com;" in policies["/own/"]


FRAMEABLE = ("/redirect.html", "/app.html", "/test.html", "/stand-in-app.html", "/widget/{id}/app.html")
UNFRAMEABLE = ("/", "/start.html", "/popup.html", "/stand-in-platform.html", "/nothing")


def test_every_page_may_frame_the_widget_unless_embedders_are_listed(server: Server, release: Release) -> None:
    for address in FRAMEABLE:
        assert "frame-ancestors" not in policy(server.ask(address.format(id=release.id)))


def test_only_listed_embedders_may_frame_the_widget(framed: Server, unhosted: Server) -> None:
    id = framed.ask("/readyz").body.decode().split('"')[-2]
    for address in FRAMEABLE:
        assert policy(framed.ask(address.format(id=id)))["frame-ancestors"] == ["'self'", EMBEDDER]
    # The CDN's app frames the redirect page to refresh.
    ancestors = policy(unhosted.ask("/redirect.html"))["frame-ancestors"]
    assert ancestors == ["'self'", EMBEDDER, "https://apps.ringcentral.com", "https://ringcentral.github.io"]


def test_nobody_may_frame_the_other_pages(server: Server, framed: Server, unhosted: Server) -> None:
    for host in (server, framed, unhosted):
        for address in UNFRAMEABLE:
            assert policy(host.ask(address))["frame-ancestors"] == ["'none'"]
        assert policy(host.ask("/preview.html"))["frame-ancestors"] == ["'self'"]


def test_without_the_setup_pages_nothing_of_them_is_there(tmp_path: Path) -> None:
    add_release(configured(tmp_path, f"{SETTINGS}[setup]\nenabled = false\n"))
    with serving(tmp_path) as server:
        for profile in ("/", "/sandbox/"):
            for name in (*SETUP_PAGES, *ADAPTERS, "redirect.html", "app.html", "popup.html"):
                assert server.ask(f"{profile}{name}").status == (404 if name in SETUP_PAGES else 200), name
        assert [server.ask(module).status for module in MODULES] == [404] * len(MODULES)
