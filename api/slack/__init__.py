"""The Slack door: who signed a command, who sent it, and how an answer looks there."""
