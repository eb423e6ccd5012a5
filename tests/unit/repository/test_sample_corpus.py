"""The sample corpus keeps what its README promises."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ingest.reading.acl_rules import AclRules
from ingest.reading.decode import decode
from ingest.reading.front_matter import FrontMatter, parse_front_matter
from ingest.sources.walk import walk
from rag.domain.documents import Kind

ROOT = Path(__file__).parents[3] / "runbooks"
PAGES = walk(ROOT, frozenset({".md"})).files
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)")


def front(path: str) -> FrontMatter:
    return parse_front_matter(decode((ROOT / path).read_bytes()))


def test_there_are_enough_pages_of_each_kind() -> None:
    kinds = Counter(front(path).fields.kind for path in PAGES)
    assert kinds[Kind.RUNBOOK] >= 40
    assert kinds[Kind.POSTMORTEM] >= 15
    assert kinds[Kind.NOTE] >= 5
    assert kinds[None] == 0


@pytest.mark.parametrize("path", PAGES)
def test_links_and_supersessions_lead_somewhere(path: str) -> None:
    found = front(path)
    for link in LINK.findall(found.body):
        assert ((ROOT / path).parent / link).exists(), link
    if found.fields.supersedes is not None:
        assert found.fields.supersedes in PAGES


def test_every_page_has_readers_and_not_all_are_public() -> None:
    rules = AclRules(ROOT, None)
    acls = [rules.resolve(path, front(path).fields.acl).acl for path in PAGES]
    assert all(acls)
    public = sum("public" in acl for acl in acls)
    assert 0.3 < public / len(acls) < 0.8
    assert len(set(acls)) >= 10


def test_owners_and_review_dates_vary() -> None:
    fields = [front(path).fields for path in PAGES]
    assert len({found.owner for found in fields}) >= 7
    assert len({service for found in fields for service in found.service}) >= 12
    reviewed = [found.last_reviewed for found in fields if found.last_reviewed]
    assert min(reviewed) < date(2025, 1, 1) < date(2026, 10, 1) < max(reviewed)
    assert any(found.last_reviewed is None for found in fields)
