"""What a reader sees of an answer: the needed line, its length, and marks on risky commands.

Each is a score of the answer's text alone, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evals.metrics.scoring import QuestionResult, Scored
from rag.command_risk.classify import CommandClassifier
from rag.domain.documents import BlockKind, Risk
from rag.text.blocks import BlockText
from rag.text.markdown import markdown_text

FIRST_LINES = 10
NEEDED_LINE = f"needed_line@{FIRST_LINES}"
ANSWER_LINES = "answer_lines"
RISK_MARKS = "risk_marks"
_MARKS = re.compile(r"\[\d+\]|_\([^()\n]*\)_")
_RISK_MARK = re.compile(r"_\([^()\n]*(?:destructive|change)[^()\n]*\)_")
_WORD = re.compile(r"[^\W_]+")
_PROMPT = re.compile(r"\A\s*(?:\$|#|>)\s+(?=\S)")
_SHELLS = frozenset({"sh", "bash", "shell", "zsh", "console", "shell-session", "terminal"})
_RISKY = frozenset({Risk.MUTATING, Risk.DESTRUCTIVE})


class AnswerForm:
    """Scores answers; abstentions count where the corpus has the answer."""

    def __init__(self, classifier: CommandClassifier) -> None:
        self._classifier = classifier

    def score(self, results: Sequence[QuestionResult]) -> Scored:
        return Scored({one.question.id: dict(self._scores(one)) for one in results})

    def _scores(self, result: QuestionResult) -> Iterator[tuple[str, float]]:
        response = result.observed.response
        if response is None or not result.question.answerable:
            return
        quotes = [passage.text for passage in result.question.gold_passages]
        if quotes:
            first = "\n".join(response.text.split("\n")[:FIRST_LINES])
            shown = not response.abstained and any(holds(first, quote) for quote in quotes)
            yield NEEDED_LINE, float(shown)
        if not response.abstained:
            yield ANSWER_LINES, float(response.text.count("\n") + 1)
            marked = list(self._marked(markdown_text(response.text)))
            if marked:
                yield RISK_MARKS, sum(marked) / len(marked)

    def _marked(self, answer: BlockText) -> Iterator[bool]:
        """Of each block of shell code that changes something, whether a mark stands beside it."""
        leaves = list(answer.leaves())
        for place, leaf in enumerate(leaves):
            block = answer.blocks[leaf]
            if block.kind is not BlockKind.CODE or block.language not in _SHELLS:
                continue
            lines = (_PROMPT.sub("", line) for line in answer.code(leaf).split("\n"))
            if any(self._classifier.classify(line) in _RISKY for line in lines if line.strip()):
                around = leaves[max(0, place - 1) : place + 2]
                prose = (answer.source(one) for one in around if one != leaf)
                yield any(map(_RISK_MARK.search, prose))


def holds(text: str, quote: str) -> bool:
    """Whether a text holds the words of a quote in a row.

    Letter case, punctuation and the answer's own marks do not count: prose is escaped and wrapped.
    """
    wanted, words = _words(quote), _words(_MARKS.sub("", text))
    size = len(wanted)
    return size > 0 and any(words[at : at + size] == wanted for at in range(len(words) - size + 1))


def _words(text: str) -> list[str]:
    return [found.group().casefold() for found in _WORD.finditer(text)]
