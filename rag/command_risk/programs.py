"""Rules of programs whose risk no word list can give, each by the program's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from rag.command_risk.findings import Finding
from rag.command_risk.options import after_flags, has
from rag.command_risk.words import word_set
from rag.domain.documents import Risk

_SSH_OPTIONS_WITH_VALUE = word_set("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w")
_KAFKA_CHANGES = word_set(
    "--alter --create --execute --reset-offsets --add-config --cancel --add --remove"
)
_KAFKA_READS = word_set("--describe --list --verify --generate --version --status describe")


def find_in_kafka(name: str, arguments: Sequence[str]) -> Risk:
    """The risk of one of Kafka's `kafka-*` programs."""
    given = {word.lower() for word in arguments}
    if given & {"--delete", "--delete-offsets"} or {"--reset-offsets", "--execute"} <= given:
        return Risk.DESTRUCTIVE
    if re.search(r"delete-records|application-reset", name) or "format" in given:
        return Risk.DESTRUCTIVE
    if "leader-election" in name:
        unclean = any("unclean" in word for word in given)
        return Risk.DESTRUCTIVE if unclean else Risk.MUTATING
    if given & _KAFKA_CHANGES or re.search(r"producer|server-st", name):
        return Risk.MUTATING
    if given & _KAFKA_READS:
        return Risk.READ_ONLY
    reads = re.search(r"console-consumer|get-offsets|broker-api-versions", name)
    return Risk.READ_ONLY if reads else Risk.UNKNOWN


def _shell(arguments: list[str]) -> Finding:
    """The command line behind `-c`; a script is unknown."""
    for position, word in enumerate(arguments[:-1]):
        if word == "--command" or re.fullmatch(r"-[a-z]*c", word):
            return arguments[position + 1]
    return Risk.UNKNOWN


def _ssh(arguments: list[str]) -> Finding:
    """The command that runs on the host; a host may be named like a program."""
    behind_host = after_flags(arguments, _SSH_OPTIONS_WITH_VALUE)[1:]
    return " ".join(after_flags(behind_host, _SSH_OPTIONS_WITH_VALUE)) or Risk.UNKNOWN


def _date(arguments: list[str]) -> Risk:
    """A word that is no format is a time to set."""
    rest = after_flags(arguments, {"-d", "--date", "-f", "--file", "-r", "--reference"})
    sets = any(re.match(r"-[uR]*s|--set", word) for word in arguments)
    sets = sets or any(not word.startswith("+") for word in rest)
    return Risk.MUTATING if sets else Risk.READ_ONLY


_CURL_LETTERS_WITH_VALUE = frozenset("AbcCdDeEFHhKmoPQrtTuUwxXyYz")
_CURL_LONG_OPTIONS = {
    "--request": "-X",
    "--form": "-F",
    "--form-string": "-F",
    "--upload-file": "-T",
    "--json": "-d",
    "--get": "-G",
    "--output": "-o",
    "--remote-name": "-O",
    "--quote": "-Q",
    "--config": "-K",
}
_NOT_SAVED = frozenset({"-", "/dev/null", "/dev/stdout", "/dev/stderr"})
# Many services act on a GET too: `/api/v1/admin/tsdb/delete_series`, `/-/reload`.
_DESTRUCTIVE_ADDRESS = re.compile(
    r"[/_=](?:delete|purge|destroy|wipe|drop|truncate|shutdown|terminate)(?:[_/?&-]|$)", re.I
)
_CHANGING_ADDRESS = re.compile(
    r"[/_](?:create|reload|flush|reset|restart|start|stop|quit|pause|resume|enable|disable|rotate|"
    r"restore|trigger|force)(?:[_/?-]|$)",
    re.I,
)
_FILE_SUFFIX = re.compile(r"\.(?:html?|md|txt|ya?ml|sh|rpm|deb|t?gz|zip)\Z", re.I)


def _curl_options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options with their values, each by its letter; `-sXDELETE` is two."""
    position = 0
    while position < len(arguments):
        word = arguments[position]
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        position += 1
        if word.startswith("--"):
            option, _, value = word.partition("=")
            data = option.startswith("--data")
            yield "-d" if data else _CURL_LONG_OPTIONS.get(option, option), value or following
        elif word.startswith("-"):
            for end, letter in enumerate(word[1:], 2):
                if letter in _CURL_LETTERS_WITH_VALUE:
                    yield f"-{letter}", word[end:] or following
                    position += not word[end:]
                    break
                yield f"-{letter}", ""


def _curl(arguments: list[str]) -> Risk:
    options = list(_curl_options(arguments))
    given = {letter for letter, _ in options}
    methods = {value.upper() for letter, value in options if letter == "-X"}
    sends = bool(given & {"-F", "-T", "-Q"}) or ("-d" in given and "-G" not in given)
    changes = sends or not methods <= {"GET", "HEAD", "OPTIONS"}
    if methods & {"DELETE", "PURGE"}:
        return Risk.DESTRUCTIVE
    asked = _asked(arguments)
    if asked is Risk.DESTRUCTIVE:
        return asked
    saves = any(letter == "-o" and value not in _NOT_SAVED for letter, value in options)
    if changes or saves or "-O" in given or asked is Risk.MUTATING:
        return Risk.MUTATING
    return Risk.UNKNOWN if "-K" in given else Risk.READ_ONLY


def _asked(arguments: Iterable[str]) -> Risk:
    """What the addresses among these arguments ask a service for, whatever the method."""
    addresses = list(map(_without_file_name, arguments))
    if any(map(_DESTRUCTIVE_ADDRESS.search, addresses)):
        return Risk.DESTRUCTIVE
    changes = any(map(_CHANGING_ADDRESS.search, addresses))
    return Risk.MUTATING if changes else Risk.READ_ONLY


def _without_file_name(address: str) -> str:
    """A file may be called anything."""
    path, mark, query = address.partition("?")
    folder, _, name = path.rpartition("/")
    return f"{folder}/{mark}{query}" if _FILE_SUFFIX.search(name) else address


def _kill(arguments: list[str]) -> Risk:
    """By force it ends a process without a chance to save what it has."""
    signals = re.compile(r"-(?:9|(?:SIG)?KILL|-signal=(?:SIG)?KILL)", re.IGNORECASE)
    by_name = any(
        option in ("-s", "--signal", "-n") and re.fullmatch(r"9|(?:SIG)?KILL", value, re.IGNORECASE)
        for option, value in pairwise(arguments)
    )
    forced = by_name or any(map(signals.fullmatch, arguments))
    return Risk.DESTRUCTIVE if forced else Risk.MUTATING


def _wget(arguments: list[str]) -> Risk:
    joined = " ".join(arguments)
    if re.search(r"--method[= ]delete", joined, re.IGNORECASE):
        return Risk.DESTRUCTIVE
    asked = _asked(arguments)
    if asked is Risk.DESTRUCTIVE:
        return asked
    if asked is Risk.MUTATING or re.search(r"--(?:post|body|method)", joined):
        return Risk.MUTATING
    shown = re.search(
        r"(?:(?:^|\s)-[A-Za-z]*O|--output-document[= ])\s*(?:-|/dev/null|/dev/stdout)(?:\s|$)|"
        r"(?:^|\s)--spider\b",
        joined,
    )
    return Risk.READ_ONLY if shown else Risk.MUTATING


def _sed(arguments: list[str]) -> Risk:
    edits = any(re.match(r"-[nEruszb]*i|--in-place", word) for word in arguments)
    return Risk.MUTATING if edits else Risk.READ_ONLY


def _awk(arguments: list[str]) -> Risk:
    """An awk program may start others and write files."""
    joined = " ".join(arguments)
    if re.search(r"system\s*\(|\|\s*[\"&]|\"\s*\|\s*getline|(?:^|\s)-f", joined):
        return Risk.UNKNOWN
    writes = re.search(r"inplace|print(?:(?!print)[^;}])*?>\s*[\"$(]", joined)
    return Risk.MUTATING if writes else Risk.READ_ONLY


def _find(arguments: list[str]) -> Finding:
    if "-delete" in arguments:
        return Risk.DESTRUCTIVE
    executed: tuple[Finding, ...] = tuple(
        arguments[position + 1 :]
        for position, word in enumerate(arguments[:-1])
        if word in ("-exec", "-execdir", "-ok", "-okdir")
    )
    if set(arguments) & {"-fprint", "-fprint0", "-fprintf", "-fls"}:
        return (Risk.MUTATING, *executed)
    return executed or Risk.READ_ONLY


def _iptables(arguments: list[str]) -> Risk:
    given = set(arguments)
    if given & {"-F", "--flush", "-X"}:
        return Risk.DESTRUCTIVE
    if given & word_set("-A -I -D -R -P -N -E -Z --append --insert --replace --policy --zero"):
        return Risk.MUTATING
    return Risk.READ_ONLY if given & {"-L", "-S", "--list"} else Risk.MUTATING


def _nginx(arguments: list[str]) -> Risk:
    reads = {"-t", "-T", "-v", "-V"} & set(arguments) and "-s" not in arguments
    return Risk.READ_ONLY if reads else Risk.MUTATING


def _sysctl(arguments: list[str]) -> Risk:
    changes = has(arguments, {"-w", "--write", "-p", "--load", "-f", "--system"})
    sets = any("=" in word and not word.startswith("-") for word in arguments)
    return Risk.MUTATING if changes or sets else Risk.READ_ONLY


def _nc(arguments: list[str]) -> Risk:
    """It sends its input, unless it only checks a port."""
    return Risk.READ_ONLY if has(arguments, {"-z"}) else Risk.UNKNOWN


def _rsync(arguments: list[str]) -> Risk:
    destroys = any(word.startswith(("--del", "--remove-source")) for word in arguments)
    return Risk.DESTRUCTIVE if destroys else Risk.MUTATING


RULES: dict[str, Callable[[list[str]], Finding]] = {
    "awk": _awk,
    "curl": _curl,
    "date": _date,
    "eval": " ".join,
    "find": _find,
    "iptables": _iptables,
    "nc": _nc,
    "nginx": _nginx,
    "rsync": _rsync,
    "sed": _sed,
    "ssh": _ssh,
    "sysctl": _sysctl,
    "wget": _wget,
    **dict.fromkeys(("kill", "pkill", "killall"), _kill),
    **dict.fromkeys(("sh", "bash", "zsh", "dash", "ash", "su"), _shell),
}
