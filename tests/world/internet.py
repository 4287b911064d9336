"""The host names of the test world, and the servers behind them: an nginx, and a small app.

nginx terminates TLS for all names on one port, with a certificate made for the run. It serves the CDN and a plain copy
of the release as files. It passes the team's pages and the platform to the app, which runs in a thread of the test
process, and the names of the hosts under test to the ports where `hosts` starts them.
"""

import contextlib
import datetime
import hashlib
import os
import shutil
import socket
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from world.platform import LOGIN_HOST, Cors, Platform
from world.release import stage
from world.timeouts import wait_until

SAME_SITE = "crm.example.com"  # a team's page, of the same site as the hosts
CROSS_SITE = "crm.acme.org"  # a team's page of another site
HOST = "phone.example.com"  # `embeddable-host serve` with a release
LOADER = "loader.example.com"  # the same without one
PREFIXED = "www.example.com"  # the first one, under /phone/
NGINX = "voice.example.com"  # the shipped nginx configuration, in an nginx that a test starts on `nginx_port`
NGINX_PREFIXED = "intranet.example.com"  # the same, for a location: /phone/
EXPORT = "export.example.com"  # an export that a test serves
OWN = "own.example.com"  # a host that a test starts with settings of its own
COPY = "copy.example.com"  # a plain copy of the release
EVIL = "evil.example"  # an attacker's pages, and servers
CDN = ("apps.ringcentral.com", "ringcentral.github.io")
CDN_FOLDER = "/integration/ringcentral-embeddable/latest/"
PLATFORMS = ("platform.ringcentral.com", "platform.devtest.ringcentral.com")
RINGCENTRAL = (*PLATFORMS, LOGIN_HOST)
NAMES = (
    SAME_SITE,
    CROSS_SITE,
    EVIL,
    HOST,
    LOADER,
    PREFIXED,
    EXPORT,
    OWN,
    NGINX,
    NGINX_PREFIXED,
    COPY,
    *CDN,
    *RINGCENTRAL,
)

KEPT_PORTS: list[socket.socket] = []

CONFIGURATION = """
daemon off;
user root;  # only matters to root, whose folders nobody else may read
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{}}
http {{
  types {{
    text/html html; text/css css; text/javascript js; image/svg+xml svg; font/woff2 woff2; audio/ogg ogg;
  }}
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  ssl_certificate {folder}/certificate.pem;
  ssl_certificate_key {folder}/key.pem;
  proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto https;
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {pages};
    location / {{ proxy_pass http://127.0.0.1:{app_port}; }}
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {cdn};
    location {cdn_folder} {{ alias {folder}/release/; add_header Access-Control-Allow-Origin *; }}
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {copy};
    root {folder}/release;
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {host};
    location / {{ proxy_pass http://127.0.0.1:{host_port}; }}
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {loader};
    location / {{ proxy_pass http://127.0.0.1:{loader_port}; }}
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {prefixed};
    location /phone/ {{ proxy_pass http://127.0.0.1:{host_port}/; }}
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {export};
    location / {{ proxy_pass http://127.0.0.1:{export_port}; }}
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {own};
    location / {{ proxy_pass http://127.0.0.1:{own_port}; }}
  }}
}}
"""


class Internet:
    """Everything except the hosts under test and the browsers. `platform` decides how logins go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.platform = Platform()
        self.port, self.host_port, self.loader_port, self.own_port, self.export_port, self.nginx_port = free_ports(6)
        self.release = stage(folder / "release")
        self.public_key_hash = make_certificate(folder)
        self._pages: dict[tuple[str, str], Response] = {}

    def page(self, name: str, html: str, headers: Mapping[str, str] | None = None) -> str:
        """Publishes a page under one of the team's names; returns its address."""
        path = f"/page-{len(self._pages)}"
        self._pages[name, path] = HTMLResponse(html, headers=headers)
        return f"https://{name}{path}"

    def port_of(self, name: str) -> int:
        """The port that serves `name` over TLS."""
        return self.nginx_port if name in (NGINX, NGINX_PREFIXED) else self.port

    def forget(self) -> None:
        """Resets logins to the plain kind, and deletes what was recorded."""
        self.platform.forget()
        self._pages.clear()

    @contextlib.contextmanager
    def running(self) -> Iterator["Internet"]:
        with running_app(self._app()) as app_port, self._nginx(app_port):
            yield self

    def _app(self) -> Starlette:
        cors = Middleware(Cors, platform=self.platform)
        return Starlette(routes=[*self.platform.routes, Route("/{path:path}", self._show)], middleware=[cors])

    async def _show(self, request: Request) -> Response:
        return self._pages.get((request.headers["host"], request.url.path), Response(status_code=404))

    @contextlib.contextmanager
    def _nginx(self, app_port: int) -> Iterator[None]:
        configuration = self.folder / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=self.folder,
                port=self.port,
                app_port=app_port,
                host_port=self.host_port,
                loader_port=self.loader_port,
                own_port=self.own_port,
                export_port=self.export_port,
                pages=" ".join((SAME_SITE, CROSS_SITE, EVIL, *RINGCENTRAL)),
                cdn=" ".join(CDN),
                cdn_folder=CDN_FOLDER,
                copy=COPY,
                host=HOST,
                loader=LOADER,
                prefixed=PREFIXED,
                export=EXPORT,
                own=OWN,
            )
        )
        log = self.folder / "nginx-error.log"
        process = subprocess.Popen([nginx(), "-p", self.folder, "-e", log, "-c", configuration])
        try:
            wait_until(lambda: is_listening(self.port) or process.poll() is not None, "nginx listens")
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def running_app(app: Starlette) -> Iterator[int]:
    """Serves `app` on loopback from a thread of this process; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def nginx() -> str:
    path = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert path, "the browser tests need nginx: apt install nginx"
    return path


def make_certificate(folder: Path) -> str:
    """Writes `certificate.pem` and `key.pem` for all names; returns the public key's hash for Chromium's option."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "world")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in NAMES]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(hashlib.sha256(public).digest()).decode()


def free_ports(count: int) -> list[int]:
    """Ports for servers that are started later; the system gives them to nobody else while this process runs.

    Each stays bound here. A server can still listen there, because it sets SO_REUSEADDR (socket(7)).
    """
    kept = [socket.socket() for _ in range(count)]
    for one in kept:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", 0))
    KEPT_PORTS.extend(kept)
    return [one.getsockname()[1] for one in kept]


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
