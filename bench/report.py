"""Writes the results of the measurements: a page and a picture in docs/, and lines of the README.

A test compares them with `results.json`, so that they contain only what was measured.
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
    "sign-in": "How long a sign-in takes",
    "handoff": "How long the callback takes",
    "wire": "What a user loads",
    "speed": "Requests per second",
    "memory": "What the host needs",
    "growth": "With more profiles and releases",
    "changes": "What users notice of a change",
}
LEADS = {
    "start": """A page of another site has the script tag. The time is from the page's navigation to the sign-in
button, on a connection with a round trip of 100 ms and 10 Mbit/s. *Next page*: the user goes to the page again in the
same tab; the browser still has this host's `app.js` in memory, and reads the CDN's from its cache.
*Restarted browser*: the browser was closed in between, and has kept its cache.""",
    "sign-in": """Host, CDN and RingCentral are all 100 ms away. The user presses *Sign In*, and the login page
redirects back immediately. *Severed*: the login page also severs the window. With the CDN such a sign-in never
completes, so this row is compared with a plain sign-in.""",
    "handoff": "On the same connection.",
    "wire": """The sizes of the compressed files.

If the previous `app.js` served as a compression dictionary (RFC 9842), a new `app.js` would need about a thousandth of
its compressed size if 40 places differ, and a thirtieth if 4,000 do. The host does not do this: only Chromium supports
it, and only with certificates of public authorities, so an intranet gains nothing. It cannot be used for `adapter.js`,
which pages of other sites load, and each release would need a delta for every older one.""",
    "speed": "32 connections request the same address. The server has one core.",
    "memory": "One worker, a full release, and three profiles beside the default one.",
    "growth": """The number of profiles varies with one release, and the number of releases with three profiles. *Swap*:
from a change of settings and release to the first response from it.""",
    "changes": """1,000 clients of two workers come again and again, for half a minute. Meanwhile, every second, a
release is added and another removed, or the settings change, every third time to invalid ones.""",
}
# Why a row misses its target: by what was measured, and compared with what.
HAND_OFF = ("redirect page, on an open connection", "a page built like the widget's own")
ONE_OF_TWO = (
    """one of two round trips is saved. The rest of the time, some 70 ms here, any page needs in the browser."""
)
SHARED = """a change uses part of the two cores that the thousand clients need as well, and runs differ: three had 1.09,
1.13 and 1.40. No response waits for a change, and none fails."""
SAME = """both sides request only `app.html`, and then run the same scripts. The rounds differ by more than what is
missing."""
UNKNOWN = "we have not looked for the reason."
REASONS: dict[tuple[str, str], str] = {
    ("in a restarted browser", "the same release as the CDN serves it"): SAME,
    HAND_OFF: ONE_OF_TWO,
    ("a visit of three requests, during changes", "without them"): SHARED,
}

DRAWN = (
    ("start", "first visit", "phone, first visit"),
    ("start", "next page", "phone, next page"),
    ("start", "in a restarted browser", "phone, restarted browser"),
    ("sign-in", "press to token request", "sign-in"),
    ("sign-in", "press to token request, severed", "sign-in, severed"),
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

INTRODUCTION = """The host and what it is compared with take turns in one run, because the speed of a machine changes by
the minute. So the **ratio** matters more than the seconds. It is the median of the rounds, followed by the smallest and
the largest.

The widget is a stand-in: text of the same size as 2.3.1, which compresses about as well and which a browser must parse
and run. With `RELEASE=folder`, `make bench` measures a real one.

The machine: {machine}.
"""

Results = Mapping[str, Any]


def load() -> dict[str, Any]:
    return dict(json.loads(RESULTS.read_text(encoding="utf-8"))) if RESULTS.exists() else {"parts": {}}


def keep(part: str, rows: list[Row]) -> None:
    """Replaces the rows of a part's last run."""
    results = load()
    results["machine"] = machine()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    results["parts"][part] = {"date": today, "commit": commit(), "rows": [rounded(row) for row in rows]}
    results["parts"] = {name: results["parts"][name] for name in TITLES if name in results["parts"]}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def rounded(row: Row) -> dict[str, Any]:
    """The row, rounded to four digits."""
    digits = {name: [float(f"{value:.4g}") for value in getattr(row, name)] for name in ("ours", "theirs")}
    return {**asdict(row), **digits}


def commit() -> str:
    """The measured commit, and whether the working tree differs from it."""
    git = ("git", "-C", str(ROOT))
    changed = output_of(*git, "status", "--porcelain", "--", "server", "public", "nginx")
    return output_of(*git, "rev-parse", "--short", "HEAD") + (", changed" if changed else "")


def machine() -> str:
    """The machine in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    chromium = re.findall(r"[\d.]+", output_of("chromium", "--version"))[0]
    nginx = re.findall(r"nginx/([\d.]+)", output_of("/usr/sbin/nginx", "-v"))[0]
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{len(CORES)} cores, {memory:.0f} GiB of memory, Chromium {chromium}, nginx {nginx}, Python {python}, "
        f"uvicorn {version('uvicorn')}"
    )


def output_of(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip()


def rows_of(results: Results, part: str) -> list[Row]:
    return [Row(**row) for row in results["parts"].get(part, {"rows": []})["rows"]]


def write() -> None:
    """Writes the page, the picture and the README's lines."""
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
    yield "![Bars: times and bytes of this host, as a share of the CDN's](measurements.svg)\n"
    yield INTRODUCTION.format(machine=results["machine"])
    yield "```sh\nmake bench                # half an hour at most\nBENCH=start make bench    # one part\n```\n"
    for part, title in TITLES.items():
        if part in results["parts"]:
            yield from section(results, part, title)


def section(results: Results, part: str, title: str) -> Iterator[str]:
    rows = rows_of(results, part)
    yield f"## {title}\n\n{LEADS[part]}\n"
    yield "| what | this host | compared with | ratio | must be |\n|---|---|---|---|---|"
    for row in rows:
        yield f"| {' | '.join(cells(row))} |"
    yield ""
    for row in rows:
        if row.is_reached is False:
            compared = f", compared with {row.against}" if row.against else ""
            yield f"- **{row.what}** misses its target{compared}: {reason(row)}"
    yield f"\nMeasured on {results['parts'][part]['date']}, commit `{results['parts'][part]['commit']}`.\n"


def reason(row: Row) -> str:
    return " ".join(REASONS.get((row.what, row.against), UNKNOWN).split())


def found(results: Results, part: str, what: str) -> Row:
    [row] = [row for row in rows_of(results, part) if row.what == what]
    return row


def picture(results: Results) -> str:
    """A bar for each ratio, in front of one for what it is compared with."""
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
  <title id="title">Times and bytes of this host, as a share of the CDN's</title>
  <style>{STYLE}  </style>
  <rect class="paper" width="720" height="{height}"/>
  <rect class="ours" x="20" y="18" width="14" height="14" rx="2"/><text x="42" y="30">this host</text>
  <rect class="theirs" x="130" y="18" width="14" height="14" rx="2"/>
  <text x="152" y="30">the same files from a CDN = 1</text>
  <text class="quiet" x="20" y="52">100 ms, 10 Mbit/s; shorter is better</text>
{chr(10).join(bars)}
</svg>
"""


def readme(results: Results, text: str) -> str:
    return MARKED.sub(lambda match: match[1] + readme_lines(results) + match[2], text)


def readme_lines(results: Results) -> str:
    first = found(results, "start", "first visit").value
    hand_off = found(results, "handoff", "redirect page, on an open connection").value
    return (
        f"On a 100 ms, 10 Mbit/s connection the phone loads in **{first:.0%}** of the CDN's time, and the redirect\n"
        f"page needs **{hand_off:.0%}** of the time of the widget's own: see the "
        "[measurements](docs/measurements.md).\n"
    )
