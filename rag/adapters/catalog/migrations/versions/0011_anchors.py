"""The anchors that authors declared for headings."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("versions", sa.Column("anchors", sa.Text(), nullable=False, server_default="[]"))
