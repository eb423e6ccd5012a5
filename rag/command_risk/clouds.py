"""Cloud command lines, which have thousands of verbs: their risk is in the form of the verb."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.command_risk.findings import worst
from rag.command_risk.options import after_flags
from rag.command_risk.tables import CloudVerbs
from rag.command_risk.words import word_set
from rag.domain.documents import Risk

_VERB = re.compile(r"[\w-]+")
_AWS_OPTIONS_WITH_VALUE = word_set(
    "--profile --region --output --endpoint-url --query --ca-bundle --color --cli-read-timeout "
    "--cli-connect-timeout --cli-binary-format"
)


def find_in_cloud(verbs: CloudVerbs, arguments: Sequence[str]) -> Risk:
    """The risk of a cloud command line whose verb may be at any position."""
    if "--delete" in arguments:
        return Risk.DESTRUCTIVE
    words = [word.lower() for word in arguments if not word.startswith("-")]
    words = [word for word in words if _VERB.fullmatch(word)]
    if any(word.startswith(verbs.destructive) for word in words):
        return Risk.DESTRUCTIVE
    for word in words:
        beginning, hyphen, rest = word.partition("-")
        if beginning in verbs.mutating and (rest or not hyphen):
            return Risk.MUTATING
        if word in verbs.read_only or (beginning in verbs.read_only_prefixes and rest):
            return Risk.READ_ONLY
    return Risk.MUTATING


def find_in_aws(verbs: CloudVerbs, arguments: Sequence[str]) -> Risk:
    """The risk of `aws SERVICE OPERATION`: any other word is a name or a value."""
    service = after_flags(arguments, _AWS_OPTIONS_WITH_VALUE)
    operation = after_flags(service[1:], _AWS_OPTIONS_WITH_VALUE)
    deletes = find_in_cloud(verbs, operation) if "--delete" in operation else Risk.READ_ONLY
    return worst([find_in_cloud(verbs, operation[:1]), deletes])
