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
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("root", sa.Text, nullable=False),
    sa.Column("configured", sa.Boolean, nullable=False),  # else a path on a command line
)

generations = sa.Table(
    "generations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # building | serving | retired
    sa.Column("created_at", sa.Text, nullable=False),
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
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("updated", sa.Integer, nullable=False),  # Unix seconds
    sa.Column("content_hash", sa.Text, nullable=False),
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
    sa.Column("commands", sa.Text, nullable=False),  # JSON list of [line, text, risk]
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
