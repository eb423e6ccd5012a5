"""Programs for SQL: the statements that stand among their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.command_risk.sql import classify_sql
from rag.command_risk.words import program_name, word_set, worst
from rag.domain.documents import Risk

SQL_PROGRAMS = word_set("psql mysql mariadb sqlite3 clickhouse-client cockroach")
_SQL_STATEMENTS = word_set("--command --execute --query")
_SQL_BUNDLES = {"psql": "c", "clickhouse-client": "q", "sqlite3": ""}
_SQL_VALUED = word_set(
    "-h -p -U -d -f -v -P -o -L -F -R -T -u -D -S --host --port --username --dbname --file --set "
    "--variable --pset --output --user --database"
)
_SQL_FROM_FILE = re.compile(r"-[0-9A-Za-z]{0,6}f|--file(?:=.*)?|<", re.DOTALL)
_SQL_LOOKING = word_set("-l --list -V --version --help")
_CONNECTION = re.compile(r"\s*\w+=\S+(?:\s+\w+=\S+)*\s*")


def of_sql(name: str, arguments: list[str]) -> Risk:
    if any(_SQL_FROM_FILE.fullmatch(word) for word in arguments):
        return worst([Risk.MUTATING, *map(classify_sql, _statements_in(name, arguments))])
    statements = list(_statements_in(name, arguments))
    if not statements:
        return Risk.READ_ONLY if _SQL_LOOKING & set(arguments) else Risk.UNKNOWN
    return worst([classify_sql(statement) for statement in statements])


def _statements_in(name: str, arguments: Sequence[str]) -> Iterator[str]:
    letter = _SQL_BUNDLES.get(name, "e")
    bundle = re.compile(rf"-[A-Za-z0-9]*?{letter}(.*\s.*)?" if letter else "-cmd()", re.DOTALL)
    place = 0
    while place < len(arguments):
        word = arguments[place]
        option, _, value = word.partition("=")
        if option in _SQL_STATEMENTS and value:
            yield value
        elif (bundled := bundle.fullmatch(word)) and bundled[1]:
            yield bundled[1]
        elif word in _SQL_STATEMENTS or bundled:
            place += 1
            yield from arguments[place : place + 1]
        elif word in _SQL_VALUED:
            place += 1
        elif (" " in word or word.startswith("\\")) and not _CONNECTION.fullmatch(word):
            yield word
        place += 1


def is_fed_sql(part: Sequence[str]) -> bool:
    """Whether a program for SQL is started without a statement: it reads what is fed to it."""
    for place, word in enumerate(part):
        if program_name(word) in SQL_PROGRAMS:
            behind = part[place + 1 :]
            return not (
                _SQL_LOOKING & set(behind) or any(_statements_in(program_name(word), behind))
            )
    return False
