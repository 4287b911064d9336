"""How fast the host answers, beside the least that could answer with the same bytes.

Both sides of a comparison take turns in one run, since a machine's speed changes by the minute; what counts is the
ratio.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from common import CORES, Row, in_turns, make_best, on_core, servers_core, show
from world.host import ENVIRONMENT, Server, configured, serving
from world.internet import NGINX, free_ports, is_listening, make_certificate, wait_until
from world.proxy import running, site
from world.relay import altered

ROUNDS = 5
SECONDS = 2  # of each turn
CONNECTIONS = 32
ADDRESSES = ("redirect.html", "adapter.js")
BARE = Path(__file__).parent / "bare.py"
TIMEOUT = 120
RIVALS = {
    "bytes": ("bare ASGI callable", "≥ 0.90"),
    "static": ("Starlette StaticFiles", "≥ 8"),
    "servestatic": ("ServeStatic", ""),
}
# What a request costs of what the host does besides: a host that does without it.
WITHOUT = {
    "the same without an access log": (
        "import functools",
        "from uvicorn.config import Config",
        "Config.__init__ = functools.partialmethod(Config.__init__, access_log=False)",
    ),
    "the same without a bound to a request's head": (
        "from embeddable_host.serving import serve",
        "serve.BoundedProtocol = 'httptools'",
    ),
}

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


def compare(what: str, ours: str, against: str, theirs: str, reach: str = "") -> Row:
    """Lets the addresses `ours` and `theirs` take turns."""
    turns = in_turns(ROUNDS, lambda: requests_per_second(ours), lambda: requests_per_second(theirs))
    return show(Row(what, "requests/s", turns[0], reach, against, turns[1]))


@contextlib.contextmanager
def bare(kind: str, path: Path) -> Iterator[int]:
    """`bare.py` in a process of its own; its port."""
    [port] = free_ports(1)
    with (path.parent / f"{path.name}.log").open("wb") as log:
        command = [sys.executable, BARE, str(port), kind, path]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRONMENT)
    try:
        wait_until(lambda: is_listening(port), "it listens", TIMEOUT)
        on_core(0, process.pid)
        yield port
    finally:
        process.terminate()
        process.wait()


def files_of(server: Server, folder: Path) -> None:
    """The answers in their smallest encoding as files in `folder`, each with its headers beside it."""
    folder.mkdir(parents=True)
    for address in ADDRESSES:
        answer = server.ask(f"/{address}", {"Accept-Encoding": "br"})
        headers = {name: value for name, value in answer.headers.items() if name != "date"}
        (folder / address).write_bytes(answer.body)
        (folder / f"{address}.json").write_text(json.dumps(headers))


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
            rows.append(compare(f"{address}, nginx", ours, "nginx with a plain file", theirs, "≥ 0.80"))
        for address in ADDRESSES:
            ours = f"http://127.0.0.1:{server.port}/{address}"
            for kind, (against, reach) in RIVALS.items():
                with bare(kind, files / address if kind == "bytes" else files) as rival:
                    theirs = f"http://127.0.0.1:{rival}/{address}"
                    rows.append(compare(f"{address}, serve", ours, against, theirs, reach))
        ours = f"http://127.0.0.1:{server.port}/{ADDRESSES[0]}"
        for number, (against, line) in enumerate(WITHOUT.items()):
            (host / f"{number}").mkdir(exist_ok=True)
            with serving(host, environment=altered(host / f"{number}", *line)) as other:
                on_core(0, other.process.pid)
                theirs = f"http://127.0.0.1:{other.port}/{ADDRESSES[0]}"
                rows.append(compare(f"{ADDRESSES[0]}, serve", ours, against, theirs))
        os.sched_setaffinity(0, CORES)
    return rows
