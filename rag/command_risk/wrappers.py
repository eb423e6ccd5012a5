"""Programs that start the command behind them: sudo, env, timeout, xargs."""

from __future__ import annotations

from rag.command_risk.findings import Finding
from rag.command_risk.options import after_flags, has
from rag.command_risk.shell import ASSIGNMENT, COMPOUND_OPENERS, KEYWORDS
from rag.command_risk.tables import Wrapper
from rag.domain.documents import Risk


def find_in_wrapper(wrapper: Wrapper, arguments: list[str]) -> Finding:
    """The command that a wrapper starts, or the risk of the wrapper by itself."""
    if has(arguments[:1], wrapper.read_only_options):
        return Risk.READ_ONLY
    if has(arguments[:1], wrapper.mutating_options):
        return Risk.MUTATING
    started = after_flags(arguments, wrapper.options_with_value)[wrapper.operands :]
    if not started:
        return wrapper.alone
    first = next((word for word in started if not ASSIGNMENT.fullmatch(word)), "")
    if first in KEYWORDS or first in COMPOUND_OPENERS:
        return (Risk.UNKNOWN, started)  # not a program, and the rest of the loop is elsewhere
    takes_line = wrapper.takes_command_line and len(started) == 1
    return " ".join(started) if takes_line else started
