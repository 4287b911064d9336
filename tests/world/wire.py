"""Responses as they come over the wire, and the addresses of a host with a profile and the small release."""

import gzip
import re
import socket

import brotli

from world.host import Response
from world.places import PUBLIC

CANARY = "canary-5d1f0c"
EMBEDDER = "https://crm.example.com"
SETTINGS = """
[params]
clientId = "client"
[profiles.sandbox.params]
clientId = "other"
prefix = "rc-sandbox"
"""

NO_STORE = "no-store"
MINUTES = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
IMMUTABLE = "public, max-age=31536000, immutable"

SETUP_PAGES = ("", "test.html", "preview.html", "stand-in-app.html", "stand-in-platform.html")
PAGES = ("redirect.html", "app.html", "popup.html", *SETUP_PAGES)
UNCACHED_PAGES = ("redirect.html", "test.html", "stand-in-app.html", "stand-in-platform.html")
MODULES = tuple(f"/{name}" for name in PUBLIC if name.endswith(".mjs"))
ADAPTERS = ("adapter.js", "adapter.min.js", "adapter.att.js")
OWN = tuple(f"/{profile}{name}" for profile in ("", "sandbox/") for name in (*PAGES, *ADAPTERS)) + MODULES
OUR_PAGES = [*(address for address in OWN if not address.endswith("js")), "/nothing"]


def decoded(response: Response) -> bytes:
    match response.headers.get("content-encoding"):
        case None:
            return response.body
        case "br":
            return bytes(brotli.decompress(response.body))
        case "gzip":
            return gzip.decompress(response.body)
    raise AssertionError(response.headers)


def but_date(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "date"}


def filled(value: str | list[str], tag: str) -> str | list[str]:
    if isinstance(value, list):
        return [line.format(tag=tag, bare=tag.strip('"')) for line in value]
    return value.format(tag=tag, bare=tag.strip('"'))


def bodies(connection: socket.socket, count: int) -> list[bytes]:
    """The bodies of `count` responses on one connection."""
    with connection.makefile("rb") as stream:
        found = []
        for _ in range(count):
            head = b"".join(iter(stream.readline, b"\r\n"))
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert length, head
            found.append(stream.read(int(length[1])))
        return found
