"""Every regular expression takes time linear in the length of a text, however hostile it is.

The patterns are found in the code, so a new one is tested as soon as it is written.
"""

from __future__ import annotations

import ast
import re

import pytest

from tests.growth import superlinear
from tests.hostile_texts import GENERAL, Family, derived, general
from tests.patterns import FoundPattern, found_patterns, inline_calls

# Patterns that functions make of other text, and the tests of those functions' growth.
_MADE_OF_TEXT = {
    "api/settings/index.py": "a pattern of the operator's own settings",
    "rag/guardrails/secret_forms.py": "each is kept in a constant, where it is found",
    "rag/guardrails/secret_names.py": "the same, made of lists of names",
    "ingest/lint/conflicts.py": "names of alerts, escaped, between word boundaries",
    "rag/faithfulness/names.py": "one name, escaped, between look-arounds",
    "rag/retrieval/relevance.py": "one name, escaped, between look-arounds",
    "ingest/chunking/prose.py": "so many characters, whatever they are",
    "rag/command_risk/sql.py": "words of a table, between word boundaries",
    "rag/command_risk/sql_programs.py": "one letter of an option",
}
_OLD_PATTERNS = {
    "capitals": r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]",
    "links": r"(?<!!)\[([^\]\n]+)\]\(([^)\s]+)[^)\n]*\)",
    "markers": r"\s*(?<!\\)\[\d{1,3}\](?!\()",
    "bounds": r"\W*\w*\s*or (?:more|higher|above)",
    "headings": r"\s*#{1,6}\s*(.*?)\s*#*\s*$",
    "web tokens": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
    "nested": r"(?:a+)+\Z",
}


def _growth_of(found: FoundPattern) -> str | None:
    """The first family for which a pattern's time grows too fast, and how it grows."""
    made = sorted(derived(found.text, found.pattern.flags), key=repr)
    for family in dict.fromkeys([*general(), *made]):
        if growth := superlinear(found.run, family.text):
            return f"{found.place} {found.text!r} on {family}: {growth}"
    return None


def test_there_are_at_least_eight_families_and_many_patterns() -> None:
    assert len(GENERAL) >= 8
    assert len(found_patterns()) > 100


@pytest.mark.parametrize("package", ["api", "evals", "ingest", "rag"])
def test_time_grows_linearly_with_every_hostile_text(package: str) -> None:
    patterns = [found for found in found_patterns() if found.place.startswith(f"{package}.")]
    assert not [slow for slow in map(_growth_of, patterns) if slow]


@pytest.mark.parametrize("kind", _OLD_PATTERNS)
def test_patterns_that_are_not_linear_are_caught(kind: str) -> None:
    pattern = re.compile(_OLD_PATTERNS[kind])
    methods = frozenset({"match"} if kind in ("bounds", "headings") else {"search"})
    assert _growth_of(FoundPattern(kind, pattern, methods))


def test_a_family_is_derived_from_a_pattern() -> None:
    assert Family("<", "a") in derived(r"<[^>]*>")


def test_patterns_that_functions_write_inline_are_linear_too() -> None:
    slow = []
    for path, line, call in inline_calls():
        pattern = call.args[0] if call.args else None
        if not isinstance(pattern, ast.Constant):
            assert path in _MADE_OF_TEXT, f"{path}:{line}: make this pattern a constant"
            continue
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        found = FoundPattern(f"{path}:{line}", re.compile(pattern.value), frozenset({method}))
        slow.append(_growth_of(found))
    assert not [one for one in slow if one]
