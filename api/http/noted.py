"""What every door that answers in words leaves behind: an audit line, and a request to judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from api.compose.services import Services
from api.records.audit import By
from rag.domain.answers import Answered, AnswerEvent, ContextFound


def noted(
    events: Iterable[AnswerEvent], question: str, services: Services, by: By
) -> Iterator[AnswerEvent]:
    """The events, each noted before it goes out."""
    for event in events:
        if isinstance(event, ContextFound):
            services.audit.asked(by, question, event.hits)
        if isinstance(event, Answered):
            services.requests.answered(by.request_id, by.principal, question, event.answer)
        yield event
