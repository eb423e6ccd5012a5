"""The answer path: a question and a principal to an Answer with checked citations.

    earlier turns -> one question -> search -> context -> generator -> checks -> Answer

Where nothing is found that answers, no generator is asked and the answer says so. Nothing is
executed, and what no passage supports is never shown as if one did.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.abstention import abstention
from rag.acl import access_filter
from rag.answer import Answer, Answered, AnswerEvent, Citation, ContextFound, TextPart, Turn
from rag.context import Context, ContextBuilder
from rag.conversation import standalone
from rag.domain import Filters, Mode, Principal
from rag.extractive import extract
from rag.ports import AnswerObserver, AnswerOutcome, Embedder, PageReader
from rag.prompting import Prompt, PromptBook
from rag.search import DEFAULT_K, SearchEngine

PROMPT = "answer"


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """`context_tokens` is what the context may take, by the embedding model's tokenizer."""

    context_tokens: int = 3000


class Answerer:
    """Answers questions over one catalog."""

    def __init__(
        self,
        engine: SearchEngine,
        pages: PageReader,
        embedder: Embedder,
        prompts: PromptBook,
        observer: AnswerObserver,
        settings: AnswerSettings | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings or AnswerSettings()
        self._contexts = ContextBuilder(pages, embedder.count_tokens, self._settings.context_tokens)
        self._prompts = prompts
        self._observer = observer

    def answer(
        self,
        question: str,
        *,
        principal: Principal,
        k: int = DEFAULT_K,
        filters: Filters | None = None,
        mode: Mode = Mode.HYBRID,
        history: Sequence[Turn] = (),
    ) -> Answer:
        """The whole answer at once."""
        for event in self.stream(
            question, principal=principal, k=k, filters=filters, mode=mode, history=history
        ):
            if isinstance(event, Answered):
                return event.answer
        raise AssertionError("a stream ends with its answer")

    def stream(
        self,
        question: str,
        *,
        principal: Principal,
        k: int = DEFAULT_K,
        filters: Filters | None = None,
        mode: Mode = Mode.HYBRID,
        history: Sequence[Turn] = (),
    ) -> Iterator[AnswerEvent]:
        """The context first, then the text in parts that are checked, then the whole answer.

        Closing the iterator stops the model.
        """
        started = time.time()
        prompt = self._prompts.current(PROMPT)
        asked = standalone(question, history)
        found = self._engine.search(asked, principal=principal, k=k, filters=filters, mode=mode)
        context = self._contexts.build(found.hits, access=access_filter(principal))
        yield ContextFound(context.hits)
        answer = abstention(asked, context) if found.no_result else _extracted(asked, context)
        yield TextPart(answer.text)
        answer = replace(answer, prompt=prompt.id, prompt_hash=prompt.hash, hits=context.hits)
        self._observer.answer_given(_outcome(answer, prompt, started))
        yield Answered(answer)


def _extracted(question: str, context: Context) -> Answer:
    told = extract(question, context)
    if not told.statements:
        return abstention(question, context)
    markers = sorted({marker for one in told.statements for marker in one.markers})
    return Answer(
        text=told.text,
        abstained=False,
        citations=tuple(
            Citation(passage.marker, passage.hit, supported=True)
            for passage in context.cited(markers)
        ),
        statements=told.statements,
    )


def _outcome(answer: Answer, prompt: Prompt, started: float) -> AnswerOutcome:
    return AnswerOutcome(
        model=answer.model,
        prompt=prompt.id,
        prompt_hash=prompt.hash,
        started=started,
        seconds=max(0.0, time.time() - started),
        abstained=answer.abstained,
        fell_back=False,
        passages=len(answer.hits),
        citations=len(answer.citations),
        unsupported=0,
        struck=0,
    )
