"""Runs MDN's HTTP Observatory and Google's CSP Evaluator on the shipped nginx configuration: `make observatory`."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from world.host import add_release, assets, configured, serving
from world.hosts import SETTINGS
from world.internet import NGINX, make_certificate
from world.places import ROOT
from world.proxy import fronting
from world.timeouts import TIMEOUT

SCAN = ROOT / "tests" / "tools" / "observatory" / "scan.mjs"
GRADE = "A+"
SERIOUS = {"HIGH", "SYNTAX", "MEDIUM"}  # the Evaluator's other levels are possibilities and advice


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_certificate(folder)
        host = configured(folder / "host", SETTINGS)
        add_release(host)
        pages = [path for path, asset in assets(host).items() if is_own_page(path, asset.media_type)]
        with serving(host) as server, fronting(folder / "nginx", folder, [f"127.0.0.1:{server.port}"]) as proxy:
            command = ["node", SCAN, NGINX, str(proxy.port), str(proxy.http_port), *pages]
            environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(folder / "certificate.pem")}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        sys.exit(done.stderr)
    found = json.loads(done.stdout)
    serious = [
        f"{path}: {finding['directive']}: {finding['description']}"
        for path, findings in found["policies"].items()
        for finding in findings
        if finding["severity"] in SERIOUS
    ]
    print(f"Observatory: {found['grade']} ({found['score']} points). {'; '.join(found['failed'])}")
    print(f"CSP Evaluator: {len(pages)} pages, {len(serious)} serious findings.")
    print("".join(f"  {one}\n" for one in serious), end="")
    sys.exit(found["grade"] != GRADE or bool(serious))


def is_own_page(path: str, media_type: str) -> bool:
    return media_type.startswith("text/html") and not path.startswith("/widget/")


if __name__ == "__main__":
    main()
