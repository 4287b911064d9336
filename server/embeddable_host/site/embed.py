"""What pages load: the adapters with the profile's defaults in them, the page of the iframe way, the popup's page."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from embeddable_host.config.parameters import ALIASES
from embeddable_host.contract import ADAPTER, ADAPTER_NAME, APP_PAGE, BRANDS, MINIFIED_ADAPTER
from embeddable_host.responses.headers import MINUTES, PagePolicy, script_headers
from embeddable_host.site.inputs import Inputs, ProfileSite
from embeddable_host.site.page import inject_values
from embeddable_host.site.part import Draft
from embeddable_host.site.widget import Restriction, restrictions

DEFAULTS = "defaults.js"
POPUP_PAGE = "popup.html"
APP_POLICY = PagePolicy(MINUTES, framed="embedders")
POPUP_POLICY = PagePolicy(MINUTES, images="https: data:", widget=True)


@dataclass(frozen=True)
class Values:
    """What `defaults.js` is given; in app.html `script` is empty, in an adapter it is the script's own name."""

    base: str
    script: str
    app: str
    loads: str
    hosted: bool
    parameters: Mapping[str, str]
    aliases: Mapping[str, str]
    restricted: Mapping[str, Restriction]
    allowsPageSignIn: bool


def drafts(inputs: Inputs) -> Iterator[Draft]:
    for profile in inputs.profiles:
        values = Values(
            base=profile.config.url,
            script="",
            app=profile.in_app_folder(),
            loads="",
            hosted=inputs.release is not None,
            parameters=profile.config.parameters,
            aliases=ALIASES,
            restricted=restrictions(inputs.settings),
            allowsPageSignIn=inputs.settings.widget.page_sign_in,
        )
        yield profile.page(APP_PAGE, APP_POLICY, {DEFAULTS: values})
        yield profile.page(POPUP_PAGE, POPUP_POLICY)
        yield from _adapters(profile, values)


def _adapters(profile: ProfileSite, values: Values) -> Iterator[Draft]:
    """Each adapter's script: our defaults, then the release's minified adapter in the same file.

    Without a release, or with an adapter that has no manual init, the script loads the adapter instead.
    """
    release = profile.inputs.release
    plain = {ADAPTER, MINIFIED_ADAPTER}
    brands = (
        {name for name in release.files if ADAPTER_NAME.fullmatch(name)}
        if release
        else {f"adapter.{brand}.js" for brand in BRANDS}
    )
    for name in sorted(plain | brands):
        theirs = (release.minified_adapter if release else MINIFIED_ADAPTER) if name in plain else name
        embedded = release.read(theirs) if release and release.has_manual_init(theirs) else b""
        loads = "" if embedded else profile.in_app_folder(theirs)
        given = replace(values, script=name, loads=loads, hosted=bool(embedded))
        script = inject_values(profile.inputs.files[DEFAULTS], asdict(given))
        yield Draft(profile.folder + name, name, script.encode() + embedded, script_headers())
