"""Programs of many verbs: where the verb stands, what it does, and what it starts elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from rag.command_risk.options import after_flags, takes_next
from rag.command_risk.tools import VERBS, Tool
from rag.command_risk.words import FED, Told, word_set
from rag.domain.documents import Risk

# A verb stands among the first words.
_MOST_WORDS = 32
# Options that make a change a destruction: what stands in the way is thrown away.
_FORCES = word_set("--force --force-conflicts --prune --replace --purge --delete --hard --volumes")
_GIT_FORCES = word_set("--hard --force -f --force-with-lease --delete -d -D --mirror")
_FORCIBLE = word_set("kubectl oc k helm argocd docker podman aws")
_DRY_RUNS = word_set("kubectl oc k helm argocd git")
_DRY_RUN = re.compile(r"--dry-run(?:=(?:client|server|true))?")
_REDIS_LOOKS = word_set(
    "--bigkeys --memkeys --hotkeys --keystats --stat --scan --latency --latency-history "
    "--latency-dist"
)
_DESTROYING_WORD = re.compile(r"(?:delete|destroy|remove|purge|drop|wipe|rm|del)(?:[-_][\w-]*)?")
_DESTROYING_MARK = re.compile(r"[^=]*(?:delete|destroy|purge|wipe|evict)[^=]*=.*", re.I | re.S)
_INNER = word_set("kubectl oc k docker podman crictl ip")


def of_verbs(name: str, arguments: list[str]) -> Told:
    places = list(islice(_plain_words(arguments, VERBS[name]), _MOST_WORDS))
    if not places:
        return _of_flags_alone(name, arguments)
    readings = [0]
    # Nobody knows whether the word behind an unknown option is its value or the verb.
    while places[readings[-1]][1] and readings[-1] + 1 < len(places):
        readings.append(readings[-1] + 1)
    plain = [place for place, _ in places]
    return tuple(_of_reading(name, arguments, plain[first:]) for first in readings)


def _plain_words(arguments: Sequence[str], tool: Tool) -> Iterator[tuple[int, bool]]:
    """The places of words that are no options nor their values; and whether that is in doubt."""
    place = 0
    doubt = False
    while place < len(arguments):
        word = arguments[place]
        if word in FED:
            place += 1
        elif word == "--" or (not word.startswith("-") or (word,) in tool.groups):
            if word != "--":
                yield place, doubt
            doubt = False
        elif takes_next(word, tool.valued):
            place += 1
            doubt = False
        else:
            doubt = word not in tool.switches and "=" not in word
        place += 1


def _of_flags_alone(name: str, arguments: Sequence[str]) -> Risk:
    given = {word.split("=", 1)[0] for word in arguments}
    if name == "redis-cli" and given & word_set("--pipe --eval"):
        return Risk.MUTATING
    if given & word_set("--help --version") or (name == "redis-cli" and given & _REDIS_LOOKS):
        return Risk.READ_ONLY
    return Risk.UNKNOWN  # it may be told what to do by what is fed to it


def _of_reading(name: str, arguments: list[str], places: Sequence[int]) -> Told:
    tool = VERBS[name]
    words = [arguments[place].lower() for place in places]
    path = _path(words, tool)
    if name in _INNER and path[-1] in ("exec", "run", "debug"):
        return _inside(name, path[-1], arguments[places[len(path) - 1] + 1 :])
    if _is_dry(name, arguments):
        return Risk.READ_ONLY
    if name == "git" and set(arguments) & _GIT_FORCES:
        return Risk.DESTRUCTIVE
    if path in tool.reads:
        writes = name == "openssl" and "-out" in arguments
        return Risk.MUTATING if writes else Risk.READ_ONLY
    return Risk.DESTRUCTIVE if _destroys(name, words, path, arguments) else Risk.MUTATING


def _path(words: Sequence[str], tool: Tool) -> tuple[str, ...]:
    """The verb, behind the groups that it belongs to."""
    path: tuple[str, ...] = ()
    for word in words:
        path = (*path, word)
        if path not in tool.groups:
            break
    return path


def _destroys(
    name: str, words: Sequence[str], path: Sequence[str], arguments: Sequence[str]
) -> bool:
    if any(word in VERBS[name].destroys for word in words[:4]):
        return True
    if _DESTROYING_WORD.fullmatch(path[-1]):
        return True
    if path[0] in ("annotate", "label") and any(map(_DESTROYING_MARK.fullmatch, words)):
        return True
    if name == "terraform":
        return any(word.startswith(("-destroy", "-replace")) for word in arguments)
    given = {word for word in arguments if not word.endswith("=false")}
    if path[-1] == "down" and "-v" in given:
        return True
    return name in _FORCIBLE and bool({word.split("=", 1)[0] for word in given} & _FORCES)


def _is_dry(name: str, arguments: Sequence[str]) -> bool:
    told = [i for i, word in enumerate(arguments) if word.startswith("--dry-run")]
    if name not in _DRY_RUNS or not told:
        return False
    off = any(word in ("none", "false") for i in told for word in arguments[i + 1 : i + 2])
    return not off and all(_DRY_RUN.fullmatch(arguments[i]) for i in told)


def _inside(name: str, verb: str, behind: list[str]) -> Told:
    """What `exec` or `run` starts inside a container."""
    target, *rest = after_flags(behind, VERBS[name].valued) or [""]
    readings: list[Told] = []
    if name in ("docker", "podman", "crictl", "ip"):
        readings += [rest] if rest else []
    else:
        told = after_flags(rest, VERBS[name].valued)
        readings += [told] if told and verb == "exec" else []
        if "--" in behind:
            readings += [behind[behind.index("--") + 1 :]]
    if verb != "exec":  # it also starts something new
        readings.append(Risk.UNKNOWN if readings else Risk.MUTATING)
    return tuple(readings) if target and readings else Risk.MUTATING
