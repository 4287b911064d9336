"""A release on the disk: complete or not there, and opened only after every byte was compared."""

import gzip
import hashlib
import json
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.install import install, staging
from embeddable_host.releases.release import Release, stays_inside, version_of
from embeddable_host.releases.store import current, installed, open_release, remove, use
from world.release import compress_here
from world.small_release import FILES, Steps, a_release


@pytest.fixture
def built(tmp_path: Path) -> Path:
    return a_release(tmp_path / "built")


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    return tmp_path / "var" / "releases"


@pytest.fixture
def one(built: Path, releases: Path) -> Release:
    return install(built, releases, "a test", Steps())


@pytest.fixture
def another(tmp_path: Path, releases: Path, one: Release) -> Release:
    return install(a_release(tmp_path / "other", **{"app.js": b"another"}), releases, "a test", Steps())


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Installing


def test_a_release_has_the_files_it_was_made_of(one: Release) -> None:
    assert {name: one.read(name) for name in one.files} == FILES


def test_the_manifest_says_source_time_version_size_and_digest(one: Release) -> None:
    manifest = json.loads((one.folder / "manifest.json").read_bytes())
    assert (manifest["source"], manifest["version"]) == ("a test", "2.3.1")
    assert datetime.fromisoformat(manifest["time"]).utcoffset() is not None
    for name, content in FILES.items():
        assert manifest["files"][name]["size"] == len(content)
        assert manifest["files"][name]["sha384"] == hashlib.sha384(content).hexdigest()


def test_what_is_opened_is_what_was_installed(one: Release, releases: Path) -> None:
    assert open_release(releases, one.id) == one


def test_the_id_is_the_version_and_a_digest_of_the_contents(one: Release, another: Release) -> None:
    assert one.id.startswith("2.3.1-")
    assert another.id.startswith("2.3.1-")
    assert one.id != another.id


@pytest.mark.parametrize(("coding", "decode"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_a_text_is_kept_compressed_too(one: Release, coding: str, decode: Callable[[bytes], bytes]) -> None:
    coded = one.locate("app.js", coding).read_bytes()
    assert decode(coded) == FILES["app.js"]
    assert len(coded) == one.files["app.js"].codings[coding].size < len(FILES["app.js"])


def test_a_variant_that_is_not_smaller_is_not_kept(one: Release) -> None:
    assert one.files["assets/rc/logo.svg"].codings == {}


def test_what_is_compressed_already_is_left_unchanged(one: Release) -> None:
    assert one.files["fonts/lato.woff2"].codings == {}


def test_the_same_files_compress_to_the_same_bytes(one: Release, built: Path, tmp_path: Path) -> None:
    alias = install(built, tmp_path / "elsewhere", "a test", Steps())
    assert alias.files == one.files


def test_a_file_that_a_release_does_not_have_is_not_located(one: Release) -> None:
    with pytest.raises(KeyError):
        one.locate("other.js")
    with pytest.raises(KeyError):
        one.locate("fonts/lato.woff2", "br")


def test_source_maps_and_dot_files_stay_behind(built: Path, releases: Path) -> None:
    a_release(built, **{"app.js.map": b"{}", ".nojekyll": b"", ".git/config": b""})
    assert install(built, releases, "a test", Steps()).files.keys() == FILES.keys()


def test_the_folder_given_is_only_read(built: Path, releases: Path) -> None:
    install(built, releases, "a test", Steps())
    assert everything(built) == FILES


def test_the_same_files_again_are_the_same_release_and_not_compressed_again(
    built: Path, releases: Path, one: Release
) -> None:
    steps = Steps()
    assert install(built, releases, "another source", steps) == one
    assert "Compressing" not in steps.stages
    assert installed(releases) == [one.id]


def test_a_damaged_release_is_replaced_by_installing_it_again(built: Path, releases: Path, one: Release) -> None:
    one.locate("app.js").write_bytes(b"")
    install(built, releases, "a test", Steps())
    assert open_release(releases, one.id).read("app.js") == FILES["app.js"]
    assert not list(releases.glob(".staging-*"))


def test_every_stage_is_followed_to_its_end(built: Path, releases: Path) -> None:
    steps = Steps()
    install(built, releases, "a test", steps)
    assert steps.stages == ["Copying", "Compressing"]
    assert steps.done == steps.totals


@pytest.mark.parametrize("name", ["adapter.js", "app.html", "app.js"])
def test_a_folder_without_a_required_file_is_refused(built: Path, releases: Path, name: str) -> None:
    (built / name).unlink()
    with pytest.raises(ReleaseError, match=f"no {name} in"):
        install(built, releases, "a test", Steps())
    assert installed(releases) == []


def test_a_link_that_leads_out_of_the_folder_is_refused(built: Path, releases: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (built / "assets" / "secret.svg").symlink_to(tmp_path / "secret")
    with pytest.raises(ReleaseError, match=r"secret\.svg is a link that leads out"):
        install(built, releases, "a test", Steps())


def test_a_folder_that_is_a_link_is_refused(built: Path, releases: Path) -> None:
    (built / "more").symlink_to(built / "assets")
    with pytest.raises(ReleaseError, match="more is not a file"):
        install(built, releases, "a test", Steps())


def test_a_link_within_the_folder_stands_for_its_file(built: Path, releases: Path) -> None:
    (built / "adapter.min.js").symlink_to("adapter.js")
    made = install(built, releases, "a test", Steps())
    assert made.read("adapter.min.js") == FILES["adapter.js"]
    assert not made.locate("adapter.min.js").is_symlink()


def test_a_pipe_among_the_files_is_refused(built: Path, releases: Path) -> None:
    os.mkfifo(built / "pipe.js")
    with pytest.raises(ReleaseError, match=r"pipe\.js is not a file"):
        install(built, releases, "a test", Steps())


@pytest.mark.parametrize(("bound", "value"), [("MAX_FILES", 3), ("MAX_RELEASE_BYTES", 1000)])
def test_a_folder_beyond_the_bounds_is_refused(
    built: Path, releases: Path, bound: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"embeddable_host.releases.install.{bound}", value)
    with pytest.raises(ReleaseError, match=r"more than (3 files|\d+ files or 1000 bytes)"):
        install(built, releases, "a test", Steps())


def test_an_install_that_fails_leaves_nothing(built: Path, releases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes) -> bytes:
        raise MemoryError

    compress_here(monkeypatch, {"br": fail})
    with pytest.raises(MemoryError):
        install(built, releases, "a test", Steps())
    assert list(releases.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "version"),
    [
        (b'{"APP_VERSION":"2.3.1","HOSTING_URL":""}', "2.3.1"),
        (b'{versions:"1",APP_VERSION:"3.0.0-beta.2",x:1}', "3.0.0-beta.2"),
        (b'push({version:"3.31.1"});new L({appUrl:pt,version:"1.8.5",prefix:x})', "1.8.5"),
        (b'push({version:"3.31.1"})', None),
        (b'APP_VERSION:"../../etc"', None),
    ],
)
def test_the_version_is_the_one_the_adapter_was_built_with(script: bytes, version: str | None) -> None:
    assert version_of(script) == version


def test_a_release_that_does_not_say_its_version_is_called_unknown(built: Path, releases: Path) -> None:
    a_release(built, **{"adapter.js": b"no version"})
    made = install(built, releases, "a test", Steps())
    assert made.version == "unknown"
    assert made.id.startswith("unknown-")


# Opening


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def replace_by_link(path: Path) -> None:
    alias = next(parent for parent in path.parents if parent.name == "var") / "alias"
    path.rename(alias)
    path.symlink_to(alias)


@pytest.mark.parametrize("harm", [flip, truncate, Path.unlink, replace_by_link])
@pytest.mark.parametrize("name", ["files/app.js", "br/app.js", "gzip/app.js", "files/audio/incoming.ogg"])
def test_a_harmed_file_is_found_and_named(
    one: Release, releases: Path, name: str, harm: Callable[[Path], None]
) -> None:
    harm(one.folder / name)
    with pytest.raises(ReleaseError) as refused:
        open_release(releases, one.id)
    for part in (one.id, name, "embeddable-host pull"):
        assert part in str(refused.value)


@pytest.mark.parametrize("harm", [flip, truncate, Path.unlink, replace_by_link])
def test_a_file_harmed_after_the_release_was_opened_is_found_when_it_is_opened_again(
    one: Release, releases: Path, harm: Callable[[Path], None]
) -> None:
    """Even where its time was set back."""
    opened = open_release(releases, one.id)
    assert open_release(releases, one.id, [opened]) is opened
    file = one.folder / "br" / "app.js"
    time = file.stat().st_mtime_ns
    harm(file)
    if file.exists():
        os.utime(file, ns=(time, time))
    with pytest.raises(ReleaseError, match=r"br/app\.js"):
        open_release(releases, one.id, [opened])


def test_a_file_that_nobody_installed_is_found(one: Release, releases: Path) -> None:
    (one.folder / "files" / "more.js").write_text("alert()")
    with pytest.raises(ReleaseError, match=r"files/more\.js is not in the manifest"):
        open_release(releases, one.id)


def entry(manifest: dict) -> dict:
    return manifest["files"]["app.js"]


MANIFEST_FAULTS: dict[str, Callable[[dict], object]] = {
    "a missing key": lambda manifest: manifest.pop("source"),
    "a key too many": lambda manifest: manifest.update(more=1),
    "a size that is text": lambda manifest: entry(manifest).update(size="1"),
    "no digest": lambda manifest: entry(manifest).pop("sha384"),
    "another digest": lambda manifest: entry(manifest).update(sha384="0" * 96),
    "another version": lambda manifest: manifest.update(version="2.3.2"),
    "an unknown coding": lambda manifest: entry(manifest)["codings"].update(zstd={"size": 1, "sha384": "0"}),
    "a coding that is a path": lambda manifest: entry(manifest)["codings"].update(
        {"../..": {"size": 1, "sha384": "0"}}
    ),
    "no app.html": lambda manifest: manifest["files"].pop("app.html"),
}


@pytest.mark.parametrize("fault", MANIFEST_FAULTS)
def test_a_manifest_with_a_fault_is_refused(one: Release, releases: Path, fault: str) -> None:
    path = one.folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    MANIFEST_FAULTS[fault](manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(ReleaseError, match=rf"Release {one.id} is damaged: manifest\.json .*embeddable-host pull"):
        open_release(releases, one.id)


@pytest.mark.parametrize("name", ["../x.js", "/etc/passwd", "a/../../x.js"])
def test_a_manifest_that_names_a_file_elsewhere_is_refused(one: Release, releases: Path, name: str) -> None:
    path = one.folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["files"][name] = entry(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(ReleaseError, match=f"names '{re.escape(name)}', which leads out of the release"):
        open_release(releases, one.id)


def test_a_size_that_is_not_the_files_is_found(one: Release, releases: Path) -> None:
    path = one.folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    entry(manifest)["size"] += 1
    path.write_text(json.dumps(manifest))
    with pytest.raises(ReleaseError, match=r"files/app\.js has \d+ bytes instead of \d+"):
        open_release(releases, one.id)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_manifest_that_is_no_manifest_is_refused(one: Release, releases: Path, content: bytes) -> None:
    (one.folder / "manifest.json").write_bytes(content)
    with pytest.raises(ReleaseError, match=r"manifest\.json is not valid"):
        open_release(releases, one.id)


def test_a_release_under_another_name_is_refused(one: Release, releases: Path) -> None:
    one.folder.rename(releases / "2.3.1-mine")
    with pytest.raises(ReleaseError, match="is not the one of this release"):
        open_release(releases, "2.3.1-mine")


@pytest.mark.parametrize("id", ["", ".", "..", "../x", "a/b", ".staging-1", "cdn", "a\0b", "/etc"])
def test_what_cannot_be_an_id_is_refused(one: Release, releases: Path, id: str) -> None:
    for act in (open_release, use, remove):
        with pytest.raises(ReleaseError, match="is not the id of a release"):
            act(releases, id)


def test_a_release_that_is_not_there_is_refused(one: Release, releases: Path) -> None:
    for act in (open_release, use, remove):
        with pytest.raises(ReleaseError, match=r"There is no release 1\.0"):
            act(releases, "1.0")


def test_a_folder_that_does_not_exist_has_no_releases(releases: Path) -> None:
    assert installed(releases) == []
    assert current(releases) is None
    with pytest.raises(ReleaseError, match="There is no current release"):
        open_release(releases)


@given(st.text(st.sampled_from("ab./\\\0 ~\n:%"), max_size=12))
def test_a_name_that_stays_inside_leads_nowhere_else(name: str) -> None:
    folder = Path("/folder")
    if stays_inside(name):
        assert os.path.normpath(folder / name) == f"/folder/{name}"


# Choosing


def test_the_current_release_is_the_one_that_was_chosen(releases: Path, one: Release, another: Release) -> None:
    for chosen in (one, another, one):
        use(releases, chosen.id)
        assert current(releases) == chosen.id
        assert open_release(releases) == chosen


def test_current_is_a_relative_link_so_that_the_folder_can_be_moved(releases: Path, one: Release) -> None:
    use(releases, one.id)
    assert os.readlink(releases / "current") == one.id
    moved = releases.rename(releases.parent / "moved")
    assert open_release(moved).read("app.js") == FILES["app.js"]


def test_a_damaged_release_cannot_be_chosen(releases: Path, one: Release, another: Release) -> None:
    use(releases, one.id)
    flip(another.locate("app.js"))
    with pytest.raises(ReleaseError, match="is damaged"):
        use(releases, another.id)
    assert current(releases) == one.id


def test_releases_are_listed_oldest_first(releases: Path, one: Release, another: Release) -> None:
    os.utime(one.folder, (2, 2))
    os.utime(another.folder, (1, 1))
    assert installed(releases) == [another.id, one.id]


def test_what_is_no_release_is_not_listed(releases: Path, one: Release) -> None:
    use(releases, one.id)
    (releases / ".staging-1").mkdir()
    (releases / "notes.txt").write_text("")
    assert installed(releases) == [one.id]


def test_a_removed_release_is_gone(releases: Path, one: Release, another: Release) -> None:
    remove(releases, another.id)
    assert installed(releases) == [one.id]
    assert not list(releases.glob(".staging-*"))


def test_the_current_release_is_not_removed(releases: Path, one: Release) -> None:
    use(releases, one.id)
    with pytest.raises(ReleaseError, match="is the current release"):
        remove(releases, one.id)
    assert open_release(releases) == one


def test_nothing_is_removed_while_a_pull_is_at_work(releases: Path, one: Release) -> None:
    with staging(releases), pytest.raises(ReleaseError, match="Another pull is running"):
        remove(releases, one.id)
    assert installed(releases) == [one.id]


@pytest.mark.parametrize("target", ["../elsewhere", "/etc", ".staging-1", "current"])
def test_a_current_that_leads_elsewhere_is_refused(releases: Path, one: Release, target: str) -> None:
    (releases / "current").symlink_to(target)
    with pytest.raises(ReleaseError, match="is not a link to a release beside it"):
        open_release(releases)


def test_a_current_that_is_no_link_is_refused(releases: Path, one: Release) -> None:
    (releases / "current").mkdir()
    with pytest.raises(ReleaseError, match="is not a link to a release beside it"):
        current(releases)


def test_a_current_that_was_deleted_is_reported(releases: Path, one: Release) -> None:
    (releases / "current").symlink_to("2.3.0-gone")
    with pytest.raises(ReleaseError, match=r"There is no release 2\.3\.0-gone"):
        open_release(releases)


# Staging


def test_one_pull_at_a_time(releases: Path) -> None:
    with (
        staging(releases),
        pytest.raises(ReleaseError, match="Another pull is running"),
        staging(releases),
    ):
        pass


def test_what_a_killed_pull_left_is_removed_and_nothing_else(releases: Path, one: Release) -> None:
    use(releases, one.id)
    (releases / ".staging-1" / "files").mkdir(parents=True)
    (releases / ".staging-2").symlink_to(one.id)
    with staging(releases) as folder:
        assert list(releases.glob(".staging-*")) == [folder]
    assert not folder.exists()
    assert open_release(releases) == one


def test_what_the_disk_refuses_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReleaseError, match="Not a directory"), staging(tmp_path / "file" / "releases"):
        pass
