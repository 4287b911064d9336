"""The best encodings: made once, kept in a folder, and believed only as far as they decode to what they stand for."""

import gzip
import os
import shutil
from pathlib import Path

import brotli
import pytest

from embeddable_host.config.settings import Redirect, Settings
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import LARGE, Body
from embeddable_host.responses.compression import Cache, compress
from embeddable_host.site.site import Site, build_site
from world.host import content

DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "var")


def encoded(asset: Asset, coding: str) -> bytes:
    [found] = [body.content for body in asset.bodies if body.coding == coding]
    assert isinstance(found, bytes)
    return found


def test_the_best_encodings_are_used_once_they_are_made(settings: Settings) -> None:
    site = build_site(settings)
    compress(Cache(settings.cache), site.pending)
    again = build_site(settings)
    assert site.pending
    assert again.pending == ()
    plain = content(again["/redirect.html"])
    assert encoded(again["/redirect.html"], "br") == brotli.compress(plain, quality=11, lgwin=24)
    assert encoded(again["/redirect.html"], "gzip") == gzip.compress(plain, compresslevel=9, mtime=0)


def test_a_cache_that_was_tampered_with_is_not_believed(settings: Settings) -> None:
    compress(Cache(settings.cache), build_site(settings).pending)
    kept = list(settings.cache.glob("*.*"))
    for file in kept:
        file.write_bytes(brotli.compress(b"evil") if file.suffix == ".br" else gzip.compress(b"evil"))
    page = build_site(settings)["/redirect.html"]
    assert len(kept) > 1
    for coding, decode in DECODERS.items():
        assert decode(encoded(page, coding)) == content(page)


@pytest.fixture
def with_large_bodies(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "var", params={"userAgent": "x" * 2 * LARGE})


def finished(settings: Settings) -> Site:
    compress(Cache(settings.cache), build_site(settings).pending)
    return build_site(settings)


def bodies(site: Site) -> list[Body]:
    return [body for asset in site.assets.values() for body in asset.bodies]


@pytest.mark.parametrize("knows_the_one_before", [False, True])
def test_what_is_served_from_the_cache_is_not_pruned(with_large_bodies: Settings, knows_the_one_before: bool) -> None:
    """However long it has lain there."""
    settings = with_large_bodies
    before = finished(settings)
    for file in settings.cache.iterdir():
        os.utime(file, (0, 0))
    site = build_site(settings, before if knows_the_one_before else None)
    Cache(settings.cache).prune()
    streamed = [body.content for body in bodies(site) if body.size > LARGE]
    assert streamed
    assert all(isinstance(content, bytes) or content.is_file() for content in streamed)


def test_what_a_new_site_has_in_common_with_the_one_before_is_held_once(settings: Settings) -> None:
    before = finished(settings)
    changed = settings.model_copy(update={"redirect": Redirect(title="Another")})
    known = {id(body) for body in bodies(before)}
    new = [path for path, asset in build_site(changed, before).assets.items() if id(asset.bodies[0]) not in known]
    assert "/redirect.html" in new
    assert "/adapter.js" not in new


def test_what_is_not_compressed_yet_is_held_once_too(settings: Settings) -> None:
    before = build_site(settings)
    known = {body.digest: body.content for body in bodies(before) if body.coding != "identity"}
    again = [body for body in bodies(build_site(settings, before)) if body.coding != "identity"]
    assert before.pending
    assert all(body.content is known[body.digest] for body in again)


def test_a_cache_that_was_emptied_is_filled_again(with_large_bodies: Settings) -> None:
    before = finished(with_large_bodies)
    shutil.rmtree(with_large_bodies.cache)
    again = build_site(with_large_bodies, before)
    assert [body.read() for body in bodies(again) if body.coding == "identity"]
    compress(Cache(with_large_bodies.cache), again.pending)
    assert build_site(with_large_bodies, again).pending == ()
