"""What a deployed host reports about itself: `host.json`, which `site/health.py` makes."""

import contextlib
import json
from dataclasses import dataclass

from embeddable_host.check.client import Client
from embeddable_host.config.values import RELEASE_ID
from embeddable_host.limits import MAX_SMALL_BYTES
from embeddable_host.site.health import HOST_INFO

PATH = f"/{HOST_INFO}"


@dataclass(frozen=True)
class HostInfo:
    """`release`: the release that users get, or "cdn". `relay`: whether sign-ins can come back through the host.

    None where the host does not report it: it is older, or something in front of it responds in its place.
    """

    release: str | None = None
    relay: bool | None = None


async def read_host_info(client: Client) -> HostInfo:
    """Raises NoResponse."""
    response = await client.get(PATH, limit=MAX_SMALL_BYTES)
    with contextlib.suppress(ValueError, RecursionError):
        values = json.loads(response.body or b"")
        if isinstance(values, dict):
            return HostInfo(_release(values.get("release")), _relay(values.get("relay")))
    return HostInfo()


def _release(value: object) -> str | None:
    """A release's id is used in paths, so nothing else may pass."""
    return value if isinstance(value, str) and RELEASE_ID.fullmatch(value) else None


def _relay(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
