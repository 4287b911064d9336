"""The widget itself: every hosted release's own files, byte for byte, but for one script put before `app.js`.

All releases stay, each in a folder of its own: a tab that was opened on an earlier one still loads its chunks.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from server.answer.policy import MINUTES, script_headers, widget_headers
from server.releases.error import ReleaseError
from server.releases.release import Release
from server.site.contract import APP_PAGE, APP_SCRIPT, STYLESHEET
from server.site.page import put_in
from server.site.part import Basis, Draft

BEFORE_APP = "before-app.js"  # the script put before app.js


@dataclass(frozen=True)
class BeforeApp:
    """What `before-app.js` is given: the way from it to the site's top, and from there to each profile whose sign-ins
    begin and come back on this host; none where it has no relay."""

    top: str
    homes: list[str]


def before_app(basis: Basis, top: str) -> BeforeApp:
    return BeforeApp(top, sorted(home.folder.removeprefix("/") for home in basis.homes) if basis.has_relay else [])


def drafts(basis: Basis) -> Iterator[Draft]:
    embedders = basis.settings.widget.embedders
    for release in basis.releases:
        yield from _files(release, embedders)
        yield from _altered(release, basis)


def _files(release: Release, embedders: list[str]) -> Iterator[Draft]:
    for name in release.files:
        if name != APP_PAGE:
            headers = widget_headers(name, embedders)
            yield Draft(f"/widget/{release.id}/{name}", name, release.bodies[name], headers)


def _altered(release: Release, basis: Basis) -> Iterator[Draft]:
    """The release's app.html with our script before app.js, and the script.

    They change with this host, and the page's frame-ancestors with the settings: a year in caches would outlive both.
    """
    folder, embedders = f"/widget/{release.id}/", basis.settings.widget.embedders
    page = release.read(APP_PAGE)
    script = APP_SCRIPT.search(page)
    if script is None:
        raise ReleaseError(f"release {release.id}: {APP_PAGE} does not load app.js. Pull a whole release.")
    tag = f'<script src="{BEFORE_APP}"></script>'.encode()
    content = page[: script.start()] + tag + page[script.start() :]
    # app.js asks for the stylesheet only when all of it has run; a browser told now has it by then (RFC 8288).
    link = [("Link", f"<{STYLESHEET}>; rel=preload; as=style")] if STYLESHEET in release.files else []
    yield Draft(folder + APP_PAGE, APP_PAGE, content, [*widget_headers(APP_PAGE, embedders, MINUTES), *link])
    before = put_in(basis.files[BEFORE_APP], asdict(before_app(basis, top="../../")))
    yield Draft(folder + BEFORE_APP, BEFORE_APP, before.encode(), script_headers())
