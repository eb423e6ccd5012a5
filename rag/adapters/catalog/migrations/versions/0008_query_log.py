"""What the query log knows of a request besides its question, for drift."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("requests", sa.Column("question_hash", sa.Text()))
    op.add_column("requests", sa.Column("score", sa.Float()))
    op.add_column("requests", sa.Column("similarity", sa.Float()))
    op.add_column("requests", sa.Column("opened_rank", sa.Integer()))
