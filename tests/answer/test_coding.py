"""The best encodings: made once, kept in a folder, and believed only as far as they decode to what they stand for."""

import gzip
import os
from pathlib import Path

import brotli
import pytest
from world.host import content

from server.answer.asset import Asset
from server.answer.coding import LARGE, Cache, compress
from server.config.settings import Settings
from server.site.site import build_site

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
    compress(Cache(settings.cache), site.rough)
    again = build_site(settings)
    assert site.rough
    assert again.rough == ()
    plain = content(again["/redirect.html"])
    assert encoded(again["/redirect.html"], "br") == brotli.compress(plain, quality=11, lgwin=24)
    assert encoded(again["/redirect.html"], "gzip") == gzip.compress(plain, compresslevel=9, mtime=0)


def test_a_cache_that_was_tampered_with_is_not_believed(settings: Settings) -> None:
    compress(Cache(settings.cache), build_site(settings).rough)
    kept = list(settings.cache.glob("*.*"))
    for file in kept:
        file.write_bytes(brotli.compress(b"evil") if file.suffix == ".br" else gzip.compress(b"evil"))
    page = build_site(settings)["/redirect.html"]
    assert len(kept) > 1
    for coding, decode in DECODERS.items():
        assert decode(encoded(page, coding)) == content(page)


def test_what_is_served_from_the_cache_is_not_pruned(tmp_path: Path) -> None:
    """However long it has lain there."""
    settings = Settings(data_dir=tmp_path / "var", params={"userAgent": "x" * 2 * LARGE})
    build_site(settings)
    for file in settings.cache.iterdir():
        os.utime(file, (0, 0))
    site = build_site(settings)
    Cache(settings.cache).prune()
    streamed = [body.content for asset in site.assets.values() for body in asset.bodies if body.size > LARGE]
    assert streamed
    assert all(isinstance(content, bytes) or content.is_file() for content in streamed)
