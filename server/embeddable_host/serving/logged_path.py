"""What is logged of an address: its beginning, as long as it looks like an address of ours. nginx logs the same.

A code can be in a query, in a fragment, or in a path that somebody has put together; codes are long.
"""

import re

from embeddable_host.relay.protocol import RELAY_PATH

SEGMENT_CHARACTER = "[A-Za-z0-9._~-]"
SEGMENT = f"{SEGMENT_CHARACTER}{{0,64}}"
LOGGED_PATH = f"(?:/{SEGMENT}(?!{SEGMENT_CHARACTER})){{1,16}}"

_LOGGED_PATH = re.compile(LOGGED_PATH)


def logged_path(address: str) -> str:
    """What follows the relay's path is the name of a message."""
    path = _LOGGED_PATH.match(address)
    before, relay, _ = path[0].partition(RELAY_PATH) if path else ("", "", "")
    return before + relay
