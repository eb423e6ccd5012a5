"""Which documents claim an alert, by link and by name."""

from __future__ import annotations

import pytest

from rag.alerts.claims import ClaimedBy, ClaimIndex, DocumentNames, Target
from rag.domain.documents import Kind

DISK = DocumentNames(
    "disk",
    "platform/storage/DiskFull.md",
    Kind.RUNBOOK,
    "Disk full",
    headings=("Disk full", "What to do first", 'Alert Name: "KubeDiskPressure"', "NodeDiskSlow"),
)
FOLDER = DocumentNames("folder", "platform/network/README.md", Kind.RUNBOOK, "Network")
MIXIN = DocumentNames(
    "mixin", "mixin/runbook.md", Kind.RUNBOOK, "Runbook", headings=("Alert Name: KubePodLost",)
)
OTHER_MIXIN = DocumentNames("other", "third/runbook.md", Kind.RUNBOOK, "Runbook")
LISTED = DocumentNames("listed", "a.md", Kind.RUNBOOK, "A", alerts=("DiskFull",))
HISTORY = DocumentNames(
    "history", "post/disk-full.md", Kind.POSTMORTEM, "DiskFull took the ledger down"
)
INDEX = ClaimIndex([DISK, FOLDER, MIXIN, OTHER_MIXIN, HISTORY])


def first(name: str = "", url: str = "", index: ClaimIndex = INDEX) -> tuple[Target, ...]:
    return next((claim.targets for claim in index.claims(name, url)), ())


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/ops/-/blob/main/docs/platform/storage/DiskFull.md",
        "https://git.example/ops/blob/main/platform/storage/DiskFull.md?plain=1#L10",
        "https://raw.example/ops/main/platform/storage/DiskFull.md",
        "https://runbooks.example/platform/storage/DiskFull",
        "https://runbooks.example/platform/storage/DiskFull/",
        "https://runbooks.example/platform/storage/diskfull/",
        "https://runbooks.example/storage/disk-full.html",
        "https://runbooks.example/storage/disk_full/index.html",
        "https://runbooks.example/storage/Disk%20Full",
        "https://runbooks.example/#/platform/storage/DiskFull",
        "https://runbooks.example/#!/platform/storage/DiskFull.md",
        "HTTPS://RUNBOOKS.EXAMPLE/PLATFORM/STORAGE/DISKFULL",
    ],
)
def test_a_link_in_any_form_of_a_site_leads_to_the_document(url: str) -> None:
    assert first(url=url) == (Target("disk"),)


@pytest.mark.parametrize(
    ("anchor", "heading"),
    [
        ("#what-to-do-first", "What to do first"),
        ("#user-content-what-to-do-first", "What to do first"),
        ("#alert-name-kubediskpressure", 'Alert Name: "KubeDiskPressure"'),
        ("#kubediskpressure", 'Alert Name: "KubeDiskPressure"'),
        ("#KubeDiskPressure", 'Alert Name: "KubeDiskPressure"'),
        ("#alert-name-nodediskslow", "NodeDiskSlow"),
        ("#what-to-do-first-1", "What to do first"),
        ("#nowhere", None),
    ],
)
def test_an_anchor_leads_to_its_section(anchor: str, heading: str | None) -> None:
    url = f"https://runbooks.example/platform/storage/diskfull/{anchor}"
    assert first(url=url) == (Target("disk", heading),)


def test_an_anchor_that_an_author_declared_leads_to_its_section() -> None:
    declared = DocumentNames(
        "relay",
        "net/relay.md",
        Kind.RUNBOOK,
        "Relay",
        headings=("Drain it", "drain-now", "Wait"),
        anchors=(("Drain it", "drain-now"), ("Gone", "gone")),
    )
    index = ClaimIndex([declared])
    page = "https://runbooks.example/net/relay/"
    assert first(url=f"{page}#drain-now", index=index) == (Target("relay", "Drain it"),)
    assert first(url=f"{page}#drain-it", index=index) == (Target("relay", "Drain it"),)
    assert first(url=f"{page}#gone", index=index) == (Target("relay", None),)


def test_the_anchor_behind_a_client_side_route_is_read_from_its_id() -> None:
    url = "https://runbooks.example/#/platform/storage/DiskFull?id=what-to-do-first"
    assert first(url=url) == (Target("disk", "What to do first"),)


def test_the_page_of_a_folder_is_its_readme() -> None:
    assert first(url="https://runbooks.example/platform/network/") == (Target("folder"),)


def test_a_file_name_alone_is_enough_only_with_an_anchor_that_is_there() -> None:
    address = "https://git.example/kube/blob/master/runbook.md"
    assert first(url=f"{address}#alert-name-kubepodlost") == (
        Target("mixin", "Alert Name: KubePodLost"),
    )
    assert first(url=address) == ()


@pytest.mark.parametrize(
    "url", ["", " ", "https://[", "{{ $labels.url }}", "#", "https://x.example"]
)
def test_what_is_no_link_claims_nothing(url: str) -> None:
    assert first(url=url) == ()


@pytest.mark.parametrize(
    ("name", "by", "target"),
    [
        ("DiskFull", ClaimedBy.FILE_NAME, Target("disk")),
        ("disk_full", ClaimedBy.FILE_NAME, Target("disk")),
        ("KubeDiskPressure", ClaimedBy.HEADING, Target("disk", 'Alert Name: "KubeDiskPressure"')),
        ("NodeDiskSlow", ClaimedBy.HEADING, Target("disk", "NodeDiskSlow")),
    ],
)
def test_a_name_is_found_where_a_document_is_named_after_it(
    name: str, by: ClaimedBy, target: Target
) -> None:
    claim = next(INDEX.claims(name))
    assert (claim.by, claim.targets) == (by, (target,))


def test_front_matter_stands_before_file_names() -> None:
    index = ClaimIndex([DISK, LISTED])
    assert [claim.by for claim in index.claims("DiskFull")] == [
        ClaimedBy.FRONT_MATTER,
        ClaimedBy.FILE_NAME,
    ]


def test_headings_that_any_document_has_claim_no_alert() -> None:
    assert first("What to do first") == ()
    assert first("Disk") == ()


def test_a_postmortem_answers_a_link_and_no_name() -> None:
    only = ClaimIndex([HISTORY])
    assert first("DiskFull", index=only) == ()
    assert first(url="https://git.example/post/disk-full.md", index=only) == (Target("history"),)
