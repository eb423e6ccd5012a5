"""A follow-up question, resolved with the earlier questions so that it can be searched for.

Deterministic: a short question, or one that points back, is joined to the topic before it. What a
client says that an assistant has answered is never read: it is no evidence and no topic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain.answers import Turn
from rag.text.identifiers import identifiers_in
from rag.text.limits import MAX_QUESTION_CHARS
from rag.text.stop_words import STOP_WORDS

_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_GOES_ON = re.compile(
    r"\s*(?:and|but|or|so|also|then|what about|how about|what if|why not)\b", re.IGNORECASE
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|there|then|same|again|instead|afterwards|one|"
    r"ones|above|previous|else)\b",
    re.IGNORECASE,
)
# With fewer telling words a question is about what was asked before; with more, a word that points
# back points within the question itself.
_FEW_WORDS = 3
_MANY_WORDS = 4
_MAX_TOPIC_CHARS = 600


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question as it would be asked without the conversation before it."""
    topic = _topic([turn.text[:MAX_QUESTION_CHARS] for turn in history if turn.role == "user"])
    if not topic or not _follows_up(question):
        return question
    return f"{topic} {question.strip()}"


def _topic(asked: Sequence[str]) -> str:
    """The last question that stands by itself, and what was added to it since."""
    turns: list[str] = []
    for text in reversed(asked):
        if text.strip():
            turns.insert(0, " ".join(text.split()))
            if not _follows_up(text):
                break
    # The topic comes first: where it is long, what was added last is kept beside its beginning.
    return " ".join([*turns[:1], *turns[-1:]] if len(turns) > 2 else turns)[:_MAX_TOPIC_CHARS]


def _follows_up(question: str) -> bool:
    if _GOES_ON.match(question):
        return True
    if identifiers_in(question):
        return False
    telling = [word for word in _WORD.findall(question.lower()) if word not in STOP_WORDS]
    if len(telling) < _FEW_WORDS:
        return True
    return len(telling) <= _MANY_WORDS and bool(_POINTS_BACK.search(question))
