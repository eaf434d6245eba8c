"""The log: its identity, entries, deposits, checkpoints, timestamp tokens and anchorings.

There is no downgrade: it would have to drop entries.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables and the triggers that keep entries and checkpoints append-only are there."""
    op.create_table(
        "log_identity",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("particulars", sa.LargeBinary),
        sa.Column("acknowledgement", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("log_index", sa.Integer, unique=True),
        sa.UniqueConstraint("stream", "sequence"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "entries_not_logged", "entries", ["id"], sqlite_where=sa.text("log_index IS NULL")
    )
    op.create_table(
        "deposits",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("sm3", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("cid", sa.Text),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("stream", sa.Text, sa.ForeignKey("deposits.stream"), nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "timestamp_tokens",
        sa.Column(
            "checkpoint_size",
            sa.Integer,
            sa.ForeignKey("checkpoints.size"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("authority", sa.Text, primary_key=True),
        sa.Column("token", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "anchorings",
        sa.Column(
            "checkpoint_size",
            sa.Integer,
            sa.ForeignKey("checkpoints.size"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("tx_hash", sa.LargeBinary, nullable=False),
        sa.Column("raw_tx", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("block_height", sa.Integer),
        sa.Column("proof", sa.LargeBinary),
    )
    _refuse_changes("entries", except_once="log_index")
    _refuse_changes("checkpoints")


def _refuse_changes(table: str, *, except_once: str | None = None) -> None:
    """Rows of the table are never deleted, nor updated but for one column that is set once."""
    op.execute(
        f"CREATE TRIGGER {table}_are_never_deleted BEFORE DELETE ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} are never deleted'); END"
    )
    condition = ""
    if except_once is not None:
        columns = [c["name"] for c in sa.inspect(op.get_bind()).get_columns(table)]
        kept = " AND ".join(f"NEW.{c} IS OLD.{c}" for c in columns if c != except_once)
        condition = (
            f" WHEN NOT (OLD.{except_once} IS NULL AND NEW.{except_once} IS NOT NULL AND {kept})"
        )
    op.execute(
        f"CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE ON {table}{condition}"
        f" BEGIN SELECT RAISE(ABORT, '{table} are never changed'); END"
    )
