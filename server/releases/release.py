"""One release of the widget: an immutable folder, with a manifest that says what every file in it must be.

    releases/
        2.3.1-0f5c3a9d21be/     <version>-<digest of the contents>
            manifest.json       source, time, version; of each file the size and sha384, of its variants too
            files/app.js        the files as the widget's makers built them
            br/app.js           the same, compressed as far as it goes; only where that is smaller
            gzip/app.js
        current -> 2.3.1-0f5c3a9d21be

A release is never changed. `install` builds one beside the others, under a name that nobody reads, and gives
it its real name when all of it is on the disk; `use` swaps one symbolic link. So whoever looks sees a whole
release or none, whenever the power goes. `open_release` believes nothing: it reads every byte back and
compares it with the manifest.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from pydantic import ConfigDict, TypeAdapter, ValidationError

from server.answer.coding import BEST
from server.config.settings import CDN, CURRENT, RELEASE_ID

RESERVED = frozenset({CURRENT, CDN})  # what `widget.release` means otherwise

MANIFEST = "manifest.json"
PLAIN = "files"
STAGING = ".staging-"
LOCK = ".lock"

REQUIRED = ("adapter.js", "app.html", "app.js")  # without these there is no widget
BRANDS = ("att", "avaya", "bt", "rainbow", "telus", "atos")  # each has an adapter of its own, adapter.BRAND.js
MAX_FILES = 10_000
MAX_BYTES = 512 * 1024 * 1024

TEXT = frozenset({".html", ".css", ".js", ".json", ".svg", ".txt", ".xml", ".ttf", ".eot", ".ico"})  # worth compressing

# The version a build carries: webpack's DefinePlugin leaves it in `process.env`; failing that, it is what the
# adapter is constructed with. A bare `version:"…"` is most often a library's.
VERSION = (
    re.compile(r'\bAPP_VERSION"?: ?"([0-9A-Za-z][0-9A-Za-z.-]*)"'),
    re.compile(r'\bappUrl: ?[\w$]+, ?version: ?"([0-9A-Za-z][0-9A-Za-z.-]*)"'),
)
UNKNOWN = "unknown"

GET_ONE = "Run `embeddable-host pull` to get one"
BUILT = "Give the folder that the widget was built into"


class ReleaseError(Exception):
    """A release cannot be had or opened; the message says what is wrong and what to do."""


class Progress(Protocol):
    """Hears how far a long work is."""

    def say(self, stage: str) -> None:
        """A new stage begins, such as "Compressing"."""

    def total(self, steps: int) -> None:
        """The stage has so many steps in all; told again when more turn up."""

    def advance(self, steps: int = 1) -> None:
        """So many more of them are done."""


@dataclass(frozen=True)
class Variant:
    """A file's bytes under a content coding: how many (`size`), and their `sha384` in hex."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    size: int
    sha384: str


@dataclass(frozen=True)
class File:
    """A file: `size` in bytes, `sha384` of them in hex, variants by content coding (RFC 9110 §8.4.1)."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    size: int
    sha384: str
    codings: Mapping[str, Variant]


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` holds; `files` by POSIX path, `time` in UTC as ISO 8601."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    source: str
    time: str
    version: str
    files: Mapping[str, File]


@dataclass(frozen=True)
class Release:
    """A release found whole; `files` by POSIX path, such as `app.html` or `assets/rc/logo.svg`."""

    id: str
    version: str
    source: str
    time: str
    folder: Path
    files: Mapping[str, File]

    def locate(self, name: str, coding: str | None = None) -> Path:
        """Where the bytes of a file or its variant lie. Raises KeyError for what the release has not got."""
        file = self.files[name]
        if coding is None:
            return self.folder / PLAIN / name
        if coding not in file.codings:
            raise KeyError(f"{name} in {coding}")
        return self.folder / coding / name

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises KeyError for one the release does not have."""
        return self.locate(name).read_bytes()


_manifest = TypeAdapter(Manifest)


# Names


def stays_inside(name: str) -> bool:
    """Whether `name` is a plain relative path, which cannot lead out of the folder it is put in."""
    parts = PurePosixPath(name).parts
    plain = name.isprintable() and "\\" not in name and not name.startswith("/")
    return plain and bool(parts) and ".." not in parts and "/".join(parts) == name


def belongs(name: str) -> bool:
    """Whether a file of this name is part of a release: source maps and dot files are not."""
    return not name.endswith(".map") and not any(part.startswith(".") for part in PurePosixPath(name).parts)


def _valid(id: str) -> str:
    if not RELEASE_ID.fullmatch(id) or id in RESERVED:
        raise ReleaseError(f'"{id}" is not the id of a release. `embeddable-host releases` lists them')
    return id


# The releases there are


def installed(releases: Path) -> list[str]:
    """The ids of all releases, oldest first; none where the folder does not exist."""
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
    """Makes a release the current one, at once. Raises ReleaseError where it is not there, or damaged."""
    open_release(releases, _valid(id))
    with _disk(releases):
        link = releases / _staging_name()
        link.symlink_to(id)
        link.replace(releases / CURRENT)
        _sync(releases)


def remove(releases: Path, id: str) -> None:
    """Removes a release. Raises ReleaseError if it is not there, is the current one, or a pull runs."""
    if _valid(id) not in installed(releases):
        raise ReleaseError(f"There is no release {id} in {releases}. `embeddable-host releases` lists them")
    with _disk(releases), _alone(releases):
        if id == current(releases):
            raise ReleaseError(f"{id} is the current release. Choose another first: `embeddable-host releases use ID`")
        doomed = releases / _staging_name()  # so that a removal cut short leaves no half release
        (releases / id).rename(doomed)
        shutil.rmtree(doomed)


def open_release(releases: Path, id: str = CURRENT) -> Release:
    """The release of that id, every byte of it compared with its manifest.

    Raises ReleaseError, naming release, file and remedy, for a file missing, damaged, or not known to it.
    """
    chosen = current(releases) if id == CURRENT else _valid(id)
    if chosen is None:
        raise ReleaseError(f"There is no current release in {releases}. {GET_ONE}")
    folder = releases / chosen
    if not folder.is_dir():
        raise ReleaseError(f"There is no release {chosen} in {releases}. {GET_ONE}")
    manifest = _read_manifest(folder)
    with _disk(releases):
        _verify(folder, manifest.files)
    return Release(chosen, manifest.version, manifest.source, manifest.time, folder, manifest.files)


def _read_manifest(folder: Path) -> Manifest:
    try:
        manifest = _manifest.validate_json((folder / MANIFEST).read_bytes(), strict=True)
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
            raise _damaged(folder, MANIFEST, f"gives {name} a coding that nobody knows, {min(unknown)}")
    if folder.name != _id(manifest.version, manifest.files):
        raise _damaged(folder, MANIFEST, "is not the one of this release")
    return manifest


def _verify(folder: Path, files: Mapping[str, File]) -> None:
    expected: dict[str, File | Variant] = {f"{PLAIN}/{name}": file for name, file in files.items()}
    for name, file in files.items():
        expected |= {f"{coding}/{name}": variant for coding, variant in file.codings.items()}
    if unknown := _walk(folder) - expected.keys() - {MANIFEST}:
        raise _damaged(folder, min(unknown), "is not in the manifest")
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing lets go of the interpreter's lock
        faults = pool.map(lambda path: _fault(folder / path, expected[path]), expected)
        for path, fault in zip(expected, faults, strict=True):
            if fault:
                raise _damaged(folder, path, fault)


def _fault(path: Path, expected: File | Variant) -> str | None:
    """What is wrong with a file, None where it is as it should be."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return "is not a file"
        if status.st_size != expected.size:
            return f"has {status.st_size} bytes instead of {expected.size}"
        return None if _sha384(path) == expected.sha384 else "is not what was pulled"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _damaged(folder: Path, name: str, fault: str) -> ReleaseError:
    return ReleaseError(f"Release {folder.name} is damaged: {name} {fault}. Run `embeddable-host pull` again")


# A new release


@contextmanager
def staging(releases: Path) -> Iterator[Path]:
    """A folder to gather a new release in, for one process at a time; gone at the end.

    What a killed process left is swept away. Raises ReleaseError while another process is inside, and for
    whatever the disk refuses meanwhile.
    """
    with _disk(releases):
        releases.mkdir(parents=True, exist_ok=True)
        with _alone(releases):
            for leftover in releases.glob(f"{STAGING}*"):
                _discard(leftover)
            with _scratch(releases) as folder:
                yield folder


def install(staged: Path, releases: Path, source: str, progress: Progress) -> Release:
    """Makes a release of the files in `staged`, which are only read. The same files make the same release.

    `source` is where they came from, for the manifest. Raises ReleaseError where a required file is missing,
    or one leads out of `staged`.
    """
    names = _gather(staged)
    releases.mkdir(parents=True, exist_ok=True)
    with _scratch(releases) as folder:
        progress.say("Copying")
        progress.total(len(names))
        plain = {}
        for name in names:
            plain[name] = _write(folder / PLAIN / name, (staged / name).read_bytes())
            progress.advance()
        version = version_of((folder / PLAIN / "adapter.js").read_bytes()) or UNKNOWN
        id = _id(version, plain)
        with suppress(ReleaseError):
            return open_release(releases, id)
        files = _compress(folder, plain, progress)
        time = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(source, time, version, files)
        _write(folder / MANIFEST, _manifest.dump_json(manifest, indent=1))
        for inner, _, _ in os.walk(folder):
            _sync(Path(inner))
        _put(folder, releases / id)
    return Release(id, version, source, time, releases / id, files)


def version_of(script: bytes) -> str | None:
    """The widget's version, as a built script of it says; None where it does not."""
    text = script.decode(errors="replace")
    return next((found[1] for pattern in VERSION if (found := pattern.search(text))), None)


def _gather(staged: Path) -> list[str]:
    """The names of the files in `staged` that belong to a release, each looked at."""
    names = sorted(name for name in _walk(staged) if belongs(name))
    for name in REQUIRED:
        if name not in names:
            raise ReleaseError(f"There is no {name} in {staged}. {BUILT}")
    if len(names) > MAX_FILES or sum(_inspect(staged, name) for name in names) > MAX_BYTES:
        raise ReleaseError(f"{staged} has more than {MAX_FILES} files or {MAX_BYTES} bytes. {BUILT}")
    return names


def _inspect(staged: Path, name: str) -> int:
    """The size of a staged file; a symbolic link may stand for one, as long as it stays in the folder."""
    path = staged / name
    if not stays_inside(name):
        raise ReleaseError(f"{path} has a name that no address can have. Rename it")
    if not path.resolve().is_relative_to(staged.resolve()):
        raise ReleaseError(f"{path} is a link that leads out of {staged}. Put the file itself there")
    if not path.is_file():
        raise ReleaseError(f"{path} is not a file. Remove it, or put the file itself there")
    return path.stat().st_size


def _compress(folder: Path, plain: Mapping[str, Variant], progress: Progress) -> dict[str, File]:
    """Writes the variants beside the plain files, on all cores: compressors release the interpreter's lock.

    The longest work comes first, so that at the end no core waits for another.
    """
    texts = [name for name in plain if PurePosixPath(name).suffix in TEXT]
    texts.sort(key=lambda name: -plain[name].size)
    progress.say("Compressing")
    progress.total(sum(plain[name].size for name in texts) * len(BEST))
    variants: dict[str, dict[str, Variant]] = {name: {} for name in plain}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [(name, coding) for coding in BEST for name in texts]
        jobs = {pool.submit(_variant, folder, name, coding): (name, coding) for name, coding in work}
        try:
            for job in as_completed(jobs):
                name, coding = jobs[job]
                if variant := job.result():
                    variants[name][coding] = variant
                progress.advance(plain[name].size)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {name: File(file.size, file.sha384, variants[name]) for name, file in plain.items()}


def _variant(folder: Path, name: str, coding: str) -> Variant | None:
    data = (folder / PLAIN / name).read_bytes()
    coded = BEST[coding](data)
    return _write(folder / coding / name, coded) if len(coded) < len(data) else None


def _put(folder: Path, place: Path) -> None:
    """Gives a finished folder its name. What has that name is damaged, or it would have been used as is."""
    displaced = place.parent / _staging_name()
    with suppress(FileNotFoundError):
        place.rename(displaced)
    folder.rename(place)
    _sync(place.parent)
    _discard(displaced)


def _id(version: str, files: Mapping[str, File | Variant]) -> str:
    lines = "".join(f"{name}\0{files[name].sha384}\n" for name in sorted(files))
    return f"{version}-{hashlib.sha384(lines.encode()).hexdigest()[:12]}"


# The disk


@contextmanager
def _disk(releases: Path) -> Iterator[None]:
    """Tells what the disk refuses as a ReleaseError."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename or releases}: {error.strerror or error}"
        raise ReleaseError(f"{where}. Look for room and rights there; what was served is untouched") from error


@contextmanager
def _alone(releases: Path) -> Iterator[None]:
    """Keeps other processes from changing the releases meanwhile; the lock ends with its process."""
    with (releases / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReleaseError(f"Another pull is at work in {releases}. Wait until it has finished") from None
        yield


@contextmanager
def _scratch(releases: Path) -> Iterator[Path]:
    folder = releases / _staging_name()
    folder.mkdir()
    try:
        yield folder
    finally:
        _discard(folder)


def _staging_name() -> str:
    return STAGING + secrets.token_hex(6)


def _discard(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _walk(folder: Path) -> set[str]:
    """The POSIX paths of everything below `folder` that is not a folder; links are not followed."""
    names: set[str] = set()
    for inner, folders, files in os.walk(folder, onerror=_raise):
        links = (name for name in folders if Path(inner, name).is_symlink())
        names.update(Path(inner, name).relative_to(folder).as_posix() for name in (*files, *links))
    return names


def _raise(error: OSError) -> None:
    raise error


def _sha384(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha384").hexdigest()


def _write(path: Path, data: bytes) -> Variant:
    """Writes a file through to the disk, and says what it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return Variant(len(data), hashlib.sha384(data).hexdigest())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
