"""What this host relies on of the widget: the facts of docs/widget.md that a program can check, as data.

docs/widget.md has each of them in words, with the release it was seen in.
"""

import re

# RingCentral's API servers: production, and the sandbox for apps that are not in production yet.
PRODUCTION = "https://platform.ringcentral.com"
SANDBOX = "https://platform.devtest.ringcentral.com"

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

APP_PAGE = "app.html"
APP_SCRIPT = "app.js"
APP_SCRIPT_TAG = re.compile(rb"""<script\b[^>]*\bsrc=["']?(?:\./)?app\.js["'\s>]""")
STYLESHEET = "app.css"
LANGUAGE_CHUNK = re.compile(r"[a-z]{2,3}-[A-Z0-9]{2,3}\.js")  # a chunk with the texts of one language, as en-US.js
