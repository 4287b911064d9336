"""The widget itself: every hosted release's own files, byte for byte, but for one script put before `app.js`.

All releases stay, each in a folder of its own: a tab that was opened on an earlier one still loads its chunks.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from embeddable_host.contract import APP_PAGE, APP_SCRIPT, APP_SCRIPT_TAG, LANGUAGE_CHUNK, STYLESHEET
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.release import Release
from embeddable_host.responses.headers import MINUTES, script_headers, widget_headers
from embeddable_host.site.inputs import Inputs
from embeddable_host.site.page import inject_values
from embeddable_host.site.part import Draft

BEFORE_APP = "before-app.js"  # the script put before app.js
PRELOADED = ((BEFORE_APP, "script"), (APP_SCRIPT, "script"), (STYLESHEET, "style"))


@dataclass(frozen=True)
class BeforeApp:
    """What `before-app.js` is given: the way from it to the site's top, and from there to each profile whose sign-ins
    begin and come back on this host; none where it has no relay. `words`: the release's files of one language each."""

    top: str
    profiles: list[str]
    words: list[str]


def before_app(inputs: Inputs, top: str, release: Release | None = None) -> BeforeApp:
    """For the app of `release`, or for a page that stands in for it."""
    profiles = sorted(profile.folder.removeprefix("/") for profile in inputs.profiles) if inputs.has_relay else []
    return BeforeApp(top, profiles, sorted(filter(LANGUAGE_CHUNK.fullmatch, release.files)) if release else [])


def drafts(inputs: Inputs) -> Iterator[Draft]:
    embedders = inputs.settings.widget.embedders
    for release in inputs.releases:
        yield from _files(release, embedders)
        yield from _altered(release, inputs)


def _files(release: Release, embedders: list[str]) -> Iterator[Draft]:
    for name in release.files:
        if name != APP_PAGE:
            headers = widget_headers(name, embedders)
            yield Draft(f"/widget/{release.id}/{name}", name, release.bodies[name], headers)


def _altered(release: Release, inputs: Inputs) -> Iterator[Draft]:
    """The release's app.html with our script before app.js, and the script.

    They change with this host, and the page's frame-ancestors with the settings: a year in caches would outlive both.
    """
    folder, embedders = f"/widget/{release.id}/", inputs.settings.widget.embedders
    page = release.read(APP_PAGE)
    script = APP_SCRIPT_TAG.search(page)
    if script is None:
        raise ReleaseError(f"release {release.id}: {APP_PAGE} does not load app.js. Pull a whole release.")
    tag = f'<script src="{BEFORE_APP}"></script>'.encode()
    content = page[: script.start()] + tag + page[script.start() :]
    yield Draft(
        folder + APP_PAGE, APP_PAGE, content, [*widget_headers(APP_PAGE, embedders, MINUTES), _preloads(release)]
    )
    before = inject_values(inputs.files[BEFORE_APP], asdict(before_app(inputs, "../../", release)))
    yield Draft(folder + BEFORE_APP, BEFORE_APP, before.encode(), script_headers())


def _preloads(release: Release) -> tuple[str, str]:
    """What app.html will surely load, told before the page (RFC 8288).

    The page has a CSP in a meta element, and from there on Chromium looks no further ahead: it would ask for app.js
    when the script before it has run, a round trip later. For the stylesheet app.js asks, when all of it has run.
    """
    links = [f"<{name}>; rel=preload; as={kind}" for name, kind in PRELOADED if name in (BEFORE_APP, *release.files)]
    return "Link", ", ".join(links)
