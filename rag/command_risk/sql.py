"""SQL statements, and what consoles of databases take in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.command_risk.findings import worst
from rag.command_risk.tables import CommandTables
from rag.domain.documents import Risk

# What a statement says in a comment, a literal or a quoted name is not executed.
_QUOTED = re.compile(
    r"""(?P<comment>--(?:[ \t][^\n]*)?(?=\n|$))|(?P<literal>'(?:[^']|'')*')|"(?:[^"]|"")*\""""
)
# After one of these, the end of a literal is not certain.
_UNCERTAIN = re.compile(r"\\|\$\w*\$|/\*")
_NAMED_QUERY = re.compile(r"\bwith\s+(?:recursive\s+)?\w+\s*\(", re.IGNORECASE)
# MySQL prints how something was made: https://dev.mysql.com/doc/refman/8.4/en/show.html
_SHOW_CREATE = re.compile(r"\A\s*show\s+create\s+(?=\w)", re.IGNORECASE)
_CALL = re.compile(r"(?<!\bas\s)(?<![\w.$])([a-z_][\w.$]*)\s*\(", re.IGNORECASE)


class SqlClassifier:
    """Classifies SQL by the words and functions of the tables."""

    def __init__(self, tables: CommandTables) -> None:
        words = tables.sql
        self._words = words
        self._functions = tables.shipped.functions
        self._team_functions = tables.team.functions
        self._destroys = _any_of(words.destructive_words)
        self._changes = _any_of(words.mutating_words)
        console = "|".join(map(re.escape, sorted(words.read_only_console)))
        self._reads = re.compile(
            rf"(?:{'|'.join(sorted(words.read_only_first))})\b|\\(?:d\w*|{console})(?:\+|\b)",
            re.IGNORECASE,
        )

    def classify(self, text: str) -> Risk:
        """The risk of SQL statements."""
        bare = _without_literals(text)
        risk = worst([self._statement(one) for one in bare.split(";") if one.strip()])
        # What a change says in its literals may be SQL as well, or a name.
        if risk is not Risk.READ_ONLY and self._destroys.search(text):
            return Risk.DESTRUCTIVE
        return risk

    def classify_input(self, text: str) -> Risk:
        """The risk of a shell's text that holds statements anywhere, such as an input."""
        if self._destroys.search(text):
            return Risk.DESTRUCTIVE
        return Risk.MUTATING if self._changes.search(text) else Risk.UNKNOWN

    def destroys(self, text: str) -> bool:
        """Whether a text contains a word that deletes."""
        return self._destroys.search(text) is not None

    def _statement(self, statement: str) -> Risk:
        statement = _SHOW_CREATE.sub("show ", statement)
        first = statement.split(None, 1)[0].lower()
        if self._destroys.search(statement) or first in self._words.destructive_first:
            return Risk.DESTRUCTIVE
        calls = _CALL.finditer(_NAMED_QUERY.sub("with (", statement))
        called = [self._function(found[1].lower()) for found in calls]
        if self._changes.search(statement) or first in self._words.mutating_first:
            return worst([Risk.MUTATING, *called])
        reads = self._reads.match(statement.strip())
        return worst([Risk.READ_ONLY if reads else Risk.UNKNOWN, *called])

    def _function(self, qualified: str) -> Risk:
        """The more dangerous of what our rules and the team say; of a new one, what it says."""
        name = qualified.rsplit(".", 1)[-1]
        ours = self._shipped_function(name)
        theirs = self._team_functions.get(name)
        if theirs is None:
            return ours
        return theirs if ours is Risk.UNKNOWN else worst([ours, theirs])

    def _shipped_function(self, name: str) -> Risk:
        if name in self._functions:
            return self._functions[name]
        parts = frozenset(name.split("_"))
        if parts & self._words.destructive_parts:
            return Risk.DESTRUCTIVE
        if parts & self._words.mutating_parts:
            return Risk.MUTATING
        reads = name.startswith(self._words.read_only_beginnings) and "$" not in name
        return Risk.READ_ONLY if reads else Risk.UNKNOWN


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(words))})\b", re.IGNORECASE)


def _without_literals(statement: str) -> str:
    if _UNCERTAIN.search(statement):
        return statement

    def replacement(found: re.Match[str]) -> str:
        if found["comment"] is not None:
            return " "
        if found["literal"] is not None:
            return "''"
        # A name in quotes says something only where it is a function's.
        return found[0][1:-1] if statement.startswith("(", found.end()) else "_"

    return _QUOTED.sub(replacement, statement)
