"""Signs that a document speaks to a model, not to a person.

What is found is reported at ingest and kept from a model; the page stays as searchable as before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rag.guardrails.forged_roles import forged_turns, has_role_token

# Characters that show nothing: zero-width ones, the soft hyphen, direction overrides, and tags.
HIDDEN_CHARACTERS = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# Hidden characters that hide something: within a word, many in a row, or those that change the
# direction or carry text of their own. A single one between words is left over from an editor.
_HIDING = re.compile(
    "(?<=[A-Za-z])[\u034f\u180b-\u180f\u200b\u200c\u2060-\u2064]++(?=[A-Za-z])"
    "|[\u200b-\u200d\u2060-\u2064\ufe00-\ufe0f]{8}|[\u061c\u115f\u1160\u17b4\u17b5\u202a-\u202e"
    "\u2065-\u206f\u3164\uffa0\U000e0000-\U000e0fff]"
)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# `user: deploy` is a line of many a configuration, which is why code is not looked at for these.
ROLE_LINE = re.compile(
    r"^(?P<head>[ \t>*_#-]*(?:system|assistant|user|developer|human|ai|instructions?|responses?))"
    r"[ \t*_]*:(?=\s|$)",
    re.IGNORECASE | re.MULTILINE,
)
# Nothing of a fence is given back: a long run of backticks would be tried at each of its places.
# What follows it on its line holds no other fence, and a fence is compared with all that follows,
# so its length is bounded.
CODE = re.compile(
    r"(?<![`~])(?P<fence>`{3,99}+(?=[^`\n]*+\n)|~{3,99}+(?=[^~\n]*+\n)).*?(?:(?P=fence)|\Z)"
    r"|`[^`\n]++`",
    re.DOTALL,
)
ROLE_TOKEN = re.compile(
    r"<\|[\w ]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:s|context|passages?|system|assistant|user)>",
    re.IGNORECASE,
)
_TELLS_A_MODEL = re.compile(
    r"\b(?:ignore|disregard|forget)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|"
    r"your|all|any|these|those|the system)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|"
    r"guidelines?|context)\b"
    # Rules of a firewall are bypassed too, so these verbs need more.
    r"|\b(?:override|bypass)\b[^.\n]{0,40}\b(?:(?:previous|prior|earlier|your|the system)\b"
    r"[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|context)"
    r"|(?:above|all|any|these|those)\b[^.\n]{0,30}\b(?:instructions?|prompts?|guidelines?))\b"
    r"|\byou are (?:now|no longer)\b[^.\n]{0,60}\b(?:assistant|ai|model|bot|mode|persona|dan)\b"
    r"|\b(?:reveal|print|repeat|show|leak|output)\b[^.\n]{0,40}\b(?:system prompt|your prompt|your "
    r"instructions|hidden instructions|initial prompt)\b"
    r"|\b(?:as an ai|dear (?:ai|model|assistant)|attention,? (?:ai|llm|assistants?|models?))\b"
    r"|\b(?:ai|llm|language model|assistant)s?\b[^.\n]{0,30}\b(?:must|should|shall)\b[^.\n]{0,40}"
    r"\b(?:tell|answer|reply|respond|cite|recommend|say|ignore)\b"
    r"|\bdo not (?:tell|mention to|reveal to|inform) the (?:user|reader|operator|engineer)\b",
    re.IGNORECASE,
)
_ASKS_FOR_OTHERS = re.compile(
    r"\b(?:reveal|show|list|print|dump|quote|include|output|summari[sz]e)\b[^.\n]{0,30}"
    r"\b(?:all|every|any|the|other)\b[^.\n]{0,20}"
    r"\b(?:other|secret|confidential|restricted|private|hidden)\b[^.\n]{0,20}"
    r"\b(?:pages?|documents?|runbooks?|files?|passages?|context)\b",
    re.IGNORECASE,
)
_FORGED_MARKER = re.compile(
    r"\b(?:cite|citing|citations?|cited as|marker|source)\b[^.\n]{0,30}(?<![\w\])])\[\d{1,3}\]"
    r"|\[\d{1,3}\](?:\s*\[\d{1,3}\])+|【\d{1,3}[^】\n]{0,20}】",
    re.IGNORECASE,
)
_FORGED_ROLE = "forges a role of a conversation"
# Letters that `re.IGNORECASE` takes for an ASCII letter, and `str.lower` does not.
_OTHER_CASES = str.maketrans("\u0130\u0131\u017f\u212a", "iisk")


@dataclass(frozen=True, slots=True)
class _Shape:
    """A sign that a single line shows.

    Every match holds one of `hints` in lower case: to look for a substring is far cheaper than to
    search by a pattern, and most lines have none.
    """

    reason: str
    is_in: Callable[[str], object]
    hints: tuple[str, ...]

    def lines(self, lower: str) -> set[int]:
        """The lines of a text in lower case, counted from 0, that may show the sign."""
        found: set[int] = set()
        for hint in self.hints:
            line = start = 0
            while (place := lower.find(hint, start)) >= 0:
                line += lower.count("\n", start, place)
                found.add(line)
                start = lower.find("\n", place) + 1 or len(lower)
                line += 1
        return found


_TELLING = _Shape(
    "tells a model what to do",
    _TELLS_A_MODEL.search,
    (
        "instruction",
        "prompt",
        "rule",
        "guideline",
        "context",
        "you are",
        "as an ai",
        "dear ",
        "attention",
        "must",
        "should",
        "shall",
        "do not",
    ),
)
_ASKING = _Shape(
    "asks for other pages",
    _ASKS_FOR_OTHERS.search,
    ("other", "secret", "confidential", "restricted", "private", "hidden"),
)
_SHAPES = (
    _TELLING,
    _ASKING,
    _Shape("forges citation markers", _FORGED_MARKER.search, ("[", "\u3010")),
    _Shape(_FORGED_ROLE, has_role_token, ("<", "inst]")),
)


@dataclass(frozen=True, slots=True)
class Sign:
    """What was found; `line` counts from 1 in the text that was looked at."""

    line: int
    reason: str


def signs_in(text: str) -> list[Sign]:
    """Every sign, by line, each reason once a line."""
    return sorted(set(_signs(text)), key=lambda sign: (sign.line, sign.reason))


def speaks_to_a_model(line: str) -> bool:
    """Whether a line tells a model what to do; characters that show nothing do not hide it."""
    bare = HIDDEN_CHARACTERS.sub("", line)
    lower = _lower(bare)
    return any(
        any(hint in lower for hint in shape.hints) and shape.is_in(bare)
        for shape in (_TELLING, _ASKING)
    )


def addresses_a_model(text: str) -> bool:
    """Whether any line of a text tells a model what to do."""
    return any(map(speaks_to_a_model, text.split("\n")))


def _signs(text: str) -> Iterator[Sign]:
    comments = (
        found.start()
        for found in COMMENT.finditer(text)
        if speaks_to_a_model(found.group()) or ROLE_LINE.search(found.group()[4:])
    )
    yield from _at(text, comments, "an HTML comment that speaks to a model")
    hidden = (found.start() for found in _HIDING.finditer(text))
    yield from _at(text, hidden, "characters that show nothing")
    bare = text if text.isascii() else HIDDEN_CHARACTERS.sub("", text)
    prose = without_code(bare)
    yield from _at(prose, forged_turns(prose), _FORGED_ROLE)
    lines, lower = bare.split("\n"), _lower(bare)
    for shape in _SHAPES:
        shown = (line for line in shape.lines(lower) if shape.is_in(lines[line]))
        yield from (Sign(line + 1, shape.reason) for line in shown)


def _lower(text: str) -> str:
    """The text in lower case, with the letters that `re.IGNORECASE` takes for ASCII letters."""
    return (text if text.isascii() else text.translate(_OTHER_CASES)).lower()


def without_code(text: str) -> str:
    """The text with code blanked out, every line where it was."""
    return CODE.sub(lambda found: "\n".join(" " * len(line) for line in found[0].split("\n")), text)


def _at(text: str, offsets: Iterable[int], reason: str) -> Iterator[Sign]:
    """A sign at each of these places, which are in ascending order."""
    line, counted = 1, 0
    for offset in offsets:
        line += text.count("\n", counted, offset)
        counted = offset
        yield Sign(line, reason)
