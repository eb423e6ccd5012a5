"""Families of hostile texts: made to grow, and to be as hard as possible for patterns.

A family is a beginning, a unit that is repeated, and an end. The general ones are runs of every
kind of character that patterns are made of, and nested and broken markup. Others are derived from
a pattern: a part of a match repeated (near-matches), and what each of its repetitions takes,
behind what leads to that repetition and before what cannot follow it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# The parse tree of a pattern has no public module.
sre: Any = importlib.import_module("re._constants")
sre_parser: Any = importlib.import_module("re._parser")

_FAILS = "\x00"  # what almost no pattern takes: a match that needs more fails here
# Those first that most classes of characters take.
_ALPHABET = "Aa1 \n-_.\t:/`*#[](){}<>\"'=|~\\!,;$&@%+?^é\x00"
_MAX_CHARACTERS = 10  # of a class, that are tried
_MANY = 8  # a repetition that may take more is one that a text can make long
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Family:
    """`head`, then `unit` as often as it fits, then `end`."""

    head: str
    unit: str
    end: str = _FAILS

    def text(self, length: int) -> str:
        """About `length` characters."""
        return self.head + self.unit * max(1, length // len(self.unit)) + self.end


GENERAL: dict[str, Sequence[str]] = {
    "capitals": ("A", "Aa", "AAa ", "A1"),
    "small letters": ("a", "a b ", "of the ", "not a "),
    "digits": ("1", "1.", "1,", "1 ", "1:", "1-", "a1"),
    "white space": (" ", "\t", "\n", " \n", "  a"),
    "sentence ends": (".", ". ", "A. ", "a. B", "!?", "e.g. ", ".\"' "),
    "brackets": ("[", "[]", "]", "[1] ", "[^1", "{", "}"),
    "parentheses": ("(", "()", "_(", ")_", "a(", "$(", "$(("),
    "links": ("[a](", "![a](", "[a](b ", "[a][", "<a ", "</", "http://a/", "a@"),
    "emphasis": ("*", "_", "*a ", "_a_", "~~", "~~a", "* "),
    "backticks": ("`", "`a ", "`a`", "```\n", "```a", "~~~a", "\n```"),
    "quotes": ('"', "'", '"a', "a'", "\\", '\\"', "> ", ">"),
    "comments": ("<!--", "-->", "<!", "-- ", "/*", "# ", "\n#", "\n> "),
    "lists": ("- ", "\n- ", "1. ", "\n1. ", "| ", "\n|", "+-", "= "),
    "joints": ("a-", "a_", "a.", "a:", "a/", "a=b ", "--a", "-a ", "-", "="),
    "shell": ("$", "${", "{{", "<<", ";", "&&", "a|", "<a>", "%"),
    "tokens": ("eyJ", "eyJa-", "eyJaaaaaaaa.", "AKIA", "-----BEGIN ", "password ", "token="),
    "others": ("é", "…", "\u200b", "^", "@", ",", "\\\n"),
}


def general() -> Iterator[Family]:
    """The families that are no pattern's own."""
    return (Family("", unit) for units in GENERAL.values() for unit in units)


def derived(pattern: str, flags: int = 0) -> set[Family]:
    """The families that are made of a pattern's own parts."""
    tree = sre_parser.parse(pattern, flags & re.VERBOSE)
    found: set[Family] = set()
    for head, items in _sequences(tree, ""):
        for length in range(1, len(items) + 1):
            for sample in _samples(items[:length]):
                units = {sample, f"{sample} ", head + sample, f"{head}{sample}\n"} - {""}
                found |= {Family("", unit) for unit in units}
        for before, pumped in _pumped(items, head, pattern):
            found |= {
                Family(before, pumped),
                Family(before, pumped, "\n"),
                Family(before, pumped, ""),
            }
            found.add(Family("", before + pumped))
    return found


def _sequences(items: Sequence[Any], head: str) -> Iterator[tuple[str, Sequence[Any]]]:
    """The sequences of elements within a pattern, each with a text that leads to it."""
    yield head, items
    for operation, argument in items:
        for inner in _inner(operation, argument):
            yield from _sequences(inner, head)
        head += _sample(operation, argument)[0]


def _pumped(items: Sequence[Any], head: str, pattern: str) -> Iterator[tuple[str, str]]:
    """What leads to each long repetition of a sequence, and a text that the repetition takes."""
    for operation, argument in items:
        if _is_repeat(operation) and (argument[1] is sre.MAXREPEAT or argument[1] > _MANY):
            inner = argument[2]
            units = set(_samples(inner))
            if len(inner) == 1:
                taken = _characters(*inner[0])
                units |= {char for char in taken if char in pattern}
                units |= set(taken[:_MAX_CHARACTERS])
            yield from ((head, unit) for unit in sorted(units - {""}))
        head += _sample(operation, argument)[0]


def _samples(items: Sequence[Any]) -> list[str]:
    """A few short texts that match a sequence, as far as it can be told."""
    texts = [""]
    for operation, argument in items:
        texts = [text + more for text in texts for more in _sample(operation, argument)]
        texts = texts[:_SAMPLES]
    return texts


def _sample(operation: Any, argument: Any) -> list[str]:
    if characters := _characters(operation, argument):
        return characters[:1]
    if _is_repeat(operation):
        least, _, inner = argument
        return [text * max(1, least) for text in _samples(inner)]
    if operation in (sre.ASSERT, sre.ASSERT_NOT):
        return [""]
    return [text for inner in _inner(operation, argument) for text in _samples(inner)] or [""]


def _is_repeat(operation: Any) -> bool:
    return operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)


def _inner(operation: Any, argument: Any) -> list[Sequence[Any]]:
    """The sequences that an element of a pattern consists of."""
    if operation is sre.BRANCH:
        return list(argument[1])
    if operation is sre.SUBPATTERN:
        return [argument[3]]
    if operation in (sre.ASSERT, sre.ASSERT_NOT):
        return [argument[1]]
    if _is_repeat(operation):
        return [argument[2]]
    return [argument] if operation is sre.ATOMIC_GROUP else []


def _characters(operation: Any, argument: Any) -> list[str]:
    """Characters that one element of a pattern matches; empty for what is no single character."""
    if operation is sre.LITERAL:
        return [chr(argument)]
    if operation is sre.NOT_LITERAL:
        return [char for char in _ALPHABET if ord(char) != argument]
    if operation is sre.ANY:
        return [char for char in _ALPHABET if char != "\n"]
    if operation is not sre.IN:
        return []
    negated = argument[0][0] is sre.NEGATE
    found = [char for char in _ALPHABET if _is_member(argument, char) is not negated]
    return found or [chr(first) for first in map(_first, argument) if first is not None][:1]


def _is_member(members: Sequence[Any], char: str) -> bool:
    return any(_holds(operation, argument, char) for operation, argument in members)


def _holds(operation: Any, argument: Any, char: str) -> bool:
    if operation is sre.LITERAL:
        return bool(ord(char) == argument)
    if operation is sre.RANGE:
        return bool(argument[0] <= ord(char) <= argument[1])
    if operation is sre.CATEGORY:
        name = str(argument)
        kinds = {"WORD": char.isalnum() or char == "_", "DIGIT": char.isdigit()}
        held = next((held for kind, held in kinds.items() if name.endswith(kind)), char.isspace())
        return held is not ("NOT" in name)
    return False


def _first(member: tuple[Any, Any]) -> int | None:
    operation, argument = member
    if operation is sre.LITERAL:
        return int(argument)
    return int(argument[0]) if operation is sre.RANGE else None
