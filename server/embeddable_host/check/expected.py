"""What is requested from a deployed host, and what each response must be.

With a configuration, the expected site decides. Without one, the site of the defaults takes its place, and everything
that settings decide (profiles, bytes, hashes) is left out or checked against the response itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from embeddable_host.check import host_info
from embeddable_host.config.profiles import REDIRECT_PAGE
from embeddable_host.config.settings import CDN
from embeddable_host.contract import ADAPTER, APP_PAGE, APP_SCRIPT, MINIFIED_ADAPTER
from embeddable_host.limits import MAX_RESPONSE_BYTES, MIB
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import IDENTITY, Body
from embeddable_host.responses.headers import IMMUTABLE, MINUTES, widget_headers
from embeddable_host.responses.media_types import media_type
from embeddable_host.site.embed import POPUP_PAGE
from embeddable_host.site.site import Site
from embeddable_host.site.widget import BEFORE_APP

SETUP_PAGE = "/"
MISSING = "/widget/none/app.js"  # exists on no host
OPERATOR_PATHS = ("/healthz", "/readyz")  # a proxy may refuse these
REQUIRED = tuple(f"/{name}" for name in (REDIRECT_PAGE, APP_PAGE, POPUP_PAGE, ADAPTER, MINIFIED_ADAPTER))
OPTIONAL = (SETUP_PAGE, host_info.PATH)  # setup.enabled may be off; older hosts have no host.json
MIN_LIMIT = MIB  # of bytes: an error page may be larger than the file that is expected
OTHER_ENCODINGS = {f"/{name}": ("gzip", IDENTITY) for name in (REDIRECT_PAGE, ADAPTER)}  # requested in these as well


@dataclass(frozen=True)
class Expected:
    """What the response at `path` must be.

    `exact`: with these bytes and this policy, otherwise with any of their kind. `refusable`: a 4xx is right as well.
    `owners`: paths by the digest of their bytes, to find out which file was sent instead.
    """

    path: str
    asset: Asset
    exact: bool
    refusable: bool = False
    owners: Mapping[str, str] = field(default_factory=dict)

    @property
    def limit(self) -> int:
        """How many bytes the response may have."""
        return max(MIN_LIMIT, 2 * self.body.size) if self.exact else MAX_RESPONSE_BYTES

    @property
    def name(self) -> str:
        return file_name(self.path)

    @property
    def is_page(self) -> bool:
        return self.asset.media_type.startswith("text/html")

    def header(self, name: str) -> str:
        return dict(self.asset.headers).get(name, "")

    @property
    def body(self) -> Body:
        return next(body for body in self.asset.bodies if body.coding == IDENTITY)

    @property
    def content(self) -> bytes:
        content = self.body.content
        return content if isinstance(content, bytes) else content.read_bytes()


def file_name(path: str) -> str:
    return path.rpartition("/")[2]


def of_configuration(site: Site) -> Iterator[Expected]:
    """Every address of the site except those of other releases; redirect pages first."""
    own = {path: asset for path, asset in site.assets.items() if not path.startswith("/widget/")}
    owners = {body.digest: path for path, asset in own.items() for body in asset.bodies if body.coding == IDENTITY}
    for path in sorted(own, key=lambda path: file_name(path) != REDIRECT_PAGE):
        yield Expected(path, own[path], exact=True, refusable=path in OPERATOR_PATHS, owners=owners)
    for path, asset in site.assets.items():
        if path.startswith(f"/widget/{site.release}/"):
            yield Expected(path, asset, exact=True)
    yield Expected(MISSING, site.missing, exact=True, refusable=True)


def of_any_host(defaults: Site, release: str | None) -> Iterator[Expected]:
    """What every host has, and the two files that start the app of a hosted release."""
    for path in (*REQUIRED, *OPTIONAL):
        yield Expected(path, defaults.assets[path], exact=False, refusable=path in OPTIONAL)
    if release not in (None, CDN):
        # Known of their bytes: the page loads our script before app.js, and app.js is compressed.
        page, script = [Body.of(f'src="{BEFORE_APP}"'.encode())], [Body.of(b""), Body.of(b"", "gzip")]
        for name, bodies, cache in ((APP_PAGE, page, MINUTES), (APP_SCRIPT, script, IMMUTABLE)):
            asset = Asset(media_type(name), bodies, widget_headers(name, ["*"], cache))
            yield Expected(f"/widget/{release}/{name}", asset, exact=False)
    yield Expected(MISSING, defaults.missing, exact=False, refusable=True)
