"""SQL statements, and what consoles of databases take in their place."""

from __future__ import annotations

import re

from rag.command_risk.words import word_set, worst
from rag.domain.documents import Risk

_SQL_DESTROYS = re.compile(r"\b(drop|truncate|delete)\b", re.IGNORECASE)
_SQL_CHANGES = re.compile(
    r"\b(insert|update|alter|create|grant|revoke|vacuum|reindex|cluster|copy|call|do|merge|set|"
    r"into|lock|refresh)\b",
    re.IGNORECASE,
)
_SQL_READS = re.compile(
    r"(?:select|explain|show|with|table|values|describe|desc)\b|"
    r"\\(?:d\w*|l|x|timing|conninfo|pset|sf|sv|z|c|connect|q|h|echo|a|t)(?:\+|\b)",
    re.IGNORECASE,
)
# First words of statements, those of consoles of poolers and of other databases among them.
_SQL_STARTS_CHANGE = word_set(
    "analyze comment reset discard checkpoint load notify replace rename kill flush optimize "
    "repair start stop change install prepare execute import attach detach reload pause resume "
    "suspend disable enable reconnect wait_close reassign security"
)
_SQL_STARTS_DESTRUCTION = word_set("purge shutdown")
_SQL_PIECE = re.compile(
    r"""(?P<comment>--(?:[ \t][^\n]*)?(?=\n|$))|(?P<literal>'(?:[^']|'')*')|"(?:[^"]|"")*\""""
)
# Where one of these stands, no literal's end is sure.
_SQL_UNSURE = re.compile(r"\\|\$\w*\$|/\*")
_SQL_NAMED = re.compile(r"\bwith\s+(?:recursive\s+)?\w+\s*\(", re.IGNORECASE)
_SQL_CALL = re.compile(r"(?<!\bas\s)(?<![\w.$])([a-z_][\w.$]*)\s*\(", re.IGNORECASE)
# What stands before a parenthesis and is no function, or one that computes alone.
_SQL_PLAIN = word_set(
    "in and or not exists any all some values as from select where on using over filter by join "
    "lateral union case when then else end interval array row with materialized recursive explain "
    "analyze having like ilike between is distinct limit offset except intersect group sets "
    "rollup cube numeric decimal varchar char character varying timestamp timestamptz time bit "
    "table show count sum min max avg now age coalesce nullif greatest least round floor ceil "
    "ceiling trunc abs sign mod power sqrt ln log exp random width_bucket stddev variance "
    "percentile_cont percentile_disc mode corr bool_and bool_or every string_agg json_agg "
    "jsonb_agg row_number rank dense_rank ntile lag lead first_value last_value length "
    "char_length octet_length lower upper trim ltrim rtrim btrim left right substr substring "
    "position strpos replace split_part concat concat_ws format lpad rpad repeat reverse "
    "translate md5 sha256 encode decode quote_ident quote_literal cast convert extract date_part "
    "date_trunc date_bin make_interval justify_hours clock_timestamp statement_timestamp "
    "transaction_timestamp current_setting current_database current_schema current_user version "
    "unnest cardinality generate_series jsonb_set array_remove pg_logical_slot_peek_changes "
    "array_replace row_to_json to_regclass obj_description col_description inet_server_addr "
    "inet_client_addr txid_current txid_current_if_assigned format_type hashtext unix_timestamp "
    "from_unixtime ifnull if isnull date datediff timestampdiff group_concat curdate"
)
_SQL_LOOKS = re.compile(
    r"pg_(?:stat|get|is|current|last|size|blocking|safe_snapshot|walfile|ls|index|table|database|"
    r"relation|total|tablespace|column|wal_lsn|postmaster|conf|backend_pid|my|encoding|char|"
    r"typeof|describe|identify|filenode|replication_slots|logical_slot_peek|xact|snapshot|sleep|"
    r"control|buffercache)[\w]*|"
    r"(?:json|jsonb|array|string|to|regexp|date|has|txid|age|inet)_\w+"
)
_SQL_CHANGING_PARTS = word_set(
    "terminate cancel reload rotate promote advance create copy set setval nextval notify lock "
    "unlock pause resume switch import export put write move update insert upsert enable disable "
    "attach detach start stop restore sync exec execute refresh run backup kill add alter grant "
    "revoke rename apply reset clear flush send publish changes failover config"
)
_SQL_DESTROYING_PARTS = word_set("drop delete unlink truncate purge remove destroy wipe")


def classify_sql(statement: str) -> Risk:
    """The risk of SQL statements."""
    bare = _sql_without_literals(statement)
    risk = worst([_of_statement(one) for one in bare.split(";") if one.strip()])
    # What a change says in its literals may be SQL as well, or a name.
    if risk is not Risk.READ_ONLY and _SQL_DESTROYS.search(statement):
        return Risk.DESTRUCTIVE
    return risk


def of_fed_sql(text: str) -> Risk:
    """The risk of statements that stand anywhere in a shell's text."""
    if _SQL_DESTROYS.search(text):
        return Risk.DESTRUCTIVE
    return Risk.MUTATING if _SQL_CHANGES.search(text) else Risk.UNKNOWN


def _sql_without_literals(statement: str) -> str:
    if _SQL_UNSURE.search(statement):
        return statement

    def kept(found: re.Match[str]) -> str:
        if found["comment"] is not None:
            return " "
        if found["literal"] is not None:
            return "''"
        # A name in quotes says something only where it is a function's.
        return found[0][1:-1] if statement.startswith("(", found.end()) else "_"

    return _SQL_PIECE.sub(kept, statement)


def _of_statement(statement: str) -> Risk:
    words = statement.split(None, 1)
    first = words[0].lower()
    if _SQL_DESTROYS.search(statement) or first in _SQL_STARTS_DESTRUCTION:
        return Risk.DESTRUCTIVE
    calling = _SQL_NAMED.sub("with (", statement)
    called = [_of_call(found[1].lower()) for found in _SQL_CALL.finditer(calling)]
    if _SQL_CHANGES.search(statement) or first in _SQL_STARTS_CHANGE:
        return worst([Risk.MUTATING, *called])
    reads = _SQL_READS.match(statement.strip())
    return worst([Risk.READ_ONLY if reads else Risk.UNKNOWN, *called])


def _of_call(function: str) -> Risk:
    name = function.rsplit(".", 1)[-1]
    if name in _SQL_PLAIN:
        return Risk.READ_ONLY
    parts = frozenset(name.split("_"))
    if parts & _SQL_DESTROYING_PARTS:
        return Risk.DESTRUCTIVE
    if parts & _SQL_CHANGING_PARTS:
        return Risk.MUTATING
    return Risk.READ_ONLY if _SQL_LOOKS.fullmatch(name) else Risk.UNKNOWN
