"""Values that stand where a secret would and are none: placeholders, references and names."""

from __future__ import annotations

import re
from itertools import pairwise

# Published in their vendors' documentation for everyone to copy.
_PUBLISHED = (
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",  # the JSON web token of jwt.io
    "4eC39HqLyjWDarjtT1zdp7dc",  # Stripe's test key
)
_EXAMPLE = re.compile(
    r"example|[x*•]{4}|\.\.\.|…|changeme|placeholder|redacted|your[-_]", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"[<\[({%].*|\$(?:[A-Za-z_{($:]|\d).*|.*\$[{(].*|.*\$[A-Z_]{3}.*|.*(?:\{\{|<%|\$\$\{).*|"
    r"[*•]+|[xX.…_?#-]+|.*(?:\bx{3,}\b|\.\.\.|…|\*\*\*|XXXX).*|@@?\w+@@?|__\w+__|ENC\[.*|!\w+|"
    r".*(?:example|change[-_ ]?me|change[-_]?it|place-?holder|redacted|dummy|"
    r"fill[-_]?(?:me[-_]?)?in|"
    r"your[-_A-Z]|replace[-_ ]?(?:me|with|this)|insert[-_ ]|goes[-_ ]here|[-_]here$|"
    r"not[-_]a[-_]real|"
    r"to[-_]?be[-_](?:set|filled|replaced)|sanitized|scrubbed|removed|masked|hidden|omitted).*|"
    r"(?:true|false|null|none|nil|yes|no|on|off|required|optional|unset|empty|string|undefined|"
    r"todo|fixme|tbd|n/a|unknown|default|disabled|enabled|generated?|value|array|base64)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_PATH = re.compile(r"\.{0,2}/.*|~/.*|[A-Za-z]:\\.*", re.DOTALL)
# Where a value is kept.
_REFERENCE = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,20}:)?//.*|"
    r"(?:vault|op|ref|arn|urn|encrypted|file|env|secrets?|secretsmanager|ssm|gcp|gcpsm|aws|azure|azurekeyvault|sops|"
    r"sm|keyvault|kms|key|base64|path|data|configmap|literal|prompt|stdin|fd)[:+].*|"
    r"projects/.*|id=.*|@[\w./-]+",
    re.IGNORECASE | re.DOTALL,
)
# Code that fetches it: a call, an index, or an attribute.
_CALL = re.compile(r"[\w.:>-]+[(\[].*", re.DOTALL)
_DOTTED = re.compile(r"[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+)++")
_ROOTS = re.compile(
    r"process|os|sys|var|vars|local|data|secret|secrets|env|config|configs|conf|settings|self|"
    r"this|args|params|opts|options|req|request|res|response|ctx|context|value|values|Values|"
    r"module|each|input|inputs|steps|credentials|creds|auth|cfg"
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^A-Za-z\d]")
_UPPER_NAME = re.compile(r"[A-Z][A-Z\d]*+(?:_[A-Z\d]++)++")
_JOINTS = frozenset("-_. ")
# What is left of a value that only describes itself, such as `db-password` or `mysecret`.
_NAMING = re.compile(
    r"password|passwd|pass|pwd|secret|secrets|token|tokens|key|keys|credential|credentials|"
    r"passphrase|pw|passcode|psw|mysecret|mypassword|mytoken|mypass|yourpassword|yoursecret|"
    r"supersecret|topsecret|apikey|testpassword|userpassword|dbpassword|somepassword|"
    r"anypassword"
)
_DESCRIBING = re.compile(
    r"a|an|the|my|your|our|some|any|this|that|new|old|current|previous|initial|temporary|temp|"
    r"first|second|db|database|user|username|admin|administrator|root|sa|mysql|postgres|"
    r"postgresql|pg|redis|mongo|mongodb|rabbitmq|elastic|grafana|vault|aws|azure|gcp|google|"
    r"github|gitlab|slack|stripe|docker|registry|secure|strong|super|very|test|testing|tests|"
    r"staging|stage|prod|production|dev|development|local|wrong|bad|invalid|incorrect|real|"
    r"actual|plain|text|plaintext|clear|encrypted|encoded|hashed|access|api|auth|client|app|"
    r"application|service|server|host|login|name|id|value|string|in|if|is|not|keyfile|file|"
    r"master|slave|replication|replica|replicator|bot|bearer|oauth|jwt|refresh|session|"
    r"private|public|shared|ssh|tls|ssl|cert|certificate|smtp|ldap|bind|web|s|of|for|to|from|"
    r"here|and|or|with|cluster|node|backup|monitor|exporter|rails|repl"
)
_COMMON_DEFAULTS = re.compile(r"guest|admin|user|username|test|demo|foo|bar|baz|foobar|root")
_LETTER = re.compile(r"[A-Za-z]")
_DIGIT = re.compile(r"\d")
_SYMBOL = re.compile(r"[^\w\s.:/-]")
_JOINT = re.compile(r"[-_./:]")
_MIN_PATTERNED = 8
_MIN_DISTINCT = 4


def is_example(value: str) -> bool:
    """Whether a value of a vendor's form is made up to be read: `AKIAIOSFODNN7EXAMPLE`."""
    return bool(
        _EXAMPLE.search(value)
        or any(published in value for published in _PUBLISHED)
        or _is_patterned(value.rpartition("_")[2])
    )


def is_placeholder(value: str) -> bool:
    """Whether a value stands for a secret that is not written down."""
    return bool(
        _PLACEHOLDER.fullmatch(value)
        or _COMMON_DEFAULTS.fullmatch(value.lower())
        or any(published in value for published in _PUBLISHED)
        or _describes_itself(value)
        or _is_patterned(value)
    )


def is_reference(value: str) -> bool:
    """Whether a value says where a secret is kept."""
    return bool(_REFERENCE.fullmatch(value) or (_PATH.fullmatch(value) and is_name(value)))


def is_code(value: str) -> bool:
    """Whether a value without quotes is code that fetches a secret: `settings.password`."""
    if _CALL.fullmatch(value):
        return True
    if not _DOTTED.fullmatch(value):
        return False
    first, *_, last = value.split(".")
    return bool(_ROOTS.fullmatch(first)) or any(map(_NAMING.fullmatch, _words(last)))


def is_name(value: str) -> bool:
    """Whether a value names something, as in `secret: checkout-api-db-2`."""
    parts = [part for part in _JOINT.split(value) if part]
    words = sum(1 for part in parts if part.isalpha())
    if len(parts) > 1:
        return words * 2 >= len(parts)
    return not is_mixed(value)


def is_mixed(value: str) -> bool:
    """Whether it holds letters, and digits or symbols: no word of a language does."""
    return bool(_LETTER.search(value) and (_DIGIT.search(value) or _SYMBOL.search(value)))


def _describes_itself(value: str) -> bool:
    words = _words(value)
    if not any(map(_NAMING.fullmatch, words)):
        return False
    is_variable = _UPPER_NAME.fullmatch(value) is not None
    return is_variable or all(_NAMING.fullmatch(one) or _DESCRIBING.fullmatch(one) for one in words)


def _words(value: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(value) if word not in _JOINTS]


def _is_patterned(value: str) -> bool:
    """Whether it repeats few characters, or counts through them: `0000…`, `abcdef…`, `1234567`."""
    plain = [character for character in value if character.isalnum()]
    if len(plain) < _MIN_PATTERNED:
        return False
    if len(set(plain)) < _MIN_DISTINCT:
        return True
    steps = pairwise(plain)
    counted = sum(ord(after) - ord(before) in (0, 1) for before, after in steps)
    return counted * 4 >= (len(plain) - 1) * 3
