"""What browsers and the host agree on: the relay's addresses, limits and times. Scripts and nginx get them from here.

The redirect page POSTs a sealed message to `/relay/ID` (`/NAME/relay/ID` for a profile), and the app's frame GETs it.
`docs/how-it-works.md` describes the exchange.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus

RELAY_PATH = "/relay/"  # stands for all addresses of the relay in metrics and logs: an ID is written nowhere
RELAY_FOLDER = "relay"  # the first part of an address, so no profile can have this name
ID_PATTERN = "[0-9a-f]{64}"
PROFILE_PATTERN = "[a-z0-9][a-z0-9-]*"
ADDRESS = re.compile(rf"/(?:({PROFILE_PATTERN})/)?{RELAY_FOLDER}/({ID_PATTERN})")

METHODS = ("GET", "POST")
MEDIA_TYPE = "application/octet-stream"
MAX_MESSAGE_BYTES = 8 * 1024

MESSAGE_LIFETIME_SECONDS = 120
WAIT_SECONDS = 25  # how long a GET waits for a message
BODY_TIMEOUT_SECONDS = 10  # for the body of a POST
RETRY_AFTER_SECONDS = 2
CLIENT_SHARE = 4  # one client address gets at most this fraction (1/4) of what all have
SIGN_IN_TIMEOUT_SECONDS = 600  # how long a user may take to sign in

# A status that may be gone on the next try: too many requests, or a host or proxy that is restarting or overloaded.
RETRYABLE_STATUSES = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
    HTTPStatus.INSUFFICIENT_STORAGE,
)


@dataclass(frozen=True)
class RelayLimits:
    """What the scripts of a sign-in are given of the protocol; times in milliseconds."""

    signInTimeout: int = SIGN_IN_TIMEOUT_SECONDS * 1000
    deliveryTimeout: int = 60_000  # how long the redirect page tries to reach the host
    retryDelay: int = 1_000
    retryableStatuses: tuple[int, ...] = RETRYABLE_STATUSES
