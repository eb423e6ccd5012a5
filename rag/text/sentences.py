"""Splits a paragraph into sentences, in time linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A sentence ends after its mark and the closing quotes or brackets that follow it, where white
# space and the beginning of another sentence come next.
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]*_`]{0,3}+(?=\s++[\"'(*_`\[]{0,3}+[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|cf|approx|no|nr|ca|resp|(?-i:[A-Z]))\.\Z", re.IGNORECASE
)
_MAX_ABBREVIATION = len("approx.")
_LIST_NUMBER = re.compile(r"\d{1,4}\.")


def sentences(prose: str) -> list[str]:
    """The sentences of a paragraph, verbatim, without the white space between them."""
    return [sentence for sentence in _split(prose) if sentence]


def _split(prose: str) -> Iterator[str]:
    # Text that no sentence has been made of yet is never read twice: its backticks are counted
    # as it grows, an abbreviation is looked for at its end, and it is copied when it is yielded.
    start = counted = backticks = 0
    for found in _SENTENCE_END.finditer(prose):
        end = found.end()
        backticks += prose.count("`", counted, end)
        counted = end
        inside_code = backticks % 2 == 1
        if inside_code or _ABBREVIATION.search(prose, max(start, end - _MAX_ABBREVIATION), end):
            continue
        sentence = prose[start:end].strip()
        if _LIST_NUMBER.fullmatch(sentence):  # at most once for each `start`
            continue
        yield sentence
        start, backticks = end, 0
    yield prose[start:].strip()
