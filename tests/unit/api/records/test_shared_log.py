"""Log lines of several processes in one stream."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.processes import ROOT, environment

LINES = 40
LONG = 20_000  # more than a pipe takes whole
SCRIPT = f"""
import logging, sys
from pathlib import Path
from api.records.logs import LogSharing, configure

configure("info", "json", LogSharing(Path(sys.argv[1]), sys.argv[2]))
for _ in range({LINES}):
    logging.getLogger("api.test").info(sys.argv[2][-1] * {LONG})
"""


def test_no_line_is_torn_and_each_names_its_process(tmp_path: Path) -> None:
    names = ("worker-0", "worker-1")
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log) as collector,
    ):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", SCRIPT, str(tmp_path / "lock"), name],
                cwd=ROOT,
                env=environment(),
                stderr=collector.stdin,
            )
            for name in names
        ]
        assert [writer.wait(60) for writer in writers] == [0, 0]
        assert collector.stdin is not None
        collector.stdin.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    assert Counter(line["process"] for line in lines) == dict.fromkeys(names, LINES)
    assert all(line["event"] == line["process"][-1] * LONG for line in lines)
