"""The two sides of a comparison in a browser, each behind a long line: the shipped nginx before a host with a release,
and the same release as the CDN serves it.

The pages of the team and the platform are near: what they take is no part of either side.
"""

import contextlib
import gzip
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from common import make_best, servers_core
from link import linked
from world.browser_modes import command, disabled, partitioned
from world.host import Server, serving
from world.internet import (
    CDN,
    CDN_FOLDER,
    COPY,
    CROSS_SITE,
    NGINX,
    PLATFORMS,
    free_ports,
    make_certificate,
    running_app,
)
from world.proxy import running, site

ALLOWED = Middleware(CORSMiddleware, allow_origin_regex=".*", allow_credentials=True)  # to ask the platform
OURS, THEIRS = f"https://{NGINX}/", f"https://{CDN[0]}{CDN_FOLDER}"
TEAM = f"https://{CROSS_SITE}/"
TYPES = (".js", ".css", ".html", ".svg", ".json")  # that a CDN compresses

# As the CDN answers: compressed beforehand, so that its machine has no part in it.
AROUND = """
  server {{
    listen 127.0.0.1:{port} ssl http2;
    server_name {cdn} {copy};
    ssl_certificate {certificates}/certificate.pem;
    ssl_certificate_key {certificates}/key.pem;
    types {{ text/html html; text/css css; text/javascript js; image/svg+xml svg; font/woff2 woff2; audio/ogg ogg; }}
    charset off;
    gzip off;
    gzip_static on;
    expires off;
    access_log off;
    add_header Cache-Control max-age=600;
    add_header Access-Control-Allow-Origin *;
    location {cdn_folder} {{ alias {folder}/cdn/; }}
    # What was kept ten minutes is old at the next sign-in, and to ask whether it still holds takes as long.
    location / {{ root {folder}/copy; add_header Cache-Control no-store; }}
  }}
  server {{
    listen 127.0.0.1:{port} ssl http2;
    server_name {team} {platform};
    ssl_certificate {certificates}/certificate.pem;
    ssl_certificate_key {certificates}/key.pem;
    types {{ text/html html; }}
    charset off;
    gzip off;
    expires off;
    access_log off;
    location / {{ root {folder}/team; add_header Cache-Control no-store; }}
    location /restapi/ {{
      add_header Cache-Control no-store;  # keeps the headers of the blocks around out: two COOP are none
      proxy_set_header Host $host;
      proxy_request_buffering on;
      client_max_body_size 8k;
      client_body_in_file_only off;
      client_body_buffer_size 8k;
      proxy_buffering on;
      proxy_pass http://127.0.0.1:{platform_port};
    }}
  }}
"""


@dataclass(frozen=True)
class Sides:
    """Both sides, running; `folder` has the folders `copy` and `team`, where files may be put for either."""

    folder: Path
    server: Server
    launch: Callable[[Path], BrowserContext]

    @contextlib.contextmanager
    def browser(self, user: Path) -> Iterator[BrowserContext]:
        """The browser of a user who keeps what it keeps in the folder `user`; it is started anew."""
        with self.launch(user) as context:
            context.set_default_timeout(60_000)
            yield context

    def team_page(self, name: str, html: str) -> str:
        """Puts a page up on another site than either side's; its address."""
        (self.folder / "team" / name).write_text(html, encoding="utf-8")
        return TEAM + name


@contextlib.contextmanager
def both_sides(folder: Path, host: Path, release: Path, platform: list[Route]) -> Iterator[Sides]:
    """`host`: the folder of a host with the release. `folder` is to be filled."""
    for name in ("copy", "team"):
        (folder / name).mkdir(parents=True)
    compressed(release, folder / "cdn")
    key = make_certificate(folder)
    our_link, their_link, port, http_port, near_port = free_ports(5)
    make_best(host)
    with contextlib.ExitStack() as stack:
        platform_port = stack.enter_context(running_app(Starlette(routes=platform, middleware=[ALLOWED])))
        with servers_core():
            server = stack.enter_context(serving(host))
            text = site(folder, folder, port, http_port, [f"127.0.0.1:{server.port}"])
            text += AROUND.format(
                port=near_port,
                cdn=CDN[0],
                cdn_folder=CDN_FOLDER,
                copy=COPY,
                team=CROSS_SITE,
                platform=PLATFORMS[0],
                platform_port=platform_port,
                certificates=folder,
                folder=folder,
            )
            stack.enter_context(running(folder, text, port, http_port))
        stack.enter_context(linked({our_link: port, their_link: near_port}))
        ports = {NGINX: our_link, CDN[0]: their_link, COPY: their_link, CROSS_SITE: near_port, PLATFORMS[0]: near_port}
        yield Sides(folder, server, stack.enter_context(chromium(ports, key)))


@contextlib.contextmanager
def chromium(
    ports: dict[str, int], key: str, without: Sequence[str] = ()
) -> Iterator[Callable[[Path], BrowserContext]]:
    """What starts Chromium as users have it, but for its window and the features `without`. It knows no other names."""
    rules = [f"MAP {name}:443 127.0.0.1:{port}" for name, port in ports.items()]
    arguments = [
        f"--host-resolver-rules={','.join([*rules, 'MAP * ~NOTFOUND'])}",
        f"--ignore-certificate-errors-spki-list={key}",
        "--headless=new",
    ]
    common = {"executable_path": command("chromium"), "chromium_sandbox": False}
    with sync_playwright() as playwright:
        with playwright.chromium.launch(**common, args=arguments) as unasked:
            options = common | partitioned(arguments, disabled(unasked), without)
        yield lambda user: playwright.chromium.launch_persistent_context(user, locale="en-US", **options)


def compressed(release: Path, folder: Path) -> None:
    """The release's files with those beside them that gzip makes at its usual level, as a CDN keeps them."""
    shutil.copytree(release, folder)
    for file in [file for file in folder.rglob("*") if file.suffix in TYPES]:
        compress(file)


def compress(file: Path) -> None:
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 6))
