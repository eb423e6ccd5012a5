"""A model as it was exported for OpenVINO's runtime.

FOLDER/model.xml, model.bin   token ids and mask to unit vectors, pooling included
FOLDER/tokenizer.json         the model's own tokenizer
FOLDER/about.json             an ExportedModel
FOLDER/failed.json            instead of all these: why there is no export
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rag.errors import ModelError

ABOUT = "about.json"
FAILED = "failed.json"


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """What the runtime needs to know of an export.

    `cosine` is the lowest similarity of a probe's two vectors: the export's and the reference's.
    """

    dimension: int
    max_tokens: int
    pad_id: int
    question_prefix: str
    document_prefix: str
    cosine: float


def exported(folder: Path) -> ExportedModel | None:
    """The export in `folder`, None when there is none. Raises ModelError when it failed before."""
    failed = folder / FAILED
    if failed.exists():
        reason = json.loads(failed.read_text(encoding="utf-8"))["reason"]
        raise ModelError(f"{reason} (remove {folder} to try again)")
    about = folder / ABOUT
    if not about.exists():
        return None
    return ExportedModel(**json.loads(about.read_text(encoding="utf-8")))
