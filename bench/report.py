"""The measurements in `results.json`, and what is generated from them: a page and a picture in docs/, README lines.

A test fails if they differ, so that no number is published that was not measured.
"""

import datetime
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common import CORES, Row

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results.json"
PAGE, PICTURE, README = ROOT / "docs" / "measurements.md", ROOT / "docs" / "measurements.svg", ROOT / "README.md"
MARKED = re.compile(r"(<!-- measured: make bench -->\n).*?(<!-- /measured -->)", re.DOTALL)

TITLES = {
    "start": "How long a user waits for the phone",
    "handoff": "How long a sign-in takes to come back",
    "wire": "What a user downloads",
    "speed": "Requests a second on one core",
    "memory": "What the host uses",
    "growth": "How it grows",
    "changes": "What users notice of a change",
}
LEADS = {
    "start": """A page on another site has the script tag. The time runs from the page's navigation to
the sign-in button. The connection has 100 ms round-trip time and 10 Mbit/s. *Next page*: the user opens
the page again in the same tab, where the browser still has this host's `app.js` in memory, but reads
the CDN's from its cache. *Restarted browser*: the browser was closed in between, and kept its cache.""",
    "handoff": "The same connection. A sign-in that begins on this host comes back on an open connection.",
    "wire": """The sizes are those of the compressed files. A browser could use its `app.js` as a
dictionary for the next one (RFC 9842): in Chromium, an update then took 0.2 s instead of 1.3 s. The
host does not do that. Only Chromium supports it, only with a certificate of a public authority, and not
for `adapter.js`, which pages of other sites load.""",
    "speed": "32 connections request the same address. Each server has one core.",
    "memory": "One worker, a full release, and three profiles in addition to the default one.",
    "growth": """Profiles are measured with one release, and releases with three profiles. *Swap*: from
a change of settings and release to the first response with it.""",
    "changes": """1,000 clients of two workers visit again and again for half a minute. Every second, a
release is added and another removed, or the settings change, every third time to invalid ones.""",
}
# Why a row misses its target: by what was measured, and compared with what.
HAND_OFF = ("redirect page, on an open connection", "a page like the widget's own")
ONE_OF_TWO = """one of two round trips is saved. What a browser needs to show any page, some 70 ms here,
is the same on both sides."""
SHARED = """a change uses some of the two cores that the thousand clients need too, and runs differ:
three had 1.09, 1.13 and 1.40. No response waits for a change, and none fails."""
SAME = (
    """both sides request only `app.html`, and then run the same code. The rounds differ by more than the shortfall."""
)
UNKNOWN = "the reason is not known."
REASONS: dict[tuple[str, str], str] = {
    ("in a restarted browser", "the same release, served as the CDN does"): SAME,
    HAND_OFF: ONE_OF_TWO,
    ("a visit of three requests, during changes", "without changes"): SHARED,
}

DRAWN = (
    ("start", "first visit", "phone, first visit"),
    ("start", "next page", "phone, next page"),
    ("start", "in a restarted browser", "phone, restarted browser"),
    ("handoff", "redirect page, on an open connection", "redirect page"),
    ("wire", "first start", "bytes, first visit"),
    ("wire", "adapter.js", "bytes, adapter.js"),
)
STYLE = """
    svg { --paper: #ffffff; --ink: #1d2733; --quiet: #566573; --theirs: #c9d3dc; --ours: #05659f; }
    @media (prefers-color-scheme: dark) {
      svg { --paper: #10151b; --ink: #e8edf2; --quiet: #a7b4c0; --theirs: #3a4856; --ours: #6cbdf0; }
    }
    text { font: 14px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink); }
    .quiet { fill: var(--quiet); font-size: 12.5px; }
    .paper { fill: var(--paper); } .theirs { fill: var(--theirs); } .ours { fill: var(--ours); }
"""

INTRODUCTION = """The host is compared with alternatives. Both take turns in one run, because a
machine's speed changes by the minute. So look at the **ratio** more than at the seconds: it is the
median of the rounds, followed by the smallest and the largest.

The widget is a stand-in: text of the size of 2.3.1, which compresses about as well, and which a browser
must parse and run. With `RELEASE=folder`, `make bench` measures a real one.

The machine: {machine}.
"""

Results = Mapping[str, Any]


def load() -> dict[str, Any]:
    return dict(json.loads(RESULTS.read_text(encoding="utf-8"))) if RESULTS.exists() else {"parts": {}}


def keep(part: str, rows: list[Row]) -> None:
    """Replaces a part's rows with those of this run."""
    results = load()
    results["machine"] = machine()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    results["parts"][part] = {"date": today, "commit": commit(), "rows": [rounded(row) for row in rows]}
    results["parts"] = {name: results["parts"][name] for name in TITLES if name in results["parts"]}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def rounded(row: Row) -> dict[str, Any]:
    """The row, with its significant digits only."""
    digits = {name: [float(f"{value:.4g}") for value in getattr(row, name)] for name in ("ours", "theirs")}
    return {**asdict(row), **digits}


def commit() -> str:
    """The measured commit, and whether the served files differ from it."""
    git = ("git", "-C", str(ROOT))
    changed = output(*git, "status", "--porcelain", "--", "server", "public", "nginx")
    return output(*git, "rev-parse", "--short", "HEAD") + (", changed" if changed else "")


def machine() -> str:
    """The machine in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    chromium = re.findall(r"[\d.]+", output("chromium", "--version"))[0]
    nginx = re.findall(r"nginx/([\d.]+)", output("/usr/sbin/nginx", "-v"))[0]
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{len(CORES)} cores, {memory:.0f} GiB of memory, Chromium {chromium}, nginx {nginx}, Python {python}, "
        f"uvicorn {version('uvicorn')}"
    )


def output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip()


def rows_of(results: Results, part: str) -> list[Row]:
    return [Row(**row) for row in results["parts"].get(part, {"rows": []})["rows"]]


def write() -> None:
    """Writes the page, the picture and the lines of the README."""
    results = load()
    PAGE.write_text(page(results), encoding="utf-8")
    PICTURE.write_text(picture(results), encoding="utf-8")
    README.write_text(readme(results, README.read_text(encoding="utf-8")), encoding="utf-8")


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratio(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.1g}"


def cells(row: Row) -> tuple[str, ...]:
    ours = f"{number(statistics.median(row.ours))} {row.unit}"
    spread = f" ({number(min(row.values))} to {number(max(row.values))})" if len(row.values) > 1 else ""
    if not row.theirs:
        return row.what, ours + spread, "", "", row.reach
    theirs = f"{row.against}: {number(statistics.median(row.theirs))}"
    met = {True: "", False: ": **missed**", None: ""}[row.is_reached]
    return row.what, ours, theirs, f"**{ratio(row.value)}**{spread}", row.reach + met


def page(results: Results) -> str:
    return "\n".join(page_lines(results)).replace("\n\n\n", "\n\n") + "\n"


def page_lines(results: Results) -> Iterator[str]:
    yield "# Measurements\n"
    yield "<!-- `make bench` writes this page: change bench/report.py -->\n"
    yield "![Bars: this host, as a share of the same files from a CDN](measurements.svg)\n"
    yield INTRODUCTION.format(machine=results["machine"])
    yield "```sh\nmake bench                # half an hour at most\nBENCH=start make bench    # one part\n```\n"
    for part, title in TITLES.items():
        if part in results["parts"]:
            yield from section(results, part, title)


def section(results: Results, part: str, title: str) -> Iterator[str]:
    rows = rows_of(results, part)
    yield f"## {title}\n\n{LEADS[part]}\n"
    yield "| what | this host | compared with | ratio | target |\n|---|---|---|---|---|"
    for row in rows:
        yield f"| {' | '.join(cells(row))} |"
    yield ""
    for row in rows:
        if row.is_reached is False:
            against = f", compared with {row.against}" if row.against else ""
            yield f"- **{row.what}** misses its target{against}: {reason(row)}"
    yield f"\nMeasured on {results['parts'][part]['date']}, commit `{results['parts'][part]['commit']}`.\n"


def reason(row: Row) -> str:
    return " ".join(REASONS.get((row.what, row.against), UNKNOWN).split())


def found(results: Results, part: str, what: str) -> Row:
    [row] = [row for row in rows_of(results, part) if row.what == what]
    return row


def picture(results: Results) -> str:
    """A bar for each ratio, in front of one for the alternative."""
    width, left, step, top = 400, 225, 38, 64
    height = top + step * len(DRAWN) + 10
    bars = []
    for place, (part, what, label) in enumerate(DRAWN):
        y, value = top + step * place, found(results, part, what).value
        bars.append(f'  <text x="{left - 12}" y="{y + 17}" text-anchor="end">{label}</text>')
        bars.append(f'  <rect class="theirs" x="{left}" y="{y}" width="{width}" height="24" rx="3"/>')
        bars.append(f'  <rect class="ours" x="{left}" y="{y}" width="{width * value:.0f}" height="24" rx="3"/>')
        bars.append(f'  <text x="{left + width * max(1, value) + 12:.0f}" y="{y + 17}">{value:.2f}</text>')
    size = f'viewBox="0 0 720 {height}" width="720" height="{height}"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">
  <title id="title">This host, as a share of the same files from a CDN</title>
  <style>{STYLE}  </style>
  <rect class="paper" width="720" height="{height}"/>
  <rect class="ours" x="20" y="18" width="14" height="14" rx="2"/><text x="42" y="30">this host</text>
  <rect class="theirs" x="130" y="18" width="14" height="14" rx="2"/>
  <text x="152" y="30">the same files from a CDN = 1</text>
  <text class="quiet" x="20" y="52">100 ms and 10 Mbit/s; shorter is better</text>
{chr(10).join(bars)}
</svg>
"""


def readme(results: Results, text: str) -> str:
    return MARKED.sub(lambda match: match[1] + readme_lines(results) + match[2], text)


def readme_lines(results: Results) -> str:
    first = found(results, "start", "first visit").value
    hand_off = found(results, "handoff", HAND_OFF[0]).value
    return (
        f"On a 100 ms, 10 Mbit/s connection the phone loads in **{first:.0%}** of the CDN's time, and a sign-in comes "
        f"back in\n**{hand_off:.0%}**: see the [measurements](docs/measurements.md).\n"
    )
