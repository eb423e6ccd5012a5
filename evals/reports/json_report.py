"""A run and its verdict as plain values: what `--json` prints and other reports are made of."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from evals.gate.gate import Verdict
from evals.running.changes import Changes, Flip
from evals.running.runs import Run, scores_of

JsonObject = dict[str, Any]


def report(run: Run, verdict: Verdict) -> JsonObject:
    """Scores, what the gate found, and what changed. Nothing but `timing` differs between runs."""
    scores = scores_of(run)
    return {
        "suite": run.suite,
        "passed": verdict.passed,
        "questions": len(run.cases),
        "asked": run.asked,
        "as_of": run.as_of,
        "conditions": dict(run.conditions),
        "scores": {
            metric: {
                "mean": round(mean, 6),
                "count": scores.counts[metric],
                "judged": metric in run.judged,
                **_difference(verdict, metric),
            }
            for metric, mean in scores.means.items()
        },
        "by_kind": {
            kind: {metric: round(mean, 6) for metric, mean in means.items()}
            for kind, means in scores.by_kind.items()
        },
        "findings": [asdict(finding) for finding in verdict.findings],
        "leaks": [asdict(leak) for leak in run.leaks],
        "unmeasured": dict(sorted(Counter(one.metric for one in run.unmeasured).items())),
        "changes": None if verdict.changes is None else _changes(verdict.changes),
        "tokens": tokens(run),
        "timing": {"seconds": run.seconds, **latency(run)},
    }


def latency(run: Run) -> dict[str, float]:
    """The middle and the slow end of what the questions took, in milliseconds."""
    times = sorted(case.took_ms for case in run.cases)
    if not times:
        return {"p50_ms": 0.0, "p95_ms": 0.0}
    return {"p50_ms": _at(times, 0.5), "p95_ms": _at(times, 0.95)}


def tokens(run: Run) -> dict[str, int]:
    """Tokens that the answers took in, and gave out."""
    answers = [case.response for case in run.cases if case.response is not None]
    return {
        "in": sum(one.tokens_in for one in answers),
        "out": sum(one.tokens_out for one in answers),
    }


def _at(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


def _difference(verdict: Verdict, metric: str) -> JsonObject:
    found = verdict.differences.get(metric)
    if found is None:
        return {}
    return {
        "change": round(found.mean, 6),
        "low": round(found.low, 6),
        "high": round(found.high, 6),
    }


def _changes(changes: Changes) -> JsonObject:
    return {
        "conditions": [asdict(one) for one in changes.conditions],
        "pages": asdict(changes.pages),
        "broken": [_flip(flip) for flip in changes.broken],
        "mended": [_flip(flip) for flip in changes.mended],
        "slipped": [_flip(flip) for flip in changes.slipped],
        "new_questions": list(changes.new_questions),
        "gone_questions": list(changes.gone_questions),
    }


def _flip(flip: Flip) -> JsonObject:
    return {
        "id": flip.case.id,
        "question": flip.case.question,
        "persona": flip.case.persona,
        "must_pass": flip.case.must_pass,
        "gold": [
            {"document": path, "rank_before": before, "rank_after": after}
            for path, before, after in flip.gold
        ],
        "instead": [
            {
                "document": found.document,
                "chunk_id": found.chunk_id,
                "section": list(found.section),
                "lines": list(found.lines),
            }
            for found in flip.instead
        ],
        "causes": list(flip.causes),
    }
