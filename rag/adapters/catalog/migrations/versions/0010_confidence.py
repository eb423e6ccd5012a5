"""How probable it was that the best document answers a request, for drift."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("requests", sa.Column("confidence", sa.Float()))
