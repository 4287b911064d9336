"""What an export tells static hosts, which read `_headers`."""

import re
from pathlib import Path

from embeddable_host.config.load import load
from embeddable_host.site.site import build_site
from world.exported import ODD, PROFILES, rules
from world.host import add_release, configured, run


def test_the_rules_name_every_address_with_its_headers(host: Path) -> None:
    site = build_site(load(host / "embeddable.toml"))
    expected = {
        path: [("Content-Type", asset.media_type), *asset.headers]
        for path, asset in {**site.assets, "/404.html": site.missing}.items()
    }
    assert {f"/{name}" for name in ODD} < set(expected)
    assert rules(host / "out") == expected


def test_the_rules_contain_nothing_that_a_pattern_or_a_long_line_would_spoil(host: Path) -> None:
    """`*` and `:` are wildcards in a path; Cloudflare reads 2,000 characters of a line."""
    lines = (host / "out" / "_headers").read_text(encoding="ascii").splitlines()
    assert [line for line in lines if line.startswith("/") and re.search(r"[*:\s]", line)] == []
    assert max(len(line) for line in lines) <= 2000


def test_of_too_many_rules_those_of_release_files_come_last_with_a_warning(tmp_path: Path) -> None:
    host = configured(tmp_path, PROFILES)
    add_release(host, **{f"{number}.js": b"// %d" % number for number in range(120)})
    done = run(host, "export", "out")
    assert done.returncode == 0
    assert re.search(r"_headers has \d{3} rules, but Cloudflare reads only the first 100", done.stderr)
    read = list(rules(host / "out").items())[:100]
    exported = build_site(load(host / "embeddable.toml").without_relay()).assets
    mutable = {path for path, asset in exported.items() if "immutable" not in dict(asset.headers)["Cache-Control"]}
    assert mutable <= {path for path, _ in read}
