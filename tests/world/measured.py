"""What a program does in a process of its own: what it prints, how long it takes, and how much memory it needs."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from world.host import ENVIRONMENT
from world.timeouts import TIMEOUT

TESTS = str(Path(__file__).parents[1])
MEASURE = """
def memory():
    with open("/proc/self/status") as status:
        [peak] = [line.split()[1] for line in status if line.startswith("VmHWM")]
    return int(peak) / 1024
before = memory()
{body}
print("MEMORY", memory() - before)
"""


@dataclass(frozen=True)
class Measured:
    """`seconds` from start to end; `memory` in MiB, above what the process needed before `body`."""

    output: str
    seconds: float
    memory: float


def measured(imports: str, body: str, *arguments: str | Path) -> Measured:
    """Runs `imports`, and then `body`, with `arguments` in sys.argv."""
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{imports}\n{MEASURE.format(body=body)}", *map(str, arguments)],
        env={**ENVIRONMENT, "PYTHONPATH": TESTS, "NO_PROXY": "127.0.0.1"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    output, _, memory = done.stdout.rpartition("MEMORY")
    return Measured(output, time.monotonic() - begin, float(memory))
