"""The books as tables: loaded by needs, advanced after each statement, rebuilt from the log.

A projection only *finds*: an answer is made from signed bytes, and `compare` says where a
table and the log disagree. Rows hold the frozen values of `custody.books` as MessagePack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Generic, TypeVar

import msgspec

from ..custody.books import Books, Governance, Key, Lot, Party, Registered, public_part
from ..custody.closure import about
from ..custody.registration import Needs, Prepared
from ..effects import (
    lots_named,
)
from ..errors import StorageError
from .database import Connection, blob

__all__ = [
    "ancestors",
    "clear",
    "counts",
    "differences",
    "downstream",
    "entries_about",
    "load",
    "load_all",
    "lot",
    "lots",
    "save",
    "ids_like",
]

_T = TypeVar("_T")
_CHUNK = 500
_encode = msgspec.msgpack.Encoder().encode


class _Reader(Generic[_T]):
    """Rows of one kind; a file that was written to by others may hold anything."""

    def __init__(self, kind: type[_T]) -> None:
        self._kind = msgspec.msgpack.Decoder(kind)

    def decode(self, doc: bytes) -> _T:
        """The value in a row; StorageError ``storage.corrupt``."""
        try:
            return self._kind.decode(doc)
        except (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError) as error:
            raise StorageError(
                f"a row of the tables cannot be read: {error}",
                code="storage.corrupt",
                hint="make the tables anew from the log: oretrail db rebuild",
            ) from None


_lot, _party, _key = _Reader(Lot), _Reader(Party), _Reader(Key)
_registered, _governance = _Reader(Registered), _Reader(Governance)
_tolerances: _Reader[dict[str, int]] = _Reader(dict[str, int])


class LoadedBooks(Books):
    """Books that remember what was loaded, so that only what changed is written back."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: dict[str, dict[str, Any]] = {}
        self.loaded_settings: tuple[Governance | None, dict[str, int], str] = (None, {}, "")

    def remember(self) -> None:
        """Take the present state as what the tables hold."""
        self.loaded = {
            "lot": dict(self.lots),
            "party": dict(self.parties),
            "key": dict(self.keys),
            "register": dict(self.register),
        }
        self.loaded_settings = (self.governance, dict(self.tolerances), self.ledger)


def _select(connection: Connection, sql: str, wanted: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    members = sorted(wanted)
    for start in range(0, len(members), _CHUNK):
        part = tuple(members[start : start + _CHUNK])
        marks = ",".join("?" * len(part))
        yield from (tuple(row) for row in connection.exec_driver_sql(f"{sql} IN ({marks})", part))


def load(connection: Connection, needs: Needs) -> LoadedBooks:
    """The books as far as `needs` asks; what is not there does not exist."""
    books = LoadedBooks()
    for (doc,) in _select(connection, "SELECT doc FROM lot WHERE id", needs.lots):
        one = _lot.decode(doc)
        books.lots[one.lot] = one
    for (doc,) in _select(connection, "SELECT doc FROM party WHERE id", needs.parties):
        party = _party.decode(doc)
        books.parties[party.party] = party
    for ref, doc in _select(connection, "SELECT ref, doc FROM key WHERE ref", needs.keys):
        books.keys[ref] = _key.decode(doc)
    for ref, doc in _select(connection, "SELECT ref, doc FROM key WHERE party", needs.keys_of):
        books.keys[ref] = _key.decode(doc)
    for (doc,) in _select(connection, "SELECT doc FROM key WHERE public", needs.publics):
        key = _key.decode(doc)
        books.publics[public_part(key.vkey)] = key.vkey
    for subject, doc in _select(
        connection, "SELECT subject, doc FROM register WHERE subject", needs.subjects
    ):
        books.register[subject] = _registered.decode(doc)
    _load_settings(connection, books)
    for key in books.keys.values():
        books.publics.setdefault(public_part(key.vkey), key.vkey)
    books.remember()
    return books


def load_all(connection: Connection) -> LoadedBooks:
    """The books as the tables have them, but for the lots: see `lots`."""
    books = LoadedBooks()
    execute = connection.exec_driver_sql
    books.parties = {
        d.party: d for d in (_party.decode(r[0]) for r in execute("SELECT doc FROM party"))
    }
    books.keys = {ref: _key.decode(doc) for ref, doc in execute("SELECT ref, doc FROM key")}
    books.register = {
        subject: _registered.decode(doc)
        for subject, doc in execute("SELECT subject, doc FROM register")
    }
    _load_settings(connection, books)
    for key in books.keys.values():
        books.publics[public_part(key.vkey)] = key.vkey
    books.remember()
    return books


def _load_settings(connection: Connection, books: Books) -> None:
    for name, doc in connection.exec_driver_sql("SELECT name, doc FROM setting"):
        if name == "governance":
            books.governance = _governance.decode(doc)
            for vkey in (*books.governance.all_keys, *books.governance.log_keys):
                books.publics[public_part(vkey)] = vkey
        elif name == "tolerances":
            books.tolerances = _tolerances.decode(doc)
        elif name == "ledger":
            books.ledger = blob(doc).hex()


def save(
    connection: Connection, books: LoadedBooks, prepared: Sequence[Prepared], first_index: int
) -> None:
    """Write back what a statement changed; `first_index` is where its first event stands."""
    execute = connection.exec_driver_sql

    def changed(table: str, now: dict[str, Any]) -> list[tuple[str, Any]]:
        then = books.loaded.get(table, {})
        return [(name, doc) for name, doc in now.items() if then.get(name) is not doc]

    rows = changed("lot", dict(books.lots))
    if rows:
        execute(
            "INSERT OR REPLACE INTO lot VALUES (?, ?, ?, ?, ?, ?)",
            [(n, d.holder, d.state, d.material, d.amount.mass, _encode(d)) for n, d in rows],
        )
    rows = changed("party", books.parties)
    if rows:
        execute("INSERT OR REPLACE INTO party VALUES (?, ?)", [(n, _encode(d)) for n, d in rows])
    rows = changed("key", books.keys)
    if rows:
        execute(
            "INSERT OR REPLACE INTO key VALUES (?, ?, ?, ?)",
            [(n, public_part(d.vkey), d.party, _encode(d)) for n, d in rows],
        )
    rows = changed("register", dict(books.register))
    if rows:
        execute("INSERT OR REPLACE INTO register VALUES (?, ?)", [(n, _encode(d)) for n, d in rows])
    _save_settings(connection, books)
    _save_graph(connection, books, prepared, first_index)
    books.remember()


def _save_settings(connection: Connection, books: LoadedBooks) -> None:
    if (books.governance, books.tolerances, books.ledger) == books.loaded_settings:
        return
    settings = [
        ("governance", _encode(books.governance)),
        ("tolerances", _encode(books.tolerances)),
        ("ledger", bytes.fromhex(books.ledger)),
    ]
    connection.exec_driver_sql("INSERT OR REPLACE INTO setting VALUES (?, ?)", settings)


def _save_graph(
    connection: Connection, books: Books, prepared: Sequence[Prepared], first_index: int
) -> None:
    opened: dict[str, int] = {}
    touches: set[tuple[str, int]] = set()
    for place, one in enumerate(prepared):
        index = first_index + place
        touches.update((subject, index) for subject in about(one))
        opened.update((lot, index) for lot in lots_named(one.effects) if lot not in opened)
    edges = [
        (target, source, opened.get(target, first_index), mass)
        for source, target, mass in books.moved
    ]
    books.moved.clear()
    if edges:
        connection.exec_driver_sql(
            "INSERT INTO edge VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET mass = mass + excluded.mass",
            edges,
        )
    if touches:
        connection.exec_driver_sql("INSERT OR IGNORE INTO touch VALUES (?, ?)", sorted(touches))


def clear(connection: Connection) -> None:
    """Empty every projection, before they are made anew."""
    from .schema import PROJECTIONS

    for table in PROJECTIONS:
        connection.exec_driver_sql(f"DELETE FROM {table.name}")


def differences(found: Connection, right: Connection) -> Iterator[str]:
    """Names of the projections whose rows differ between two databases, with one row each."""
    from .schema import PROJECTIONS

    for table in PROJECTIONS:
        order = ", ".join(column.name for column in table.primary_key)
        query = f"SELECT * FROM {table.name} ORDER BY {order}"
        rows = zip_longest(found.exec_driver_sql(query), right.exec_driver_sql(query))
        for here, there in rows:
            if here is None or there is None or tuple(here) != tuple(there):
                shown = here if here is not None else there
                yield f"{table.name} at {shown[0] if shown is not None else 'the end'}"
                break


# --- finding ---------------------------------------------------------------------------


def lot(connection: Connection, lot_id: str) -> Lot | None:
    """A lot as the table has it, or None."""
    row = connection.exec_driver_sql("SELECT doc FROM lot WHERE id = ?", (lot_id,)).first()
    return None if row is None else _lot.decode(row[0])


def lots(
    connection: Connection, holder: str | None = None, state: str | None = None
) -> Iterator[Lot]:
    """Lots by id, those of a holder or in a state if asked."""
    where, values = [], []
    for column, value in (("holder", holder), ("state", state)):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    rows = connection.exec_driver_sql(f"SELECT doc FROM lot{clause} ORDER BY id", tuple(values))
    for (doc,) in rows:
        yield _lot.decode(doc)


def counts(connection: Connection) -> dict[str, int]:
    """How many lots there are in each state; no lot is read for it, the index tells."""
    rows = connection.exec_driver_sql("SELECT state, count(*) FROM lot GROUP BY state")
    return {str(state): int(count) for state, count in rows}


def ids_like(connection: Connection, start: str, limit: int = 3) -> list[str]:
    """Lot ids that begin so; for short ids."""
    end = start + "\x7f"
    rows = connection.exec_driver_sql(
        "SELECT id FROM lot WHERE id >= ? AND id < ? ORDER BY id LIMIT ?", (start, end, limit)
    )
    return [row[0] for row in rows]


def ancestors(connection: Connection, lot_id: str, *, down: bool = False) -> set[str]:
    """Every lot upstream of this one (downstream if asked), and itself: one recursive query."""
    here, there = ("source", "target") if down else ("target", "source")
    rows = connection.exec_driver_sql(
        f"WITH RECURSIVE up(lot) AS (VALUES (?) UNION "
        f"SELECT edge.{there} FROM edge JOIN up ON edge.{here} = up.lot) SELECT lot FROM up",
        (lot_id,),
    )
    return {row[0] for row in rows}


def downstream(connection: Connection, lot_id: str) -> Iterator[Lot]:
    """Every lot that this one flowed into, and itself, by id: one recursive query."""
    rows = connection.exec_driver_sql(
        "WITH RECURSIVE down(lot) AS (VALUES (?) UNION "
        "SELECT edge.target FROM edge JOIN down ON edge.source = down.lot) "
        "SELECT doc FROM lot WHERE id IN (SELECT lot FROM down) ORDER BY id",
        (lot_id,),
    )
    for (doc,) in rows:
        yield _lot.decode(doc)


def entries_about(connection: Connection, subjects: Iterable[str]) -> list[tuple[int, bytes]]:
    """(index, bytes) of every event about any of the subjects, in log order."""
    found: set[int] = set()
    for (index,) in _select(connection, "SELECT idx FROM touch WHERE subject", subjects):
        found.add(index)
    rows: list[tuple[int, bytes]] = []
    indexes = sorted(found)
    for start in range(0, len(indexes), _CHUNK):
        part = tuple(indexes[start : start + _CHUNK])
        marks = ",".join("?" * len(part))
        result = connection.exec_driver_sql(
            f"SELECT idx, data FROM entry WHERE idx IN ({marks}) ORDER BY idx", part
        )
        rows += [(index, blob(data)) for index, data in result]
    return rows
