"""The log in the database: append in one transaction, read in order, hashes for proofs.

Indexes are gapless because they come from the head row inside the writer's transaction,
never from a sequence. Entry bytes are stored as received and never spelled anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, count, repeat
from typing import Any

import msgspec

from ..errors import ConflictError, StorageError, UnknownError
from ..log import chain, merkle
from ..log.merkle import MAX_SIZE
from .database import Connection, blob
from .sheaves import LEVEL, SMALLEST, Sheaf, Sheaves, bind, cuts

__all__ = [
    "Batch",
    "Head",
    "add_checkpoint",
    "append",
    "checkpoint_at",
    "data_at",
    "entries",
    "entry",
    "event_key",
    "events_known",
    "find",
    "is_event",
    "head",
    "hashes",
    "latest_checkpoint",
    "registration_of",
    "select",
    "spend",
    "stated",
    "successor",
    "tree",
]

_STORED = 4
"""The lowest level of a subtree whose hash is stored; below, it is made from at most 8 leaves."""
_KEY_DIGITS = 12
"""Hexadecimal digits of an id that its key has."""
_ASKED = 500
"""Values in one question."""
_NODES_ASKED = 100
_STREAMED = 500
"""Rows read at a time."""


class Head(msgspec.Struct, frozen=True):
    """Where the log stands: number of entries, last chain hash, last recorded time."""

    size: int
    chain: bytes
    recorded_at: str


class Row(msgspec.Struct, frozen=True):
    """One entry; `leaf` and `chain` as they are stored, or follow from what is: see `sheaves`."""

    index: int
    data: bytes
    leaf: bytes
    chain: bytes


def head(connection: Connection) -> Head:
    """The head row; what it says is checked by `db check`, never trusted by a verifier."""
    row = connection.exec_driver_sql("SELECT size, chain, recorded_at FROM head").first()
    if row is None:
        raise StorageError("the head row is missing", code="storage.corrupt")
    size, link, recorded_at = row
    if not isinstance(size, int) or not isinstance(recorded_at, str):
        raise StorageError("the head row cannot be read", code="storage.corrupt")
    return Head(size, blob(link), recorded_at)


def _row(index: int, data: object, leaf: object, link: object) -> Row:
    return Row(index, blob(data), blob(leaf), blob(link))


def event_key(event_id: bytes) -> int:
    """What the index of events has of an id: its first 48 bits, as a signed number."""
    return int.from_bytes(event_id[:6], "big", signed=True)


def events_known(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of these event ids, those in the log: id -> (index, index of the registration)."""
    wanted: dict[int, list[bytes]] = {}
    for event_id in map(bytes.fromhex, ids):
        wanted.setdefault(event_key(event_id), []).append(event_id)
    places = sorted(
        (index, event_id)
        for key, index in select(connection, "SELECT key, idx FROM event WHERE key", [*wanted])
        for event_id in wanted[key]
    )
    leaves = hashes(connection, [(0, index) for index, _ in places])
    found = {
        event_id.hex(): index
        for (index, event_id), leaf in zip(places, leaves, strict=True)
        if leaf == event_id
    }
    starts: dict[int, int] = {}
    last = begin = -1
    for index in sorted(found.values()):
        # From one statement's start to the next, all events have the same registration.
        if not begin <= index < last:
            begin, last = _statement_around(connection, index)
        starts[index] = begin
    return {event_id: (index, starts[index]) for event_id, index in found.items()}


class Batch(msgspec.Struct, frozen=True):
    """A statement on its way into the log: its registration, its events, their leaf hashes."""

    registration: bytes
    events: Sequence[bytes]
    leaves: Sequence[bytes]

    @property
    def large(self) -> bool:
        """Whether its entries are bound into sheaves."""
        return len(self.events) >= SMALLEST


def _runs(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Large statements each alone, small ones that follow one another together."""
    run: list[Batch] = []
    for one in batches:
        if run and (one.large or run[0].large):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def append(connection: Connection, at: Head, batches: Sequence[Batch], recorded_at: str) -> Head:
    """Write statements after `at`, in order; each as rows, or bound into sheaves."""
    trunk = frontier(connection, at.size)
    link, first = at.chain, at.size
    rows: list[tuple[int, bytes, bytes, bytes]] = []
    sheaves: list[Sheaf] = []
    nodes: list[tuple[int, int, bytes]] = []
    keys: list[tuple[int, int]] = []
    firsts: list[tuple[int]] = []
    for run in _runs(batches):
        data = [entry for one in run for entry in (one.registration, *one.events)]
        leaves = [leaf for one in run for leaf in (merkle.leaf_hash(one.registration), *one.leaves)]
        links = list(accumulate(leaves, chain.link, initial=link))
        end = first + len(data)
        bound = run[0].large
        if bound:
            parts = [(begin - first, cut - first) for begin, cut in cuts(first, end)]
            sheaves += [Sheaf(first + a, links[a], links[b], tuple(data[a:b])) for a, b in parts]
        else:
            rows += zip(range(first, end), data, leaves, links[1:], strict=True)
        nodes += nodes_kept(trunk.extend(leaves), first, end, bound=bound)
        link = links[-1]
        for one in run:
            firsts.append((first,))
            keys += zip(map(event_key, one.leaves), count(first + 1), strict=False)
            first += 1 + len(one.events)
    execute = connection.exec_driver_sql
    if rows:
        execute("INSERT INTO entry (idx, data, leaf, chain) VALUES (?, ?, ?, ?)", rows)
    if sheaves:
        bind(connection, sheaves)
    if nodes:
        execute("INSERT INTO node (level, idx, hash) VALUES (?, ?, ?)", nodes)
    execute("INSERT INTO statement (first) VALUES (?)", firsts)
    execute("INSERT INTO event (key, idx) VALUES (?, ?)", sorted(keys))
    execute("UPDATE head SET size = ?, chain = ?, recorded_at = ?", (first, link, recorded_at))
    return Head(first, link, recorded_at)


def spend(
    connection: Connection, spent: Sequence[tuple[int, int, int]], *, again: bool = False
) -> None:
    """Write which head of which lot was built on by what: (number of the lot, head, successor).

    A head is spent once, whoever asks; with `again` those that are known already are passed.
    """
    if spent:
        connection.exec_driver_sql(
            "INSERT INTO spent (lot, head, successor) VALUES (?, ?, ?)"
            + (" ON CONFLICT DO NOTHING" if again else ""),
            spent,
        )


def nodes_kept(
    nodes: Iterable[tuple[int, int, bytes]], first: int, end: int, *, bound: bool
) -> list[tuple[int, int, bytes]]:
    """Of the nodes that the entries from `first` on have completed, those that are stored.

    Leaf hashes stand beside their entries, and few of them are soon hashed. What one sheaf has
    all leaves of follows from it, and is stored only where the next statement builds on it.
    """
    if not bound:
        return [one for one in nodes if one[0] >= _STORED]
    peaks = set(merkle.frontier_nodes(end))
    return [
        (level, index, value)
        for level, index, value in nodes
        if level > LEVEL or (level >= _STORED and index << level < first) or (level, index) in peaks
    ]


def frontier(connection: Connection, size: int) -> merkle.Frontier:
    """The incremental tree at `size`, from O(log size) stored hashes."""
    return merkle.Frontier(size, hashes(connection, merkle.frontier_nodes(size)))


def hashes(connection: Connection, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
    """Subtree hashes; (level, index) covers leaves [index << level, (index+1) << level)."""
    found: dict[merkle.Node, bytes] = {}
    low = {node: _leaves_of(node) for node in wanted if node[0] < _STORED}
    asked = sorted({index for leaves in low.values() for index in leaves})
    rows = select(connection, "SELECT idx, leaf FROM entry WHERE idx", asked)
    leaf_at = {index: blob(leaf) for index, leaf in rows}
    for node, leaves in low.items():
        if all(index in leaf_at for index in leaves):
            found[node] = merkle.root([leaf_at[index] for index in leaves])
    missing = [node for node in wanted if node not in found]
    for start in range(0, len(missing), _NODES_ASKED):
        part = missing[start : start + _NODES_ASKED]
        # SQLite reads the whole table for pairs with IN, and each of these from the index.
        stored = connection.exec_driver_sql(
            "SELECT level, idx, hash FROM node WHERE "
            + " OR ".join(["level = ? AND idx = ?"] * len(part)),
            tuple(number for node in part for number in node),
        )
        found |= {(level, index): blob(value) for level, index, value in stored}
    sheaves = Sheaves(connection)
    for level, index in sorted(set(missing) - found.keys(), key=_begins):
        value = sheaves.hash(level, index)
        if value is None and 0 < level < _STORED:
            # Some of its leaves stand in rows, some in a sheaf.
            value = merkle.root(hashes(connection, [(0, leaf) for leaf in low[level, index]]))
        if value is None:
            raise StorageError(
                f"tree hash {level}/{index} is missing from the database",
                code="storage.corrupt",
            )
        found[level, index] = value
    return [found[node] for node in wanted]


def _begins(node: merkle.Node) -> int:
    return node[1] << node[0]


def _leaves_of(node: merkle.Node) -> range:
    level, index = node
    return range(index << level, (index + 1) << level)


def select(connection: Connection, sql: str, wanted: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Rows of a query that ends before ``IN``, for as many values as may be."""
    for start in range(0, len(wanted), _ASKED):
        part = tuple(wanted[start : start + _ASKED])
        marks = ",".join("?" * len(part))
        yield from connection.exec_driver_sql(f"{sql} IN ({marks})", part)


def tree(connection: Connection, size: int | None = None) -> tuple[int, str]:
    """(size, root) of the log, or of its first entries, from the stored hashes."""
    count = head(connection).size if size is None else size
    return count, merkle.root_from(lambda nodes: hashes(connection, nodes), count).hex()


def entry(connection: Connection, index: int, sheaves: Sheaves | None = None) -> Row | None:
    """The entry at `index`, or None; whoever asks for many lends the same `sheaves` to each."""
    row = connection.exec_driver_sql(
        "SELECT idx, data, leaf, chain FROM entry WHERE idx = ?", (index,)
    ).first()
    if row is not None:
        return _row(*row)
    sheaf = (sheaves or Sheaves(connection)).at(index)
    return None if sheaf is None else _bound(sheaf, index)


def data_at(connection: Connection, index: int, sheaves: Sheaves | None = None) -> bytes:
    """The bytes of the entry at `index`; StorageError ``storage.corrupt`` if it is missing."""
    row = connection.exec_driver_sql("SELECT data FROM entry WHERE idx = ?", (index,)).first()
    if row is not None:
        return blob(row[0])
    sheaf = (sheaves or Sheaves(connection)).at(index)
    if sheaf is None:
        raise StorageError(f"entry {index} is missing from the database", code="storage.corrupt")
    return sheaf.entries[index - sheaf.first]


def _bound(sheaf: Sheaf, index: int) -> Row:
    place = index - sheaf.first
    return Row(index, sheaf.entries[place], sheaf.leaves[place], sheaf.links[place])


def entries(connection: Connection, start: int = 0, end: int | None = None) -> Iterator[Row]:
    """Entries in log order, streamed; memory does not grow with the log."""
    last = MAX_SIZE if end is None else end
    for part in _parts(connection, start, last):
        if isinstance(part, Row):
            yield part
        else:
            for index in range(max(start, part.first), min(part.end, last)):
                yield _bound(part, index)


def stated(
    connection: Connection, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, bytes, bytes | None, bytes | None]]:
    """The same for an auditor: (index, data, leaf, chain), the hashes where they are stored.

    An auditor makes every hash itself. Of a sheaf it has two to compare: the chain hash of the
    last entry, and that of the first, which follows from the one before.
    """
    last = MAX_SIZE if end is None else end
    for part in _parts(connection, start, last):
        if isinstance(part, Row):
            yield part.index, part.data, part.leaf, part.chain
            continue
        at, stop = max(start, part.first), min(part.end, last)
        data = part.entries[at - part.first : stop - part.first]
        links: list[bytes | None] = [None] * len(data)
        if data and at == part.first:
            links[0] = chain.link(part.before, merkle.leaf_hash(data[0]))
        if data and stop == part.end:
            links[-1] = part.chain
        yield from zip(range(at, stop), data, repeat(None), links, strict=False)


def _parts(connection: Connection, start: int, end: int) -> Iterator[Row | Sheaf]:
    """Rows and sheaves in log order.

    A row that stands where a sheaf has an entry is not passed over: it comes out of order.
    """
    at = start
    for sheaf in Sheaves(connection).between(start, end):
        yield from _rows(connection, at, sheaf.first)
        yield sheaf
        at = max(start, sheaf.first)
    yield from _rows(connection, at, end)


def _rows(connection: Connection, start: int, end: int) -> Iterator[Row]:
    while start < end:
        rows = connection.exec_driver_sql(
            "SELECT idx, data, leaf, chain FROM entry WHERE idx >= ? AND idx < ? "
            "ORDER BY idx LIMIT ?",
            (start, end, _STREAMED),
        ).all()
        for row in rows:
            yield _row(*row)
        if len(rows) < _STREAMED:
            return
        start = rows[-1][0] + 1


def successor(connection: Connection, lot: str, head: str) -> bytes | None:
    """The id of the event that built on this head of a lot, or None."""
    known = events_known(connection, [head])
    if not known:
        return None
    row = connection.exec_driver_sql(
        "SELECT spent.successor FROM spent JOIN subject ON subject.number = spent.lot "
        "WHERE subject.name = ? AND spent.head = ?",
        (f"lot:{lot}", known[head][0]),
    ).first()
    return None if row is None else hashes(connection, [(0, row[0])])[0]


def is_event(connection: Connection, index: int) -> bool:
    """Whether an event stands at `index`, so that no statement begins there."""
    return registration_of(connection, index) is not None


def registration_of(connection: Connection, index: int) -> int | None:
    """Where the registration of the event at `index` stands, or None."""
    if not 0 <= index < head(connection).size:
        return None
    begin, _ = _statement_around(connection, index)
    return None if begin == index else begin


def _statement_around(connection: Connection, index: int) -> tuple[int, int]:
    """Where the statement of this entry begins, and the next one."""
    row = connection.exec_driver_sql(
        "SELECT (SELECT max(first) FROM statement WHERE first <= ?), "
        "(SELECT min(first) FROM statement WHERE first > ?)",
        (index, index),
    ).first()
    begin, after = row if row is not None else (None, None)
    if not isinstance(begin, int):
        raise StorageError(f"event {index} has no statement", code="storage.corrupt")
    return begin, (after if isinstance(after, int) else MAX_SIZE)


def find(connection: Connection, start: str) -> int:
    """The index that `start` spells, or of the one event whose id begins so.

    An id may begin with digits alone: what is too large for an index here is read as one.
    """
    number = int(start) if start.isascii() and start.isdigit() and len(start) < 19 else None
    if number is not None and (number < head(connection).size or len(start) < 4):
        return number
    if not 4 <= len(start) <= 64 or not set(start) <= set("0123456789abcdef"):
        raise UnknownError(f"{start!r} is no index and no event id", code="entry.unknown")
    low = event_key(bytes.fromhex(start.ljust(64, "0")))
    high = event_key(bytes.fromhex(start.ljust(64, "f")))
    rows = connection.exec_driver_sql(
        "SELECT idx FROM event WHERE key BETWEEN ? AND ? LIMIT 100", (low, high)
    ).all()
    found = [index for (index,) in rows]
    if len(start) > _KEY_DIGITS:
        leaves = hashes(connection, [(0, index) for index in found])
        found = [i for i, leaf in zip(found, leaves, strict=True) if leaf.hex().startswith(start)]
    if not found and number is not None:
        return number
    if len(found) != 1:
        what = "more than one event has" if found else "no event has"
        raise UnknownError(f"{what} an id that begins {start}", code="entry.unknown")
    return int(found[0])


def add_checkpoint(connection: Connection, size: int, note: bytes) -> None:
    """Keep a signed checkpoint; a second one for the same size must be the same."""
    before = checkpoint_at(connection, size)
    if before is None:
        connection.exec_driver_sql("INSERT INTO checkpoint VALUES (?, ?)", (size, note))
    elif before != note:
        raise ConflictError(
            f"another checkpoint of size {size} was signed before", code="checkpoint.exists"
        )


def checkpoint_at(connection: Connection, size: int) -> bytes | None:
    """The checkpoint that was signed for exactly this size, or None."""
    row = connection.exec_driver_sql("SELECT note FROM checkpoint WHERE size = ?", (size,)).first()
    return None if row is None else blob(row[0])


def latest_checkpoint(connection: Connection) -> bytes | None:
    """The newest signed checkpoint, or None."""
    row = connection.exec_driver_sql(
        "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
    ).first()
    return None if row is None else blob(row[0])
