"""Measures that need no model: rankings by ir-measures, answers by their citations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from evals.metrics.scoring import QuestionResult, Scored, passed
from evals.running.system import Observation, Response
from rag.domain.documents import FreshnessStatus

# Our name of each measure, and its name in ir-measures.
_RANKING_MEASURES = {
    "recall@5": "R@5",
    "recall@10": "R@10",
    "mrr@10": "RR@10",
    "ndcg@10": "nDCG@10",
    "success@1": "Success@1",
    "success@3": "Success@3",
    "success@5": "Success@5",
}
_PASSAGES = 5
CONFIDENCE_ERROR = "confidence_error"


class RankingMeasures:
    """Recall, MRR, nDCG and success of the documents found, with binary gains."""

    def score(self, results: Sequence[QuestionResult]) -> Scored:
        from ir_measures import Qrel, ScoredDoc, iter_calc, parse_measure

        measures = {parse_measure(name): ours for ours, name in _RANKING_MEASURES.items()}
        answerable = [one for one in results if one.question.answerable]
        scores: dict[str, dict[str, float]] = {
            one.question.id: dict.fromkeys(_RANKING_MEASURES, 0.0) for one in answerable
        }
        qrels = [Qrel(one.question.id, path, 1) for one in answerable for path in _gold(one)]
        ranked = [
            # ir-measures sorts by score only: the negative rank avoids ties.
            ScoredDoc(one.question.id, path, float(-rank))
            for one in answerable
            for rank, path in enumerate(one.documents)
        ]
        if ranked:
            for value in iter_calc(list(measures), qrels, ranked):
                scores[value.query_id][measures[value.measure]] = float(value.value)
        return Scored(scores)


class OwnMeasures:
    """Pass rate, gold passages found, abstention, citations and their freshness."""

    def score(self, results: Sequence[QuestionResult]) -> Scored:
        return Scored({one.question.id: dict(_own(one)) for one in results})


def _own(result: QuestionResult) -> Iterator[tuple[str, float]]:
    yield "pass_rate", float(passed(result))
    yield from _confidence_error(result)
    if result.question.answerable:
        yield "answered", float(not result.abstained)
        if result.question.gold_passages:
            yield f"passage_recall@{_PASSAGES}", _passages_found(result)
        yield from _answer_measures(result)
    else:
        yield "abstention_recall", float(result.abstained)
    if result.abstained:
        yield "abstention_precision", float(not result.question.answerable)


def _confidence_error(result: QuestionResult) -> Iterator[tuple[str, float]]:
    """The Brier score of the first hit's probability: its mean falls with better calibration."""
    first = next(iter(result.observed.passages), None)
    if first is not None and first.probability is not None:
        answers = first.document in result.question.gold_documents
        yield CONFIDENCE_ERROR, (first.probability - answers) ** 2


def _gold(result: QuestionResult) -> list[str]:
    return list(dict.fromkeys(result.question.gold_documents))


def _passages_found(result: QuestionResult) -> float:
    """The share of gold passages that one of the first hits contains in full."""
    shown = [(found.document, _plain(found.text)) for found in result.observed.passages[:_PASSAGES]]
    gold = result.question.gold_passages
    found = sum(
        any(document == want.document and _plain(want.text) in text for document, text in shown)
        for want in gold
    )
    return found / len(gold)


def _plain(text: str) -> str:
    """Text with normalized white space: a quote may be wrapped differently."""
    return " ".join(text.split())


def _answer_measures(result: QuestionResult) -> Iterator[tuple[str, float]]:
    response = result.observed.response
    if response is None:
        if result.observed.passages:
            first = result.observed.passages[0]
            yield "current_sources", _is_current(first.freshness, first.superseded)
        return
    if response.written is not None:
        yield "written_by_model", float(response.written)
    if response.cited_by_model is not None:
        yield "cited_by_model", response.cited_by_model
    if response.abstained:
        return
    yield "citation_correctness", _citations_hold(response)
    yield "citation_of_gold", _cites_gold(response, result.question.gold_documents)
    if response.citations:
        yield (
            "current_sources",
            fmean(_is_current(one.freshness, one.superseded) for one in response.citations),
        )


def _citations_hold(response: Response) -> float:
    """The share of supported citations; 0 for an answer without citations."""
    if not response.citations:
        return 0.0
    return fmean(one.supported for one in response.citations)


def _cites_gold(response: Response, gold: Sequence[str]) -> float:
    return float(any(one.document in gold for one in response.citations))


def _is_current(freshness: str, superseded: bool) -> float:
    """Whether a document is neither superseded nor past its review date."""
    return float(not superseded and freshness != FreshnessStatus.STALE.value)


def tokens(observations: Sequence[Observation]) -> tuple[int, int]:
    """Prompt tokens and completion tokens of all answers."""
    responses = [one.response for one in observations if one.response is not None]
    return sum(one.tokens_in for one in responses), sum(one.tokens_out for one in responses)
