"""Programs that want a rule of their own, each by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rag.command_risk.clouds import of_aws, of_cloud
from rag.command_risk.options import after_flags, has
from rag.command_risk.words import Told, word_set
from rag.domain.documents import Risk

SHELLS = word_set("sh bash zsh dash ash ssh su")
_SSH_VALUES = word_set("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w")


def _of_shell(arguments: list[str]) -> Told:
    """What `-c` says; a script of one's own is unknown."""
    for place, word in enumerate(arguments[:-1]):
        if word == "--command" or re.fullmatch(r"-[a-z]*c", word):
            return arguments[place + 1]
    return Risk.UNKNOWN


def _of_ssh(arguments: list[str]) -> Told:
    """What ssh runs on the host that it is given, which may be named like a program."""
    behind = after_flags(arguments, _SSH_VALUES)[1:]
    return " ".join(after_flags(behind, _SSH_VALUES)) or Risk.UNKNOWN


def of_kafka(name: str, arguments: Sequence[str]) -> Risk:
    told = {word.lower() for word in arguments}
    if told & {"--delete", "--delete-offsets"} or {"--reset-offsets", "--execute"} <= told:
        return Risk.DESTRUCTIVE
    if re.search(r"delete-records|application-reset", name) or "format" in told:
        return Risk.DESTRUCTIVE
    if "leader-election" in name:
        unclean = any("unclean" in word for word in told)
        return Risk.DESTRUCTIVE if unclean else Risk.MUTATING
    changes = "--alter --create --execute --reset-offsets --add-config --cancel --add --remove"
    if told & word_set(changes) or re.search(r"producer|server-st", name):
        return Risk.MUTATING
    if told & word_set("--describe --list --verify --generate --version --status describe"):
        return Risk.READ_ONLY
    reads = re.search(r"console-consumer|get-offsets|broker-api-versions", name)
    return Risk.READ_ONLY if reads else Risk.UNKNOWN


def _of_date(arguments: list[str]) -> Risk:
    """A word that is no format is a time to set."""
    rest = after_flags(arguments, word_set("-d --date -f --file -r --reference"))
    sets = any(re.match(r"-[uR]*s|--set", word) for word in arguments)
    sets = sets or any(not word.startswith("+") for word in rest)
    return Risk.MUTATING if sets else Risk.READ_ONLY


_CURL_VALUED = word_set("-" + " -".join("AbcCdDeEFHhKmoPQrtTuUwxXyYz"))
_CURL_LONG = {
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
_NOWHERE = word_set("- /dev/null /dev/stdout /dev/stderr")
_DESTROYING_ADDRESS = re.compile(r"[/_](?:delete|purge|destroy|wipe|drop)(?:[_/?-]|$)", re.I)


def _curl_options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options with their values, each by its letter; `-sXDELETE` is two."""
    place = 0
    while place < len(arguments):
        word = arguments[place]
        following = arguments[place + 1] if place + 1 < len(arguments) else ""
        place += 1
        if word.startswith("--"):
            option, _, value = word.partition("=")
            letter = "-d" if option.startswith("--data") else _CURL_LONG.get(option, option)
            yield letter, value or following
        elif word.startswith("-"):
            for at, letter in enumerate(word[1:], 2):
                if f"-{letter}" in _CURL_VALUED:
                    yield f"-{letter}", word[at:] or following
                    place += not word[at:]
                    break
                yield f"-{letter}", ""


def _of_curl(arguments: list[str]) -> Risk:
    options = list(_curl_options(arguments))
    given = {letter for letter, _ in options}
    methods = {value.upper() for letter, value in options if letter == "-X"}
    sends = given & word_set("-F -T -Q") or ("-d" in given and "-G" not in given)
    changes = bool(sends) or not methods <= word_set("GET HEAD OPTIONS")
    if methods & {"DELETE", "PURGE"}:
        return Risk.DESTRUCTIVE
    if changes and any(_DESTROYING_ADDRESS.search(word) for word in arguments):
        return Risk.DESTRUCTIVE
    saves = any(letter == "-o" and value not in _NOWHERE for letter, value in options)
    if changes or saves or "-O" in given:
        return Risk.MUTATING
    return Risk.UNKNOWN if "-K" in given else Risk.READ_ONLY


def _of_wget(arguments: list[str]) -> Risk:
    joined = " ".join(arguments)
    if re.search(r"--method[= ]delete", joined, re.IGNORECASE):
        return Risk.DESTRUCTIVE
    if re.search(r"--(?:post|body|method)", joined):
        return Risk.MUTATING
    shown = re.search(
        r"(?:(?:^|\s)-[A-Za-z]*O|--output-document[= ])\s*(?:-|/dev/null|/dev/stdout)(?:\s|$)|"
        r"(?:^|\s)--spider\b",
        joined,
    )
    return Risk.READ_ONLY if shown else Risk.MUTATING


def _of_sed(arguments: list[str]) -> Risk:
    edits = any(re.match(r"-[nEruszb]*i|--in-place", word) for word in arguments)
    return Risk.MUTATING if edits else Risk.READ_ONLY


def _of_awk(arguments: list[str]) -> Risk:
    """An awk program may start others and write files."""
    joined = " ".join(arguments)
    if re.search(r"system\s*\(|\|\s*[\"&]|\"\s*\|\s*getline|(?:^|\s)-f", joined):
        return Risk.UNKNOWN
    writes = re.search(r"inplace|print[^;}]*>\s*[\"$(]", joined)
    return Risk.MUTATING if writes else Risk.READ_ONLY


def _of_find(arguments: list[str]) -> Told:
    if "-delete" in arguments:
        return Risk.DESTRUCTIVE
    starts = [
        i for i, word in enumerate(arguments) if word in word_set("-exec -execdir -ok -okdir")
    ]
    executed: tuple[Told, ...] = tuple(arguments[i + 1 :] for i in starts if i + 1 < len(arguments))
    if set(arguments) & word_set("-fprint -fprint0 -fprintf -fls"):
        return (Risk.MUTATING, *executed)
    return executed or Risk.READ_ONLY


def _of_iptables(arguments: list[str]) -> Risk:
    if {"-F", "--flush", "-X"} & set(arguments):
        return Risk.DESTRUCTIVE
    changes = word_set("-A -I -D -R -P -N -E -Z --append --insert --replace --policy --zero")
    if changes & set(arguments):
        return Risk.MUTATING
    return Risk.READ_ONLY if {"-L", "-S", "--list"} & set(arguments) else Risk.MUTATING


def _of_nginx(arguments: list[str]) -> Risk:
    looks = {"-t", "-T", "-v", "-V"} & set(arguments) and "-s" not in arguments
    return Risk.READ_ONLY if looks else Risk.MUTATING


def _of_sysctl(arguments: list[str]) -> Risk:
    changes = has(arguments, word_set("-w --write -p --load -f --system"))
    sets = any("=" in word and not word.startswith("-") for word in arguments)
    return Risk.MUTATING if changes or sets else Risk.READ_ONLY


def _of_nc(arguments: list[str]) -> Risk:
    """It carries whatever is fed to it, but for a look at a port."""
    return Risk.READ_ONLY if has(arguments, word_set("-z")) else Risk.UNKNOWN


def _of_rsync(arguments: list[str]) -> Risk:
    destroys = any(word.startswith(("--del", "--remove-source")) for word in arguments)
    return Risk.DESTRUCTIVE if destroys else Risk.MUTATING


SPECIAL: dict[str, Callable[[list[str]], Told]] = {
    "awk": _of_awk,
    "aws": of_aws,
    "az": of_cloud,
    "curl": _of_curl,
    "date": _of_date,
    "eval": " ".join,
    "find": _of_find,
    "gcloud": of_cloud,
    "iptables": _of_iptables,
    "nc": _of_nc,
    "nginx": _of_nginx,
    "rsync": _of_rsync,
    "sed": _of_sed,
    "ssh": _of_ssh,
    "sysctl": _of_sysctl,
    "wget": _of_wget,
    **dict.fromkeys(SHELLS - {"ssh"}, _of_shell),
}
