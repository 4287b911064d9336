"""One release of the widget: an immutable folder, with a manifest that says what every file in it must be.

    releases/
        2.3.1-0f5c3a9d21be/     <version>-<digest of the contents>
            manifest.json       source, time, version; size and sha384 of each file and variant
            files/app.js        the files as the widget's makers built them
            br/app.js           the same, compressed as well as possible; only where that is smaller
            gzip/app.js
        current -> 2.3.1-0f5c3a9d21be

A release is never changed. `install` builds one beside the others, under a name that nobody reads, and gives it its
real name when all of it is on the disk; `use` swaps one symbolic link. So readers find a complete release or none, even
after a power failure. `read_release` trusts nothing: it reads every byte back and compares it with the manifest.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from pydantic import ConfigDict, TypeAdapter, ValidationError

from embeddable_host.contract import ADAPTER, MANUAL_INIT, MANUAL_INIT_OPTIONS_SINCE, MINIFIED_ADAPTER
from embeddable_host.limits import MAX_FOLDERS, MAX_NAME_LENGTH
from embeddable_host.releases.disk import Snapshot, explained, sha384_of, snapshot
from embeddable_host.releases.error import ReleaseError
from embeddable_host.responses.body import IDENTITY, LARGE, Body
from embeddable_host.responses.compression import BEST

MANIFEST = "manifest.json"
PLAIN = "files"

REQUIRED = ("adapter.js", "app.html", "app.js")  # without these there is no widget

# The version of a build: webpack's DefinePlugin leaves it in `process.env`; failing that, the adapter is constructed
# with it. A bare `version:"…"` is most often a library's.
VERSION = (
    re.compile(r'\bAPP_VERSION"?: ?"([0-9A-Za-z][0-9A-Za-z.-]{0,63})"'),
    re.compile(r'\bappUrl: ?[\w$]+, ?version: ?"([0-9A-Za-z][0-9A-Za-z.-]{0,63})"'),
)


@dataclass(frozen=True)
class Variant:
    """A file in a content coding: `size` in bytes, and their `sha384` in hex."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    size: int
    sha384: str


@dataclass(frozen=True)
class File:
    """A file: `size` in bytes, their `sha384` in hex, variants by content coding (RFC 9110 §8.4.1)."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    size: int
    sha384: str
    codings: Mapping[str, Variant]


@dataclass(frozen=True)
class Manifest:
    """The content of `manifest.json`; `files` by POSIX path, `time` in UTC as ISO 8601."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    source: str
    time: str
    version: str
    files: Mapping[str, File]


@dataclass(frozen=True)
class Release:
    """A release that is complete; `files` by POSIX path, such as `app.html` or `assets/rc/logo.svg`.

    `snapshot`: the state of its folder when it was read.
    """

    id: str
    version: str
    source: str
    time: str
    folder: Path
    files: Mapping[str, File]
    snapshot: Snapshot = field(compare=False, repr=False)

    def locate(self, name: str, coding: str | None = None) -> Path:
        """The path of a file or its variant. Raises KeyError for what the release does not have."""
        file = self.files[name]
        if coding is None:
            return self.folder / PLAIN / name
        if coding not in file.codings:
            raise KeyError(f"{name} in {coding}")
        return self.folder / coding / name

    @cached_property
    def bodies(self) -> Mapping[str, tuple[Body, ...]]:
        """Each file as the bodies of a response: its own bytes first, then its variants.

        The smallest, which nearly every browser gets, is kept in memory unless it is large. The others stay in files.
        """
        return {name: tuple(self._bodies(name)) for name in self.files}

    def _bodies(self, name: str) -> Iterator[Body]:
        file = self.files[name]
        parts: dict[str, File | Variant] = {IDENTITY: file, **file.codings}
        smallest = min(LARGE, *(part.size for part in parts.values()))
        for coding, part in parts.items():
            place = self.locate(name, None if coding == IDENTITY else coding)
            yield Body(place.read_bytes() if part.size <= smallest else place, part.size, part.sha384, coding)

    @property
    def minified_adapter(self) -> str:
        """The name of the smallest adapter that has no brand."""
        return MINIFIED_ADAPTER if MINIFIED_ADAPTER in self.files else ADAPTER

    def has_manual_init(self, adapter: str) -> bool:
        """Whether a call can start that adapter with parameters; otherwise they come only from its script's query."""
        numbers = re.match(r"(\d+)\.(\d+)", self.version)
        is_older = numbers is not None and tuple(map(int, numbers.groups())) < MANUAL_INIT_OPTIONS_SINCE
        return MANUAL_INIT in self.read(adapter) and not is_older

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises KeyError for one the release does not have."""
        return self.locate(name).read_bytes()


MANIFESTS = TypeAdapter(Manifest)


def read_release(folder: Path) -> Release:
    """The release in `folder`, every byte of it compared with its manifest.

    Raises ReleaseError, with release, file and remedy, for a file that is missing, damaged or not in the manifest.
    """
    manifest = _read_manifest(folder)
    with explained(folder):
        before = snapshot(folder)  # so that a change while the bytes are read is noticed later
        _verify(folder, manifest.files, before.keys())
    return Release(folder.name, manifest.version, manifest.source, manifest.time, folder, manifest.files, before)


def is_unchanged(release: Release) -> bool:
    """Whether a release's folder is as it was when it was read, so that no bytes need to be read again."""
    try:
        return snapshot(release.folder) == release.snapshot
    except OSError:
        return False


def _read_manifest(folder: Path) -> Manifest:
    try:
        manifest = MANIFESTS.validate_json((folder / MANIFEST).read_bytes(), strict=True)
    except OSError as error:
        raise _damaged(folder, MANIFEST, f"cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _damaged(folder, MANIFEST, f"is not valid ({where or 'as a whole'}: {first['msg']})") from None
    for name in manifest.files:
        if not stays_inside(name):
            raise _damaged(folder, MANIFEST, f"names {name!r}, which leads out of the release")
    for name in REQUIRED:
        if name not in manifest.files:
            raise _damaged(folder, MANIFEST, f"does not name {name}")
    for name, file in manifest.files.items():
        if unknown := file.codings.keys() - BEST.keys():
            raise _damaged(folder, MANIFEST, f"gives {name} an unknown coding, {min(unknown)}")
    if folder.name != id_of(manifest.version, manifest.files):
        raise _damaged(folder, MANIFEST, "is not the one of this release")
    return manifest


def _verify(folder: Path, files: Mapping[str, File], found: Set[str]) -> None:
    expected: dict[str, File | Variant] = {f"{PLAIN}/{name}": file for name, file in files.items()}
    for name, file in files.items():
        expected |= {f"{coding}/{name}": variant for coding, variant in file.codings.items()}
    if unknown := found - expected.keys() - {MANIFEST}:
        raise _damaged(folder, min(unknown), "is not in the manifest")
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing releases the interpreter's lock
        faults = pool.map(lambda path: _fault(folder / path, expected[path]), expected)
        for path, fault in zip(expected, faults, strict=True):
            if fault:
                raise _damaged(folder, path, fault)


def _fault(path: Path, expected: File | Variant) -> str | None:
    """What is wrong with a file; None where nothing is."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return "is not a file"
        if status.st_size != expected.size:
            return f"has {status.st_size} bytes instead of {expected.size}"
        return None if sha384_of(path) == expected.sha384 else "is not what was pulled"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _damaged(folder: Path, name: str, fault: str) -> ReleaseError:
    return ReleaseError(f"Release {folder.name} is damaged: {name} {fault}. Run `embeddable-host pull` again")


def id_of(version: str, files: Mapping[str, File | Variant]) -> str:
    """The id of the release of this version with these contents."""
    lines = "".join(f"{name}\0{files[name].sha384}\n" for name in sorted(files))
    return f"{version}-{hashlib.sha384(lines.encode()).hexdigest()[:12]}"


def version_of(script: bytes) -> str | None:
    """The widget's version, from a built script of it; None where there is none in it."""
    text = script.decode(errors="replace")
    return next((found[1] for pattern in VERSION if (found := pattern.search(text))), None)


def stays_inside(name: str) -> bool:
    """Whether `name` is a plain relative path, which cannot lead out of its folder."""
    parts = PurePosixPath(name).parts
    plain = name.isprintable() and "\\" not in name and not name.startswith("/")
    return plain and bool(parts) and ".." not in parts and "/".join(parts) == name


def fault_of_name(name: str) -> str | None:
    """What is wrong with the name of a file of a release, such as "leads outside the release"; None for a good one."""
    if len(name) > MAX_NAME_LENGTH or name.count("/") > MAX_FOLDERS:
        return f"is longer than {MAX_NAME_LENGTH} characters or in more than {MAX_FOLDERS} folders"
    return None if stays_inside(name) else "leads outside the release"


def belongs(name: str) -> bool:
    """Whether a file of this name is part of a release: source maps and dot files are not."""
    return not name.endswith(".map") and not any(part.startswith(".") for part in PurePosixPath(name).parts)
