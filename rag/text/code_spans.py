"""Inline code of Markdown, found as CommonMark finds it, in time linear in the text.

A code span ends at the first run of backticks that is as long as the one that opens it; a
backslash before a backtick keeps that one from opening a span, and means nothing inside one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable

Span = tuple[int, int]

_RUN = re.compile(r"`+")
_OPENING = re.compile(r"\\[\\`]|`+|<!--")
_COMMENT_START, _COMMENT_END = "<!--", "-->"


def code_spans(text: str) -> list[Span]:
    """Where the code spans of one paragraph stand, backticks included, in order."""
    return code_and_comments(text)[0]


def without_comments(text: str) -> str:
    """A paragraph with a space in place of each HTML comment that is no part of a code span."""
    parts, done = [], 0
    for start, end in code_and_comments(text)[1]:
        parts += [text[done:start], " "]
        done = end
    return "".join([*parts, text[done:]])


def masked(text: str, spans: list[Span], mask: str = " ") -> str:
    """The text with every character of these spans replaced by `mask`, one character."""
    parts, done = [], 0
    for start, end in spans:
        parts += [text[done:start], mask * (end - start)]
        done = end
    return "".join([*parts, text[done:]])


def outside_code_spans(text: str, change: Callable[[str], str]) -> str:
    """A paragraph with everything but its code spans changed."""
    parts, done = [], 0
    for start, end in code_spans(text):
        parts += [change(text[done:start]), text[start:end]]
        done = end
    return "".join([*parts, change(text[done:])])


def code_and_comments(text: str) -> tuple[list[Span], list[Span]]:
    """Where the code spans of one paragraph stand, and its HTML comments outside them, in order."""
    runs: dict[int, list[int]] = defaultdict(list)
    for run in _RUN.finditer(text):
        runs[len(run.group())].append(run.start())
    code: list[Span] = []
    comments: list[Span] = []
    place = 0
    while (found := _OPENING.search(text, place)) is not None:
        place = found.end()
        if found.group() == _COMMENT_START:
            end = text.find(_COMMENT_END, place)
            if end < 0:
                text = text.replace(_COMMENT_START, "\0" * len(_COMMENT_START))  # none of them ends
            else:
                place = end + len(_COMMENT_END)
                comments.append((found.start(), place))
        elif found.group().startswith("`"):
            closers = runs[len(found.group())]
            closing = bisect_left(closers, place)
            if closing < len(closers):
                place = closers[closing] + len(found.group())
                code.append((found.start(), place))
    return code, comments
