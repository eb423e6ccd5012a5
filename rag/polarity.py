"""Whether two sentences that share their words say the opposite of each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.relevance import STOP_WORDS, stem

_WORD = re.compile(r"[^\W_]+(?:'t)?")
_NEGATIONS = frozenset(
    _WORD.findall(
        "not no never none nor neither cannot can't don't won't doesn't didn't isn't aren't wasn't "
        "weren't shouldn't mustn't wouldn't couldn't hasn't haven't without avoid unless nothing "
        "nobody"
    )
)
# Words that end what a negation speaks of.
_ENDS = re.compile(r"[;:.!?]|,\s|\s(?:but|because|since|until|instead|then|and then|which)\s", re.I)
_SCOPE = 4
_OPPOSITES = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        ("before", "after"),
        ("first", "last"),
        (
            "increase increases increased raise raises raised grow grows",
            "decrease decreases "
            "decreased lower lowers lowered reduce reduces reduced shrink shrinks",
        ),
        ("up", "down"),
        ("enable enables enabled", "disable disables disabled"),
        ("start starts started", "stop stops stopped"),
        ("on", "off"),
        ("higher", "lower"),
        ("above over exceeds more", "below under less fewer"),
        ("primary leader master", "replica secondary follower standby slave"),
        ("safe", "unsafe dangerous"),
        ("fast faster", "slow slower"),
        ("allow allows allowed", "deny denies denied forbid forbids forbidden block blocks"),
        ("always", "never"),
        ("minimum least", "maximum most"),
        ("add adds added", "remove removes removed delete deletes deleted"),
        ("read reads", "write writes"),
        ("open opens opened", "close closes closed"),
        ("old older oldest", "new newer newest"),
        ("succeed succeeds succeeded success", "fail fails failed failure"),
        ("automatic automated automatically", "manual manually"),
        ("staging", "production prod"),
        ("upgrade upgrades upgraded", "downgrade downgrades downgraded"),
        ("full", "empty"),
        ("scale-out out", "scale-in in"),
        ("internal", "external"),
        ("all every", "none"),
    )
)


def contradictions(sentence: str, source: str) -> Iterator[str]:
    """What is negated in one and not in the other, and words put in place of their opposites."""
    mine, theirs = _Told(sentence), _Told(source)
    shared = mine.stems & theirs.stems
    if bool(mine.negated) != bool(theirs.negated) and (mine.negated | theirs.negated) & shared:
        yield "is negated where what it cites is not, or the other way round"
    for one, other in _OPPOSITES:
        for here, there in ((one, other), (other, one)):
            said, meant = mine.words & here, theirs.words & there
            if said and meant and not theirs.words & here and not mine.words & there:
                yield f"says {min(said)} where what it cites says {min(meant)}"


class _Told:
    """A sentence's words, its telling stems, and those of them that a negation speaks of."""

    def __init__(self, sentence: str) -> None:
        sentence = sentence.lower().replace("\u2019", "'")
        self.words = frozenset(_WORD.findall(sentence))
        self.stems = frozenset(stem(word) for word in self.words if _tells(word))
        self.negated = frozenset(_negated(sentence))


def _negated(sentence: str) -> Iterator[str]:
    for clause in _ENDS.split(sentence):
        words = _WORD.findall(clause)
        for place, word in enumerate(words):
            if word in _NEGATIONS:
                telling = [other for other in words[place + 1 :] if _tells(other)]
                yield from (stem(other) for other in telling[:_SCOPE])


def _tells(word: str) -> bool:
    return word not in STOP_WORDS and word not in _NEGATIONS and len(word) > 1
