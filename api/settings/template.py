"""The commented runbook.toml that `runbook init` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from string import Template

from api.settings.index import SourceSettings

_TEMPLATE = Template("""\
# Runbook Search. Every key can also be set by an environment variable, as in
# RUNBOOK_SERVER__PORT=9000. What is commented out shows the default.

# Folder of the index, relative to this file.
# state = ".runbook"

# One block for each root of files. A document says in its front matter who may read it (`acl`);
# without it the nearest .runbook-acl.yaml up its folders counts, then the `acl` given here.
# Without any of them nobody but administrators can read it.
$source
# url = "https://docs.example.com/"     # where the rendered files begin; see docs/sites.md
# site = "mkdocs"                  # or hugo, docusaurus, backstage, github, gitlab
#    In place of `path`, a branch of a git repository, fetched into the state folder:
#    git = "https://git.example.com/ops/runbooks.git"
#    branch = "main"
#    subfolder = "runbooks"
#    credentials_env = "RUNBOOKS_TOKEN"   # the variable that holds a token, or user:password
#    depth = 0                     # 0: the whole history, which dates each document
#    In place of `path`, `connector` reads another system; see docs/connectors.md.
#    connector = "s3"
#    options = { bucket = "ops", prefix = "runbooks/" }

# [embedding]
# model = "minilm-ops-1"           # docs/model-card.md; or "all-MiniLM-L6-v2", a hub id, a folder
# max_tokens = 512
# allow_download = false           # true lets a hub id be fetched

# [chunking]
# max_tokens = 256
# min_tokens = 64

$ingest
# max_file_mib = 10
# read_seconds = 5        # processor time that reading one file may take
# read_memory_mib = 300   # memory of a process that reads files
# redact_secrets = true   # take secrets out of documents before they are stored
$protocols        # which protocols git sources may use
# watch = false                    # true: `runbook serve` indexes what changes at once
# reconcile_seconds = 300          # a watcher compares everything that often

# [commands]
# tables = "commands.toml"          # what your own programs do; see docs/commands.md

# [vectors]
# mode = "embedded"                # or "http": a Chroma server on a private network
# host = "127.0.0.1"
# port = 8001

# [search]
# candidates = 100                 # what each retriever offers, before fusion
# review_every_days = 180          # when a page names a review date and no period
#                                    `synonyms` names your own file: k8s, kubernetes

#                                    `weights = { dense = 0.6 }`: how much each retriever counts;
#                                    `runbook eval sweep` shows what another weight does

# [ask]
# provider = "none"                # quotes the pages; or "openai", "ollama", "local"
# base_url = ""                    # http://127.0.0.1:8000/v1; its key: RUNBOOK_ASK__API_KEY
# model = ""
# timeout = 30                     # seconds between two pieces of an answer
# deadline = 90                    # seconds for all of it
# retries = 2
# temperature = 0
# max_tokens = 1024
# context_tokens = 3000
# unsupported = "mark"             # or "remove"

# [prompts]                        # `folder` holds your own, which stand over those that ship

# [rerank]
# model = ""                       # a cross-encoder: a hub id or a folder
# max_tokens = 512
# passages = 20
# allow_download = false

# [review]
# owners = []                      # teams that may own a page; any other counts as gone
#                                    `acl_tags = ["team:payments"]`: tags in use, for `runbook lint`
#                                    `services = { checkout-api = "../checkout-api" }`: each service
#                                    there is, and its folder in a git checkout, or ""

# [incidents]
# notes = "incident-notes"         # notes of closed incidents: a folder, and a source of its own

#                                    [[notifications]] sends summaries of alerts; see docs/alerts.md

# [evals]                          # `gate_suite = "evals/suite.toml"`: what a generation must pass
#                                    to be promoted; and a judge, beside what needs none
# judge_url = ""                   # an OpenAI-compatible endpoint: http://127.0.0.1:11434/v1
# judge_model = ""                 # its key: RUNBOOK_EVALS__JUDGE_API_KEY in the environment
# judge_timeout = 60.0             # seconds, for one score
# judge_repeats = 3                # the median counts

# [server]
# host = "127.0.0.1"
# port = 8080
# workers = 1                      # processes that answer; with several, one more writes
# public_url = ""                  # how users reach this service, for links in answers
# max_query_chars = 2000
# max_body_bytes = 65536
# max_webhook_bytes = 5242880      # a push with many commits
# max_chat_bytes = 1048576         # a long conversation, at /v1/chat/completions
# max_alert_bytes = 8388608        # a storm of alerts, at /v1/alerts
# max_incident_bytes = 16777216    # an input of an incident, at /v1/incidents/ID/inputs
# proxies = []                     # reverse proxies, such as "10.0.0.5/32", whose X-Forwarded-For
#                                    names the client
# drain_seconds = 0                # after SIGTERM: not ready, and requests are still accepted
# stop_seconds = 30                # then streamed answers end, with an event that says why

# [mcp]
# allowed_origins = []             # web pages that may ask at /mcp; programs send no origin

# [web]                            # the pages at /
# enabled = true
# session_hours = 12               # then everybody signs in again

# [slack]                          # on when RUNBOOK_SLACK__SIGNING_SECRET is set
# response_origins = ["https://hooks.slack.com"]
# patience_seconds = 2             # then the answer follows later
#                                    [slack.groups] says who reads what: "T024BE7LD" = ["public"]

# [telemetry]
# otlp_endpoint = ""               # such as http://collector:4318: spans, without any text
# otlp_headers = {}
# timeout_seconds = 5

# [feedback]
# keep_questions = true            # false: requests and feedback are kept without their questions
# hash_questions = false           # a keyed hash in place of each question
# sample_questions = 1.0           # the share of requests whose question is kept
# keep_requests_days = 30          # then requests are deleted; `runbook drift` needs 28
# most_requests = 100000

# [identity]                       # docs/security.md says what each way trusts
# api_keys = true
#   [identity.oidc]
#   issuer = "https://id.example.com/realms/ops"
#   audience = "runbook-search"
#   jwks_url = "https://id.example.com/realms/ops/protocol/openid-connect/certs"
#   algorithms = ["RS256"]
#   groups_claim = "groups"          # or the way to a nested one: ["realm_access", "roles"]
#   leeway_seconds = 30
#   jwks_seconds = 300               # its keys are remembered that long, grace_seconds longer
#   grace_seconds = 3600             # while it does not answer, and asked for again after
#   pause_seconds = 10               # pause_seconds at the earliest
#   timeout_seconds = 5
#   [identity.oidc.sign_in]          # people sign in to the web pages there (docs/web.md); needs
#   client_id = "runbook-web"        # server.public_url, and the secret in the environment:
#   session_minutes = 60             # RUNBOOK_IDENTITY__OIDC__SIGN_IN__CLIENT_SECRET
#   [identity.proxy]                 # an authenticating proxy, believed from its addresses alone
#   addresses = ["10.0.0.7/32"]
#   user_header = "X-Forwarded-User"
#   groups_header = "X-Forwarded-Groups"
#   [identity.anonymous]             # callers without any credential
#   enabled = false
#   groups = ["public"]
#   [identity.rights]                # of people's groups; keys have their own
#   "team:platform-admins" = ["index", "admin"]

#   [groups]                         # members of the first are also members of the others; a change
#   "role:sre" = ["team:payments"]   # here counts from the next request on, without a restart

# [limits]
# requests_per_minute = 600        # of one key or person
# concurrent = 16
# refusals_per_minute = 60         # failed authentications from one address
# in_flight = 128                  # of all callers together
# connections = 1000
# header_seconds = 10
# body_seconds = 10
# unverified_bodies = 16           # signed bodies (Slack, GitHub) at once, of all callers
# unverified_bodies_per_address = 4
# unverified_body_seconds = 5
# write_seconds = 10               # how long a client may leave its answer unread
# request_seconds = 60             # until the answer begins
# keep_alive_seconds = 5
# header_bytes = 32768

# [audit]                          # who was given what, below the state folder
# enabled = true
# path = "audit.jsonl"
# max_mib = 16
# files = 10
# hash_queries = false             # true writes a keyed hash in place of each question

#    [webhooks] github_secret_env and gitlab_token_env name the variables that hold their secrets.

# [log]
# level = "info"
# format = "json"                  # or "console"
""")


def render_template(source: SourceSettings, protocols: Sequence[str] = ()) -> str:
    """A configuration with one source. `protocols` are those that git may use besides https."""
    chosen = [f"git_protocols = {_toml(['https', *protocols])}"]
    return _TEMPLATE.substitute(
        source="\n".join(_source_lines(source)),
        ingest="[ingest]" if protocols else "# [ingest]",
        protocols=chosen[0] if protocols else f"# {chosen[0]}",
    )


def _source_lines(source: SourceSettings) -> list[str]:
    given = {
        "name": source.name,
        "path": source.path.as_posix() if source.path else None,
        "git": source.git,
        "branch": source.branch if source.git else None,
        "subfolder": source.subfolder or None,
        "url": source.url,
    }
    lines = [f"{key} = {_toml(value)}" for key, value in given.items() if value is not None]
    if source.acl is None:
        acl = '# acl = ["public"]                 # every authenticated caller'
    else:
        acl = f"acl = {_toml(sorted(source.acl))}"
    return ["[[sources]]", *lines, acl]


def _toml(value: str | list[str]) -> str:
    """A string or a list of strings in TOML, whose escapes are those of JSON, and of DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
