"""What a hit looks like at the command line."""

from __future__ import annotations

import pytest

from api.cli.hits import print_hits
from rag.domain.documents import Chunk, Command, Freshness, FreshnessStatus, LineSpan, Risk
from rag.domain.search import Explanation, Hit, Scores, SearchResult
from rag.text.markdown import markdown_text
from tests.fakes import document


def test_a_command_is_marked_also_where_nobody_knows_it_and_half_a_loop_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    about = document("a.md")
    commands = (
        Command(3, "for host in a b; do", Risk.UNKNOWN),
        Command(4, "lbctl drain $host", Risk.UNKNOWN),
        Command(5, "kubectl get pods", Risk.READ_ONLY),
        Command(6, "if lbctl purge; then", Risk.UNKNOWN),
        Command(7, "done", Risk.UNKNOWN),
        Command(8, "rm -rf /data", Risk.DESTRUCTIVE),
    )
    chunk = Chunk(about.id, 0, "Drain it.", (), LineSpan(1, 9), commands=commands)
    fresh = Freshness(FreshnessStatus.UNKNOWN, about.updated_at, None, 0)
    hit = Hit(1, chunk, about, 1.0, Scores(), fresh, Explanation((), 1.0, 1.0, 1.0))
    print_hits(SearchResult((hit,), took_ms=1.0, no_result=False))
    output = [line.strip() for line in capsys.readouterr().out.split("\n") if "] line" in line]
    assert output == [
        "[unknown] line 4: lbctl drain $host",
        "[unknown] line 6: if lbctl purge; then",
        "[destructive] line 8: rm -rf /data",
    ]


def test_other_hits_are_short_and_show_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    about = document("a.md")
    text = "## Fix\n\n```sh\nrm -rf /data\n```\n\nRun `rm -rf /x` now.\n\nThen call the team.\n"
    chunk = Chunk(about.id, 0, text, (), LineSpan(1, 9), blocks=markdown_text(text).blocks)
    fresh = Freshness(FreshnessStatus.UNKNOWN, about.updated_at, None, 0)
    hits = tuple(
        Hit(rank, chunk, about, 1.0, Scores(), fresh, Explanation((), 1.0, 1.0, 1.0))
        for rank in range(1, 8)
    )
    print_hits(SearchResult(hits, took_ms=1.0, no_result=False), shown=5)
    shown = capsys.readouterr().out
    assert "5. a.md" in shown
    assert "6. a.md" not in shown
    assert shown.count("rm -rf /data") == 1
    assert shown.count("Then call the team.") == 5
