"""Domain types of an answer.

A leaf module: it imports the standard library and the domain alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from rag.domain.documents import Document
from rag.domain.search import Confidence, Hit, SearchResult

# The model of an answer that quotes pages and that no model wrote.
EXTRACTIVE = "extractive"


class Detail(StrEnum):
    """How much an answer shows: one screen led by one document, or quotes of several."""

    BRIEF = "brief"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said before in a conversation. An assistant's turn is the client's word alone."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model read and wrote; both 0 when none was asked."""

    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out)


@dataclass(frozen=True, slots=True)
class Citation:
    """A marker `[n]` of an answer and the chunk it points to.

    `supported` says that everything in the answer that cites it was found there.
    """

    marker: int
    hit: Hit
    supported: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or block of code of an answer, without its markers, as it was checked.

    `uncited` says that a model gave it no marker; what bears it out was looked for.
    """

    text: str
    markers: tuple[int, ...]
    supported: bool
    reasons: tuple[str, ...] = ()
    uncited: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Text in Markdown with its citations, or an abstention.

    Lines that begin with `### ` or `> ` and remarks written `_(…)_` are the program's own words;
    everything else is quoted from documents (rag/answering/quoting.py). `prompt` is `name@version`
    of the prompt in use, whether or not a model was asked with it. `hits` are the context: marker n
    is the n-th of them. `fell_back` is true if a model was asked and its text was discarded.
    """

    text: str
    abstained: bool
    citations: tuple[Citation, ...] = ()
    model: str = EXTRACTIVE
    prompt: str = ""
    prompt_hash: str = ""
    usage: Usage = Usage()
    notices: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    statements: tuple[Statement, ...] = ()
    fell_back: bool = False

    @property
    def lead(self) -> Hit | None:
        """The hit that leads the answer: the one cited first; None for an abstention."""
        if self.abstained or not self.hits:
            return None
        markers = [one.marker for one in self.citations]
        return self.hits[min(markers) - 1] if markers else self.hits[0]

    @property
    def document(self) -> Document | None:
        """The document that leads the answer."""
        return self.lead.document if self.lead else None

    @property
    def confidence(self) -> Confidence:
        """That of the document that leads the answer; low for an abstention."""
        return self.lead.confidence if self.lead else Confidence.LOW


@dataclass(frozen=True, slots=True)
class ContextFound:
    """First of a stream: the hits that the answer is made from, in the order of their markers.

    `result` is the search that they were chosen from.
    """

    hits: tuple[Hit, ...]
    result: SearchResult


@dataclass(frozen=True, slots=True)
class TextPart:
    """Some more of the answer's text, checked already; the parts joined are its `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Last of a stream: the whole answer."""

    answer: Answer


AnswerEvent = ContextFound | TextPart | Answered


class Unsupported(StrEnum):
    """What happens to a sentence that its citation does not support."""

    MARK = "mark"
    REMOVE = "remove"
