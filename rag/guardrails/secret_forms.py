"""Secrets that have a form of their own: vendors' keys, private keys, webhook addresses.

The forms are those that the vendors document. A pattern matches the secret, or has one group
that does. A form is looked for only in a text that has one of its hints, in lower case: most texts
have none, and looking for a substring is far cheaper than a search by pattern. Nearly all forms
hold no white space, so they are looked for in the few words that are long enough for one first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.guardrails.placeholders import is_example

# No form without white space is shorter; a test compares this with the patterns.
MIN_LENGTH = 15
# Base64 of `-----BEGIN ` and the first word of each label of a private key.
_ENCODED_PEM = (
    r"LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0EgUFJJ|BFQyBQUklW|BPUEVOU1NI|BFTkNSWVBU|BEU0EgUFJJ)"
)
_LABEL = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?"


@dataclass(frozen=True, slots=True)
class SecretForm:
    """One form. `hints` are lower case; one of them is part of every match in lower case."""

    kind: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    is_one_word: bool = True  # no match holds white space

    def is_in(self, text: str, lower: str) -> bool:
        """Whether a text matches. `lower` is the text with ASCII letters in lower case."""
        for hint in self.hints:
            if hint in lower:
                return self.pattern.search(text) is not None
        return False

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Its secrets in a text."""
        group = self.pattern.groups
        for match in self.pattern.finditer(text):
            if not is_example(match[group]):
                yield match.span(group)


def form_spans(text: str, lower: str) -> Iterator[tuple[int, int, str]]:
    """The secrets of every form in a text, with their kinds, form by form."""
    long_words = "\n".join(word for word in text.split() if len(word) >= MIN_LENGTH)
    lower_words = long_words.lower()
    for form in FORMS:
        if form.is_one_word:
            found = bool(long_words) and form.is_in(long_words, lower_words)
        else:
            found = form.is_in(text, lower)
        if found:
            yield from ((*span, form.kind) for span in form.spans(text))


def _form(kind: str, pattern: str, *hints: str, is_one_word: bool = True) -> SecretForm:
    return SecretForm(kind, re.compile(pattern), hints, is_one_word)


# From the first line to the last, or to the end of the base64 where the key is cut off. What lies
# between is given back to no other attempt, so a text is read once however many keys begin in it.
PRIVATE_KEY = re.compile(
    rf"-----BEGIN {_LABEL}-----"
    rf"(?P<body>(?:[^-]|-(?!----))*+)(?:(?P<end>-----END {_LABEL}-----)|)"
)

FORMS = (
    _form("private key", rf"\b{_ENCODED_PEM}[A-Za-z0-9+/=]{{80,}}", "ls0tls1crudj"),
    _form(
        "AWS access key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", "akia", "asia", "abia", "acca"
    ),
    _form(
        "AWS secret key",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b[\"'\s,;:|/]{1,10}([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])",
        "akia",
        "asia",
        is_one_word=False,
    ),
    _form(
        "GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})(?!\w)",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
    ),
    _form(
        "GitLab token",
        r"\b(?:gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|oas|agent|ffct|wt)-[\w.-]{20,}"
        r"|GR1348941[\w-]{20,})",
        "glpat-",
        "glptt-",
        "gldt-",
        "glrt-",
        "glcbt-",
        "glsoat-",
        "glft-",
        "glimt-",
        "gloas-",
        "glagent-",
        "glffct-",
        "glwt-",
        "gr1348941",
    ),
    _form(
        "Slack token",
        r"\bxox[abceoprs]-[A-Za-z0-9.-]{10,}|\bxox[ep]\.xox[bp]-[A-Za-z0-9-]{10,}"
        r"|\bxapp-\d-[A-Za-z0-9-]{10,}",
        "xox",
        "xapp-",
    ),
    _form(
        "Slack webhook",
        r"https://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[\w/]{20,}",
        "hooks.slack",
    ),
    _form(
        "Discord webhook",
        r"https://(?:[a-z]{1,10}\.)?discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/\d{8,20}/[\w-]{30,}",
        "api/",
    ),
    _form(
        "Teams webhook",
        r"https://[\w.-]{1,80}\.(?:webhook\.office\.com/webhookb2|logic\.azure\.com[:\d]{0,5}/workflows)"
        r"/[^\s\"'<>`)]{30,}",
        "webhook.office.com",
        "logic.azure.com",
    ),
    _form(
        "Zapier webhook", r"https://hooks\.zapier\.com/hooks/catch/\d{4,12}/\w{5,}", "hooks.zapier"
    ),
    _form(
        "PagerDuty webhook",
        r"https://events\.(?:eu\.)?pagerduty\.com/(?:integration|x-ere)/(\w{20,40})",
        "pagerduty.com/",
    ),
    _form(
        "Stripe key",
        r"\b[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16,}",
        "k_live_",
        "k_test_",
        "k_prod_",
    ),
    _form("Stripe webhook secret", r"\bwhsec_[A-Za-z0-9+/=]{24,}", "whsec_"),
    _form("Google API key", r"\bAIza[\w-]{35}(?!\w)", "aiza"),
    _form("Google client secret", r"\bGOCSPX-[\w-]{20,}", "gocspx-"),
    _form("Google access token", r"\bya29\.[\w-]{20,}|\b1//0[\w-]{40,}", "ya29.", "1//0"),
    _form("Azure client secret", r"(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,37}(?![\w.~-])", "q~"),
    _form("Anthropic key", r"\bsk-ant-[\w-]{20,}", "sk-ant-"),
    _form("OpenAI key", r"\bsk-(?!ant-)(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_-]{32,}", "sk-"),
    _form("Hugging Face token", r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}\b", "hf_", "api_org_"),
    _form("Vault token", r"\bhv[sbr]\.[\w-]{20,}", "hvs.", "hvb.", "hvr."),
    _form("Terraform token", r"(?<!\w)[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}", ".atlasv1."),
    _form("npm token", r"\bnpm_[A-Za-z0-9]{36}(?!\w)", "npm_"),
    _form("PyPI token", r"\bpypi-[A-Za-z0-9_-]{50,}", "pypi-"),
    _form("RubyGems key", r"\brubygems_[0-9a-f]{48}\b", "rubygems_"),
    _form("crates.io token", r"\bcio[A-Za-z0-9]{32}\b", "cio"),
    _form("SendGrid key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}", "sg."),
    _form("Mailchimp key", r"\b[0-9a-f]{32}-us\d{1,2}\b", "-us"),
    _form("Mailgun key", r"(?<![\w-])key-[0-9a-f]{32}(?!\w)", "key-"),
    _form("Twilio key", r"\bSK[0-9a-f]{32}\b", "sk"),
    _form("Square token", r"\bsq0(?:csp|atp|idp)-[\w-]{22,43}", "sq0"),
    _form("Shopify token", r"\bshp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}\b", "shp"),
    _form("DigitalOcean token", r"\bdo[opr]_v1_[0-9a-f]{64}\b", "_v1_"),
    _form("Databricks token", r"\bdapi[0-9a-f]{32}(?:-\d)?\b", "dapi"),
    _form("Doppler token", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}", "dp."),
    _form(
        "Grafana token",
        r"\bglsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}\b|\bglc_[A-Za-z0-9+/=]{32,}",
        "glsa_",
        "glc_",
    ),
    _form("Docker Hub token", r"\bdckr_(?:pat|oat)_[\w-]{27,}", "dckr_"),
    _form(
        "New Relic key",
        r"\bNR(?:AK|II|BR|RA)-[A-Za-z0-9_-]{19,}|\b[0-9a-f]{36}NRAL\b",
        "nrak-",
        "nrii-",
        "nrbr-",
        "nrra-",
        "nral",
    ),
    _form(
        "Atlassian token", r"\bAT(?:ATT3|CTT3|BB)[A-Za-z0-9_=-]{28,}", "atatt3", "atctt3", "atbb"
    ),
    _form("Postman key", r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b", "pmak-"),
    _form("Sentry token", r"\bsntry[su]_[A-Za-z0-9+/=_-]{40,}", "sntry"),
    _form("Linear key", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}", "lin_"),
    _form("Notion token", r"\b(?:secret|ntn)_[A-Za-z0-9]{40,50}\b", "secret_", "ntn_"),
    _form("Figma token", r"\bfig[du]_[\w-]{40,}", "figd_", "figu_"),
    _form("Airtable token", r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b", "pat"),
    _form("Supabase token", r"\bsb(?:p|_secret)_[A-Za-z0-9_-]{20,}", "sbp_", "sb_secret_"),
    _form("PlanetScale token", r"\bpscale_(?:tkn|pw|oauth)_[\w.-]{32,}", "pscale_"),
    _form("Pulumi token", r"\bpul-[0-9a-f]{40}\b", "pul-"),
    _form("Tailscale key", r"\btskey-[a-z]{2,12}-[A-Za-z0-9-]{16,}", "tskey-"),
    _form("CircleCI token", r"\bCCIP(?:AT|RJ)_\w{20,}", "ccip"),
    _form(
        "Buildkite token",
        r"\bbk(?:ua|at|ct|aj|ar)_[0-9a-f]{40}\b",
        "bkua_",
        "bkat_",
        "bkct_",
        "bkaj_",
        "bkar_",
    ),
    _form("Sourcegraph token", r"\bsg[pds]_(?:\w{16}_)?[0-9a-f]{40}\b", "sgp_", "sgd_", "sgs_"),
    _form("Dynatrace token", r"\bdt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}\b", "dt0"),
    _form("Fly token", r"\bfm[12][ar]?_[A-Za-z0-9+/=]{40,}|\bfo1_[\w-]{40,}", "fm1", "fm2", "fo1_"),
    _form("Heroku key", r"\bHRKU-[\w-]{36,}", "hrku-"),
    _form("Groq key", r"\bgsk_[A-Za-z0-9]{40,}", "gsk_"),
    _form("Replicate token", r"\br8_[A-Za-z0-9]{37}\b", "r8_"),
    _form("Alibaba access key", r"\bLTAI[A-Za-z0-9]{12,24}\b", "ltai"),
    _form("1Password token", r"\bops_eyJ[A-Za-z0-9+/=_-]{50,}", "ops_eyj"),
    _form(
        "LaunchDarkly key",
        r"\b(?:sdk|api|mob)-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
        "sdk-",
        "api-",
        "mob-",
    ),
    _form("age key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,}", "age-secret-key-"),
    _form("k3s token", r"\bK10[0-9a-f]{48,64}::[\w:.-]{8,}", "k10"),
    _form("Discord token", r"\b[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}", "."),
    _form("Telegram token", r"(?<!\d)\d{8,10}:[\w-]{35}(?![\w-])", ":"),
    _form(
        "Artifactory token",
        r"\bAKC[A-Za-z0-9]{50,}|\bcmVmdGtuO[A-Za-z0-9]{30,}",
        "akc",
        "cmvmdgtuo",
    ),
    _form("Docker configuration", r"\beyJhdXRocyI6[A-Za-z0-9+/=]{20,}", "eyjhdxrocyi6"),
    _form(
        "JSON web token",
        # A run of its characters is read once, from its beginning: it may hold `-eyJ` many times.
        r"(?<![\w-])(?:(?!\beyJ[\w-]{8})[\w-])*+"
        r"(eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]{8,}+|eyJ[\w-]{8,}+\.[\w-]*+(?:\.[\w-]{8,}+){3})",
        "eyj",
    ),
)
