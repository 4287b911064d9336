"""The images and fonts in `public_dir`, for a team's own pages; other files there are not served."""

from collections.abc import Iterator
from pathlib import Path

from embeddable_host.responses.headers import script_headers
from embeddable_host.responses.media_types import media_type
from embeddable_host.site.inputs import Inputs
from embeddable_host.site.part import Draft


def drafts(inputs: Inputs) -> Iterator[Draft]:
    for profile in inputs.profiles:
        for name, file in _images_and_fonts(inputs.settings.public_dir):
            yield Draft(profile.folder + name, name, file.read_bytes(), script_headers())


def _images_and_fonts(public_dir: Path | None) -> Iterator[tuple[str, Path]]:
    for file in sorted(public_dir.rglob("*")) if public_dir else ():
        name = file.relative_to(public_dir or file).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if media_type(name).startswith(("image/", "font/")) and not hidden and file.is_file():
            yield name, file
