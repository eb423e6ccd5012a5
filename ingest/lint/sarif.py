"""Findings in SARIF 2.1.0, which code hosts show next to the lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ingest.lint.findings import Finding
from ingest.lint.rules import RULES

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(
    findings: Sequence[Finding], version: str, shown: Callable[[Path], str]
) -> dict[str, Any]:
    """One SARIF log with one run; `shown` makes of a place a path relative to the checkout."""
    rules = list(RULES.values())
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "runbook-lint",
                        "version": version,
                        "rules": [
                            {
                                "id": rule.id,
                                "shortDescription": {"text": rule.summary},
                                "help": {"text": rule.mend},
                                "defaultConfiguration": {"level": rule.level.value},
                            }
                            for rule in rules
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(finding, rules.index(finding.rule), shown(finding.place))
                    for finding in findings
                ],
            }
        ],
    }


def _result(finding: Finding, index: int, path: str) -> dict[str, Any]:
    location = {
        "artifactLocation": {"uri": quote(path), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": finding.line},
    }
    # The line is left out, so that a finding is the same one when text above it grows.
    identity = f"{finding.rule.id}\0{path}\0{finding.message}"
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": finding.rule.level.value,
        "message": {"text": f"{finding.message}. {finding.rule.mend}"},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"finding/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }
