"""The two sides of a comparison in a browser, each over a slow link: the shipped nginx in front of a host with a
release, and the same release as the CDN serves it.

The team's pages and the platform are near: their times are part of neither side.
"""

import contextlib
import gzip
import shutil
from collections.abc import Callable, Iterator
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

ALLOWED = Middleware(CORSMiddleware, allow_origin_regex=".*", allow_credentials=True)  # of the platform
OURS, THEIRS = f"https://{NGINX}/", f"https://{CDN[0]}{CDN_FOLDER}"
TEAM = f"https://{CROSS_SITE}/"
TYPES = (".js", ".css", ".html", ".svg", ".json")  # which a CDN compresses

# Like the CDN, but compressed beforehand, so that its machine is not measured.
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
    # Whatever version a build's adapter names.
    location ~ ^{cdn_root}[^/]+/(?<file>.*)$ {{ alias {folder}/cdn/$file; }}
    # A copy cached for ten minutes is stale at the next sign-in, and to validate it takes as long.
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
      add_header Cache-Control no-store;  # drops the headers of the enclosing blocks: two COOP headers have no effect
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
    """Both sides, running; `folder` has the folders `copy` and `team` for further files."""

    folder: Path
    server: Server
    launch: Callable[[Path], BrowserContext]

    @contextlib.contextmanager
    def browser(self, user: Path) -> Iterator[BrowserContext]:
        """A newly started browser of a user whose profile is the folder `user`."""
        with self.launch(user) as context:
            context.set_default_timeout(60_000)
            yield context

    def team_page(self, name: str, html: str) -> str:
        """Publishes a page on a third site; its address."""
        (self.folder / "team" / name).write_text(html, encoding="utf-8")
        return TEAM + name


@contextlib.contextmanager
def both_sides(
    folder: Path, host: Path, release: Path, platform: list[Route], far_platform: bool = False
) -> Iterator[Sides]:
    """`host`: the folder of a host with the release. `folder`: an empty one. `far_platform`: it has a slow link too."""
    for name in ("copy", "team"):
        (folder / name).mkdir(parents=True)
    compressed(release, folder / "cdn")
    key = make_certificate(folder)
    our_link, their_link, platform_link, port, http_port, near_port = free_ports(6)
    make_best(host)
    with contextlib.ExitStack() as stack:
        platform_port = stack.enter_context(running_app(Starlette(routes=platform, middleware=[ALLOWED])))
        with servers_core():
            server = stack.enter_context(serving(host))
            text = site(folder, folder, port, http_port, [f"127.0.0.1:{server.port}"])
            text += AROUND.format(
                port=near_port,
                cdn=CDN[0],
                cdn_root=CDN_FOLDER.removesuffix("latest/"),
                copy=COPY,
                team=CROSS_SITE,
                platform=PLATFORMS[0],
                platform_port=platform_port,
                certificates=folder,
                folder=folder,
            )
            stack.enter_context(running(folder, text, port, http_port))
        stack.enter_context(linked({our_link: port, their_link: near_port, platform_link: near_port}))
        ports = {NGINX: our_link, CDN[0]: their_link, COPY: their_link, CROSS_SITE: near_port}
        ports[PLATFORMS[0]] = platform_link if far_platform else near_port
        yield Sides(folder, server, stack.enter_context(chromium(ports, key)))


@contextlib.contextmanager
def chromium(ports: dict[str, int], key: str) -> Iterator[Callable[[Path], BrowserContext]]:
    """Starts Chromium as users have it, except for its window. It knows only the names in `ports`."""
    rules = [f"MAP {name}:443 127.0.0.1:{port}" for name, port in ports.items()]
    arguments = [
        f"--host-resolver-rules={','.join([*rules, 'MAP * ~NOTFOUND'])}",
        f"--ignore-certificate-errors-spki-list={key}",
        "--headless=new",
    ]
    common = {"executable_path": command("chromium"), "chromium_sandbox": False}
    with sync_playwright() as playwright:
        with playwright.chromium.launch(**common, args=arguments) as unasked:
            options = common | partitioned(arguments, disabled(unasked))
        yield lambda user: playwright.chromium.launch_persistent_context(user, locale="en-US", **options)


def compressed(release: Path, folder: Path) -> None:
    """The release's files, with gzip encodings at the usual level beside them, as on a CDN."""
    shutil.copytree(release, folder)
    for file in [file for file in folder.rglob("*") if file.suffix in TYPES]:
        compress(file)


def compress(file: Path) -> None:
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 6))
