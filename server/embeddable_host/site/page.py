"""Pages and scripts of `public/`, with this site's values injected and their references inlined.

A page is one response: the scripts and stylesheets that it refers to are inlined, and its CSP allows only these, by
hash. Modules (`.mjs`) cannot be inlined: they are addresses of their own, at the top of the site.

A page can have values too: all of them in a data block, and single ones as the text of an element, for readers without
JavaScript.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embeddable_host

# A wheel has the pages inside the package, a checkout has them at its top.
_PACKAGE = Path(embeddable_host.__file__).parent
BUILT_IN = next(folder for folder in (_PACKAGE / "public", _PACKAGE.parents[1] / "public") if folder.is_dir())
MODULE = ".mjs"
SUFFIXES = (".html", ".css", ".js", MODULE, ".json")

PLACEHOLDER = '{ "values": null }'  # the place for the values in a script

_REFERENCE = re.compile(r"""<script src="([\w.-]+)"></script>|<link rel="stylesheet" href="([\w.-]+)">""")
_MODULE = re.compile(rf"""(<(?:script type="module" src|link rel="modulepreload" href)=")([\w-]+{MODULE}">)""")
_WITH = re.compile(r"^// with ([\w.-]+)$", re.MULTILINE)
_TEXT = re.compile(r"""(<(\w+)\b[^>]*\bdata-value="(\w+)"[^>]*>)([^<]*)(</\2>)""")
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)

_CAPABILITIES = re.compile(r"^/\* embeddable-host (\{.*\}) \*/$", re.MULTILINE)

Values = Mapping[str, Mapping[str, Any]]  # by the file name of the script or page that gets them


@dataclass(frozen=True)
class Page:
    """A page as it is sent; `scripts` and `styles` are the CSP hashes of its inline elements (CSP3, hash-source)."""

    content: bytes
    scripts: tuple[str, ...]
    styles: tuple[str, ...]


def sources(overlay: Path | None) -> dict[str, str]:
    """The pages, scripts and stylesheets by file name: the built-in ones, replaced by those of a team's own folder.

    The built-in ones are in a folder for each part of the site, a team's at the top of theirs. A line `// with NAME` in
    a script includes the script of that name. Raises ValueError, whose message begins with the file name, for a file
    that is not UTF-8 or includes a script that does not exist.
    """
    found = {}
    for file in (*sorted(BUILT_IN.rglob("*")), *(sorted(overlay.iterdir()) if overlay else ())):
        if file.suffix in SUFFIXES and file.is_file():
            try:
                found[file.name] = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                raise ValueError(f"{file.name} is not UTF-8: save it as UTF-8") from None
    return {name: _assembled(name, found, {name}) if name.endswith(".js") else text for name, text in found.items()}


def _assembled(name: str, files: Mapping[str, str], included: set[str]) -> str:
    """The script called `name` with those that it includes, each where it is first named."""

    def text(match: re.Match[str]) -> str:
        if match[1] not in files:
            raise ValueError(f"{name} includes {match[1]}, which does not exist: correct the line “{match[0]}”")
        if match[1] in included:
            return ""
        included.add(match[1])
        return _assembled(match[1], files, included).rstrip("\n")

    return _WITH.sub(text, files[name])


def capabilities(script: str) -> Mapping[str, Any]:
    """What a script declares that it can do, in a line such as `/* embeddable-host {"relay": 2} */`."""
    declared = _CAPABILITIES.search(script)
    try:
        return dict(json.loads(declared[1])) if declared else {}
    except ValueError:
        return {}


def inject_values(script: str, values: Mapping[str, Any]) -> str:
    """`script` with `values` in the place it has for them.

    They go in as JSON in ASCII without `<`, `>` and `&`, so that no text can end the script element it stands in,
    begin a comment, or break a line (U+2028). Raises ValueError when the script does not have just one such place.
    """
    if script.count(PLACEHOLDER) != 1:
        raise ValueError(f"has {script.count(PLACEHOLDER)} places for values instead of one: write {PLACEHOLDER} once")
    text = json.dumps(values, ensure_ascii=True, sort_keys=True)  # so that the order of settings changes no byte
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return script.replace(PLACEHOLDER, text)


def make_page(name: str, files: Mapping[str, str], values: Values, top: str = "") -> Page:
    """The page called `name`, whole. A reference to what is not in `files` stays as it is.

    `top`: the way from the page to the top of the site, where modules are. Raises ValueError, which begins with the
    file's name, for a script or stylesheet that cannot stand in a page.
    """

    def content(match: re.Match[str]) -> str:
        script, style = match.groups()
        file, element = (script, "script") if script else (style, "style")
        if file not in files:
            return match[0]
        text = files[file]
        if file in values or PLACEHOLDER in text:
            try:
                text = inject_values(text, values[file])
            except KeyError:
                raise ValueError(f"{name} has no values for {file}: that script belongs to another page") from None
            except ValueError as error:
                raise ValueError(f"{file} {error}") from None
        if f"</{element}" in text.lower():
            raise ValueError(f"{file} says </{element}, which would end the element it stands in: write <\\/{element}")
        return f"<{element}>{text}</{element}>"

    page = files[name]
    if name in values and PLACEHOLDER in page:  # a page of a team's own may do without
        page = inject_values(_inject_texts(page, values[name]), values[name])
    page = _MODULE.sub(rf"\g<1>{top}\g<2>", _REFERENCE.sub(content, page))
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for element, text in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[element].append(f"'sha256-{digest}'")
    return Page(page.encode(), tuple(hashes["script"]), tuple(hashes["style"]))


def _inject_texts(page: str, values: Mapping[str, Any]) -> str:
    """`page` with the value that `data-value` names as each such element's text; an empty one leaves the page's own."""

    def text(match: re.Match[str]) -> str:
        start, _, name, own, end = match.groups()
        return f"{start}{html.escape(values[name]) if values.get(name) else own}{end}"

    return _TEXT.sub(text, page)
