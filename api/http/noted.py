"""What every door that answers in words leaves behind: an audit line, and a request to judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from api.records.audit import By
from api.services import Services
from rag.answer import Answered, AnswerEvent, ContextFound


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
