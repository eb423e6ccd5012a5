"""Permutation tests on days: is the difference of two windows more than days differ anyway?

Questions of one day are not independent: an incident brings many alike. So whole days are permuted
between the windows, and each day has the same weight, however many questions it has. A statistic is
computed for the true windows (row 0 of `labels`) and for permutations of them at once.

Distributions of numbers are compared by the Kolmogorov-Smirnov distance; for a share it equals the
difference of the shares. Vectors are compared by the maximum mean discrepancy (Gretton et al. 2012,
A Kernel Two-Sample Test, lemma 6), of which pairs within one day are left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.bool_]
Days = NDArray[np.integer]

_THRESHOLDS = 201
# The median of distances is estimated on this many vectors.
_MEDIAN_SAMPLE = 500


def windows(days: int, recent: int, permutations: int, generator: np.random.Generator) -> Labels:
    """Row 0 marks the last `recent` of `days` days, each other row as many days at random."""
    labels = np.zeros((permutations + 1, days), dtype=bool)
    labels[:, days - recent :] = True
    labels[1:] = generator.permuted(labels[1:], axis=1)
    return labels


def p_value(statistics: Floats) -> float:
    """The share of permutations, the true windows among them, whose statistic is as large."""
    # Sums in another order differ in the last digits.
    return float(np.mean(statistics >= statistics[0] - 1e-12))


def distribution_distance(values: Floats, days: Days, labels: Labels) -> Floats:
    """Kolmogorov-Smirnov distance of the windows, 0 to 1, for each row of `labels`.

    `days` has the day of each value, counted from 0; every day has a value. Many different values
    are compared at 201 quantiles.
    """
    thresholds = np.unique(
        np.quantile(values, np.linspace(0, 1, _THRESHOLDS), method="inverted_cdf")
    )
    counts = np.zeros((labels.shape[1], len(thresholds)))
    np.add.at(counts, (days, np.searchsorted(thresholds, values)), 1)
    cumulative = np.cumsum(counts, axis=1)
    per_day = cumulative / cumulative[:, -1:]
    differences = np.abs(_mean(labels, per_day) - _mean(~labels, per_day))
    return np.asarray(differences.max(axis=1))


def _mean(labels: Labels, per_day: Floats) -> Floats:
    return np.asarray(labels.astype(float) @ per_day / labels.sum(axis=1, keepdims=True))


def day_similarities(vectors: NDArray[np.float32], days: Days, count: int) -> Floats:
    """The mean kernel value of the vectors of each two days: a symmetric matrix of `count` days."""
    kernel = rbf_kernel(vectors, vectors, bandwidth(vectors))
    members = np.zeros((count, len(days)), dtype=np.float32)
    members[days, np.arange(len(days))] = 1
    sizes = members.sum(axis=1)
    return np.asarray(members @ kernel @ members.T / np.outer(sizes, sizes), dtype=float)


def mean_discrepancy(similarities: Floats, labels: Labels) -> Floats:
    """Squared maximum mean discrepancy of the windows, for each row of `labels`.

    It is an unbiased estimate, and can be below 0 where the windows are alike.
    """
    between = similarities - np.diag(np.diag(similarities))
    recent, reference = labels.astype(float), (~labels).astype(float)
    many, few = reference.sum(axis=1), recent.sum(axis=1)
    within = ((recent @ between) * recent).sum(axis=1) / (few * (few - 1))
    before = ((reference @ between) * reference).sum(axis=1) / (many * (many - 1))
    across = ((recent @ between) * reference).sum(axis=1) / (few * many)
    return np.asarray(within + before - 2 * across)


def rbf_kernel(
    left: NDArray[np.float32], right: NDArray[np.float32], sigma: float
) -> NDArray[np.float32]:
    """exp(-d² / (2 sigma²)) of each pair of vectors of unit length."""
    squared = np.maximum(2 - 2 * (left @ right.T), 0)
    return np.asarray(np.exp(-squared / (2 * sigma * sigma)), dtype=np.float32)


def bandwidth(vectors: NDArray[np.float32]) -> float:
    """The median distance of two vectors (the median heuristic), of an even sample of them."""
    step = max(1, len(vectors) // _MEDIAN_SAMPLE)
    sample = vectors[::step]
    above = np.triu_indices(len(sample), k=1)
    squared = np.maximum(2 - 2 * (sample @ sample.T)[above], 0)
    return float(np.sqrt(np.median(squared))) or 1.0
