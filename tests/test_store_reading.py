"""Reading alone: one past for as long as it lasts, nothing written, nothing left open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors import KG, World, extracted, split, weighed
from ledger.errors import StorageError, UnknownError
from ledger.events.base import Draw
from ledger.ledger import Ledger
from postgres_server import BOTH


@BOTH
def test_reading_answers_as_writing_does(world: World) -> None:
    world.record(*(extracted(f"L{n}") for n in range(5)))
    world.record(weighed("L1", 45_000_000))
    with Ledger.open(world.path, read_only=True) as reader:
        assert reader.head() == world.ledger.head()
        assert reader.lots() == world.ledger.lots()
        assert list(reader.sources()) == list(world.ledger.sources())
        assert reader.check() == []
        assert reader.verify() == world.ledger.verify()
        assert reader.latest_checkpoint() == world.ledger.latest_checkpoint()


def test_lots_are_counted_by_their_state(world: World) -> None:
    assert world.ledger.counts() == {}
    world.record(extracted("A"), extracted("B"))
    assert world.ledger.counts() == {"held": 2}
    with world.ledger.writing() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT state, count(*) FROM lot GROUP BY state"
        ).all()
    assert "COVERING INDEX" in str(plan)


@BOTH
def test_a_reader_sees_one_past_while_it_reads_and_the_next_when_it_asks_again(
    world: World,
) -> None:
    world.record(extracted("A"))
    with Ledger.open(world.path, read_only=True) as reader:
        first = reader.sources()
        begun = next(first)
        # Another question meanwhile has a transaction of its own.
        size = reader.head().size
        assert [begun.index, *(one.index for one in first)] == list(range(size))
        world.record(extracted("B"))
        assert reader.head().size > size


@BOTH
def test_a_reader_that_was_closed_in_the_middle_leaves_nothing_open(world: World) -> None:
    world.record(extracted("A"))
    reader = Ledger.open(world.path, read_only=True)
    reading = reader.sources()
    next(reading)
    reader.close()
    reading.close()
    # On Windows, and for who restores a backup, a file that is open is in the way.
    assert open_files(world.path) == 0


def open_files(path: Path) -> int:
    """How often this process has the file open, but for the world's own ledger; 0 if unknown."""
    links = Path("/proc/self/fd")
    if not links.is_dir():
        return 0
    found = 0
    for link in links.iterdir():
        try:
            mode = Path(f"/proc/self/fdinfo/{link.name}").read_text().split("flags:")[1].split()[0]
            found += link.readlink() == path and int(mode, 8) & 3 == os.O_RDONLY
        except FileNotFoundError:
            continue
    return found


@BOTH
def test_nothing_is_written_through_a_reader(world: World) -> None:
    with Ledger.open(world.path, read_only=True) as reader:
        with pytest.raises(StorageError) as caught, reader._reading() as connection:
            connection.exec_driver_sql("DELETE FROM lot")
        assert caught.value.code == "storage.read-only"
        with pytest.raises(StorageError) as caught, reader.writing():
            pass
        assert caught.value.code == "storage.read-only"


def test_names_that_are_no_text_and_rows_that_are_no_text_have_our_errors(world: World) -> None:
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET recorded_at = CAST(x'FF' AS TEXT)")
    with Ledger.open(world.path, read_only=True) as reader:
        with pytest.raises(UnknownError):
            reader.lot("\ud800")
        with pytest.raises(StorageError) as caught:
            reader.head()
        assert caught.value.code == "storage.corrupt"


@BOTH
def test_one_value_is_one_value(world: World) -> None:
    with Ledger.open(world.path, read_only=True) as reader:
        for sql in ("SELECT 1 WHERE 0", "SELECT 1 UNION SELECT 2"):
            with pytest.raises(StorageError), reader._reading() as connection:
                connection.exec_driver_sql(sql).scalar_one()


def test_what_a_lot_flowed_into_is_one_question_however_many(world: World) -> None:
    world.record(extracted("A"))
    world.record(split("A", Draw("B", mass=20 * KG), Draw("C", mass=25 * KG)))
    world.record(split("B", Draw("D", mass=9 * KG), Draw("E", mass=11 * KG)))
    asked: list[str] = []
    with Ledger.open(world.path, read_only=True) as reader:
        inside = reader._database._reader
        assert inside is not None
        inside._idle[0].set_trace_callback(asked.append)
        assert [lot.lot for lot in reader.downstream("A")] == ["A", "B", "C", "D", "E"]
        assert [lot.lot for lot in reader.downstream("B")] == ["B", "D", "E"]
        assert [lot.lot for lot in reader.downstream("E")] == ["E"]
    # For each: does the lot exist, what is below it, and two transactions around them.
    assert sum("SELECT" in sql for sql in asked) == 6


@BOTH
def test_an_id_that_begins_with_digits_is_found_by_them(world: World) -> None:
    lots = (extracted(f"D-{number}") for number in range(400))
    ids = world.record(*lots).event
    start, index = next((one[:6], at) for at, one in enumerate(ids) if one[:6].isdigit())
    size = world.ledger.head().size
    assert world.ledger.find(start)[0] == size - len(ids) + index
    assert world.ledger.find("3")[0] == 3
    for none in (str(size), "999999999999"):
        with pytest.raises(UnknownError, match=none):
            world.ledger.find(none)
