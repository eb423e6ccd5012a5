"""The form in which text is searched. The index and every question go through these functions.

`unicode_form` gives what looks the same the same characters: NFKC takes full-width letters,
ligatures and half-width katakana to ordinary ones, and characters without width disappear.
`searchable` also divides scripts that are written without spaces between words, so that an index
of words finds any phrase of them: overlapping pairs of characters, as Lucene's CJKAnalyzer does.
"""

from __future__ import annotations

import itertools
import re
import unicodedata

# Soft hyphens (with the line break that one allows), zero-width spaces and joiners, directional
# marks, word joiners, variation selectors and the byte order mark.
_WITHOUT_WIDTH = re.compile(
    "\u00ad\n?|[\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
# Vowel signs and tone marks, which Python's `\w` leaves out: of Indic scripts, Thai, Lao, Burmese
# and Khmer.
_MARKS_OF_THAI_AND_NEIGHBOURS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u1056-\u1059\u17b6-\u17d3\u17dd"
)
_MARKS = f"\u0300-\u036f\u0900-\u0903\u093a-\u0963\u0981-\u0dff{_MARKS_OF_THAI_AND_NEIGHBOURS}"
# Thai, Lao, Burmese, Khmer; kana, Han and Hangul, with their iteration and prolongation marks.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa"
    "\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U000323af"
)
_RUN = re.compile(f"[{_UNSPACED}]+")
_CHARACTER = re.compile(f"[{_UNSPACED}][{_MARKS_OF_THAI_AND_NEIGHBOURS}]*")
_WORD = re.compile(rf"[\w{_MARKS}]+")


def unicode_form(text: str) -> str:
    """The text in NFKC, without characters that have no width; ASCII stays as it is."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _WITHOUT_WIDTH.sub("", text))


def searchable(text: str) -> str:
    """The Unicode form, with each run of an unspaced script as its overlapping pairs."""
    if text.isascii():
        return text
    return _RUN.sub(lambda run: f" {_in_pairs(run.group())} ", unicode_form(text))


def indexed(text: str) -> str:
    """The searchable form with the last character of each run behind its pairs.

    So every character of an unspaced script begins a word, and a search for words that begin with
    it finds it wherever it stands.
    """
    if text.isascii():
        return text
    return _RUN.sub(lambda run: f" {_in_pairs(run.group(), 1)} ", unicode_form(text))


def is_single(word: str) -> bool:
    """Whether a word is a single character of an unspaced script."""
    return _CHARACTER.fullmatch(word) is not None


def words(text: str) -> list[str]:
    """The lower-case words of a text in searchable form, in order."""
    return _WORD.findall(searchable(text).lower())


def unspaced_runs(text: str) -> list[str]:
    """The runs of unspaced scripts in a text, in order."""
    return [] if text.isascii() else _RUN.findall(unicode_form(text))


def _in_pairs(run: str, last: int = 0) -> str:
    """The pairs of a run, and as many of its last characters."""
    characters = _CHARACTER.findall(run)
    if len(characters) < 2:
        return run
    pairs = [first + second for first, second in itertools.pairwise(characters)]
    return " ".join([*pairs, *characters[len(characters) - last :]])
