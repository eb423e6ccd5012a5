"""Whether a version's readers were made fewer than its document says."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "versions",
        sa.Column("acl_narrowed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
