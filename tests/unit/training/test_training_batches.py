"""Batches: every section once an epoch, the same for the same seed, and only true negatives."""

from __future__ import annotations

import numpy as np

from training.dataset import Dataset, HeadingPair, Query, Section
from training.fitting import Recipe, batches
from training.negatives import mined

RECIPE = Recipe(sections=4, negatives=2, headings=2)
SECTIONS = {
    f"s{number}": Section(f"s{number}", f"source{number % 2}", f"{number}.md", f"text {number}")
    for number in range(12)
}
DATASET = Dataset(
    SECTIONS,
    tuple(Query(one, style, f"{style} {one}") for one in SECTIONS for style in ("terse", "long")),
)
NEGATIVES = {one: [other for other in SECTIONS if other != one] for one in SECTIONS}
PAIRS = [HeadingPair("source0", f"heading {number}", f"body {number}") for number in range(6)]


def test_an_epoch_asks_every_query_once_with_its_own_section_as_gold() -> None:
    asked: list[str] = []
    for batch in batches(DATASET, NEGATIVES, PAIRS, RECIPE, epoch=0):
        for query, gold in zip(batch.queries, batch.gold, strict=True):
            name = query.split()[1]
            if query.startswith("heading"):
                assert batch.passages[gold] == f"body {name}"
            else:
                asked.append(query)
                assert batch.passages[gold] == SECTIONS[name].text
    assert sorted(asked) == sorted(query.text for query in DATASET.queries)


def test_no_passage_stands_twice_in_a_batch() -> None:
    for batch in batches(DATASET, NEGATIVES, PAIRS, RECIPE, epoch=0):
        assert len(set(batch.passages)) == len(batch.passages)


def test_a_seed_gives_the_same_batches_and_another_epoch_others() -> None:
    def made(epoch: int) -> list[list[str]]:
        return [batch.passages for batch in batches(DATASET, NEGATIVES, PAIRS, RECIPE, epoch)]

    assert made(0) == made(0)
    assert made(0) != made(1)


def test_sections_of_the_same_document_and_near_copies_are_no_negatives() -> None:
    words = "one two three four five six seven eight nine ten"
    sections = {
        "gold": Section("gold", "a", "a.md", words),
        "sibling": Section("sibling", "a", "a.md", "another section of the same page here"),
        "copy": Section("copy", "b", "b.md", words + " more"),
        "alike": Section("alike", "c", "c.md", "its vector is that of the gold section"),
        "other": Section("other", "d", "d.md", "a different matter that the model confuses"),
    }
    vectors = {
        "gold": np.array([1.0, 0.0]),
        "sibling": np.array([0.8, 0.6]),
        "copy": np.array([0.8, 0.6]),
        "alike": np.array([1.0, 0.0]),
        "other": np.array([0.8, 0.6]),
    }
    dataset = Dataset(sections, (Query("gold", "terse", "q"),))
    assert mined(dataset, vectors, [np.array([1.0, 0.0])]) == {"gold": ["other"]}
