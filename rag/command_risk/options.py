"""Options of a program, and what stands behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def takes_next(flag: str, valued: frozenset[str]) -> bool:
    """Whether the value of an option is the next word: `-u x`, and `-iu x` of a bundle."""
    if flag in valued:
        return True
    if flag.startswith("--") or "=" in flag:
        return False
    places = [place for place, letter in enumerate(flag[1:]) if f"-{letter}" in valued]
    return bool(places) and places[0] == len(flag) - 2


def after_flags(words: Sequence[str], valued: frozenset[str]) -> list[str]:
    place = 0
    while place < len(words) and words[place].startswith("-") and words[place] != "-":
        flag = words[place]
        place += 1
        if flag == "--":
            break
        place += takes_next(flag, valued)
    return list(words[place:])


def has(arguments: Sequence[str], flags: frozenset[str]) -> bool:
    """Whether one of these options is given, alone, with a value, or in a bundle of letters."""
    return any(flag in flags for word in arguments for flag in _flags_of(word))


def _flags_of(word: str) -> Iterator[str]:
    if word.startswith("--"):
        yield word.split("=", 1)[0]
    elif word.startswith("-"):
        yield word
        yield from (f"-{letter}" for letter in word[1:])
