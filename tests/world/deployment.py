"""nginx in front of a host, with directives that break something."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from world.authority import Certificate
from world.internet import free_ports, is_listening, nginx
from world.timeouts import wait_until

CONFIGURATION = """
daemon off;
user root;  # only matters to root, whose folders nobody else may read
worker_processes 1;
pid {folder}/nginx.pid;
events {{}}
http {{
  log_format requests "$request_method $host $request_uri";
  access_log {folder}/requests.log requests;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=responses:1m;
  proxy_http_version 1.1;
  default_type text/html;
  server {{
    listen 127.0.0.1:{http};
    {on_http}
  }}
  server {{
    listen 127.0.0.1:{https}{ssl};
    {on_https}
  }}
}}
"""

PASSED_ON = "location / { PASS; }"
TO_HTTPS = "return 301 https://$host$request_uri;"


def changed(directives: str, location: str = "/") -> str:
    """nginx's lines where what `location` passes on is changed by `directives`, and all else passed on as it is."""
    rest = "" if location == "/" else PASSED_ON
    return f"location {location} {{ PASS; {directives} }} {rest}"


def added(header: str) -> str:
    return changed(f"add_header {header} always;")


def dropped(header: str) -> str:
    return changed(f"proxy_hide_header {header};")


def replaced(name: str, value: str, location: str = "/") -> str:
    return changed(f'proxy_hide_header {name}; add_header {name} "{value}" always;', location)


def rewritten(text: str, by: str) -> str:
    compressing = "gzip on; gzip_proxied any; gzip_types *; gzip_min_length 1;"
    return changed(f"proxy_set_header Accept-Encoding ''; {compressing} sub_filter '{text}' '{by}';")


@contextlib.contextmanager
def deployed(
    folder: Path, host: int, certificate: Certificate | None, on_https: str, on_http: str = TO_HTTPS, port: int = 0
) -> Iterator[tuple[int, int]]:
    """nginx before the host at the port `host`, with these lines in its server blocks; its ports for https and http."""
    http, https = free_ports(2)
    https = port or https
    tls = f"ssl_certificate {certificate.certificate}; ssl_certificate_key {certificate.key};" if certificate else ""
    text = CONFIGURATION.format(
        folder=folder,
        http=http,
        https=https,
        ssl=" ssl" if certificate else "",
        on_http=on_http,
        on_https=f"{tls} {on_https}",
    )
    file, log = folder / "nginx.conf", folder / "error.log"
    file.write_text(text.replace("PASS", f"proxy_pass http://127.0.0.1:{host}"))
    process = subprocess.Popen([nginx(), "-p", folder, "-e", log, "-c", file])
    try:
        wait_until(lambda: is_listening(https) or process.poll() is not None, "nginx listens")
        assert process.poll() is None, log.read_text()
        yield https, http
    finally:
        process.terminate()
        process.wait()
