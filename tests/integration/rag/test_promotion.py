"""The commit by which another generation serves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.promotion import Promotions
from rag.domain.generations import Generation
from rag.errors import NotFound
from tests.catalogs import open_catalog


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_catalog(tmp_path / "catalog.db")) as opened:
        yield opened


def promoted(database: Database, generation: Generation) -> None:
    Promotions(database).promote(generation, by="a test", kind="promote", gate="none")


def test_a_generation_that_is_gone_is_not_promoted_and_the_one_before_serves_on(
    database: Database,
) -> None:
    generations = Generations(database)
    serving = generations.create("one", "model", 8)
    promoted(database, serving)
    with pytest.raises(NotFound, match="no generation 77 any more"):
        promoted(database, replace(serving, id=77))
    assert generations.serving() == serving
    assert [one.generation for one in Promotions(database).history()] == [serving.id]


def test_the_one_before_is_retired_and_remembered(database: Database) -> None:
    generations = Generations(database)
    one, two = (generations.create(name, "model", 8) for name in ("one", "two"))
    promoted(database, one)
    promoted(database, two)
    assert generations.serving() == two
    assert {info.generation.id: info.state for info in generations.list()} == {
        one.id: "retired",
        two.id: "serving",
    }
    newest = Promotions(database).history()[0]
    assert (newest.generation, newest.before) == (two.id, one.id)
    assert Promotions(database).before() == one.id
