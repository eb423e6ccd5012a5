"""Records answers: a line in the audit log, and the request that feedback refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from api.compose.services import Services
from api.records.audit import By
from rag.domain.answers import Answered, AnswerEvent, ContextFound


def audited(
    events: Iterable[AnswerEvent], question: str, services: Services, by: By
) -> Iterator[AnswerEvent]:
    """The events, each recorded before it is sent."""
    for event in events:
        if isinstance(event, ContextFound):
            services.audit.asked(by, question, event.hits)
        if isinstance(event, Answered):
            services.requests.answered(by.request_id, by.principal, question, event.answer)
        yield event
