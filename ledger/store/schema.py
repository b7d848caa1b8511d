"""The tables, what losing each of them costs, and the rules that the database itself enforces.

    table        what it is                                     losing it costs
    entry        small statements, byte for byte,               everything: restore a backup
                 each entry with its leaf and chain hash
    sheaf        large statements: up to 256 entries bound      everything: restore a backup
                 together and compressed, with the chain
                 hashes around them (see `sheaves`)
    statement    where each statement begins                    nothing: recomputed
    node         hashes of complete subtrees, but for those     nothing: recomputed
                 that one sheaf holds all leaves of
    event        48 bits of an event id -> index                nothing: recomputed
    spent        (lot, head) -> the event that built on it      nothing: recomputed
    checkpoint   signed tree heads                              the proof of what was published
    cosignature  witnesses' lines under them                    nothing: asked for again
    head         size, chain and time of the last entry         nothing: recomputed
    subject      what has been spoken of, and its number        nothing: `oretrail db rebuild`
    lot, party, key, register, setting, edge, touch             nothing: `oretrail db rebuild`

Ids of events are hashes, spread over the whole index, so what is kept of them is short; the
whole id is compared with the leaf at the index. Everywhere else a lot is a number, given in
the order in which subjects come up in the log, so that the same log gives the same numbers.

Triggers refuse UPDATE and DELETE on the append-only ones; tables are STRICT; hashes are
32-byte BLOBs. Balances are never read by a verifier (security notes, D1 to D7).
"""

from __future__ import annotations

from sqlalchemy import (
    BLOB,
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)

__all__ = ["APPEND_ONLY", "PROJECTIONS", "cosignature", "metadata"]

metadata = MetaData()

# A number of any size, bytes, and a name that sorts by its bytes, in either database.
_number = BigInteger().with_variant(Integer, "sqlite")
_bytes = LargeBinary().with_variant(BLOB(), "sqlite")
_name = Text().with_variant(Text(collation="C"), "postgresql")

entry = Table(
    "entry",
    metadata,
    Column("idx", _number, primary_key=True, autoincrement=False),
    Column("data", _bytes, nullable=False),
    Column("leaf", _bytes, nullable=False),
    Column("chain", _bytes, nullable=False),
    CheckConstraint("idx >= 0 AND length(leaf) = 32 AND length(chain) = 32"),
    CheckConstraint("length(data) BETWEEN 2 AND 65535"),
    sqlite_strict=True,
)
sheaf = Table(
    "sheaf",
    metadata,
    Column("first", _number, primary_key=True, autoincrement=False),
    Column("size", _number, nullable=False),
    Column("before", _bytes, nullable=False),
    Column("chain", _bytes, nullable=False),
    Column("data", _bytes, nullable=False),
    CheckConstraint("first >= 0 AND size BETWEEN 1 AND 256"),
    CheckConstraint("length(before) = 32 AND length(chain) = 32"),
    sqlite_strict=True,
)
statement = Table(
    "statement",
    metadata,
    Column("first", _number, primary_key=True, autoincrement=False),
    CheckConstraint("first >= 0"),
    sqlite_strict=True,
)
node = Table(
    "node",
    metadata,
    Column("level", _number, primary_key=True, autoincrement=False),
    Column("idx", _number, primary_key=True, autoincrement=False),
    Column("hash", _bytes, nullable=False),
    CheckConstraint("level >= 0 AND length(hash) = 32"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
event_table = Table(
    "event",
    metadata,
    Column("key", _number, primary_key=True, autoincrement=False),
    Column("idx", _number, primary_key=True, autoincrement=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
# Places in the log: where the head stands that was built upon, and where what did so.
spent = Table(
    "spent",
    metadata,
    Column("lot", _number, primary_key=True, autoincrement=False),
    Column("head", _number, primary_key=True, autoincrement=False),
    Column("successor", _number, nullable=False),
    CheckConstraint("head < successor"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", _number, primary_key=True, autoincrement=False),
    Column("note", _bytes, nullable=False),
    sqlite_strict=True,
)
cosignature = Table(
    "cosignature",
    metadata,
    Column("size", _number, nullable=False),
    Column("name", Text, nullable=False),
    Column("key_id", _bytes, nullable=False),
    Column("blob", _bytes, nullable=False),
    CheckConstraint("length(key_id) = 4 AND length(blob) = 72"),
    UniqueConstraint("size", "name", "key_id", "blob"),
    sqlite_strict=True,
)
head = Table(
    "head",
    metadata,
    Column("one", _number, primary_key=True, autoincrement=False),
    Column("size", _number, nullable=False),
    Column("chain", _bytes, nullable=False),
    Column("recorded_at", Text, nullable=False),
    CheckConstraint("one = 1 AND length(chain) = 32"),
    sqlite_strict=True,
)
# As `closure.about` spells it: lot:BAG-1, party:mine.example, site:RW-1.
subject = Table(
    "subject",
    metadata,
    Column("number", _number, primary_key=True, autoincrement=False),
    Column("name", _name, nullable=False, unique=True),
    sqlite_strict=True,
)
lot = Table(
    "lot",
    metadata,
    Column("number", _number, primary_key=True, autoincrement=False),
    Column("holder", _number, nullable=False),
    Column("state", _number, nullable=False),
    Column("head", _number, nullable=False),
    Column("doc", _bytes, nullable=False),
    Index("lot_by_holder", "holder", "state"),
    sqlite_strict=True,
)
party = Table(
    "party",
    metadata,
    Column("id", _name, primary_key=True),
    Column("doc", _bytes, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
key = Table(
    "key",
    metadata,
    Column("ref", _name, primary_key=True),
    Column("public", Text, nullable=False, unique=True),
    Column("party", Text, nullable=False),
    Column("doc", _bytes, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
register = Table(
    "register",
    metadata,
    Column("subject", _name, primary_key=True),
    Column("doc", _bytes, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
setting = Table(
    "setting",
    metadata,
    Column("name", _name, primary_key=True),
    Column("doc", _bytes, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
# Clustered by target, for the walk upstream; the index serves the walk downstream.
edge = Table(
    "edge",
    metadata,
    Column("target", _number, primary_key=True, autoincrement=False),
    Column("source", _number, primary_key=True, autoincrement=False),
    Column("idx", _number, primary_key=True, autoincrement=False),
    Column("mass", _number, nullable=False),
    Index("edge_by_source", "source", "target"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
touch = Table(
    "touch",
    metadata,
    Column("subject", _number, primary_key=True, autoincrement=False),
    Column("idx", _number, primary_key=True, autoincrement=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

APPEND_ONLY = (entry, sheaf, statement, node, event_table, spent, checkpoint, cosignature)
"""Tables that only grow."""

PROJECTIONS = (subject, lot, party, key, register, setting, edge, touch)
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
