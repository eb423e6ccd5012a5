"""Which of several pages the address in an alert means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag.alerts.alert import Alert
from rag.alerts.matching import MatchedBy
from tests.answers import PAYMENTS, Desk

WIKI = "https://wiki.example/view?page="


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(Desk(tmp_path)) as made:
        for path in ("disk.md", "pay/disk.md", "pay/disk full.md"):
            made.page(path, f"# {path}\n\nThe disk of {path} is full.\n")
        made.page("seven.md", "# Seven\n\nThe disk is full.\n", url=f"{WIKI}7/")
        made.page("eight.md", "# Eight\n\nThe disk is full.\n", url=f"{WIKI}8")
        made.page("secret/disk.md", "# Secret\n\nThe disk is full.\n", acl=["team:security"])
        yield made


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("https://git.example/ops/blob/main/pay/disk.md", "pay/disk.md"),
        ("https://git.example/ops/blob/main/other/disk.md", "disk.md"),
        ("https://git.example/ops/blob/main/pay/disk%20full.md?plain=1#L3", "pay/disk full.md"),
        ("pay/disk.md", "pay/disk.md"),
        (f"{WIKI}7", "seven.md"),
        (f"{WIKI}8#steps", "eight.md"),
        ("https://git.example/ops/secret/disk.md", "disk.md"),
    ],
)
def test_an_address_means_the_readable_page_of_which_it_tells_most(
    desk: Desk, address: str, path: str
) -> None:
    alert = Alert("Unheard", annotations={"runbook_url": address})
    found = desk.matcher().find(alert, principal=PAYMENTS, k=5)
    assert found.matched_by is MatchedBy.RUNBOOK_URL
    assert not found.ambiguous
    assert [hit.document.path for hit in found.hits] == [path]
