"""An HTTP client for a deployed address. As a browser, it resolves the name, verifies the certificate, and requests.

It follows no redirects, sends no query, and ignores proxies in the environment. SSL_CERT_FILE and SSL_CERT_DIR add
certificate authorities.
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx2

from embeddable_host.config.values import HOST_AND_PORT
from embeddable_host.faults.faults import Symptom
from embeddable_host.limits import CHECK_SECONDS, MAX_RESPONSE_BYTES, RESPONSE_SECONDS
from embeddable_host.responses.body import IDENTITY
from embeddable_host.responses.decoding import ACCEPTED, DecodingError, TooLarge, decode

Endpoint = tuple[str, int]  # host name or address, and port

USER_AGENT = "embeddable-host check"
MAX_CONNECTIONS = 8
CONNECT_TIMEOUT_SECONDS = 10.0
TIMEOUT = httpx2.Timeout(30.0, connect=CONNECT_TIMEOUT_SECONDS)
ANY_ENCODING = ACCEPTED
NO_HEADERS: Mapping[str, str] = {}
DEFAULT_PORTS = {"http": 80, "https": 443}

# OpenSSL's verification errors (x509_vfy.h, X509_V_ERR_…); any other is a fault of the chain.
CERTIFICATE_FAULTS = {
    9: "certificate-expired",  # not valid yet
    10: "certificate-expired",
    62: "certificate-name",
    64: "certificate-name",  # of an IP address
}

_CONNECT_TO = re.compile(r"(?P<host>[^:\[\]]+|\[[^\]]+\]):(?P<port>\d+):(?P<to>[^:\[\]]+|\[[^\]]+\]):(?P<to_port>\d+)")


class NoResponse(Exception):
    """There is no response, or no complete one; `symptom` describes why."""

    def __init__(self, fault: str, expected: str, actual: str) -> None:
        super().__init__(actual)
        self.symptom = Symptom(fault, expected, actual)


@dataclass(frozen=True)
class Response:
    """The response to a request for `url` that accepted the encodings `accepted`.

    `sent` are the bytes on the wire; `body` is what they decode to, None if they do not decode.
    """

    url: httpx2.URL
    accepted: str
    status: int
    headers: httpx2.Headers
    sent: bytes
    body: bytes | None

    def header(self, name: str) -> str:
        """The header's value, its lines joined by commas (RFC 9110 §5.3); empty if there is none."""
        return str(self.headers.get(name, ""))

    @property
    def location(self) -> httpx2.URL:
        """Where a redirect leads, redacted; empty if that is no address."""
        try:
            return redacted(self.url.join(self.header("Location")))
        except httpx2.InvalidURL:
            return httpx2.URL("")

    @property
    def encoding(self) -> str:
        return _encoding(self.headers)


def redacted(url: httpx2.URL) -> httpx2.URL:
    """`url` without the parts that may contain a code or a password: query, fragment, user."""
    return url.copy_with(query=None, fragment=None, userinfo=b"")


def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}" if status in list(HTTPStatus) else str(status)


def _encoding(headers: httpx2.Headers) -> str:
    return str(headers.get("Content-Encoding", "")).strip().lower() or IDENTITY


@dataclass(frozen=True)
class Target:
    """A deployed host. `base` is its address; `connect_to` replaces the endpoints to connect to."""

    base: httpx2.URL
    connect_to: Mapping[Endpoint, Endpoint] = field(default_factory=dict)

    def url(self, path: str, scheme: str | None = None) -> httpx2.URL:
        """The address of a path of the site, such as "/redirect.html"."""
        url = self.base.copy_with(raw_path=quote(self.base.path + path.removeprefix("/")).encode("ascii"))
        return url.copy_with(scheme=scheme, port=None) if scheme else url

    def endpoint(self, url: httpx2.URL) -> Endpoint:
        endpoint = _host(url), url.port or DEFAULT_PORTS[url.scheme]
        return self.connect_to.get(endpoint, endpoint)


def read_target(url: str, connect_to: Iterable[str] = ()) -> Target:
    """The target for `url` and curl's `--connect-to HOST:PORT:ADDRESS:PORT`. Raises ValueError with a message."""
    try:
        base = httpx2.URL(url)
    except httpx2.InvalidURL:
        base = httpx2.URL("")
    if base.scheme not in DEFAULT_PORTS or not HOST_AND_PORT.fullmatch(base.netloc.decode("ascii")):
        raise ValueError("This is not a full address. Write it as https://phone.example.com/")
    if base.query or base.fragment or base.userinfo:
        raise ValueError("Give the address without user, ? and #, which may contain secrets.")
    if base.path.endswith((".html", ".js")):
        raise ValueError("Give the address of the host: the folder that contains redirect.html.")
    return Target(base.copy_with(path=base.path.rstrip("/") + "/"), dict(map(_read_connect_to, connect_to)))


def _read_connect_to(text: str) -> tuple[Endpoint, Endpoint]:
    if not (match := _CONNECT_TO.fullmatch(text)):
        raise ValueError(f"--connect-to {text} is not valid. Write HOST:PORT:ADDRESS:PORT.")
    return (
        (match["host"].strip("[]").lower(), int(match["port"])),
        (match["to"].strip("[]"), int(match["to_port"])),
    )


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii")


async def connect(target: Target) -> int | None:
    """Connects once, with https verifies the certificate, and returns the days it is still valid. Raises NoResponse."""
    host, port = target.endpoint(target.base)
    secure = target.base.scheme == "https"
    tls: dict[str, Any] = {"ssl": httpx2.create_ssl_context(), "server_hostname": _host(target.base)} if secure else {}
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(host, port, **tls)
    except (socket.gaierror, UnicodeError) as error:  # UnicodeError: not a host name
        raise NoResponse("dns", f"an address for {host}", str(error)) from None
    except ssl.SSLCertVerificationError as error:
        fault = CERTIFICATE_FAULTS.get(error.verify_code, "certificate-chain")
        expected = f"a certificate for {_host(target.base)} that browsers trust"
        raise NoResponse(fault, expected, error.verify_message) from None
    except ssl.SSLError as error:
        raise NoResponse("tls", f"TLS on port {port}", error.reason or str(error)) from None
    except TimeoutError:
        raise NoResponse("unreachable", "a connection", f"none within {CONNECT_TIMEOUT_SECONDS:.0f} seconds") from None
    except OSError as error:
        raise NoResponse("unreachable", f"{host} port {port} is open", error.strerror or str(error)) from None
    certificate = writer.get_extra_info("peercert")
    writer.close()
    if not certificate:
        return None
    return int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // 86400)


class Client:
    """Sends requests to a target, several at a time. An asynchronous context manager.

    Each response has a deadline, and so have all together: a server may send a byte now and then for ever.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._deadline = asyncio.get_running_loop().time() + CHECK_SECONDS
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._client = httpx2.AsyncClient(verify=httpx2.create_ssl_context(), trust_env=False, timeout=TIMEOUT)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str, accept_encoding: str = ANY_ENCODING, limit: int = MAX_RESPONSE_BYTES) -> Response:
        """The response to a GET of a path of the site. Raises NoResponse."""
        return await self.request("GET", self.target.url(path), accept_encoding=accept_encoding, limit=limit)

    async def request(
        self,
        method: str,
        url: httpx2.URL,
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
        accept_encoding: str = ANY_ENCODING,
        sent: asyncio.Event | None = None,
        limit: int = MAX_RESPONSE_BYTES,
    ) -> Response:
        """The response to a request; sets `sent` when the request has been sent.

        `limit`: how many bytes the body may have, sent and decoded. Raises NoResponse.
        """
        host, port = self.target.endpoint(url)
        request = self._client.build_request(
            method,
            # The connection goes to the endpoint; TLS and Host have the deployed name.
            url.copy_with(host=host, port=port),
            headers={
                "Host": url.netloc.decode("ascii"),
                "Accept": "*/*",
                "Accept-Encoding": accept_encoding,
                "User-Agent": USER_AGENT,
                **headers,
            },
            content=body or None,
            extensions={"sni_hostname": _host(url), **(_sets_when_sent(sent) if sent else {})},
        )
        async with self._slots:
            response, content = await self._exchange(request, limit)
        try:
            decoded = decode(content, _encoding(response.headers), limit)
        except TooLarge:
            raise _too_large(limit, "decoded") from None
        except DecodingError:
            decoded = None
        return Response(url, accept_encoding, response.status_code, response.headers, content, decoded)

    async def _exchange(self, request: httpx2.Request, limit: int) -> tuple[httpx2.Response, bytes]:
        """The response to a request, and its body as it was sent. Raises NoResponse."""
        deadline = min(self._deadline, asyncio.get_running_loop().time() + RESPONSE_SECONDS)
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._client.send(request, stream=True)
                try:
                    return response, await _read(response, limit)
                finally:
                    await response.aclose()
        except TimeoutError:
            actual = f"none within {RESPONSE_SECONDS:.0f} seconds, or {CHECK_SECONDS:.0f} seconds for all"
            raise NoResponse("no-response", "a complete response", actual) from None
        except httpx2.TimeoutException:
            raise NoResponse("no-response", "a response", f"nothing for {TIMEOUT.read:.0f} seconds") from None
        except httpx2.RequestError as error:
            raise NoResponse("no-response", "a complete response", str(error) or type(error).__name__) from None


def _sets_when_sent(event: asyncio.Event) -> dict[str, Any]:
    """The request extension that sets `event` when the whole request has been sent."""

    async def trace(step: str, _: object) -> None:
        if step.endswith(".receive_response_headers.started"):
            event.set()

    return {"trace": trace}


async def _read(response: httpx2.Response, limit: int) -> bytes:
    content = bytearray()
    async for data in response.aiter_raw():
        content += data
        if len(content) > limit:
            raise _too_large(limit, "sent")
    return bytes(content)


def _too_large(limit: int, how: str) -> NoResponse:
    return NoResponse("too-large", f"at most {limit} bytes", f"more when {how}; reading stopped there")
