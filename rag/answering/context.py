"""The Context: numbered passages, within a budget of tokens, that an answer may be made from.

    hits, newest first among equals -> whole chunks within the budget -> what stands around them

A chunk holds whole steps and is never cut. Each passage has its text twice: as the document
has it, to be quoted, and neutralised, to be read by a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest

from rag.access.acl import AccessFilter
from rag.answering.escaping import label
from rag.domain.documents import Chunk, Command, FreshnessStatus
from rag.domain.search import Hit, Scores
from rag.guardrails.neutralising import LEFT_OUT, neutralised
from rag.ports import DocumentReader
from rag.retrieval.relevance import coverage
from rag.text.blocks import BlockText
from rag.text.markdown import markdown_text

# Hits this close in score are equals, of which the newest page comes first.
_EQUAL = 0.98
# Hits may take this share of the budget before what stands around the best of them is added.
_SHARE_OF_HITS = 0.7
_PAGES_READ_AROUND = 3
_LEAD_ALONE = 1
_TOKENS_OF_FRAME = 24  # number, title and path around each passage

TokenCounter = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class Passage:
    """One numbered chunk of the context.

    `content` is the document's own text, with the blocks of the chunk; `prompt` is the same as a
    model may read it. `remark` says what is wrong with the document.
    """

    marker: int
    hit: Hit
    content: BlockText
    prompt: BlockText
    remark: str = ""

    @property
    def title(self) -> str:
        return self.hit.document.metadata.title

    @property
    def text(self) -> str:
        return self.content.text

    def commands_in(self, block: int) -> list[Command]:
        """The commands of a block and of those nested in it."""
        within = self.content.within(block)
        return [command for command in self.hit.chunk.commands if command.block in within]

    @property
    def left_out(self) -> bool:
        """Whether a line of it addresses a model and was left out."""
        return LEFT_OUT in self.prompt.text


@dataclass(frozen=True, slots=True)
class Context:
    """Passages in the order of their markers, which count from 1."""

    passages: tuple[Passage, ...] = ()

    @property
    def hits(self) -> tuple[Hit, ...]:
        return tuple(passage.hit for passage in self.passages)

    def cited(self, markers: Iterable[int]) -> list[Passage]:
        """The passages that these markers point to; a marker that points nowhere is dropped."""
        return [self.passages[n - 1] for n in markers if 1 <= n <= len(self.passages)]


class ContextBuilder:
    """Builds contexts over one catalog."""

    def __init__(self, pages: DocumentReader, count_tokens: TokenCounter, budget: int) -> None:
        self._pages = pages
        self._count_tokens = count_tokens
        self._budget = budget

    def build(
        self,
        question: str,
        hits: Sequence[Hit],
        *,
        access: AccessFilter,
        whole_lead: bool = False,
    ) -> Context:
        """The context for these hits; what is added around them is read under the same filter.

        With `whole_lead` that is the whole of the first document, as far as there is room.
        """
        ordered = newest_among_equals(hits)
        kept, used = self._fitting(ordered, int(self._budget * _SHARE_OF_HITS), 0)
        around = self._around(
            question, kept, access, _LEAD_ALONE if whole_lead else _PAGES_READ_AROUND
        )
        added, _ = self._fitting(around, self._budget, used)
        return _numbered([*kept, *added])

    def _fitting(self, hits: Sequence[Hit], budget: int, used: int) -> tuple[list[Hit], int]:
        """The hits that fit, in order; the first of all always does."""
        kept: list[Hit] = []
        counts = self._count_tokens([hit.chunk.text for hit in hits]) if hits else []
        for hit, count in zip(hits, counts, strict=True):
            cost = count + _TOKENS_OF_FRAME
            if used + cost <= budget or not used:
                kept.append(hit)
                used += cost
        return kept, used

    def _around(
        self, question: str, kept: Sequence[Hit], access: AccessFilter, documents: int
    ) -> list[Hit]:
        """More of the best pages in turn: of the first what stands around, of each what is near."""
        found: list[list[Hit]] = []
        for document_id in list(dict.fromkeys(hit.document.id for hit in kept))[:documents]:
            page = self._pages.document(document_id, access=access)
            own = next(hit for hit in kept if hit.document.id == document_id)
            # A page that has changed since the search, or may no longer be read, adds nothing.
            if page is not None and page[0].revision == own.document.revision:
                if not found:
                    found.append(_hits_on(_nearest(page[1], own.chunk), own))
                found.append(_hits_on(_telling(question, page[1]), own))
        have = {hit.chunk.id for hit in kept}
        in_turn = (hit for turn in zip_longest(*found) for hit in turn if hit is not None)
        added = {hit.chunk.id: hit for hit in in_turn if hit.chunk.id not in have}
        return list(added.values())


def newest_among_equals(hits: Sequence[Hit]) -> list[Hit]:
    """Best first; among hits of about one score the page that was updated last."""
    ordered: list[Hit] = []
    rest = sorted(hits, key=lambda hit: hit.rank)
    while rest:
        threshold = rest[0].score * _EQUAL
        equals = [hit for hit in rest if hit.score >= threshold]
        newest = max(equals, key=lambda hit: (hit.document.updated_at, -hit.rank))
        ordered.append(newest)
        rest.remove(newest)
    return ordered


def _hits_on(chunks: Iterable[Chunk], own: Hit) -> list[Hit]:
    return [replace(own, chunk=chunk, score=0.0, scores=Scores()) for chunk in chunks]


def _nearest(chunks: Sequence[Chunk], to: Chunk) -> list[Chunk]:
    """The same section first, then what stands nearest."""
    return sorted(
        chunks,
        key=lambda chunk: (chunk.section[:1] != to.section[:1], abs(chunk.ordinal - to.ordinal)),
    )


def _telling(question: str, chunks: Sequence[Chunk]) -> list[Chunk]:
    """What shares most words with the question first."""
    return sorted(chunks, key=lambda chunk: -coverage(question, [*chunk.section, chunk.text]))


def _numbered(hits: Sequence[Hit]) -> Context:
    return Context(tuple(_passage(number, hit) for number, hit in enumerate(hits, start=1)))


def _passage(number: int, hit: Hit) -> Passage:
    chunk = with_blocks(hit.chunk)
    content = BlockText(chunk.text, chunk.blocks)
    hit = replace(hit, rank=number, chunk=chunk)
    return Passage(number, hit, content, neutralised(content), _remark(hit))


def with_blocks(chunk: Chunk) -> Chunk:
    """The chunk as it is, or as Markdown where its generation was built before blocks were kept."""
    if chunk.blocks:
        return chunk
    content = markdown_text(chunk.text)
    return replace(
        chunk,
        blocks=content.blocks,
        commands=tuple(replace(one, block=_block_of(one, content)) for one in chunk.commands),
    )


def _block_of(command: Command, content: BlockText) -> int:
    first = command.text.split("\n")[0].strip()
    return next((at for at in content.leaves() if first in content.source(at)), -1)


def _remark(hit: Hit) -> str:
    remarks = []
    if hit.superseded_by:
        remarks.append(f"superseded by {', '.join(map(label, hit.superseded_by))}")
    if hit.freshness.status is FreshnessStatus.STALE:
        remarks.append(f"stale: last reviewed {hit.freshness.last_reviewed}")
    return "; ".join(remarks)


def pages_of(passages: Sequence[Passage]) -> list[list[Passage]]:
    """The passages page by page, the page of the first passage first, each page in its order."""
    place: dict[str, int] = {}
    for passage in passages:
        place.setdefault(passage.hit.document.id, len(place))

    def page(passage: Passage) -> int:
        return place[passage.hit.document.id]

    ordered = sorted(passages, key=lambda passage: (page(passage), passage.hit.chunk.ordinal))
    return [list(inside) for _, inside in groupby(ordered, key=page)]
