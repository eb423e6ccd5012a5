"""Writes a tuned model as differences to its base, in the form that the service reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from rag.adapters.embedding.model_delta import SCALE

_LEVELS = 127


def write_delta(
    folder: Path,
    name: str,
    base: Mapping[str, np.ndarray[Any, Any]],
    tuned: Mapping[str, np.ndarray[Any, Any]],
    manifest: Mapping[str, Any],
) -> None:
    """FOLDER/NAME.safetensors and NAME.json. `manifest` names the base and says how it was made."""
    stored: dict[str, np.ndarray[Any, Any]] = {}
    for parameter in sorted(tuned):
        difference = np.asarray(tuned[parameter] - base[parameter], dtype=np.float32)
        if difference.ndim == 1:
            stored[parameter] = difference
        else:
            stored[parameter], stored[parameter + SCALE] = _quantized(difference)
    data = save(stored)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.safetensors").write_bytes(data)
    row = {**manifest, "sha256": hashlib.sha256(data).hexdigest()}
    (folder / f"{name}.json").write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")


def _quantized(
    difference: np.ndarray[Any, Any],
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Integers of 8 bits, and the scale of each row; a row of zeros has the scale one."""
    largest = np.abs(difference).max(axis=1)
    scale = np.where(largest > 0, largest / _LEVELS, 1.0).astype(np.float32)
    return np.round(difference / scale[:, None]).astype(np.int8), scale
