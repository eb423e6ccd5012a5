"""Ragas' LLM metrics, judged by a model behind an OpenAI-compatible endpoint.

A judge is asked several times and the median counts. What hangs, breaks or is no number is
unmeasured, with its reason: never a zero, and never left out in silence.
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

from evals.metrics.faithfulness import told_by_pages
from evals.metrics.ragas_metrics import own_embeddings, quiet_import
from evals.metrics.scoring import Asked, Scored
from evals.running.runs import Unmeasured
from rag.ports import Embedder

JUDGED = ("context_precision", "context_recall", "faithfulness", "response_relevancy")
_AT_ONCE = 4
_STATUS = re.compile(r"Error code: (\d{3})")

Ask = Callable[[Asked], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Judge:
    """An endpoint and how it is asked. `timeout` is in seconds, for one score."""

    base_url: str
    model: str
    api_key: str = ""
    timeout: float = 60.0
    repeats: int = 3


class JudgedMetrics:
    """Faithfulness, response relevancy, and context precision and recall."""

    def __init__(self, judge: Judge, embedder: Embedder) -> None:
        self._judge = judge
        self._embedder = embedder

    def score(self, asked: Sequence[Asked]) -> Scored:
        answered = [one for one in asked if _can_be_judged(one)]
        return asyncio.run(self._score(answered))

    async def _score(self, asked: Sequence[Asked]) -> Scored:
        scores: dict[str, dict[str, float]] = {one.question.id: {} for one in asked}
        unmeasured: list[Unmeasured] = []
        slots = asyncio.Semaphore(_AT_ONCE)
        async with _client(self._judge) as client:
            metrics = _metrics(client, self._judge, self._embedder)
            jobs = [(one, name, metrics[name]) for one in asked for name in JUDGED]
            told = await asyncio.gather(
                *(self._repeated(metric, one, slots) for one, _, metric in jobs)
            )
        for (one, name, _), (value, reason) in zip(jobs, told, strict=True):
            if value is None:
                unmeasured.append(Unmeasured(one.question.id, name, reason))
            else:
                scores[one.question.id][name] = value
        return Scored(scores, tuple(unmeasured))

    async def _repeated(
        self, metric: Ask, asked: Asked, slots: asyncio.Semaphore
    ) -> tuple[float | None, str]:
        """The median of the repeats; None with the commonest reason where most were lost."""
        values: list[float] = []
        reasons: Counter[str] = Counter()
        for _ in range(self._judge.repeats):
            async with slots:
                value, reason = await self._once(metric, asked)
            if value is None:
                reasons[reason] += 1
            else:
                values.append(value)
            if reasons.total() * 2 > self._judge.repeats:
                return None, min(reasons, key=lambda name: (-reasons[name], name))
        return median(values), ""

    async def _once(self, metric: Ask, asked: Asked) -> tuple[float | None, str]:
        try:
            result = await asyncio.wait_for(metric(asked), self._judge.timeout)
        except Exception as error:  # whatever the libraries make of a judge's nonsense
            return None, _why(error)
        value = float(result.value)
        return (None, "not a number") if math.isnan(value) else (value, "")


def _why(error: BaseException) -> str:
    """A reason without the judge's own words; what the libraries wrapped is looked into."""
    for found in _chain(error):
        name, told = type(found).__name__.lower(), str(found)
        status = _STATUS.search(told)
        if "timeout" in name or "timed out" in told:
            return "timed out"
        if status:
            return f"HTTP {status.group(1)}"
        if "connection" in name or "Connection error" in told:
            return "not reached"
    return "malformed answer"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _can_be_judged(asked: Asked) -> bool:
    return (
        asked.question.answerable
        and not asked.abstained
        and asked.observed.response is not None
        and bool(asked.observed.context)
    )


def _client(judge: Judge) -> Any:
    from openai import AsyncOpenAI

    return AsyncOpenAI(
        base_url=judge.base_url,
        api_key=judge.api_key or "none",  # the client refuses to be made without one
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
    )

    llm = llm_factory(judge.model, client=client, temperature=0.0)
    faithfulness = Faithfulness(llm=llm)
    relevancy = AnswerRelevancy(llm=llm, embeddings=own_embeddings(embedder), strictness=1)
    precision, recall = ContextPrecision(llm=llm), ContextRecall(llm=llm)

    async def told(asked: Asked) -> Any:
        return await faithfulness.ascore(
            user_input=asked.question.text,
            response=_text(asked),
            retrieved_contexts=list(asked.observed.context),
        )

    async def relevant(asked: Asked) -> Any:
        return await relevancy.ascore(user_input=asked.question.text, response=_text(asked))

    async def precise(asked: Asked) -> Any:
        return await precision.ascore(
            user_input=asked.question.text,
            reference=asked.question.reference,
            retrieved_contexts=list(asked.observed.context),
        )

    async def recalled(asked: Asked) -> Any:
        return await recall.ascore(
            user_input=asked.question.text,
            reference=asked.question.reference,
            retrieved_contexts=list(asked.observed.context),
        )

    return {
        "faithfulness": told,
        "response_relevancy": relevant,
        "context_precision": precise,
        "context_recall": recalled,
    }


def _text(asked: Asked) -> str:
    response = asked.observed.response
    return told_by_pages(response.text) if response else ""
