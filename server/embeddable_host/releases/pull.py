"""Pulls a release of the widget: from the address it is published at, from a folder, or from an archive.

A folder or an archive has all files. An address has no listing, so the files are found as a browser would find them
(docs/widget.md, "A release, as files"): first those with known names, then the names in these (`references`), and so on
until there are no new ones. A missing file that is required ends the pull, and nothing is installed.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx2

from embeddable_host.config.settings import Settings
from embeddable_host.limits import MAX_FILE_BYTES, MAX_FILES, MAX_RELEASE_BYTES
from embeddable_host.progress import Progress
from embeddable_host.releases.archive import ARCHIVES, is_archive, unpack
from embeddable_host.releases.error import NO_RELEASE, ReleaseError
from embeddable_host.releases.fetch import Fetch, redacted
from embeddable_host.releases.install import install, staging
from embeddable_host.releases.references import KNOWN, chunk_names, references
from embeddable_host.releases.release import REQUIRED, Release, fault_of_name, version_of
from embeddable_host.releases.store import use
from embeddable_host.text import printable

LATEST = "latest"
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def pull(settings: Settings, version: str | None, origin: str | None, progress: Progress) -> Release:
    """Pulls a release, installs it, and makes it the current one.

    `origin` is an address, a folder or an archive; without one it is the `version` (or `latest`) below
    `widget.source`. An address may have a `version` below it. Raises ReleaseError for whatever is wrong; the
    installed releases, and which of them is current, are then untouched.
    """
    if version is not None and not VERSION.fullmatch(version):
        raise ReleaseError(f'"{version}" is not a version. Give one such as 2.3.1, or leave it out')
    with staging(settings.releases) as folder:
        if origin is None:
            address = _address(settings.widget.source, version or LATEST)
            staged, source = _from_address(address, folder, progress)
        elif re.match(r"https?://", origin, re.IGNORECASE):
            staged, source = _from_address(_address(origin, version), folder, progress)
        else:
            staged, source = _from_disk(Path(origin), version, folder)
        release = install(staged, settings.releases, source, progress)
        use(settings.releases, release.id)
    return release


def _from_disk(path: Path, version: str | None, folder: Path) -> tuple[Path, str]:
    if version is not None:
        raise ReleaseError(f"{path} is one release already. Leave out the version {version}")
    if path.is_dir():
        return path, str(path.resolve())
    if path.is_file() and is_archive(path.name):
        return unpack(path, folder / "unpacked", str(path)), str(path.resolve())
    raise ReleaseError(f"{path} is neither an address, nor a folder, nor an archive ({', '.join(ARCHIVES)})")


def _address(origin: str, version: str | None) -> httpx2.URL:
    """The address of an archive, or of a release's folder, with its last slash."""
    try:
        address = httpx2.URL(origin)
    except httpx2.InvalidURL as error:
        raise ReleaseError(f"{origin} is not an address ({error}). Write it as https://host/path/") from None
    if not is_archive(address.path):
        folder = address.copy_with(query=None, fragment=None, path=address.path.rstrip("/") + "/")
        return folder.join(f"{version}/") if version else folder
    if version:
        raise ReleaseError(f"{redacted(address)} is one release already. Leave out the version {version}")
    return address


def _from_address(address: httpx2.URL, folder: Path, progress: Progress) -> tuple[Path, str]:
    shown = redacted(address)
    progress.begin(f"Fetching {shown}")
    if is_archive(address.path):
        asyncio.run(_fetch_archive(address, folder, progress))
        return unpack(folder / "archive", folder / "unpacked", shown), shown
    staged = folder / "fetched"
    asyncio.run(_fetch_release(address, staged, progress))
    versions = {name: version_of((staged / name).read_bytes()) for name in ("adapter.js", "app.js")}
    if None not in versions.values() and len(set(versions.values())) > 1:
        found = " and ".join(f"{name} of {version}" for name, version in versions.items())
        raise ReleaseError(f"{shown} has {found}: a new version is being published right now. Pull again later")
    return staged, shown


async def _fetch_archive(address: httpx2.URL, folder: Path, progress: Progress) -> None:
    async with Fetch(address, folder, progress, MAX_RELEASE_BYTES) as fetch:
        await fetch.files({"archive": address}, {"archive"})


async def _fetch_release(base: httpx2.URL, staged: Path, progress: Progress) -> None:
    """Downloads the files with known names, then those that they name, until there are no new names."""
    requested: set[str] = set()
    names = set(KNOWN)
    required = set(REQUIRED)
    chunks: Mapping[str, str] | None = None
    async with Fetch(base, staged, progress, MAX_FILE_BYTES) as fetch:
        while names:
            await fetch.files({name: base.join(quote(name)) for name in names}, required)
            requested |= names
            if chunks is None:  # there is an app.js since the first round
                chunks = await asyncio.to_thread(chunk_names, _text(staged / "app.js"))
            named = await asyncio.to_thread(_named_in, names, staged, base, chunks)
            required = {name for name in named if named[name] and not (staged / name).exists()}
            names = (named.keys() - requested) | required


def _named_in(names: Collection[str], staged: Path, base: httpx2.URL, chunks: Mapping[str, str]) -> dict[str, bool]:
    """The files that the downloaded ones of `names` refer to, each with whether it is required."""
    named: dict[str, bool] = {}
    for name in names:
        if name.endswith((".js", ".css", ".html")) and (staged / name).exists():
            for other, required in references(name, _text(staged / name), chunks):
                if other not in named:
                    if fault := fault_of_name(other):
                        where = f"{redacted(base)}{name}"
                        raise ReleaseError(f"{where} refers to {printable(other)}, which {fault}. {NO_RELEASE}")
                    if len(named) == MAX_FILES:
                        raise ReleaseError(f"{redacted(base)} names more than {MAX_FILES} files. {NO_RELEASE}")
                named[other] = named.get(other, False) or required
    return named


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
