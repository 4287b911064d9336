"""What pages load: the adapters with the profile's defaults in them, the page of the iframe way, the popup's page."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from server.answer.policy import MINUTES, PagePolicy, script_headers
from server.config.parameters import TWINS
from server.releases.release import BRANDS
from server.site.contract import ADAPTER_NAME, APP_PAGE, has_manual_init, minified
from server.site.page import put_in
from server.site.part import Basis, Draft, Home

DEFAULTS = "defaults.js"
POPUP_PAGE = "popup.html"
APP_POLICY = PagePolicy(MINUTES, framed="embedders")
POPUP_POLICY = PagePolicy(MINUTES, images="https: data:", widget=True)


@dataclass(frozen=True)
class Values:
    """What `defaults.js` is given; in app.html `script` is empty, in an adapter it is the script's own name."""

    home: str
    script: str
    app: str
    loads: str
    hosted: bool
    parameters: Mapping[str, str]
    twins: Mapping[str, str]


def drafts(basis: Basis) -> Iterator[Draft]:
    for home in basis.homes:
        values = Values(
            home=home.address,
            script="",
            app=home.in_app_folder(),
            loads="",
            hosted=basis.release is not None,
            parameters=home.parameters,
            twins=TWINS,
        )
        yield home.page(APP_PAGE, APP_POLICY, {DEFAULTS: values})
        yield home.page(POPUP_PAGE, POPUP_POLICY)
        yield from _adapters(home, values)


def _adapters(home: Home, values: Values) -> Iterator[Draft]:
    """Each adapter's script: our defaults, then the release's minified adapter in the same file.

    Without a release, or with an adapter that has no manual init, the script loads the adapter instead.
    """
    release = home.basis.release
    plain = {"adapter.js", "adapter.min.js"}
    brands = (
        {name for name in release.files if ADAPTER_NAME.fullmatch(name)}
        if release
        else {f"adapter.{brand}.js" for brand in BRANDS}
    )
    for name in sorted(plain | brands):
        theirs = minified(release) if name in plain else name
        embedded = release.read(theirs) if release and has_manual_init(release, theirs) else b""
        loads = "" if embedded else home.in_app_folder(theirs)
        given = replace(values, script=name, loads=loads, hosted=bool(embedded))
        script = put_in(home.basis.files[DEFAULTS], asdict(given))
        yield Draft(home.folder + name, name, script.encode() + embedded, script_headers())
