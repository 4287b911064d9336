"""What nginx writes down: the requests, and nothing that could be a code, however the address is spelled."""

import contextlib
import re
from pathlib import Path

import pytest

from world.internet import NGINX, NGINX_PREFIXED, free_ports
from world.proxy import PREFIX, Proxy, running, site
from world.spellings import ADDRESSES, FIELDS, SECRET, request
from world.timeouts import TIMEOUT, wait_until

REDIRECT_PAGE = "/redirect.html"
LOGS = {NGINX: "embeddable.log", NGINX_PREFIXED: "below.log"}
SITES = [pytest.param(NGINX, "", id="site"), pytest.param(NGINX_PREFIXED, PREFIX.rstrip("/"), id="below a path")]


def test_nginx_without_the_format_would_have_logged_it(tmp_path: Path, certificates: Path) -> None:
    port, http_port, nobody = free_ports(3)
    text = site(tmp_path, certificates, port, http_port, [f"127.0.0.1:{nobody}"])
    text = re.sub(r"(error_log .*) emerg;", r"\1 error;", re.sub(r"(access_log \S+) .*;", r"\1;", text))
    with running(tmp_path, text, port, http_port) as proxy:
        assert proxy.ask(f"{REDIRECT_PAGE}?code=a-code").status == 502

    assert set(proxy.files_with("a-code")) == {"logs/embeddable.log", "logs/embeddable.error.log"}


def send(proxy: Proxy, text: bytes) -> None:
    """Sends a request as it is; whatever comes back is read."""
    with contextlib.closing(proxy.connect()) as connection:
        connection.connect()
        connection.sock.sendall(text)
        connection.sock.settimeout(TIMEOUT)
        with contextlib.suppress(OSError):
            while connection.sock.recv(65536):
                pass


def assert_not_written(proxy: Proxy, name: str, prefix: str, mark: str) -> None:
    """In no file of nginx; its logs are complete as soon as they have the mark."""
    assert proxy.ask(f"{prefix}/{mark}", name=name).status == 404
    wait_until(lambda: f"/{mark} " in proxy.log(LOGS[name]), "the log has the mark")
    assert proxy.files_with(SECRET) == []


@pytest.mark.parametrize(("name", "prefix"), SITES)
@pytest.mark.parametrize("spelling", ADDRESSES)
def test_no_spelling_of_an_address_puts_a_code_into_a_file(proxy: Proxy, name: str, prefix: str, spelling: str) -> None:
    send(proxy, request(ADDRESSES[spelling], name, prefix))

    assert_not_written(proxy, name, prefix, f"mark-{list(ADDRESSES).index(spelling)}")


@pytest.mark.parametrize("field", FIELDS)
def test_no_header_puts_a_code_into_a_file(proxy: Proxy, field: str) -> None:
    for path in (REDIRECT_PAGE, "/healthz", "/nothing"):
        send(proxy, request(path, NGINX, "", FIELDS[field]))

    assert_not_written(proxy, NGINX, "", f"mark-{list(FIELDS).index(field)}-field")


def test_what_may_be_logged_is_logged(proxy: Proxy) -> None:
    fields = {"Referer": "https://crm.example.com:8443/a?b=c", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/1"}
    assert proxy.ask("/sandbox/redirect.html?code=1", fields).status == 200
    proxy.wait_until_logged(
        '"GET /sandbox/redirect.html HTTP/1.1" 200 ',
        '"https://crm.example.com:8443" "Mozilla/5.0 (X11; Linux x86_64) Chrome/1"',
    )
