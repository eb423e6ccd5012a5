"""Detects contradictions of the source: negations, opposites, and wider claims.

Words are compared only if their clauses share more than the word itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rag.faithfulness.clauses import Negation, Word, by_root, clauses_of, words_of
from rag.text.wording import root, word_set

_OPPOSITES = tuple(
    (
        frozenset(root(word) for word in one.split()),
        frozenset(root(word) for word in other.split()),
    )
    for one, other in (
        ("first", "last"),
        ("increase raise grow rise", "decrease lower reduce shrink drop fall"),
        ("up", "down"),
        ("enable", "disable"),
        ("start", "stop"),
        ("on", "off"),
        ("high higher", "low lower"),
        ("above over exceed", "below under"),
        ("primary leader master", "replica secondary follower standby slave"),
        ("safe", "unsafe dangerous"),
        ("fast faster", "slow slower"),
        ("allow accept permit", "deny forbid block refuse reject"),
        ("always", "never"),
        ("minimum least fewest", "maximum most"),
        ("add", "remove delete"),
        ("keep retain", "delete remove wipe drop lose discard"),
        ("read", "write"),
        ("open", "close"),
        ("old older oldest", "new newer newest"),
        ("succeed success", "fail failure"),
        ("automatic automated automatically", "manual manually"),
        ("staging", "production prod"),
        ("upgrade", "downgrade"),
        ("full", "empty"),
        ("internal", "external"),
        ("healthy", "broken unhealthy sick"),
        ("early earlier", "late later"),
        ("large larger big", "small smaller"),
        ("long longer", "short shorter"),
        ("forward", "back backward"),
        ("public", "private"),
        ("permanently", "temporarily"),
        ("required mandatory necessary needed", "optional"),
        ("pause", "resume"),
        ("grant", "revoke"),
        ("lock", "unlock"),
        ("import", "export"),
        ("push", "pull"),
        ("connect", "disconnect"),
        ("better", "worse"),
        ("cheap cheaper", "expensive"),
        ("skip", "repeat"),
        ("inside", "outside"),
        ("same", "different"),
    )
)
_LIMITS = word_set("only just alone except unless apart solely")
_EXCEPTIONS = frozenset(("except", "unless", "apart"))
_EVERYTHING = word_set(
    "all every always any anyone anybody everyone everybody everything whole entire"
)
_MIN_SHARED_ROOTS = 2


def contradictions(sentence: str, source: str) -> Iterator[str]:
    """Report words negated in only one of the two texts, and words replaced by an opposite."""
    mine, theirs = words_of(sentence), words_of(source)
    yield from _negated_otherwise(mine, theirs)
    yield from _opposed(mine, theirs)


def wider_claims(sentence: str, source: str) -> Iterator[str]:
    """Report exceptions and generalisations that the source does not make."""
    mine, theirs = words_of(sentence), words_of(source)
    said, meant = {word.text for word in mine}, {word.text for word in theirs}
    limited = bool(meant & _LIMITS) or any(word.in_negated_clause for word in theirs)
    if said & _EXCEPTIONS and not limited:
        yield "makes an exception that the cited text does not make"
    if "permanently" in said - meant:
        yield "says that it is permanent, and the cited text does not"
    only = {word.clause for word in theirs if word.text == "only"}
    everything = {word.clause for word in mine if word.text in _EVERYTHING}
    theirs_by_root = by_root(theirs)
    for word in mine:
        held = theirs_by_root.get(word.root, ())
        of_everything = word.tells and word.clause in everything
        if of_everything and held and all(other.clause in only for other in held):
            yield f"says {word.text} of everything, and the cited text only of some"


def are_opposites(one: str, other: str) -> bool:
    """Whether two roots are listed as opposites."""
    return any(
        (one in here and other in there) or (one in there and other in here)
        for here, there in _OPPOSITES
    )


def negates(sentence: str) -> bool:
    """Whether a sentence negates anything."""
    return any(word.in_negated_clause for word in words_of(sentence))


def _negated_otherwise(mine: Sequence[Word], theirs: Sequence[Word]) -> Iterator[str]:
    clauses, source_clauses = clauses_of(mine), clauses_of(theirs)
    theirs_by_root = by_root(other for other in theirs if other.tells)
    for word in mine:
        held = theirs_by_root.get(word.root, ())
        if not word.tells or word.is_number or not held:
            continue
        around = clauses[word.clause] - {word.root}
        common = max(len(around & source_clauses[other.clause]) for other in held)
        nearest = [other for other in held if len(around & source_clauses[other.clause]) == common]
        if word.negation is not None:
            if _asserts(word, around, common) and not any(o.in_negated_clause for o in nearest):
                yield f"{word.text} is negated, and in the cited text it is not"
        elif _denied(word, nearest, around, source_clauses):
            yield f"{word.text} is not negated, and in the cited text it is"


def _asserts(word: Word, around: frozenset[str], common: int) -> bool:
    """Whether the source has the same clause without the negation."""
    if word.negation is Negation.PREDICATE:
        return common >= 1
    return common >= _MIN_SHARED_ROOTS and 2 * common >= len(around)


def _denied(
    word: Word,
    nearest: Sequence[Word],
    around: frozenset[str],
    source_clauses: Mapping[int, frozenset[str]],
) -> bool:
    """Whether the sentence states or directs, not only supposes, what the source negates."""
    if word.in_negated_clause or not all(other.negation for other in nearest):
        return False
    forbidden = any(other.negation is Negation.VERB for other in nearest)
    if forbidden and (word.text.endswith("ing") or word.conditional or word.has_article):
        return False
    wide = any(
        around & source_clauses.get(other.clause + step, frozenset())
        for other in nearest
        for step in (-1, 0, 1)
    )
    return wide or not around or word.directs


def _opposed(mine: Sequence[Word], theirs: Sequence[Word]) -> Iterator[str]:
    clauses, source_clauses = clauses_of(mine), clauses_of(theirs)
    said, meant = {word.root for word in mine}, {word.root for word in theirs}
    for pair in _OPPOSITES:
        for here, there in (pair, pair[::-1]):
            if meant & here or said & there:
                continue
            for word in (one for one in mine if one.root in here and not one.is_code):
                against = next(
                    (
                        other
                        for other in theirs
                        if other.root in there
                        and not other.is_code
                        and _is_negated(word) == (other.negation is not None)
                        and _share_more(word, other, clauses, source_clauses)
                    ),
                    None,
                )
                if against is not None:
                    yield f"says {word.text} where the cited text says {against.text}"


def _is_negated(word: Word) -> bool:
    return word.negation is not None or word.in_negated_clause


def _share_more(
    word: Word,
    other: Word,
    clauses: Mapping[int, frozenset[str]],
    source_clauses: Mapping[int, frozenset[str]],
) -> bool:
    mine = clauses.get(word.clause, frozenset()) - {word.root}
    return bool(mine & source_clauses.get(other.clause, frozenset()) - {other.root})
