"""nginx as an operator has it: an existing configuration that includes the output of `embeddable-host nginx`.

The enclosing blocks have what those of a busy machine have: headers, compression, a charset, error pages, and a log
with queries.
"""

import contextlib
import http.client
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from world.host import Headers, Response, ask, call
from world.internet import NGINX, NGINX_PREFIXED, free_ports, is_listening, nginx
from world.timeouts import TIMEOUT, wait_until

PREFIX = "/phone/"

AROUND = """
daemon off;
user root;  # only matters to root, whose folders nobody else may read
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/logs/main.log;
events {{ worker_connections 2048; }}
http {{
  access_log {folder}/logs/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/x-wrong;
  charset koi8-r;
  charset_types *;
  gzip on;
  gzip_types *;
  gzip_min_length 0;
  expires 1h;
  proxy_buffering off;
  proxy_intercept_errors on;
  error_page 404 /around.html;
  proxy_set_header X-Around 1;
  proxy_request_buffering off;
  proxy_ignore_client_abort on;
  client_body_in_file_only on;
  client_body_buffer_size 8;
  client_max_body_size 8;
  add_header X-Frame-Options DENY always;
  add_header Cross-Origin-Opener-Policy same-origin always;
  {included}
}}
"""

SERVER_AROUND = """server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate {certificates}/certificate.pem;
    ssl_certificate_key {certificates}/key.pem;
    {included}
  }}"""


STALE_SOON = {
    "proxy_cache_valid 200 404 10s;": "proxy_cache_valid 200 404 1s;",
    "proxy_read_timeout 10s;": "proxy_read_timeout 1h;",
}


@dataclass(frozen=True)
class Proxy:
    """A running nginx with a site and, under another name, a location."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    http_port: int

    def ask(self, path: str, headers: Headers | None = None, method: str = "GET", name: str = NGINX) -> Response:
        """One request over TLS on a connection of its own."""
        with contextlib.closing(self.connect()) as connection:
            return ask(connection, path, {"Host": name, **(headers or {})}, method)

    def connect(self) -> http.client.HTTPSConnection:
        return Connection("127.0.0.1", self.port, timeout=TIMEOUT, context=trusting())

    def log(self, name: str = "embeddable.log") -> str:
        """The log; nginx is made to write what it has buffered."""
        self.process.send_signal(signal.SIGUSR1)
        return (self.folder / "logs" / name).read_text()

    def has_logged(self, *parts: str) -> bool:
        """Whether a line of the access log has all of `parts`."""
        return any(all(part in line for part in parts) for line in self.log().splitlines())

    def wait_until_logged(self, *parts: str) -> None:
        wait_until(lambda: self.has_logged(*parts), f"the log has a line with {parts}")

    def files_with(self, text: str) -> list[str]:
        """The files that nginx has written, logs and cache, that contain `text`."""
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        return [str(file.relative_to(self.folder)) for file in files if text.encode() in file.read_bytes()]


class Connection(http.client.HTTPSConnection):
    """A connection to nginx, and the name that is requested on it."""

    name = NGINX


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def rendered(folder: Path, *options: str) -> str:
    """What `embeddable-host nginx` prints, for logs and a cache in `folder`."""
    folders = ("--log-dir", str(folder / "logs"), "--cache-dir", str(folder / "cache"))
    done = call(folder, "nginx", *folders, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def site(
    folder: Path,
    certificates: Path,
    port: int,
    http_port: int,
    upstreams: list[str],
    *options: str,
    name: str = NGINX,
) -> str:
    return rendered(
        folder,
        *("--server-name", name, "--listen", f"127.0.0.1:{port}", "--listen-http", f"127.0.0.1:{http_port}"),
        *("--tls-cert", str(certificates / "certificate.pem"), "--tls-key", str(certificates / "key.pem")),
        *(option for upstream in upstreams for option in ("--upstream", upstream)),
        *options,
    )


def below_a_path(folder: Path, certificates: Path, port: int, upstreams: list[str], name: str = NGINX_PREFIXED) -> str:
    """The location in an existing server block, and what it needs in the http block."""
    options = ["--name", "below", "--server-name", name, "--prefix", PREFIX]
    options += [option for upstream in upstreams for option in ("--upstream", upstream)]
    location = rendered(folder, *options)
    server = SERVER_AROUND.format(port=port, name=name, certificates=certificates, included=location)
    return rendered(folder, *options, "--http") + server


def configuration(folder: Path, included: str) -> Path:
    """Writes the configuration of an nginx in `folder`, which includes the text."""
    for name in ("logs", "cache"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(AROUND.format(folder=folder, included=included))
    return file


def dry_run(folder: Path, included: str) -> subprocess.CompletedProcess[str]:
    """`nginx -t` over the configuration."""
    file = configuration(folder, included)
    command = [nginx(), "-t", "-p", folder, "-e", folder / "logs" / "main.log", "-c", file]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)


@contextlib.contextmanager
def running(folder: Path, included: str, port: int, http_port: int = 0) -> Iterator[Proxy]:
    """nginx with this configuration in `folder`, listening on `port`; it is stopped at the end."""
    file = configuration(folder, included)
    log = folder / "logs" / "main.log"
    process = subprocess.Popen([nginx(), "-p", folder, "-e", log, "-c", file])
    try:
        wait_until(lambda: is_listening(port) or process.poll() is not None, "nginx listens")
        assert process.poll() is None, log.read_text()
        yield Proxy(process, folder, port, http_port)
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def stale_soon(configuration: str) -> str:
    """The configuration with what is kept stale after a second, and no timeout for a server that hangs."""
    for line, changed in STALE_SOON.items():
        assert line in configuration
        configuration = configuration.replace(line, changed)
    return configuration


@contextlib.contextmanager
def fronting(
    folder: Path,
    certificates: Path,
    upstreams: list[str],
    port: int = 0,
    change: Callable[[str], str] = lambda configuration: configuration,
) -> Iterator[Proxy]:
    """The shipped configuration before the hosts at `upstreams`: a site, and a location below a path."""
    folder.mkdir(parents=True, exist_ok=True)
    free, http_port = free_ports(2)
    port = port or free
    included = site(folder, certificates, port, http_port, upstreams)
    included += below_a_path(folder, certificates, port, upstreams)
    with running(folder, change(included), port, http_port) as proxy:
        yield proxy
