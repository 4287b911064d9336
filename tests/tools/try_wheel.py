"""Installs a wheel into an empty environment and serves from it, as somebody does who has nothing but the wheel."""

import json
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path


def install(wheel: Path, environment: Path) -> Path:
    """A new environment with the wheel and what it needs; the command in it."""
    venv.create(environment, with_pip=True)
    pip = [environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, wheel], check=True)
    return environment / "bin" / "embeddable-host"


def try_serving(command: Path, folder: Path) -> None:
    """Starts the server on a free port, requests its readiness and the redirect page, and stops it."""
    server = subprocess.Popen(
        [command, "serve", "--port", "0"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    try:
        announced = (re.search(r"Embeddable Host on (http://\S+)", line) for line in server.stderr)
        found = next((one for one in announced if one), None)
        if found is None:
            sys.exit("The server did not start.")
        with urllib.request.urlopen(f"{found[1]}readyz", timeout=30) as response:
            print("readyz:", json.load(response))
        with urllib.request.urlopen(f"{found[1]}redirect.html", timeout=30) as response:
            page = response.read()
        if b"oAuthCallback" not in page:
            sys.exit("The redirect page has no script that hands a callback over.")
        print("redirect.html:", len(page), "bytes")
    finally:
        server.terminate()
        server.communicate()
    if server.returncode != -signal.SIGTERM:
        sys.exit(f"The server did not stop as it should: exit code {server.returncode}.")


def main() -> None:
    wheel = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = install(wheel, folder / "environment")
        version = subprocess.run([command, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        print(f"{wheel.name}: {version}")
        try_serving(command, folder)


if __name__ == "__main__":
    main()
