"""Changes on disk, gathered and narrowed."""

from __future__ import annotations

import threading
import time
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.source import Source
from ingest.sources.watching import Changes, Debounce, is_watched, narrowed

names = st.sampled_from(["a", "b", "c.md", "d.md"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


def test_a_burst_is_one_batch() -> None:
    changes = Changes(Debounce(quiet=0.05, longest=5))
    for number in range(1000):
        changes.add("s", f"page-{number}.md")
    taken = changes.take(timeout=1)
    assert len(taken["s"]) == 1000
    assert changes.take(timeout=0) == {}


def test_a_batch_that_never_rests_ends_all_the_same() -> None:
    changes = Changes(Debounce(quiet=5, longest=0.2))
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.01):
            changes.add("s", "busy.md")

    writer = threading.Thread(target=write)
    writer.start()
    started = time.monotonic()
    assert changes.take(timeout=5) == {"s": frozenset({"busy.md"})}
    assert time.monotonic() - started < 4
    stop.set()
    writer.join()


def test_nothing_changed_is_nothing_taken() -> None:
    assert Changes().take(timeout=0.01) == {}


@pytest.mark.parametrize(
    ("changed", "scope"),
    [
        ({"payments/a.md"}, "payments/a.md"),
        ({"payments/a.md", "payments/b/c.md"}, "payments"),
        ({"a.md", "payments/b.md"}, None),
        ({"payments/.runbook-acl.yaml"}, "payments"),
        ({".runbookignore"}, None),
    ],
)
def test_a_run_looks_where_something_changed(changed: set[str], scope: str | None) -> None:
    source, quiet = Source("s", Path("/r")), Source("quiet", Path("/q"))
    [run] = narrowed([source, quiet], {"s": frozenset(changed)})
    assert (run.name, run.scope) == ("s", scope)


@given(st.sets(paths, min_size=1))
def test_the_scope_holds_every_change(changed: set[str]) -> None:
    [run] = narrowed([Source("s", Path("/r"))], {"s": frozenset(changed)})
    for path in changed:
        assert run.scope is None or path == run.scope or path.startswith(f"{run.scope}/")


@pytest.mark.parametrize(
    ("path", "watched"),
    [
        ("a.md", True),
        ("a/b/c.md", True),
        ("a/.runbook-acl.yaml", True),
        (".runbookignore", True),
        (".git/index.lock", False),
        ("a/.swp/b.md", False),
        (".git/.runbook-acl.yaml", False),
    ],
)
def test_hidden_files_change_nothing(path: str, watched: bool) -> None:
    assert is_watched(PurePosixPath(path)) == watched
