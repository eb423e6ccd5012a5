"""Sentences as bare words: without Markdown, markers and endings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from rag.relevance import STOP_WORDS, stem

_MARKERS = re.compile(r"\s*(?<!\\)\[\d{1,3}\](?!\()")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_ESCAPED = re.compile(r"\\([\[\]()*_`#>~-])")
_REMARK = re.compile(r"\s*_\([^()\n]*\)_")
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?![A-Za-z0-9])|`|~~")
_LEADING = re.compile(r"^\s*(?:[-*+•>#]+\s+|\d{1,4}[.)]\s+)+")
_WORD = re.compile(r"[^\W_]+")
_SMALL = (
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_DIGITS = {
    **{word: str(number) for number, word in enumerate(_SMALL, start=2)},
    **{"twice": "2 times", "fifteen": "15", "twenty": "20", "thirty": "30", "sixty": "60"},
}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_DIGITS)})\b", re.IGNORECASE)
_MOST_EXCHANGED = 3


def plain(text: str) -> str:
    """A sentence without list marks, emphasis, links' targets, remarks and markers."""
    text = _MARKERS.sub("", _REMARK.sub("", _LINK.sub(r"\1", text)))
    text = _EMPHASIS.sub("", _LEADING.sub("", _ESCAPED.sub(r"\1", text)))
    return " ".join(text.split()).strip(" .!?:;,")


def telling_stems(text: str) -> frozenset[str]:
    """The words that say something, without their endings."""
    words = _WORD.findall(text.lower())
    return frozenset(stem(word) for word in words if word not in STOP_WORDS)


def with_digits(text: str) -> str:
    """The text with small numbers in digits, however they are written; `one` is left alone."""
    return _NUMBER_WORD.sub(lambda found: _DIGITS[found.group().lower()], text)


def substitutions(sentence: str, source: str) -> Iterator[tuple[str, str]]:
    """Words that stand in place of others, between words that are the same on both sides."""
    mine, theirs = _WORD.findall(sentence.lower()), _WORD.findall(source.lower())
    matcher = SequenceMatcher(None, [stem(word) for word in mine], [stem(word) for word in theirs])
    blocks = matcher.get_opcodes()
    for place, (kind, start, end, from_, to) in enumerate(blocks):
        if kind != "replace" or end - start > _MOST_EXCHANGED or to - from_ > _MOST_EXCHANGED:
            continue
        around = [blocks[i] for i in (place - 1, place + 1) if 0 <= i < len(blocks)]
        same = sum(block[2] - block[1] for block in around if block[0] == "equal")
        if same >= 2 and any(word not in STOP_WORDS for word in mine[start:end]):
            yield " ".join(mine[start:end]), " ".join(theirs[from_:to])
