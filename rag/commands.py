"""What a shell command would do: read, change, destroy, or nobody knows.

A chain is as risky as its riskiest part, and a program that is not in the tables is unknown,
never read-only: what is told of a command may be too dark, not too bright.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence

from rag.domain import Risk

_SEVERITY = (Risk.READ_ONLY, Risk.UNKNOWN, Risk.MUTATING, Risk.DESTRUCTIVE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Programs that only look, whatever their arguments.
_READERS = _words(
    "cat less more head tail grep egrep fgrep zgrep rg awk cut sort uniq wc tr jq yq column "
    "diff ls pwd whoami id hostname uname uptime date df du free top htop iotop vmstat iostat "
    "mpstat sar ps pgrep pstree lsof ss netstat dig nslookup host ping traceroute mtr nc stat "
    "file which type env printenv echo printf true false cd export dmesg last w who lscpu "
    "lsblk lspci sha256sum md5sum base64 journalctl tcpdump strace pg_isready amtool promtool "
    "test sleep"
)
# Programs that change something, whatever their arguments.
_WRITERS = _words(
    "cp mv mkdir touch chmod chown ln install tar gzip gunzip unzip rsync scp sftp kill pkill "
    "killall useradd usermod passwd apt apt-get yum dnf pip npm mount umount reboot swapon "
    "swapoff renice pg_restore pg_ctl pg_resetwal make ansible ansible-playbook tee"
)
_DESTROYERS = _words(
    "rm rmdir dd mkfs shred truncate wipefs fdisk parted dropdb dropuser shutdown halt poweroff"
)
# Programs of many verbs: which only look, which destroy; every other one changes something.
_VERBS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "kubectl": (
        _words(
            "get describe logs top explain api-resources api-versions version cluster-info auth "
            "diff events config wait port-forward"
        ),
        _words("delete drain"),
    ),
    "helm": (
        _words("list ls status get history show search template lint diff version env"),
        _words("uninstall delete"),
    ),
    "docker": (
        _words("ps images logs inspect stats top version info events port history diff"),
        _words("rm rmi prune kill"),
    ),
    "crictl": (
        _words("ps pods images logs inspect inspectp stats version info"),
        _words("rm rmi rmp"),
    ),
    "systemctl": (
        _words("status show list-units list-timers is-active is-enabled is-failed cat"),
        _words("poweroff halt"),
    ),
    "git": (
        _words("log show diff status blame fetch ls-files ls-remote rev-parse grep describe"),
        _words("clean"),
    ),
    "argocd": (_words("get list diff history logs manifests version context"), _words("delete")),
    "vault": (_words("status read list version"), _words("delete destroy seal")),
    "terraform": (
        _words("plan show output validate version fmt providers graph"),
        _words("destroy"),
    ),
    "patronictl": (
        _words("list topology history show-config version dsn query"),
        _words("remove reinit"),
    ),
    "pgbackrest": (_words("info check version"), _words("restore expire stanza-delete")),
    "etcdctl": (_words("get endpoint alarm version watch check"), _words("del")),
    "rabbitmqctl": (
        _words("status list_queues list_connections list_channels cluster_status"),
        _words("reset force_reset purge_queue delete_queue"),
    ),
    "redis-cli": (
        _words(
            "info ping get mget keys scan ttl pttl type llen scard zcard hlen strlen dbsize exists "
            "monitor latency slowlog memory object role hgetall hget lrange smembers zrange "
            "--latency --bigkeys --stat --scan"
        ),
        _words("flushall flushdb del unlink shutdown"),
    ),
    "openssl": (_words("s_client x509 verify version crl ocsp"), frozenset()),
    "ip": (_words("addr a route r link neigh show -s -br"), frozenset()),
    "sysctl": (_words("-a -n"), frozenset()),
    "aws": (frozenset(), frozenset()),
    "gcloud": (frozenset(), frozenset()),
    "az": (frozenset(), frozenset()),
}
_VERBS["oc"] = _VERBS["kubectl"]
_VERBS["k"] = _VERBS["kubectl"]
_VERBS["podman"] = _VERBS["docker"]
# Second words after which a verb is another one: `kubectl rollout undo`, `aws ec2 describe-…`.
_LOOKING = re.compile(
    r"(?:get|health|list|ls|describe|show|status|history|view|check|log|logs|head|search|info|can-i|"
    r"list-[\w-]+|describe-[\w-]+|get-[\w-]+)"
)
_NESTED = _words(
    "rollout config auth alarm endpoint slowlog memory object latency role raft kv app"
)
_CLOUDS = _words("aws gcloud az")
_DESTROYING_WORD = re.compile(r"(?:delete|destroy|terminate|remove|purge|drop|wipe|rm|rb)[\w-]*")
_SQL_DESTROYS = re.compile(r"\b(drop|truncate|delete)\b", re.IGNORECASE)
_SQL_CHANGES = re.compile(
    r"\b(insert|update|alter|create|grant|revoke|vacuum|reindex|cluster|copy|call|do|merge|set|"
    r"pg_terminate_backend|pg_cancel_backend|pg_promote|pg_switch_wal|lock|refresh)\b",
    re.IGNORECASE,
)
_SQL_READS = re.compile(r"\s*(?:(?:select|explain|show|with|table|values)\b|\\[a-z+])", re.I)
_SQL_PROGRAMS = _words("psql mysql mariadb sqlite3 clickhouse-client cockroach")
_PREFIXES = _words("sudo env time watch nohup nice ionice timeout xargs command exec doas stdbuf")
_SHELLS = _words("sh bash zsh dash ash ssh su")
_INNER = _words("kubectl oc k docker podman crictl")
_SSH_VALUES = _words("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")
_REDIRECTION = re.compile(
    r"(?<![0-9&>])>{1,2}\s*(?!&|/dev/null\b|>)\S|(?<=1)>{1,2}\s*(?!&|/dev/null)\S"
)
_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)|`([^`]*)`|[<>]\(([^()]*)\)")
_SEPARATOR = frozenset({"|", "||", "&&", ";", "&", "|&", "\n", "(", ")", "{", "}", "!"})


def classify(command: str) -> Risk:
    """The risk of a command line as a runbook prints it; never raises."""
    command = re.sub(r"\\\n", " ", command)
    worst = [_of_part(part) for part in _parts(command)]
    worst += [
        classify(next(filter(None, found.groups()), ""))
        for found in _SUBSTITUTION.finditer(command)
    ]
    if _REDIRECTION.search(_without_quotes(command)):
        worst.append(Risk.MUTATING)
    return _worst(worst)


def classify_sql(statement: str) -> Risk:
    """The risk of SQL statements."""
    if _SQL_DESTROYS.search(statement):
        return Risk.DESTRUCTIVE
    if _SQL_CHANGES.search(statement):
        return Risk.MUTATING
    return Risk.READ_ONLY if _SQL_READS.match(statement) else Risk.UNKNOWN


def is_known_program(word: str) -> bool:
    """Whether the tables know what a word does as a program."""
    name = word.rsplit("/", 1)[-1]
    return (
        name in _VERBS
        or name in _READERS | _WRITERS | _DESTROYERS | _SQL_PROGRAMS | _PREFIXES | _SHELLS
        or name in ("curl", "wget", "sed", "find", "iptables", "nginx")
        or name.startswith("kafka-")
        or name.startswith("mkfs.")
    )


def _worst(risks: Sequence[Risk]) -> Risk:
    return max(risks, key=_SEVERITY.index, default=Risk.UNKNOWN)


def _without_quotes(command: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "''", command)


def _parts(command: str) -> list[list[str]]:
    """The simple commands of a line, as words."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:  # an unclosed quote
        words = re.findall(r"[^\s;|&()]+|[;|&()]+", command)
    parts: list[list[str]] = [[]]
    for word in words:
        if word in _SEPARATOR or (word and set(word) <= set(";|&()\n")):
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _of_part(words: Sequence[str]) -> Risk:
    words = _without_prefixes(words)
    if not words:
        return Risk.READ_ONLY
    name, arguments = words[0].rsplit("/", 1)[-1], list(words[1:])
    if name in _SPECIAL:
        return _SPECIAL[name](arguments)
    if name in _SQL_PROGRAMS:
        return _of_sql(arguments)
    if name in _SHELLS:
        return _of_shell(_behind_host(arguments) if name == "ssh" else arguments)
    if name in _VERBS:
        return _of_verbs(name, arguments)
    if name.startswith("kafka-"):
        return _of_kafka(name, arguments)
    if name in _DESTROYERS or name.startswith("mkfs"):
        return Risk.DESTRUCTIVE
    if name in _WRITERS:
        return Risk.MUTATING
    return Risk.READ_ONLY if name in _READERS else Risk.UNKNOWN


def _without_prefixes(words: Sequence[str]) -> Sequence[str]:
    rest = list(words)
    while rest:
        name = rest[0].rsplit("/", 1)[-1]
        if _ASSIGNMENT.fullmatch(rest[0]):
            rest.pop(0)
        elif name in _PREFIXES:
            rest.pop(0)
            # Options and their values stand before the program that is meant.
            while rest and not is_known_program(rest[0]) and len(rest) > 1:
                rest.pop(0)
        else:
            break
    return rest


def _of_verbs(name: str, arguments: Sequence[str]) -> Risk:
    inner = _inner_command(name, arguments)
    if inner is not None:
        return _of_part(inner) if inner else Risk.MUTATING
    reads, destroys = _VERBS[name]
    lowered = [word.lower() for word in arguments]
    if any(word.startswith("--dry-run") for word in lowered):
        return Risk.READ_ONLY
    verbs = [word for word in lowered if not word.startswith("-") or word in reads]
    if any(word in destroys for word in lowered) or _forces(name, lowered):
        return Risk.DESTRUCTIVE
    if name in _CLOUDS:
        return _of_cloud(verbs)
    for place, verb in enumerate(verbs):
        if verb in _NESTED and place + 1 < len(verbs):
            return Risk.READ_ONLY if _LOOKING.fullmatch(verbs[place + 1]) else Risk.MUTATING
        if verb in reads:
            return Risk.READ_ONLY
    return Risk.MUTATING if verbs else Risk.READ_ONLY


def _of_cloud(verbs: Sequence[str]) -> Risk:
    if any(_DESTROYING_WORD.fullmatch(verb) for verb in verbs):
        return Risk.DESTRUCTIVE
    return Risk.READ_ONLY if any(_LOOKING.fullmatch(verb) for verb in verbs) else Risk.MUTATING


def _forces(name: str, lowered: Sequence[str]) -> bool:
    return name == "git" and ("--hard" in lowered or "--force" in lowered or "-f" in lowered)


def _inner_command(name: str, arguments: Sequence[str]) -> list[str] | None:
    """What `exec` or `run` starts inside a container; None when the verb is another one."""
    if name not in _INNER or not {"exec", "run", "debug"} & set(arguments):
        return None
    if "--" in arguments:
        return list(arguments[list(arguments).index("--") + 1 :])
    known = (i for i, word in enumerate(arguments) if i and is_known_program(word))
    start = next(known, None)
    return [] if start is None else list(arguments[start:])


def _of_shell(arguments: Sequence[str]) -> Risk:
    quoted = [word for word in arguments if " " in word]
    if quoted:
        return _worst([classify(word) for word in quoted])
    known = (i for i, word in enumerate(arguments) if is_known_program(word))
    start = next(known, None)
    return Risk.UNKNOWN if start is None else _of_part(arguments[start:])


def _behind_host(arguments: Sequence[str]) -> Sequence[str]:
    """What ssh runs on the host that it is given, which may be named like a program."""
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in _SSH_VALUES else rest[1:]
    return rest[1:]


def _of_sql(arguments: Sequence[str]) -> Risk:
    statements = [word for word in arguments if " " in word or word.startswith("\\")]
    if not statements:
        return Risk.MUTATING if {"-f", "--file"} & set(arguments) else Risk.UNKNOWN
    return _worst([classify_sql(statement) for statement in statements])


def _of_kafka(name: str, arguments: Sequence[str]) -> Risk:
    told = set(arguments)
    if "--delete" in told or name.startswith("kafka-delete-records"):
        return Risk.DESTRUCTIVE
    if told & {"--alter", "--create", "--execute", "--reset-offsets", "--add-config", "--cancel"}:
        return Risk.MUTATING
    if told & {"--describe", "--list", "--verify", "--generate", "--version", "--status"}:
        return Risk.READ_ONLY
    return Risk.READ_ONLY if "consumer" in name and "groups" not in name else Risk.UNKNOWN


def _of_curl(arguments: Sequence[str]) -> Risk:
    joined = " ".join(arguments)
    method = re.search(r"(?:-X\s*|--request[ =])([A-Za-z]+)", joined)
    if method:
        verb = method[1].upper()
        if verb == "DELETE":
            return Risk.DESTRUCTIVE
        return Risk.READ_ONLY if verb in ("GET", "HEAD", "OPTIONS") else Risk.MUTATING
    sends = re.search(
        r"(?:^|\s)(?:-d|--data\S*|-F|--form|-T|--upload-file|--json)(?:\s|=|$)", joined
    )
    return Risk.MUTATING if sends else Risk.READ_ONLY


def _of_sed(arguments: Sequence[str]) -> Risk:
    edits = any(word.startswith(("-i", "--in-place")) for word in arguments)
    return Risk.MUTATING if edits else Risk.READ_ONLY


def _of_find(arguments: Sequence[str]) -> Risk:
    if "-delete" in arguments:
        return Risk.DESTRUCTIVE
    for flag in ("-exec", "-execdir", "-ok"):
        if flag in arguments:
            return _of_part(list(arguments[list(arguments).index(flag) + 1 :]))
    return Risk.READ_ONLY


def _of_iptables(arguments: Sequence[str]) -> Risk:
    if {"-F", "--flush", "-X"} & set(arguments):
        return Risk.DESTRUCTIVE
    return Risk.READ_ONLY if {"-L", "-S", "--list"} & set(arguments) else Risk.MUTATING


def _of_nginx(arguments: Sequence[str]) -> Risk:
    return Risk.READ_ONLY if {"-t", "-T", "-v", "-V"} & set(arguments) else Risk.MUTATING


_SPECIAL: dict[str, Callable[[Sequence[str]], Risk]] = {
    "curl": _of_curl,
    "wget": lambda _: Risk.MUTATING,
    "sed": _of_sed,
    "find": _of_find,
    "iptables": _of_iptables,
    "nginx": _of_nginx,
}
