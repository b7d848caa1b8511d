"""What we are compared with when no stranger is: the parts alone, as fast as Python has them.

V   raw Ed25519 verification, one core, over the same statements' texts
H   the RFC 6962 tree over the same events, plain Python
SB  SQLite `executemany` of the same rows, under the product's own settings
CP  PostgreSQL binary COPY of the same rows
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks.measure import Timing, timed
from benchmarks.workload import Batch, signer
from ledger.events import decode
from ledger.events.lots_blended import LotsBlended
from ledger.ledger import Ledger

__all__ = ["Row", "bare_walk", "copy_rows", "log_rows", "raw_hashes", "raw_rows", "raw_signatures"]

Row = tuple[int, bytes, bytes, bytes]
"""(index, bytes, leaf hash, chain hash): what every store of this log has to hold."""


def raw_signatures(batches: Sequence[Batch], at_least: int = 2000) -> Timing:
    """V: every statement's signature, by the library's own verify; a unit is a signature."""
    work = []
    for one in batches[:at_least]:
        (line,) = one.statement.signatures
        key = signer(line.name).verifier.public_key
        work.append((key, line.blob, one.statement.header.text().encode()))
    turns = -(-at_least // len(work))

    def verify() -> None:
        for _ in range(turns):
            for key, blob, text in work:
                Ed25519PublicKey.from_public_bytes(key).verify(blob, text)

    return timed(verify, turns * len(work))


def raw_hashes(events: Sequence[bytes]) -> Timing:
    """H: leaf hashes and the tree above them, level by level; a unit is an event."""

    def tree() -> None:
        level = [sha256(b"\0" + data).digest() for data in events]
        while len(level) > 1:
            above = [
                sha256(b"\1" + left + right).digest()
                for left, right in zip(level[::2], level[1::2], strict=False)
            ]
            # The last of an odd level goes up as it is: the tree that RFC 6962 draws.
            level = above + level[len(above) * 2 :]

    return timed(tree, len(events))


def log_rows(place: Path) -> list[Row]:
    """The rows of a ledger: what the log is, without any table made from it."""
    with Ledger.open(place, read_only=True) as ledger:
        return [
            (one.index, one.data, one.leaf or b"", one.chain or b"") for one in ledger.sources()
        ]


def raw_rows(place: Path, rows: Sequence[Row], per: int, settings: Sequence[str]) -> Timing:
    """SB: `per` rows in each transaction, under these PRAGMAs; a unit is a row."""
    connection = sqlite3.connect(place, isolation_level=None)
    for setting in settings:
        connection.execute(f"PRAGMA {setting}").fetchall()
    connection.execute(
        "CREATE TABLE entry (idx INTEGER PRIMARY KEY, data BLOB, leaf BLOB, chain BLOB) STRICT"
    )

    def insert() -> None:
        for start in range(0, len(rows), per):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO entry VALUES (?, ?, ?, ?)", rows[start : start + per]
            )
            connection.execute("COMMIT")

    found = timed(insert, len(rows))
    connection.close()
    return found


def bare_walk(place: Path, events: Sequence[bytes], product: str, turns: int) -> Timing:
    """One recursive query over edges, and nothing done with its rows; a unit is an ancestor.

    Lots are numbers, with their names in a table beside; edges are clustered by target.
    """
    blends = [event for event in map(decode, events) if isinstance(event, LotsBlended)]
    names = [name for one in blends for name in (*(draw.lot for draw in one.inputs), one.lot)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    connection = sqlite3.connect(place)
    connection.executescript(
        "CREATE TABLE lot (number INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TABLE edge (target INTEGER, source INTEGER, mass INTEGER, "
        "PRIMARY KEY (target, source)) WITHOUT ROWID"
    )
    connection.executemany("INSERT INTO lot VALUES (?, ?)", ((n, s) for s, n in numbers.items()))
    connection.executemany(
        "INSERT INTO edge VALUES (?, ?, ?)",
        (
            (numbers[one.lot], numbers[draw.lot], draw.mass or 0)
            for one in blends
            for draw in one.inputs
        ),
    )
    connection.commit()
    found: list[tuple[int, int, int, str]] = []

    def walk() -> None:
        for _ in range(turns):
            found[:] = connection.execute(
                "WITH RECURSIVE up (lot) AS (SELECT ? UNION "
                "SELECT source FROM up JOIN edge ON target = lot) "
                "SELECT target, source, mass, name "
                "FROM up JOIN edge ON target = lot JOIN lot ON number = source",
                (numbers[product],),
            )

    took = timed(walk, 1)
    connection.close()
    return Timing(len({source for _, source, _, _ in found}) * turns, took.wall, took.cpu)


def copy_rows(connection: Any, rows: Sequence[Row], per: int) -> Timing:
    """CP: `per` rows in each transaction by binary COPY; a unit is a row."""
    cursor = connection.cursor()
    cursor.execute("DROP TABLE IF EXISTS bench_entry")
    cursor.execute(
        "CREATE TABLE bench_entry (idx bigint PRIMARY KEY, data bytea, leaf bytea, chain bytea)"
    )
    connection.commit()

    def insert() -> None:
        for start in range(0, len(rows), per):
            with cursor.copy("COPY bench_entry FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["int8", "bytea", "bytea", "bytea"])
                for row in rows[start : start + per]:
                    copy.write_row(row)
            connection.commit()

    return timed(insert, len(rows))
