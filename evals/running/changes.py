"""Compares two runs: which questions broke, why, and which hits displaced the gold documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from evals.running.runs import Case, Run
from evals.running.system import FoundPassage

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ChangedCondition:
    """A condition that differs: the model, the chunking, the prompt, a setting."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangedPages:
    """Documents by kind of change; `opened` gained readers, `closed` lost some."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose outcome changed.

    `gold` holds each gold document with its rank before and after, `instead` the hits that now rank
    above the first gold one and did not before, `causes` the changes that explain the flip.
    """

    case: Case
    gold: tuple[tuple[str, int | None, int | None], ...]
    instead: tuple[FoundPassage, ...]
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that differs.

    `slipped` questions have the same outcome with a worse ranking, or with less of the model's own
    text: quotes replaced it, or it cited fewer statements itself.
    """

    conditions: tuple[ChangedCondition, ...]
    pages: ChangedPages
    broken: tuple[Flip, ...]
    mended: tuple[Flip, ...]
    slipped: tuple[Flip, ...]
    new_questions: tuple[str, ...]
    gone_questions: tuple[str, ...]


def compare(before: Run, after: Run) -> Changes:
    """Compare the questions that two runs have in common."""
    conditions = tuple(_conditions(before, after))
    pages = _pages(before, after)
    earlier = {case.id: case for case in before.cases}
    pairs = [(earlier[case.id], case) for case in after.cases if case.id in earlier]
    flips = [
        (old, new, _flip(old, new, after, pages, conditions))
        for old, new in pairs
        if old.passed != new.passed or _slipped(old, new)
    ]
    later = {case.id for case in after.cases}
    return Changes(
        conditions=conditions,
        pages=pages,
        broken=tuple(flip for old, new, flip in flips if old.passed and not new.passed),
        mended=tuple(flip for old, new, flip in flips if new.passed and not old.passed),
        slipped=tuple(flip for old, new, flip in flips if old.passed == new.passed),
        new_questions=tuple(case.id for case in after.cases if case.id not in earlier),
        gone_questions=tuple(case.id for case in before.cases if case.id not in later),
    )


def differing(before: Run, after: Run) -> tuple[str, ...]:
    """The questions whose hits, answers or scores differ; times are ignored."""
    old, new = (
        {case.id: replace(case, took_ms=0.0) for case in run.cases} for run in (before, after)
    )
    return tuple(one for one in {**old, **new} if old.get(one) != new.get(one))


def _conditions(before: Run, after: Run) -> Iterator[ChangedCondition]:
    for name in sorted(before.conditions.keys() | after.conditions.keys()):
        old, new = before.conditions.get(name, "-"), after.conditions.get(name, "-")
        if old != new:
            yield ChangedCondition(name, old, new)


def _pages(before: Run, after: Run) -> ChangedPages:
    old, new = before.pages, after.pages
    both = sorted(old.keys() & new.keys())
    return ChangedPages(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        edited=tuple(path for path in both if old[path].content_hash != new[path].content_hash),
        opened=tuple(path for path in both if set(new[path].acl) - set(old[path].acl)),
        closed=tuple(path for path in both if set(old[path].acl) - set(new[path].acl)),
    )


def _slipped(old: Case, new: Case) -> bool:
    name = "ndcg@10"
    worse = new.scores.get(name, 0.0) < old.scores.get(name, 0.0) - 1e-9
    return worse or _stopped_writing(old, new) or _cites_less_itself(old, new)


def _flip(
    old: Case,
    new: Case,
    after: Run,
    pages: ChangedPages,
    conditions: tuple[ChangedCondition, ...],
) -> Flip:
    instead = _instead(old, new)
    return Flip(
        case=new,
        gold=tuple((path, old.rank_of(path), new.rank_of(path)) for path in new.gold_documents),
        instead=instead,
        causes=tuple(_causes(old, new, after, instead, pages, conditions)),
    )


def _instead(old: Case, new: Case) -> tuple[FoundPassage, ...]:
    """The hits above the first gold one that were not above it before."""
    before = {found.chunk_id for found in _ahead(old)}
    return tuple(found for found in _ahead(new) if found.chunk_id not in before)[:_SHOWN]


def _ahead(case: Case) -> list[FoundPassage]:
    ahead: list[FoundPassage] = []
    for found in case.passages:
        if found.document in case.gold_documents:
            break
        ahead.append(found)
    return ahead


def _causes(
    old: Case,
    new: Case,
    after: Run,
    instead: tuple[FoundPassage, ...],
    pages: ChangedPages,
    conditions: tuple[ChangedCondition, ...],
) -> Iterator[str]:
    named = False
    for path, what in _about_gold(new, after, pages):
        named = True
        yield f"{path} {what}"
    for path in dict.fromkeys(found.document for found in instead):
        what = _what_happened(path, pages)
        if what:
            named = True
            yield f"{path} {what} and now ranks above the gold document"
    if _stopped_citing(old, new):
        named = True
        yield "the answer no longer has a supported citation"
    if _stopped_writing(old, new):
        named = True
        yield "the model's text is no longer kept: documents are quoted instead"
    elif _cites_less_itself(old, new):
        named = True
        yield "the model no longer cites its statements itself"
    for one in conditions:
        named = True
        yield f"{one.name}: {one.before} -> {one.after}"
    if not named:
        yield "neither documents nor settings changed: the code did"


def _about_gold(new: Case, after: Run, pages: ChangedPages) -> Iterator[tuple[str, str]]:
    for path in new.gold_documents:
        if path not in after.pages:
            yield path, "is no longer in the index"
        elif what := _what_happened(path, pages):
            yield path, what


def _what_happened(path: str, pages: ChangedPages) -> str:
    changes = {
        "was edited": pages.edited,
        "is new": pages.added,
        "lost some of its readers": pages.closed,
        "gained readers": pages.opened,
    }
    return " and ".join(what for what, which in changes.items() if path in which)


def _stopped_citing(old: Case, new: Case) -> bool:
    return _cites(old) and not _cites(new) and new.response is not None and not new.abstained


def _stopped_writing(old: Case, new: Case) -> bool:
    return (old.response is not None and old.response.written is True) and (
        new.response is not None and new.response.written is False
    )


def _cites_less_itself(old: Case, new: Case) -> bool:
    before = old.response.cited_by_model if old.response else None
    now = new.response.cited_by_model if new.response else None
    return before is not None and now is not None and now < before / 2


def _cites(case: Case) -> bool:
    return case.response is not None and any(one.supported for one in case.response.citations)
