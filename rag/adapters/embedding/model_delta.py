"""Models that ship as differences to the packaged model's weights.

deltas/NAME.json          the names and checksums of the base and of the differences
deltas/NAME.safetensors   for each tuned matrix W of shape (rows, columns): `W`, 8-bit integers, and
                          `W.scale`, one 32-bit float a row; tuned = base + integers x scale.
                          For each tuned vector v: `v`, its 32-bit float differences

The differences of six layers take 11 MB so, where the model itself takes 91. They are applied when
the model is exported for its runtime, which is kept: a search reads only the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError

if TYPE_CHECKING:
    import numpy as np

FOLDER = Path(__file__).parent / "deltas"
SCALE = ".scale"


@dataclass(frozen=True, slots=True)
class ModelDelta:
    """A named model, the base that it differs from, and the SHA-256 of both files in hex."""

    name: str
    base: str
    base_sha256: str
    sha256: str
    file: Path

    @property
    def identity(self) -> str:
        """Names the model and its weights."""
        return f"{self.name}@{self.sha256[:16]}"


def delta_names(folder: Path = FOLDER) -> list[str]:
    """The models that ship as differences."""
    return sorted(path.stem for path in folder.glob("*.json"))


@lru_cache
def find_delta(name: str, folder: Path = FOLDER) -> ModelDelta | None:
    """The delta that ships under this name, None when there is none.

    Raises ModelError when its manifest cannot be read.
    """
    if name not in delta_names(folder):
        return None
    manifest = folder / f"{name}.json"
    try:
        row = json.loads(manifest.read_text(encoding="utf-8"))
        return ModelDelta(
            name=name,
            base=row["base"],
            base_sha256=row["base_sha256"],
            sha256=row["sha256"],
            file=folder / f"{name}.safetensors",
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{manifest}: cannot be read: {error}: {_REINSTALL}") from error


def apply_delta(delta: ModelDelta, base_sha256: str, parameters: Mapping[str, Any]) -> None:
    """Add the differences to torch parameters, by name, in place.

    Raises ModelError when the file is not the one of the manifest, when the differences were made
    for another base, or when they do not fit the parameters; then no parameter has changed.
    """
    import torch

    if base_sha256 != delta.base_sha256:
        raise ModelError(
            f"{delta.name} was made for weights of {delta.base} with sha256 {delta.base_sha256}, "
            f"and these have {base_sha256}: {_REINSTALL}"
        )
    differences = read_differences(delta)
    for name, difference in differences.items():
        if name not in parameters or tuple(parameters[name].shape) != difference.shape:
            raise ModelError(f"{delta.file}: {name!r} fits no weight of {delta.base}: {_REINSTALL}")
    with torch.no_grad():
        for name, difference in differences.items():
            parameters[name].add_(torch.from_numpy(difference))


def read_differences(delta: ModelDelta) -> dict[str, np.ndarray[Any, Any]]:
    """What to add to each weight, 32-bit floats, once the file's checksum is verified."""
    import numpy as np
    from safetensors.numpy import load

    try:
        data = delta.file.read_bytes()
    except OSError as error:
        raise ModelError(f"{delta.file}: cannot be read: {error}: {_REINSTALL}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != delta.sha256:
        raise ModelError(
            f"{delta.file}: sha256 is {found}, expected {delta.sha256}: the file is damaged or "
            f"was replaced: {_REINSTALL}"
        )
    stored = load(data)
    return {
        name: _scaled(value, stored.get(name + SCALE)).astype(np.float32)
        for name, value in stored.items()
        if not name.endswith(SCALE)
    }


def _scaled(
    stored: np.ndarray[Any, Any], scale: np.ndarray[Any, Any] | None
) -> np.ndarray[Any, Any]:
    return stored if scale is None else stored * scale[:, None]


_REINSTALL = "reinstall runbook-search from a source that you trust"
