"""Sentences as bare words: without Markdown, markers and endings, small numbers in digits."""

from __future__ import annotations

import re
from functools import lru_cache

from rag.text.code_spans import outside_code_spans
from rag.text.links import replace_links
from rag.text.stemming import stem
from rag.text.stop_words import STOP_WORDS

_MARKERS = re.compile(r"(?:(?<!\s)\s++)?(?<!\\)\[\d{1,3}\](?!\()")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_REMARK = re.compile(r"(?:(?<!\s)\s++)?_\([^()\n]*+\)_")
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?![A-Za-z0-9])|~~")
_LEADING = re.compile(r"^\s*(?:[-*+•>#]+\s+|\d{1,4}[.)]\s+)+")
_WORD = re.compile(r"[^\W_]+")
_SMALL = _WORD.findall(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = _WORD.findall("twenty thirty forty fifty sixty seventy eighty ninety")
_NUMBERS = {
    **{word: number for number, word in enumerate(_SMALL) if word != "one"},
    **{word: 10 * number for number, word in enumerate(_TENS, start=2)},
}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBERS)})\b", re.IGNORECASE)
# Turns of phrase that say in several words what others say in one, or in digits; in this order.
_PHRASES = tuple(
    (re.compile(phrase, re.IGNORECASE), one)
    for phrase, one in (
        (r"\bhalf an hour\b", "30 minutes"),
        (r"\b(?:an?|one|each|every|per) (hour|minute|second|day|week|month)\b", r"1 \1"),
        (r"\btwice 1 minute\b", "30 seconds"),
        (r"\btwice\b", "2 times"),
        (r"\b(\d{1,3}) thousand\b", r"\g<1>000"),
        (r"\b(\d) in 10\b", r"\g<1>0 %"),
        (r"\bper ?cent\b", "%"),
        (r"\bby hand\b|\byourself\b", "manually"),
        (r"\b(?:by|of) (?:itself|themselves)\b|\bon (?:its|their) own\b", "automatically"),
        (r"\bfor good\b|\bforever\b", "permanently"),
        (r"\bno longer\b", "not"),
        (r"\b(?:no|not) more than\b", "at most"),
        (r"\b(?:no|not) less than\b", "at least"),
        (r"\bnothing (?:but|else than|more than)\b|\bnobody but\b", "only"),
    )
)
_IRREGULAR = {
    form: verb
    for verb, forms in {
        "lose": "lost losing",
        "keep": "kept",
        "send": "sent",
        "take": "taken took",
        "undo": "undone",
        "make": "made",
        "go": "gone went goes",
        "come": "came",
        "give": "gave given",
        "begin": "began begun",
        "know": "known knew",
        "find": "found",
        "run": "ran",
        "hold": "held",
        "leave": "left",
        "break": "broke broken",
        "fall": "fell fallen",
        "rise": "rose risen",
        "write": "written wrote",
        "build": "built",
        "freeze": "froze frozen",
        "choose": "chose chosen",
        "become": "became",
        "see": "saw seen",
        "tell": "told",
        "hear": "heard",
    }.items()
    for form in forms.split()
}


def word_set(words: str) -> frozenset[str]:
    """The words of a text that is a list of them."""
    return frozenset(words.split())


@lru_cache(4096)
def plain(text: str) -> str:
    """A sentence without list marks, emphasis, links' targets, remarks and markers."""
    return " ".join(unmarked(text).replace("`", "").split()).strip(" .!?:;,")


def unmarked(text: str) -> str:
    """The same with its marks at the end, and with its code as it is."""
    return outside_code_spans(_LEADING.sub("", text), _unmarked_prose)


def _unmarked_prose(text: str) -> str:
    text = replace_links(text, lambda link: link.label)
    text = _MARKERS.sub("", _REMARK.sub("", text))
    return _EMPHASIS.sub("", _ESCAPED.sub(r"\1", text).replace("&lt;", "<"))


@lru_cache(4096)
def telling_roots(text: str) -> frozenset[str]:
    """The words that say something, each as its root."""
    words = _WORD.findall(normalised(text).lower())
    return frozenset(root(word) for word in words if word not in STOP_WORDS)


@lru_cache(4096)
def normalised(text: str) -> str:
    """The text with numbers in digits and some turns of phrase in one word; `one` is left alone."""
    text = text.replace("\u2019", "'")
    text = _NUMBER_WORD.sub(lambda found: str(_NUMBERS[found.group().lower()]), text)
    for phrase, one in _PHRASES:
        text = phrase.sub(one, text)
    return text


@lru_cache(4096)
def root(word: str) -> str:
    """A lower-case word without its ending, so that `stopped`, `stops` and `stop` are one."""
    word = stem(_IRREGULAR.get(word, word))
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return (f"{word[:-1]}i" if word.endswith("y") else word).rstrip("e")
