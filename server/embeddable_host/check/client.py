"""Asking a deployed address as a browser would: a name looked up, a certificate verified, one request after another.

Nothing is followed (a redirect is an answer to be judged), no query is sent, and no proxy from the environment stands
between. SSL_CERT_FILE and SSL_CERT_DIR name certificate authorities of one's own.
"""

import asyncio
import gzip
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import brotli
import httpx2

from embeddable_host.config.values import HOST_AND_PORT
from embeddable_host.faults.faults import Symptom
from embeddable_host.responses.body import IDENTITY

Endpoint = tuple[str, int]  # host name or address, and port

AT_A_TIME = 8
LIMIT = 64 * 2**20  # bytes of one answer: far more than any file of a release
CONNECT_SECONDS = 10.0
TIMEOUT = httpx2.Timeout(30.0, connect=CONNECT_SECONDS)
ANY_CODING = "br, gzip"
NO_MORE: Mapping[str, str] = {}
DEFAULT_PORTS = {"http": 80, "https": 443}

DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    IDENTITY: lambda sent: sent,
    "gzip": gzip.decompress,
    "br": lambda sent: bytes(brotli.decompress(sent)),
}

# What OpenSSL says is wrong with a certificate (x509_vfy.h, X509_V_ERR_…); anything else is of the chain.
CERTIFICATE_FAULTS = {
    9: "certificate-expired",  # not valid yet
    10: "certificate-expired",
    62: "certificate-name",
    64: "certificate-name",  # of an IP address
}

_CONNECT_TO = re.compile(r"(?P<host>[^:\[\]]+|\[[^\]]+\]):(?P<port>\d+):(?P<to>[^:\[\]]+|\[[^\]]+\]):(?P<to_port>\d+)")


class NoResponse(Exception):
    """There is no answer, or no whole one; `symptom` says why."""

    def __init__(self, fault: str, expected: str, actual: str) -> None:
        super().__init__(actual)
        self.symptom = Symptom(fault, expected, actual)


@dataclass(frozen=True)
class Answer:
    """An answer as it came to a request for `address` with `accepted` as its Accept-Encoding.

    `sent` are the bytes on the wire; `body` is what they decode to, None where they do not.
    """

    address: httpx2.URL
    accepted: str
    status: int
    headers: httpx2.Headers
    sent: bytes

    def header(self, name: str) -> str:
        """The header's value, its lines joined by commas (RFC 9110 §5.3); empty where there is none."""
        return str(self.headers.get(name, ""))

    @property
    def location(self) -> httpx2.URL:
        """Where a redirect leads, without what may hold a code or a password: query, fragment, user."""
        try:
            there = self.address.join(self.header("Location"))
        except httpx2.InvalidURL:
            return httpx2.URL("")
        return there.copy_with(query=None, fragment=None, userinfo=b"")

    @property
    def coding(self) -> str:
        return self.header("Content-Encoding").strip().lower() or IDENTITY

    @cached_property
    def body(self) -> bytes | None:
        try:
            return DECODERS[self.coding](self.sent)
        except (KeyError, brotli.error, OSError, EOFError, zlib.error):
            return None


def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}" if status in list(HTTPStatus) else str(status)


def printable(text: str) -> str:
    """Text from outside as a terminal may have it."""
    return "".join(character if character.isprintable() else "?" for character in text)


@dataclass(frozen=True)
class Target:
    """Where a host is deployed: `base` is its folder's address. `elsewhere` replaces an endpoint to connect to."""

    base: httpx2.URL
    elsewhere: Mapping[Endpoint, Endpoint] = field(default_factory=dict)

    def at(self, path: str, scheme: str | None = None) -> httpx2.URL:
        """The address of a path of the mapping, such as "/redirect.html"."""
        address = self.base.copy_with(raw_path=quote(self.base.path + path.removeprefix("/")).encode("ascii"))
        return address.copy_with(scheme=scheme, port=None) if scheme else address

    def endpoint(self, address: httpx2.URL) -> Endpoint:
        endpoint = _host(address), address.port or DEFAULT_PORTS[address.scheme]
        return self.elsewhere.get(endpoint, endpoint)


def read_target(url: str, connect_to: Iterable[str] = ()) -> Target:
    """`url` and curl's `--connect-to HOST:PORT:ADDRESS:PORT` as a target; ValueError says what is wrong with them."""
    try:
        base = httpx2.URL(url)
    except httpx2.InvalidURL:
        base = httpx2.URL("")
    if base.scheme not in DEFAULT_PORTS or not HOST_AND_PORT.fullmatch(base.netloc.decode("ascii")):
        raise ValueError("This is not a full address. Write it as https://phone.example.com/")
    if base.query or base.fragment or base.userinfo:
        raise ValueError("Give the address without user, ? and #: what stands there could be a secret.")
    if base.path.endswith((".html", ".js")):
        raise ValueError("Give the address of the host, the folder that redirect.html lies in.")
    return Target(base.copy_with(path=base.path.rstrip("/") + "/"), dict(map(_read_connect_to, connect_to)))


def _read_connect_to(text: str) -> tuple[Endpoint, Endpoint]:
    if not (match := _CONNECT_TO.fullmatch(text)):
        raise ValueError(f"--connect-to {text} cannot be read. Write HOST:PORT:ADDRESS:PORT.")
    return (
        (match["host"].strip("[]").lower(), int(match["port"])),
        (match["to"].strip("[]"), int(match["to_port"])),
    )


def _host(address: httpx2.URL) -> str:
    return address.raw_host.decode("ascii")


async def reach(target: Target) -> int | None:
    """Connects once, and with https verifies the certificate; the days it has left. Raises NoResponse."""
    host, port = target.endpoint(target.base)
    secure = target.base.scheme == "https"
    tls: dict[str, Any] = {"ssl": httpx2.create_ssl_context(), "server_hostname": _host(target.base)} if secure else {}
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port, **tls)
    except (socket.gaierror, UnicodeError) as error:  # the latter for what cannot be a name
        raise NoResponse("dns", f"an address for {host}", str(error)) from None
    except ssl.SSLCertVerificationError as error:
        name = CERTIFICATE_FAULTS.get(error.verify_code, "certificate-chain")
        expected = f"a certificate for {_host(target.base)} that browsers trust"
        raise NoResponse(name, expected, error.verify_message) from None
    except ssl.SSLError as error:
        raise NoResponse("tls", f"TLS on port {port}", error.reason or str(error)) from None
    except TimeoutError:
        raise NoResponse("unreachable", "a connection", f"none within {CONNECT_SECONDS:.0f} seconds") from None
    except OSError as error:
        raise NoResponse("unreachable", f"{host} port {port} is open", error.strerror or str(error)) from None
    certificate = writer.get_extra_info("peercert")
    writer.close()
    if not certificate:
        return None
    return int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // 86400)


class Client:
    """Gets answers from a target, some at a time. An asynchronous context manager."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._turn = asyncio.Semaphore(AT_A_TIME)
        self._client = httpx2.AsyncClient(verify=httpx2.create_ssl_context(), trust_env=False, timeout=TIMEOUT)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def ask(
        self,
        address: httpx2.URL,
        accept_encoding: str = ANY_CODING,
        method: str = "GET",
        headers: Mapping[str, str] = NO_MORE,
        body: bytes = b"",
        waits: asyncio.Event | None = None,
    ) -> Answer:
        """The answer to a request for `address`, with more `headers` and a `body` if given. Raises NoResponse.

        `waits` is set when the request has gone out.
        """
        host, port = self.target.endpoint(address)
        request = self._client.build_request(
            method,
            # The connection goes where it was asked to; the name in TLS and in Host is the deployed one.
            address.copy_with(host=host, port=port),
            headers={
                "Host": address.netloc.decode("ascii"),
                "Accept": "*/*",
                "Accept-Encoding": accept_encoding,
                "User-Agent": "embeddable-host check",
                **headers,
            },
            content=body or None,
            extensions={"sni_hostname": _host(address), **(_told_when_sent(waits) if waits else {})},
        )
        async with self._turn:
            try:
                response = await self._client.send(request, stream=True)
                try:
                    sent = await _read(response)
                finally:
                    await response.aclose()
            except httpx2.TimeoutException:
                raise NoResponse("no-answer", "an answer", f"none within {TIMEOUT.read:.0f} seconds") from None
            except httpx2.RequestError as error:
                raise NoResponse("no-answer", "a whole answer", str(error) or type(error).__name__) from None
        return Answer(address, accept_encoding, response.status_code, response.headers, sent)


def _told_when_sent(event: asyncio.Event) -> dict[str, Any]:
    """The extension of a request that sets `event` when all of it has gone out."""

    async def trace(step: str, _: object) -> None:
        if step.endswith(".receive_response_headers.started"):
            event.set()

    return {"trace": trace}


async def _read(response: httpx2.Response) -> bytes:
    sent = bytearray()
    async for data in response.aiter_raw():
        sent += data
        if len(sent) > LIMIT:
            raise NoResponse("no-answer", "a whole answer", f"more than {LIMIT} bytes")
    return bytes(sent)
