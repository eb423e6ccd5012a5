"""Every target of the fuzzer runs over its seeds, the findings that were mended among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.targets import SEEDS, TARGETS, seeds

_EXTRAS = {"pdf": "pypdf", "docx": "docx"}
_MAX_CORPUS_BYTES = 256 * 1024


@pytest.mark.parametrize(
    ("name", "seed"),
    [(name, seed) for name in TARGETS for seed in seeds(name)],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_a_seed_is_no_finding(name: str, seed: Path) -> None:
    if name in _EXTRAS:
        pytest.importorskip(_EXTRAS[name])
    TARGETS[name].make()(seed.read_bytes())


def test_every_target_has_seeds_within_its_budget_and_every_seed_a_target() -> None:
    assert {folder.name for folder in SEEDS.iterdir()} == set(TARGETS)
    for name, target in TARGETS.items():
        sizes = [seed.stat().st_size for seed in seeds(name)]
        assert sizes
        assert max(sizes) <= target.max_bytes
    assert sum(seed.stat().st_size for name in TARGETS for seed in seeds(name)) < _MAX_CORPUS_BYTES
