"""The command lines of clouds, told by the shape of their verbs."""

from __future__ import annotations

import re

from rag.command_risk.options import after_flags
from rag.command_risk.words import word_set, worst
from rag.domain.documents import Risk

CLOUDS = word_set("aws gcloud az")
# The verbs of cloud tools, of which there are thousands.
_CLOUD_LOOKS = re.compile(
    r"(?:list|ls|describe|show|read|tail|wait|get|(?:list|get|describe|show|head|filter)-[\w-]+)"
)
_CLOUD_CHANGES = re.compile(
    r"(?:create|start|stop|restart|reset|reboot|update|set|add|import|export|deploy|resize|scale|"
    r"attach|detach|patch|apply|enable|disable|move|suspend|resume|ssh|scp|failover|promote|clone|"
    r"run|call|publish|upload|rollback|cancel|invoke|submit|rotate|restore)(?:-[\w-]+)?"
)
_CLOUD_DESTROYS = re.compile(
    r"(?:delete|destroy|terminate|remove|purge|drop|wipe|rm|rb|deregister)[\w-]*"
)


def of_cloud(arguments: list[str]) -> Risk:
    if "--delete" in arguments:
        return Risk.DESTRUCTIVE
    verbs = [word.lower() for word in arguments if not word.startswith("-")]
    if any(_CLOUD_DESTROYS.fullmatch(verb) for verb in verbs):
        return Risk.DESTRUCTIVE
    for verb in verbs:
        if _CLOUD_CHANGES.fullmatch(verb):
            return Risk.MUTATING
        if _CLOUD_LOOKS.fullmatch(verb):
            return Risk.READ_ONLY
    return Risk.MUTATING


def of_aws(arguments: list[str]) -> Risk:
    """`aws SERVICE OPERATION`: what else is said is names and values."""
    valued = word_set(
        "--profile --region --output --endpoint-url --query --ca-bundle --color "
        "--cli-read-timeout --cli-connect-timeout --cli-binary-format"
    )
    service = after_flags(arguments, valued)
    operation = after_flags(service[1:], valued)
    return worst(
        [
            of_cloud(operation[:1]),
            of_cloud(operation) if "--delete" in operation else Risk.READ_ONLY,
        ]
    )
