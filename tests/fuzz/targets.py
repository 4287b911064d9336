"""The targets of the fuzzer: each takes any bytes, and raises only if the code under test is wrong.

`make fuzz` looks for bytes that break a target. `test_corpus.py` replays `corpus/`: examples of each kind of input, and
what broke a target once.
"""

import asyncio
import contextlib
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from starlette.types import Message

from embeddable_host.config.errors import SettingsError
from embeddable_host.config.load import load
from embeddable_host.releases.archive import unpack
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.references import chunk_names, references
from embeddable_host.releases.release import MANIFEST, read_release, stays_inside, version_of
from embeddable_host.serving.app import App
from world.host import add_release, configured

FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")
WORKSHOP = Path(FOLDER.name)
LOOP = asyncio.new_event_loop()
STATUSES = {200, 201, 204, 206, 304, 400, 403, 404, 405, 406, 409, 411, 412, 413, 415, 416, 503}


@functools.cache
def host() -> App:
    folder = configured(WORKSHOP / "host", '[profiles.sandbox.params]\nclientId = "a"\nprefix = "b"\n')
    add_release(folder)
    return App(load(folder / "embeddable.toml"))


def request(data: bytes) -> None:
    """A request as text: method and path, a header in each line, an empty line, the body."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, path = first.decode("latin-1").partition(" ")
    fields = ((name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines))
    headers = [field for field in fields if field[0] != b"content-length"]  # uvicorn lets only a correct one through
    headers += [(b"content-length", str(len(body)).encode())] if body else []
    sent = LOOP.run_until_complete(respond(method, path.partition("?")[0], headers, body))

    start, *rest = sent
    content = b"".join(message["body"] for message in rest)
    assert start["status"] in STATUSES, start
    fields_sent = {name: value for name, value in start["headers"]}
    assert len(fields_sent) == len(start["headers"]), "a header twice"
    if method == "GET" and b"content-length" in fields_sent:
        assert int(fields_sent[b"content-length"]) == len(content), "another length than announced"
    if start["status"] == 206:
        first_byte, last_byte = fields_sent[b"content-range"].split()[1].split(b"/")[0].split(b"-")
        assert int(last_byte) - int(first_byte) + 1 == len(content), "another part than announced"


async def respond(method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> list[Message]:
    """What the host sends for a request, to a client that stays connected."""
    sent: list[Message] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return messages.pop() if messages else await asyncio.Event().wait()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    with patch("embeddable_host.relay.endpoint.WAIT_SECONDS", 0.0):
        await host()({**scope, "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http"}, receive, send)
    return sent


def settings(data: bytes) -> None:
    """A settings file."""
    file = WORKSHOP / "embeddable.toml"
    file.write_bytes(data)
    with contextlib.suppress(SettingsError):
        load(file)


def archive(data: bytes) -> None:
    """An archive of a release."""
    file, folder = WORKSHOP / "archive.zip", WORKSHOP / "around" / "unpacked"
    file.write_bytes(data)
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    with contextlib.suppress(ReleaseError):
        found = unpack(file, folder, "archive.zip")
        assert found.is_relative_to(folder)
    assert list(folder.parent.iterdir()) == [folder], "unpacked outside"


def manifest(data: bytes) -> None:
    """The manifest of a release."""
    folder = WORKSHOP / "2.3.1-000000000000"
    folder.mkdir(exist_ok=True)
    (folder / MANIFEST).write_bytes(data)
    with contextlib.suppress(ReleaseError):
        read_release(folder)


def published(data: bytes) -> None:
    """A file on the CDN: its name, a line break, its text."""
    name, _, content = data.partition(b"\n")
    text = content.decode(errors="replace")
    version_of(content)
    with contextlib.suppress(ReleaseError):
        chunks = chunk_names(text)
        for found, _ in references(name.decode(errors="replace"), text, chunks):
            stays_inside(found)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (request, settings, archive, manifest, published)
}
