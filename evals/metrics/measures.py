"""Measures that need no model: of rankings by ir-measures, of answers by their citations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from evals.metrics.scoring import Asked, Scored, passed
from evals.running.system import Observation, Response
from rag.domain.documents import FreshnessStatus

# Our name for a measure, and how ir-measures writes it.
_OF_RANKINGS = {
    "recall@5": "R@5",
    "recall@10": "R@10",
    "mrr@10": "RR@10",
    "ndcg@10": "nDCG@10",
    "success@1": "Success@1",
    "success@3": "Success@3",
    "success@5": "Success@5",
}
_PASSAGES = 5


class RankingMeasures:
    """Recall, MRR, nDCG and success of the documents found, with binary gains."""

    def score(self, asked: Sequence[Asked]) -> Scored:
        from ir_measures import Qrel, ScoredDoc, iter_calc, parse_measure

        measures = {parse_measure(told): name for name, told in _OF_RANKINGS.items()}
        answerable = [one for one in asked if one.question.answerable]
        scores: dict[str, dict[str, float]] = {
            one.question.id: dict.fromkeys(_OF_RANKINGS, 0.0) for one in answerable
        }
        qrels = [Qrel(one.question.id, path, 1) for one in answerable for path in _gold(one)]
        ranked = [
            # The evaluator sorts by score alone: the rank itself leaves it no ties to break.
            ScoredDoc(one.question.id, path, float(-rank))
            for one in answerable
            for rank, path in enumerate(one.documents)
        ]
        if ranked:
            for told in iter_calc(list(measures), qrels, ranked):
                scores[told.query_id][measures[told.measure]] = float(told.value)
        return Scored(scores)


class OwnMeasures:
    """Passing, gold passages found, abstention, citations and their freshness."""

    def score(self, asked: Sequence[Asked]) -> Scored:
        return Scored({one.question.id: dict(_own(one)) for one in asked})


def _own(asked: Asked) -> Iterator[tuple[str, float]]:
    yield "pass_rate", float(passed(asked))
    if asked.question.answerable:
        yield "answered", float(not asked.abstained)
        if asked.question.gold_passages:
            yield f"passage_recall@{_PASSAGES}", _passages_found(asked)
        yield from _of_what_is_shown(asked)
    else:
        yield "abstention_recall", float(asked.abstained)
    if asked.abstained:
        yield "abstention_precision", float(not asked.question.answerable)


def _gold(asked: Asked) -> list[str]:
    return list(dict.fromkeys(asked.question.gold_documents))


def _passages_found(asked: Asked) -> float:
    """The share of gold passages that stand whole in one of the first passages found."""
    shown = [(found.document, _plain(found.text)) for found in asked.observed.passages[:_PASSAGES]]
    gold = asked.question.gold_passages
    found = sum(
        any(document == want.document and _plain(want.text) in text for document, text in shown)
        for want in gold
    )
    return found / len(gold)


def _plain(text: str) -> str:
    """Text with its white space evened out: a quote may be broken elsewhere than its page."""
    return " ".join(text.split())


def _of_what_is_shown(asked: Asked) -> Iterator[tuple[str, float]]:
    response = asked.observed.response
    if response is None:
        if asked.observed.passages:
            first = asked.observed.passages[0]
            yield "current_sources", _is_current(first.freshness, first.superseded)
        return
    if response.written is not None:
        yield "written_by_model", float(response.written)
    if response.cited_by_model is not None:
        yield "cited_by_model", response.cited_by_model
    if response.abstained:
        return
    yield "citation_correctness", _citations_hold(response)
    yield "citation_of_gold", _cites_gold(response, asked.question.gold_documents)
    if response.citations:
        yield (
            "current_sources",
            fmean(_is_current(one.freshness, one.superseded) for one in response.citations),
        )


def _citations_hold(response: Response) -> float:
    """The share of citations that their passage supports; an answer without any has none."""
    if not response.citations:
        return 0.0
    return fmean(one.supported for one in response.citations)


def _cites_gold(response: Response, gold: Sequence[str]) -> float:
    return float(any(one.document in gold for one in response.citations))


def _is_current(freshness: str, superseded: bool) -> float:
    """Whether a reader may rely on a page: not superseded, and not past its review date."""
    return float(not superseded and freshness != FreshnessStatus.STALE.value)


def tokens(observations: Sequence[Observation]) -> tuple[int, int]:
    """Tokens that the answers took in, and gave out."""
    told = [one.response for one in observations if one.response is not None]
    return sum(one.tokens_in for one in told), sum(one.tokens_out for one in told)
