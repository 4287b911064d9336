"""How the time of a function grows with its input, and inputs that make a regular expression slow.

A function that searches the same text twice takes four times as long for twice the text. Times are compared only with
each other, so that a slow machine changes nothing.
"""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from re import _constants as op
from re import _parser as parser
from types import ModuleType
from typing import Any

import embeddable_host

SHORTEST, LONGEST = 10, 30_000  # repetitions
MEASURABLE = 0.004  # seconds
MAX_RATIO = 3.0  # for twice the input; 2 is linear, 4 quadratic
REPEATS = 5
POOL = " a1-_.:;/<{(\"'=\\$\n"  # characters to try where a class allows several


def ratio(function: Callable[[str], object], text: Callable[[int], str]) -> float:
    """How much longer `function` takes for twice the text, at the first length that takes measurable time."""
    size, before = SHORTEST, 0.0
    while size <= LONGEST:
        taken = _seconds(function, text(size))
        if taken > MEASURABLE:
            if before and _is_worth_repeating(taken, before):
                before = min(_seconds(function, text(size // 2)) for _ in range(REPEATS))
                taken = min(_seconds(function, text(size)) for _ in range(REPEATS if taken < 1 else 1))
            return taken / before if before else 2.0
        size, before = size * 2, taken
    return 1.0


def _is_worth_repeating(taken: float, before: float) -> bool:
    return taken / before > MAX_RATIO


def _seconds(function: Callable[[str], object], text: str) -> float:
    begin = time.process_time()
    function(text)
    return time.process_time() - begin


# How a pattern is used


def _search(pattern: re.Pattern[Any], text: str) -> object:
    """Every match from the left, as `finditer`, `sub` and `search` find them."""
    return sum(1 for _ in pattern.finditer(_typed(pattern, text)))


def _match(pattern: re.Pattern[Any], text: str) -> object:
    return pattern.match(_typed(pattern, text))


def _fullmatch(pattern: re.Pattern[Any], text: str) -> object:
    return pattern.fullmatch(_typed(pattern, text))


Use = Callable[[re.Pattern[Any], str], object]
USES: dict[str, Use] = {
    **dict.fromkeys(("search", "findall", "finditer", "sub", "split"), _search),
    "match": _match,
    "fullmatch": _fullmatch,
}
MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(embeddable_host.__path__, f"{embeddable_host.__name__}.")
    if not module.name.endswith("__main__")
]


# The patterns of the package


def patterns() -> dict[str, tuple[re.Pattern[Any], list[Use]]]:
    """Every pattern in a module of the package, by name, with how the package uses it."""
    found: dict[str, tuple[re.Pattern[Any], list[Use]]] = {}
    for module in MODULES:
        where = module.__name__.partition(".")[2]
        for name, value in vars(module).items():
            for number, pattern in enumerate(_patterns_in(value)):
                if pattern not in [other for other, _ in found.values()]:  # imported
                    found[f"{where}.{name}{f' {number}' if number else ''}"] = pattern, _uses(name, value)
        for call in _calls(module):
            match call:
                case ast.Call(ast.Attribute(ast.Name("re"), method), [ast.Constant(str() | bytes() as source), *_]):
                    if method in USES:
                        found[f"{where}.{method}:{call.lineno}"] = re.compile(source), [USES[method]]
    return found


def _uses(name: str, value: object) -> list[Use]:
    """How the package uses the pattern called `name`; `search` where that is not seen."""
    methods = set()
    for module in (module for module in MODULES if vars(module).get(name) is value):
        for call in _calls(module):
            if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).rpartition(".")[2] == name:
                methods.add(call.func.attr)
    return [USES[method] for method in sorted(methods & USES.keys())] or [_search]


@functools.cache
def _calls(module: ModuleType) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call)]


def _patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from (pattern for inner in value.values() for pattern in _patterns_in(inner))
    elif isinstance(value, (tuple, list)):
        yield from (pattern for inner in value for pattern in _patterns_in(inner))


# Inputs


def slow_inputs(pattern: re.Pattern[Any], used: Sequence[Use]) -> Iterator[tuple[str, float]]:
    """The inputs that a pattern takes more than linear time for, as a description, each with the ratio."""
    for begin, unit, end in dict.fromkeys(_inputs(pattern)):
        if not begin + unit:
            continue
        for shown, text in (
            (f"{begin!r} + {unit!r} * n + {end!r}", lambda n, b=begin, u=unit, e=end: b + u * n + e),
            (f"{begin + unit!r} * n + {end!r}", lambda n, b=begin, u=unit, e=end: (b + u) * n + e),
        ):
            for use in used:
                if (growth := ratio(lambda text, use=use: use(pattern, text), text)) > MAX_RATIO:
                    yield f"{use.__name__}: {shown}", growth


def _typed(pattern: re.Pattern[Any], text: str) -> Any:
    return text.encode("latin-1") if isinstance(pattern.pattern, bytes) else text


def _inputs(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """For each repetition: the shortest text before it, one of its turns, and ends that let the match fail."""
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    tree = parser.parse(source, pattern.flags & ~re.UNICODE)
    for begin, unit in (*_repetitions(tree, "", {}), ("", _shortest(tree, {}))):
        for end in ("", "\0", "!"):
            yield begin, unit, end


def _repetitions(tree: Iterable[Any], begin: str, groups: dict[int, str]) -> Iterator[tuple[str, str]]:
    for node in tree:
        kind, value = node
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            for unit in _turns(value[2], groups):
                yield begin, unit
            yield from _repetitions(value[2], begin, groups)
        elif kind is op.SUBPATTERN:
            yield from _repetitions(value[3], begin, groups)
        elif kind is op.ATOMIC_GROUP:
            yield from _repetitions(value, begin, groups)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _repetitions(branch, begin, groups)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            yield from _repetitions(value[1], begin, groups)
        begin += _shortest([node], groups)


def _turns(body: Any, groups: dict[int, str]) -> list[str]:
    """Texts that one turn of a repetition matches: each character of `POOL` in a class, or the shortest text."""
    if len(body) == 1 and body[0][0] in (op.IN, op.ANY, op.NOT_LITERAL):
        return [character for character in POOL if _allows(body[0], character)] or [_shortest(body, groups)]
    return [_shortest(body, groups)]


def _shortest(tree: Iterable[Any], groups: dict[int, str]) -> str:
    """A short text that matches; where a node needs a context, such as a lookahead, it may not."""
    text = ""
    for kind, value in tree:
        if kind is op.LITERAL:
            text += chr(value)
        elif kind in (op.IN, op.ANY, op.NOT_LITERAL):
            text += next((c for c in 'a1 -"' + POOL if _allows((kind, value), c)), "x")
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            text += _shortest(value[2], groups) * value[0]
        elif kind is op.SUBPATTERN:
            inner = _shortest(value[3], groups)
            groups[value[0] or 0] = inner
            text += inner
        elif kind is op.ATOMIC_GROUP:
            text += _shortest(value, groups)
        elif kind is op.BRANCH:
            text += _shortest(value[1][0], groups)
        elif kind is op.GROUPREF:
            text += groups.get(value, "")
    return text


def _allows(node: tuple[Any, Any], character: str) -> bool:
    kind, value = node
    if kind is op.ANY:
        return True
    if kind is op.NOT_LITERAL:
        return chr(value) != character
    is_negated = value[0][0] is op.NEGATE
    return is_negated != any(_is_in(item, character) for item in value[is_negated:])


CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _is_in(item: tuple[Any, Any], character: str) -> bool:
    kind, value = item
    if kind is op.LITERAL:
        return chr(value) == character
    if kind is op.RANGE:
        return value[0] <= ord(character) <= value[1]
    return re.match(CATEGORIES[value], character) is not None
