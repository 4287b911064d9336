"""The site: a mapping from URL path to asset, computed once from (settings, release, `public/`).

Nothing here looks at a request. What differs by page is worked out in the browser by the scripts of `public/`, which
are given only what is the same for everybody. The parts make the addresses; here they are put together.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from server.answer.asset import Asset
from server.answer.body import Body
from server.answer.coding import Encoded, Encoder
from server.answer.media import media_type
from server.answer.policy import NO_STORE, PagePolicy
from server.config.mistakes import SettingsError
from server.config.settings import CDN, CURRENT, Settings
from server.releases.error import ReleaseError
from server.releases.release import Release
from server.releases.shelf import current, installed, open_release
from server.site import embed, graduation, pictures, redirect, rehearsal, setup, status, widget
from server.site.page import sources
from server.site.part import Basis, Draft, Part

log = logging.getLogger("server")

# What the site is made of. An address that two parts make is the first one's.
PARTS: tuple[Part, ...] = (widget, status, redirect, embed, setup, graduation, rehearsal, pictures)

MISSING_PAGE = "404.html"
MISSING_POLICY = PagePolicy(NO_STORE)


@dataclass(frozen=True)
class Site:
    """What is served: `assets` by path, `missing` for every other path.

    `release` is the id of the hosted release, or "cdn". `rough` are the bodies whose best encodings are yet to be made.
    `releases` and `encoded` are what the next site may take over.
    """

    assets: Mapping[str, Asset]
    missing: Asset
    release: str
    rough: tuple[Body, ...]
    releases: tuple[Release, ...]
    encoded: Mapping[str, Encoded]

    def __getitem__(self, path: str) -> Asset:
        return self.assets.get(path, self.missing)


def build_site(settings: Settings, before: Site | None = None) -> Site:
    """The whole site; what has not changed since the one `before` it is taken from there.

    Raises ReleaseError, SettingsError or OSError where what is configured cannot be served.
    """
    releases = tuple(_hosted(settings, before.releases if before else ()))
    encoder = Encoder(settings.cache, before.encoded if before else {})
    try:
        return _put_together(Basis(settings, releases, sources(settings.public_dir)), encoder)
    except ValueError as error:  # of a page or script, which only a team's own can be
        raise SettingsError([f"{settings.public_dir}/{error}"]) from None


def _put_together(basis: Basis, encoder: Encoder) -> Site:
    def asset(draft: Draft, code: int = 200) -> Asset:
        bodies = encoder.bodies(draft.content) if isinstance(draft.content, bytes) else draft.content
        return Asset(media_type(draft.name), bodies, draft.headers, code)

    assets: dict[str, Asset] = {}
    for part in PARTS:
        # One draft after the other, never all of them: together their contents are large.
        for draft in part.drafts(basis):
            if draft.path not in assets:
                assets[draft.path] = asset(draft)
    missing = asset(basis.homes[0].page(MISSING_PAGE, MISSING_POLICY), 404)
    release = basis.release.id if basis.release else CDN
    return Site(assets, missing, release, encoder.rough, basis.releases, encoder.made)


def _hosted(settings: Settings, before: Sequence[Release]) -> Iterator[Release]:
    """The selected release and, after it, every other whole one; none where the widget is the CDN's.

    Raises ReleaseError for the selected one.
    """
    selected = _selected(settings, before)
    if selected is None:
        return
    yield selected
    for id in installed(settings.releases):
        if id != selected.id:
            try:
                yield open_release(settings.releases, id, before)
            except ReleaseError as error:
                log.warning("A release beside the selected one is left out: %s", error)


def _selected(settings: Settings, before: Sequence[Release]) -> Release | None:
    if settings.widget.release == CDN:
        return None
    id = current(settings.releases) if settings.widget.release == CURRENT else settings.widget.release
    return open_release(settings.releases, id, before) if id else None
