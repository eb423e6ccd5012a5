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
_ENDS = ("", "\x00", "\n", "!")
_ALPHABET = " \t\nAaZz19._-:/`*#[](){}<>\"'=|~\\!,;$&@%+?^é\x00"
_MANY = 8  # a repetition that may take more is one that a text can make long
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Family:
    """`head`, then `unit` as often as it fits, then `end`."""

    head: str
    unit: str
    end: str = ""

    def text(self, length: int) -> str:
        """About `length` characters."""
        return self.head + self.unit * max(1, length // len(self.unit)) + self.end


GENERAL: dict[str, Sequence[str]] = {
    "capitals": ("A", "AB", "Aa", "aA", "AAa", "A1"),
    "small letters": ("a", "ab ", "a b ", "of the ", "not "),
    "digits": ("1", "1.", "1,", "1 ", "0.", "1:", "1-", "a1"),
    "white space": (" ", "\t", "\n", " \n", "\n ", "\n\n", "  a"),
    "sentence ends": (".", ". ", "A. ", "a. B", "!?", "e.g. ", "...", ".\"' "),
    "brackets": ("[", "[]", "[[", "]", "[1]", "[1] ", "[a", "[^1", "【1"),
    "parentheses": ("(", "((", "()", "_(", "(_", ")_", "a(", "$(", "$(("),
    "links": ("[a](", "![a](", "[a](b ", "](", "[a][", "<a ", "</", "http://a/", "://", "a@"),
    "emphasis": ("*", "**", "_", "__", "*a ", "_a_", "~", "~~", "~~a", "* "),
    "backticks": ("`", "``", "```", "`a", "`a ", "```\n", "\n```", "~~~\n", "`a`"),
    "quotes": ('"', "'", '"a', "'a", "\\", '\\"', "a'", "> ", ">"),
    "comments": ("<!--", "-->", "<!", "--", "-- ", "/*", "#", "# ", "\n#", "\n> "),
    "lists": ("- ", "\n- ", "1. ", "\n1. ", "| ", "|", "\n|", "+-", "=", "= "),
    "joints": ("a-", "a_", "a.", "a:", "a/", "a=", "--a", "-a ", "a=b ", "-", "-1"),
    "shell": ("$", "${", "{{", "<<", ">", ";", "&&", "|a", "a|", "<a>", "%"),
    "tokens": ("eyJ", "eyJa.", "eyJaaaaaaaa.", "sk-", "AKIA", "-----BEGIN ", "password", "token="),
    "others": ("é", "\x00", "…", "\u200b", "0x", "{", "}", "^", "@", ","),
}


def general() -> Iterator[Family]:
    """The families that are no pattern's own."""
    for units in GENERAL.values():
        for unit in units:
            yield Family("", unit)
            yield Family("", unit, "\x00")


def derived(pattern: str, flags: int = 0) -> set[Family]:
    """The families that are made of a pattern's own parts."""
    tree = sre_parser.parse(pattern, flags & re.VERBOSE)
    found: set[Family] = set()
    for length in range(1, len(tree) + 1):
        for sample in _samples(tree[:length]):
            units = [sample, f"{sample} ", f"{sample}\n"] if sample else []
            found |= {Family("", unit, end) for unit in units for end in _ENDS[:2]}
    for head, pumped in _pumped(tree, ""):
        found |= {Family(head, pumped, end) for end in _ENDS}
        found |= {Family("", head + pumped)}
    return found


def _samples(items: Sequence[Any]) -> list[str]:
    """A few short texts that match a sequence of a parse tree, as far as it can be told."""
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
    if operation is sre.BRANCH:
        return [text for branch in argument[1] for text in _samples(branch)[:1]]
    inner = _inner(operation, argument)
    return _samples(inner) if inner is not None else [""]


def _pumped(items: Sequence[Any], head: str) -> Iterator[tuple[str, str]]:
    """What leads to each long repetition of a pattern, and a text that the repetition takes."""
    for operation, argument in items:
        if _is_repeat(operation):
            _, most, inner = argument
            if most is sre.MAXREPEAT or most > _MANY:
                units = _characters(*inner[0]) if len(inner) == 1 else []
                yield from ((head, unit) for unit in {*units, *_samples(inner)} if unit)
            yield from _pumped(inner, head)
        elif operation is sre.BRANCH:
            for branch in argument[1]:
                yield from _pumped(branch, head)
        elif operation in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _pumped(argument[1], head)
        elif (inner := _inner(operation, argument)) is not None:
            yield from _pumped(inner, head)
        head += _sample(operation, argument)[0]


def _is_repeat(operation: Any) -> bool:
    return operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)


def _inner(operation: Any, argument: Any) -> Sequence[Any] | None:
    if operation is sre.SUBPATTERN:
        return argument[3]  # type: ignore[no-any-return]
    return argument if operation is sre.ATOMIC_GROUP else None


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
