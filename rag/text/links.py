"""Markdown links and images in text, found in time linear in its length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_OPENING = re.compile(r"(!?)\[([^\[\]\n]*+)\]\(")


@dataclass(frozen=True, slots=True)
class Link:
    """A link or image as it is written: `[label](target "title")`, with `!` before an image.

    `target` is everything between the parentheses.
    """

    source: str
    label: str
    target: str
    is_image: bool

    @property
    def destination(self) -> str:
        """The address of the link, without its title; empty where there is none."""
        return self.target.split(maxsplit=1)[0] if self.target.strip() else ""


def replace_links(text: str, replacement: Callable[[Link], str]) -> str:
    """`text` with each link and image replaced; neither goes on over the end of a line."""
    return "\n".join("".join(_parts(line, replacement)) for line in text.split("\n"))


def _parts(line: str, replacement: Callable[[Link], str]) -> Iterator[str]:
    done = 0
    for opening in _OPENING.finditer(line):
        if opening.start() < done:
            continue
        end = line.find(")", opening.end())
        if end < 0:  # nor does a link close that opens further on
            break
        yield line[done : opening.start()]
        yield replacement(
            Link(
                source=line[opening.start() : end + 1],
                label=opening[2],
                target=line[opening.end() : end],
                is_image=bool(opening[1]),
            )
        )
        done = end + 1
    yield line[done:]
