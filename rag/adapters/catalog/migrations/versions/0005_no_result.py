"""Whether a request had a result."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "requests",
        sa.Column("no_result", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
