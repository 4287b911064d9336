"""What the operator asks for: is the process alive, and which release does it serve."""

import json
from collections.abc import Iterator

from embeddable_host.config.settings import CDN
from embeddable_host.responses.headers import operator_headers
from embeddable_host.site.inputs import Inputs
from embeddable_host.site.part import Draft


def drafts(inputs: Inputs) -> Iterator[Draft]:
    ready = {"status": "ready", "release": inputs.release.id if inputs.release else CDN}
    yield Draft("/healthz", "healthz.txt", b"ok\n", operator_headers())
    yield Draft("/readyz", "readyz.json", json.dumps(ready).encode() + b"\n", operator_headers())
