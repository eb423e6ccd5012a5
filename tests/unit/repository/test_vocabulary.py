"""Names in the code use the glossary's terms; retired words may not name anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRODUCT = ("rag", "ingest", "api", "evals")
# The retired word, and what to write instead. A word that is a fine name elsewhere in the field,
# such as `page` for the pages of a listing, is not here.
RETIRED = {
    "told": "the noun that it is, `on_report` or `on_progress`",
    "lane": "signal",
    "lanes": "signals",
    "piece": "block, or token of a stream",
    "pieces": "blocks",
    "astray": "has_invalid_markers",
    "vain": "introduces_removed_code",
    "unborne": "unsupported",
    "remembering": "caching",
    "beside": "a name for what it holds",
    "noted": "audited",
    "provided": "dependencies",
    "narrowing": "query, options or filters",
    "desk": "a name for what it answers",
    "most": "max",
    "least": "min",
}
# Names of settings and of stored values, which users' files hold.
RELEASED = frozenset({"most_requests", "least_tokens"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Names that code defines: modules are checked by their paths, imports are not definitions."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def retired_words(name: str) -> list[str]:
    words = [] if name in RELEASED else [word.lower() for word in _WORD.findall(name)]
    return [word for word in words if word in RETIRED]


@pytest.mark.parametrize("package", PRODUCT)
def test_no_retired_word_names_anything(package: str) -> None:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        if "migrations" in path.parts:  # migrations that were released stay as they are
            continue
        place = path.relative_to(ROOT)
        found += [f"{place}: {word} -> {RETIRED[word]}" for word in retired_words(path.stem)]
        for line, name in _names(ast.parse(path.read_text(encoding="utf-8"))):
            for word in retired_words(name):
                found.append(f"{place}:{line}: {name}: {word} -> {RETIRED[word]}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("told", ["told"]),
        ("_MOST_PAGES", ["most"]),
        ("RememberingEmbedder", ["remembering"]),
        ("almost_done", []),
        ("on_report", []),
    ],
)
def test_retired_words_are_found_in_names_of_any_style(name: str, words: list[str]) -> None:
    assert retired_words(name) == words
