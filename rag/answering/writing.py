"""An answer as a model writes it: asked with the prompt, read as it comes, checked before shown.

Nothing is shown before the first statement that the context bears out, so that a model that writes
nothing of worth leaves no trace but a notice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

from rag.answering.checking import AnswerChecker, introduces, is_code
from rag.answering.context import Context, Passage
from rag.answering.prompting import Prompt
from rag.answering.streamed_units import StreamedUnits
from rag.command_risk.classify import CommandClassifier
from rag.domain.answers import Answer, Citation, TextPart, Turn, Unsupported, Usage
from rag.errors import ModelError
from rag.faithfulness.support import SupportChecker
from rag.guardrails.neutralising import one_line
from rag.ports import AnswerObserver, Generator, ModelCall
from rag.text.limits import MAX_ANSWER_CHARS, MAX_QUESTION_CHARS
from rag.text.wording import plain

# What the prompt asks a model to write where the passages do not answer.
NO_ANSWER = "NO ANSWER"
_TURNS_SHOWN = 4
_MIN_WORDS_OF_A_REPETITION = 5
_MAX_REPEATED = 3

FELL_BACK = "the model {} could not be used; this answer quotes the documents"
BROKE_OFF = "the model {} stopped early; the rest of this answer quotes the documents"
NOTHING_SUPPORTED = (
    "nothing that the model {} wrote is supported by the documents; this answer quotes them"
)
DECLINED = "the model {} found no answer in the documents; this answer quotes them"

log = logging.getLogger(__name__)


class Writing:
    """One call of a generator, and what became of it."""

    def __init__(
        self,
        generator: Generator,
        context: Context,
        support: SupportChecker,
        unsupported: Unsupported,
        observer: AnswerObserver,
        classifier: CommandClassifier,
    ) -> None:
        self._generator = generator
        self._context = context
        self._checker = AnswerChecker(context, support, unsupported, classifier)
        self._observer = observer
        self._units = StreamedUnits()
        self._waiting: list[str] = []
        self._lines: set[str] = set()
        self._repeated = 0
        self._held = ""
        self._shown = ""
        self._usage = Usage()
        self._failed = False
        self._declined = False

    @property
    def stands(self) -> bool:
        """Whether what the model wrote is an answer as it is."""
        return bool(self._shown) and not self._failed

    @property
    def struck(self) -> int:
        return self._checker.struck

    @property
    def joint(self) -> str:
        """What stands between what the model wrote and what is quoted behind it."""
        return "\n\n> The model stopped here. The documents say:\n\n" if self._shown else ""

    def parts(self, prompt: Prompt, question: str, history: Sequence[Turn]) -> Iterator[TextPart]:
        """The text as it may be shown, part by part."""
        user = prompt.filled(
            context="\n\n".join(_quoted(passage) for passage in self._context.passages),
            conversation=_conversation(history),
            question=one_line(question),
        )
        started, clock = time.time(), time.perf_counter()
        try:
            with closing(self._generator.generate(prompt.system, user)) as parts:
                yield from self._read(parts)
        except ModelError as error:
            self._failed = True
            log.warning("the model failed: %s", error)
        finally:
            self._observer.model_called(
                ModelCall(
                    self._generator.model,
                    started,
                    time.perf_counter() - clock,
                    self._usage,
                    self._failed,
                )
            )

    def answer(self) -> Answer:
        """What the model wrote, as it was shown."""
        return Answer(
            text=self._shown,
            abstained=False,
            citations=self._checker.citations(),
            model=self._generator.model,
            usage=self._usage,
            notices=self._checker.notices(),
            statements=self._checker.statements,
        )

    def followed_by(self, quoted: Answer) -> Answer:
        """The quoted answer, behind what was shown already, if anything was; and why."""
        why = self._why().format(self._generator.model)
        if not self._shown:
            return Answer(
                text=quoted.text,
                abstained=quoted.abstained,
                citations=quoted.citations,
                usage=self._usage,
                notices=(why,),
                statements=quoted.statements,
                fell_back=True,
            )
        own = self.answer()
        return Answer(
            text=own.text + self.joint + quoted.text,
            abstained=False,
            citations=_merged(own.citations, quoted.citations),
            model=own.model,
            usage=self._usage,
            notices=(*own.notices, why),
            statements=own.statements + quoted.statements,
            fell_back=True,
        )

    def _why(self) -> str:
        if self._failed:
            return BROKE_OFF if self._shown else FELL_BACK
        return DECLINED if self._declined else NOTHING_SUPPORTED

    def _read(self, parts: Iterator[str | Usage]) -> Iterator[TextPart]:
        length = 0
        for part in parts:
            if isinstance(part, Usage):
                self._usage = part
                continue
            length += len(part)
            for unit in self._units.feed(part[:MAX_ANSWER_CHARS]):
                yield from self._taken(unit)
            if length > MAX_ANSWER_CHARS:
                raise ModelError("the model does not come to an end")
        for unit in self._units.rest():
            yield from self._taken(unit)
        yield from self._introduced("")

    def _taken(self, unit: str) -> Iterator[TextPart]:
        """A line that introduces something waits for that: whether it stands depends on it."""
        if self._is_repeated(unit):
            return
        if introduces(unit) or (self._waiting and not unit.strip()):
            self._waiting.append(unit)
            return
        yield from self._introduced(unit)
        yield from self._checked(unit)

    def _is_repeated(self, unit: str) -> bool:
        """Whether a line of some length stood there before. A model that goes on so is at its end.

        Raises ModelError then.
        """
        words = plain(unit)
        if is_code(unit) or len(words.split()) < _MIN_WORDS_OF_A_REPETITION:
            return False
        if words not in self._lines:
            self._lines.add(words)
            return False
        self._repeated += 1
        if self._repeated >= _MAX_REPEATED:
            raise ModelError("the model repeats itself")
        return True

    def _introduced(self, following: str) -> Iterator[TextPart]:
        waiting, self._waiting = self._waiting, []
        for unit in waiting:
            yield from self._checked(unit, following)

    def _checked(self, unit: str, following: str = "") -> Iterator[TextPart]:
        if unit.strip(" .*_`").upper() == NO_ANSWER:
            self._declined = True
            return
        if not unit.strip() and (self._held or self._shown).endswith("\n"):
            return  # between two blank lines stood what was taken out
        before = len(self._checker.statements)
        shown = self._checker.checked(unit, following)
        if unit.strip() and not shown:
            return
        self._held += ("\n" if self._held or self._shown else "") + shown
        new = self._checker.statements[before:]
        if self._shown or any(one.supported for one in new):
            part, self._held = self._held, ""
            self._shown += part
            yield TextPart(part)


def _merged(own: Sequence[Citation], quoted: Sequence[Citation]) -> tuple[Citation, ...]:
    by_marker = {one.marker: one for one in (*quoted, *own)}
    return tuple(by_marker[marker] for marker in sorted(by_marker))


def _quoted(passage: Passage) -> str:
    """A passage in the prompt: each line of the page behind a bar, its facts before it."""
    hit = passage.hit
    where = " > ".join(one_line(title) for title in hit.chunk.section)
    facts = [one_line(passage.title), where, one_line(hit.document.path), one_line(passage.remark)]
    text = "\n".join(f"| {line}" for line in passage.prompt.text.split("\n"))
    return f"[{passage.marker}] {' · '.join(fact for fact in facts if fact)}\n{text}"


def _conversation(history: Sequence[Turn]) -> str:
    """What the user asked before; what a client says that was answered is nobody's evidence."""
    asked = [turn.text for turn in history if turn.role == "user"][-_TURNS_SHOWN:]
    lines = [f"Asked before: {one_line(text[:MAX_QUESTION_CHARS])}" for text in asked]
    return "\n".join([*lines, ""]) if lines else ""
