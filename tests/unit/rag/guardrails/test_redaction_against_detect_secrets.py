"""What detect-secrets finds in secrets of many kinds, our patterns find too; exceptions are named.

The secrets are generated: none is one that somebody uses.
"""

from __future__ import annotations

import base64
import random
import string

import pytest
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from rag.guardrails.redaction import find_secrets

_LETTERS = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + string.digits
_HEX = "0123456789abcdef"
# The plugins that know a form; those that guess by entropy or look for addresses are left out.
PLUGINS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "CloudantDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "IbmCloudIamDetector",
    "IbmCosHmacDetector",
    "JwtTokenDetector",
    "KeywordDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SoftlayerDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)


def _some(alphabet: str, length: int, seed: int = 1) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=length))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


# kind -> a line of a runbook, and the secret in it
LINES: dict[str, tuple[str, str]] = {}


def _line(kind: str, template: str, secret: str) -> None:
    LINES[kind] = (template.replace("{}", secret), secret)


_line("AWS key", "Use {} to look.", "AKIA" + _some(string.ascii_uppercase + "234567", 16))
_line("AWS secret", "aws_secret_access_key = {}", _some(_LETTERS, 40))
_line("GitHub token", "git clone with {}", "ghp_" + _some(_LETTERS, 36))
_line("GitLab token", "glab auth login --token {}", "glpat-" + _some(_LETTERS, 20))
_line(
    "Slack token", "export T={}", "xoxb-" + "-".join([_some("123456789", 12), _some(_LETTERS, 24)])
)
_line(
    "Slack webhook",
    "curl -X POST {}",
    f"https://hooks.slack.com/services/T{_some(_UPPER, 8)}/B{_some(_UPPER, 8)}"
    f"/{_some(_LETTERS, 24)}",
)
_line("Stripe key", "stripe --api-key {}", "sk_live_" + _some(_LETTERS, 24))
_line("OpenAI key", "export OPENAI={}", f"sk-{_some(_LETTERS, 20)}T3BlbkFJ{_some(_LETTERS, 20)}")
_line("npm token", "//registry.example/:_authToken={}", "npm_" + _some(_LETTERS, 36))
_line("PyPI token", "twine -p {}", "pypi-AgEIcHlwaS5vcmc" + _some(_LETTERS, 80))
_line("SendGrid key", "curl with {}", f"SG.{_some(_LETTERS, 22)}.{_some(_LETTERS, 43)}")
_line("Mailchimp key", "call it with {}", _some(_HEX, 32) + "-us12")
_line("Twilio key", "twilio login {}", "SK" + _some(_HEX, 32))
_line("Square key", "square {}", "sq0csp-" + _some(_LETTERS, 43))
_line(
    "Discord token", "bot {}", f"M{_some(_LETTERS, 23)}.{_some(_LETTERS, 6)}.{_some(_LETTERS, 27)}"
)
_line("Telegram token", "bot {}", f"{_some('123456789', 10)}:{_some(_LETTERS, 35)}")
_line("Artifactory token", "jfrog {}", "AKC" + _some(_LETTERS, 60))
_line("Azure storage key", "AccountKey={}", _some(_LETTERS, 86) + "==")
_line(
    "JSON web token",
    "curl -H 'Authorization: Bearer {}'",
    ".".join(
        [_encoded('{"alg":"HS256","typ":"JWT"}'), _encoded('{"sub":"1"}'), _some(_LETTERS, 43)]
    ),
)
_line(
    "private key",
    f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{{}}\n-----END RSA {'PRIVATE'} KEY-----",
    _some(_LETTERS, 64),
)
_line("password in a URL", "psql postgres://ops:{}@db/shop", _some(_LETTERS, 14))
_line("password", 'password = "{}"', _some(_LETTERS, 14))
_line("api key", 'api_key = "{}"', _some(_LETTERS, 32))
_line("secret", 'client_secret: "{}"', _some(_LETTERS, 32))
_line("IBM IAM key", "ibm_cloud_iam_key={}", _some(_LETTERS, 44))
_line("IBM COS key", "secret_access_key = {}", _some(_HEX, 48))
_line("Cloudant", "cloudant_password = {}", _some(_HEX, 64))
_line("SoftLayer key", "softlayer_api_key = {}", _some(_HEX, 64))


# kind -> a line in which detect-secrets finds something that is no secret, and why it is none
NO_SECRETS: dict[str, tuple[str, str]] = {
    "first line of a key": (
        f"The file starts with -----BEGIN RSA {'PRIVATE'} KEY-----.",
        "a runbook says so of a file, and no key follows",
    ),
    "account id": (f"twilio account AC{_some(_HEX, 32)}", "it names an account and opens none"),
    "placeholder": ('password = "changeme-now"', "a runbook's placeholder tells nothing"),
    "name of a secret": (
        'secret: "checkout-api-database"',
        "Kubernetes and Vault name secrets so, and such names are what a runbook is searched for",
    ),
}


def theirs(line: str) -> set[str]:
    """The plugins of detect-secrets that find something in a line."""
    with transient_settings({"plugins_used": [{"name": name} for name in PLUGINS]}):
        return {found.type for found in scan_line(line)}


@pytest.mark.parametrize("kind", LINES)
def test_what_detect_secrets_finds_is_found_whole(kind: str) -> None:
    line, secret = LINES[kind]
    ours = [line[one.start : one.end] for one in find_secrets(line)]
    assert any(secret in one for one in ours) or not theirs(line)


def test_detect_secrets_finds_most_of_these_kinds_itself() -> None:
    assert sum(bool(theirs(line)) for line, _ in LINES.values()) > len(LINES) - 4


@pytest.mark.parametrize("kind", NO_SECRETS)
def test_what_detect_secrets_alone_finds_is_no_secret(kind: str) -> None:
    line, reason = NO_SECRETS[kind]
    assert theirs(line), reason
    assert not find_secrets(line), reason
