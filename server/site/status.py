"""What the operator asks for: is the process alive, and which release does it serve."""

import json
from collections.abc import Iterator

from server.answer.policy import status_headers
from server.config.settings import CDN
from server.site.part import Basis, Draft


def drafts(basis: Basis) -> Iterator[Draft]:
    ready = {"status": "ready", "release": basis.release.id if basis.release else CDN}
    yield Draft("/healthz", "healthz.txt", b"ok\n", status_headers())
    yield Draft("/readyz", "readyz.json", json.dumps(ready).encode() + b"\n", status_headers())
