"""`python -m fuzz TARGET [--seconds N]`: fuzz one target; `python -m fuzz --list` names them.

Inputs that reach new branches are kept in .fuzz/TARGET, those that fail in .fuzz/findings: mend
what they show, and add them to fuzz/corpus/TARGET, which the tests run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fuzz.targets import SEEDS, TARGETS, Target

_WORK = Path(".fuzz")
_FINDINGS = _WORK / "findings"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=600, help="how long to look for findings")
    parser.add_argument("--list", action="store_true", help="print the names of the targets")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print("\n".join(TARGETS))
    elif chosen.target is None:
        parser.error("name a target: --list shows them")
    else:
        _fuzz(chosen.target, TARGETS[chosen.target], chosen.seconds)


def _fuzz(name: str, target: Target, seconds: int) -> None:
    """Never returns: the fuzzer ends the process, with 0 when it found nothing."""
    import atheris

    kept = _WORK / name
    kept.mkdir(parents=True, exist_ok=True)
    _FINDINGS.mkdir(exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={target.max_bytes}",
        f"-timeout={target.seconds}",
        f"-rss_limit_mb={target.memory_mib}",
        f"-artifact_prefix={_FINDINGS}/{name}-",
        "-print_final_stats=1",
    ]
    if target.words:
        options.append(f"-dict={_dictionary(name, target.words)}")
    with atheris.instrument_imports(include=list(target.instrumented)):
        check = target.make()
    atheris.Setup([sys.argv[0], *options, str(kept), str(SEEDS / name)], check)
    atheris.Fuzz()


def _dictionary(name: str, words: Sequence[str]) -> Path:
    """The words in a file of libFuzzer's form, every byte escaped."""
    path = _WORK / f"{name}.dict"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words)
    path.write_text("".join(f'"{word}"\n' for word in escaped), encoding="ascii")
    return path


if __name__ == "__main__":
    main(sys.argv[1:])
