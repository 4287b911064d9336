"""The Content-Type of a file, by its name."""

import mimetypes
from pathlib import Path

MEDIA_TYPES = {
    ".js": "text/javascript",  # RFC 9239
    ".mjs": "text/javascript",
    ".map": "application/json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".eot": "application/vnd.ms-fontobject",
    ".ico": "image/vnd.microsoft.icon",
    ".ogg": "audio/ogg",
    ".wasm": "application/wasm",
}
TEXT_TYPES = ("text/", "application/json", "image/svg+xml")


def media_type(name: str) -> str:
    """The Content-Type for a file's name, with a charset if it is text."""
    kind = MEDIA_TYPES.get(Path(name).suffix.lower()) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith(TEXT_TYPES) else kind
