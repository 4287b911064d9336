"""Installing: the files of a build become a release, compressed as well as possible. It is complete or not there."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from embeddable_host.files import sync_folder, write_through
from embeddable_host.limits import MAX_FILE_BYTES, MAX_FILES, MAX_RELEASE_BYTES
from embeddable_host.progress import Progress
from embeddable_host.releases.disk import (
    STAGING,
    discard,
    explained,
    scratch,
    snapshot,
    staging_name,
    walk,
    writing,
)
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.release import (
    MANIFEST,
    MANIFESTS,
    PLAIN,
    REQUIRED,
    File,
    Manifest,
    Release,
    Variant,
    belongs,
    fault_of_name,
    id_of,
    version_of,
)
from embeddable_host.releases.store import open_release
from embeddable_host.responses.compression import BEST
from embeddable_host.responses.compressor import CompressionError, Compressor, Job
from embeddable_host.text import printable

TEXT = frozenset({".html", ".css", ".js", ".json", ".svg", ".txt", ".xml", ".ttf", ".eot", ".ico"})  # worth compressing
UNKNOWN = "unknown"
BUILT = "Give the folder that the widget was built into"


@contextmanager
def staging(releases: Path) -> Iterator[Path]:
    """A folder for the files of a new release, for one process at a time; removed at the end.

    What a killed process left is removed as well. Raises ReleaseError while another process is inside, and for
    whatever the disk refuses meanwhile.
    """
    with explained(releases):
        releases.mkdir(parents=True, exist_ok=True)
        with writing(releases):
            for leftover in releases.glob(f"{STAGING}*"):
                discard(leftover)
            with scratch(releases) as folder:
                yield folder


def install(staged: Path, releases: Path, source: str, progress: Progress) -> Release:
    """Makes a release of the files in `staged`, which are only read. The same files make the same release.

    `source`, for the manifest, is where they came from. Raises ReleaseError where a required file is missing, or a
    name or link leads out of `staged`.
    """
    names = _gather(staged)
    releases.mkdir(parents=True, exist_ok=True)
    with scratch(releases) as folder:
        progress.begin("Copying")
        progress.total(len(names))
        plain = {}
        for name in names:
            plain[name] = _write(folder / PLAIN / name, (staged / name).read_bytes())
            progress.advance()
        version = version_of((folder / PLAIN / "adapter.js").read_bytes()) or UNKNOWN
        id = id_of(version, plain)
        with suppress(ReleaseError):
            return open_release(releases, id)
        files = _compress(folder, plain, progress)
        time = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(source, time, version, files)
        write_through(folder / MANIFEST, MANIFESTS.dump_json(manifest, indent=1))
        for inner, _, _ in os.walk(folder):
            sync_folder(Path(inner))
        _publish(folder, releases / id)
    return Release(id, version, source, time, releases / id, files, snapshot(releases / id))


def _gather(staged: Path) -> list[str]:
    """The names of the files in `staged` that belong to a release, each inspected."""
    names = sorted(name for name in walk(staged) if belongs(name))
    for name in REQUIRED:
        if name not in names:
            raise ReleaseError(f"There is no {name} in {staged}. {BUILT}")
    if len(names) > MAX_FILES or sum(_inspect(staged, name) for name in names) > MAX_RELEASE_BYTES:
        raise ReleaseError(f"{staged} has more than {MAX_FILES} files or {MAX_RELEASE_BYTES} bytes. {BUILT}")
    return names


def _inspect(staged: Path, name: str) -> int:
    """The size of a staged file; a symbolic link may stand for one, as long as it stays in the folder."""
    path = staged / name
    if fault := fault_of_name(name):
        raise ReleaseError(f"{printable(str(path))} has a name that no address can have: it {fault}. Rename it")
    if not path.resolve().is_relative_to(staged.resolve()):
        raise ReleaseError(f"{path} is a link that leads out of {staged}. Put the file itself there")
    if not path.is_file():
        raise ReleaseError(f"{path} is not a file. Remove it, or put the file itself there")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ReleaseError(f"{path} has more than {MAX_FILE_BYTES} bytes. {BUILT}")
    return size


def _compress(folder: Path, plain: Mapping[str, Variant], progress: Progress) -> dict[str, File]:
    """Each file with its variants that are smaller than itself.

    The largest file comes first, so that at the end no core waits for another.
    """
    texts = [name for name in plain if PurePosixPath(name).suffix in TEXT]
    texts.sort(key=lambda name: -plain[name].size)
    progress.begin("Compressing")
    progress.total(sum(plain[name].size for name in texts) * len(BEST))
    variants: dict[str, dict[str, Variant]] = {name: {} for name in plain}
    jobs = {Job(folder / PLAIN / name, coding, folder / coding / name): name for coding in BEST for name in texts}
    try:
        with Compressor(threads=os.cpu_count() or 1) as compressor:
            for job, size, sha384 in compressor.results(list(jobs)):
                name = jobs[job]
                if size < plain[name].size:
                    variants[name][job.coding] = Variant(size, sha384)
                else:
                    job.target.unlink()
                progress.advance(plain[name].size)
    except CompressionError as error:
        raise ReleaseError(f"{error} Pull again") from None
    return {name: File(file.size, file.sha384, variants[name]) for name, file in plain.items()}


def _write(path: Path, data: bytes) -> Variant:
    write_through(path, data)
    return Variant(len(data), hashlib.sha384(data).hexdigest())


def _publish(folder: Path, place: Path) -> None:
    """Gives a finished folder its name. A folder that has it already is damaged, or it would have been used."""
    displaced = place.parent / staging_name()
    with suppress(FileNotFoundError):
        place.rename(displaced)
    folder.rename(place)
    sync_folder(place.parent)
    discard(displaced)
