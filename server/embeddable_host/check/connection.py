"""What is wrong with the connection to a deployed host: its certificate, its scheme, and port 80."""

import re
from collections.abc import Iterator
from http import HTTPStatus

from embeddable_host.check.client import Client, NoResponse, Target, status_line
from embeddable_host.check.rules import REDIRECTS
from embeddable_host.config.profiles import REDIRECT_PAGE
from embeddable_host.faults.faults import Symptom

MIN_DAYS_LEFT = 21
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")  # secure without TLS (W3C Secure Contexts §3.1)


def examine_connection(target: Target, days_left: int | None) -> Iterator[Symptom]:
    """`days_left`: how long the certificate is still valid; None without TLS."""
    if days_left is not None and days_left < MIN_DAYS_LEFT:
        yield Symptom("certificate-expires-soon", f"{MIN_DAYS_LEFT} days or more", f"{days_left} days left")
    if target.base.scheme == "http" and not LOOPBACK.fullmatch(target.base.host):
        yield Symptom("no-tls", "https", "http")


async def examine_plain_http(client: Client) -> list[Symptom]:
    """Port 80 must redirect to https, or be closed."""
    target = client.target
    if target.base.scheme != "https" or target.base.port is not None:
        return []
    right = target.url(f"/{REDIRECT_PAGE}")
    try:
        response = await client.request("GET", target.url(f"/{REDIRECT_PAGE}", scheme="http"))
    except NoResponse:
        return []
    expected = f"a redirect to {right}"
    if response.status in REDIRECTS and response.location != right:
        return [Symptom("http-elsewhere", expected, f"one to {response.location}")]
    if response.status == HTTPStatus.OK:
        return [Symptom("http-open", expected, status_line(response.status))]
    return []
