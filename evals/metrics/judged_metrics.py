"""Ragas' LLM metrics, judged by a model behind an OpenAI-compatible endpoint.

Each score is requested several times and the median counts. A timeout, an error or NaN is reported
as unmeasured with its reason: never as zero, and never silently dropped.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from evals.metrics.faithfulness import without_program_text
from evals.metrics.ragas_metrics import own_embeddings, quiet_import
from evals.metrics.scoring import QuestionResult, Scored
from evals.running.runs import Unmeasured
from rag.ports import Embedder

# Those that compare with the reference answer of a question, which not every question has.
_WITH_REFERENCE = ("context_precision", "context_recall", "noise_sensitivity")
JUDGED = (*_WITH_REFERENCE, "faithfulness", "response_relevancy")
_MAX_CONCURRENT = 4
_STATUS = re.compile(r"Error code: (\d{3})")

Ask = Callable[[QuestionResult], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge's endpoint and request settings. `timeout` is in seconds per score."""

    base_url: str
    model: str
    api_key: str = ""
    timeout: float = 60.0
    repeats: int = 3


class JudgedMetrics:
    """Faithfulness, response relevancy, context precision and recall, and noise sensitivity."""

    def __init__(self, judge: Judge, embedder: Embedder) -> None:
        self._judge = judge
        self._embedder = embedder

    def score(self, results: Sequence[QuestionResult]) -> Scored:
        judgeable = [one for one in results if _can_be_judged(one)]
        return asyncio.run(self._score(judgeable))

    async def _score(self, results: Sequence[QuestionResult]) -> Scored:
        scores: dict[str, dict[str, float]] = {one.question.id: {} for one in results}
        unmeasured: list[Unmeasured] = []
        slots = asyncio.Semaphore(_MAX_CONCURRENT)
        async with _client(self._judge) as client:
            metrics = _metrics(client, self._judge, self._embedder)
            jobs = [(one, name, metrics[name]) for one in results for name in _applicable(one)]
            outcomes = await asyncio.gather(
                *(self._repeated(metric, one, slots) for one, _, metric in jobs)
            )
        for (one, name, _), (value, reason) in zip(jobs, outcomes, strict=True):
            if value is None:
                unmeasured.append(Unmeasured(one.question.id, name, reason))
            else:
                scores[one.question.id][name] = value
        return Scored(scores, tuple(unmeasured))

    async def _repeated(
        self, metric: Ask, result: QuestionResult, slots: asyncio.Semaphore
    ) -> tuple[float | None, str]:
        """The median of the repeats; None and the commonest reason if most of them failed."""
        values: list[float] = []
        reasons: Counter[str] = Counter()
        for _ in range(self._judge.repeats):
            async with slots:
                value, reason = await self._once(metric, result)
            if value is None:
                reasons[reason] += 1
            else:
                values.append(value)
            if reasons.total() * 2 > self._judge.repeats:
                return None, min(reasons, key=lambda name: (-reasons[name], name))
        return median(values), ""

    async def _once(self, metric: Ask, result: QuestionResult) -> tuple[float | None, str]:
        try:
            scored = await asyncio.wait_for(metric(result), self._judge.timeout)
        except Exception as error:  # the libraries raise many types for a malformed reply
            return None, _why(error)
        value = float(scored.value)
        return (None, "not a number") if math.isnan(value) else (value, "")


def _why(error: BaseException) -> str:
    """The reason, without text from the judge; wrapped errors are inspected too."""
    for found in _chain(error):
        name, message = type(found).__name__.lower(), str(found)
        status = _STATUS.search(message)
        if "timeout" in name or "timed out" in message:
            return "timed out"
        if status:
            return f"HTTP {status.group(1)}"
        if "connection" in name or "Connection error" in message:
            return "not reached"
    return "malformed answer"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _can_be_judged(result: QuestionResult) -> bool:
    return (
        result.question.answerable
        and not result.abstained
        and result.observed.response is not None
        and bool(result.observed.context)
    )


def _applicable(result: QuestionResult) -> Sequence[str]:
    if result.question.reference:
        return JUDGED
    return [name for name in JUDGED if name not in _WITH_REFERENCE]


def _client(judge: Judge) -> Any:
    from openai import AsyncOpenAI

    return AsyncOpenAI(
        base_url=judge.base_url,
        api_key=judge.api_key or "none",  # the client requires one
        timeout=judge.timeout,
        max_retries=0,
    )


def _metrics(client: Any, judge: Judge, embedder: Embedder) -> Mapping[str, Ask]:
    quiet_import()
    from ragas.llms import llm_factory
    from ragas.metrics.collections import (
        AnswerRelevancy,
        ContextPrecision,
        ContextRecall,
        Faithfulness,
        NoiseSensitivity,
    )

    llm = llm_factory(judge.model, client=client, temperature=0.0)
    faithfulness = Faithfulness(llm=llm)
    relevancy = AnswerRelevancy(llm=llm, embeddings=own_embeddings(embedder), strictness=1)
    precision, recall = ContextPrecision(llm=llm), ContextRecall(llm=llm)
    noise = NoiseSensitivity(llm=llm)

    async def faithful(result: QuestionResult) -> Any:
        return await faithfulness.ascore(
            user_input=result.question.text,
            response=_text(result),
            retrieved_contexts=list(result.observed.context),
        )

    async def relevant(result: QuestionResult) -> Any:
        return await relevancy.ascore(user_input=result.question.text, response=_text(result))

    async def precise(result: QuestionResult) -> Any:
        return await precision.ascore(
            user_input=result.question.text,
            reference=result.question.reference,
            retrieved_contexts=list(result.observed.context),
        )

    async def recalled(result: QuestionResult) -> Any:
        return await recall.ascore(
            user_input=result.question.text,
            reference=result.question.reference,
            retrieved_contexts=list(result.observed.context),
        )

    async def sensitive(result: QuestionResult) -> Any:
        return await noise.ascore(
            user_input=result.question.text,
            response=_text(result),
            reference=result.question.reference,
            retrieved_contexts=list(result.observed.context),
        )

    return {
        "faithfulness": faithful,
        "response_relevancy": relevant,
        "noise_sensitivity": sensitive,
        "context_precision": precise,
        "context_recall": recalled,
    }


def _text(result: QuestionResult) -> str:
    response = result.observed.response
    return without_program_text(response.text) if response else ""
