"""Models that ship as differences: applied exactly, and refused when anything does not match."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from rag.adapters.embedding.model_delta import (
    ModelDelta,
    apply_delta,
    find_delta,
    read_differences,
)
from rag.errors import ModelError

BASE = "b" * 64
DIFFERENCES: dict[str, np.ndarray[Any, Any]] = {
    "layer.weight": np.array([[127, -64, 0], [1, 2, 3]], dtype=np.int8),
    "layer.weight.scale": np.array([0.5, 0.25], dtype=np.float32),
    "layer.bias": np.array([0.125, -0.125], dtype=np.float32),
}


def ship(folder: Path, stored: Mapping[str, np.ndarray[Any, Any]] = DIFFERENCES) -> ModelDelta:
    data = save(dict(stored))
    (folder / "tuned.safetensors").write_bytes(data)
    manifest = {
        "base": "packaged",
        "base_sha256": BASE,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    (folder / "tuned.json").write_text(json.dumps(manifest))
    found = find_delta("tuned", folder)
    assert found is not None
    return found


def parameters() -> dict[str, torch.nn.Parameter]:
    return {
        "layer.weight": torch.nn.Parameter(torch.ones(2, 3)),
        "layer.bias": torch.nn.Parameter(torch.zeros(2)),
        "embeddings": torch.nn.Parameter(torch.ones(4)),
    }


def test_scaled_differences_are_added_and_other_weights_stay(tmp_path: Path) -> None:
    tuned = parameters()
    apply_delta(ship(tmp_path), BASE, tuned)
    assert tuned["layer.weight"].tolist() == [[64.5, -31.0, 1.0], [1.25, 1.5, 1.75]]
    assert tuned["layer.bias"].tolist() == [0.125, -0.125]
    assert tuned["embeddings"].tolist() == [1.0] * 4


def test_differences_of_another_base_are_refused(tmp_path: Path) -> None:
    tuned = parameters()
    with pytest.raises(ModelError, match=f"made for weights of packaged with sha256 {BASE}"):
        apply_delta(ship(tmp_path), "c" * 64, tuned)
    assert tuned["layer.bias"].tolist() == [0.0, 0.0]


def test_a_damaged_file_is_refused_by_its_checksum(tmp_path: Path) -> None:
    delta = ship(tmp_path)
    data = bytearray(delta.file.read_bytes())
    data[-1] ^= 1
    delta.file.write_bytes(data)
    with pytest.raises(ModelError, match=r"tuned\.safetensors: sha256 is .*damaged.*reinstall"):
        read_differences(delta)


def test_a_missing_file_is_reported_with_its_path(tmp_path: Path) -> None:
    delta = ship(tmp_path)
    delta.file.unlink()
    with pytest.raises(ModelError, match=r"tuned\.safetensors: cannot be read"):
        read_differences(delta)


@pytest.mark.parametrize(
    "stored",
    [
        {"unknown.weight": np.zeros(2, dtype=np.float32)},
        {"layer.bias": np.zeros(3, dtype=np.float32)},
    ],
)
def test_differences_that_fit_no_weight_change_none(
    tmp_path: Path, stored: dict[str, np.ndarray[Any, Any]]
) -> None:
    tuned = parameters()
    delta = ship(tmp_path, {"layer.weight": np.ones((2, 3), dtype=np.float32), **stored})
    with pytest.raises(ModelError, match="fits no weight of packaged"):
        apply_delta(delta, BASE, tuned)
    assert tuned["layer.weight"].tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"base": "packaged"}'])
def test_a_damaged_manifest_is_reported_with_its_path(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "tuned.json").write_text(manifest)
    with pytest.raises(ModelError, match=r"tuned\.json: cannot be read"):
        find_delta("tuned", tmp_path)


@pytest.mark.parametrize("name", ["", ".", "unknown", "../deltas/tuned", "/tuned", "a/b"])
def test_no_other_name_is_taken_for_a_model_that_ships(tmp_path: Path, name: str) -> None:
    ship(tmp_path)
    assert find_delta(name, tmp_path) is None
