"""The answer path: a question and a principal to an Answer with checked citations.

    earlier turns -> one question -> search -> context -> generator -> checks -> Answer

Where nothing is found that answers, no generator is asked and the answer says so. Where a model
fails, or writes nothing that the context bears out, the answer quotes the pages and says so.
Nothing is executed, and what no passage supports is never shown as if one did.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.access.acl import access_filter
from rag.answering.abstention import abstention
from rag.answering.brief import brief
from rag.answering.context import Context, ContextBuilder
from rag.answering.conversation import standalone
from rag.answering.disagreement import disagreements, rendered
from rag.answering.extractive import extract
from rag.answering.prompting import Prompt, PromptBook
from rag.answering.shown_commands import ShownCommands
from rag.answering.writing import Writing
from rag.command_risk.classify import CommandClassifier, shipped_classifier
from rag.domain.answers import (
    EXTRACTIVE,
    Answer,
    Answered,
    AnswerEvent,
    Citation,
    ContextFound,
    Detail,
    TextPart,
    Turn,
    Unsupported,
)
from rag.domain.search import SearchQuery
from rag.faithfulness.support import SupportChecker
from rag.ports import AnswerObserver, AnswerOutcome, DocumentReader, Embedder, Generator
from rag.retrieval.pasted_text import asked_by
from rag.retrieval.search import SearchEngine
from rag.retrieval.stages import StageTimes

PROMPT = "answer"
# No window limits what is quoted from, and an answer shows a bounded part of it.
_MORE_TO_QUOTE_FROM = 2
LEFT_OUT_NOTICE = "lines that give a model instructions were left out of {}"


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """`context_tokens` is what a model's context may take, by the embedding model's tokenizer.

    An answer that only quotes may read twice as much.
    """

    context_tokens: int = 3000
    unsupported: Unsupported = Unsupported.MARK


class Answerer:
    """Answers questions over one catalog; without a generator it quotes."""

    def __init__(
        self,
        engine: SearchEngine,
        pages: DocumentReader,
        embedder: Embedder,
        prompts: PromptBook,
        observer: AnswerObserver,
        settings: AnswerSettings | None = None,
        generator: Generator | None = None,
        classifier: CommandClassifier | None = None,
    ) -> None:
        self._engine = engine
        self._classifier = classifier or shipped_classifier()
        self._shown_commands = ShownCommands(self._classifier)
        self._embedder = embedder
        self._prompts = prompts
        self._observer = observer
        self._settings = settings or AnswerSettings()
        self._generator = generator
        budget = self._settings.context_tokens * (1 if generator else _MORE_TO_QUOTE_FROM)
        self._contexts = ContextBuilder(pages, embedder.count_tokens, budget)

    @property
    def model(self) -> str:
        """The model that answers are written with, `extractive` when there is none."""
        return self._generator.model if self._generator else EXTRACTIVE

    def warm(self) -> None:
        """Load what the first answer would wait for; the model itself is not asked."""
        if self._generator is not None:
            self._generator.load()

    def answer(
        self, query: SearchQuery, *, history: Sequence[Turn] = (), detail: Detail = Detail.BRIEF
    ) -> Answer:
        """The whole answer at once."""
        for event in self.stream(query, history=history, detail=detail):
            if isinstance(event, Answered):
                return event.answer
        raise AssertionError("a stream ends with its answer")

    def stream(
        self, query: SearchQuery, *, history: Sequence[Turn] = (), detail: Detail = Detail.BRIEF
    ) -> Iterator[AnswerEvent]:
        """The context first, then the text in parts that are checked, then the whole answer.

        Closing the iterator stops the model.
        """
        started, times = time.time(), StageTimes()
        prompt = self._prompts.current(PROMPT)
        asked = asked_by(standalone(query.question, history))
        with times.stage("retrieval"):
            found = self._engine.search(replace(query, question=asked))
        with times.stage("context"):
            context = self._contexts.build(
                asked,
                found.hits,
                access=access_filter(query.principal),
                whole_lead=self._generator is None and detail is Detail.BRIEF,
            )
        yield ContextFound(context.hits, found)
        writing = None
        if found.no_result:
            answer = abstention(asked, context, self._shown_commands)
            yield TextPart(answer.text)
        elif self._generator is None:
            with times.stage("quoting"):
                answer = self._quoted(asked, context, detail)
            yield TextPart(answer.text)
        else:
            writing = self._writing(self._generator, context)
            with times.stage("writing"):  # with the checks, and with the reader of the stream
                yield from writing.parts(prompt, query.question, history)
            answer = writing.answer()
            if not writing.stands:
                with times.stage("quoting"):
                    quoted = self._quoted(asked, context, detail)
                yield TextPart(writing.joint + quoted.text)
                answer = writing.followed_by(quoted)
        with times.stage("disagreement"):
            disagreement = _disagreement(answer, context)
        if disagreement:
            yield TextPart(disagreement)
        answer = replace(
            answer,
            text=answer.text + disagreement,
            prompt=prompt.id,
            prompt_hash=prompt.hash,
            hits=context.hits,
            notices=(*answer.notices, *_left_out(context)),
        )
        self._observer.answer_given(_outcome(answer, prompt, started, times, writing))
        yield Answered(answer)

    def _quoted(self, question: str, context: Context, detail: Detail) -> Answer:
        """An answer in the documents' words, or an abstention where they have none to quote."""
        commands = self._shown_commands
        if detail is Detail.FULL:
            quoted = extract(question, context, commands)
        else:
            quoted = brief(question, context, commands, self._embedder)
        if not quoted.statements:
            return abstention(question, context, commands)
        return Answer(
            text=quoted.text,
            abstained=False,
            citations=tuple(
                Citation(passage.marker, passage.hit, supported=True)
                for passage in context.cited(quoted.markers)
            ),
            statements=quoted.statements,
        )

    def _writing(self, generator: Generator, context: Context) -> Writing:
        support = SupportChecker(self._embedder)
        return Writing(
            generator,
            context,
            support,
            self._settings.unsupported,
            self._observer,
            self._classifier,
        )


def _disagreement(answer: Answer, context: Context) -> str:
    """Where pages that an answer cites disagree; each side of it is cited already."""
    if answer.abstained:
        return ""
    shown = rendered(disagreements(context.cited(one.marker for one in answer.citations)))
    return f"\n\n{shown}" if shown else ""


def _left_out(context: Context) -> Iterator[str]:
    paths = dict.fromkeys(one.hit.document.path for one in context.passages if one.left_out)
    if paths:
        yield LEFT_OUT_NOTICE.format(", ".join(paths))


def _outcome(
    answer: Answer,
    prompt: Prompt,
    started: float,
    times: StageTimes,
    writing: Writing | None,
) -> AnswerOutcome:
    return AnswerOutcome(
        model=answer.model,
        prompt=prompt.id,
        prompt_hash=prompt.hash,
        started=started,
        seconds=times.seconds,
        abstained=answer.abstained,
        fell_back=writing is not None and not writing.stands,
        passages=len(answer.hits),
        citations=len(answer.citations),
        unsupported=sum(not one.supported for one in answer.statements),
        struck=writing.struck if writing is not None else 0,
        stages=times.stages,
    )
