"""The tables, what losing each of them costs, and the rules that SQLite itself enforces.

    table        what it is                                   losing it costs
    entry        the log, byte for byte, with leaf and chain  everything: restore a backup
    node         hashes of complete subtrees (level >= 1)     nothing: recomputed from entry
    event        event id -> index, index of its statement    nothing: recomputed
    spent        (lot, head) -> the event that built on it    nothing: recomputed
    checkpoint   signed tree heads                            the proof of what was published
    cosignature  witnesses' lines under them                  nothing: asked for again
    head         size, chain and time of the last entry       nothing: recomputed
    lot, party, key, register, setting, edge, touch           nothing: `oretrail db rebuild`

Triggers refuse UPDATE and DELETE on the append-only ones; tables are STRICT; ids are
32-byte BLOBs. Balances are never read by a verifier (security notes, D1 to D7).
"""

from __future__ import annotations

from sqlalchemy import (
    BLOB,
    DDL,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)

__all__ = ["APPEND_ONLY", "PROJECTIONS", "cosignature", "metadata"]

metadata = MetaData()

entry = Table(
    "entry",
    metadata,
    Column("idx", Integer, primary_key=True),
    Column("data", BLOB, nullable=False),
    Column("leaf", BLOB, nullable=False),
    Column("chain", BLOB, nullable=False),
    CheckConstraint("idx >= 0 AND length(leaf) = 32 AND length(chain) = 32"),
    CheckConstraint("length(data) BETWEEN 2 AND 65535"),
    sqlite_strict=True,
)
node = Table(
    "node",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("hash", BLOB, nullable=False),
    CheckConstraint("level >= 1 AND length(hash) = 32"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
event_table = Table(
    "event",
    metadata,
    Column("id", BLOB, primary_key=True),
    Column("idx", Integer, nullable=False, unique=True),
    Column("registration", Integer, nullable=False),
    CheckConstraint("length(id) = 32 AND registration < idx"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
spent = Table(
    "spent",
    metadata,
    Column("lot", Text, primary_key=True),
    Column("head", BLOB, primary_key=True),
    Column("successor", BLOB, nullable=False),
    CheckConstraint("length(head) = 32 AND length(successor) = 32"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("note", BLOB, nullable=False),
    sqlite_strict=True,
)
cosignature = Table(
    "cosignature",
    metadata,
    Column("size", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("key_id", BLOB, nullable=False),
    Column("blob", BLOB, nullable=False),
    CheckConstraint("length(key_id) = 4 AND length(blob) = 72"),
    UniqueConstraint("size", "name", "key_id", "blob"),
    sqlite_strict=True,
)
head = Table(
    "head",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("chain", BLOB, nullable=False),
    Column("recorded_at", Text, nullable=False),
    CheckConstraint("one = 1 AND length(chain) = 32"),
    sqlite_strict=True,
)
lot = Table(
    "lot",
    metadata,
    Column("id", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("material", Text, nullable=False),
    Column("mass", Integer, nullable=False),
    Column("doc", BLOB, nullable=False),
    Index("lot_by_holder", "holder", "state"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
party = Table(
    "party",
    metadata,
    Column("id", Text, primary_key=True),
    Column("doc", BLOB, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
key = Table(
    "key",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("public", Text, nullable=False, unique=True),
    Column("party", Text, nullable=False),
    Column("doc", BLOB, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
register = Table(
    "register",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("doc", BLOB, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("doc", BLOB, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
# Clustered by target, for the walk upstream; the index serves the walk downstream.
edge = Table(
    "edge",
    metadata,
    Column("target", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("mass", Integer, nullable=False),
    Index("edge_by_source", "source"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
touch = Table(
    "touch",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("idx", Integer, primary_key=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

APPEND_ONLY = (entry, node, event_table, spent, checkpoint, cosignature)
"""Tables that only grow."""

PROJECTIONS = (lot, party, key, register, setting, edge, touch)
"""Tables that `db rebuild` makes anew from the log."""

for _table in APPEND_ONLY:
    for _act in ("UPDATE", "DELETE"):
        event.listen(
            _table,
            "after_create",
            DDL(  # type: ignore[no-untyped-call]
                f"CREATE TRIGGER {_table.name}_no_{_act.lower()} BEFORE {_act} ON {_table.name} "
                f"BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
            ).execute_if(dialect="sqlite"),
        )
