"""A release that costs a browser what the real one does: as many bytes, as much to parse, something to run.

`world.full_release` is large in its comments, which a browser skips. Here the text of the scripts is code. A measured
2.3.1 has 763,220 bytes of minified adapter and compresses it to 0.25 (gzip) and 0.20 (brotli); so does this, about.
"""

import keyword
import os
from pathlib import Path

from world.full_release import FREQUENT, Code, stage_full

# Bytes that these files of 2.3.1 have. Of the adapter as it is written, LONG are neither comments nor indentation.
APP, ADAPTER, MINIFIED, LONG = 8_400_000, 2_038_749, 763_220, 1_650_000
WORDS = {"495.js": 57_532, "en-US.js": 2_924}  # chunks with the words of a language
STYLES = 168_596

FUNCTION, MODULE = 600, 12  # characters of a function, and functions in a module, about
OBJECTS = 60  # that each module makes when the app starts
RECENT, NEW = 300, 0.4  # statements that may come again, and the share of new ones
RESERVED = {
    *keyword.kwlist,
    *"do if in of for new let var try int case else enum eval null this true void with await break catch class".split(),  # noqa: SIM905
    *"const false super throw while yield delete export import public return static switch typeof".split(),  # noqa: SIM905
    *"default extends finally package private debugger function".split(),  # noqa: SIM905
}
STATEMENTS = (
    "var {0}={1}.{2}({3},{4});",
    "if({0}.{1}){0}.{2}({3});else {4}={1};",
    "{0}.{1}={{{2}:{3},{4}:!0}};",
    "{0}({1},{2}).{3}(function({4}){{return {4}.{1}}});",
    'throw_({0},"{1} {2} {3}",{4});',
    "for(var {0}=0;{0}<{1}.{2};{0}++){3}.push({1}[{0}]);",
    "{0}&&{0}.{1}!=={2}.{3}&&{4}();",
    '"{0}"===typeof {1}?{2}():{3}.{4}=null;',
)


class Script(Code):
    """Statements that a browser can parse; they compress as those of a minified script do: what comes again comes soon
    again, so that a window of 32 KiB (gzip's) finds nearly as much of it as one of 16 MiB (brotli's)."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._names = 0
        self._words = [f"{word}_" if word in RESERVED else word for word in self._words]
        self._recent = [self._phrase() for _ in range(RECENT)]

    def text(self, size: int) -> str:
        parts: list[str] = []
        while size > 0:
            place = self._random.randrange(RECENT)
            if self._random.random() < NEW:
                self._recent[place] = self._phrase()
            parts.append(self._recent[place])
            size -= len(parts[-1])
        return "".join(parts)

    def _phrase(self) -> str:
        chosen = self._random.choices(self._words, cum_weights=FREQUENT, k=5)
        return self._random.choice(STATEMENTS).format(*chosen)

    def modules(self, size: int, function: int = FUNCTION) -> str:
        """So many characters of modules that define functions and make objects, and are run."""
        parts = []
        while size > 0:
            parts.append(self._module(function))
            size -= len(parts[-1])
        return "".join(parts)

    def _module(self, size: int) -> str:
        names = [f"f{self._names + number}" for number in range(MODULE)]
        self._names += MODULE
        functions = "".join(f"t.{name}=function(e,n,r){{{self.text(size)}}};" for name in names)
        made = f"for(var i=0;i<{OBJECTS};i++)t[i]={{id:i,name:'n'+i,of:[i,t]}};"
        return f"!function(t){{{functions}{made}}}({{}});\n"


def stage_running(folder: Path, seed: int = 1) -> Path:
    """Writes the release into `folder`; `seed` changes only the text."""
    stage_full(folder, seed=seed)
    script = Script(seed)
    stand_in = Path(__file__).parent.parent / "tests" / "world" / "widget"
    # The words of American English are one chunk; 495.js is another language's.
    app = (stand_in / "app.js").read_text(encoding="utf-8").replace("runtime.e(495)", "{}")
    write(folder / "app.js", script.modules(APP - len(app)) + app)
    minified = script.modules(MINIFIED)
    adapter = (stand_in / "adapter.js").read_text(encoding="utf-8")
    write(folder / "adapter.min.js", minified + adapter.replace('"adapter.js"', '"adapter.min.js"'))
    write(folder / "adapter.js", laid_out(script.modules(LONG, FUNCTION * LONG // MINIFIED), ADAPTER) + adapter)
    for name, size in WORDS.items():
        text = (stand_in / name).read_text(encoding="utf-8")
        write(folder / name, f"{text}var words={{{words(script, size - len(text))}}};")
    styles = (stand_in / "app.css").read_text(encoding="utf-8")
    write(folder / "app.css", styles + rules(STYLES - len(styles)))
    return folder


def laid_out(code: str, size: int) -> str:
    """Code as it is before it is minified: on lines, indented, with comments."""
    lines = code.replace(";", ";\n    ")
    comment = "/* What was written about this, and is not needed to run it. */\n"
    return comment * ((size - len(lines)) // len(comment)) + lines


def words(script: Script, size: int) -> str:
    return "".join(f"w{number}:{script.text(30)!r}," for number in range(size // 58))


def rules(size: int) -> str:
    return "".join(
        f".r{number}{{margin:{number % 32}px;color:#{number * 7919 % 4096:03x}}}\n" for number in range(size // 34)
    )


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def staged(folder: Path, seed: int = 1) -> Path:
    """The release to measure: RELEASE names a folder with a real one."""
    given = os.environ.get("RELEASE", "")
    return Path(given) if given else stage_running(folder / f"staged-{seed}", seed)
