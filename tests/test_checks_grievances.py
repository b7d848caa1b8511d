"""Checks about people: collections, risks, grievances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors import AUTHORITY, KG, MINE, TRADER, declared, event, extracted, refined
from check_world import CheckWorld
from ledger.events.lot_refined import Output


@pytest.fixture
def world(tmp_path: Path) -> CheckWorld:
    return CheckWorld(tmp_path / "ledger.db")


def at(day: str) -> str:
    return f"2026-{day}T08:00:00Z"


# ---------------------------------------------------------------- collections


def heap(lot: str, material: str = "mica scrap", **fields: Any) -> Any:
    return declared(lot, 900 * KG, TRADER, material=material, **fields)


def risk(subject: str, **fields: Any) -> Any:
    wanted = {
        "category": "a2-1c",
        "severity": "high",
        "likelihood": "medium",
        "response": "continue",
    }
    return event("risk.assessed", AUTHORITY, subject=subject, **{**wanted, **fields})


def test_mica_from_nowhere_is_a_gap(world: CheckWorld) -> None:
    world.at(at("02-10"), heap("M1"), heap("M2"), heap("C1", "Cobalt ore"))
    found = world.findings("collection.site-unknown")
    assert [(f.code, f.severity) for f in found] == [("collection.site-unknown", "info")] * 2
    assert "1800" in found[0].message


@pytest.mark.parametrize("subject", [f"party:{TRADER}", "party:" + MINE])
def test_whoever_looked_at_child_labour_has_no_gap(world: CheckWorld, subject: str) -> None:
    world.at(at("02-10"), heap("M1"))
    world.at(at("02-12"), risk(subject))
    codes = [] if TRADER in subject else ["collection.site-unknown info"]
    assert world.found("collection.site-unknown") == codes


def test_other_materials_and_reagents_are_no_gap_of_this_kind(world: CheckWorld) -> None:
    world.at(at("02-10"), heap("X1", "coltan ore"), heap("L1", "mica", origin="legacy"))
    salt = Output(lot="S1", material="cobalt sulfate", mass=1800 * KG, basis="dry", added=900 * KG)
    world.at(at("02-11"), refined("X1", salt, by=TRADER))
    assert world.found("collection.site-unknown") == []


# ---------------------------------------------------------------- risks


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, 1),
        ({"response": "suspend"}, 1),
        ({"response": "disengage"}, 0),
        ({"severity": "medium"}, 0),
    ],
)
def test_a_high_risk_is_looked_at_again_within_six_months(
    world: CheckWorld, fields: Any, found: int
) -> None:
    world.at(at("02-10"), risk("site:RW-GIH", **fields))
    world.at(at("08-01"), extracted("G1"))
    assert world.found("mitigation.stale") == []
    world.at(at("09-01"), extracted("G2"))
    assert world.found("mitigation.stale") == ["mitigation.stale major"] * found
    assert world.found("mitigation.stale", days=365) == []


@pytest.mark.parametrize("fields", [{}, {"severity": "low"}])
def test_a_new_word_on_it_starts_the_time_anew(world: CheckWorld, fields: Any) -> None:
    world.at(at("02-10"), risk("site:RW-GIH"))
    world.at(at("07-10"), risk("site:RW-GIH", **fields))
    world.at(at("09-01"), extracted("G1"))
    assert world.found("mitigation.stale") == []


def test_a_grave_incident_that_stands_still_is_found(world: CheckWorld) -> None:
    world.at(at("02-10"), opened("I-1", severity="high"), opened("I-2", severity="low"))
    for name in ("I-1", "I-2"):
        world.at(at("02-11"), updated(name, "acknowledged"))
    world.at(at("09-01"), extracted("G1"))
    assert world.found("mitigation.stale") == ["mitigation.stale major"]
    world.at(at("09-02"), updated("I-1", "assessed"))
    world.at(at("09-03"), updated("I-1", "remedied"))
    assert world.found("mitigation.stale") == []


# ---------------------------------------------------------------- grievances


def opened(name: str = "G-1", /, **fields: Any) -> Any:
    wanted = {
        "incident": name,
        "kind": "grievance",
        "category": "dust",
        "severity": "medium",
        "subjects": (f"party:{MINE}", "site:RW-GIH"),
        "complainant": "voice-17",
    }
    return event("incident.opened", AUTHORITY, **{**wanted, **fields})


def updated(name: str, status: str, by: str = AUTHORITY, **fields: Any) -> Any:
    return event("incident.updated", by, incident=name, status=status, **fields)


def closed(name: str = "G-1", outcome: str = "remedied", by: str = AUTHORITY) -> Any:
    return event("incident.closed", by, incident=name, outcome=outcome)


def told(world: CheckWorld, *days: str, kind: str = "grievance") -> None:
    """Opened, acknowledged, assessed, remedied, confirmed, closed: on these days."""
    statuses = ("acknowledged", "assessed", "remedied", "confirmed")
    world.at(at(days[0]), opened(kind=kind))
    for status, day in zip(statuses, days[1:], strict=False):
        fields = {"remedy": "water carts"} if status == "remedied" else {}
        world.at(at(day), updated("G-1", status, **fields))
    if len(days) == 6:
        world.at(at(days[5]), closed())


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (("02-10", "02-17", "03-01", "04-01", "04-10", "04-20"), 0),
        (("02-10", "02-18", "03-01", "04-01", "04-10", "04-20"), 1),
        (("02-10", "02-12", "03-01", "05-12", "05-13", "05-20"), 1),
        (("02-10", "02-18", "03-01", "05-12", "05-13", "05-20"), 2),
        (("02-10",), 1),
        (("02-10", "02-12", "03-01"), 1),
    ],
)
def test_a_complaint_is_answered_in_time(
    world: CheckWorld, days: tuple[str, ...], found: int
) -> None:
    told(world, *days)
    world.at(at("08-01"), extracted("G1"))
    assert world.found("grievance.late") == ["grievance.late major"] * found
    assert world.found("grievance.late", acknowledged=300, outcome=300) == []


def test_an_incident_has_no_such_deadline(world: CheckWorld) -> None:
    told(world, "02-10", kind="incident")
    world.at(at("08-01"), extracted("G1"))
    assert world.found("grievance.late") == []


@pytest.mark.parametrize(
    ("steps", "outcome", "missing"),
    [
        ((("remedied", AUTHORITY, True), ("confirmed", AUTHORITY, False)), "remedied", ""),
        ((("remedied", AUTHORITY, False), ("confirmed", AUTHORITY, False)), "remedied", "a remedy"),
        ((("remedied", AUTHORITY, True),), "remedied", "a confirmation"),
        ((("remedied", AUTHORITY, True), ("confirmed", MINE, False)), "remedied", "a confirmation"),
        ((), "unfounded", ""),
        ((), "transferred", ""),
    ],
)
def test_a_remedy_is_told_and_confirmed(
    world: CheckWorld, steps: tuple[tuple[str, str, bool], ...], outcome: str, missing: str
) -> None:
    world.at(at("02-10"), opened())
    world.at(at("02-11"), updated("G-1", "acknowledged"))
    world.at(at("02-12"), updated("G-1", "assessed"))
    for status, by, remedy in steps:
        fields = {"remedy": "water carts"} if remedy else {}
        world.at(at("03-01"), updated("G-1", status, by, **fields))
    world.at(at("03-10"), closed(outcome=outcome))
    found = world.findings("grievance.unremedied")
    assert [f.code for f in found] == ["grievance.unremedied"] * bool(missing)
    assert all(missing in f.message for f in found)


def test_a_complainant_who_is_a_party_confirms_for_itself(world: CheckWorld) -> None:
    world.at(at("02-10"), opened(complainant=TRADER, subjects=(f"party:{TRADER}",)))
    world.at(at("02-11"), updated("G-1", "acknowledged"))
    world.at(at("02-12"), updated("G-1", "assessed"))
    world.at(at("03-01"), updated("G-1", "remedied", remedy="paid"))
    world.at(at("03-02"), updated("G-1", "confirmed", TRADER))
    world.at(at("03-10"), closed())
    assert world.found("grievance.unremedied") == []
