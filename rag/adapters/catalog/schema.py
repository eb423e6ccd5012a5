"""The catalog's tables.

A version is one state of one document within one generation. `pending` versions may have vectors
and are not served; `active` ones are served; `retired` ones are not served and may still have
vectors. Only active versions have chunks.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

# One row: `changes` rises with every commit that changes what is served.
state = sa.Table(
    "state",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("changes", sa.Integer, nullable=False),
    sa.Column("last_success", sa.Text),
    # Of the last run that failed, until one succeeds: for administrators.
    sa.Column("last_failure", sa.Text),
    sa.Column("last_failure_at", sa.Text),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("root", sa.Text, nullable=False),
    sa.Column("configured", sa.Boolean, nullable=False),  # else a path on a command line
    sa.Column("last_run", sa.Text),  # JSON: a SourceOutcome
)

generations = sa.Table(
    "generations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # building | ready | serving | retired
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("recipe", sa.Text),  # JSON: what it was built with, to build more of it
    sqlite_autoincrement=True,
)

# Every change of the serving generation that somebody asked for.
promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("before", sa.Integer),  # the generation that served until then
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # promote | rollback
    sa.Column("gate", sa.Text, nullable=False),  # what the gate said
    sa.Column("reason", sa.Text),  # why it was promoted against the gate
    sqlite_autoincrement=True,
)

# Each distinct set of ACL tags once, so that a filter is a short list of numbers.
acl_sets = sa.Table(
    "acl_sets",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("tags", sa.Text, nullable=False, unique=True),  # JSON list, sorted
)

acl_set_tags = sa.Table(
    "acl_set_tags",
    metadata,
    sa.Column("acl_set", sa.ForeignKey("acl_sets.id"), primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Index("acl_set_tags_by_tag", "tag"),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("generation", sa.ForeignKey("generations.id"), nullable=False),
    sa.Column("document_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # pending | active | retired
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),  # JSON list
    sa.Column("owner", sa.Text),
    sa.Column("severity", sa.Text, nullable=False),  # JSON list
    sa.Column("alerts", sa.Text, nullable=False),  # JSON list
    sa.Column("tags", sa.Text, nullable=False),  # JSON list
    sa.Column("last_reviewed", sa.Text),  # ISO date
    sa.Column("review_days", sa.Integer),
    sa.Column("supersedes", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("acl_set", sa.ForeignKey("acl_sets.id"), nullable=False),
    sa.Column("acl_origin", sa.Text, nullable=False),
    sa.Column("acl_narrowed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("updated", sa.Integer, nullable=False),  # Unix seconds
    sa.Column("content_hash", sa.Text, nullable=False),
    # JSON list of [heading, the anchor that its author declared for it].
    sa.Column("anchors", sa.Text, nullable=False, server_default="[]"),
    sa.Index("versions_by_document", "generation", "document_id"),
    sa.Index("versions_by_path", "generation", "source", "path"),
    # Whatever serves is found by its key: an index of all that is active would mislead the planner.
    sa.Index("versions_unserved", "generation", sqlite_where=sa.text("state != 'active'")),
    sa.Index(
        "versions_one_active",
        "generation",
        "document_id",
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
    ),
    sa.Index("versions_superseding", "generation", sqlite_where=sa.text("supersedes IS NOT NULL")),
    sqlite_autoincrement=True,
)

# The mean of a version's chunk vectors, of unit length.
page_vectors = sa.Table(
    "page_vectors",
    metadata,
    sa.Column("version", sa.ForeignKey("versions.id"), primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),  # little-endian 32-bit floats
)

chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("key", sa.Integer, primary_key=True),
    sa.Column("version", sa.ForeignKey("versions.id"), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("context", sa.Text, nullable=False),
    sa.Column("section", sa.Text, nullable=False),  # JSON list
    sa.Column("first_line", sa.Integer, nullable=False),
    sa.Column("last_line", sa.Integer, nullable=False),
    sa.Column("commands", sa.Text, nullable=False),  # JSON list of [line, text, risk, block]
    sa.Column("blocks", sa.Text, nullable=False, server_default="[]"),  # JSON list of lists
    sa.Column("text_hash", sa.Text, nullable=False),
    sa.Index("chunks_by_version", "version"),
    sa.Index("chunks_by_text_hash", "text_hash"),
)

# The embedding of every chunk text, so that vectors can be rebuilt with no model run.
embeddings = sa.Table(
    "embeddings",
    metadata,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("text_hash", sa.Text, primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),  # little-endian 32-bit floats
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("line", sa.Integer),
    sa.Column("reason", sa.Text, nullable=False),
)

# What was dropped of the metadata of files that are served; see FileNote.
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("notes_by_file", "source", "path"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.Text, nullable=False),
    sa.Column("groups", sa.Text, nullable=False),  # JSON list
    sa.Column("rights", sa.Text, nullable=False),  # JSON list
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text),
    sa.Column("revoked_at", sa.Text),
)

# Work for the process that owns the index. `scope` says what it is about; a queued job is not
# queued again. A running one whose process has ended is queued again by the next owner.
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),  # JSON object, keys sorted
    sa.Column("state", sa.Text, nullable=False),  # queued | running | done | failed | cancelled
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text),
    sa.Column("finished_at", sa.Text),
    sa.Column("cancelling", sa.Boolean, nullable=False),
    sa.Column("found", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("chunks", sa.Integer, nullable=False),
    sa.Column("result", sa.Text),  # JSON object
    sa.Column("error", sa.Text),  # the kind of error
    sa.Column("reason", sa.Text),  # its words, for administrators
)

# The query log: recent requests and what was shown for them. Feedback is joined to it, and drift
# is measured on it.
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),  # the caller may have chosen it
    sa.Column("asked_at", sa.Text, nullable=False),  # ISO, UTC
    sa.Column("question", sa.Text),  # where questions are kept
    sa.Column("prompt", sa.Text),  # name@version
    sa.Column("model", sa.Text),
    sa.Column("shown", sa.Text, nullable=False),  # JSON list of [chunk, document, source, path]
    sa.Column("no_result", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("question_hash", sa.Text),  # where questions are hashed
    sa.Column("score", sa.Float),  # of the first hit
    sa.Column("similarity", sa.Float),  # largest cosine of the question and a hit
    sa.Column("confidence", sa.Float),  # probability that the best document answers
    sa.Column("opened_rank", sa.Integer),  # of the first hit whose document was opened, from 1
    sa.Index("requests_by_time", "asked_at"),
    sa.Index("requests_by_id", "id"),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),  # ISO, UTC
    sa.Column("score", sa.Integer, nullable=False),  # -1 | 1
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("chunk_id", sa.Text, nullable=False),  # empty: the whole answer
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("asked_at", sa.Text, nullable=False),
    sa.Column("question", sa.Text),
    sa.Column("prompt", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Index("feedback_one_verdict", "principal", "request_id", "chunk_id", unique=True),
    sqlite_autoincrement=True,
)
