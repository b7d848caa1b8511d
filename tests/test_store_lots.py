"""A lot packed into its row is the same lot when it is read, to the last milligram and byte."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import KG, World, extracted, split, weighed
from ledger.custody.amount import Amount, Element, Vector
from ledger.custody.books import Lot
from ledger.errors import StorageError
from ledger.events.base import Draw
from ledger.ledger import Ledger
from ledger.store.lots import STATES, pack, state, unpack

_pack = msgspec.msgpack.Encoder().encode

NAMES = st.text(min_size=1, max_size=12)
MASSES = st.integers(1, 10**15)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
VECTORS: st.SearchStrategy[Vector] = st.dictionaries(NAMES, MASSES, max_size=4).map(
    lambda found: tuple(sorted(found.items()))
)


def total(vector: Vector) -> int:
    return sum(mass for _, mass in vector)


@st.composite
def elements(draw: Any) -> Element:
    origins = draw(VECTORS)
    return Element(
        draw(NAMES),
        total(origins),
        draw(MASSES),
        draw(st.sampled_from(("element", "mass"))),
        origins,
    )


@st.composite
def amounts(draw: Any) -> Amount:
    origins = draw(VECTORS)
    return Amount(
        total(origins),
        draw(st.none() | MASSES),
        draw(st.none() | MASSES),
        draw(st.integers(0, 10**15)),
        origins,
        draw(st.none() | st.lists(elements(), max_size=3).map(tuple)),
    )


@st.composite
def lots(draw: Any, name: str = "BAG-1") -> Lot:
    head = draw(HASHES)
    return Lot(
        name,
        draw(NAMES),
        draw(NAMES),
        draw(st.sampled_from(("wet", "dry"))),
        draw(amounts()),
        head,
        draw(st.just(head) | HASHES),
        draw(st.sampled_from(STATES)),
        draw(st.just("") | NAMES),
        draw(st.just("") | HASHES),
        draw(st.just(0) | MASSES),
        draw(st.integers(0, 4)),
        tuple(draw(st.lists(st.tuples(NAMES, NAMES), max_size=2))),
        None,
        draw(st.integers(0, 500)),
    )


def again(lot: Lot) -> Lot:
    return unpack(lot.lot, lot.holder, STATES.index(lot.state), pack(lot))


@settings(deadline=None, max_examples=300)
@given(lots(), st.none() | st.just(b"") | lots(), st.data())
def test_any_lot_is_read_as_it_was_packed(lot: Lot, was: Lot | bytes | None, data: Any) -> None:
    if isinstance(was, Lot):
        # What it was before is seldom wholly different.
        same = data.draw(st.sets(st.sampled_from(Lot.__struct_fields__)))
        was = msgspec.structs.replace(was, **{name: getattr(lot, name) for name in same})
        was = _pack(msgspec.structs.replace(was, lot=lot.lot, undo=None))
    lot = msgspec.structs.replace(lot, undo=was)
    assert again(lot) == lot


def test_a_vector_that_does_not_add_up_is_kept_as_it_is() -> None:
    for origins in ((("a", 5), ("b", 3)), (("a", 7),), ()):
        amount = Amount(9, None, None, 0, origins, (Element("Ta", 4, 4, "mass", origins),))
        lot = Lot("L", "ore", "mine", "dry", amount, "00" * 32, "11" * 32)
        assert again(lot) == lot


def test_a_lot_in_a_row_is_less_than_half_of_it_whole(world: World) -> None:
    world.record(extracted("A"))
    world.record(weighed("A", 45_000_000))
    world.record(split("A", Draw("B", mass=20 * KG), Draw("C", mass=25 * KG)))
    for lot in world.ledger.lots():
        assert again(lot) == lot
        assert len(pack(lot)) < 0.55 * len(_pack(lot))


@settings(deadline=None, max_examples=300)
@given(lots(), st.binary(max_size=40), st.data())
def test_a_damaged_row_is_a_lot_or_our_error(lot: Lot, noise: bytes, data: Any) -> None:
    right = bytearray(pack(lot))
    place = data.draw(st.integers(0, len(right) - 1))
    for wrong in (noise, bytes(right[:place]), bytes(right[:place] + noise + right[place + 1 :])):
        try:
            assert isinstance(unpack("L", "mine", 0, wrong), Lot)
        except StorageError as error:
            assert error.code == "storage.corrupt"
            assert error.hint is not None


def test_what_is_no_state_and_no_holder_is_named() -> None:
    assert [state(place) for place in range(3)] == list(STATES)
    for place in (-1, 3, None, "held", 1.0, True):
        with pytest.raises(StorageError):
            state(place)
    lot = Lot("L", "ore", "mine", "dry", Amount(), "00" * 32, "11" * 32)
    with pytest.raises(StorageError):
        unpack("L", None, 0, pack(lot))


# ---------------------------------------------------------------- numbers


def rows(ledger: Ledger, sql: str) -> list[tuple[Any, ...]]:
    with ledger._reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql).all()]


def test_subjects_are_numbered_as_they_come_up(world: World) -> None:
    before = len(rows(world.ledger, "SELECT number FROM subject"))
    world.record(extracted("Z"), extracted("A"))
    world.record(weighed("A", 45_000_000))
    world.record(extracted("M"))
    found = rows(world.ledger, "SELECT number, name FROM subject ORDER BY number")
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    assert [name for _, name in found[before:] if name.startswith("lot:")] == [
        "lot:Z",
        "lot:A",
        "lot:M",
    ]
    kept = rows(world.ledger, "SELECT * FROM subject ORDER BY number")
    world.ledger.rebuild()
    assert rows(world.ledger, "SELECT * FROM subject ORDER BY number") == kept


def test_a_lot_knows_where_its_head_stands_and_what_was_spent(world: World) -> None:
    world.record(extracted("A"), weighed("A", 45_000_000))
    world.record(weighed("A", 44_000_000))
    heads = dict(rows(world.ledger, "SELECT name, head FROM lot JOIN subject USING (number)"))
    index, data = world.ledger.find(world.ledger.lot("A").head)
    assert heads["lot:A"] == index
    assert b"44000000" in data
    spent = rows(world.ledger, "SELECT head, successor FROM spent ORDER BY head")
    assert spent == [(index - 3, index - 2), (index - 2, index)]


def test_a_difference_is_told_by_the_name_of_what_it_is_in(world: World) -> None:
    world.record(extracted("A"))
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE lot SET head = 0")
        connection.exec_driver_sql(
            "DELETE FROM touch WHERE subject = (SELECT number FROM subject WHERE name = 'lot:A')"
        )
    assert [one.message.rpartition(" on ")[2] for one in world.ledger.check()] == [
        "lot at A",
        "touch at lot:A",
    ]
