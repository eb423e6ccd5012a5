"""The fit of a confidence model, and its calibration error."""

from __future__ import annotations

import numpy as np
import pytest

from rag.retrieval.evidence import FEATURES
from training.calibration import ANSWERABLE, Case, calibration_error, fitted, report
from training.confidence import with_acl


def cases() -> list[Case]:
    """Answerable questions have more coverage; every fourth of them finds another document."""
    found = []
    for number in range(400):
        answerable = number % 2 == 0
        right = answerable and number % 8 != 0
        evidence = dict.fromkeys(FEATURES, 0.5)
        evidence["coverage"] = 0.6 * right + (number % 50) / 100
        condition = ANSWERABLE if answerable else "document left out"
        found.append(Case(f"project {number % 4}", condition, [evidence], [right]))
    return found


def test_a_fit_uses_what_tells_the_cases_apart_and_nothing_else() -> None:
    model = fitted(cases())
    assert model.coefficients["coverage"] > 1
    assert all(model.coefficients[name] == 0 for name in FEATURES if name != "coverage")
    assert model.refused <= model.low


def test_a_report_counts_every_condition() -> None:
    text = "\n".join(report(cases()))
    assert "| answerable | 200 |" in text
    assert "| document left out | 200 |" in text


def test_the_calibration_error_is_the_distance_of_probability_and_frequency() -> None:
    right = np.array([1.0, 1.0, 1.0, 0.0])
    weights = np.ones(4)
    assert calibration_error(np.full(4, 0.75), right, weights) == 0.0
    assert calibration_error(np.full(4, 0.95), right, weights) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Text", '---\nacl: ["t:1"]\n---\nText'),
        ("---\ntitle: A\n---\nText", '---\nacl: ["t:1"]\ntitle: A\n---\nText'),
        ("+++\ntitle = 'A'\n+++\nText", "+++\nacl = [\"t:1\"]\ntitle = 'A'\n+++\nText"),
    ],
)
def test_an_acl_is_added_to_any_front_matter(text: str, expected: str) -> None:
    assert with_acl(text, "t:1") == expected
