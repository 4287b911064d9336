"""Words that were replaced stay gone: from file names, code, settings, pages and docs.

CHANGELOG.md has the old names for those who look for them.
"""

import ast
import functools
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from world.places import ROOT

# Gone as a word of its own, and as a part of a name: `a_letter`, `relayLetters`. With what replaced it.
GONE: Mapping[str, str] = {
    "answer answers answered answering": "response (HTTP), callback (what comes back to the redirect URI)",
    "unanswered": "NoResponse",
    "letter letters": "message, sealed message",
    "shelf": "release store",
    "rough": "pending",
    "basis": "inputs",
    "dress dresses dressed": "theme",
    "handful": "common settings",
    "obstacle obstacles foretell foretells foretold": "precondition",
    "judge judges judged": "rules, findings",
    "asker": "Client",
    "tellable": "redacted",
    "mistake mistakes mistaken": "error",
    "twin twins": "alias",
    "rehearsal rehearsals rehearse rehearses rehearsed": "sign-in test",
    "trial trials": "live sign-in test",
    "weather": "browser mode",
    "patience": "timeout",
    "farewell": "text",
    "settle settles settled": "the verb that says what happens",
}

# Gone as a part of a name that the code defines; in a sentence they are plain English.
GONE_FROM_NAMES: Mapping[str, str] = {
    "told": "text, report, message",
    "asked": "request, requested",
    "wanted": "expected",
    "home": "profile site, base",
    "look": "theme",
    "least": "required",
    "most": "limit",
    "sentence sentences": "text, texts",
}

# Gone exactly as written.
GONE_NAMES: Mapping[str, str] = {
    "Attempt": "PendingSignIn",
    "Beginning": "PendingSignIn",
    "Front": "NginxOptions",
    "PLACE": "PLACEHOLDER",
    "put_in": "inject_values",
    "hand_out": "write_output",
    "_refine": "compress_in_background",
    "cameBack": "the callback's own way",
    "isStraight": "a name that says what is skipped",
    "LOOK_EVERY": "POLL_INTERVAL_MS",
    "PAUSE": "RETRY_DELAY_MS",
    "PASSING": "RETRYABLE_STATUSES",
    "ALIKE": "ERROR_ALIASES",
    "--out": "--output",
    "--address-only": "--no-config",
    "relay.folder": "relay.dir",
    "relay.waiting": "relay.limit",
    "relay_letters": "relay_messages",
    "reloads_refused": "reload_failures",
    "check.html": "test.html",
    "sentences.json": "texts.json",
    "dress.js": "theme.js",
    "scripted.js": "js-enabled.js",
    "storage-stand-in.js": "memory-storage.js",
    "words-ahead.js": "preload-language.js",
}

# Where a word is right all the same.
ALLOWED: Mapping[str, str] = {
    "letter letters": r"letters,? (?:and |or )?digits|ascii_letters|(?:capital|lower-case|upper-case) letters"
    r"|letters? of the alphabet|(?:after|behind|begins? with|starts? with) a letter",
    "answer answers answered answering": r"(?:call you, and answer|call somebody who answers|\"Answered\")"  # telephony
    r"|the user(?:'s|’s) answers?|question is answered",
    "mistake mistakes mistaken": r"by mistake",
}

EXCLUDED = {"CHANGELOG.md", "LICENSE", "package-lock.json", "requirements.lock", "constraints.txt"}
EXCLUDED |= {"tests/docs/test_words.py", "tests/tools/observatory/package-lock.json"}
PART_OF_A_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
DEFINITION_IN_SCRIPT = re.compile(r"\b(?:const|let|var|function|class) (\w+)|@param \{[^}]*\} \[?(\w+)")


@functools.cache
def files() -> Mapping[str, str]:
    """The text of each file in the repository by its path; binary files are empty."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    present = {name: ROOT / name for name in listed.split("\0") if name not in EXCLUDED and (ROOT / name).is_file()}
    return {name: text_of(file) for name, file in present.items()}


def text_of(file: Path) -> str:
    content = file.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


@functools.cache
def parts() -> Mapping[str, list[str]]:
    """Where each part of a word or name stands, in lower case: as `path:line`, and `path` for a file's name."""
    found: dict[str, list[str]] = {}
    for path, text in files().items():
        for place, line in [(path, path), *((f"{path}:{n}", line) for n, line in enumerate(text.splitlines(), 1))]:
            for part in PART_OF_A_NAME.findall(line):
                found.setdefault(part.lower(), []).append(place)
    return found


def line_at(place: str) -> str:
    path, _, number = place.partition(":")
    return files()[path].splitlines()[int(number) - 1] if number else path


def is_allowed(words: str, place: str) -> bool:
    """Whether the line is right with these words: nothing of them is left where they are allowed."""
    if words not in ALLOWED:
        return False
    rest = re.sub(ALLOWED[words], "", line_at(place))
    return not set(words.split()) & {part.lower() for part in PART_OF_A_NAME.findall(rest)}


def defined_names() -> Iterator[tuple[str, str]]:
    """Each name that a Python file or script defines, with its file."""
    for path, text in files().items():
        if path.endswith(".py"):
            yield from ((name, path) for node in ast.walk(ast.parse(text)) for name in names_of(node))
        elif path.endswith((".js", ".mjs")):
            yield from ((one or other, path) for one, other in DEFINITION_IN_SCRIPT.findall(text))


def names_of(node: ast.AST) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [] if name.startswith("test_") else [name]  # a sentence
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return [name]
    return []


@functools.cache
def parts_of_definitions() -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, path in defined_names():
        for part in PART_OF_A_NAME.findall(name):
            found.setdefault(part.lower(), set()).add(f"{path}: {name}")
    return found


@pytest.mark.parametrize("words", GONE)
def test_a_word_that_was_replaced_is_gone(words: str) -> None:
    places = [place for word in words.split() for place in parts().get(word, [])]
    left = [place for place in dict.fromkeys(places) if not is_allowed(words, place)]
    assert left == [], f"write {GONE[words]}"


@pytest.mark.parametrize("words", GONE_FROM_NAMES)
def test_a_word_that_was_replaced_in_names_is_gone_from_them(words: str) -> None:
    left = {name for word in words.split() for name in parts_of_definitions().get(word, ())}
    assert left == set(), f"write {GONE_FROM_NAMES[words]}"


@pytest.mark.parametrize("name", GONE_NAMES)
def test_a_name_that_was_replaced_is_gone(name: str) -> None:
    whole = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    assert [path for path, text in files().items() if whole.search(text) or whole.search(path)] == [], (
        f"write {GONE_NAMES[name]}"
    )


def test_a_word_that_is_gone_would_be_found_in_prose_names_and_file_names() -> None:
    for text in ("The letter is sealed.", "def put_letter():", "relayLetter", "LETTER_SIZE", "letter-box.js"):
        assert "letter" in {part.lower() for part in PART_OF_A_NAME.findall(text)}
    assert "dress" not in {part.lower() for part in PART_OF_A_NAME.findall("an address")}
