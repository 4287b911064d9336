"""What a team's own pages may show beside themselves: the images and fonts of `public_dir`, and nothing else there."""

from collections.abc import Iterator
from pathlib import Path

from embeddable_host.responses.headers import script_headers
from embeddable_host.responses.media_types import media_type
from embeddable_host.site.inputs import Inputs
from embeddable_host.site.part import Draft


def drafts(inputs: Inputs) -> Iterator[Draft]:
    for profile in inputs.profiles:
        for name, file in _pictures(inputs.settings.public_dir):
            yield Draft(profile.folder + name, name, file.read_bytes(), script_headers())


def _pictures(public_dir: Path | None) -> Iterator[tuple[str, Path]]:
    for file in sorted(public_dir.rglob("*")) if public_dir else ():
        name = file.relative_to(public_dir or file).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if media_type(name).startswith(("image/", "font/")) and not hidden and file.is_file():
            yield name, file
