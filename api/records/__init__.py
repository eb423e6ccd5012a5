"""What is written down of what happens: logs, metrics, traces, the audit log, and requests."""
