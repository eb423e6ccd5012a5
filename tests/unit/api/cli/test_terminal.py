"""What is printed cannot control a terminal, and commands print through one module alone."""

from __future__ import annotations

import ast
import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from api.cli import terminal
from api.cli.terminal import Styled, echo, echo_json, echo_text, echo_traceback, rich_console
from rag.text.visible import json_escaped, visible, visible_line

ROOT = Path(__file__).parents[4]
CLI = sorted((ROOT / "api" / "cli").glob("*.py"))
HOSTILE = "a\x1b]0;title\x07\x1b[2Jb\x9b31mc\u202ed\u2066e\u200bf\x7fg\u2028h\U000e0041i"
# Signs of scripts that are shown, although Unicode calls them format characters.
SHOWN_FORMATS = {"\u070f", "\u08e2", "\u06dd", "\U000110bd", "\U000110cd"} | set(
    map(chr, [*range(0x600, 0x606), 0x890, 0x891, *range(0x13430, 0x13440)])
)
JOINERS = {"\u200c", "\u200d"}


def controls(text: str) -> list[str]:
    return [
        char
        for char in text
        if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")
        and char not in SHOWN_FORMATS | JOINERS
    ]


def test_every_control_and_format_character_of_unicode_becomes_visible() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert set(controls(visible(everything))) == {"\n", "\t"}
    assert set(controls(visible_line(everything))) == {"\t"}


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "Grüße, 世界 \u00a0 ⚠️",
        "👩\u200d🚒",
        "\u0645\u06cc\u200c\u062e\u0648",
        "\ttab\nline",
    ],
)
def test_text_without_harm_is_kept(text: str) -> None:
    assert visible(text) == text


def test_joiners_between_letters_hide_text_and_are_shown() -> None:
    assert visible("ig\u200dnore") == "ig\\u200dnore"


@given(st.text(st.characters(), max_size=60))
def test_json_says_exactly_the_text_without_a_control_character(text: str) -> None:
    shown = json_escaped(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(shown)["text"] == text
    assert controls(shown) == []


def test_a_line_stays_one_line_and_styles_are_the_programs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    echo("a\nb", Styled(HOSTILE, "red"), " c")
    out = capsys.readouterr().out
    assert out.startswith("a\\nba\\x1b]0;title\\x07")
    assert out.count("\n") == 1
    assert controls(out) == ["\n"]
    assert "\x1b[31ma\\x1b" in str(Styled(HOSTILE, "red"))  # in colour where it is a terminal


def test_text_and_json_and_tracebacks_are_visible(capsys: pytest.CaptureFixture[str]) -> None:
    echo_text(f"one\n{HOSTILE}\n")
    echo_json({"text": HOSTILE})
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        echo_traceback(type(error), error, error.__traceback__)
    printed = capsys.readouterr()
    assert set(controls(printed.out + printed.err)) == {"\n"}
    assert json.loads(printed.out.split("\n")[2]) == {"text": HOSTILE}
    assert "ValueError: a\\x1b]0;title" in printed.err


def test_tables_of_rich_are_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    console = rich_console(width=200)
    table = Table("name")
    table.add_row(HOSTILE)
    console.print(table)
    console.print(HOSTILE, highlight=False)
    assert "title" in out.getvalue()
    assert set(controls(out.getvalue())) == {"\n"}


def test_commands_print_through_the_terminal_module_alone() -> None:
    """Reads the calls: no print, no output of click, no console of rich, no stream of its own."""
    assert len(CLI) > 20
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in CLI
        if path.name != Path(terminal.__file__).name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr | ast.stmt) and _prints(node)
    ]
    assert wrong == []


def _prints(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in ("print", "Console")
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        click_output = ("echo", "secho", "style", "progressbar", "prompt", "confirm", "pager")
        return (
            (owner == "click" and node.attr in click_output)
            or (owner in ("stdout", "stderr") and node.attr in ("write", "writelines"))
            or (
                isinstance(node.value, ast.Attribute)
                and node.value.attr in ("stdout", "stderr")
                and node.attr in ("write", "writelines", "buffer")
            )
            or (owner == "error" and node.attr == "show")
        )
    return isinstance(node, ast.ImportFrom) and node.module in ("rich.console", "rich")


@pytest.mark.parametrize(
    "code",
    [
        "print('x')",
        "click.echo('x')",
        "click.style('x')",
        "sys.stdout.write('x')",
        "sys.stderr.buffer.write(b'x')",
        "from rich.console import Console",
        "from rich import print",
        "error.show()",
    ],
)
def test_the_reading_of_calls_finds_each_way_to_print(code: str) -> None:
    assert any(map(_prints, ast.walk(ast.parse(code))))
