"""The words that announce a secret: names of settings, options of programs, headers, prose.

What a pattern finds behind them is judged by `secret_values.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.guardrails import secret_values
from rag.guardrails.named_secret import NamedSecret
from rag.guardrails.secret_values import AnnouncedValue

_GAP = r"[^\S\n]{0,8}"
_SPACE = r"[^\S\n]{1,8}"
# A value without quotes goes on behind a separator unless that ends it, as in
# `Password=abc;Encrypt=true`. It is never given back, so the time is linear.
_BARE = (
    r"[^\s\"'`,;)}\]|&<\\](?:[^\s\"'`,;)}\]|&<\\]|[,;&)}\]](?=[\w!@#$%^*+=~-])(?![\w.-]{1,40}[=:])"
    r"|[&|<\\](?=[^\s\"'`&|<\\\w(/])|\\(?![\\\"'nrt]))*+"
)
_VALUE = (
    r"(?:\\\"(?P<quoted_1>[^\s\"\\]++)\\\"|\"(?P<quoted_2>[^\s\"]++)\"|'(?P<quoted_3>[^\s']++)'"
    rf"|`(?P<quoted_4>[^\s`]++)`|[\"']?(?P<bare>{_BARE}))"
)
_QUOTED = (
    r"(?:`(?P<quoted_1>[^\s`]{6,300})`|\"(?P<quoted_2>[^\s\"]{6,300})\""
    r"|'(?P<quoted_3>[^\s']{6,300})')"
)
# Between a name and its value: `=`, `:`, `=>`, in JSON, Markdown, and YAML on the next line.
_IS = (
    rf"\\?[\"'`*\]_]{{0,3}}{_GAP}(?:=>|:=|={{1,2}}|:(?![:/]))[*_]{{0,2}}[^\S\n]{{0,40}}"
    r"(?:[>|][+-]?\n[^\S\n]{1,40})?"
)
# `name: DB_NAME_OF_PASSWORDS` and its `value:`, on the next line or the same.
_NAME_AND_VALUE = rf"[\"']?{_GAP}(?:\n[^\S\n]{{0,40}}|,{_GAP})[\"']?value[\"']?{_GAP}:{_GAP}"
_ASSIGNED = rf"(?:{_IS}|{_NAME_AND_VALUE}|[\"']{_GAP},{_GAP}(?=[\"'])|\d?>(?=[^\s<]{{1,300}}</))"
_NAME_OF_PASSWORDS = (
    r"(?:(?<![a-z])pwd|(?<=[_-])pw|pass(?:word|wd|phrase|code)|(?<=[_-])pass|(?<![\w-])pass)"
)
_NAME_OF_KEYS = r"(?:secret|token|key|(?<=[_-])auth)(?:[_-]?(?:key|id|value|base|data|string)){0,2}"
# What stands before `key` in the name of a secret one.
_KEY_OF = (
    r"(?:(?:api|access|account|app|application|auth|client|consumer|encryption|signing|license|"
    r"licence|master|private|secret|service|session|shared|storage|iam|integration|pre[_-]?shared|"
    r"root|deploy|admin|write|read|webhook|routing|subscription|functions?)[_-]?|secret|token)"
)
_SECRET_KEY = re.compile(rf"{_KEY_OF}\Z", re.IGNORECASE)
_OPTION = re.compile(r"(?:\A|\s)--?[\w.-]{0,40}\Z")
_KEY_OPTION = re.compile(rf"(?:\A|\s)--?[\w.-]{{0,40}}?{_KEY_OF}\Z", re.IGNORECASE)
_DECLARED = re.compile(
    r"(?:\A|\s)(?:(?:ENV|ARG|setx|set)[^\S\n]{1,8}[\w.]{0,40}"
    r"|login[^\S\n]{1,8}\S{1,80}[^\S\n]{1,8})\Z"
)
_KEY_DECLARED = re.compile(
    rf"(?:\A|\s)(?:ENV|ARG|setx|set)[^\S\n]{{1,8}}[\w.]{{0,40}}?{_KEY_OF}\Z", re.IGNORECASE
)
_LINE_START = re.compile(r"(?:\A|\n)[^\S\n]*\Z")
_CELL = re.compile(r"\|[^|\n]{0,40}\Z")
_QUERY = re.compile(r"[?&;][\w-]{0,20}\Z")
_ANNOUNCED = r"(?:password|passwd|passphrase|passcode|secret|token|(?:api|access)[ _-]?key)"
_OF = rf"(?:{_SPACE}(?:for|of|to){_SPACE}[\w@.-]{{1,40}}(?:{_SPACE}[\w@.-]{{1,40}})?)?"
_NOW = rf"(?:{_SPACE}(?:now|set to|currently|still))?"
_ARGUMENTS = r"[^\n|;]{0,300}?\s"


def _named(
    kind: str,
    anchors: str,
    pattern: str,
    accepts: Callable[[AnnouncedValue], bool],
    before: re.Pattern[str] | None = None,
    flags: int = re.IGNORECASE,
) -> NamedSecret:
    return NamedSecret(kind, tuple(anchors.split()), re.compile(pattern, flags), accepts, before)


_PROGRAMS = (
    (r"(?:mysql|mariadb)[\w-]{0,12}\b", rf"{_ARGUMENTS}-p(?=[^\s-])"),
    (r"sshpass\b", rf"{_SPACE}-p{_GAP}"),
    (r"(?:login|mongo\w{0,8}|cqlsh|twine|rabbitmqadmin|influx)\b", rf"{_ARGUMENTS}-p[= ]{_GAP}"),
    (r"(?:redis-cli|valkey-cli|keydb-cli)\b", rf"{_ARGUMENTS}-a[= ]{_GAP}"),
    (r"ldap\w{3,10}\b", rf"{_ARGUMENTS}-w[= ]{_GAP}"),
    (r"(?:sqlcmd|bcp|ipmitool|zip)\b", rf"{_ARGUMENTS}-P[= ]{_GAP}"),
    (r"(?:smbclient|rpcclient)\b", rf"{_ARGUMENTS}-U[= ]?[\"']?[\w.\\-]{{1,40}}%"),
    (r"htpasswd\b", rf"{_SPACE}-\w{{0,6}}b\w{{0,6}}{_SPACE}\S{{1,200}}{_SPACE}\S{{1,80}}{_SPACE}"),
    (
        r"rabbitmqctl\b",
        rf"{_ARGUMENTS}(?:add_user|change_password){_SPACE}(?P<user>(?!-)\S{{1,80}}){_SPACE}",
    ),
    (r"openssl\b", rf"{_ARGUMENTS}-pass(?:in|out)?{_SPACE}[\"']?pass:"),
)
_ARGUMENT_OF_PROGRAM = "|".join(rf"{program}{option}" for program, option in _PROGRAMS)

NAMED = (
    _named(
        "password in a URL",
        "://",
        r"://(?P<user>[^\s:/@\"'<>`]{0,80}):(?P<value>[^\s/\"'<>`]{1,300})@(?=[\w.\[*$<{-])",
        secret_values.is_pair,
    ),
    _named(
        "token in a URL",
        "://",
        r"://(?P<value>[\w-]{20,300})@(?=[\w.\[-])",
        secret_values.is_random,
    ),
    _named(
        "password",
        "pass pwd pw",
        rf"{_NAME_OF_PASSWORDS}{_ASSIGNED}{_VALUE}",
        secret_values.is_password,
    ),
    _named(
        "password",
        "pass pwd",
        rf"{_NAME_OF_PASSWORDS}{_SPACE}{_VALUE}",
        secret_values.is_password,
        _DECLARED,
    ),
    _named(
        "password",
        "requirepass masterauth",
        rf"(?:requirepass|masterauth){_SPACE}{_VALUE}",
        secret_values.is_password,
        _LINE_START,
    ),
    _named(
        "password option",
        "pass pwd storepass keypass",
        rf"(?:{_NAME_OF_PASSWORDS}|storepass|keypass)[= ]{_GAP}{_VALUE}",
        secret_values.is_password,
        _OPTION,
    ),
    _named(
        "password option",
        "mysql mariadb sshpass login mongo cqlsh twine rabbitmq influx redis-cli valkey-cli "
        "keydb-cli ldap sqlcmd bcp ipmitool zip smbclient rpcclient htpasswd openssl",
        rf"(?:{_ARGUMENT_OF_PROGRAM}){_VALUE}",
        secret_values.is_option_value,
        flags=0,
    ),
    _named(
        "password option",
        "echo",
        rf"echo{_SPACE}(?:-\w{{1,3}}{_SPACE})?(?:[\"']?[\w.-]{{1,40}}:)?{_VALUE}{_GAP}\|{_GAP}(?:sudo{_SPACE})?"
        r"(?=[^\n|]{0,200}--password-stdin|sudo[^\S\n]+-S|passwd\b|chpasswd\b|-S\b)",
        secret_values.is_password,
    ),
    _named(
        "password of curl",
        "curl",
        r"curl\b[^\n|;]{0,300}?\s(?:-u|--user|-U|--proxy-user)[= ]?[\"']?(?P<user>[^\s:\"']{1,80})"
        r":(?P<value>[^\s\"']{4,200})",
        secret_values.is_pair,
        flags=0,
    ),
    _named(
        "password in SQL",
        "identified password",
        rf"(?:IDENTIFIED{_SPACE}(?:WITH{_SPACE}\w{{1,40}}{_SPACE})?(?:BY|AS)"
        rf"|PASSWORD(?:{_SPACE}FOR{_SPACE}\S{{1,80}}{_GAP}=)?){_SPACE}'(?P<quoted>[^\s']{{1,300}})'",
        secret_values.is_password,
    ),
    _named(  # a line of .pgpass
        "password",
        "",
        r"^[^\S\n]{0,8}[A-Za-z][\w.-]{2,80}:\d{4,5}:[\w*-]{1,64}:[\w*-]{1,64}:(?P<value>[^\s:]{4,200})$",
        secret_values.is_random,
        flags=re.MULTILINE,
    ),
    _named(
        "secret or token",
        "secret token auth",
        rf"{_NAME_OF_KEYS}{_ASSIGNED}{_VALUE}",
        secret_values.is_secret,
    ),
    _named(
        "secret or token",
        "key",
        rf"{_NAME_OF_KEYS}{_ASSIGNED}{_VALUE}",
        secret_values.is_secret,
        _SECRET_KEY,
    ),
    *(
        _named(
            "secret or token",
            anchors,
            rf"{_NAME_OF_KEYS}{_SPACE}{_VALUE}",
            secret_values.is_secret,
            before,
        )
        for anchors, before in (
            ("secret token", _DECLARED),
            ("key", _KEY_DECLARED),
            ("secret token", _OPTION),
            ("key", _KEY_OPTION),
        )
    ),
    _named(
        "secret in a URL",
        "key= sig= signature= code= auth=",
        r"(?:key|sig|signature|code|auth)=(?P<value>[\w.%/+=~-]{16,600})",
        secret_values.is_random,
        _QUERY,
    ),
    _named(
        "authorization header",
        "authorization",
        r"authorization\\?[\"']?\s{0,3}[:=,>]{1,2}\s{0,3}\\?[\"'`]?"
        r"(?:bearer|basic|token|api-?key|genie-?key|ssws|splunk|key)"
        r"[\s:=]{1,3}(?:token=)?\\?[\"']?(?P<value>[A-Za-z0-9+/_=.~:-]{8,}+)",
        secret_values.is_credentials,
    ),
    _named(
        "authorization header",
        "bearer",
        r"bearer[^\S\n]{1,3}(?P<value>[A-Za-z0-9+/_=.~-]{16,}+)",
        secret_values.is_random,
    ),
    _named(
        "authorization header",
        "authorization",
        r"authorization\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"'`]?(?P<value>[A-Za-z0-9+/_=.~-]{20,}+)",
        secret_values.is_random,
    ),
    _named(
        "kubeconfig key",
        "client-key-data",
        rf"client-key-data[\"']?:{_GAP}[\"']?(?P<value>[A-Za-z0-9+/=]{{16,}}+)",
        secret_values.is_no_placeholder,
    ),
    _named(
        "Docker auth",
        "auth identitytoken registrytoken",
        rf"(?:auth|identitytoken|registrytoken)\\?[\"']?{_GAP}[:=]{_GAP}\\?[\"']?"
        r"(?P<value>[A-Za-z0-9+/_-]{8,}+={0,2})",
        secret_values.is_encoded_pair,
    ),
    _named(
        "password",
        "pass secret token api access",
        rf"{_ANNOUNCED}\b{_OF}(?:{_SPACE}(?:is|was|=|are|will be))?{_NOW}"
        rf"[:,]?[^\S\n]{{1,3}}[*_(]{{0,3}}{_QUOTED}",
        secret_values.is_random,
    ),
    _named(
        "password",
        "pass secret token api access",
        rf"{_ANNOUNCED}\b{_OF}{_SPACE}(?:is|was|set to|changed to|reset to){_NOW}:?[^\S\n]{{1,3}}"
        r"(?P<bare>[^\s\"'`<>|]{6,300})",
        secret_values.is_random,
    ),
    _named(
        "password",
        "pass secret token api access",
        rf"{_ANNOUNCED}[*`]{{0,3}}[^\S\n]{{0,40}}\|[^\S\n]{{0,40}}[*`]{{0,3}}(?P<bare>[^\s|`]{{6,300}})"
        r"[*`]{0,3}[^\S\n]{0,40}\|",
        secret_values.is_random,
        _CELL,
    ),
)
WITHOUT_ANCHOR = tuple(named for named in NAMED if not named.anchors)
ANCHORS = tuple(dict.fromkeys(anchor for named in NAMED for anchor in named.anchors))
