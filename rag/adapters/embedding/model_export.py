"""Exports a model for OpenVINO's runtime, which needs no torch.

The export runs in a process of its own, so that neither ingest nor the service ever holds torch.
It is used only when its vectors agree with those of sentence-transformers, the reference.

"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.adapters.embedding.exported_model import ABOUT, FAILED, ExportedModel, exported
from rag.adapters.embedding.openvino_embedder import OpenVinoEmbedder
from rag.adapters.embedding.openvino_library import openvino_with_converter
from rag.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)
# bfloat16, which CPUs that have it use, keeps 0.9999 on texts of up to 512 tokens (measured).
MIN_COSINE = 0.995
_SECONDS = 900  # a large model takes minutes to load and convert
_LONG = "If the queue grows, drain node 3, then check replication lag before you go on. "
_PROBES = (
    "disk full",
    "KubePodCrashLooping",
    "How do I roll back checkout-api when the error rate rises after a deploy?",
    "```\nkubectl -n payments rollout undo deployment/checkout-api --to-revision=41\n```",
    "Größe der Warteschlange überschritten, Neustart nötig",
    _LONG * 8,
    _LONG * 60,
)


def export_in_child(model: str, max_tokens: int, allow_download: bool, folder: Path) -> None:
    """Make `folder` in a process of its own; raises ModelError, and remembers why, when it fails.

    Two that export at once do no harm: each works aside, and the first to finish is kept.
    """
    log.info("preparing the embedding model %s for this machine: once, about 20 seconds", model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as aside:
        made = Path(aside) / "made"
        made.mkdir()
        asked = json.dumps([model, max_tokens, allow_download, str(made)])
        command = [sys.executable, "-m", __name__, asked]
        try:
            done = subprocess.run(  # noqa: S603 - this module, by this interpreter
                command, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
            failure = "" if done.returncode == 0 else _last_line(done.stderr)
        except subprocess.TimeoutExpired:
            failure = f"it took over {_SECONDS} seconds"
        if failure:
            shutil.rmtree(made)
            made.mkdir()
            about = json.dumps({"reason": f"{model} could not be exported: {failure}"})
            (made / FAILED).write_text(about, encoding="utf-8")
        if not folder.exists():
            made.replace(folder)
    exported(folder)


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "the process ended without a word"


def _export(model_name: str, max_tokens: int, allow_download: bool, folder: Path) -> None:
    from rag.adapters.embedding.sentence_transformer import load

    model = load(model_name, max_tokens, allow_download)
    converted = _converted(model)
    openvino_with_converter().save_model(converted, folder / "model.xml", compress_to_fp16=True)
    model.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    exported = ExportedModel(
        dimension=len(model.encode_query("dimension")),
        max_tokens=int(model.max_seq_length or max_tokens),
        pad_id=int(model.tokenizer.pad_token_id or 0),
        question_prefix=model.prompts.get("query") or "",
        document_prefix=model.prompts.get("document") or "",
        cosine=0.0,
    )
    exported = _verified(model, folder, exported)
    (folder / ABOUT).write_text(json.dumps(asdict(exported)), encoding="utf-8")


def _converted(model: SentenceTransformer) -> Any:
    import torch

    class Whole(torch.nn.Module):
        """The model from token ids to its sentence embedding, as one graph."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            output = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(output["sentence_embedding"], dim=-1)

    example = torch.ones((2, 8), dtype=torch.long)
    inputs = {"input_ids": example, "attention_mask": example}
    return openvino_with_converter().convert_model(Whole().eval(), example_input=inputs)


def _verified(model: SentenceTransformer, folder: Path, exported: ExportedModel) -> ExportedModel:
    """Says how far the export agrees with its reference. Raises ModelError if it does not."""
    runtime = OpenVinoEmbedder("probe", folder, exported)
    cosine = min(
        _min_cosine(model.encode_document(list(_PROBES)), runtime.embed_documents(_PROBES)),
        _min_cosine(
            model.encode_query(list(_PROBES)), [runtime.embed_question(text) for text in _PROBES]
        ),
    )
    if cosine < MIN_COSINE:
        raise ModelError(f"its vectors agree with the reference by {cosine:.4f} alone")
    return ExportedModel(**{**asdict(exported), "cosine": round(cosine, 6)})


def _min_cosine(reference: Any, made: Sequence[Any]) -> float:
    import numpy as np

    unit = reference / np.linalg.norm(reference, axis=1, keepdims=True)
    return float((unit * np.array(made)).sum(axis=1).min())


def main() -> None:
    """The child process: one JSON list of arguments; the last line of stderr says what failed."""
    model, max_tokens, allow_download, folder = json.loads(sys.argv[1])
    try:
        _export(model, max_tokens, allow_download, Path(folder))
    except Exception as error:  # whatever torch, transformers or OpenVINO raise
        reason = " ".join(str(error).split()) or "no reason given"
        sys.exit(f"{type(error).__name__}: {reason[:500]}")


if __name__ == "__main__":
    main()
