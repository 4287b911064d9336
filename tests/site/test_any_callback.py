"""Whatever an address of the redirect page says: it is handed over to the letter, once, and means nothing else."""

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
ANSWERS = st.tuples(QUERIES, TEXTS)
FEW = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

HAND_OVER = """addresses => Promise.all(addresses.map((address, number) => new Promise((done) => {
  const frame = document.body.appendChild(document.createElement('iframe'));
  const opened = frame.contentWindow.open('about:blank', `window-${number}`);
  const received = [];
  frame.contentWindow.oAuthCallback = (href) => received.push(href);
  opened.location.href = address;
  const looking = setInterval(() => {
    if (!opened.closed) return;
    clearInterval(looking);
    frame.remove();
    done({ received, meant: new URL(address).href });
  }, 20);
})))"""

LEAVE = """states => Promise.all(states.map((state, number) => new Promise((done) => {
  const prefix = state.slice(state.indexOf('-') + 1);
  const keys = [];
  const listen = ({ key, newValue }) => {
    if (!newValue?.includes(`code=code-${number}&`)) return;
    keys.push(key);
    if (keys.length < 2) return;
    removeEventListener('storage', listen);
    localStorage.removeItem(keys[0]);
    done({ keys, wanted: [`${prefix}-callbackUri`, `rc-widget-${prefix}-redirect-callbackUri`] });
  };
  addEventListener('storage', listen);
  const query = new URLSearchParams({ code: `code-${number}`, state });
  window.open(`redirect.html?${query}&`, '_blank', 'noopener');
})))"""


@pytest.fixture(scope="module")
def page(browsers: Browsers) -> Iterator[Page]:
    """A page of the host's own origin, in whose windows sign-ins come back."""
    with browsers.contexts() as open_browser:
        page = open_browser(PLAIN).new_page()
        page.goto(f"{BASE}/nothing")
        yield page


def told_by(page: Page, script: str, addresses: list[str]) -> Any:
    """What `script` resolves to for these."""
    page.evaluate(
        f"given => {{ window.told = undefined; ({script})(given).then((all) => {{ window.told = all; }}); }}", addresses
    )
    return page.wait_for_function("() => window.told").json_value()


@FEW
@given(answers=st.lists(ANSWERS, min_size=10, max_size=12))
def test_an_opener_gets_the_address_to_the_letter_and_once(
    page: Page, answers: list[tuple[dict[str, str], str]]
) -> None:
    queries = [(urlencode({"code": "a", **query}), quote(fragment)) for query, fragment in answers]
    told = told_by(page, HAND_OVER, [f"{BASE}/redirect.html?{query}#{fragment}" for query, fragment in queries])

    assert [one["received"] for one in told] == [[one["meant"]] for one in told]
    assert page.evaluate("() => localStorage.length") == 0


@FEW
@given(tails=st.lists(TEXTS, min_size=10, max_size=12, unique=True))
def test_a_severed_answer_lies_under_the_two_keys_of_its_state_and_no_others(page: Page, tails: list[str]) -> None:
    told = told_by(page, LEAVE, [f"MTc-{number}{tail}" for number, tail in enumerate(tails)])

    assert [one["keys"] for one in told] == [one["wanted"] for one in told]
    page.wait_for_function("() => localStorage.length === 0")
