"""How fast the host answers, beside the least that could answer with the same bytes: `make bench`.

Both sides of a comparison take turns in one run, since a machine's speed changes by the minute; what counts is the
ratio. `RELEASE=folder` measures a release of the widget; without one it is text of the real one's size.
"""

import contextlib
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from world.full_release import stage_full
from world.host import ENVIRONMENT, Answer, Quiet, Server, configured, serving
from world.internet import NGINX, free_ports, is_listening, make_certificate, wait_until
from world.proxy import running, site

from server.config.load import load
from server.releases.install import install
from server.releases.shelf import use
from server.site.site import build_site

ROUNDS = 7
SECONDS = 2  # of each turn
CONNECTIONS = 32
ADDRESSES = ("redirect.html", "adapter.js")
BROTLI = {"Accept-Encoding": "br"}
BARE = Path(__file__).parent / "bare.py"
PATIENCE = 120

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


def compare(what: str, ours: str, against: str, theirs: str, reach: float) -> None:
    """Lets the addresses `ours` and `theirs` take turns; prints the medians, and the median of the rounds' ratios."""
    turns = [(requests_per_second(ours), requests_per_second(theirs)) for _ in range(ROUNDS)]
    our, their = (statistics.median(side) for side in zip(*turns, strict=True))
    ratio = statistics.median(one / other for one, other in turns)
    print(f"{what:22}{our:>10,.0f}  {against:26}{their:>10,.0f}{ratio:>8.2f}  ≥ {reach:.2f}", flush=True)


def released(host: Path, source: str, seed: int = 1) -> str:
    """Installs the release to measure for the host in `host`, and chooses it. Its id."""
    staged = Path(source) if source else stage_full(host / f"staged-{seed}", seed=seed)
    releases = host / "var" / "releases"
    release = install(staged, releases, "bench", Quiet())
    use(releases, release.id)
    return release.id


def best(host: Path, server: Server, path: str) -> Answer:
    """The answer at `path` in its smallest encoding, once the server has made it and sends it."""
    settings = load(host / "embeddable.toml")
    wait_until(lambda: not build_site(settings).rough, "all is compressed", PATIENCE)
    size = min(body.size for body in build_site(settings)[path].bodies)
    wait_until(lambda: len(server.ask(path, BROTLI).body) == size, "the best is sent", PATIENCE)
    return server.ask(path, BROTLI)


@contextlib.contextmanager
def bare(kind: str, path: Path) -> Iterator[int]:
    """`bare.py` in a process of its own; its port."""
    [port] = free_ports(1)
    with (path.parent / f"{path.name}.log").open("wb") as log:
        command = [sys.executable, BARE, str(port), kind, path]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRONMENT)
    try:
        wait_until(lambda: is_listening(port), "it listens", PATIENCE)
        on_core(0, process.pid)
        yield port
    finally:
        process.terminate()
        process.wait()


def on_core(core: int, pid: int = 0) -> None:
    """Keeps a process to one core, away from the one that asks."""
    os.sched_setaffinity(pid, {sorted(CORES)[core % len(CORES)]})


CORES = os.sched_getaffinity(0)


def main() -> None:
    source = os.environ.get("RELEASE", "")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        host, files = configured(folder / "host"), folder / "files"
        files.mkdir()
        make_certificate(folder)
        released(host, source)
        server = stack.enter_context(serving(host))
        for address in ADDRESSES:
            answer = best(host, server, f"/{address}")
            headers = {name: value for name, value in answer.headers.items() if name != "date"}
            (files / address).write_bytes(answer.body)
            (files / f"{address}.json").write_text(json.dumps(headers))

        port, http_port, plain_port = free_ports(3)
        text = site(folder, folder, port, http_port, [f"127.0.0.1:{server.port}"])
        text += PLAIN_FILES.format(port=plain_port, name=NGINX, certificates=folder, folder=folder, files=files)
        stack.enter_context(running(folder, text, port, http_port))
        on_core(0, server.process.pid)

        print(f"{'requests a second':22}{'ours':>10}  {'against':26}{'':>10}{'ratio':>8}  reach")
        for address in ADDRESSES:
            ours, theirs = (f"https://127.0.0.1:{each}/{address}" for each in (port, plain_port))
            compare(f"{address}, nginx", ours, "nginx with a plain file", theirs, 0.8)
        for address in ADDRESSES:
            ours = f"http://127.0.0.1:{server.port}/{address}"
            with bare("bytes", files / address) as bare_port:
                compare(f"{address}, serve", ours, "bare ASGI callable", f"http://127.0.0.1:{bare_port}/", 0.9)
            with bare("static", files) as bare_port:
                theirs = f"http://127.0.0.1:{bare_port}/{address}"
                compare(f"{address}, serve", ours, "Starlette StaticFiles", theirs, 8)

        adapter = Path(source or host / "staged-1") / "adapter.js"
        sent, theirs = (files / "adapter.js").stat().st_size, len(gzip.compress(adapter.read_bytes(), 6))
        print(f"\nadapter.js on the wire: {sent:,} bytes; the release's own with gzip: {theirs:,}; {sent / theirs:.2f}")


if __name__ == "__main__":
    main()
