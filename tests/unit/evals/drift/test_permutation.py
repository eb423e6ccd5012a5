"""Permutation tests on days."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.drift.permutation import (
    bandwidth,
    day_similarities,
    distribution_distance,
    mean_discrepancy,
    p_value,
    rbf_kernel,
    windows,
)

DAYS, RECENT = 28, 7


def labels(permutations: int = 999, days: int = DAYS, recent: int = RECENT) -> NDArray[np.bool_]:
    return windows(days, recent, permutations, np.random.default_rng(1))


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_the_first_row_marks_the_last_days_and_every_row_as_many() -> None:
    made = labels(50)
    assert made[0].tolist() == [False] * 21 + [True] * 7
    assert set(made.sum(axis=1)) == {RECENT}
    assert len(np.unique(made[1:], axis=0)) > 40


def test_the_distance_of_shares_is_their_difference() -> None:
    days = np.repeat([0, 1, 2], 10)
    values = np.array([0.0] * 10 + [1.0] * 5 + [0.0] * 5 + [1.0] * 9 + [0.0])
    found = distribution_distance(values, days, labels(0, days=3, recent=1))
    assert found[0] == pytest.approx(0.9 - 0.25)


def test_a_day_counts_the_same_however_many_values_it_has() -> None:
    days = np.array([0] * 1000 + [1, 2, 2])
    values = np.array([1.0] * 1000 + [0.0, 0.0, 1.0])
    found = distribution_distance(values, days, labels(0, days=3, recent=1))
    assert found[0] == pytest.approx(0.0)


def test_the_discrepancy_is_the_definition_without_pairs_of_one_day() -> None:
    generator = np.random.default_rng(2)
    vectors = unit(generator.normal(size=(40, 8)))
    days = np.arange(40) % 5
    sigma = bandwidth(vectors)
    marks = labels(3, days=5, recent=2)
    found = mean_discrepancy(day_similarities(vectors, days, 5), marks)
    for row, statistic in zip(marks, found, strict=True):

        def mean(one: list[int], other: list[int]) -> float:
            pairs = [(a, b) for a in one for b in other if a != b]
            kernels = [
                float(rbf_kernel(vectors[days == a], vectors[days == b], sigma).mean())
                for a, b in pairs
            ]
            return sum(kernels) / len(kernels)

        recent, reference = np.flatnonzero(row).tolist(), np.flatnonzero(~row).tolist()
        expected = mean(recent, recent) + mean(reference, reference) - 2 * mean(recent, reference)
        assert statistic == pytest.approx(expected, abs=1e-6)


def test_windows_that_are_alike_are_rarely_told_apart() -> None:
    """Days differ from each other more than their values do, as days with an incident."""
    marks, found = labels(), []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        days = np.repeat(np.arange(DAYS), 20)
        values = generator.normal(size=len(days)) + generator.normal(size=DAYS)[days]
        found.append(p_value(distribution_distance(values, days, marks)))
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.04)
    assert np.mean(np.array(found) < 0.5) == pytest.approx(0.5, abs=0.12)


def test_a_shift_of_all_recent_days_is_found_and_one_odd_day_is_not() -> None:
    generator = np.random.default_rng(3)
    days = np.repeat(np.arange(DAYS), 20)
    base = generator.normal(size=(len(days), 16))
    towards = np.zeros(16)
    towards[0] = 2.0
    for shifted, low, high in ((days >= DAYS - RECENT, 0, 0.002), (days == DAYS - 1, 0.05, 1)):
        vectors = unit(base + np.outer(shifted, towards))
        found = p_value(mean_discrepancy(day_similarities(vectors, days, DAYS), labels()))
        assert low <= found <= high


def test_equal_vectors_have_a_bandwidth() -> None:
    assert bandwidth(unit(np.ones((5, 4)))) > 0
