"""`kill -9` during an ingest, twenty times: the next plain ingest mends whatever it left."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import sqlalchemy as sa

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import acl_sets, chunks, generations, versions
from rag.adapters.vectors.chroma import ChromaVectorStore
from tests.forked_cli import forked
from tests.processes import environment, paths_found, run_json

KILLS = 20
PAGES = 120
WORDS = ("broker", "proxy", "cache", "ledger", "replica", "queue", "gateway", "shard")


def write_pages(folder: Path, rng: random.Random, some: list[int]) -> None:
    for number in some:
        sections = "\n".join(
            f"## Part {part}\n\n{' '.join(rng.choices(WORDS, k=120))}\n" for part in range(3)
        )
        acl = rng.choice(["public", "team:a"])
        text = f"---\nacl: [{acl}]\n---\n# Page {number}\n\n{sections}"
        (folder / f"page-{number:03}.md").write_text(text, encoding="utf-8")


def served(state: Path) -> dict[str, object]:
    """Everything that the index serves, without the numbers that differ from run to run."""
    database = Database.open(state / "catalog.db")
    query = (
        sa.select(versions.c.path, acl_sets.c.tags, chunks.c.ordinal, chunks.c.text, chunks.c.key)
        .join(versions, versions.c.id == chunks.c.version)
        .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
    )
    with database.read() as connection:
        # A run that is killed before its first commit leaves a generation that never serves.
        is_serving = generations.c.state == "serving"
        number = connection.scalars(sa.select(generations.c.id).where(is_serving)).one()
        rows = connection.execute(query.where(versions.c.generation == number)).all()
        states = set(connection.scalars(sa.select(versions.c.state)))
        table = sa.table(f"lexical_{number}", sa.column("rowid"))
        lexical = connection.scalars(sa.select(table.c.rowid)).all()
    database.close()
    assert states == {"active"}
    assert set(lexical) == {row.key for row in rows}
    assert vector_keys(state, number) == {row.key for row in rows}
    return {f"{row.path}#{row.ordinal}": (row.tags, row.text) for row in rows}


def vector_keys(state: Path, generation: int) -> set[int]:
    # Its collection has another name each time that the store was written anew.
    folder, name = state / "vectors" / str(generation), f"generation-{generation}"
    store = ChromaVectorStore.embedded(folder, name)
    try:
        return set(store.held())
    finally:
        store.close()


def ingest_and_kill(folder: Path, after: float) -> None:
    out, err = folder / "stdout", folder / "stderr"
    with forked(folder, ["ingest", "docs", "--json"], environment(), out, err):
        time.sleep(after)


def test_an_ingest_killed_at_any_moment_is_mended_by_the_next(tmp_path: Path) -> None:
    rng = random.Random(13)
    killed, clean = tmp_path / "killed", tmp_path / "clean"
    (killed / "docs").mkdir(parents=True)
    write_pages(killed / "docs", rng, list(range(PAGES)))
    shutil.copytree(killed, tmp_path / "measured")
    run_json(tmp_path, "keys", "list")  # the first command waits for what all of them import
    started = time.monotonic()
    run_json(tmp_path / "measured", "ingest", "docs")
    whole = time.monotonic() - started
    for _ in range(KILLS):
        ingest_and_kill(killed, rng.uniform(0, whole))
        write_pages(killed / "docs", rng, rng.sample(range(PAGES), 40))
        (killed / "docs" / f"page-{rng.randrange(PAGES):03}.md").unlink(missing_ok=True)
    run_json(killed, "ingest", "docs")
    shutil.copytree(killed / "docs", clean / "docs")
    run_json(clean, "ingest", "docs")
    assert served(killed / ".runbook") == served(clean / ".runbook")
    for question in ("broker and cache", "ledger replica"):
        for who in ([], ["--as", "team:a"]):
            expected = paths_found(clean, question, *who)
            assert expected
            assert paths_found(killed, question, *who) == expected
