"""Programs that start another one, which stands behind them: sudo, env, timeout, xargs."""

from __future__ import annotations

from rag.command_risk.options import after_flags, has
from rag.command_risk.shell import ASSIGNMENT, LOOPS, OPENERS
from rag.command_risk.words import Told, word_set
from rag.domain.documents import Risk

# Programs that start another one: their options with values, and how many words of their own
# stand before that program.
PREFIXES: dict[str, tuple[frozenset[str], int]] = {
    "sudo": (
        word_set(
            "-u -g -h -p -C -D -R -r -t -T -U --user --group --host --prompt --chdir --chroot "
            "--close-from --role --type --command-timeout --other-user"
        ),
        0,
    ),
    "doas": (word_set("-u -C"), 0),
    "env": (word_set("-u -C --unset --chdir"), 0),
    "time": (word_set("-f -o --format --output"), 0),
    "watch": (word_set("-n --interval -q --equexit"), 0),
    "nohup": (frozenset(), 0),
    "setsid": (frozenset(), 0),
    "nice": (word_set("-n --adjustment"), 0),
    "ionice": (word_set("-c -n --class --classdata"), 0),
    "timeout": (word_set("-s -k --signal --kill-after"), 1),
    "chroot": (word_set("--userspec --groups"), 1),
    "taskset": (frozenset(), 1),
    "nsenter": (word_set("-t --target -S --setuid -G --setgid"), 0),
    "xargs": (
        word_set(
            "-I -n -P -L -d -E -s -a --max-args --max-procs --max-lines --delimiter --arg-file "
            "--max-chars"
        ),
        0,
    ),
    "command": (frozenset(), 0),
    "exec": (word_set("-a"), 0),
    "stdbuf": (word_set("-i -o -e --input --output --error"), 0),
    "strace": (word_set("-p -e -o -s -u -E -a -b -I -O -P -S -X --attach --trace --output"), 0),
}
_LOOKING_ALONE = word_set("env strace xargs time")


def behind_prefix(name: str, arguments: list[str]) -> Told:
    valued, own = PREFIXES[name]
    if name == "command" and has(arguments[:1], word_set("-v -V")):
        return Risk.READ_ONLY
    if name == "sudo" and has(arguments[:1], word_set("-e --edit")):
        return Risk.MUTATING
    rest = after_flags(arguments, valued)[own:]
    if not rest:
        return Risk.READ_ONLY if name in _LOOKING_ALONE else Risk.UNKNOWN
    first = next((word for word in rest if not ASSIGNMENT.fullmatch(word)), "")
    if first in OPENERS or first in LOOPS[0]:
        return (Risk.UNKNOWN, rest)  # no program, and half a loop tells nobody what it does
    return " ".join(rest) if name == "watch" and len(rest) == 1 else rest
