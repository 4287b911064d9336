"""The content codings: the best compression, which takes seconds (brotli 11), and a fast one for the meantime."""

import gzip
from collections.abc import Callable, Mapping

import brotli

WINDOW = 24  # log2 of bytes: 16 MiB, the largest that every brotli decoder accepts (RFC 7932 §9.1)

BEST: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda data: bytes(brotli.compress(data, quality=11, lgwin=WINDOW)),
    "gzip": lambda data: gzip.compress(data, compresslevel=9, mtime=0),
}
FAST: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda data: bytes(brotli.compress(data, quality=4)),
    "gzip": lambda data: gzip.compress(data, compresslevel=1, mtime=0),
}


def decodes_to(encoded: bytes, coding: str, data: bytes) -> bool:
    """Whether `encoded` is an encoding of `data`; what was kept in a file may be damaged."""
    try:
        decoded = brotli.decompress(encoded) if coding == "br" else gzip.decompress(encoded)
    except (brotli.error, OSError, EOFError, ValueError):
        return False
    return bool(decoded == data)
