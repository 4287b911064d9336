"""What operators and `check` request: is the process alive, and what does this host serve."""

import json
from collections.abc import Iterator, Mapping

from embeddable_host import __version__
from embeddable_host.config.settings import CDN
from embeddable_host.responses.headers import operator_headers
from embeddable_host.site.inputs import Inputs
from embeddable_host.site.part import Draft

HOST_INFO = "host.json"  # in each profile's folder: the host's version, its release or "cdn", whether it has a relay


def drafts(inputs: Inputs) -> Iterator[Draft]:
    release = inputs.release.id if inputs.release else CDN
    yield Draft("/healthz", "healthz.txt", b"ok\n", operator_headers(), has_options=True)
    ready = _json({"status": "ready", "release": release})
    yield Draft("/readyz", "readyz.json", ready, operator_headers(), has_options=True)
    info = _json({"version": __version__, "release": release, "relay": inputs.has_relay})
    for profile in inputs.profiles:
        yield Draft(profile.folder + HOST_INFO, HOST_INFO, info, operator_headers())


def _json(values: Mapping[str, object]) -> bytes:
    return json.dumps(values).encode() + b"\n"
