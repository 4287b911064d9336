"""Looks for bytes that break a target, guided by the code that they reach (atheris, libFuzzer).

    python tests/fuzz/fuzz.py request -max_total_time=60

Further options are libFuzzer's. Bytes that break the target are written into its corpus, so that `make test` fails: fix
the code, and keep them there. Other new inputs stay outside the repository.
"""

import sys
import tempfile
from pathlib import Path

import atheris

CORPUS = Path(__file__).parent / "corpus"

with atheris.instrument_imports(include=["embeddable_host"]):
    from targets import TARGETS


def main() -> None:
    name, *options = sys.argv[1:] or [""]
    if name not in TARGETS:
        sys.exit(f"Usage: fuzz.py TARGET [libFuzzer's options]. The targets: {', '.join(TARGETS)}.")
    learned = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    broken = CORPUS / name / "broken-"
    arguments = [sys.argv[0], f"-artifact_prefix={broken}", "-timeout=10", *options, str(learned), str(CORPUS / name)]
    atheris.Setup(arguments, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
