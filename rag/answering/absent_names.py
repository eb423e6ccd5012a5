"""Names of a question that none of the documents found mentions: products, hosts, error codes.

Other words are not reported: a document may say the same in other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.answering.context import Context
from rag.answering.escaping import label
from rag.retrieval.relevance import missing_words
from rag.text.identifiers import identifiers_in, names_in

_LETTERS = re.compile(r"[^\W\d_]{2}")
_PLAIN_COMPOUND = re.compile(r"[a-z]+(?:-[a-z]+)+")  # an ordinary word such as `write-ahead`
_STATUS = re.compile(r"(?:FIRING|RESOLVED):\d+")  # of a notification of Alertmanager
_TIMESTAMP = re.compile(r"\d{1,4}[-:]\d{1,2}[-:T]\d")
_EDGES = "?.,;:!`'\"()[]"
_MAX_NAMES = 5


def absent_names(question: str, context: Context) -> list[str]:
    """The names, in the order of the question, each once."""
    texts = [text for p in context.passages for text in (p.text, p.title, *p.hit.chunk.section)]
    names = {*names_in(question), *identifiers_in(question)}
    missing = (word.strip(_EDGES) for word in missing_words(question, texts))
    return list(
        dict.fromkeys(
            word
            for word in missing
            if word in names
            and _LETTERS.search(word)
            and not _TIMESTAMP.search(word)
            and not _STATUS.fullmatch(word)
            and not _PLAIN_COMPOUND.fullmatch(word)
        )
    )


def absent_names_line(question: str, context: Context) -> Iterator[str]:
    """A line that gives these names; none where there are none."""
    absent = absent_names(question, context)
    if absent:
        more = len(absent) - _MAX_NAMES
        yield f"> No document here mentions: {', '.join(map(label, absent[:_MAX_NAMES]))}" + (
            f", and {more} more names of the question" if more > 0 else ""
        )
