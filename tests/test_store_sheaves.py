"""Entries of statements of any size: read back byte for byte, proven as in a plain tree.

A statement is rows or sheaves, and nobody who reads can tell which.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, count
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import LOG, World, extracted, weighed
from ledger.custody.statement import Statement
from ledger.errors import LedgerError, StorageError, UnknownError
from ledger.ledger import Ledger
from ledger.log import chain, merkle, tiles
from ledger.store import entries as log
from ledger.store import sheaves, vandal
from ledger.store.database import Database
from ledger.store.sheaves import SMALLEST, Sheaves, cuts, pack, unpack

TIME = "2026-02-11T08:00:00Z"


def entry(number: int, padding: int = 0) -> bytes:
    """Any bytes: the store does not look into them."""
    return b"%d:" % number + bytes((number * 7 + place) % 251 for place in range(padding))


@contextmanager
def stored(sizes: Sequence[int]) -> Iterator[tuple[sqlalchemy.Connection, list[bytes]]]:
    """Statements of so many entries each, in tables of their own."""
    database = Database.in_memory()
    data: list[bytes] = []
    try:
        with database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO head VALUES (1, 0, ?, '')", (bytes(32),))
            for size in sizes:
                own = [entry(len(data) + n, (len(data) + n) % 90) for n in range(size)]
                leaves = [merkle.leaf_hash(one) for one in own[1:]]
                batch = log.Batch(own[0], own[1:], leaves)
                log.append(connection, log.head(connection), [batch], TIME)
                data += own
            yield connection, data
    finally:
        database.close()


SIZES = st.lists(
    st.one_of(
        st.integers(2, SMALLEST + 3),
        st.integers(2, 300),
        st.sampled_from((255, 256, 257, 258, 511, 513)),
    ),
    max_size=7,
)


@settings(deadline=None, max_examples=60)
@given(SIZES, st.data())
def test_any_mix_of_statements_reads_back_byte_for_byte(
    sizes: list[int], data: st.DataObject
) -> None:
    with stored(sizes) as (connection, wanted):
        leaves = [merkle.leaf_hash(one) for one in wanted]
        links = list(accumulate(leaves, chain.link, initial=chain.START))[1:]
        rows = [log.Row(*one) for one in zip(count(), wanted, leaves, links, strict=False)]
        assert list(log.entries(connection)) == rows
        start = data.draw(st.integers(0, len(wanted)))
        end = data.draw(st.integers(start, len(wanted) + 1))
        assert list(log.entries(connection, start, end)) == rows[start:end]
        assert [one[:2] for one in log.stated(connection, start, end)] == [
            (row.index, row.data) for row in rows[start:end]
        ]
        for index in data.draw(st.lists(st.integers(0, max(len(wanted) - 1, 0)), max_size=5)):
            assert log.entry(connection, index) == (rows[index] if rows else None)
        assert log.entry(connection, len(wanted)) is None
        for _, _, leaf, link in log.stated(connection):
            assert leaf is None or leaf in leaves
            assert link is None or link in links


@settings(deadline=None, max_examples=60)
@given(SIZES, st.data())
def test_any_proof_is_that_of_a_plain_tree(sizes: list[int], data: st.DataObject) -> None:
    with stored(sizes) as (connection, wanted):
        leaves = [merkle.leaf_hash(one) for one in wanted]

        def read(nodes: Sequence[merkle.Node]) -> list[bytes]:
            return log.hashes(connection, nodes)

        assert log.tree(connection) == (len(leaves), merkle.root(leaves).hex())
        if not leaves:
            return
        for _ in range(4):
            size = data.draw(st.integers(1, len(leaves)))
            index = data.draw(st.integers(0, size - 1))
            assert merkle.prove_inclusion_from(read, index, size) == merkle.prove_inclusion(
                leaves[:size], index
            )
            assert merkle.prove_consistency_from(read, index + 1, size) == merkle.prove_consistency(
                leaves, index + 1, size
            )
            assert log.frontier(connection, size).root() == merkle.root(leaves[:size])
        for tile in tiles.tiles_of(len(leaves)):
            assert read(tiles.nodes_of(tile)) == [
                merkle.root(leaves[index << level : index + 1 << level])
                for level, index in tiles.nodes_of(tile)
            ]


@settings(deadline=None, max_examples=40)
@given(SIZES)
def test_every_event_is_found_by_its_id_and_knows_its_statement(sizes: list[int]) -> None:
    with stored(sizes) as (connection, wanted):
        begins = list(accumulate(sizes, initial=0))[:-1]
        statement = {
            at: begin
            for begin, size in zip(begins, sizes, strict=True)
            for at in range(begin, begin + size)
        }
        ids = {merkle.leaf_hash(one).hex(): at for at, one in enumerate(wanted)}
        assert log.events_known(connection, sorted(ids)) == {
            one: (at, statement[at]) for one, at in ids.items() if at not in begins
        }
        for one, at in list(ids.items())[::17]:
            event = at not in begins
            assert log.is_event(connection, at) == event
            assert log.registration_of(connection, at) == (statement[at] if event else None)
            for start in (one, one[:12], one[:13], one[:8]):
                if event and not start.isdigit():
                    assert log.find(connection, start) == at
        assert not log.is_event(connection, len(wanted))
        assert not log.is_event(connection, -1)


def test_an_id_is_found_from_four_digits_on_and_no_other_is_taken_for_it() -> None:
    with stored([2, 400]) as (connection, wanted):
        ids = {merkle.leaf_hash(one).hex(): at for at, one in enumerate(wanted) if at not in (0, 2)}
        for one, at in ids.items():
            same = [other for other in ids if other.startswith(one[:4])]
            if one[:4].isdigit():
                continue
            if len(same) == 1:
                assert log.find(connection, one[:4]) == at
            else:
                with pytest.raises(UnknownError, match="more than one"):
                    log.find(connection, one[:4])
        some = next(iter(ids))
        # The index has 48 bits of an id; what is behind them is compared as well.
        for other in (some[:-1] + "0f"[some[-1] == "0"], some[:12] + "0" * 52):
            assert log.events_known(connection, [other]) == {}
            with pytest.raises(UnknownError):
                log.find(connection, other)
        last = merkle.leaf_hash(wanted[-1])
        with pytest.raises(sqlalchemy.exc.IntegrityError):
            connection.exec_driver_sql(
                "INSERT INTO event (key, idx) VALUES (?, ?)",
                (log.event_key(last), len(wanted) - 1),
            )


# ---------------------------------------------------------------- what is bound


def test_large_statements_are_bound_and_small_ones_are_rows() -> None:
    with stored([SMALLEST, SMALLEST + 1, 700]) as (connection, wanted):
        rows = connection.exec_driver_sql("SELECT count(*) FROM entry").scalar_one()
        assert rows == SMALLEST
        bound = connection.exec_driver_sql("SELECT first, size FROM sheaf ORDER BY first").all()
        assert [tuple(row) for row in bound] == [
            (begin, end - begin)
            for first, size in ((SMALLEST, SMALLEST + 1), (2 * SMALLEST + 1, 700))
            for begin, end in cuts(first, first + size)
        ]
        assert all(first // 256 == (first + size - 1) // 256 for first, size in bound)
        # Beside the peaks after each statement, no hash is kept of what one sheaf holds.
        nodes = connection.exec_driver_sql("SELECT count(*) FROM node").scalar_one()
        assert nodes < 80
        assert len(wanted) == 700 + 2 * SMALLEST + 1


def test_a_sheaf_is_no_larger_than_a_tile_of_the_largest_entries() -> None:
    largest = [bytes(65_535)] * 256
    data = pack(largest)
    assert len(data) < 80_000
    assert unpack(0, 256, data) == tuple(largest)
    bomb = b"\x01" + zlib.compress(bytes(tiles.MAX_BUNDLE + 1), 9)
    with pytest.raises(StorageError) as caught:
        unpack(0, 256, bomb)
    assert caught.value.code == "storage.corrupt"


def test_what_is_no_sheaf_is_named() -> None:
    right = pack([b"ab", b"cde"])
    assert unpack(7, 2, right) == (b"ab", b"cde")
    plain = zlib.decompress(right[1:])
    for size, data in (
        (1, right),
        (3, right),
        (0, right),
        (257, right),
        (2, b""),
        (2, right[1:]),
        (2, b"\x02" + right[1:]),
        (2, right + b"\x00"),
        (2, right[:-1]),
        (2, b"\x01" + zlib.compress(plain + b"\x00")),
        (2, b"\x01" + zlib.compress(plain[:-1])),
        (2, b"\x01" + zlib.compress(b"")),
        (2, b"\x01" + right[1:] + right[1:]),
    ):
        with pytest.raises(StorageError) as caught:
            unpack(7, size, data)
        assert caught.value.code == "storage.corrupt"
        assert "from 7 on" in str(caught.value)


# ---------------------------------------------------------------- in a ledger


def bulk(world: World, count: int = 40, name: str = "L") -> World:
    world.record(*(extracted(f"{name}{number}") for number in range(count)))
    return world


def codes(ledger: Ledger) -> list[str]:
    """What verification finds, or the code of the error in its place."""
    try:
        report = ledger.verify()
    except LedgerError as error:
        return [error.code]
    return [one.code for one in report.findings if one.severity in ("error", "critical")]


def test_a_bulk_statement_is_like_any_other(world: World) -> None:
    bulk(world, 600)
    world.record(weighed("L7", 44_000_000))
    signed = world.ledger.checkpoint(LOG)
    assert world.ledger.checkpoint(LOG, full=True) == signed
    world.sound()
    assert world.ledger.check() == []
    with Ledger.open(world.path, read_only=True) as reader:
        assert list(reader.sources()) == list(world.ledger.sources())
        assert reader.check() == []
        assert reader.trace("L7").subject == "L7"
        assert reader.bundle("L7").subject == "L7"


def test_the_same_bulk_statement_again_returns_the_first_receipt(world: World) -> None:
    statement = world.draft(*(extracted(f"L{number}") for number in range(300)))
    first = world.ledger.register(statement)
    world.record(extracted("A"))
    again = world.ledger.register(statement)
    assert (again.index, again.event, again.size) == (first.index, first.event, first.size)
    part = Statement.draft(world.ledger.id, statement.events[40:])
    with pytest.raises(LedgerError) as caught:
        world.ledger.register(part)
    assert caught.value.code == "event.duplicate"
    world.sound()


def unguarded(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, isolation_level=None)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    return raw


def test_a_flip_of_any_byte_of_a_sheaf_is_an_error_or_a_finding(world: World) -> None:
    bulk(world, SMALLEST)
    raw = unguarded(world.path)
    ((first, size, before, after, data),) = raw.execute(
        "SELECT first, size, before, chain, data FROM sheaf"
    ).fetchall()
    whole = tuple(one.data for one in world.ledger.sources())
    for column, value in (("before", before), ("chain", after), ("data", data)):
        for place in range(len(value)):
            broken = bytearray(value)
            broken[place] ^= 1 << place % 8
            raw.execute(f"UPDATE sheaf SET {column} = ?", (bytes(broken),))
            if column != "data":
                assert "entry.chain-broken" in codes(world.ledger)
            else:
                try:
                    entries = unpack(first, size, bytes(broken))
                except StorageError:
                    assert place % 50 or codes(world.ledger) == ["storage.corrupt"]
                else:
                    # Padding of the last block says nothing.
                    assert entries == whole[first : first + size]
        raw.execute(f"UPDATE sheaf SET {column} = ?", (value,))
    raw.close()
    world.sound()


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ("UPDATE sheaf SET first = first + 1", "entry.missing"),
        ("UPDATE sheaf SET first = first - 1", "entry.missing"),
        ("UPDATE sheaf SET size = size - 1", "storage.corrupt"),
        ("UPDATE sheaf SET size = size + 1", "storage.corrupt"),
        ("UPDATE sheaf SET data = zeroblob(length(data))", "storage.corrupt"),
        ("DELETE FROM sheaf", "entry.missing"),
        (
            "INSERT INTO sheaf SELECT first + 1, size, before, chain, data FROM sheaf",
            "entry.missing",
        ),
        (
            "INSERT INTO entry SELECT sheaf.first + 3, entry.data, leaf, entry.chain "
            "FROM sheaf, entry WHERE idx = 3",
            "entry.missing",
        ),
    ],
)
def test_a_sheaf_that_was_moved_doubled_or_changed_is_noticed(
    world: World, change: str, wanted: str
) -> None:
    bulk(world, 30)
    world.record(extracted("LAST"))
    raw = unguarded(world.path)
    raw.execute(change)
    raw.close()
    assert wanted in codes(world.ledger)


def test_another_entry_in_a_sheaf_is_found_out_as_in_a_row(world: World) -> None:
    bulk(world, 300)
    world.ledger.checkpoint(LOG)
    size = world.ledger.head().size
    world.ledger.close()
    with Ledger.open(world.path, read_only=True) as reader:
        index, data = reader.find(str(size - 20))
    vandal.overwrite(world.path, index, data.replace(b'"mass":45', b'"mass":46'))
    with Ledger.open(world.path) as ledger:
        found = codes(ledger)
        assert "entry.chain-broken" in found
        assert "statement.root-mismatch" in found
        with pytest.raises(StorageError) as caught:
            ledger.checkpoint(LOG, full=True)
        assert caught.value.code == "log.damaged"


def test_a_log_that_was_cut_within_a_sheaf_is_short(world: World) -> None:
    bulk(world, 300)
    size = world.ledger.head().size
    world.ledger.close()
    vandal.cut(world.path, size - 100)
    with Ledger.open(world.path) as ledger:
        assert ledger.head().size == size - 100
        assert "statement.count-mismatch" in codes(ledger)
        assert len(list(ledger.sources())) == size - 100


def test_the_sheaf_that_was_read_last_is_not_unpacked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk(world, 600)
    asked: list[int] = []
    right = sheaves.unpack

    def counted(first: int, size: int, data: bytes) -> tuple[bytes, ...]:
        asked.append(first)
        return right(first, size, data)

    monkeypatch.setattr(sheaves, "unpack", counted)
    size = world.ledger.head().size
    with world.ledger._reading() as connection:
        several = Sheaves(connection)
        for index in range(size - 600, size):
            assert log.entry(connection, index, several) is not None
    assert len(asked) == len(set(asked)) <= 4
