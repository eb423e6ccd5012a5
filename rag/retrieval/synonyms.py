"""Words that a team uses for the same thing: `k8s` for Kubernetes, `LB` for load balancer.

A synonym file has one group a line, its members set apart by commas; `#` starts a comment. A
member may be several words. Every member of a group is searched for where one of them stands.

    k8s, kubernetes
    pg, postgres, postgresql
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rag.errors import ConfigurationError

_WORD = re.compile(r"\w+")
_MAX_MEMBERS = 20


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Each member of a group, as its words, with the other members of its group."""

    others: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def expand(self, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each word that starts a known member, its synonyms.

        The longest member wins: in `load balancer`, `load` is followed by what LB is called.
        """
        longest = max(map(len, self.others), default=0)
        found: dict[str, tuple[str, ...]] = {}
        for start, word in enumerate(words):
            for length in range(longest, 0, -1):
                synonyms = self.others.get(tuple(words[start : start + length]))
                if synonyms and start + length <= len(words):
                    found.setdefault(word, synonyms)
                    break
        return found


def parse_synonyms(lines: Iterable[str], name: str) -> Synonyms:
    """Synonyms from the lines of the file `name`. Raises ConfigurationError, naming the line."""
    others: dict[tuple[str, ...], tuple[str, ...]] = {}
    for number, line in enumerate(lines, start=1):
        group = line.partition("#")[0].strip()
        if group:
            _add_group(others, group, f"{name}:{number}")
    return Synonyms(others)


def _add_group(others: dict[tuple[str, ...], tuple[str, ...]], line: str, place: str) -> None:
    members = list(dict.fromkeys(" ".join(_WORD.findall(part.lower())) for part in line.split(",")))
    if len(members) < 2 or not all(members):
        raise ConfigurationError(f"{place}: write at least two words, set apart by commas")
    if len(members) > _MAX_MEMBERS:
        raise ConfigurationError(f"{place}: more than {_MAX_MEMBERS} synonyms in one group")
    for member in members:
        known = others.get(tuple(member.split()), ())
        new = tuple(other for other in members if other != member and other not in known)
        others[tuple(member.split())] = known + new
