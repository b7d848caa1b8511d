"""The books as tables: loaded by needs, advanced after each statement, rebuilt from the log.

A projection only *finds*: an answer is made from signed bytes, and `differences` says where a
table and the log disagree. Rows hold the frozen values of `custody.books` as MessagePack; a
lot's are packed smaller, see `lots`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Generic, TypeVar

import msgspec

from ..custody.books import Books, Governance, Key, Lot, Party, Registered, public_part
from ..custody.closure import about
from ..custody.registration import Needs
from ..effects import lots_opened
from ..errors import StorageError
from . import lots as packed
from . import subjects
from .database import Connection, blob
from .entries import select
from .loaded import LoadedBooks, Posting
from .sheaves import Sheaves

__all__ = [
    "LoadedBooks",
    "ancestors",
    "clear",
    "counts",
    "differences",
    "downstream",
    "entries_at",
    "load",
    "load_all",
    "lot",
    "lots",
    "places_about",
    "save",
    "ids_like",
    "walk",
]

_T = TypeVar("_T")
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


_party, _key = _Reader(Party), _Reader(Key)
_registered, _governance = _Reader(Registered), _Reader(Governance)
_tolerances: _Reader[dict[str, int]] = _Reader(dict[str, int])


_LOTS = (
    "SELECT subject.name, holder.name, lot.state, lot.doc FROM subject "
    "JOIN lot ON lot.number = subject.number "
    "LEFT JOIN subject AS holder ON holder.number = lot.holder "
    "WHERE subject.name >= 'lot:' AND subject.name < 'lot;'"
)
"""Every lot; whoever asks for fewer goes on with AND."""


def _lot(name: str, holder: object, state: object, doc: object) -> Lot:
    """The lot in a row of `_LOTS`."""
    holder = holder.removeprefix("party:") if isinstance(holder, str) else holder
    return packed.unpack(name.removeprefix("lot:"), holder, state, blob(doc))


def load(connection: Connection, needs: Needs) -> LoadedBooks:
    """The books as far as `needs` asks; what is not there does not exist."""
    books = LoadedBooks()
    names = {f"lot:{lot}" for lot in needs.lots} | needs.subjects
    names |= {f"party:{party}" for party in needs.parties}
    _load_lots(connection, books, names)
    for (doc,) in _in(connection, "SELECT doc FROM party WHERE id", needs.parties):
        party = _party.decode(doc)
        books.parties[party.party] = party
    for ref, doc in _in(connection, "SELECT ref, doc FROM key WHERE ref", needs.keys):
        books.keys[ref] = _key.decode(doc)
    for ref, doc in _in(connection, "SELECT ref, doc FROM key WHERE party", needs.keys_of):
        books.keys[ref] = _key.decode(doc)
    for (doc,) in _in(connection, "SELECT doc FROM key WHERE public", needs.publics):
        key = _key.decode(doc)
        books.publics[public_part(key.vkey)] = key.vkey
    for subject, doc in _in(
        connection, "SELECT subject, doc FROM register WHERE subject", needs.subjects
    ):
        books.register[subject] = _registered.decode(doc)
    _load_settings(connection, books)
    for key in books.keys.values():
        books.publics.setdefault(public_part(key.vkey), key.vkey)
    books.remember()
    return books


def _load_lots(connection: Connection, books: LoadedBooks, names: set[str]) -> None:
    """Lots, and the numbers of these subjects, in one question."""
    books.unnumbered = names
    rows = _in(
        connection,
        "SELECT subject.name, subject.number, lot.head, holder.name, lot.state, lot.doc "
        "FROM subject LEFT JOIN lot ON lot.number = subject.number "
        "LEFT JOIN subject AS holder ON holder.number = lot.holder WHERE subject.name",
        names,
    )
    for name, number, head, holder, state, doc in rows:
        books.numbers[name] = number
        if doc is not None and name.startswith("lot:"):
            one = _lot(name, holder, state, doc)
            books.lots[one.lot] = one
            books.heads[one.lot] = head


def _in(connection: Connection, sql: str, wanted: Iterable[str]) -> Iterator[Sequence[Any]]:
    return select(connection, sql, sorted(wanted))


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
    connection: Connection, books: LoadedBooks, postings: Sequence[Posting]
) -> list[tuple[int, int, int]]:
    """Write what statements have changed, in the order in which they stand in the log.

    The rows are the same however many are written at a time. Returns what was spent:
    (number of the lot, where its head stood, where what built on it).
    """
    execute = connection.exec_driver_sql
    spent = _save_lots(connection, books, postings)
    rows = books.changed("party")
    if rows:
        execute(
            "INSERT INTO party (id, doc) VALUES (?, ?) "
            "ON CONFLICT (id) DO UPDATE SET doc = excluded.doc",
            [(name, _encode(one)) for name, one in rows],
        )
    rows = books.changed("key")
    if rows:
        execute(
            "INSERT INTO key (ref, public, party, doc) VALUES (?, ?, ?, ?) ON CONFLICT (ref) "
            "DO UPDATE SET public = excluded.public, party = excluded.party, doc = excluded.doc",
            [(name, public_part(one.vkey), one.party, _encode(one)) for name, one in rows],
        )
    rows = books.changed("register")
    if rows:
        execute(
            "INSERT INTO register (subject, doc) VALUES (?, ?) "
            "ON CONFLICT (subject) DO UPDATE SET doc = excluded.doc",
            [(name, _encode(one)) for name, one in rows],
        )
    _save_settings(connection, books)
    books.remember()
    return spent


def _save_settings(connection: Connection, books: LoadedBooks) -> None:
    if (books.governance, books.tolerances, books.ledger) == books.loaded_settings:
        return
    settings = [
        ("governance", _encode(books.governance)),
        ("tolerances", _encode(books.tolerances)),
        ("ledger", bytes.fromhex(books.ledger)),
    ]
    connection.exec_driver_sql(
        "INSERT INTO setting (name, doc) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET doc = excluded.doc",
        settings,
    )


def _save_lots(
    connection: Connection, books: LoadedBooks, postings: Sequence[Posting]
) -> list[tuple[int, int, int]]:
    """Lots, what flowed between them and what was said of them; returns what was spent."""
    execute = connection.exec_driver_sql
    named: dict[int, list[str]] = {}
    speaking: list[str] = []
    for one in postings:
        for index, event in enumerate(one.prepared, one.first):
            named[index] = sorted(about(event))
            speaking += named[index]
        speaking += sorted({f"party:{lot.holder}" for _, lot in one.lots})
    subjects.number(connection, books, speaking)
    numbers = books.numbers
    touches = [(numbers[name], index) for index, names in named.items() for name in names]
    if touches:
        execute(
            "INSERT INTO touch (subject, idx) VALUES (?, ?) ON CONFLICT DO NOTHING", sorted(touches)
        )
    spent = [row for one in postings for row in _spent(books, one)]
    changed = {name: lot for one in postings for name, lot in one.lots}
    if changed:
        execute(
            "INSERT INTO lot (number, holder, state, head, doc) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (number) DO UPDATE SET holder = excluded.holder, "
            "state = excluded.state, head = excluded.head, doc = excluded.doc",
            sorted(
                (
                    numbers[f"lot:{name}"],
                    numbers[f"party:{one.holder}"],
                    packed.STATES.index(one.state),
                    books.heads[name],
                    packed.pack(one),
                )
                for name, one in changed.items()
            ),
        )
    edges = [row for one in postings for row in _edges(numbers, one, named)]
    if edges:
        execute(
            "INSERT INTO edge (target, source, idx, mass) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (target, source, idx) DO UPDATE SET mass = edge.mass + excluded.mass",
            edges,
        )
    return spent


def _edges(
    numbers: Mapping[str, int], one: Posting, named: Mapping[int, Sequence[str]]
) -> Iterator[tuple[int, int, int, int]]:
    """(target, source, place, mass) of what flowed: placed where the target first came up."""
    if not one.moved:
        return
    first: dict[str, int] = {}
    for index in range(one.first, one.first + len(one.prepared)):
        for name in named[index]:
            first.setdefault(name, index)
    for source, target, mass in one.moved:
        into = f"lot:{target}"
        yield numbers[into], numbers[f"lot:{source}"], first.get(into, one.first), mass


def _spent(books: LoadedBooks, posting: Posting) -> list[tuple[int, int, int]]:
    """What these events were built on; brings `books.heads` up to date."""
    heads, spent = books.heads, []
    places = {one.event_id: at for at, one in enumerate(posting.prepared, posting.first)}
    now: dict[str, int] = {}
    for index, one in enumerate(posting.prepared, posting.first):
        for lot_id in sorted(one.changed):
            head = now.get(lot_id, heads.get(lot_id))
            if head is not None:
                spent.append((books.numbers[f"lot:{lot_id}"], head, index))
        now.update(dict.fromkeys((*one.changed, *lots_opened(one.effects)), index))
    for lot_id, lot in posting.lots:
        heads[lot_id] = places.get(lot.head, heads.get(lot_id, posting.first))
    return spent


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
                place = _place(right, table.name, shown[0]) if shown is not None else "the end"
                yield f"{table.name} at {place}"
                break


def _place(connection: Connection, table: str, first: object) -> object:
    """What a row speaks of, that has a number in its first column."""
    if table not in ("lot", "edge", "touch"):
        return first
    row = connection.exec_driver_sql("SELECT name FROM subject WHERE number = ?", (first,)).first()
    name = first if row is None else row[0]
    return str(name) if table == "touch" else str(name).removeprefix("lot:")


# --- finding ---------------------------------------------------------------------------


def lot(connection: Connection, lot_id: str) -> Lot | None:
    """A lot as the table has it, or None."""
    row = connection.exec_driver_sql(f"{_LOTS} AND subject.name = ?", (f"lot:{lot_id}",)).first()
    return None if row is None else _lot(*row)


def lots(
    connection: Connection, holder: str | None = None, state: str | None = None
) -> Iterator[Lot]:
    """Lots by id, those of a holder or in a state if asked."""
    where: list[str] = []
    values: list[object] = []
    if holder is not None:
        where.append(" AND lot.holder = (SELECT number FROM subject WHERE name = ?)")
        values.append(f"party:{holder}")
    if state is not None:
        where.append(" AND lot.state = ?")
        values.append(packed.STATES.index(state) if state in packed.STATES else -1)
    rows = connection.execution_options(stream_results=True).exec_driver_sql(
        f"{_LOTS}{''.join(where)} ORDER BY subject.name", tuple(values)
    )
    for row in rows:
        yield _lot(*row)


def counts(connection: Connection) -> dict[str, int]:
    """How many lots there are in each state; no lot is read for it, the index tells."""
    rows = connection.exec_driver_sql("SELECT state, count(*) FROM lot GROUP BY state")
    return {packed.state(place): int(count) for place, count in rows}


def ids_like(connection: Connection, start: str, limit: int = 3) -> list[str]:
    """Lot ids that begin so; for short ids."""
    rows = connection.exec_driver_sql(
        "SELECT subject.name FROM subject JOIN lot ON lot.number = subject.number "
        "WHERE subject.name >= ? AND subject.name < ? ORDER BY subject.name LIMIT ?",
        (f"lot:{start}", f"lot:{start}\x7f", limit),
    )
    return [row[0].removeprefix("lot:") for row in rows]


def ancestors(connection: Connection, lot_id: str, *, down: bool = False) -> set[str]:
    """Every lot upstream of this one (downstream if asked), and itself: one recursive query."""
    rows = connection.exec_driver_sql(
        f"{walk(down=down)} SELECT subject.name FROM walk "
        "JOIN subject ON subject.number = walk.lot",
        (f"lot:{lot_id}",),
    )
    return {row[0].removeprefix("lot:") for row in rows}


def downstream(connection: Connection, lot_id: str) -> Iterator[Lot]:
    """Every lot that this one flowed into, and itself, by id: one recursive query."""
    rows = connection.exec_driver_sql(
        f"{walk(down=True)} {_LOTS} AND subject.number IN (SELECT lot FROM walk) "
        "ORDER BY subject.name",
        (f"lot:{lot_id}",),
    )
    for row in rows:
        yield _lot(*row)


def walk(*, down: bool) -> str:
    """How a query begins that has in `walk (lot)` all numbers reached from a subject's name.

    UNION keeps each lot once. Paths must never be listed: through lots that part and meet again
    they double each time. Nor is it asked level by level: a chain of 3,000 has as many levels.
    """
    here, there = ("source", "target") if down else ("target", "source")
    return (
        "WITH RECURSIVE walk(lot) AS (SELECT number FROM subject WHERE name = ? UNION "
        f"SELECT edge.{there} FROM edge JOIN walk ON edge.{here} = walk.lot)"
    )


def places_about(connection: Connection, subjects: Iterable[str]) -> list[int]:
    """The index of every event about any of the subjects, in log order."""
    rows = _in(
        connection,
        "SELECT touch.idx FROM touch JOIN subject ON subject.number = touch.subject "
        "WHERE subject.name",
        subjects,
    )
    return sorted({index for (index,) in rows})


def entries_at(connection: Connection, places: Sequence[int]) -> list[tuple[int, bytes]]:
    """(index, bytes) of the entries at these places, which are in order."""
    rows: dict[int, bytes] = {
        index: blob(data)
        for index, data in select(connection, "SELECT idx, data FROM entry WHERE idx", places)
    }
    sheaves = Sheaves(connection)
    for index in places:
        if index in rows:
            continue
        sheaf = sheaves.at(index)
        if sheaf is not None:
            rows[index] = sheaf.entries[index - sheaf.first]
    return sorted(rows.items())
