"""The site as files, behind a plain nginx whose other settings interfere as much as they can.

It compresses, has its own charsets, types and headers, and logs queries.
"""

import contextlib
import http.client
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from world.host import Headers, Response, ask, call
from world.internet import free_ports, is_listening, nginx
from world.timeouts import TIMEOUT, wait_until

PROFILES = """
[redirect]
title = "Signing in to the phone"
text = "A moment."
[params]
clientId = "client"
enableSMSTemplate = true
[profiles.sandbox.params]
clientId = "other"
prefix = "rc-sandbox"
[profiles.alpha.params]
prefix = "rc-alpha"
"""
ODD = ("a b.svg", "quotes\"'.svg", "$uri;{}.svg", "back\\slash.svg", "télé.svg", "50%.svg", "star*.svg", "#.svg")

HOSTILE = """
daemon off;
user root;  # only matters to root, whose folders nobody else may read
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  types {{ application/x-wrong html js css svg json; }}
  default_type application/x-wrong;
  charset koi8-r;
  charset_types *;
  gzip on;
  gzip_types *;
  gzip_min_length 0;
  add_header X-Frame-Options DENY always;
  add_header Cross-Origin-Opener-Policy same-origin always;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    include {root}/nginx.conf;
  }}
}}
"""


@contextlib.contextmanager
def plain_nginx(folder: Path, root: Path, port: int = 0) -> Iterator[int]:
    """nginx over the export in `root`; its port."""
    folder.mkdir(exist_ok=True)
    port = port or free_ports(1)[0]
    (folder / "hostile.conf").write_text(HOSTILE.format(folder=folder, root=root, port=port))
    command = [nginx(), "-p", folder, "-e", folder / "error.log", "-c", folder / "hostile.conf"]
    process = subprocess.Popen(command)
    try:
        wait_until(lambda: is_listening(port) or process.poll() is not None, "nginx listens")
        assert process.poll() is None, (folder / "error.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()


def get(port: int, path: str, headers: Headers | None = None, method: str = "GET") -> Response:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
        return ask(connection, path, headers, method)


def exported(host: Path, name: str = "out", *options: str) -> Path:
    """Exports the host in the folder `host` to `name` in it."""
    done = call(host, "export", name, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{name}\n"
    return host / name


def rules(out: Path) -> dict[str, list[tuple[str, str]]]:
    """The rules in `_headers` by path, parsed like Netlify and Cloudflare do."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in (out / "_headers").read_text(encoding="ascii").splitlines():
        if line.startswith("/"):
            assert line not in found
            found[path := unquote(line)] = []
        elif not line.startswith("#"):
            name, colon, value = line.strip().partition(": ")
            assert (line[:2], colon) == ("  ", ": "), line
            found[path].append((name, value))
    return found
