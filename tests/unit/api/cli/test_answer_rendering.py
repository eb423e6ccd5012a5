"""An answer at a terminal: no Markdown is left, code can be copied, and risk has a colour."""

from __future__ import annotations

import click
import pytest

from api.cli.answer_rendering import rendered
from api.cli.terminal import Styled

ANSWER = (
    "> Broker · a.md:1-9 [1]\n\n"
    "1. Restart `kafka` with **care**: [1] _(destructive)_\n\n"
    "   ```sh\n   rm -rf /data\n   for x in *; do\n     echo $x\n   done\n   ```\n"
    "2. Look \\[at\\] it:\n ```sh\n kubectl get pods\n ```"
)


def plain() -> list[str]:
    return [
        "".join(part.text if isinstance(part, Styled) else part for part in parts)
        for parts in rendered(ANSWER)
    ]


def test_code_stands_on_lines_of_its_own_as_it_is_and_fences_are_gone() -> None:
    assert plain() == [
        "Broker · a.md:1-9 [1]",
        "",
        "1. Restart kafka with care: [1] (destructive)",
        "",
        "    rm -rf /data",
        "    for x in *; do",
        "      echo $x",
        "    done",
        "2. Look [at] it:",
        "    kubectl get pods",
    ]


@pytest.mark.parametrize(("line", "colour"), [(4, "red"), (9, "cyan")])
def test_code_has_the_colour_of_its_risk(line: int, colour: str) -> None:
    code = list(rendered(ANSWER))[line][1]
    assert isinstance(code, Styled)
    assert code.colour == colour


def test_what_a_document_says_cannot_control_the_terminal() -> None:
    [parts] = rendered("a \x1b[31m`\x1b[2J`")
    shown = "".join(str(part) for part in parts if isinstance(part, Styled))
    assert "\x1b[2J" not in click.unstyle(shown)
