"""Options of a program, and the words behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set


def takes_next(option: str, with_value: Set[str]) -> bool:
    """Whether the value of an option is the next word: `-u x`, and `-iu x` of a bundle."""
    if option in with_value:
        return True
    if option.startswith("--") or "=" in option:
        return False
    letters = [place for place, letter in enumerate(option[1:]) if f"-{letter}" in with_value]
    return bool(letters) and letters[0] == len(option) - 2


def after_flags(words: Sequence[str], with_value: Set[str]) -> list[str]:
    """The words behind the leading options and their values."""
    position = 0
    while position < len(words) and words[position].startswith("-") and words[position] != "-":
        option = words[position]
        position += 1
        if option == "--":
            break
        position += takes_next(option, with_value)
    return list(words[position:])


def has(arguments: Sequence[str], options: Set[str]) -> bool:
    """Whether one of these options is given, alone, with a value, or in a bundle of letters."""
    return any(option in options for word in arguments for option in _options_of(word))


def _options_of(word: str) -> Iterator[str]:
    if word.startswith("--"):
        yield word.split("=", 1)[0]
    elif word.startswith("-"):
        yield word
        yield from (f"-{letter}" for letter in word[1:])
