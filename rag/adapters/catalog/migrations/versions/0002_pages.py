"""Whole pages beside chunks: their vectors, their lexical table, and views of terms.

What is served already is filled in from the chunks and embeddings that the catalog holds.
"""

from array import array

import sqlalchemy as sa
from alembic import op

from rag.adapters.catalog import lexical_table
from rag.adapters.catalog.document_features import document_vector
from rag.adapters.catalog.rows import chunk_of, document_of

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "page_vectors",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["versions.id"]),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_index(
        "versions_superseding",
        "versions",
        ["generation"],
        unique=False,
        sqlite_where=sa.text("supersedes IS NOT NULL"),
    )
    op.drop_index("versions_by_state", table_name="versions")
    op.create_index(
        "versions_unserved",
        "versions",
        ["generation"],
        unique=False,
        sqlite_where=sa.text("state != 'active'"),
    )
    connection = op.get_bind()
    for generation in connection.exec_driver_sql("SELECT id, model FROM generations").all():
        lexical_table.drop(connection, generation.id)
        lexical_table.create(connection, generation.id)
        _fill(connection, generation.id, generation.model)


def _fill(connection: sa.Connection, generation: int, model: str) -> None:
    # Columns of later migrations have their defaults.
    pages = connection.exec_driver_sql(
        "SELECT v.*, a.tags AS acl_tags, FALSE AS acl_narrowed, '[]' AS anchors "
        "FROM versions v "
        "JOIN acl_sets a ON a.id = v.acl_set WHERE v.generation = ? AND v.state = 'active'",
        (generation,),
    )
    for page in pages.mappings().all():
        rows = connection.exec_driver_sql(
            "SELECT c.*, '[]' AS blocks, v.document_id, e.vector FROM chunks c "
            "JOIN versions v ON v.id = c.version "
            "JOIN embeddings e ON e.text_hash = c.text_hash AND e.model = ? "
            "WHERE c.version = ? ORDER BY c.ordinal",
            (model, page["id"]),
        ).mappings()
        inside = [(row["key"], chunk_of(row), row["vector"]) for row in rows]
        if inside:
            pairs = [(key, chunk) for key, chunk, _ in inside]
            lexical_table.insert(connection, generation, document_of(page), page["id"], pairs)
            connection.exec_driver_sql(
                "INSERT INTO page_vectors (version, vector) VALUES (?, ?)",
                (page["id"], document_vector([array("f", vector) for *_, vector in inside])),
            )
