"""Log templates by Drain (He et al., ICWS 2017), as the drain3 package implements it.

Drain joins statements that differ in few words, such as `became leader at term 7` and `became
follower at term 7`. So the words at a place where Drain has found a variable are counted: as long
as there are at most two, and both are plain words, they are constants of two statements. Brain (Yu
et al., IEEE TSC 2023) tells constants from variables in the same way, by the number of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from drain3.drain import Drain, LogCluster

from rag.incidents.templates import MAX_TEMPLATES, OTHER, VARIABLE

# Drain's own defaults but for the threshold: messages are masked before, so that what is left is
# mostly constant, and templates of different meaning differ in fewer words.
_SIMILARITY = 0.5
_DEPTH = 4
_MAX_CHILDREN = 100
_MAX_CLUSTERS = 5_000
# Of one leaf of the tree, the newest: messages of random words would be compared with all others.
_MAX_COMPARED = 50
_MAX_REMEMBERED = 10_000  # messages whose template is known without a search
_MAX_CONSTANTS = 2  # Brain's lowest threshold: with three words at one place, it is a variable


class _BoundedDrain(Drain):  # type: ignore[misc]  # the package has no types
    """Compares a message with a limited number of templates."""

    def fast_match(
        self, cluster_ids: Sequence[int], tokens: Sequence[str], sim_th: float, include_params: bool
    ) -> LogCluster | None:
        return super().fast_match(cluster_ids[-_MAX_COMPARED:], tokens, sim_th, include_params)


@dataclass(slots=True)
class _Cluster:
    """A cluster of Drain, divided by the words at its places with at most two of them.

    `constants` are the words of each such place, and `variables` the other places that differ.
    `numbers` are the templates by their words at those of `constants`.
    """

    constants: dict[int, set[str]] = field(default_factory=dict)
    variables: set[int] = field(default_factory=set)
    numbers: dict[tuple[str, ...], int] = field(default_factory=dict)

    def words(self, tokens: Sequence[str]) -> tuple[str, ...]:
        return tuple(tokens[place] for place in self.constants)


class DrainMiner:
    """One stream's templates; not safe to share between threads."""

    def __init__(self) -> None:
        self._drain = _BoundedDrain(
            depth=_DEPTH,
            sim_th=_SIMILARITY,
            max_children=_MAX_CHILDREN,
            max_clusters=_MAX_CLUSTERS,
        )
        self._known: dict[str, int] = {}
        self._clusters: dict[int, _Cluster] = {}
        # Of each template its first message, and the cluster that it belongs to.
        self._templates: list[tuple[Sequence[str], _Cluster]] = []

    def add(self, masked: str) -> int:
        """The number of the message's template; OTHER beyond MAX_TEMPLATES."""
        number = self._known.get(masked)
        if number is None:
            number = self._number(masked)
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            self._known[masked] = number
        return number

    def tokens(self, number: int) -> Sequence[str]:
        """The tokens of a template."""
        first, cluster = self._templates[number]
        return [
            VARIABLE if place in cluster.variables else token for place, token in enumerate(first)
        ]

    def _number(self, masked: str) -> int:
        found, _ = self._drain.add_log_message(masked)
        is_full = len(self._templates) >= MAX_TEMPLATES
        cluster = self._clusters.get(found.cluster_id)
        if cluster is None:
            if is_full:
                return OTHER
            cluster = self._clusters[found.cluster_id] = _Cluster()
        tokens = masked.split()
        self._compare(cluster, tokens, found.log_template_tokens)
        words = cluster.words(tokens)
        number = cluster.numbers.get(words)
        if number is None:
            if is_full:
                return OTHER
            number = cluster.numbers[words] = len(self._templates)
            self._templates.append((tokens, cluster))
        return number

    def _compare(self, cluster: _Cluster, tokens: Sequence[str], template: Sequence[str]) -> None:
        """Note the words at the places where the messages of a cluster differ."""
        if not cluster.numbers:
            return
        changed = False
        for place, token in enumerate(template):
            if token != VARIABLE or place in cluster.variables:
                continue
            word = tokens[place]
            known = cluster.constants.get(place)
            if known is None:  # all messages so far had the same word
                first, _ = self._templates[next(iter(cluster.numbers.values()))]
                known = cluster.constants[place] = {first[place]}
                changed = True
            if word not in known:
                known.add(word)
                if len(known) > _MAX_CONSTANTS or not all(map(str.isalpha, known)):
                    del cluster.constants[place]
                    cluster.variables.add(place)
                    changed = True
        if changed:
            numbers: dict[tuple[str, ...], int] = {}
            for number in cluster.numbers.values():
                numbers.setdefault(cluster.words(self._templates[number][0]), number)
            cluster.numbers = numbers
