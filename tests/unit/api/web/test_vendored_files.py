"""What is vendored is what was published, and its licence stands beside it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

VENDOR = Path(__file__).parents[4] / "api/web/static/vendor"


def test_every_vendored_file_is_listed_with_version_licence_and_checksum() -> None:
    listed = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    files = {path.name for path in VENDOR.iterdir() if path.suffix == ".js"}
    assert {entry["file"] for entry in listed} == files
    for entry in listed:
        data = (VENDOR / entry["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"], entry["file"]
        assert entry["version"]
        assert entry["licence"] == "0BSD"
        assert (VENDOR / entry["licence_file"]).read_text(encoding="utf-8")


def test_htmx_has_no_stale_search_results() -> None:
    """Before 4.0.1 a late answer could replace a newer one."""
    listed = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    versions = {tuple(map(int, entry["version"].split("."))) for entry in listed}
    assert versions
    assert min(versions) >= (4, 0, 1)
