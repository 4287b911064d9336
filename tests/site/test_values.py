"""No value escapes from the page that it is injected into, and each arrives unchanged.

Values come from the settings: a parameter, the redirect page's title and text. They are JSON in a script, in a page or
in adapter.js. The named ones are tried in Chromium; texts that Hypothesis generates in an HTML parser, and many at once
in Chromium too.
"""

import base64
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from embeddable_host.config.parameters import Value, encode
from embeddable_host.config.settings import Settings
from embeddable_host.site.page import PLACEHOLDER, inject_values, make_page, sources
from embeddable_host.site.site import Site, build_site
from world.browser_modes import DEADLINE, INCOGNITO, Browsers, OpenBrowser
from world.host import add_release, content
from world.internet import HOST, SAME_SITE
from world.user import ADAPTER_FRAME

BASE = f"https://{HOST}"
CLIENT_ID = "client"
NAMED = {
    "end of script": "</script><script>window.ran = 1</script>",
    "end of script with blanks": "</script \n><img src=x onerror='window.ran = 1'>",
    "end of script in capitals": "</SCRIPT/><svg onload=window.ran=1>",
    "begin of a comment": "<!--",
    "begin of a comment and a script": "<!--<script>",
    "end of a comment": "--><script>window.ran = 1</script>",
    "character data": "<![CDATA[ ]]> window.ran = 1",
    "end of title": "</title><script>window.ran = 1</script>",
    "end of style": "</style><script>window.ran = 1</script>",
    "line separators": "a\u2028window.ran = 1\u2029b",
    "ends of lines": "a\nwindow.ran = 1\r\nb\rc",
    "quotes": """"; window.ran = 1; '"; `${window.ran = 1}`""",
    "backslashes": '\\"; window.ran = 1; //\\u003c\\',
    "one backslash": "\\",
    "character references": "&lt;/script&gt;&#60;script&#62;&amp;amp;",
    "a template": "${window.ran = 1} {{window.ran}} $& $1 $` \\g<0> \\1 %s {0}",
    "the placeholder for values": PLACEHOLDER,
    "what looks like values": '{"origins": ["*"]}',
    "a name of JavaScript": "__proto__",
    "a query": "a=b&c=d?e#f;g+h%20i%00",
    "a script's address": "javascript:window.ran=1",
    "of all alphabets": "Ünïcödé 日本語 😀 \u202eright to left\u202c \ufeff\u200b",
    "control characters": "a\x01\x1f\x7f\x80\x9fb",
    "ten thousand characters": "<long> " * 1429,
}
CHARACTERS = st.text(st.characters(exclude_categories=["Cs"]))  # no lone surrogates: TOML cannot contain them
TEXTS = st.lists(CHARACTERS | st.sampled_from(list(NAMED.values())), max_size=4).map("".join)
FUZZ = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("values")
    add_release(folder)
    return folder / "var"


@pytest.fixture(scope="module", params=["hosted", "cdn"])
def release(request: pytest.FixtureRequest) -> str:
    return {"hosted": "current", "cdn": "cdn"}[request.param]


# In a browser


class Browser:
    """A page in a context where `site` is at the host's address, with pages of a team that embed it."""

    site: Site

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.faults: list[str] = []
        self.pages = {
            "/adapter": f'<!doctype html><script src="{BASE}/adapter.js"></script>',
            # In a frame the redirect page hands over to its parent, and keeps showing its text.
            "/frame": f'<!doctype html><iframe src="{BASE}/redirect.html?code=1&state=a-b"></iframe>',
        }
        context.route("**/*", self._respond)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("console", lambda message: self._record(message.text))

    def open(self, address: str) -> Page:
        self.page.goto(address)
        return self.page

    def _record(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.faults.append(text)

    def _respond(self, route: Route, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.hostname == SAME_SITE:
            return route.fulfill(body=self.pages[parts.path], content_type="text/html; charset=utf-8")
        if parts.hostname != HOST:
            return route.abort()
        asset = self.site[parts.path]
        headers = {"Content-Type": asset.media_type, **dict(asset.headers)}
        route.fulfill(status=asset.status, headers=headers, body=content(self.site[parts.path]))

    def assert_nothing_else_has_run(self) -> None:
        assert self.faults == []
        for frame in self.page.frames:
            assert frame.evaluate("typeof window.ran") == "undefined", frame.url


@pytest.fixture(scope="module")
def browser(browsers: Browsers) -> Iterator[Browser]:
    """One for all tests: each value gets a new document."""
    context = browsers.incognito()
    context.set_default_timeout(DEADLINE)
    yield Browser(context)
    context.close()


def site_with(data_dir: Path, redirect: Mapping[str, str] | None = None, **params: Value) -> Site:
    params["clientId"] = CLIENT_ID  # without it the app does not start
    return build_site(Settings(data_dir=data_dir, redirect=dict(redirect or {}), params=params))


def scripts_in(page: Page) -> int:
    return page.locator("script").count()


@pytest.mark.parametrize("name", NAMED)
def test_title_and_text_of_the_redirect_page_arrive_unchanged(browser: Browser, data_dir: Path, name: str) -> None:
    value = NAMED[name]
    browser.site = site_with(data_dir, {"title": value, "text": value})
    page = browser.open(f"https://{SAME_SITE}/frame")
    frame = page.frame_locator("iframe")
    status = frame.locator("#status")
    status.wait_for()
    assert status.evaluate("element => element.textContent") == value
    assert frame.locator("title").evaluate("element => element.textContent") == value
    assert frame.locator("script").count() == 1
    assert frame.locator("img").count() == 1
    browser.assert_nothing_else_has_run()


@pytest.mark.parametrize("name", NAMED)
def test_a_parameter_reaches_the_app_unchanged(browser: Browser, data_dir: Path, name: str) -> None:
    value = NAMED[name]
    browser.site = site_with(data_dir, userAgent=value)
    page = browser.open(f"{BASE}/app.html")
    page.wait_for_url("**/widget/**")
    parameters = parse_qs(urlsplit(page.url).query)
    assert parameters == {"redirectUri": [f"{BASE}/redirect.html"], "userAgent": [value], "clientId": [CLIENT_ID]}
    browser.assert_nothing_else_has_run()


@pytest.mark.parametrize("name", NAMED)
def test_a_parameter_reaches_the_adapters_frame_unchanged(browser: Browser, data_dir: Path, name: str) -> None:
    value = NAMED[name]
    browser.site = site_with(data_dir, userAgent=value)
    page = browser.open(f"https://{SAME_SITE}/adapter")
    frame = page.locator(ADAPTER_FRAME)
    frame.wait_for(state="attached")
    parameters = parse_qs(urlsplit(frame.get_attribute("src") or "").query)
    assert parameters["userAgent"] == [value]
    assert parameters["redirectUri"] == [f"{BASE}/redirect.html"]
    browser.assert_nothing_else_has_run()


@pytest.mark.parametrize("name", NAMED)
def test_a_pages_own_parameter_arrives_unchanged(browser: Browser, data_dir: Path, name: str) -> None:
    value = NAMED[name]
    browser.site = site_with(data_dir, userAgent="host")
    query = browser.page.evaluate("value => new URLSearchParams({ userAgent: value }).toString()", value)
    page = browser.open(f"{BASE}/app.html?{query}")
    page.wait_for_url("**/widget/**")
    assert parse_qs(urlsplit(page.url).query)["userAgent"] == [value]
    browser.assert_nothing_else_has_run()


def test_the_setup_page_shows_addresses_as_text(browser: Browser, data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, public_url="https://phone.example.com/</script><script>window.ran=1;x")
    browser.site = build_site(settings)
    page = browser.open(f"{BASE}/")
    for code in ("#adapter-code", "#iframe-code"):
        expect(page.locator(code)).to_contain_text("window.ran=1;x/a")
    expect(page.locator("#redirect-uri")).to_contain_text("window.ran=1;x/redirect.html")
    assert scripts_in(page) == 4  # two inline, the module, and the values
    browser.assert_nothing_else_has_run()


@hypothesis_settings(parent=FUZZ, max_examples=10)
@given(values=st.lists(TEXTS, min_size=50, max_size=100))
def test_every_text_arrives_unchanged_in_a_browser(page_of_values: Page, values: list[str]) -> None:
    files = {"page.html": '<!doctype html><p>a</p><script src="values.js"></script><p>b</p>'}
    files["values.js"] = f"window.values = {PLACEHOLDER};"
    html = make_page("page.html", files, {"values.js": {"list": [*values, *NAMED.values()]}}).content
    page_of_values.set_content(html.decode())
    assert page_of_values.evaluate("window.values.list") == [*values, *NAMED.values()]
    assert page_of_values.locator("body > *").count() == 3
    assert page_of_values.evaluate("typeof window.ran") == "undefined"


@pytest.fixture
def page_of_values(open_browser: OpenBrowser) -> Page:
    return open_browser(INCOGNITO).new_page()


# Generated texts: the page's elements, as an HTML parser finds them


class Elements(HTMLParser):
    """The tags of a page in their order, and the text of each script."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self.texts: dict[str, str] = {}  # of the elements that show a value, by its name
        self._in_script = False
        self._value: str | None = None
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_script = tag == "script"
        self._value = dict(attrs).get("data-value")
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")
        self._in_script = False
        self._value = None

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        if self._value:
            self.texts[self._value] = self.texts.get(self._value, "") + data

    def handle_comment(self, data: str) -> None:
        self.tags.append("comment")


def values_in(script: str, original: str) -> Any:
    """The values in `script`, which is otherwise like the file `original`."""
    before, after = original.split(PLACEHOLDER)
    assert script.startswith(before)
    assert script.endswith(after)
    return json.loads(script[len(before) : len(script) - len(after)])


@functools.cache
def public(name: str) -> str:
    """A script of `public/`, with those that it includes."""
    return sources(None)[name]


PAGES = {
    "/redirect.html": "redirect.js",
    "/app.html": "defaults.js",
    "/stand-in-platform.html": "stand-in-platform.js",
}


@FUZZ
@given(value=TEXTS, title=TEXTS, text=TEXTS)
def test_every_text_stays_in_its_script_and_arrives_unchanged(
    data_dir: Path, plain: Site, release: str, value: str, title: str, text: str
) -> None:
    redirect = {"title": title, "text": text}
    params = {"userAgent": value, "prefix": value, "redirectUri": f"https://a.example/{value}"}
    site = build_site(Settings(data_dir=data_dir, widget={"release": release}, redirect=redirect, params=params))
    for address, name in PAGES.items():
        page = content(site[address])
        elements = Elements(page)
        assert elements.tags == Elements(content(plain[address])).tags
        [script] = elements.scripts
        values = values_in(script, public(name))
        allowed = dict(site[address].headers)["Content-Security-Policy"]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'" in allowed
        if name == "redirect.js":
            assert (values["title"], values["text"], values["prefix"]) == (title, text, value or "rc-widget")
        elif name == "defaults.js":
            assert values["parameters"] == encode(params)
        elif name == "stand-in-platform.js":
            assert values == {"redirectUri": f"https://a.example/{value}"}
    setup = Elements(content(site["/"]))
    assert setup.tags == Elements(content(plain["/"])).tags
    *_, block = setup.scripts
    assert json.loads(block)["parameters"] == encode(params)
    assert setup.texts["redirectUri"] == f"https://a.example/{value}"
    assert (
        ";"
        not in dict(site["/stand-in-app.html"].headers)["Content-Security-Policy"]
        .partition("frame-src")[2]
        .partition("; base-uri")[0]
    )


@pytest.fixture(scope="module")
def plain(data_dir: Path, release: str) -> Site:
    return build_site(Settings(data_dir=data_dir, widget={"release": release}))


@FUZZ
@given(value=TEXTS)
def test_every_text_arrives_unchanged_in_the_adapter(data_dir: Path, value: str) -> None:
    site = build_site(Settings(data_dir=data_dir, params={"userAgent": value}))
    for name in ("adapter.js", "adapter.att.js"):
        script = content(site[f"/{name}"]).decode()
        before, after = public("defaults.js").split(PLACEHOLDER)
        assert script.startswith(before)
        values, end = json.JSONDecoder().raw_decode(script, len(before))
        assert script[end:].startswith(after)
        assert values["parameters"] == ({"userAgent": value} if value else {})


JSON = st.recursive(
    TEXTS | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=5,
)


@hypothesis_settings(parent=FUZZ, max_examples=100)
@given(values=st.dictionaries(TEXTS, JSON))
def test_injected_values_are_ascii_without_anything_that_means_something_to_html(values: dict[str, Any]) -> None:
    text = inject_values(PLACEHOLDER, values)
    assert text.isascii()
    assert not set(text) & set("<>&\n\r")
    assert json.loads(text) == values


@pytest.mark.parametrize("script", ["", "no placeholder", f"{PLACEHOLDER}{PLACEHOLDER}", PLACEHOLDER.replace(" ", "")])
def test_a_script_without_exactly_one_placeholder_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match="places for values"):
        inject_values(script, {})
