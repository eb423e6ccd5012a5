"""The blocks of each chunk; those of chunks that are there already come with the next full run."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("chunks", sa.Column("blocks", sa.Text(), nullable=False, server_default="[]"))
