"""The site: a mapping from URL path to asset, computed once from (settings, release, `public/`).

Nothing here depends on a request. What differs from page to page is worked out in the browser, by the scripts of
`public/`, which get only values that are the same for everybody. Each part makes its addresses; here they become one
mapping.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from embeddable_host.config.errors import SettingsError
from embeddable_host.config.settings import CDN, CURRENT, Settings
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.release import Release
from embeddable_host.releases.store import current, installed, open_release
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import Body
from embeddable_host.responses.cache import Encoded, Encoder
from embeddable_host.responses.headers import NO_STORE, PagePolicy
from embeddable_host.responses.media_types import media_type
from embeddable_host.site import embed, graduation, health, redirect, setup, sign_in_test, static_assets, widget
from embeddable_host.site.inputs import Inputs
from embeddable_host.site.page import sources
from embeddable_host.site.part import Draft, Part

log = logging.getLogger("embeddable_host")

# The parts of the site. If two make the same address, the first one has it.
PARTS: tuple[Part, ...] = (widget, health, redirect, embed, setup, graduation, sign_in_test, static_assets)

MISSING_PAGE = "404.html"
MISSING_POLICY = PagePolicy(NO_STORE)


@dataclass(frozen=True)
class Site:
    """What is served: `assets` by path, `missing` for every other path.

    `release` is the id of the hosted release, or "cdn". `pending` are the bodies whose best encodings do not exist
    yet. `releases` and `encoded` can be reused by the next site.
    """

    assets: Mapping[str, Asset]
    missing: Asset
    release: str
    pending: tuple[Body, ...]
    releases: tuple[Release, ...]
    encoded: Mapping[str, Encoded]

    def __getitem__(self, path: str) -> Asset:
        return self.assets.get(path, self.missing)


def build_site(settings: Settings, before: Site | None = None) -> Site:
    """The whole site; what has not changed since the one `before` is reused.

    Raises ReleaseError, SettingsError or OSError if what is configured cannot be served.
    """
    releases = tuple(_hosted(settings, before.releases if before else ()))
    encoder = Encoder(settings.cache, before.encoded if before else {})
    try:
        return _put_together(Inputs(settings, releases, sources(settings.public_dir)), encoder)
    except ValueError as error:  # of a page or script, which only a team's own can be
        raise SettingsError([f"{settings.public_dir}/{error}"]) from None


def _put_together(inputs: Inputs, encoder: Encoder) -> Site:
    def asset(draft: Draft, code: int = 200) -> Asset:
        bodies = encoder.bodies(draft.content) if isinstance(draft.content, bytes) else draft.content
        return Asset(media_type(draft.name), bodies, draft.headers, code, draft.has_options)

    assets: dict[str, Asset] = {}
    for part in PARTS:
        # One draft after the other, never all of them: together their contents are large.
        for draft in part.drafts(inputs):
            if draft.path not in assets:
                assets[draft.path] = asset(draft)
    missing = asset(inputs.profiles[0].page(MISSING_PAGE, MISSING_POLICY), 404)
    release = inputs.release.id if inputs.release else CDN
    return Site(assets, missing, release, encoder.pending, inputs.releases, encoder.made)


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
