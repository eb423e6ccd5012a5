"""Pages that repeat each other: of two that say the same, one is soon out of date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.meaning import near_pairs
from ingest.lint.page import Page
from ingest.lint.shingles import shared_runs
from rag.ports import Embedder

NEAR_DUPLICATE = Rule(
    "near-duplicate",
    Level.WARNING,
    "Two pages say nearly the same.",
    "Join them, or let the newer one name the other in `supersedes`.",
)
# Half of the shorter page's runs of five words; pages that were written apart share a twentieth.
_SHARED = 0.5
# Pages of the sample corpus that were written apart reach 0.893.
_NEAR = 0.93


def near_duplicates(pages: Sequence[Page], embedder: Embedder | None) -> Iterator[Finding]:
    """Told on both pages of a pair; by their words, and by meaning where there is a model."""
    texts = [page.body for page in pages]
    alike = {pair: share for pair, share in shared_runs(texts).items() if share >= _SHARED}
    near = near_pairs(texts, embedder, _NEAR) if embedder else {}
    for pair in sorted(alike.keys() | near.keys()):
        one, other = pages[pair[0]], pages[pair[1]]
        if not (supersedes(one, other) or supersedes(other, one)):
            if pair in alike:
                reason = f"{alike[pair]:.0%} of the shorter page's words are on both"
            else:
                reason = f"the two are {near[pair]:.2f} alike in meaning"
            yield one.finding(NEAR_DUPLICATE, 1, f"nearly the same as {other.path}: {reason}")
            yield other.finding(NEAR_DUPLICATE, 1, f"nearly the same as {one.path}: {reason}")


def supersedes(page: Page, other: Page) -> bool:
    """Whether a page says that it takes the place of the other."""
    return page.root == other.root and other.path in page.superseded
