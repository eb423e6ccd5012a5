"""The evidence that a document answers a question: a few named features of one search.

No count over the index enters: the features are made of the question, of chunks that the caller may
read, of their cosines, and of names that no document mentions that the caller may read. So a
document that a caller may not read cannot change them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import fmean

from rag.domain.documents import IndexedChunk
from rag.domain.search import Candidate
from rag.indexing.chunk_keys import version_of
from rag.retrieval.relevance import significant_words, stems
from rag.retrieval.word_weights import is_known, total_weight
from rag.text.searchable import searchable
from rag.text.stemming import stem

# The documents, by rank of their cosines, that stand for what the question finds anywhere.
_BACKGROUND = slice(4, 12)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Features of one chunk and its document.

    `lead` is the difference of the document's best cosine to that of the best other document,
    `contrast` to the mean of the other documents that rank fifth to twelfth. `document_similarity`
    is the cosine of the question and the document as a whole. `coverage` is the share, 0 to 1, of
    the question's words in the chunk with its title, path and headings, weighted by word. `length`
    is the natural logarithm of 1 + the number of significant words of the question. `rare_match` is
    1 if the chunk holds a word of the question that the table of word weights does not know.
    `names_found` is 0 if the question names a product or an error code that no readable document
    mentions, else 1.
    """

    lead: float
    contrast: float
    document_similarity: float
    coverage: float
    length: float
    rare_match: float
    names_found: float


FEATURES = tuple(one.name for one in fields(Evidence))


class QuestionEvidence:
    """What one search found, for the evidence of each of its chunks."""

    def __init__(
        self, question: str, rankings: Mapping[str, Sequence[Candidate]], absent: Collection[str]
    ) -> None:
        """`absent` are the names of the question that no readable document mentions."""
        self._names_found = float(not absent)
        words = significant_words(question)
        self._length = math.log1p(len(words))
        self._stems = frozenset(map(stem, words))
        self._total = total_weight(self._stems) or 1.0
        dense = rankings.get("dense", ())
        self._cosines: dict[int, float] = {}
        for candidate in dense:  # best first, so that a document's first chunk is its best
            self._cosines.setdefault(version_of(candidate.chunk_key), candidate.score)
        # A chunk beyond the cut is at most as similar as the last one.
        self._unseen = dense[-1].score if dense else 0.0
        self._wholes = {
            version_of(one.chunk_key): one.score for one in rankings.get("page_vectors", ())
        }

    def of(self, item: IndexedChunk) -> Evidence:
        """The evidence of a chunk and its document."""
        version = version_of(item.key)
        own = self._cosines.get(version, self._unseen)
        others = [score for other, score in self._cosines.items() if other != version]
        shared = self._stems & stems_of(item)
        background = others[_BACKGROUND] or others[-1:] or [own]
        return Evidence(
            lead=own - (others[0] if others else own),
            contrast=own - fmean(background),
            document_similarity=self._wholes.get(version, 0.0),
            coverage=total_weight(shared) / self._total,
            length=self._length,
            rare_match=float(not all(map(is_known, shared))),
            names_found=self._names_found,
        )


def stems_of(item: IndexedChunk) -> frozenset[str]:
    """The stems of a chunk's words, and of its title, path, headings and alerts."""
    about = item.document.metadata
    headings = " ".join([about.title, item.document.path, *item.chunk.section, *about.alerts])
    return stems(searchable(item.chunk.text)) | stems(searchable(headings))
