"""Everything that a command prints: text of documents cannot control the terminal.

A command prints through these functions alone (a test reads the calls). Each makes control
characters visible; colours are given as `Styled` text and never as escape sequences.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import click

from rag.text.visible import json_escaped, visible, visible_line

if TYPE_CHECKING:
    from rich.console import Console


# The logger of the one step that takes many seconds and happens once.
PREPARING = "rag.adapters.embedding.model_export"


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Styled:
    """Text in a colour, or bold, where the output is a terminal that shows colours."""

    text: str
    colour: str | None = None
    bold: bool | None = None

    def __str__(self) -> str:
        return click.style(visible_line(self.text), fg=self.colour, bold=self.bold)


def is_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def echo(*parts: str | Styled, err: bool = False) -> None:
    """One line, whatever the parts hold: a line break in them is shown as `\\n`."""
    shown = (str(part) if isinstance(part, Styled) else visible_line(part) for part in parts)
    click.echo("".join(shown), err=err)


def echo_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Each on a line of its own."""
    for line in lines:
        echo(line, err=err)


def echo_text(text: str, *, err: bool = False) -> None:
    """Text of several lines, which ends with a line break."""
    click.echo(visible(text.removesuffix("\n")), err=err)


def ask(question: str, default: str, parse: Callable[[str], _T]) -> _T:
    """What is answered at the terminal; asked again while `parse` raises UsageError."""
    answer: _T = click.prompt(question, default=default, value_proc=parse, err=True)
    return answer


def echo_json(value: object) -> None:
    """One JSON document on one line of stdout; its strings say exactly what `value` holds."""
    click.echo(json_escaped(json.dumps(value, ensure_ascii=False)))


def echo_usage_error(error: click.ClickException) -> None:
    """What click says of wrong usage, on stderr."""
    said = io.StringIO()
    error.show(file=said)
    echo_text(said.getvalue(), err=True)


def echo_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """An exception that nobody expected, on stderr; what `sys.excepthook` calls."""
    echo_text("".join(traceback.format_exception(kind, error, trace)), err=True)


def rich_console(*, err: bool = False, width: int | None = None) -> Console:
    """A console for tables and progress, whose every segment of text is made visible."""
    from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
    from rich.segment import Segment

    class Visible:
        def __init__(self, inner: ConsoleRenderable) -> None:
            self._inner = inner

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            for segment in console.render(self._inner, options):
                shown = segment.text if segment.control else visible(segment.text)
                yield Segment(shown, segment.style, segment.control)

    class VisibleHook(RenderHook):
        def process_renderables(
            self, renderables: list[ConsoleRenderable]
        ) -> list[ConsoleRenderable]:
            return [Visible(one) for one in renderables]

    console = Console(file=sys.stderr if err else sys.stdout, width=width)
    console.push_render_hook(VisibleHook())
    return console


def last_resort() -> logging.Handler:
    """What prints warnings on stderr where a command sets up no log, and what a user waits for."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.INFO)
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or record.name == PREPARING)
    handler.setFormatter(_VisibleFormatter("%(message)s"))
    return handler


class _VisibleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))
