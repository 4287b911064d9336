"""The best encodings: made once, kept in a folder, and used only if they decode to the right content."""

import gzip
import os
import shutil
import time
from pathlib import Path

import brotli
import pytest

from embeddable_host.config.settings import Redirect, Settings
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import LARGE, Body
from embeddable_host.responses.cache import UNUSED_DAYS, Cache
from embeddable_host.responses.compression import BEST
from embeddable_host.site.site import Site, build_site
from world.host import content, fill_cache
from world.release import CompressorHere

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
    fill_cache(settings)
    again = build_site(settings)
    assert site.pending
    assert again.pending == ()
    plain = content(again["/redirect.html"])
    assert encoded(again["/redirect.html"], "br") == brotli.compress(plain, quality=11, lgwin=24)
    assert encoded(again["/redirect.html"], "gzip") == gzip.compress(plain, compresslevel=9, mtime=0)


def test_a_cache_that_was_tampered_with_is_not_used(settings: Settings) -> None:
    fill_cache(settings)
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
    fill_cache(settings)
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
    Cache(settings.cache).fill((), CompressorHere(BEST))  # which prunes
    streamed = [body.content for body in bodies(site) if body.size > LARGE]
    assert streamed
    assert all(isinstance(content, bytes) or content.is_file() for content in streamed)


def test_what_two_sites_have_in_common_is_in_memory_once(settings: Settings) -> None:
    before = finished(settings)
    changed = settings.model_copy(update={"redirect": Redirect(title="Another")})
    known = {id(body) for body in bodies(before)}
    new = [path for path, asset in build_site(changed, before).assets.items() if id(asset.bodies[0]) not in known]
    assert "/redirect.html" in new
    assert "/adapter.js" not in new


def test_what_is_not_compressed_yet_is_in_memory_once_too(settings: Settings) -> None:
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
    fill_cache(with_large_bodies)
    assert build_site(with_large_bodies, again).pending == ()


def test_what_nothing_uses_is_pruned_and_so_is_what_a_killed_process_left(settings: Settings) -> None:
    fill_cache(settings)
    (settings.cache / ".pending-1234").mkdir()
    (settings.cache / ".pending-1234" / "body").write_bytes(b"left")
    old = time.time() - (UNUSED_DAYS + 1) * 86400
    for file in settings.cache.iterdir():
        os.utime(file, (old, old))
    Cache(settings.cache).fill((), CompressorHere(BEST))
    assert list(settings.cache.iterdir()) == []


def test_only_what_is_being_compressed_lies_in_a_pending_folder(settings: Settings) -> None:
    fill_cache(settings)
    assert {file.suffix for file in settings.cache.iterdir()} == {".br", ".gzip"}
