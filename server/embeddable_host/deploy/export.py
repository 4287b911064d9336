"""The site as files, from which a CDN, a bucket or a plain nginx sends the same responses as the server.

Each address is a file, with its encodings beside it as `.br` and `.gz`; an address that ends in a slash is `index.html`
in that folder, and every other address gets `404.html`. The headers are in two more files: `_headers`, which static
hosts such as Netlify and Cloudflare read, and `nginx.conf`, to be included in a server block.

The same site always makes the same files, with the same times: nginx makes entity tags from a file's time and size, and
rsync compares them. So the time of a file is derived from its content, and is the same on every machine.

The new folder is made beside the old one, and then the two are exchanged in one step (renameat2 with RENAME_EXCHANGE),
so that an export that is killed leaves a complete folder, old or new. Where the system cannot do that, the old folder
is renamed first and then the new one; for a moment between the two there is no folder.
"""

import contextlib
import ctypes
import logging
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from embeddable_host.config.settings import Settings
from embeddable_host.deploy.nginx import RULES
from embeddable_host.deploy.template import fill, template
from embeddable_host.error import HostError
from embeddable_host.files import locked, write_through
from embeddable_host.progress import Progress
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import IDENTITY, Body
from embeddable_host.responses.cache import Cache
from embeddable_host.responses.compression import BEST
from embeddable_host.responses.compressor import Compressor
from embeddable_host.responses.headers import IMMUTABLE
from embeddable_host.site.site import Site, build_site

log = logging.getLogger("embeddable_host")

SUFFIXES = {IDENTITY: "", "br": ".br", "gzip": ".gz"}
HEADERS_FILE = "_headers"
NGINX_FILE = "nginx.conf"
MARK = "# Written by embeddable-host export, which replaces this whole folder.\n"  # the first line of HEADERS_FILE
MAX_RULES = 100  # that Cloudflare reads of one HEADERS_FILE

FIRST_TIME = 1_000_000_000  # seconds since 1970: the earliest time of an exported file, in 2001
TIMES = 1 << 29  # seconds after it: 17 years, so that no time is in the future

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


class ExportError(HostError):
    """The site cannot be exported; the message says why and what to do."""


def export(settings: Settings, folder: Path, prefix: str, progress: Progress) -> None:
    """Writes the site, in its best encodings, to `folder`, which is replaced if it is an earlier export.

    `prefix` is the path it will be served below, "/" for a site of its own. Raises ExportError, and what `build_site`
    raises.
    """
    pattern, what = RULES["prefix"]
    if not re.fullmatch(pattern, prefix):
        raise ExportError(f'--prefix "{prefix}" is not {what}.')
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # some network file systems have no locks for folders
            stack.enter_context(locked(folder.parent))
        _refuse_foreign(folder)
        site = _finished_site(settings.without_relay(), progress)  # files cannot store messages
        made = folder.with_name(f".{folder.name}.embeddable-host-export")
        shutil.rmtree(made, ignore_errors=True)  # left by an export that was killed
        try:
            _write(_addresses(site, prefix), made, prefix, progress)
            _publish(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    marked = folder / HEADERS_FILE
    if not (marked.is_file() and marked.read_bytes().startswith(MARK.encode())):
        raise ExportError(
            f"{folder} exists already and is not an export of this command; it was left unchanged. "
            "Name another folder, or remove this one."
        )


def _finished_site(settings: Settings, progress: Progress) -> Site:
    site = build_site(settings)
    if site.pending:
        progress.begin("Compressing")
        progress.total(len(site.pending) * len(BEST))
        cache = Cache(settings.cache)
        try:
            with Compressor(threads=os.cpu_count() or 1, lock=cache.lock) as compressor:
                cache.fill(site.pending, compressor, progress)
        except OSError as error:
            raise _unwritable(settings.cache, f": {error}") from None
        site = build_site(settings)
    if site.pending:
        raise _unwritable(settings.cache)
    return site


def _unwritable(cache: Path, reason: str = "") -> ExportError:
    return ExportError(f"Compressed files cannot be kept in {cache}{reason}. Make the folder writable.")


def _addresses(site: Site, prefix: str) -> dict[str, Asset]:
    """Every asset by the path it will be served at, always in the same order."""
    assets = {**site.assets, "/404.html": site.missing}
    return {prefix + path.removeprefix("/"): assets[path] for path in sorted(assets)}


def _write(addresses: Mapping[str, Asset], folder: Path, prefix: str, progress: Progress) -> None:
    progress.begin("Writing")
    progress.total(len(addresses))
    _write_body(folder / HEADERS_FILE, Body.of(_headers_file(addresses).encode()))
    _write_body(folder / NGINX_FILE, Body.of(_nginx_file(addresses, prefix).encode()))
    for path, asset in addresses.items():
        name = f"{path[1:]}{_index(path)}"
        for body in asset.bodies:
            _write_body(folder / (name + SUFFIXES[body.coding]), body)
        progress.advance()


def _index(path: str) -> str:
    return "index.html" if path.endswith("/") else ""


def _write_body(file: Path, body: Body) -> None:
    """Writes a new file, with the time that stands for its content."""
    try:
        write_through(file, body.read())
    except (FileExistsError, NotADirectoryError):
        raise ExportError(f"Two addresses would become the file {file.name}. Rename the one in public_dir.") from None
    time = FIRST_TIME + int(body.digest[:16], 16) % TIMES
    os.utime(file, (time, time))


def _publish(made: Path, folder: Path) -> None:
    """Exchanges `made` and `folder`, which may be missing or empty."""
    if not folder.exists() or not any(folder.iterdir()):
        made.rename(folder)  # in one step, over an empty folder as well
    elif not _exchange(made, folder):
        aside = made.with_name(f"{made.name}.old")
        shutil.rmtree(aside, ignore_errors=True)  # left by an export that was killed
        folder.rename(aside)
        made.rename(folder)
        aside.rename(made)


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two folders in one step; False where the system cannot (renameat2(2))."""
    libc = ctypes.CDLL(None)
    return (
        hasattr(libc, "renameat2")
        and libc.renameat2(AT_FDCWD, bytes(one), AT_FDCWD, bytes(other), RENAME_EXCHANGE) == 0
    )


# The headers


def _headers_file(addresses: Mapping[str, Asset]) -> str:
    """A rule for each address, the least important last: a static host may read only the first ones.

    A release's file without its rule is merely requested again sooner.
    """
    if len(addresses) > MAX_RULES:
        log.warning(
            "%s has %d rules, but Cloudflare reads only the first %d. The others are for release files, which browsers "
            "then request again sooner. Remove old releases to get fewer rules.",
            HEADERS_FILE,
            len(addresses),
            MAX_RULES,
        )
    ordered = sorted(addresses.items(), key=lambda item: (_is_immutable(item[1]), -item[1].bodies[-1].size, item[0]))
    return MARK + "".join(_rule(path, asset) for path, asset in ordered)


def _rule(path: str, asset: Asset) -> str:
    """Without the headers that a static host adds itself: length, coding, validators."""
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
    headers.append(
        ("Last-Modified", "")
    )  # no time is sent, because it stands for the content: an empty value removes it
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
