"""Copies of a document for other versions or regions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rag.domain.search import CandidateDocument
from rag.retrieval.fusion import RankedDocument
from rag.retrieval.siblings import without_siblings


def leads(question: str, *paths: str) -> dict[str, tuple[str, ...]]:
    """The documents that stay, best first, each with its siblings."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    documents = {
        number: CandidateDocument(number, f"d{number}", "s", path, day, None, None)
        for number, path in enumerate(paths)
    }
    ranked = [RankedDocument(number, 1.0 - number / 100) for number in documents]
    kept, siblings = without_siblings(question, ranked, documents)
    assert [one.score for one in kept] == sorted((one.score for one in kept), reverse=True)
    return {documents[one.version].path: siblings.get(one.version, ()) for one in kept}


VERSIONS = ("v1.27/upgrade.md", "other.md", "v1.28/upgrade.md", "v1.9/upgrade.md")


def test_the_newest_version_leads_in_the_place_of_the_best() -> None:
    assert leads("how to upgrade", *VERSIONS) == {
        "v1.28/upgrade.md": ("v1.27/upgrade.md", "v1.9/upgrade.md"),
        "other.md": (),
    }


def test_the_version_that_is_asked_for_leads() -> None:
    assert next(iter(leads("upgrade to 1.9", *VERSIONS))) == "v1.9/upgrade.md"
    assert next(iter(leads("upgrade to v1.27.", *VERSIONS))) == "v1.27/upgrade.md"


def test_the_region_that_is_asked_for_leads() -> None:
    paths = ("failover-eu-west-1.md", "failover-us-east-1.md", "restore/us/a.md", "restore/eu/a.md")
    assert list(leads("failover in us-east-1", *paths)) == [
        "failover-us-east-1.md",
        "restore/us/a.md",
    ]


@pytest.mark.parametrize(
    "paths",
    [
        ("2024/03/outage.md", "2024/04/outage.md"),
        ("upgrade-2.9-to-2.10.md", "upgrade-2.10-to-2.11.md"),
        ("checkout/README.md", "mailer/README.md"),
        ("certs/ca/rotate.md", "certs/etcd/rotate.md"),
        ("v1.27/upgrade.md", "v1.28/install.md"),
    ],
)
def test_other_documents_are_no_siblings(paths: tuple[str, ...]) -> None:
    assert list(leads("outage", *paths)) == list(paths)
