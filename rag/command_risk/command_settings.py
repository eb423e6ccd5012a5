"""Splits a command line into what it is and what it sets.

Commands are compared by their shape: program, verbs, what it acts on, and the options that say
where (`-n`, `--context`, `--host`, …). What remains are its settings: values of other options,
`KEY=value` words, and bare numbers. Values that a reader fills in (`<n>`, `$N`) say nothing.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

_WHERE = frozenset(
    {
        *("-n", "--namespace", "--context", "--cluster", "-c", "--container", "-l", "--selector"),
        *("-h", "-H", "--host", "--hostname", "-p", "--port", "-U", "--user", "--username"),
        *("-d", "--dbname", "--database", "--profile", "--region", "--project", "--zone"),
        *("--bootstrap-server", "--group", "--topic", "--partition", "-t", "-f", "--filename"),
        *("-o", "--output", "--kubeconfig", "--server", "--url", "-C", "-i"),
    }
)
_OPTION = re.compile(r"(--?[A-Za-z][\w-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.]*)=(.+)", re.DOTALL)
_QUANTITY = re.compile(r"-?\d+(?:\.\d+)?(?:[a-zA-Z%]{1,3})?")
_FILLED_IN = re.compile(r"<[^<>]*>|\$|\{\{|%s|\.\.\.|…")


@dataclass(slots=True)
class _Reading:
    """A command line as it is read, word by word."""

    shape: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


def split_settings(command: str) -> tuple[str, dict[str, str]]:
    """A command line's shape, and its settings; values to be filled in are left out."""
    reading = _Reading()
    words = _words(command)
    while words:
        _read_word(reading, words)
    kept = {key: value for key, value in reading.settings.items() if not _FILLED_IN.search(value)}
    return " ".join(reading.shape), kept


def _words(command: str) -> list[str]:
    joined = command.replace("\\\n", " ")
    try:
        return shlex.split(joined, comments=True)
    except ValueError:  # an unclosed quote, or a heredoc
        return joined.split()


def _read_word(reading: _Reading, words: list[str]) -> None:
    word = words.pop(0)
    option = _OPTION.fullmatch(word)
    if option is not None:
        value = option[2]
        if value is None and words and not words[0].startswith("-"):
            value = words.pop(0) if _takes_a_value(option[1], words[0]) else None
        _place(reading, option[1], value)
    elif assigned := _ASSIGNMENT.fullmatch(word):
        reading.settings[assigned[1]] = assigned[2]
        reading.shape.append(f"{assigned[1]}=")
    elif _QUANTITY.fullmatch(word):
        reading.settings[f"number {len(reading.settings) + 1}"] = word
        reading.shape.append("#")
    else:
        reading.shape.append(word)


def _takes_a_value(option: str, following: str) -> bool:
    """A switch is followed by what the command acts on, as in `delete --force pod/x`."""
    return "/" not in following or option in _WHERE


def _place(reading: _Reading, option: str, value: str | None) -> None:
    if value is None or option in _WHERE:
        reading.shape.append(option if value is None else f"{option}={value}")
    else:
        reading.shape.append(option)
        reading.settings[option] = value
