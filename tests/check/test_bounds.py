"""Whatever is at an address, `check` ends within its memory and its time, and reports it as a finding."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from embeddable_host.check import registration_rules
from embeddable_host.check.client import Response
from embeddable_host.check.expected import Expected
from embeddable_host.check.registration_rules import App
from embeddable_host.check.rules import examine
from embeddable_host.limits import KIB, MAX_RESPONSE_BYTES
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import Body
from world import hostile
from world.growth import MAX_RATIO, ratio
from world.hostile import Behaviour, missing, once, with_length
from world.measured import Measured, measured

pytestmark = pytest.mark.extra

MEMORY = 100  # MiB for one response
MEMORY_OF_ALL = 400  # MiB for many at once
HOST_INFO = "/host.json"
CHECK = """
from embeddable_host.check import check, client
from embeddable_host.check.report import as_json
from world.host import Quiet
client.RESPONSE_SECONDS, client.CHECK_SECONDS = map(float, sys.argv[2:])
"""
CHECKING = """
print(as_json(check.check(client.read_target(sys.argv[1]), None, Quiet())))
"""


def checked(behaviours: dict[str, Behaviour], response_seconds: float = 1, check_seconds: float = 20) -> Measured:
    with hostile.serving(behaviours) as address:
        return measured(CHECK, CHECKING, address, str(response_seconds), str(check_seconds))


def findings(done: Measured) -> list[dict[str, Any]]:
    report = json.loads(done.output)["findings"]
    assert all(text.isprintable() for finding in report for text in (finding["expected"], finding["actual"]))
    return report


LATE = {"a body in drips", "a head in drips", "nothing", "responses that are only announced", "announcements in drips"}
LATE |= {"chunks of one byte with long extensions"}
FAULTS = {
    **dict.fromkeys(hostile.BROKEN, "no-response"),
    **dict.fromkeys(hostile.ENDLESS, "too-large"),
    **dict.fromkeys(hostile.BOMBS, "too-large"),
    **dict.fromkeys(LATE, "no-response"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_host_that_does_not_behave_is_one_finding(name: str) -> None:
    done = checked({"*": {**hostile.ENDLESS, **hostile.BROKEN, **hostile.BOMBS}[name]})
    [finding] = findings(done)
    assert finding["name"] == FAULTS[name]
    assert "none within 1 seconds" in finding["actual"] or name not in LATE
    assert done.memory < MEMORY
    assert done.seconds < 30


@pytest.mark.parametrize("name", ["a body without an end", "a length of 2^60", *hostile.BOMBS])
def test_many_responses_at_once_keep_within_the_memory(name: str) -> None:
    done = checked({HOST_INFO: missing, "*": {**hostile.ENDLESS, **hostile.BOMBS}[name]}, response_seconds=60)
    [finding] = findings(done)
    assert finding["name"] == "too-large"
    assert finding["expected"] == f"at most {MAX_RESPONSE_BYTES} bytes"
    assert len(finding["addresses"]) > 5
    assert done.memory < MEMORY_OF_ALL


def test_all_responses_together_have_a_deadline() -> None:
    done = checked({HOST_INFO: missing, "*": hostile.ENDLESS["a body in drips"]}, 60, 1.5)
    [finding] = findings(done)
    assert finding["name"] == "no-response"
    assert finding["actual"] == "none within 60 seconds, or 2 seconds for all"
    assert done.seconds < 30


@pytest.mark.parametrize(
    "response",
    [
        with_length(b"[" * 60 * KIB),
        with_length(b'{"release":"' + b"9" * 60 * KIB + b'"}'),
        with_length(b'{"release":' + b"9" * 60 * KIB + b"}"),
        with_length(b"{}", b"Content-Encoding: " + b"br, " * 10_000),
        with_length(b"{}", *[b"Set-Cookie: a=b; expires=" + b" " * 9000 + b"x"] * 10),
        b"HTTP/1.1 302 \x1b[2J\r\nLocation: https://" + "٠".encode() * 9000 + b"/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 90_000 + b"\r\nContent-Length: 0\r\n\r\n",
        with_length(b"", b"Permissions-Policy: " + b"microphone=(" * 4000),
        with_length(b"", b"Content-Security-Policy: " + b"," * 40_000 + b"\x1b[2J"),
        with_length(b"", b"Content-Type: text/html\x1b[2J" + b";" * 40_000),
    ],
    ids=["lists", "id", "number", "encodings", "cookies", "host", "path", "microphone", "policies", "type"],
)
def test_a_response_that_is_hard_to_read_is_read_quickly(response: bytes) -> None:
    done = checked({"*": once(response)}, response_seconds=30, check_seconds=60)
    assert findings(done)
    assert done.memory < MEMORY
    assert done.seconds < 30


# Text


def body(text: str) -> object:
    """The rules for a page, as far as they read its body."""
    content = text.encode()
    url = httpx2.URL("https://phone.example.com/redirect.html")
    page = Asset("text/html; charset=utf-8", [Body.of(b"<script>a</script>")], [])
    headers = httpx2.Headers({"Content-Type": "text/html"})
    expected = Expected("/redirect.html", page, exact=False)
    return examine(expected, Response(url, "br", 200, headers, content, content))


def header(name: str) -> Callable[[str], object]:
    def read(text: str) -> object:
        url = httpx2.URL("https://phone.example.com/redirect.html")
        content = b"<script>a</script>"
        page = Asset("text/html; charset=utf-8", [Body.of(content)], [(name, "a")])
        headers = httpx2.Headers({"Content-Type": "text/html", name: text})
        expected = Expected("/redirect.html", page, exact=True)
        return examine(expected, Response(url, "br", 200, headers, content, content))

    return read


def ringcentral(text: str) -> object:
    app = App("https://platform.ringcentral.com", "id", "https://phone.example.com/redirect.html")
    response = registration_rules.Response(httpx2.URL("https://platform.ringcentral.com/"), 200, {}, text)
    return registration_rules.examine(app, response, ())


SLOW = [
    *((body, "", text) for text in ("<script>", "<", " ", "a ", "<script></script", "<!doctype ")),
    (body, "<!doctype", " "),
    *(
        (ringcentral, "", text)
        for text in ("<", "<!--", "<script>", "<script></script", "</script ", "&", "OAU-1", "%25")
    ),
    (ringcentral, "<script></script", " "),
    (ringcentral, "OAU-", "1"),
    (ringcentral, "", '{"error":'),
    (ringcentral, "&#", "1"),
    *((header("Permissions-Policy"), "", text) for text in ("microphone=(", "microphone ", "microphone = ")),
    (header("Permissions-Policy"), "microphone", " "),
    *((header("Content-Security-Policy"), "", text) for text in (",", ", a", "a ", "; ")),
    *((header("Content-Type"), "", text) for text in (";", '"', " ; ")),
    *((header("Cache-Control"), "", text) for text in (",", "a,", " ")),
    (header("ETag"), "W/", '"'),
]


@pytest.mark.parametrize(("read", "begin", "repeated"), SLOW)
def test_text_from_outside_is_read_in_linear_time(read: Callable[[str], object], begin: str, repeated: str) -> None:
    assert ratio(read, lambda count: begin + repeated * count) < MAX_RATIO
    assert ratio(read, lambda count: begin + repeated * count + "x") < MAX_RATIO


def test_a_number_of_thousands_of_digits_in_a_page_of_ringcentral_is_shown() -> None:
    assert ringcentral("<p>&#" + "1" * 5000 + ";</p>")
