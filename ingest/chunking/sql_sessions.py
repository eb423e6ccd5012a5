"""Sessions of SQL clients: the statements behind their prompts, and what they print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.chunking.shell_lines import Line

# psql prompts with the database and `=`, `-` where a statement goes on, then `#` for a superuser:
# https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PROMPTING
_PROMPT = re.compile(
    r"\s*(?:[\w.-]{1,63}=[#>]|(?:mysql|sqlite|cqlsh(?::\w{1,48})?|MariaDB \[[^\]\n]{1,64}\])>)\s+"
    r"(?=\S)"
)
_GOES_ON = re.compile(r"\s*(?:[\w.-]{1,63}[-'\"(*$][#>]|(?:->|\.{3}>|'>|\">))\s?")
_STATEMENT = re.compile(
    r"\\\S|\.[a-z]|(?:alter|analyze|begin|call|check|checkpoint|cluster|comment|commit|copy|create|"
    r"deallocate|delete|describe|desc|drop|explain|flush|grant|insert|kill|load|lock|optimize|purge|"
    r"reindex|release|rename|repair|replace|reset|revoke|rollback|savepoint|select|set|show|start|"
    r"stop|table|truncate|update|use|vacuum|values|with)\b",
    re.IGNORECASE,
)
_SHELL_PROMPT = re.compile(r"\s*(?:\[[^\]\n]{1,80}\][$#]|[\w.@:~/-]*\$)\s+(?=\S)")


# What begins a statement and no command of a shell.
_SURE_STATEMENT = re.compile(
    r"\s*(?:select|insert\s+into|update\s+\S+\s+set|delete\s+from|truncate\s+table|with\s+\w+\s+as|"
    r"(?:create|alter|drop)\s+(?:database|extension|function|index|materialized|policy|publication|"
    r"role|schema|sequence|subscription|table|tablespace|trigger|type|user|view|unique)|"
    r"explain\s+\S|grant\s+\S|revoke\s+\S|reindex\s+\S|vacuum\s+\S)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SqlSession:
    """The statements of some lines, each with the number of its first line, and the other lines.

    `shell` are the lines before the first prompt of a client and those from a shell's prompt on.
    """

    statements: tuple[Line, ...]
    shell: tuple[Line, ...]


def is_sql(lines: Sequence[Line]) -> bool:
    """Whether code of no language is SQL: it begins with a statement, and one ends."""
    text = [line for _, line in lines if line.strip() and not line.lstrip().startswith("--")]
    return bool(text) and bool(_SURE_STATEMENT.match(text[0])) and any(map(_ends, text))


def sql_session(lines: Sequence[Line]) -> SqlSession:
    """Statements behind prompts of psql, mysql, MariaDB, SQLite and cqlsh; what they print is left
    out. Without such a prompt all lines are those of a shell.
    """
    statements: list[Line] = []
    shell: list[Line] = []
    in_client = is_open = False
    for number, text in lines:
        found = _PROMPT.match(text)
        if found and _STATEMENT.match(text, found.end()):
            statements.append((number, text[found.end() :].rstrip()))
            in_client, is_open = True, not _ends(statements[-1][1])
        elif not in_client or _SHELL_PROMPT.match(text):
            shell.append((number, text))
            in_client = is_open = False
        elif is_open and (more := _GOES_ON.match(text)):
            first, begun = statements[-1]
            statements[-1] = first, f"{begun}\n{text[more.end() :].rstrip()}"
            is_open = not _ends(text)
    return SqlSession(tuple(statements), tuple(shell))


def _ends(text: str) -> bool:
    return text.rstrip().endswith((";", "\\G", "\\g")) or text.startswith("\\")
