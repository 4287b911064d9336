"""A release of the real one's shape and size (docs/widget.md, "A release, as files"), or a part of it.

It is the stand-in release, filled up with text that compresses about as a minified script does: the same bytes each
time, and other ones for another `seed`.
"""

import itertools
import random
import string
from pathlib import Path

from world.release import media, stage

BRANDS = ("att", "avaya", "bt", "rainbow", "telus", "atos")
ADAPTER_SIZE = 763_220  # bytes of the minified adapter 2.3.1

# Bytes that each file has in all, about.
SCRIPTS = {
    "app.js": 8_400_000,
    "adapter.js": 2_038_749,
    "adapter.min.js": ADAPTER_SIZE,
    **{f"adapter.{brand}.js": ADAPTER_SIZE for brand in BRANDS},
    **{f"{number}.js": 40_000 for number in range(900, 925)},
    **{f"locale-{number}.js": 25_000 for number in range(20)},
    "app.css": 250_000,
}
MEDIA = {
    **{f"fonts/font-{number}.woff2": (b"wOF2", 20_000) for number in range(16)},
    **{f"images/image-{number}.png": (b"\x89PNG", 10_000) for number in range(14)},
}

WORDS = PHRASES = 9000
MARKS = ("(", ")", ",", ".", "=", ";", "{", "}", ":", "!", "&&")
FREQUENT = list(itertools.accumulate(1 / rank**0.9 for rank in range(1, WORDS + 1)))  # as in any text (Zipf's law)
REPEATED = 0.9  # the share of phrases that come again


def stage_full(folder: Path, scale: float = 1.0, seed: int = 1) -> Path:
    """Writes the release into `folder`, each of its large files `scale` times as large as the real one's."""
    stage(folder)
    code = Code(seed)
    for name, size in SCRIPTS.items():
        file = folder / name
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        if name.startswith("adapter.") and not text:
            text = (folder / "adapter.min.js").read_text(encoding="utf-8").replace("adapter.min.js", name)
        filler = code.text(int(size * scale) - len(text))
        file.write_text(f"{text}\n/* {filler} */", encoding="utf-8")
    for name, (magic, size) in MEDIA.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(media(magic, int(size * scale) + len(magic)))
    return folder


class Code:
    """Text that compresses as a minified script does: few words and phrases are frequent, many are rare."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        alphabet = string.ascii_lowercase
        self._words = ["".join(self._random.choices(alphabet, k=self._random.randint(1, 9))) for _ in range(WORDS)]
        self._phrases = [self._phrase() for _ in range(PHRASES)]

    def text(self, size: int) -> str:
        """So many characters, about; another text each time."""
        parts: list[str] = []
        while size > 0:
            new = self._random.random() > REPEATED
            parts.append(self._phrase() if new else self._random.choices(self._phrases, cum_weights=FREQUENT)[0])
            size -= len(parts[-1])
        return "".join(parts)

    def _phrase(self) -> str:
        length = self._random.randint(2, 8)
        words = self._random.choices(self._words, cum_weights=FREQUENT, k=length)
        return "".join(itertools.chain(*zip(words, self._random.choices(MARKS, k=length), strict=True)))
