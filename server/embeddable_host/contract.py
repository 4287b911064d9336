"""What this host relies on of the widget: the facts of docs/widget.md that a program can check, as data.

docs/widget.md has each of them in words, with the release it was seen in.
"""

import re

# RingCentral's API servers: production, and the sandbox for apps that are not in production yet.
PRODUCTION = "https://platform.ringcentral.com"
SANDBOX = "https://platform.devtest.ringcentral.com"

# The servers that the widget takes for discovery (`getDiscoveryServer` in src/app.js, since 2.2.1).
DISCOVERY_SERVERS = (
    PRODUCTION,
    SANDBOX,
    "https://discovery.ringcentral.com",
    "https://discovery.ringcentral.biz",
    "https://platform.ringcentral.biz",
)
AUTHORIZE_PATH = "/restapi/oauth/authorize"
PROXY_AUTHORIZE_PATH = "/authorize"  # of a server that authProxy names
SIGN_IN_WINDOW = "rc-oauth"  # the name of the app's sign-in window

# How a callback comes in: a function of the app's window, a field of a message, and the end of a storage key. A call, a
# message and a storage event each suffice.
CALLBACK_FUNCTION = "oAuthCallback"
CALLBACK_FIELD = "callbackUri"
CALLBACK_KEY_END = "-callbackUri"
# What the app reads of a callback (RFC 6749 §4.1.2, §4.1.2.1, §4.2.2, and RingCentral’s own), and what it should not:
# credentials, which replace its own, and servers, which it trusts when discovery is on.
CALLBACK_PARAMETERS = (
    *("code", "state", "error", "error_description", "error_uri"),
    *("access_token", "token_type", "expires_in", "scope", "endpoint_id"),
)
CALLBACK_CREDENTIALS = ("code_verifier", "jwt")
CALLBACK_SERVERS = ("token_uri", "discovery_uri")

# Parameters by which a page signs its users in itself; the widget takes them from any address.
PAGE_SIGN_IN_PARAMETERS = ("authorizationCode", "authorizationCodeVerifier", "jwt", "disableLoginPopup")
SERVER_PARAMETERS = ("appServer", "discoverAppServer")
PROXY_PARAMETERS = ("authProxy", "proxyUri")
ERROR_PARAMETER = "error"  # in the address of the app, it keeps the app from starting

# Where the app runs when no release is hosted: the addresses that the CDN's adapters have baked in.
CDN_ORIGINS = ("https://apps.ringcentral.com", "https://ringcentral.github.io")
CDN_SOURCE = "https://apps.ringcentral.com/integration/ringcentral-embeddable/"
CDN_VERSION = "latest"

DEFAULT_PREFIX = "rc-widget"  # of storage keys and element ids

BRANDS = ("att", "avaya", "bt", "rainbow", "telus", "atos")  # each has an adapter of its own, adapter.BRAND.js
ADAPTER = "adapter.js"
MINIFIED_ADAPTER = "adapter.min.js"
ADAPTER_NAME = re.compile(r"adapter(\.[a-z0-9]+)?\.js")
MANUAL_INIT = b"RC_EMBEDDABLE_ADAPTER_MANUAL_INIT"  # an adapter that does not know it is older than 1.8.5
MANUAL_INIT_OPTIONS_SINCE = (2, 1)  # the version since which RCAdapterInit takes the app's address and the parameters

# Pages and scripts of a release that start an app, or take part in a sign-in, beside this host's own.
UNUSED_FILES = ("index.html", "popup.html", "proxy.html", "proxy.js", "redirect.html", "redirect.js")
APP_PAGE = "app.html"
APP_SCRIPT = "app.js"
APP_SCRIPT_TAG = re.compile(rb"""<script\b[^<>]*?\bsrc=["']?(?:\./)?app\.js["'\s>]""")
STYLESHEET = "app.css"
LANGUAGE_CHUNK = re.compile(r"[a-z]{2,3}-[A-Z0-9]{2,3}\.js")  # a chunk with the texts of one language, as en-US.js
