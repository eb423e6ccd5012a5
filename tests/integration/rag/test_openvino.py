"""The exported model: the same vectors as its reference, without torch, and what happens else."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from api.settings import DEFAULT_MODEL
from rag.adapters.embedding import local_embedder, model_export
from rag.adapters.embedding.exported_model import ExportedModel, exported
from rag.adapters.embedding.local_embedder import LocalEmbedder
from rag.adapters.embedding.model_export import export_in_child
from rag.adapters.embedding.openvino_embedder import OpenVinoEmbedder
from rag.adapters.embedding.sentence_transformer import SentenceTransformerEmbedder
from rag.errors import ModelError
from rag.ports import Vector
from tests.processes import RUNBOOK, environment

TEXTS = [
    "short",
    "KubePodCrashLooping",
    "kubectl rollout undo deployment/checkout --to-revision=4",
    "Größe überschritten — 磁盘已满",
    "a good deal longer than that, " * 40,
    "beyond what the model reads at once " * 200,
    "",
]


def cosine(one: Vector[float], other: Vector[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_vectors_agree_with_the_reference(embedder: LocalEmbedder) -> None:
    reference = SentenceTransformerEmbedder(DEFAULT_MODEL, 512)
    assert embedder.runtime == "openvino"
    assert embedder.fingerprint == reference.fingerprint
    assert embedder.dimension == reference.dimension
    pairs = zip(embedder.embed_documents(TEXTS), reference.embed_documents(TEXTS), strict=True)
    assert min(cosine(ours, theirs) for ours, theirs in pairs) > 0.99
    for text in TEXTS:
        assert cosine(embedder.embed_question(text), reference.embed_question(text)) > 0.99
    assert embedder.count_tokens(TEXTS) == reference.count_tokens(TEXTS)


def test_questions_of_many_threads_are_each_answered_with_their_own(
    embedder: LocalEmbedder,
) -> None:
    questions = [f"what is wrong with broker {number}" for number in range(40)]
    made: dict[str, Vector[float]] = {}

    def ask(question: str) -> None:
        made[question] = embedder.embed_question(question)

    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = dict(zip(questions, embedder.embed_documents(questions), strict=True))
    assert all(cosine(made[one], alone[one]) > 0.999 for one in questions)


def test_the_export_says_what_it_was_verified_with(embedder: LocalEmbedder, models: Path) -> None:
    embedder.embed_question("made")
    [folder] = [path for path in models.iterdir() if not path.name.startswith(".")]
    about = exported(folder)
    assert about is not None
    assert about.cosine > 0.999
    assert not [path for path in models.iterdir() if path.name.startswith(".export-")]


def test_neither_ingest_nor_search_imports_torch(tmp_path: Path, models: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.md").write_text("# Broker\n\nRestart the broker.\n" + "Word. " * 900)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from api.compose.indexing import run_ingest\n"
        "from api.compose.serving import open_serving\n"
        "import api.compose.embedding\n"
        "from api.compose.local import LOCAL_ADMINISTRATOR\n"
        "from rag.adapters.embedding.local_embedder import LocalEmbedder\n"
        "from rag.domain.search import SearchQuery\n"
        "from api.settings import Settings\n"
        "from ingest.runs.report import Silent\n"
        f"api.compose.embedding.make_embedder = lambda s: LocalEmbedder(Path({str(models)!r}), "
        f"{DEFAULT_MODEL!r}, 512, False)\n"
        "s = Settings(directory=Path.cwd())\n"
        "run_ingest(s, [Path('pages')], acl=frozenset({'public'}), prune=True, full=False, "
        "progress=Silent())\n"
        "with open_serving(s) as services:\n"
        "    services.warm()\n"
        "    assert services.engine.search(SearchQuery('broker', LOCAL_ADMINISTRATOR)).hits\n"
        "print(*sorted({'torch', 'transformers', 'sentence_transformers', 'openvino_telemetry'}"
        " & {name for name, module in sys.modules.items() if module is not None}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_a_search_on_the_command_line_loads_no_more_than_it_needs(
    tmp_path: Path, models: Path
) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.md").write_text("# Broker\n\nRestart the broker.\n")
    (tmp_path / ".runbook").mkdir()
    (tmp_path / ".runbook" / "models").symlink_to(models)
    runbook = "import sys\nfrom api.cli.main import main\ntry:\n    main()\nfinally:\n    "
    unwanted = (
        "{'alembic', 'chromadb', 'fastapi', 'httpx', 'jwt', 'llama_index', 'onnxruntime', "
        "'openvino.tools.ovc', 'opentelemetry', 'prometheus_client', 'ragas', 'rich', "
        "'structlog', 'torch', 'transformers', 'watchdog'}"
    )
    loaded = (
        f"print(*sorted(name for name in {unwanted} if sys.modules.get(name)), file=sys.stderr)"
    )

    def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", runbook + loaded, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "chromadb" in run_command("ingest", "pages").stderr.split()  # so that it would be seen
    found = run_command("search", "restart the broker")
    assert "a.md" in found.stdout
    assert found.stderr.split() == []


def test_an_export_that_fails_is_remembered_and_the_reference_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []

    def fail(model: str, max_tokens: int, allow_download: bool, folder: Path) -> None:
        attempts.append(folder)
        folder.mkdir(parents=True)
        (folder / "failed.json").write_text(json.dumps({"reason": "no such operator"}))
        exported(folder)

    monkeypatch.setattr(local_embedder, "export_in_child", fail)
    for _ in range(2):
        embedder = LocalEmbedder(tmp_path, DEFAULT_MODEL, 256, allow_download=False)
        assert len(embedder.embed_question("x")) == 384
        assert embedder.runtime == "torch"
    assert len(attempts) == 1
    assert "no such operator" in caplog.text
    assert "remove" in caplog.text


def test_a_model_that_is_not_there_is_reported_by_the_reference(tmp_path: Path) -> None:
    embedder = LocalEmbedder(tmp_path, "nobody/no-such-model", 256, allow_download=False)
    with pytest.raises(ModelError, match="allow_download"):
        embedder.embed_question("x")


def test_a_damaged_export_is_reported_and_the_reference_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    export_in_child(DEFAULT_MODEL, 64, False, tmp_path / "made")
    about = exported(tmp_path / "made")
    assert about is not None
    (tmp_path / "made" / "model.xml").write_text("<net")
    with pytest.raises(ModelError, match="cannot be opened"):
        OpenVinoEmbedder("f", tmp_path / "made", about)


def test_an_export_that_does_not_agree_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_export, "_min_cosine", lambda reference, made: 0.9)
    found = ExportedModel(384, 64, 0, "", "", 0.0)

    class Same:
        def __init__(self, *_: object) -> None: ...

        def embed_documents(self, texts: object) -> list[object]:
            return []

        def embed_question(self, text: str) -> list[object]:
            return []

    class Reference:
        def encode_document(self, texts: object) -> list[object]:
            return []

        encode_query = encode_document

    monkeypatch.setattr("rag.adapters.embedding.model_export.OpenVinoEmbedder", Same)
    with pytest.raises(ModelError, match=r"0\.9"):
        model_export._verified(Reference(), tmp_path, found)  # type: ignore[arg-type]


def test_a_command_that_fails_at_once_ends_in_order_while_the_model_loads(
    tmp_path: Path, embedder: LocalEmbedder, models: Path
) -> None:
    assert embedder.dimension  # is exported
    (tmp_path / ".runbook").mkdir()
    (tmp_path / ".runbook" / "models").symlink_to(models)
    for command in ("search", "ask"):
        done = subprocess.run(
            [*RUNBOOK, command, "disk full"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done
        assert "nothing has been indexed yet" in done.stderr
        assert "terminate" not in done.stderr


def test_a_model_that_must_be_exported_first_is_not_loaded_early(tmp_path: Path) -> None:
    embedder = LocalEmbedder(tmp_path, DEFAULT_MODEL, 512, allow_download=False)
    before = set(threading.enumerate())
    embedder.load_early()
    assert set(threading.enumerate()) <= before
    assert list(tmp_path.iterdir()) == []
