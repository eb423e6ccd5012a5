"""Programs with subcommands: which one is called, what it does, and what it starts elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from rag.command_risk.findings import Finding
from rag.command_risk.options import after_flags, takes_next
from rag.command_risk.shell import INPUT_REDIRECTIONS
from rag.command_risk.tables import RunsCommands, Tool
from rag.domain.documents import Risk

# A subcommand is looked for among this many words that are no options.
_MAX_WORDS = 32
# A destructive word counts among this many of them, in entries of at most this many words.
_DESTRUCTIVE_WITHIN = 4
_MAX_ENTRY_WORDS = 4
_DRY_RUN = re.compile(r"--dry-run(?:=(?:client|server|true))?")
_ASKS_FOR_HELP = frozenset({"--help", "--version"})
_DESTRUCTIVE_WORD = re.compile(r"(?:delete|destroy|remove|purge|drop|wipe|rm|del)(?:[-_][\w-]*)?")
_DESTRUCTIVE_KEY = re.compile(r"delete|destroy|purge|wipe|evict", re.IGNORECASE)
_MARKING = ("annotate", "label")


def find_in_tool(tool: Tool, arguments: list[str]) -> Finding:
    """What a program does with these arguments.

    Behind an option that no table knows, the next word may be its value or the subcommand: the
    command is read both ways.
    """
    operands = list(islice(_operands(arguments, tool), _MAX_WORDS))
    if not operands:
        return _options_alone(tool, arguments)
    starts = [0]
    while operands[starts[-1]][1] and starts[-1] + 1 < len(operands):
        starts.append(starts[-1] + 1)
    positions = [position for position, _ in operands]
    return tuple(_reading(tool, arguments, positions[start:]) for start in starts)


def first_words(tool: Tool | None) -> frozenset[str]:
    """The words that the listed subcommands begin with."""
    if tool is None:
        return frozenset()
    return frozenset(path[0] for path in tool.read_only | tool.mutating | tool.destructive)


def _operands(arguments: Sequence[str], tool: Tool) -> Iterator[tuple[int, bool]]:
    """Positions of words that are neither options nor their values; whether that is uncertain."""
    position = 0
    uncertain = False
    while position < len(arguments):
        word = arguments[position]
        if word in INPUT_REDIRECTIONS:
            position += 1
        elif word == "--" or (not word.startswith("-") or (word,) in tool.groups):
            if word != "--":
                yield position, uncertain
            uncertain = False
        elif takes_next(word, tool.options_with_value):
            position += 1
            uncertain = False
        else:
            uncertain = word not in tool.switches and "=" not in word
        position += 1


def _options_alone(tool: Tool, arguments: Sequence[str]) -> Risk:
    given = _option_names(arguments)
    if given & tool.mutating_alone:
        return Risk.MUTATING
    if given & (_ASKS_FOR_HELP | tool.read_only_alone):
        return Risk.READ_ONLY
    # Its subcommands may come from its input.
    return Risk.READ_ONLY if tool.unlisted is Risk.READ_ONLY else Risk.UNKNOWN


def _reading(tool: Tool, arguments: list[str], positions: Sequence[int]) -> Finding:
    words = [arguments[position].lower() for position in positions]
    path = _path(words, tool)
    runs = tool.runs_commands is not RunsCommands.NEVER
    if runs and path[-1] in ("exec", "run", "debug"):
        return _inside(tool, path[-1], arguments[positions[len(path) - 1] + 1 :])
    if tool.dry_run and _is_dry(arguments):
        return Risk.READ_ONLY
    if _option_names(arguments) & tool.destructive_options:
        return Risk.DESTRUCTIVE
    if path in tool.read_only:
        writes = bool(_option_names(arguments) & tool.mutating_options)
        return Risk.MUTATING if writes else Risk.READ_ONLY
    if _destroys(tool, words, path, arguments):
        return Risk.DESTRUCTIVE
    return Risk.MUTATING if path in tool.mutating else tool.unlisted


def _path(words: Sequence[str], tool: Tool) -> tuple[str, ...]:
    """The subcommand, behind the groups that it belongs to."""
    path: tuple[str, ...] = ()
    for word in words:
        path = (*path, word)
        if path not in tool.groups:
            break
    return path


def _destroys(
    tool: Tool, words: Sequence[str], path: Sequence[str], arguments: Sequence[str]
) -> bool:
    entries = (
        tuple(words[start : start + length])
        for start in range(min(_DESTRUCTIVE_WITHIN, len(words)))
        for length in range(1, _MAX_ENTRY_WORDS + 1)
    )
    if any(entry in tool.destructive for entry in entries):
        return True
    if _DESTRUCTIVE_WORD.fullmatch(path[-1]):
        return True
    if path[0] in _MARKING and any(map(_marks_for_destruction, words)):
        return True
    given = _option_names(word for word in arguments if not word.endswith("=false"))
    of_subcommand = {f"{path[-1]} {option}" for option in given}
    return bool((given | of_subcommand) & tool.forcing_options)


def _marks_for_destruction(word: str) -> bool:
    key, assigns, _ = word.partition("=")
    return bool(assigns) and _DESTRUCTIVE_KEY.search(key) is not None


def _option_names(arguments: Iterator[str] | Sequence[str]) -> set[str]:
    return {word.split("=", 1)[0] for word in arguments}


def _is_dry(arguments: Sequence[str]) -> bool:
    found = [i for i, word in enumerate(arguments) if word.startswith("--dry-run")]
    off = any(word in ("none", "false") for i in found for word in arguments[i + 1 : i + 2])
    return bool(found) and not off and all(_DRY_RUN.fullmatch(arguments[i]) for i in found)


def _inside(tool: Tool, subcommand: str, behind: list[str]) -> Finding:
    """What `exec`, `run` or `debug` starts inside a container."""
    target, *rest = after_flags(behind, tool.options_with_value) or [""]
    started: list[Finding] = []
    if tool.runs_commands is RunsCommands.BEHIND_TARGET:
        started += [rest] if rest else []
    else:
        command = after_flags(rest, tool.options_with_value)
        started += [command] if command and subcommand == "exec" else []
        if "--" in behind:
            started += [behind[behind.index("--") + 1 :]]
    if subcommand != "exec":  # it also starts something new
        started.append(Risk.UNKNOWN if started else Risk.MUTATING)
    return tuple(started) if target and started else Risk.MUTATING
