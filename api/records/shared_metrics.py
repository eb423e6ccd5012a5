"""Metrics that several processes count together, in files that each of them maps into memory.

The files are those of the multiprocess mode of prometheus_client: one for each process and type of
metric. A process that is restarted under the same name goes on in the files of the one before, so
that no count falls back and the number of files stays the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from rag.errors import StoreError

_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# The types of the metrics of `Metrics`, as the library names their files.
_TYPES = ("counter", "histogram", "gauge_max")
# The library's first size of a file, which holds some thousands of series.
_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SharedValues:
    """The folder of the files, and the name of this process, which no other process has."""

    folder: Path
    process: str

    def use(self) -> None:
        """Keep the values of all metrics that this process makes from now on in the folder.

        Raises StoreError.
        """
        for metric_type in _TYPES:
            _allocate(self.folder / f"{metric_type}_{self.process}.db")
        os.environ[_FOLDER_VARIABLE] = str(self.folder)
        make_class: Callable[[Callable[[], str]], type] = values.MultiProcessValue
        values.ValueClass = make_class(lambda: self.process)

    def registry(self) -> CollectorRegistry:
        """A registry of the sums over all processes."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self.folder))  # type: ignore[no-untyped-call] # its own
        return registry

    def counters(self) -> Iterable[Metric]:
        """The counters alone, summed: histograms take ten times as long to read."""
        files = [str(path) for path in self.folder.glob("counter_*.db")]
        merge: Callable[[list[str]], Iterable[Metric]] = MultiProcessCollector.merge
        return merge(files)


def _allocate(path: Path) -> None:
    """Take the space on the disk now: a process is killed that writes to memory mapped from a file
    for which a full disk has no room."""
    if path.exists():  # of a process that was here before
        return
    try:
        path.touch(mode=0o600)
        path.write_bytes(bytes(_FILE_BYTES))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}): make room on its disk, and mend the "
            "owner or the mount of the state folder"
        ) from error
