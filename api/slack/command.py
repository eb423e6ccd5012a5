"""A slash command as Slack sends it, and the principal that its sender is here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from rag.domain.access import Principal

_MAX_FIELDS = 100
_ID = re.compile(r"[A-Z0-9]{1,32}")


class NotACommand(ValueError):
    """A body that is not a slash command."""


@dataclass(frozen=True, slots=True)
class SlackCommand:
    """Who asks what, from which channel; ids are Slack's own, of a team that it vouches for."""

    team: str
    channel: str
    user: str
    text: str
    response_url: str


def parse_command(body: bytes) -> SlackCommand:
    """A form-encoded body; raises NotACommand for anything else."""
    try:
        read = parse_qsl(body.decode("utf-8"), max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise NotACommand("the body is not form-encoded text") from error
    fields = dict(read)
    for name in ("team_id", "user_id"):
        if not _ID.fullmatch(fields.get(name, "")):
            raise NotACommand(f"{name} is missing, or not an id of Slack's")
    return SlackCommand(
        team=fields["team_id"],
        channel=fields.get("channel_id", ""),
        user=fields["user_id"],
        text=fields.get("text", "").strip(),
        response_url=fields.get("response_url", ""),
    )


def principal_of(command: SlackCommand, groups: Mapping[str, frozenset[str]]) -> Principal:
    """The groups given to the team, the channel and the user; none to whom none was given.

    `groups` are keyed by `T…` for a whole team, and `T…/C…` and `T…/U…` within it.
    """
    keys = (command.team, f"{command.team}/{command.channel}", f"{command.team}/{command.user}")
    found = frozenset[str]().union(*(groups.get(key, frozenset()) for key in keys))
    return Principal(f"slack:{command.team}/{command.user}", found, rights=frozenset({"search"}))
