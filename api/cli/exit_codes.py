"""Exit codes of the commands, as `runbook --help` lists them."""

FAILED = 1  # a check that found what it looks for, too
USAGE = 2
QUARANTINED = 3
GATE_FAILED = 4
NOTHING_FOUND = 5
INTERRUPTED = 130
