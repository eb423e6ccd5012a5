"""Logistic regression of evidence, its thresholds, and how well it is calibrated.

One question in four is taken to have no answer: the cases without one are weighted so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]  # ships no types

from rag.retrieval.confidence import ConfidenceModel
from rag.retrieval.evidence import FEATURES

ANSWERABLE = "answerable"
_UNANSWERABLE_SHARE = 0.25
_REFUSED_AT_MOST = 0.01
_LOW_AT_MOST = 0.05
_HIGH_FROM = 0.85
_PENALTY = 1e-3
_BINS = 10
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """A question under a condition: the evidence of its first hits, and whether each answers."""

    project: str
    condition: str
    evidence: Sequence[Mapping[str, float]]
    answers: Sequence[bool]


def fitted(cases: Sequence[Case]) -> ConfidenceModel:
    """The model of all cases; its thresholds are those of the cases with their project held out."""
    coefficients, intercept = _fit(cases)
    held_out = _held_out(cases)
    # Where none of the hits is right, to refuse them is no loss.
    found = _answerable(cases) & np.array([any(case.answers) for case in cases])
    best = np.array([chance.max() for chance in held_out])[found]
    first = np.array([chance[0] for chance in held_out])[_answerable(cases)]
    refused = round(float(np.quantile(best, _REFUSED_AT_MOST)), 3)
    low = round(float(np.quantile(first, _LOW_AT_MOST)), 3)
    return ConfidenceModel(
        {n: round(float(value), 3) for n, value in zip(FEATURES, coefficients, strict=True)},
        round(intercept, 3),
        refused,
        max(refused, low),
        _HIGH_FROM,
    )


def report(cases: Sequence[Case]) -> Iterator[str]:
    """Rows of Markdown tables: the operating points and the reliability, by projects held out."""
    held_out = _held_out(cases)
    model = fitted(cases)
    yield "| condition | n | refused | refused or low | first document answers |"
    yield "| --- | --- | --- | --- | --- |"
    rows = {
        name: [n for n, case in enumerate(cases) if case.condition == name]
        for name in dict.fromkeys(case.condition for case in cases)
    }
    right_found = [n for n in rows.get(ANSWERABLE, ()) if any(cases[n].answers)]
    rows["answerable, right document among three hits"] = right_found
    for condition, chosen in rows.items():
        refused = np.array([held_out[n].max() < model.refused for n in chosen])
        low = np.array([held_out[n][0] < model.low for n in chosen]) | refused
        led = np.mean([cases[n].answers[0] for n in chosen])
        yield (f"| {condition} | {len(chosen)} | {_share(refused)} | {_share(low)} | {led:.3f} |")
    first = np.array([chance[0] for chance in held_out])
    right = np.array([case.answers[0] for case in cases], dtype=float)
    weights = _weights(cases)
    yield ""
    yield f"Expected calibration error: {calibration_error(first, right, weights):.3f}"
    yield ""
    yield "| probability | n | mean | answers |"
    yield "| --- | --- | --- | --- |"
    for place in _bins(first):
        if place.any():
            mean, share = (np.average(of[place], weights=weights[place]) for of in (first, right))
            yield f"| {first[place].min():.2f}-{first[place].max():.2f} | {place.sum()} " + (
                f"| {mean:.2f} | {share:.2f} |"
            )


def calibration_error(chances: Array, right: Array, weights: Array) -> float:
    """ECE: the mean difference of probability and frequency over ten bins of equal width."""
    gaps = (
        weights[place].sum()
        * abs(np.average(chances[place] - right[place], weights=weights[place]))
        for place in _bins(chances)
        if place.any()
    )
    return float(sum(gaps) / weights.sum())


def _share(chosen: Array) -> str:
    """A share with its 95 % interval, by bootstrap over the cases."""
    rng = np.random.default_rng(0)
    draws = chosen[rng.integers(0, len(chosen), (2000, len(chosen)))].mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{chosen.mean():.3f} [{low:.3f}, {high:.3f}]"


def _bins(chances: Array) -> Iterator[Array]:
    numbers = np.minimum((chances * _BINS).astype(int), _BINS - 1)
    return (numbers == number for number in range(_BINS))


def _answerable(cases: Sequence[Case]) -> Array:
    return np.array([case.condition == ANSWERABLE for case in cases])


def _weights(cases: Sequence[Case]) -> Array:
    answerable = _answerable(cases)
    others = max(1, int((~answerable).sum()))
    share = _UNANSWERABLE_SHARE / (1 - _UNANSWERABLE_SHARE) * answerable.sum() / others
    return np.where(answerable, 1.0, share)


def _held_out(cases: Sequence[Case]) -> list[Array]:
    """The probabilities of each case's hits, by a model without the case's project."""
    models = {
        project: _fit([case for case in cases if case.project != project])
        for project in sorted({case.project for case in cases})
    }
    return [_chances(case, *models[case.project]) for case in cases]


def _chances(case: Case, coefficients: Array, intercept: float) -> Array:
    features = np.array([[one[name] for name in FEATURES] for one in case.evidence])
    chances: Array = 1.0 / (1.0 + np.exp(-(features @ coefficients + intercept)))
    return chances


def _fit(cases: Sequence[Case]) -> tuple[Array, float]:
    """Coefficients in the order of FEATURES, and the intercept, from the first hits."""
    features = np.array([[case.evidence[0][name] for name in FEATURES] for case in cases])
    right = np.array([case.answers[0] for case in cases], dtype=float)
    weights = _weights(cases) / _weights(cases).sum()
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    inputs = np.c_[(features - mean) / spread, np.ones(len(cases))]

    def loss(parameters: Array) -> tuple[float, Array]:
        logits = inputs @ parameters
        penalised = np.r_[parameters[:-1], 0.0]
        value = weights @ (np.logaddexp(0, logits) - right * logits)
        slope = inputs.T @ (weights * (1 / (1 + np.exp(-logits)) - right))
        return float(value + _PENALTY / 2 * penalised @ penalised), slope + _PENALTY * penalised

    bounds = [(0.0, None)] * len(FEATURES)  # more of a feature never lowers the probability
    start = np.zeros(len(FEATURES) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)])
    coefficients = found.x[:-1] / spread
    return coefficients, float(found.x[-1] - coefficients @ mean)
