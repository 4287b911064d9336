"""What this site rests on of the widget's contract (`widget.md`): its names, its marks, its addresses at the CDN."""

import re

from server.answer.policy import origin_of
from server.config.settings import Settings
from server.releases.release import Release

# Where the app runs when no release is hosted: the addresses that the CDN's adapters have baked in.
CDN_ORIGINS = ("https://apps.ringcentral.com", "https://ringcentral.github.io")
CDN_VERSION = "latest"

DEFAULT_PREFIX = "rc-widget"
APP_PAGE = "app.html"
APP = "app.js"
APP_SCRIPT = re.compile(rb"""<script\b[^>]*\bsrc=["']?(?:\./)?app\.js["'\s>]""")
STYLESHEET = "app.css"
WORDS = re.compile(r"[a-z]{2,3}-[A-Z0-9]{2,3}\.js")  # a chunk with the words of one language, such as en-US.js
ADAPTER_NAME = re.compile(r"adapter(\.[a-z0-9]+)?\.js")
MANUAL_INIT = b"RC_EMBEDDABLE_ADAPTER_MANUAL_INIT"  # an adapter that does not know it is older than 1.8.5


def cdn_origins(settings: Settings) -> tuple[str, ...]:
    """Every origin that the CDN's widget may run on."""
    return (*CDN_ORIGINS, origin_of(settings.widget.source))


def minified(release: Release | None) -> str:
    """The name of the smallest adapter without a brand."""
    return "adapter.min.js" if release is None or "adapter.min.js" in release.files else "adapter.js"


def has_manual_init(release: Release, name: str) -> bool:
    """Whether the release's adapter called `name` can be started by a call; else only by its script's query."""
    return MANUAL_INIT in release.read(name)
