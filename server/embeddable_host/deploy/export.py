"""The site as files: what a CDN, a bucket or a plain nginx needs to answer as the server does.

Each address is a file with its bytes, its encodings beside it as `.br` and `.gz`; an address that ends in a slash is
`index.html` there, and the answer to every other address is `404.html`. What files cannot say stands in two more:
`_headers`, which static hosts read (Netlify and Cloudflare, say), and `nginx.conf`, to be included in a server block.

The same site makes the same bytes, and the same times too: nginx makes entity tags of a file's time and size, and rsync
compares by them. So the time of a file stands for its content, and is the same wherever it is exported.

The folder is made beside its place, and then the two change places in one step (renameat2 with RENAME_EXCHANGE), so
that an export that is killed leaves a whole one: the old or the new. Where the system has no such step, the old folder
is renamed aside and the new one into its place; between the two there is none for a moment.
"""

import contextlib
import ctypes
import fcntl
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from embeddable_host.config.settings import Settings
from embeddable_host.deploy.nginx import RULES
from embeddable_host.deploy.template import fill, template
from embeddable_host.error import HostError
from embeddable_host.progress import Progress
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import IDENTITY, Body
from embeddable_host.responses.compression import Cache, compress
from embeddable_host.responses.headers import IMMUTABLE
from embeddable_host.site.site import Site, build_site

log = logging.getLogger("embeddable_host")

SUFFIXES = {IDENTITY: "", "br": ".br", "gzip": ".gz"}
HEADERS_FILE = "_headers"
NGINX_FILE = "nginx.conf"
MARK = "# Written by embeddable-host export, which replaces this whole folder.\n"  # the first line of HEADERS_FILE
RULES_READ = 100  # by Cloudflare, of one HEADERS_FILE

FIRST_TIME = 1_000_000_000  # seconds since 1970: the earliest time of an exported file, in 2001
TIMES = 1 << 29  # seconds after it that a time can be: 17 years, so none lies ahead

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


class ExportError(HostError):
    """The site cannot be exported; the message says why and what to do."""


def export(settings: Settings, folder: Path, prefix: str, progress: Progress) -> None:
    """Writes the whole site, in its best encodings, to `folder`, which is replaced if it is an earlier export.

    `prefix` is the path it will be served below, "/" for a site of its own. Raises ExportError, and what `build_site`
    does.
    """
    pattern, what = RULES["prefix"]
    if not re.fullmatch(pattern, prefix):
        raise ExportError(f'--prefix "{prefix}" is not {what}.')
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder.parent):
        _refuse_foreign(folder)
        site = _finished_site(settings.without_relay(), progress)  # files take no answers
        made = folder.with_name(f".{folder.name}.embeddable-host-export")
        shutil.rmtree(made, ignore_errors=True)  # of an export that was killed
        try:
            _write(_addresses(site, prefix), made, prefix, progress)
            _put(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Waits until no other export is at work in `folder`, and keeps others waiting."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network file systems lock no folders
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    marked = folder / HEADERS_FILE
    if not (marked.is_file() and marked.read_bytes().startswith(MARK.encode())):
        raise ExportError(
            f"{folder} is there already and no export of this command; it is left as it is. "
            "Name another folder, or remove this one."
        )


def _finished_site(settings: Settings, progress: Progress) -> Site:
    site = build_site(settings)
    if site.pending:
        progress.say("Compressing")
        progress.total(len(site.pending))
        for body in site.pending:
            compress(Cache(settings.cache), [body])
            progress.advance()
        site = build_site(settings)
    if site.pending:
        raise ExportError(f"{settings.cache}: compressed files cannot be kept there. Make the folder writable.")
    return site


def _addresses(site: Site, prefix: str) -> dict[str, Asset]:
    """Every asset by the path it will be served at, in an order that is always the same."""
    assets = {**site.assets, "/404.html": site.missing}
    return {prefix + path.removeprefix("/"): assets[path] for path in sorted(assets)}


def _write(addresses: Mapping[str, Asset], folder: Path, prefix: str, progress: Progress) -> None:
    progress.say("Writing")
    progress.total(len(addresses))
    _put_file(folder / HEADERS_FILE, Body.of(_headers_file(addresses).encode()))
    _put_file(folder / NGINX_FILE, Body.of(_nginx_file(addresses, prefix).encode()))
    for path, asset in addresses.items():
        name = f"{path[1:]}{_index(path)}"
        for body in asset.bodies:
            _put_file(folder / (name + SUFFIXES[body.coding]), body)
        progress.advance()


def _index(path: str) -> str:
    return "index.html" if path.endswith("/") else ""


def _put_file(file: Path, body: Body) -> None:
    """Writes a new file through to the disk."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as new:
            new.write(body.read())
            new.flush()
            os.fsync(new.fileno())
    except (FileExistsError, NotADirectoryError):
        raise ExportError(f"Two addresses would be the file {file.name}. Rename the one in public_dir.") from None
    time = FIRST_TIME + int(body.digest[:16], 16) % TIMES
    os.utime(file, (time, time))


def _put(made: Path, folder: Path) -> None:
    """Puts what was `made` in the place of `folder`; what was there is then where it was made."""
    if not folder.exists() or not any(folder.iterdir()):
        made.rename(folder)  # over an empty folder, too, this is one step
    elif not _exchange(made, folder):
        aside = made.with_name(f"{made.name}.old")
        shutil.rmtree(aside, ignore_errors=True)  # of an export that was killed
        folder.rename(aside)
        made.rename(folder)
        aside.rename(made)


def _exchange(one: Path, other: Path) -> bool:
    """Lets two folders change places in one step; False where the system cannot (renameat2(2))."""
    libc = ctypes.CDLL(None)
    return (
        hasattr(libc, "renameat2")
        and libc.renameat2(AT_FDCWD, bytes(one), AT_FDCWD, bytes(other), RENAME_EXCHANGE) == 0
    )


# What files cannot say


def _headers_file(addresses: Mapping[str, Asset]) -> str:
    """A rule for each address, those that matter least last: of too many, a host may read only the first.

    Without its rule a file of a release is only asked for again sooner.
    """
    if len(addresses) > RULES_READ:
        log.warning(
            "%s has %d rules, and Cloudflare reads the first %d. The others are of release files, which browsers then "
            "ask for again sooner. Fewer installed releases make fewer rules.",
            HEADERS_FILE,
            len(addresses),
            RULES_READ,
        )
    ordered = sorted(addresses.items(), key=lambda item: (_is_immutable(item[1]), -item[1].bodies[-1].size, item[0]))
    return MARK + "".join(_rule(path, asset) for path, asset in ordered)


def _rule(path: str, asset: Asset) -> str:
    """Without what a static host knows by itself: length, coding, validators."""
    headers = [("Content-Type", asset.media_type), *asset.headers]
    return f"{quote(path)}\n" + "".join(f"  {name}: {value}\n" for name, value in headers)


def _is_immutable(asset: Asset) -> bool:
    return ("Cache-Control", IMMUTABLE) in asset.headers


def _nginx_file(addresses: Mapping[str, Asset], prefix: str) -> str:
    locations = "\n\n".join(_location(path, asset) for path, asset in addresses.items())
    return fill(template("nginx/export.conf.template"), {"PREFIX": prefix, "LOCATIONS": locations})


def _location(path: str, asset: Asset) -> str:
    missing = asset.status != 200
    codings = {body.coding for body in asset.bodies}
    headers = list(asset.headers)
    if len(codings) > 1:
        headers.append(("Vary", "Accept-Encoding"))
    if "br" in codings:
        headers.append(("Content-Encoding", "$embeddable_coding"))
    headers.append(("Last-Modified", ""))  # a file's time stands for its content: empty takes the header away
    suffix = "$embeddable_suffix" if "br" in codings else ""
    lines = [
        *(["internal;", "etag off;"] if missing else []),
        f'default_type "{asset.media_type}";',
        *(f'add_header {name} "{value}"{" always" if missing else ""};' for name, value in headers),
        "include embeddable-host.d/*.conf;",
        f"try_files ${{uri}}{_index(path)}{suffix} =404;",
    ]
    name = path.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join([f'location = "{name}" {{', *(f"    {line}" for line in lines), "}"])
