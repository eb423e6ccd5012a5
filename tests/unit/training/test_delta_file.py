"""What training writes is what the service reads, to within half a step of 8 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rag.adapters.embedding.model_delta import find_delta, read_differences
from training.delta_file import write_delta

MANIFEST = {"base": "packaged", "base_sha256": "b" * 64}


def test_differences_are_read_back_within_half_a_step(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    base = {
        "weight": rng.normal(size=(5, 7)).astype(np.float32),
        "bias": rng.normal(size=5).astype(np.float32),
    }
    change = {name: rng.normal(scale=0.01, size=one.shape) for name, one in base.items()}
    change["weight"][2] = 0.0  # a row that has not changed
    tuned = {name: (base[name] + change[name]).astype(np.float32) for name in base}
    write_delta(tmp_path, "tuned", base, tuned, MANIFEST)
    delta = find_delta("tuned", tmp_path)
    assert delta is not None
    found = read_differences(delta)
    step = np.abs(change["weight"]).max(axis=1, keepdims=True) / 127
    assert (np.abs(found["weight"] - change["weight"]) <= step / 2 + 1e-6).all()
    assert np.allclose(found["bias"], change["bias"], atol=1e-6)


def test_the_same_weights_give_the_same_file(tmp_path: Path) -> None:
    base = {"weight": np.zeros((2, 2), dtype=np.float32)}
    tuned = {"weight": np.ones((2, 2), dtype=np.float32)}
    for folder in ("one", "two"):
        write_delta(tmp_path / folder, "tuned", base, tuned, MANIFEST)
    for name in ("tuned.json", "tuned.safetensors"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
