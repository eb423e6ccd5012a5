"""Near-duplicate hits of one section."""

from __future__ import annotations

from rag.domain.documents import Chunk, LineSpan
from rag.retrieval.near_duplicates import is_near_duplicate

TEXT = "Check the replication lag on the primary before you promote a replica in the other zone"


def chunk(text: str, section: tuple[str, ...] = ("Fix",), document: str = "d") -> Chunk:
    return Chunk(document, 0, text, section, LineSpan(1, 1))


def test_a_repeated_passage_of_one_section_is_a_near_duplicate() -> None:
    assert is_near_duplicate(chunk(TEXT), chunk(TEXT + " again"))


def test_different_passages_are_not() -> None:
    assert not is_near_duplicate(chunk(TEXT), chunk("Drain the node and wait for the pods to move"))


def test_the_same_words_in_another_section_or_document_are_kept() -> None:
    assert not is_near_duplicate(chunk(TEXT), chunk(TEXT, section=("Verify",)))
    assert not is_near_duplicate(chunk(TEXT), chunk(TEXT, document="other"))


def test_passages_without_words_are_kept() -> None:
    assert not is_near_duplicate(chunk("---"), chunk("---"))
