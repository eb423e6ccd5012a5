"""Detects words of a sentence that are exchanged compared with its source.

Covers values attributed to each other's subject, steps in another order, exchanged sides of a
preposition, and near copies in which a word was replaced. Every check needs shared words: a
paraphrase without them passes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import combinations

from rag.faithfulness.clauses import Word, by_root, words_of
from rag.faithfulness.polarity import are_opposites
from rag.text.wording import root, word_set

_OTHER_CLAUSE = 5  # words of distance added between two clauses
_CLEAR = 2  # a word belongs to the nearer of two when it is nearer by so many words
_MIN_VOTES = 2
_MAX_SHARED = 64  # bounds the number of pairs compared
_OF_A_NAME = 2
_LINKS = word_set("without than of to from into with for over")
_TIMES = word_set("first second last before after afterwards then later once only")
_THEREAFTER = frozenset(("afterwards", "then", "later", "once"))
_MIN_STEPS = 3
_COMMAND = re.compile(r"\s*+(?:\$ )?[a-z][\w-]*+ ")
_OPTION_OR_PATH = re.compile(r"\s--?\w|/")
_NEAR_COPY = 0.6
_SAME_BEFORE = 3
_MAX_EXCHANGED = 4

_Places = Mapping[str, Sequence[Word]]


def exchanged_partners(sentence: str, source: str) -> Iterator[str]:
    """Report pairs of numbers, names or opposites that are exchanged."""
    mine, theirs = by_root(words_of(sentence)), by_root(words_of(source))
    shared = [
        key
        for key, words in mine.items()
        if key in theirs and (words[0].tells or words[0].is_number)
    ]
    for one, other in combinations(shared[:_MAX_SHARED], 2):
        if not _are_alike(one, other, mine):
            continue
        numbers = _is_number(one, mine)
        agree, differ = 0, 0
        for word in shared[:_MAX_SHARED]:
            if word in (one, other) or (numbers and _is_number(word, mine)):
                continue
            # An adjacent name is the best evidence of what a number belongs to.
            weight = _OF_A_NAME if numbers and mine[word][0].is_name else 1
            vote = weight * _owner(mine, word, one, other) * _owner(theirs, word, one, other)
            agree, differ = agree + max(0, vote), differ + max(0, -vote)
        if differ >= max(_MIN_VOTES, 2 * agree):
            yield f"{one} and {other} are exchanged in the cited text"


def other_order(sentence: str, source: str, units: Sequence[str]) -> Iterator[str]:
    """Report steps in another order; `units` are the source's sentences and lines."""
    mine, theirs = words_of(sentence), words_of(source)
    source_order = _stated_order(theirs) | _order_of_lines(units)
    for one, other in sorted(_stated_order(mine)):
        if (other, one) in source_order and (one, other) not in source_order:
            yield f"{one} comes before {other}, and after it in the cited text"
            return
    listed, source_listed = _listed_order(mine), _listed_order(theirs)
    if len(_members(listed) & _members(source_listed)) >= _MIN_STEPS:
        for one, other in sorted(listed):
            if (other, one) in source_listed and (one, other) not in source_listed:
                yield f"{one} is listed before {other}, and after it in the cited text"
                return


def exchanged_sides(sentence: str, source: str) -> Iterator[str]:
    """Report exchanged sides: `an order without a payment` for `a payment without an order`."""
    source_links = set(_linked(words_of(source)))
    for one, link, other in _linked(words_of(sentence)):
        if (other, link, one) in source_links and (one, link, other) not in source_links:
            yield f"{one} {link} {other} is the other way round in the cited text"


def exchanged_words(
    sentence: str, units: Sequence[str], are_alike: Callable[[str, str], bool]
) -> Iterator[str]:
    """Report replaced words in a near copy of one unit if their meanings differ."""
    mine = words_of(sentence)
    compared = [_compared(mine, words_of(unit)) for unit in units]
    if not mine or not compared:
        return
    same, theirs, changes = max(compared, key=lambda one: one[0])
    if same < _NEAR_COPY * len(mine):
        return
    for place, (kind, start, end, from_, to) in enumerate(changes):
        before = changes[place - 1] if place else None
        if kind != "replace" or before is None or before[2] - before[1] < _SAME_BEFORE:
            continue
        if max(end - start, to - from_) > _MAX_EXCHANGED:
            continue
        said, meant = _content_words(mine[start:end]), _content_words(theirs[from_:to])
        if said and meant and not (said.keys() <= meant.keys() or meant.keys() <= said.keys()):
            one, other = " ".join(said.values()), " ".join(meant.values())
            if not are_alike(one, other):
                yield f"says {one} where the cited text says {other}"


def _is_number(key: str, places: _Places) -> bool:
    return places[key][0].is_number


def _are_alike(one: str, other: str, places: _Places) -> bool:
    """Whether two words are interchangeable: two numbers, two names or two opposites."""
    if _is_number(one, places) and _is_number(other, places):
        return "1" not in (one, other)
    if places[one][0].is_name and places[other][0].is_name:
        alone = len(places[one]) == len(places[other]) == 1
        return alone and one not in other and other not in one
    return are_opposites(one, other)


def _owner(places: _Places, word: str, one: str, other: str) -> int:
    """-1 if a word is clearly nearer to `one`, 1 if to `other`, else 0."""
    mine, theirs = _distance(places, word, one), _distance(places, word, other)
    clear = 1 if _is_number(one, places) else _CLEAR
    if min(mine, theirs) >= _OTHER_CLAUSE or abs(mine - theirs) < clear:
        return 0
    return -1 if mine < theirs else 1


def _distance(places: _Places, word: str, value: str) -> int:
    return min(
        abs(one.place - other.place) + _OTHER_CLAUSE * (one.clause != other.clause)
        for one in places[word]
        for other in places[value]
    )


def _stated_order(words: Sequence[Word]) -> set[tuple[str, str]]:
    """Pairs of roots (earlier, later) whose order the text states."""
    clauses: dict[int, list[Word]] = defaultdict(list)
    for word in words:
        clauses[word.clause].append(word)
    found: set[tuple[str, str]] = set()
    runs = list(clauses.values())
    for number, run in enumerate(runs):
        before = _steps(runs[number - 1]) if number else []
        behind = _steps(runs[number + 1]) if number + 1 < len(runs) else []
        texts = [word.text for word in run]
        for link in ("before", "after"):
            if link in texts:
                at = texts.index(link)
                left = (_steps(run[:at]) or before) if at else behind
                right = _steps(run[at + 1 :])
                found |= _pairs(left, right) if link == "before" else _pairs(right, left)
        if _THEREAFTER & set(texts):
            found |= _pairs(before, _steps(run))
    return found | _first_and_second(words)


def _first_and_second(words: Sequence[Word]) -> set[tuple[str, str]]:
    """`revoke first, rotate second`."""
    texts = [word.text for word in words]
    if "first" not in texts:
        return set()
    first = texts.index("first")
    second = next((n for n, text in enumerate(texts) if text in ("second", "last")), 0)
    if second <= first:
        return set()
    return _pairs(_steps(words[:first])[-1:], _steps(words[:second])[-1:])


def _is_command_line(unit: str) -> bool:
    """Whether a line starts with a program, has an option or a path, and is no sentence."""
    line = unit.rstrip()
    begins = _COMMAND.match(line)
    if begins is None or line.endswith((".", "!", "?", ":")):
        return False
    return _OPTION_OR_PATH.search(line, begins.end(), len(line) - 1) is not None


def _order_of_lines(units: Sequence[str]) -> set[tuple[str, str]]:
    """Pairs of roots in the order of the command lines, which are run in sequence."""
    lines = [set(_steps(words_of(unit))) for unit in units if _is_command_line(unit)]
    return {
        pair
        for one, other in combinations(lines, 2)
        for pair in _pairs(sorted(one - other), sorted(other - one))
    }


def _listed_order(words: Sequence[Word]) -> set[tuple[str, str]]:
    """Each pair of imperatives that open their clauses, in their order."""
    heads: dict[int, str] = {}
    for word in words:
        opens = word.directs and word.clause not in heads
        if opens and not word.is_code and not word.text.endswith(("ing", "ed")):
            heads[word.clause] = word.root
    return {(one, other) for one, other in combinations(heads.values(), 2) if one != other}


def _steps(words: Sequence[Word]) -> list[str]:
    """The roots of the content words; a command of several words yields each of them."""
    done = [word for word in words if word.tells and word.text not in _TIMES]
    return [
        part
        for word in done
        for part in (map(root, word.root.split()) if " " in word.root else (word.root,))
    ]


def _pairs(before: Sequence[str], behind: Sequence[str]) -> set[tuple[str, str]]:
    return {(one, other) for one in before for other in behind if one != other}


def _members(pairs: set[tuple[str, str]]) -> set[str]:
    return {member for pair in pairs for member in pair}


def _linked(words: Sequence[Word]) -> Iterator[tuple[str, str, str]]:
    for word in words:
        if word.text in _LINKS:
            near = [other for other in words if other.clause == word.clause and other.tells]
            left = [o.root for o in near if word.place - 2 <= o.place < word.place]
            right = [o.root for o in near if word.place < o.place <= word.place + 3]
            if left and right:
                yield left[-1], word.text, right[0]


def _compared(
    mine: Sequence[Word], theirs: Sequence[Word]
) -> tuple[int, Sequence[Word], Sequence[tuple[str, int, int, int, int]]]:
    matcher = SequenceMatcher(
        None, [word.root for word in mine], [word.root for word in theirs], autojunk=False
    )
    same = sum(block.size for block in matcher.get_matching_blocks())
    return same, theirs, matcher.get_opcodes()


def _content_words(words: Sequence[Word]) -> dict[str, str]:
    return {word.root: word.text for word in words if word.tells}
