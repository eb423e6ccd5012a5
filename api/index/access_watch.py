"""Applies changes of access as they are saved, also while a run is still at work on other files."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.sources.source import Source
from ingest.sources.watching import Changes, Debounce, narrowed
from rag.errors import RunbookError

log = logging.getLogger(__name__)
# Shorter than that of a run: a document that is half saved can only lose readers, and its next
# version gives them back.
_DEBOUNCE = Debounce(quiet=0.05, longest=0.2)
_STOP_CHECK_SECONDS = 0.5
_RETRY_SECONDS = 1.0


@dataclass(slots=True)
class AccessWatch:
    """Calls `apply` with the sources that changed, each narrowed to the folder of its changes.

    What fails is tried again, with what changed meanwhile; `failed` is called for each failure.
    """

    apply: Callable[[Sequence[Source]], None]
    sources: Sequence[Source]
    stop: threading.Event
    failed: Callable[[], None]
    changes: Changes = field(default_factory=lambda: Changes(_DEBOUNCE))

    def run(self) -> None:
        """Until `stop` is set."""
        while not self.stop.is_set():
            changed = self.changes.take(_STOP_CHECK_SECONDS)
            if changed and not self._applied(changed):
                for source, paths in changed.items():
                    for path in paths:
                        self.changes.add(source, path)
                self.stop.wait(_RETRY_SECONDS)

    def _applied(self, changed: dict[str, frozenset[str]]) -> bool:
        try:
            self.apply(narrowed(self.sources, changed))
        except RunbookError as error:
            log.warning("changes of access were not applied, trying again: %s", error)
        except Exception:  # this thread must not end
            log.exception("changes of access were not applied, trying again")
        else:
            return True
        self.failed()
        return False
