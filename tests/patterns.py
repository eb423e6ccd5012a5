"""Finds every regular expression of the code, and how each is used, without a list of them."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import api
import evals
import ingest
import rag

ROOT = Path(__file__).parents[1]
PACKAGES = (rag, ingest, api, evals)
# These need what only an extra of the package brings, or run when they are imported.
_NOT_IMPORTED = re.compile(r"\.migrations\b|\.__main__\Z")
_ANCHORED = frozenset({"match", "fullmatch"})
_DEPTH = 5


@dataclass(frozen=True, slots=True)
class FoundPattern:
    """A pattern, where it was found, and the methods that the code calls on it.

    `methods` is empty where the pattern is handed around, so that any may be called.
    """

    place: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]

    def run(self, text: str) -> None:
        """Everything that the code may do with a text and this pattern, as far as it takes time."""
        subject: Any = text.encode("utf-8") if isinstance(self.pattern.pattern, bytes) else text
        methods = self.methods or {"search", *_ANCHORED}
        for method in sorted(methods & _ANCHORED):
            getattr(self.pattern, method)(subject)
        if methods - _ANCHORED:
            for _ in self.pattern.finditer(subject):
                pass

    @property
    def text(self) -> str:
        raw = self.pattern.pattern
        return raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)


@cache
def found_patterns() -> tuple[FoundPattern, ...]:
    """Every pattern that a module of the code holds, each once."""
    uses = _uses()
    found: dict[re.Pattern[Any], FoundPattern] = {}
    for module in _modules():
        for name, value in list(vars(module).items()):
            for pattern in _patterns_in(value, _DEPTH):
                methods = uses.get((module.__name__, name), frozenset())
                known = found.get(pattern)
                if known is not None:  # imported from elsewhere, or written twice
                    methods = known.methods | methods if known.methods and methods else methods
                place = known.place if known else f"{module.__name__}.{name}"
                found[pattern] = FoundPattern(place, pattern, methods)
    return tuple(sorted(found.values(), key=lambda one: one.place))


def inline_calls() -> Iterator[tuple[str, int, ast.Call]]:
    """Calls of `re` within functions, with file and line."""
    for path, tree in _trees():
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        calls = {
            node for inside in functions for node in ast.walk(inside) if isinstance(node, ast.Call)
        }
        for call in sorted(calls, key=lambda call: call.lineno):
            if _is_call_of_re(call):
                yield str(path.relative_to(ROOT)), call.lineno, call


def compiled_literals() -> Iterator[tuple[str, int, str]]:
    """The patterns that modules compile from literals, with file and line."""
    for path, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_call_of_re(node) and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield str(path.relative_to(ROOT)), node.lineno, first.value


def _is_call_of_re(call: ast.Call) -> bool:
    called = call.func
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id == "re"
        and called.attr != "escape"
    )


def _modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not _NOT_IMPORTED.search(module.name):
                yield importlib.import_module(module.name)


def _patterns_in(value: object, depth: int) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict):
        for key, inner in value.items():
            yield from _patterns_in(key, depth - 1)
            yield from _patterns_in(inner, depth - 1)
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for inner in value:
            yield from _patterns_in(inner, depth - 1)
    elif depth and dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _patterns_in(getattr(value, field.name, None), depth - 1)
    elif depth and isinstance(value, type) and value.__module__.split(".")[0] in _names():
        for inner in vars(value).values():
            yield from _patterns_in(inner, 1)


def _names() -> set[str]:
    return {package.__name__ for package in PACKAGES}


@cache
def _trees() -> tuple[tuple[Path, ast.Module], ...]:
    paths = [path for name in sorted(_names()) for path in sorted((ROOT / name).rglob("*.py"))]
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


def _uses() -> dict[tuple[str, str], frozenset[str]]:
    """The methods called on each module's names; none where a name is used in any other way."""
    called: dict[tuple[str, str], set[str]] = defaultdict(set)
    handed_on: set[tuple[str, str]] = set()
    for path, tree in _trees():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        origin = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        owners = {
            node.value: node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                key = origin.get(node.id, (module, node.id))
                if node in owners:
                    called[key].add(owners[node])
                else:
                    handed_on.add(key)
    return {key: frozenset(methods) for key, methods in called.items() if key not in handed_on}
