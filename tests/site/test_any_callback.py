"""The redirect page hands over any callback exactly as it came, once, and does nothing else with what is in it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from world.browser_modes import PLAIN, Browsers
from world.internet import HOST

pytestmark = pytest.mark.usefixtures("hosted")

BASE = f"https://{HOST}"
ODD = [
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    "-",
    "--",
    "%",
    "%2D",
    "javascript:1",
    "x" * 1500,
    "\0",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(ODD)
NAMES = st.sampled_from(["state", "error", "error_description", "code_verifier", "__proto__", "constructor", "x y&="])
QUERIES = st.dictionaries(NAMES, TEXTS, max_size=3)  # nginx takes 8 KiB
CALLBACKS = st.tuples(QUERIES, TEXTS)  # query and fragment
FEW = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

HAND_OVER = """addresses => Promise.all(addresses.map((address, number) => new Promise((done) => {
  const frame = document.body.appendChild(document.createElement('iframe'));
  const opened = frame.contentWindow.open('about:blank', `window-${number}`);
  const received = [];
  frame.contentWindow.oAuthCallback = (href) => received.push(href);
  opened.location.href = address;
  const timer = setInterval(() => {
    if (!opened.closed) return;
    clearInterval(timer);
    frame.remove();
    done({ received, expected: new URL(address).href });
  }, 20);
})))"""

STORE = """states => Promise.all(states.map((state, number) => new Promise((done) => {
  const prefix = state.slice(state.indexOf('-') + 1);
  const keys = [];
  const listen = ({ key, newValue }) => {
    if (!newValue?.includes(`code=code-${number}&`)) return;
    keys.push(key);
    if (keys.length < 2) return;
    removeEventListener('storage', listen);
    localStorage.removeItem(keys[0]);
    done({ keys, expected: [`${prefix}-callbackUri`, `rc-widget-${prefix}-redirect-callbackUri`] });
  };
  addEventListener('storage', listen);
  const query = new URLSearchParams({ code: `code-${number}`, state });
  window.open(`redirect.html?${query}&`, '_blank', 'noopener');
})))"""


@pytest.fixture(scope="module")
def page(browsers: Browsers) -> Iterator[Page]:
    """A page of the host's origin, which opens the windows that callbacks come back to."""
    with browsers.contexts() as open_browser:
        page = open_browser(PLAIN).new_page()
        page.goto(f"{BASE}/nothing")
        yield page


def results_of(page: Page, script: str, inputs: list[str]) -> Any:
    """What `script` resolves to for these inputs."""
    page.evaluate(
        f"inputs => {{ window.results = undefined; ({script})(inputs).then((all) => {{ window.results = all; }}); }}",
        inputs,
    )
    return page.wait_for_function("() => window.results").json_value()


@FEW
@given(callbacks=st.lists(CALLBACKS, min_size=10, max_size=12))
def test_an_opener_gets_the_callback_exactly_as_it_came_and_once(
    page: Page, callbacks: list[tuple[dict[str, str], str]]
) -> None:
    queries = [(urlencode({"code": "a", **query}), quote(fragment)) for query, fragment in callbacks]
    results = results_of(page, HAND_OVER, [f"{BASE}/redirect.html?{query}#{fragment}" for query, fragment in queries])

    assert [result["received"] for result in results] == [[result["expected"]] for result in results]
    assert page.evaluate("() => localStorage.length") == 0


@FEW
@given(tails=st.lists(TEXTS, min_size=10, max_size=12, unique=True))
def test_a_severed_callback_is_stored_under_the_two_keys_of_its_state_and_no_others(
    page: Page, tails: list[str]
) -> None:
    results = results_of(page, STORE, [f"MTc-{number}{tail}" for number, tail in enumerate(tails)])

    assert [result["keys"] for result in results] == [result["expected"] for result in results]
    page.wait_for_function("() => localStorage.length === 0")
