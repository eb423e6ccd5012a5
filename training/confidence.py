"""`python -m training.confidence MODEL DATA OUT --projects NAME…`: fit a confidence model.

Asks the queries of DATA (training/dataset.py) in the product's own search over the documents of the
projects that have queries, three times: over all documents; without the documents that answer; and
without the whole project. Each document is indexed with an ACL tag of its own, and what is left out
is what the principal may not read. A logistic regression of the first hit's evidence is fitted on
whether its document answers, and judged with each project held out in turn. Writes OUT/MODEL.json;
copy it into rag/retrieval/confidence_models/. The model must not have been tuned on the projects.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from api.compose.indexing import run_ingest
from api.compose.reading import open_reading
from api.settings import Settings
from api.settings.index import EmbeddingSettings
from ingest.runs.report import Silent
from rag.domain.access import Principal
from rag.domain.search import SearchQuery
from training.calibration import Case, fitted, report
from training.dataset import read_dataset
from training.evaluation import Asked, held_out_sets

_K = 10


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents copied to `folder`, each readable with a tag of its own."""

    folder: Path
    tags: dict[str, str]

    def without(self, paths: Iterable[str]) -> Principal:
        """The principal that may read all documents but these."""
        hidden = set(paths)
        kept = (tag for path, tag in self.tags.items() if path not in hidden)
        return Principal("fitting", frozenset(kept))


def copied(corpus: Path, paths: Iterable[str], folder: Path) -> Corpus:
    """Copy the documents, with the tag in their front matter."""
    tags = {path: f"document:{number}" for number, path in enumerate(sorted(paths))}
    for path, tag in tags.items():
        text = (corpus / path).read_text(encoding="utf-8", errors="replace")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(with_acl(text, tag), encoding="utf-8")
    return Corpus(folder, tags)


def with_acl(text: str, tag: str) -> str:
    """A Markdown document with an ACL in its front matter, YAML or TOML."""
    if text.startswith("---\n"):
        return f'---\nacl: ["{tag}"]\n{text[4:]}'
    if text.startswith("+++\n"):
        return f'+++\nacl = ["{tag}"]\n{text[4:]}'
    return f'---\nacl: ["{tag}"]\n---\n{text}'


def cases(settings: Settings, corpus: Corpus, asked: Sequence[tuple[str, Asked]]) -> list[Case]:
    """What each question finds, under each of the three conditions; `asked` has the project."""
    found: list[Case] = []
    with open_reading(settings) as services:
        for project, one in asked:
            inside = [path for path in corpus.tags if path.startswith(f"{project}/")]
            hidden: dict[str, Sequence[str]] = {
                "answerable": (),
                "document left out": one.gold,
                "project left out": inside,
            }
            for condition, paths in hidden.items():
                query = SearchQuery(one.text, corpus.without(paths), k=_K)
                hits = services.engine.search(query).hits[:3]
                if hits:
                    found.append(
                        Case(
                            project,
                            condition,
                            [hit.explanation.evidence for hit in hits],
                            [hit.document.path in one.gold for hit in hits],
                        )
                    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.confidence", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--projects", nargs="+", required=True, metavar="NAME")
    parser.add_argument("--max-bytes", type=int, default=60_000, help="leave out longer documents")
    given = parser.parse_args()
    dataset = read_dataset(given.data)
    projects = frozenset(given.projects)
    paths = {
        one.path
        for one in dataset.sections.values()
        if one.source in projects
        and (given.data / "corpus" / one.path).stat().st_size <= given.max_bytes
    }
    corpus = copied(given.data / "corpus", paths, given.out / "corpus")
    settings = Settings(directory=given.out, embedding=EmbeddingSettings(model=given.model))
    run_ingest(settings, [corpus.folder], acl=None, prune=True, full=False, progress=Silent())
    asked = [
        (one.gold[0].partition("/")[0], one)
        for questions in held_out_sets(dataset, projects, corpus.folder).values()
        for one in questions
    ]
    found = cases(settings, corpus, asked)
    print("\n".join(report(found)))
    target = given.out / f"{given.model}.json"
    target.write_text(json.dumps(asdict(fitted(found)), indent=1) + "\n", encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
