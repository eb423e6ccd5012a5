"""Log templates by Drain (He et al., ICWS 2017), as the drain3 package implements it."""

from __future__ import annotations

from collections.abc import Sequence

from drain3.drain import Drain, LogCluster

# Drain's own defaults but for the threshold: messages are masked before, so that what is left is
# mostly constant, and templates of different meaning differ in fewer words.
_SIMILARITY = 0.5
_DEPTH = 4
_MAX_CHILDREN = 100
_MAX_CLUSTERS = 5_000
# Of one leaf of the tree, the newest: messages of random words would be compared with all others.
_MAX_COMPARED = 50
_MAX_REMEMBERED = 10_000  # messages whose template is known without a search


class _BoundedDrain(Drain):  # type: ignore[misc]  # the package has no types
    """Compares a message with a limited number of templates."""

    def fast_match(
        self, cluster_ids: Sequence[int], tokens: Sequence[str], sim_th: float, include_params: bool
    ) -> LogCluster | None:
        return super().fast_match(cluster_ids[-_MAX_COMPARED:], tokens, sim_th, include_params)


class DrainMiner:
    """One stream's templates; not safe to share between threads."""

    def __init__(self) -> None:
        self._drain = _BoundedDrain(
            depth=_DEPTH,
            sim_th=_SIMILARITY,
            max_children=_MAX_CHILDREN,
            max_clusters=_MAX_CLUSTERS,
        )
        self._known: dict[str, LogCluster] = {}

    def add(self, masked: str) -> tuple[int, Sequence[str]]:
        """The number of the message's template, and its tokens so far."""
        cluster = self._known.get(masked)
        if cluster is None:
            cluster, _ = self._drain.add_log_message(masked)
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            self._known[masked] = cluster
        return cluster.cluster_id, cluster.log_template_tokens
