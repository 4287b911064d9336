"""The log of a running host: requests and statuses, and never an authorization code, however it came."""

from collections.abc import Iterator

import pytest

from world.host import Server, configured, serving

SECRET = "tell-nobody-77b1"
HTTP = " HTTP/1.1\r\nHost: a\r\n"
LOGGED: dict[str, str] = {
    "query": f"GET /redirect.html?code={SECRET}{HTTP}\r\n",
    "query of a profile": f"GET /sandbox/redirect.html?state=a-b&code={SECRET}{HTTP}\r\n",
    "query of what is not there": f"GET /nothing?code={SECRET}{HTTP}\r\n",
    "query of another method": f"POST /redirect.html?code={SECRET}{HTTP}Content-Length: 0\r\n\r\n",
    "query of an absolute address": f"GET http://phone.example.com/redirect.html?code={SECRET}{HTTP}\r\n",
    "two queries": f"GET /redirect.html??code={SECRET}?code={SECRET}{HTTP}\r\n",
    "encoded query": f"GET /redirect.html%3Fcode={SECRET}{HTTP}\r\n",
    "encoded query in lower case": f"GET /redirect.html%3fcode={SECRET}{HTTP}\r\n",
    "query encoded twice": f"GET /redirect.html%253Fcode={SECRET}{HTTP}\r\n",
    "fragment": f"GET /redirect.html#access_token={SECRET}{HTTP}\r\n",
    "encoded fragment": f"GET /redirect.html%23access_token={SECRET}{HTTP}\r\n",
    "query without its mark": f"GET /redirect.html&code={SECRET}{HTTP}\r\n",
    "encoded everything": f"GET /redirect.html%3Fcode%3D{SECRET}{HTTP}\r\n",
    "web socket": f"GET /redirect.html?code={SECRET}{HTTP}Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "headers": f"GET /redirect.html{HTTP}Referer: https://a/?code={SECRET}\r\nCookie: {SECRET}\r\n"
    f"Range: {SECRET}\r\n\r\n",
    "malformed": f"GET /redirect.html?code={SECRET} HTTP/x\r\n\r\n",
    "method that is none": f"{SECRET.upper()} /redirect.html{HTTP}\r\n",
    "length that is none": f"GET /redirect.html?code={SECRET}{HTTP}Content-Length: {SECRET}\r\n\r\n",
}


@pytest.fixture(scope="module")
def logging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(configured(tmp_path_factory.mktemp("logging"), "[profiles.sandbox.params]\nprefix = 'p'")) as server:
        yield server


@pytest.mark.parametrize("name", LOGGED)
def test_no_code_gets_into_any_log(logging: Server, name: str) -> None:
    before = len(logging.output)
    logging.exchange(LOGGED[name].encode())
    marker = f"/marker-{list(LOGGED).index(name)}-end"
    logging.ask(marker)
    logging.wait_until_it_says(marker)
    assert SECRET.lower() not in logging.output[before:].lower()


def test_the_access_log_has_requests_and_statuses(logging: Server) -> None:
    logging.ask("/redirect.html?code=1")
    logging.ask("/not-there")
    logging.wait_until_it_says(r'"GET /redirect\.html HTTP/1\.1" 200')
    logging.wait_until_it_says(r'"GET /not-there HTTP/1\.1" 404')
