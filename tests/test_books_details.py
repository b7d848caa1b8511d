"""Small promises of the books that are easily broken: scales, metal that goes nowhere, return."""

from __future__ import annotations

from actors import (
    GOVERNANCE,
    KG,
    MINE,
    PERCENT,
    World,
    event,
    extracted,
    output,
    refined,
    suspended,
    ta,
    weighed,
)
from ledger.values import Grade


def test_a_scale_cannot_borrow_the_tolerance_of_an_assay(world: World) -> None:
    world.record(extracted("A", 100 * KG))
    world.record(weighed("A", 102 * KG, instrument="assay"))
    assert "mass.excess" in world.codes()


def test_metal_that_no_output_holds_is_asked_about(world: World) -> None:
    world.record(
        extracted("A", 100 * KG, basis="dry", moisture=None, grades=(Grade("Ta", PERCENT),))
    )
    held = sum(e.mass for e in world.ledger.lot("A").amount.contents or ())
    assert held
    world.record(refined("A", output("B", 100 * KG, contents=ta(held // 2))))
    found = [f for f in world.ledger.verify().findings if f.code == "mass.element-unaccounted"]
    assert [f.severity for f in found] == ["major"]
    assert world.ledger.verify().verdict == "supported"


def test_a_suspended_party_may_come_back(world: World) -> None:
    back = event("party.reinstated", GOVERNANCE, party=MINE, reason="licence renewed")
    assert world.refused(back) == ["party.not-suspended"]
    world.record(suspended(MINE))
    assert world.refused(extracted("A")) == ["party.suspended"]
    world.record(back)
    world.record(extracted("A"))
    world.sound()
