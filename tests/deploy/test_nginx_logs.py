"""What nginx writes down: the requests, and nothing that could be a code."""

import re
from pathlib import Path

import pytest

from world.internet import free_ports
from world.proxy import Proxy, running, site

REDIRECT_PAGE = "/redirect.html"


def test_nginx_without_the_format_would_have_logged_it(tmp_path: Path, certificates: Path) -> None:
    port, http_port, nobody = free_ports(3)
    text = site(tmp_path, certificates, port, http_port, [f"127.0.0.1:{nobody}"])
    text = re.sub(r"(error_log .*) emerg;", r"\1 error;", re.sub(r"(access_log \S+) .*;", r"\1;", text))
    with running(tmp_path, text, port, http_port) as proxy:
        assert proxy.ask(f"{REDIRECT_PAGE}?code=a-code").status == 502

    assert set(proxy.files_with("a-code")) == {"logs/embeddable.log", "logs/embeddable.error.log"}


@pytest.mark.parametrize(("page", "mark"), [("/once.html", "%3F"), ("/twice.html", "%253F")])
def test_a_query_in_disguise_is_not_logged_either(proxy: Proxy, page: str, mark: str) -> None:
    referrer = {"Referer": "https://crm.example.com/page?code=a-code#a-code"}
    assert proxy.ask(f"{page}{mark}code=a-code", referrer).status == 404
    proxy.wait_until_logged(f'"GET {page}', '"https://crm.example.com')

    assert proxy.has_logged(f'"GET {page} HTTP/1.1" 404 ', '"https://crm.example.com"')
    assert proxy.files_with("a-code") == []
