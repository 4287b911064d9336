"""Parts of an response (RFC 9110 §14), and errors that no cache may keep."""

import pytest

from world.host import LARGE_CONTENT, Headers, Server
from world.wire import NO_STORE, but_date, decoded, filled

# The Range field, and the expected part: None is the full body, "416" is no part.
RANGES: dict[str, tuple[str, slice | str | None]] = {
    "first byte": ("bytes=0-0", slice(0, 1)),
    "some": ("bytes=10-19", slice(10, 20)),
    "across what is read at once": ("bytes=65530-65550", slice(65530, 65551)),
    "from the start": ("bytes=0-", slice(None)),
    "from somewhere": ("bytes=1000-", slice(1000, None)),
    "last byte": ("bytes={last}-", slice(-1, None)),
    "last byte by both ends": ("bytes={last}-{last}", slice(-1, None)),
    "suffix": ("bytes=-500", slice(-500, None)),
    "suffix longer than all": ("bytes=-99999999", slice(None)),
    "suffix of any length": ("bytes=-" + "9" * 5000, slice(None)),
    "behind the end": ("bytes=5-99999999", slice(5, None)),
    "far behind the end": ("bytes=5-" + "9" * 5000, slice(5, None)),
    "blanks": ("bytes= 0-1 ", slice(0, 2)),
    "begins behind the end": ("bytes={size}-", "416"),
    "begins far behind the end": ("bytes=" + "9" * 5000 + "-", "416"),
    "empty suffix": ("bytes=-0", "416"),
    "backwards": ("bytes=5-2", None),
    "several": ("bytes=0-1,5-6", None),
    "no range": ("bytes=", None),
    "no numbers": ("bytes=-", None),
    "words": ("bytes=a-b", None),
    "a sign": ("bytes=+1-2", None),
    "hexadecimal": ("bytes=0x1-2", None),
    "superscript": ("bytes=\xb2-\xb3", None),
    "two dashes": ("bytes=--1", None),
    "three numbers": ("bytes=1-2-3", None),
    "another unit": ("items=0-1", None),
    "no unit": ("0-1", None),
    "empty": ("", None),
}


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("which", ["streamed", "in memory"])
def test_a_range_gets_its_part(server: Server, large: str, which: str, name: str) -> None:
    address = large if which == "streamed" else "/redirect.html"
    field, part = RANGES[name]
    full = server.ask(address)
    size = len(full.body)
    response = server.ask(address, {"Range": field.format(size=size, last=size - 1)})
    if part is None:
        assert (response.status, but_date(response), response.body) == (200, but_date(full), full.body)
    elif part == "416" or (isinstance(part, slice) and (part.start or 0) >= size):
        assert response.status == 416
        assert response.headers["content-range"] == f"bytes */{size}"
    else:
        expected = full.body[part]
        first = size - len(expected) if part.stop is None else part.start
        assert response.status == 206
        assert response.body == expected
        assert response.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{size}"
        assert response.headers["content-length"] == str(len(expected))
        for header in ("etag", "cache-control", "content-type", "vary"):
            assert response.headers.get(header) == full.headers.get(header)


IF_RANGE: dict[str, tuple[str, int]] = {
    "the tag": ("{tag}", 206),
    "another tag": ('"a"', 200),
    "the tag weakened": ("W/{tag}", 200),
    "a date": ("Fri, 01 Jan 2100 00:00:00 GMT", 200),
    "nothing": ("", 200),
}


@pytest.mark.parametrize("name", IF_RANGE)
@pytest.mark.parametrize("which", ["streamed", "in memory"])
def test_a_part_of_what_has_changed_is_the_whole(server: Server, large: str, which: str, name: str) -> None:
    address = large if which == "streamed" else "/adapter.js"
    value, status = IF_RANGE[name]
    full = server.ask(address)
    response = server.ask(address, {"Range": "bytes=0-9", "If-Range": filled(value, full.headers["etag"])})
    assert response.status == status
    assert response.body == (full.body[:10] if status == 206 else full.body)


def test_a_range_that_no_longer_fits_is_forgotten_with_the_tag(server: Server, large: str) -> None:
    assert server.ask(large, {"Range": "bytes=99999999-", "If-Range": '"a"'}).status == 200


def test_a_range_is_of_get_alone(server: Server, large: str) -> None:
    head = server.ask(large, {"Range": "bytes=0-9"}, "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, str(len(LARGE_CONTENT)))


def test_a_condition_comes_before_a_range(server: Server, large: str) -> None:
    tag = server.ask(large).headers["etag"]
    assert server.ask(large, {"Range": "bytes=0-9", "If-None-Match": tag}).status == 304
    assert server.ask(large, {"Range": "bytes=99999999-", "If-Match": '"a"'}).status == 412


def test_several_lines_of_range_are_no_range(server: Server, large: str) -> None:
    assert server.ask(large, {"Range": ["bytes=0-1", "bytes=5-6"]}).status == 200


def test_ranges_are_offered_where_they_are_supported(server: Server, large: str) -> None:
    for coding in ("identity", "gzip", "br"):
        headers = {"Accept-Encoding": coding}
        offered = server.ask(large, headers).headers.get("accept-ranges") == "bytes"
        part = server.ask(large, {**headers, "Range": "bytes=0-9"})
        assert part.status == (206 if offered else 200)
        assert decoded(part) == LARGE_CONTENT[: 10 if offered else None]


def test_a_streamed_file_comes_whole(server: Server, large: str) -> None:
    assert server.ask(large).body == LARGE_CONTENT


def test_a_reader_that_leaves_is_no_error(server: Server, large: str) -> None:
    for _ in range(3):
        connection = server.connect()
        connection.request("GET", large)
        assert connection.getresponse().read(1000) == LARGE_CONTENT[:1000]
        connection.close()
    assert server.ask(large).body == LARGE_CONTENT
    assert "Traceback" not in server.output


# A cache must not keep an error in the place of what is there.

ERRORS: dict[str, tuple[int, Headers, str]] = {
    "not acceptable": (406, {"Accept-Encoding": "*;q=0"}, "GET"),
    "condition failed": (412, {"If-Match": '"a"'}, "GET"),
    "no such range": (416, {"Range": "bytes=99999999-"}, "GET"),
    "no such method": (405, {}, "POST"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_not_stored(server: Server, large: str, name: str) -> None:
    status, headers, method = ERRORS[name]
    response = server.ask(large, headers, method)
    assert response.status == status
    assert response.headers["cache-control"] == NO_STORE
    assert response.headers["x-content-type-options"] == "nosniff"
