"""Confidence: the calibrated probability that a document answers, by logistic regression.

The coefficients and thresholds of each embedding model are data, confidence_models/NAME.json,
fitted by training/confidence.py on questions with their documents, and on the same questions with
these documents left out. A model without such a file has none; then rag/retrieval/relevance.py
decides.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from rag.domain.search import Confidence
from rag.retrieval.evidence import FEATURES, Evidence


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """A logistic model: `coefficients` by feature of Evidence, and thresholds of probability.

    Below `refused` nothing answers, below `low` confidence is low, from `high` on it is high.
    """

    coefficients: Mapping[str, float]
    intercept: float
    refused: float
    low: float
    high: float

    def probability(self, evidence: Evidence) -> float:
        """From 0 to 1, that the document answers."""
        logit = self.intercept + sum(
            coefficient * getattr(evidence, name) for name, coefficient in self.coefficients.items()
        )
        return 1.0 / (1.0 + math.exp(-logit))

    def level(self, probability: float) -> Confidence:
        if probability < self.low:
            return Confidence.LOW
        return Confidence.HIGH if probability >= self.high else Confidence.MEDIUM


@lru_cache
def confidence_model(embedding_model: str) -> ConfidenceModel | None:
    """The model that was fitted for an embedding model, by its name; None if none was.

    Raises ValueError if its file names a feature that does not exist.
    """
    name = f"{embedding_model}.json"
    folder = resources.files("rag.retrieval").joinpath("confidence_models")
    if name not in {one.name for one in folder.iterdir()}:
        return None
    row = json.loads(folder.joinpath(name).read_text(encoding="utf-8"))
    if unknown := row["coefficients"].keys() - set(FEATURES):
        raise ValueError(f"{name}: there are no such features: {sorted(unknown)}")
    return ConfidenceModel(
        row["coefficients"], row["intercept"], row["refused"], row["low"], row["high"]
    )
