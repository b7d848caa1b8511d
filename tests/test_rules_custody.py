"""A hand-over takes two, and what is held stays: each rule refuses, by its code."""

from __future__ import annotations

import pytest

from actors import (
    AUTHORITY,
    EXPORTER,
    KG,
    MINE,
    PERCENT,
    SMELTER,
    TRADER,
    World,
    blended,
    cancelled,
    dispatched,
    event,
    extracted,
    received,
    rejected,
    suspended,
    weighed,
)
from ledger.events import Event
from ledger.values import Grade

# ---------------------------------------------------------------- custody


@pytest.fixture
def sent(world: World) -> tuple[World, str]:
    """A lot of the mine, on its way to the trader."""
    world.record(extracted("A", basis="dry"))
    return world, world.record(dispatched("A")).event[0]


def test_a_lot_in_transit_is_nobodys_to_dispose_of(sent: tuple[World, str]) -> None:
    world, _ = sent
    assert world.refused(weighed("A", 5)) == ["lot.in-transit"]
    assert world.refused(weighed("A", 5, by=TRADER)) == ["lot.in-transit"]
    assert world.refused(dispatched("A", to=EXPORTER)) == ["lot.in-transit"]
    assert world.refused(blended("B", "A")) == ["lot.in-transit", "mass.empty"]


def test_a_lot_goes_to_somebody_else_who_may_act(world: World) -> None:
    world.record(extracted("A"))
    assert world.refused(dispatched("A", to="nobody.example")) == ["party.unknown"]
    assert world.refused(dispatched("A", to=MINE)) == ["custody.to-self"]
    world.record(suspended(TRADER))
    assert world.refused(dispatched("A")) == ["party.suspended"]


def test_a_lot_is_sent_by_its_holder_and_not_in_his_name(world: World) -> None:
    world.record(extracted("A"))
    codes = world.refused(dispatched("A", by=EXPORTER, cosigners=(MINE,)))
    assert codes == ["custody.not-giver"]


def test_a_lot_is_sent_once(sent: tuple[World, str]) -> None:
    world, _ = sent
    world.record(extracted("B"))
    assert world.refused(dispatched("B", "B")) == ["lot.in-transit"]


def test_only_the_taker_takes_over(sent: tuple[World, str]) -> None:
    world, dispatch = sent
    codes = world.refused(received(dispatch, ("A", 45 * KG), by=EXPORTER))
    assert codes == ["custody.not-taker"]
    codes = world.refused(received(dispatch, ("A", 45 * KG), giver=SMELTER))
    assert codes == ["custody.not-giver"]
    codes = world.refused(received("00" * 32, ("A", 45 * KG)))
    assert codes == ["custody.dispatch-mismatch"]
    world.record(received(dispatch, ("A", 45 * KG), basis="dry"))
    assert world.sound().ledger.lot("A").holder == TRADER


def test_what_has_arrived_does_not_arrive_again(sent: tuple[World, str]) -> None:
    world, dispatch = sent
    twice = received(dispatch, ("A", 45 * KG), ("A", 45 * KG))
    assert world.refused(twice) == ["custody.not-in-transit"]
    world.record(received(dispatch, ("A", 45 * KG), basis="dry"))
    again = received(dispatch, ("A", 45 * KG + 1))
    assert world.refused(again) == ["custody.not-in-transit"]
    assert world.refused(rejected(dispatch, "A")) == ["custody.not-in-transit"]
    assert world.refused(cancelled(dispatch, "A")) == ["custody.not-in-transit"]


def test_the_taker_rejects_and_the_giver_cancels(sent: tuple[World, str]) -> None:
    world, dispatch = sent
    assert world.refused(rejected(dispatch, "A", by=MINE)) == ["custody.not-taker"]
    assert world.refused(cancelled(dispatch, "A", by=TRADER)) == ["custody.not-giver"]
    assert world.refused(cancelled("00" * 32, "A")) == ["custody.dispatch-mismatch"]
    world.record(rejected(dispatch, "A"))
    again = world.record(dispatched("A", remark="again")).event[0]
    world.record(cancelled(again, "A"))
    lot = world.sound().ledger.lot("A")
    assert (lot.holder, lot.state) == (MINE, "held")


def test_grades_at_reception_are_judged_like_any(sent: tuple[World, str]) -> None:
    world, dispatch = sent
    wet = received(dispatch, ("A", 45 * KG), grades=(Grade("Ta", PERCENT),))
    assert world.refused(wet) == ["assay.moisture-missing"]


# ---------------------------------------------------------------- holds


def held(by: str = AUTHORITY, lot: str = "A") -> Event:
    return event("lot.held", by, lots=(lot,), reason="doubt")


def released(by: str = AUTHORITY, lot: str = "A") -> Event:
    return event("lot.released", by, lots=(lot,), reason="clear")


def test_a_lot_on_hold_stays_where_it_is_until_it_is_released(world: World) -> None:
    world.record(extracted("A"))
    world.record(held())
    assert world.refused(dispatched("A")) == ["lot.on-hold"]
    assert world.refused(blended("B", "A")) == ["lot.on-hold", "mass.empty"]
    assert world.refused(released(MINE)) == ["lot.not-on-hold"]
    world.record(released())
    world.record(dispatched("A"))
    world.sound()


def test_a_holder_holds_its_own(world: World) -> None:
    world.record(extracted("A"))
    world.record(held(MINE))
    assert world.refused(released()) == ["lot.not-on-hold"]
    assert world.refused(held(TRADER)) == ["custody.not-holder"]


# ---------------------------------------------------------------- corrections


def voided(one: str, *lots: str, by: str = MINE) -> Event:
    return event("event.voided", by, event=one, lots=tuple(sorted(lots)), reason="typo")


def test_the_last_event_is_undone_whole(world: World) -> None:
    world.record(extracted("A", 1000), extracted("B", 1000))
    before = world.ledger.lot("A").amount
    mixed = world.record(blended("C", "A", "B")).event[0]
    assert world.refused(voided(mixed, "A", "C")) == ["event.voided-in-part"] * 2
    assert world.refused(voided(mixed, "A", "B", "C", by=TRADER))[0] == "custody.not-holder"
    world.record(voided(mixed, "A", "B", "C"))
    world.sound()
    assert world.ledger.lot("A").amount == before
    assert world.ledger.lot("C").state == "closed"
    world.record(blended("D", "A", "B"))
    world.sound()


def test_what_is_built_upon_stands(world: World) -> None:
    first = world.record(extracted("A", 1000)).event[0]
    world.record(weighed("A", 1001))
    assert world.refused(voided(first, "A")) == ["event.built-upon"]


def test_what_two_did_together_is_not_undone_by_one(world: World) -> None:
    world.record(extracted("A", 1000, basis="dry"))
    dispatch = world.record(dispatched("A")).event[0]
    assert world.refused(voided(dispatch, "A")) == ["event.not-voidable"]
