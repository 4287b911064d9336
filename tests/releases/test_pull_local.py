"""Pulling from a folder or an archive, wherever it lies."""

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddable_host.config.settings import Settings
from embeddable_host.releases.pull import pull
from embeddable_host.releases.store import current
from world import cdn
from world.cdn import Cdn
from world.small_release import FILES, Steps, a_release, contents


def test_a_folder_is_taken_as_it_lies(settings: Settings, tmp_path: Path) -> None:
    folder = a_release(tmp_path / "built", **{"named/by/nothing.svg": b"<svg/>", "app.js.map": b"{}"})
    pulled = pull(settings, None, str(folder), Steps())
    assert contents(pulled) == {**FILES, "named/by/nothing.svg": b"<svg/>"}
    assert pulled.source == str(folder)
    assert current(settings.releases) == pulled.id


def test_a_link_that_leads_out_of_a_folder_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    folder = a_release(tmp_path / "built")
    (folder / "secret.js").symlink_to("/etc/passwd")
    assert "secret.js is a link that leads out" in refused(str(folder))


def test_a_folder_that_is_no_release_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "There is no adapter.js" in refused(str(tmp_path))


@pytest.mark.parametrize("name", ["nowhere", "nowhere.zip", "www/latest/app.js"])
def test_what_is_neither_address_nor_folder_nor_archive_is_refused(
    refused: Callable[..., str], tmp_path: Path, name: str
) -> None:
    assert "neither an address, nor a folder, nor an archive" in refused(str(tmp_path / name))


def test_a_version_is_refused_where_there_is_only_one(refused: Callable[..., str], tmp_path: Path) -> None:
    packed = pack(tmp_path / "release.zip", FILES)
    for origin in (str(tmp_path / "www" / "latest"), str(packed), "http://127.0.0.1:9/release.zip"):
        assert "is one release already" in refused(origin, "2.3.1")


@pytest.mark.parametrize("version", ["..", "../x", "2.3.1/..", "", "a b", "?x"])
def test_what_is_no_version_is_refused(refused: Callable[..., str], version: str) -> None:
    assert "is not a version" in refused(version=version)


def test_what_is_no_address_is_refused(refused: Callable[..., str]) -> None:
    assert "is not an address" in refused("http://host:port/")


def pack(archive: Path, files: dict[str, bytes], top: str = "") -> Path:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in files.items():
                packed.writestr(top + name, content)
    else:
        with tarfile.open(archive, "w" if archive.suffix == ".tar" else "w:gz") as taped:
            for name, content in files.items():
                member = tarfile.TarInfo(top + name)
                member.size = len(content)
                taped.addfile(member, io.BytesIO(content))
    return archive


ARCHIVES = ("release.zip", "release.tar", "release.tar.gz", "release.tgz")


@pytest.mark.parametrize("top", ["", "./", "embeddable-2.3.1/", "a/b/"])
@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_unpacked(settings: Settings, tmp_path: Path, name: str, top: str) -> None:
    archive = pack(tmp_path / name, {**FILES, "app.js.map": b"{}", ".nojekyll": b""}, top)
    pulled = pull(settings, None, str(archive), Steps())
    assert contents(pulled) == FILES
    assert pulled.source == str(archive)


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_fetched_from_an_address(settings: Settings, network: Cdn, tmp_path: Path, name: str) -> None:
    pack(tmp_path / "www" / name, FILES, "top/")
    pulled = pull(settings, None, f"{network.url}{name}?signature=1", Steps())
    assert contents(pulled) == FILES
    assert pulled.source == network.url + name


def test_a_page_in_place_of_an_archive_is_refused(refused: Callable[..., str], network: Cdn) -> None:
    network.faults["/release.zip"] = cdn.page
    assert "the server sent a page" in refused(f"{network.url}release.zip")


@pytest.mark.parametrize("name", ["../evil.js", "/evil.js", "a/../../evil.js", "a\\..\\evil.js", "./../evil.js"])
@pytest.mark.parametrize("archive", ["release.zip", "release.tar.gz"])
def test_a_name_that_leads_out_of_an_archive_is_refused(
    refused: Callable[..., str], tmp_path: Path, archive: str, name: str
) -> None:
    pack(tmp_path / archive, {**FILES, name: b"evil"})
    assert "which leads outside the release" in refused(str(tmp_path / archive))
    assert not list(tmp_path.rglob("evil.js"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_or_a_device_in_a_tar_is_refused(refused: Callable[..., str], tmp_path: Path, kind: bytes) -> None:
    archive = pack(tmp_path / "release.tar", FILES)
    with tarfile.open(archive, "a") as taped:
        member = tarfile.TarInfo("link.js")
        member.type, member.linkname = kind, "app.js"
        taped.addfile(member)
    assert "'link.js', which is a link or a device" in refused(str(archive))


def test_a_link_in_a_zip_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    archive = pack(tmp_path / "release.zip", FILES)
    with zipfile.ZipFile(archive, "a") as packed:
        member = zipfile.ZipInfo("link.js")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(member, "/etc/passwd")
    assert "'link.js', which is a link or a device" in refused(str(archive))


@pytest.mark.parametrize(("bound", "value"), [("MAX_FILES", 10), ("MAX_RELEASE_BYTES", 3000)])
@pytest.mark.parametrize("name", ["release.zip", "release.tar.gz"])
def test_an_archive_beyond_the_bounds_is_refused(
    refused: Callable[..., str],
    tmp_path: Path,
    name: str,
    bound: str,
    value: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"embeddable_host.releases.archive.{bound}", value)
    archive = pack(tmp_path / name, FILES)
    assert "contains more than" in refused(str(archive))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["release.zip", "release.tar"])
def test_an_archive_with_a_file_twice_is_refused(refused: Callable[..., str], tmp_path: Path, name: str) -> None:
    archive = pack(tmp_path / name, FILES)
    with tarfile.open(archive, "a") if name.endswith("tar") else zipfile.ZipFile(archive, "a") as packed:
        (packed.add if name.endswith("tar") else packed.write)(tmp_path / "www/latest/app.js", "app.js")
    assert "contains app.js twice" in refused(str(archive))


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_is_cut_off_is_refused(refused: Callable[..., str], tmp_path: Path, name: str) -> None:
    archive = pack(tmp_path / name, FILES)
    os.truncate(archive, archive.stat().st_size // 3)
    assert "cannot be unpacked" in refused(str(archive))


@pytest.mark.parametrize("tops", [[], ["2.3.0/", "2.3.1/"]])
def test_an_archive_of_no_release_or_several_is_refused(
    refused: Callable[..., str], tmp_path: Path, tops: list[str]
) -> None:
    files = {top + name: content for top in tops for name, content in FILES.items()} or {"a.txt": b""}
    assert "with app.html and adapter.js" in refused(str(pack(tmp_path / "many.zip", files)))
