"""The release store: lists, chooses, opens and removes the installed releases."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from embeddable_host.config.settings import CDN, CURRENT
from embeddable_host.config.values import RELEASE_ID
from embeddable_host.files import sync_folder
from embeddable_host.releases.disk import explained, staging_name, writing
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.release import Release, is_unchanged, read_release

RESERVED = frozenset({CURRENT, CDN})  # other values of `widget.release`
GET_ONE = "Run `embeddable-host pull` to get one"


def installed(releases: Path) -> list[str]:
    """The ids of all releases, oldest first; empty where the folder does not exist."""
    if not releases.is_dir():
        return []
    folders = [entry for entry in releases.iterdir() if entry.is_dir() and not entry.is_symlink()]
    found = [entry for entry in folders if RELEASE_ID.fullmatch(entry.name)]
    return [entry.name for entry in sorted(found, key=lambda entry: (entry.stat().st_mtime_ns, entry.name))]


def current(releases: Path) -> str | None:
    """Id of the current release, None where there is none. Raises ReleaseError if `current` is no link."""
    try:
        return _valid(os.readlink(releases / CURRENT))
    except FileNotFoundError:
        return None
    except (OSError, ReleaseError):
        raise ReleaseError(
            f"{releases / CURRENT} is not a link to a release beside it. "
            "Remove it and choose one with `embeddable-host releases use ID`"
        ) from None


def use(releases: Path, id: str) -> None:
    """Makes a release the current one, in one step. Raises ReleaseError where it is missing or damaged."""
    open_release(releases, _valid(id))
    with explained(releases):
        link = releases / staging_name()
        link.symlink_to(id)
        link.replace(releases / CURRENT)
        sync_folder(releases)


def remove(releases: Path, id: str) -> None:
    """Removes a release. Raises ReleaseError if it is missing, is the current one, or a pull is running."""
    if _valid(id) not in installed(releases):
        raise ReleaseError(f"There is no release {id} in {releases}. `embeddable-host releases` lists them")
    with explained(releases), writing(releases):
        if id == current(releases):
            raise ReleaseError(f"{id} is the current release. Choose another first: `embeddable-host releases use ID`")
        doomed = releases / staging_name()  # a removal that is interrupted then leaves no half release
        (releases / id).rename(doomed)
        shutil.rmtree(doomed)


def open_release(releases: Path, id: str = CURRENT, opened: Sequence[Release] = ()) -> Release:
    """The release with that id, read by `read_release`, or taken from `opened` if it has not changed since.

    Raises ReleaseError, also where it is missing.
    """
    chosen = current(releases) if id == CURRENT else _valid(id)
    if chosen is None:
        raise ReleaseError(f"There is no current release in {releases}. {GET_ONE}")
    folder = releases / chosen
    if not folder.is_dir():
        raise ReleaseError(f"There is no release {chosen} in {releases}. {GET_ONE}")
    return next(
        (release for release in opened if release.folder == folder and is_unchanged(release)), None
    ) or read_release(folder)


def _valid(id: str) -> str:
    if not RELEASE_ID.fullmatch(id) or id in RESERVED:
        raise ReleaseError(f'"{id}" is not the id of a release. `embeddable-host releases` lists them')
    return id
