"""The checks of what a model writes, over a context of two chunks."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime

from rag.answering.checking import AnswerChecker
from rag.answering.context import Context, Passage
from rag.answering.streamed_units import StreamedUnits
from rag.command_risk.classify import shipped_classifier
from rag.domain.answers import Unsupported
from rag.domain.documents import (
    AclOrigin,
    Chunk,
    Document,
    Freshness,
    FreshnessStatus,
    LineSpan,
    Metadata,
)
from rag.domain.search import Explanation, Hit, Scores
from rag.faithfulness.support import SupportChecker
from rag.ports import TokenCounterSource, Vector
from rag.text.markdown import markdown_text

_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_TEXTS = (
    "Roll back with `kubectl rollout undo deploy/checkout`, and wait 5 minutes.",
    "```bash\nkubectl -n checkout get pods\n```\nDo not restart the ledger while it replays.",
)


class ConstantEmbedder:
    """Finds every text equally near, so that nothing depends on a model."""

    fingerprint = "constant/1"
    dimension = 2

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        return [self.embed_question(text) for text in texts]

    def embed_question(self, question: str) -> Vector[float]:  # noqa: ARG002 - one for all
        return array("f", (1.0, 0.0))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    @property
    def token_counter(self) -> TokenCounterSource:
        raise NotImplementedError("no document is read here")


def check(data: bytes) -> None:
    """Check an answer as it streams in; raises for a citation that points to no chunk."""
    support = SupportChecker(ConstantEmbedder())
    checker = AnswerChecker(_CONTEXT, support, Unsupported.MARK, shipped_classifier())
    units = StreamedUnits()
    whole = [*units.feed(data.decode("utf-8", "replace")), *units.rest()]
    for number, unit in enumerate(whole):
        checker.checked(unit, "".join(whole[number + 1 : number + 2]))
    checker.notices()
    markers = {marker for one in checker.statements for marker in one.markers}
    if not markers <= {1, 2}:
        raise AssertionError(f"citations of no chunk: {markers}")
    checker.citations()


def _passage(marker: int, text: str) -> Passage:
    document = Document(
        source="fuzz",
        path=f"page-{marker}.md",
        metadata=Metadata(title="Page"),
        acl=frozenset({"public"}),
        acl_origin=AclOrigin.DOCUMENT,
        revision="r",
        updated_at=_DAY,
        content_hash="0",
    )
    chunk = Chunk(document.id, 0, text, (), LineSpan(1, text.count("\n") + 1))
    fresh = Freshness(FreshnessStatus.FRESH, _DAY, None, 0)
    hit = Hit(marker, chunk, document, 1.0, Scores(), fresh, Explanation((), 1.0, 1.0, 1.0))
    content = markdown_text(text)
    return Passage(marker, hit, content, content)


_CONTEXT = Context(tuple(_passage(number, text) for number, text in enumerate(_TEXTS, 1)))
