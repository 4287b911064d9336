"""Requests per second through the shipped nginx, compared with the same nginx and a plain file."""

import contextlib
import functools
import os
import re
import subprocess
from pathlib import Path

from common import CORES, Row, in_turns, make_best, on_core, servers_core, show
from world.host import Server, configured, serving
from world.internet import NGINX, free_ports, make_certificate
from world.proxy import running, site

ROUNDS = 5
SECONDS = 2  # of each turn
CONNECTIONS = 32
ADDRESSES = ("redirect.html", "adapter.js")
PLAIN_FILES = """
  log_format plain '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent"';
  server {{
    listen 127.0.0.1:{port} ssl http2;
    server_name {name};
    ssl_certificate {certificates}/certificate.pem;
    ssl_certificate_key {certificates}/key.pem;
    gzip off;
    sendfile on;
    tcp_nopush on;
    access_log {folder}/logs/plain.log plain buffer=32k flush=5s;
    root {files};
  }}
"""


def requests_per_second(url: str) -> float:
    """One turn of wrk. Raises RuntimeError where a request failed."""
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{SECONDS}s"]
    done = subprocess.run([*command, "--header", "Accept-Encoding: br", url], capture_output=True, text=True)
    found = re.search(r"Requests/sec: +([\d.]+)", done.stdout)
    if not found or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"{url}:\n{done.stdout}{done.stderr}")
    return float(found[1])


def files_of(server: Server, folder: Path) -> None:
    """The responses in their smallest encoding as files in `folder`."""
    folder.mkdir(parents=True)
    for address in ADDRESSES:
        (folder / address).write_bytes(server.ask(f"/{address}", {"Accept-Encoding": "br"}).body)


def measure(folder: Path, host: Path, release: Path) -> list[Row]:
    make_best(configured(host, '[params]\nclientId = "bench"\n'))
    files = folder / "files"
    rows = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(host))
        files_of(server, files)
        make_certificate(folder)
        port, http_port, plain_port = free_ports(3)
        text = site(folder, folder, port, http_port, [f"127.0.0.1:{server.port}"])
        text += PLAIN_FILES.format(port=plain_port, name=NGINX, certificates=folder, folder=folder, files=files)
        on_core(0, server.process.pid)
        with servers_core():
            stack.enter_context(running(folder, text, port, http_port))
        on_core(1)
        for address in ADDRESSES:
            ours, theirs = (f"https://127.0.0.1:{each}/{address}" for each in (port, plain_port))
            measured = in_turns(
                ROUNDS, functools.partial(requests_per_second, ours), functools.partial(requests_per_second, theirs)
            )
            against = "nginx with a plain file"
            rows.append(show(Row(f"{address}, nginx", "requests/s", measured[0], "≥ 0.80", against, measured[1])))
        url = f"http://127.0.0.1:{server.port}/{ADDRESSES[0]}"
        ours = [requests_per_second(url) for _ in range(ROUNDS)]
        rows.append(show(Row(f"{ADDRESSES[0]}, without nginx", "requests/s", ours)))
        os.sched_setaffinity(0, CORES)
    return rows
