"""Paths in the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PUBLIC = {file.name: file for file in (ROOT / "public").rglob("*") if file.is_file()}  # by name, as it is served
NODE_MODULES = ROOT / "node_modules"
