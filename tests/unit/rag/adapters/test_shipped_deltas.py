"""The tuned models that ship: whole, small, made for the packaged weights, and named apart."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from api.settings import DEFAULT_MODEL
from rag.adapters.embedding.model_delta import FOLDER, delta_names, find_delta, read_differences
from rag.adapters.embedding.sentence_transformer import (
    PACKAGED_MODEL,
    PACKAGED_SHA256,
    fingerprint,
)

ROOT = Path(__file__).parents[4]
_MAX_BYTES = 12_000_000


def test_the_default_model_ships() -> None:
    assert DEFAULT_MODEL in delta_names()


@pytest.mark.parametrize("name", delta_names())
def test_a_delta_matches_its_checksum_and_the_packaged_weights(name: str) -> None:
    delta = find_delta(name)
    assert delta is not None
    assert (delta.base, delta.base_sha256) == (PACKAGED_MODEL, PACKAGED_SHA256)
    assert delta.file.stat().st_size < _MAX_BYTES
    differences = read_differences(delta)
    assert differences
    assert all(np.isfinite(one).all() for one in differences.values())


@pytest.mark.parametrize("name", delta_names())
def test_a_generation_names_the_model_with_its_weights(name: str) -> None:
    delta = find_delta(name)
    assert delta is not None
    assert fingerprint(name, 512) == f"{name}@{delta.sha256[:16]}/512"
    assert fingerprint(name, 512) != fingerprint(PACKAGED_MODEL, 512) != fingerprint(name, 256)


def test_deltas_are_part_of_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["rag.adapters.embedding"]
    shipped = {path for pattern in patterns for path in FOLDER.parent.glob(pattern)}
    assert {path for path in FOLDER.iterdir() if path.is_file()} <= shipped
