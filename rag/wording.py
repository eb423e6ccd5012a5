"""Sentences as bare words: without Markdown, markers and endings."""

from __future__ import annotations

import re

from rag.relevance import STOP_WORDS, stem

_MARKERS = re.compile(r"\s*(?<!\\)\[\d{1,3}\](?!\()")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_ESCAPED = re.compile(r"\\([\[\]()*_`#>~-])")
_REMARK = re.compile(r"\s*_\([^()\n]*\)_")
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?![A-Za-z0-9])|`|~~")
_LEADING = re.compile(r"^\s*(?:[-*+•>#]+\s+|\d{1,4}[.)]\s+)+")
_WORD = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """A sentence without list marks, emphasis, links' targets, remarks and markers."""
    text = _MARKERS.sub("", _REMARK.sub("", _LINK.sub(r"\1", text)))
    text = _EMPHASIS.sub("", _LEADING.sub("", _ESCAPED.sub(r"\1", text)))
    return " ".join(text.split()).strip(" .!?:;,")


def telling_stems(text: str) -> frozenset[str]:
    """The words that say something, without their endings."""
    words = _WORD.findall(text.lower())
    return frozenset(stem(word) for word in words if word not in STOP_WORDS)
