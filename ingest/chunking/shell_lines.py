"""Lines of shell code as whole commands: continued lines, quotes, here-documents, loops."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from rag.command_risk.shell import split_line

Line = tuple[int, str]  # its number in the file, and its text

# A comment, the rules and rows of a table, the number of its rows, a fence that nothing closes, an
# option whose line above has no backslash, a label above output, lines of logs, JSON and `ls`.
_NO_COMMAND = re.compile(
    r"#|-{4,}|-{2,}\+|\+-{2,}|\||\(\d+ rows?\)|`{3,}|~{3,}|--?[A-Za-z]|[A-Z][a-z]+(?: \w+)*:$"
    r"|(?:level|ts)=\S+ \w+=|[A-Z]{4,}(?::| \d)|\d{3} [A-Z]|\"[^\"\n]{1,80}\":|\w+ => "
    r"|[-dlcbps][rwxsStT-]{9}\s|\w+=\"[^\"\n]*\",$"
)
_PROMPT = re.compile(r"\s*(?:(?:\[[^\]\n]{1,80}\]|[\w.@:~/-]*)[$#%]|>)\s+(?=\S)")
_SURE_PROMPT = re.compile(r"\s*(?:\[[^\]\n]{1,80}\][$#]|[\w.@:~/-]*\$)\s+(?=\S)")
# The names of a table's columns, as kubectl and docker print them, and what stands in its rows.
_FIRST_COLUMN = re.compile(r"[A-Z][A-Z0-9_()%/.-]*+")
_COLUMN = re.compile(r"[A-Z][A-Z0-9_()%/. -]*+")
_GAP = re.compile(r"\s{2,}+|\t")
_APART = re.compile(r"\S(?:\s{2,}|\t)\S")
_HERE_DOCUMENT = re.compile(r"(?<!<)<<-?\s*['\"]?(\w+)['\"]?")
_APOSTROPHE = re.compile(r"\w'\w")
_CONTINUATION_PROMPT = re.compile(r"^\s*> ?")
_COMPOUND = re.compile(r"\b(?:for|while|until|case|if|select|done|esac|fi)\b")
# A program with an argument: no sentence, table or setting.
_PROGRAM = re.compile(r"(?:\./|/)?[a-z][\w./-]*(?: +(?:-{1,2}[a-z]|[a-z0-9./<$\"'])|$)")
# A quote that is open for longer is an apostrophe, or no shell code.
_MAX_QUOTED_LINES = 200


class Code(Enum):
    """What lines of code are known to be."""

    SHELL = "shell"
    SESSION = "session"  # commands behind prompts, and what they print
    ANY = "any"  # code of a language that is not named: configuration and output as well


@dataclass(frozen=True, slots=True)
class _Part:
    """A command, or a line that is none by itself: lines `first` to before `behind`.

    `nesting` is that of ShellLine.
    """

    first: int
    behind: int
    text: str
    is_command: bool
    nesting: int


def whole_commands(
    code: Code, lines: Sequence[Line], is_known_program: Callable[[str], bool]
) -> Iterator[Line]:
    """Each command with all of its lines, and the number of the first of them."""
    reader = _Reader(code, [text for _, text in lines], is_known_program)
    for first, text in reader.commands():
        yield lines[first][0], text


class _Reader:
    def __init__(
        self, code: Code, lines: Sequence[str], is_known_program: Callable[[str], bool]
    ) -> None:
        # A session without any prompt was pasted without them: what is a command must be told apart
        # from output as in code of no language, but its first line is one.
        without_prompts = code is Code.SESSION and not any(map(_PROMPT.match, lines))
        is_session = code is Code.ANY and any(map(_SURE_PROMPT.match, lines))
        self._code = Code.SESSION if is_session else Code.ANY if without_prompts else code
        first = next((at for at, line in enumerate(lines) if line.strip()), -1)
        self._sure = first if without_prompts else -1
        self._lines = lines
        self._is_known_program = is_known_program
        # Of shell code with prompts, the lines without one are mostly output.
        self._has_prompts = code is Code.SHELL and any(map(_SURE_PROMPT.match, lines))
        self._rows = frozenset(_rows(lines))

    def commands(self) -> Iterator[tuple[int, str]]:
        """The place of each command's first line, and its text."""
        parts = list(self._parts())
        ends = _compound_commands([part.nesting for part in parts])
        place = 0
        while place < len(parts):
            part, end = parts[place], ends.get(place)
            if end is not None:
                rest = self._lines[part.behind : parts[end].behind]
                yield part.first, "\n".join([part.text, *map(self._continued, rest)])
                place = end
            elif part.is_command:
                yield part.first, part.text
            place += 1

    def _parts(self) -> Iterator[_Part]:
        first = 0
        while first < len(self._lines):
            begun, is_command = self._begun(first)
            rest = self._rest(begun, first + 1) if is_command else []
            text = "\n".join([begun, *rest])
            behind = first + 1 + len(rest)
            nesting = split_line(text).nesting if _COMPOUND.search(text) else 0
            is_comment = begun.startswith("<<")  # a here-document that nothing reads
            if (is_command and not is_comment) or nesting:
                yield _Part(first, behind, text, is_command, nesting)
            first = behind

    def _begun(self, place: int) -> tuple[str, bool]:
        """What a line says behind its prompt, and whether that begins a command."""
        raw = self._lines[place]
        prompted = _PROMPT.match(raw)
        bare = raw[prompted.end() :].strip() if prompted else raw.strip()
        if not bare or _NO_COMMAND.match(bare) or place in self._rows:
            return bare, False
        known = self._is_known_program(bare.split()[0])
        if prompted and raw.lstrip().startswith("#"):  # else it is a comment
            return bare, known
        if self._code is Code.SESSION:
            return bare, prompted is not None
        if self._has_prompts:
            return bare, prompted is not None or (known and not _APART.search(bare))
        if self._code is Code.ANY and len(_GAP.findall(bare)) > 1:
            return bare, False  # the columns of a file or of output
        begins_session = place == self._sure and bool(_PROGRAM.match(bare))
        return bare, known or begins_session or self._code is Code.SHELL

    def _rest(self, begun: str, place: int) -> list[str]:
        """The lines from `place` on that a command goes on with."""
        rest: list[str] = []
        last, quote = begun, _quote_left_open(begun)
        while True:
            more, quote = self._more(last, quote, place + len(rest))
            if not more:
                return rest
            rest += more
            last = more[-1]

    def _more(self, last: str, quote: str, place: int) -> tuple[list[str], str]:
        """What an open quote, a here-document or a backslash goes on with; the quote left open."""
        if quote:
            return self._quoted(last, quote, place)
        if found := _HERE_DOCUMENT.search(last):
            return self._here_document(found[1], place), ""
        if last.endswith("\\") and place < len(self._lines):
            text = self._continued(self._lines[place]).strip()
            return [text], _quote_left_open(text)
        return [], ""

    def _quoted(self, last: str, quote: str, place: int) -> tuple[list[str], str]:
        """Nothing, if the block ends before the quote: then each line stands for itself.

        So it does where a block may be a program's output, and a line begins another command.
        """
        inside: list[str] = []
        may_be_output = self._code is Code.ANY
        if may_be_output and _APOSTROPHE.search(last):
            return [], ""
        for at in range(place, min(place + _MAX_QUOTED_LINES, len(self._lines))):
            if may_be_output and self._begun(at)[1]:
                break
            inside.append(self._continued(self._lines[at]))
            quote = _quote_left_open(inside[-1], quote)
            if not quote:
                return inside, ""
        return [], ""

    def _here_document(self, word: str, place: int) -> list[str]:
        inside: list[str] = []
        for raw in self._lines[place:]:
            inside.append(raw)
            if raw.strip() == word:
                break
        return inside

    def _continued(self, raw: str) -> str:
        """A line without the `>` that a session's shell puts before what goes on."""
        return (_CONTINUATION_PROMPT.sub("", raw) if self._code is Code.SESSION else raw).rstrip()


def _rows(lines: Sequence[str]) -> Iterator[int]:
    """The places of the lines of printed tables: the names of the columns, and rows below them."""
    inside = False
    for place, line in enumerate(lines):
        inside = _names_columns(line) or bool(inside and _APART.search(line.rstrip()))
        inside = inside and not _SURE_PROMPT.match(line)
        if inside:
            yield place


def _names_columns(line: str) -> bool:
    first, *others = _GAP.split(line.strip())
    return bool(others and _FIRST_COLUMN.fullmatch(first) and all(map(_COLUMN.fullmatch, others)))


def _compound_commands(nestings: Sequence[int]) -> dict[int, int]:
    """The first and the last part of each compound command that ends, the outermost alone."""
    found: list[tuple[int, int]] = []
    opened: list[int] = []
    for place, nesting in enumerate(nestings):
        opened += [place] * nesting
        for _ in range(min(-nesting, len(opened))):
            first = opened.pop()
            while found and found[-1][0] >= first:
                found.pop()
            found.append((first, place))
    return dict(found)


def _quote_left_open(line: str, quote: str = "") -> str:
    """The quote that a line leaves open, if it begins within this one."""
    before = " "
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            next(characters, None)
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and before.isspace():
            break
        before = character
    return quote
