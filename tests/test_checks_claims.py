"""Checks about claims: accounts, models, waybills, papers, certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors import (
    AUTHORITY,
    EXPORTER,
    KG,
    MINE,
    TRADER,
    blended,
    cancelled,
    declared,
    dispatched,
    event,
    extracted,
    output,
    packed,
    refined,
    split,
)
from check_world import CheckWorld
from ledger.events.base import Draw
from ledger.values import Content, Grade

DAY = "2026-02-10T08:00:00Z"


@pytest.fixture
def world(tmp_path: Path) -> CheckWorld:
    return CheckWorld(tmp_path / "ledger.db")


def account(name: str = "A", model: str = "mass-balance", **fields: Any) -> Any:
    wanted = {"element": "Ta", "model": model, "begins": "2026-01-01", "ends": "2026-12-31"}
    return event("balance.opened", MINE, account=name, **{**wanted, **fields})


def credited(lot: str, mass: int, name: str = "A") -> Any:
    return event("balance.credited", MINE, account=name, mass=mass, lot=lot)


def ore(lot: str, mass: int = 100, content: int = 20) -> Any:
    """So many kilograms of dry ore with so much tantalum."""
    grade = content * 1_000_000_000 // mass
    return extracted(lot, mass * KG, basis="dry", grades=(Grade("Ta", grade),))


# ---------------------------------------------------------------- claimed twice


@pytest.mark.parametrize(("again", "found"), [(4, 0), (9, 1)])
def test_parts_of_a_credited_lot_hold_what_was_not_credited(
    world: CheckWorld, again: int, found: int
) -> None:
    """20 kg of Ta, 12 credited; one half holds 10, of which 6."""
    world.at(DAY, ore("G1"), account(), credited("G1", 12 * KG))
    world.at("2026-02-11T08:00:00Z", split("G1", Draw("H1", 50 * KG), Draw("H2", 50 * KG)))
    world.at("2026-02-12T08:00:00Z", credited("H1", again * KG))
    world.at("2026-02-12T09:00:00Z", credited("H2", 4 * KG))
    assert world.found("balance.counted-twice") == ["balance.counted-twice critical"] * found


def test_what_was_credited_is_followed_through_blends_and_processes(world: CheckWorld) -> None:
    world.at(DAY, ore("G1"), ore("G2"), account(), credited("G1", 20 * KG))
    world.at("2026-02-11T08:00:00Z", blended("B", "G1", "G2"))
    contents = (Content("Ta", 38 * KG),)
    concentrate = output("C", 90 * KG, contents=contents)
    tailings = output("T", 110 * KG, contents=(Content("Ta", 2 * KG),), role="residue")
    world.at("2026-02-12T08:00:00Z", refined("B", concentrate, tailings))
    world.at("2026-02-13T08:00:00Z", packed("D", "C"))
    # 19 of the 38 kg were credited before: another 19 may be, and no more.
    world.at("2026-02-14T08:00:00Z", credited("D", 19 * KG))
    assert world.found("balance.counted-twice") == []
    world.at("2026-02-15T08:00:00Z", blended("E", "D"), account("A2"))
    world.at("2026-02-16T08:00:00Z", credited("E", 2 * KG, "A2"))
    assert world.found("balance.counted-twice") == ["balance.counted-twice critical"]
    assert world.found("balance.counted-twice", slack=100_000_000) == []


def test_another_element_of_the_same_lot_may_be_credited(world: CheckWorld) -> None:
    grades = (Grade("Nb", 200_000_000), Grade("Ta", 200_000_000))
    world.at(DAY, extracted("G1", 100 * KG, basis="dry", grades=grades))
    world.at(DAY, account(), account("N", element="Nb"), credited("G1", 20 * KG))
    world.at("2026-02-11T08:00:00Z", split("G1", Draw("H1", 50 * KG), Draw("H2", 50 * KG)))
    world.at("2026-02-12T08:00:00Z", credited("H1", 10 * KG, "N"))
    assert world.found("balance.counted-twice") == []


# ---------------------------------------------------------------- claimed late


@pytest.mark.parametrize(("recorded", "found"), [("2026-05-30", 0), ("2026-06-01", 1)])
def test_an_account_used_long_after_its_period(
    world: CheckWorld, recorded: str, found: int
) -> None:
    world.at(DAY, ore("G1"), account(ends="2026-03-31"))
    late = credited("G1", KG)
    world.at("2026-03-30T08:00:00Z", late, recorded=f"{recorded}T08:00:00Z")
    assert world.found("balance.claimed-late") == ["balance.claimed-late major"] * found
    assert world.found("balance.claimed-late", days=70) == []


# ---------------------------------------------------------------- better than the books


def certified(lot: str, number: str = "C-1", **fields: Any) -> Any:
    wanted = {
        "certificate": number,
        "subject": f"lot:{lot}",
        "standard": "responsible supply",
        "valid_from": "2026-01-01",
        "valid_to": "2026-06-30",
    }
    return event("certificate.issued", AUTHORITY, **{**wanted, **fields})


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("segregated supply", 1),
        ("Identity-preserved", 1),
        ("mass balance", 0),
        ("segregated or mass balance", 0),
        ("not segregated", 0),
        ("tantalum", 0),
        (None, 0),
    ],
)
def test_a_certificate_promises_no_better_model_than_the_books_have(
    world: CheckWorld, scope: str | None, found: int
) -> None:
    world.at(DAY, ore("G1"), account(), credited("G1", KG))
    world.at("2026-02-11T08:00:00Z", certified("G1", scope=scope))
    world.at("2026-02-12T08:00:00Z", dispatched("G1"))
    assert world.found("claim.better-than-model") == ["claim.better-than-model critical"] * found


def test_a_promise_that_the_books_refute_is_found_before_the_lot_is_sent(
    world: CheckWorld,
) -> None:
    world.at(DAY, ore("G1"), account(), credited("G1", KG))
    world.at("2026-02-11T08:00:00Z", certified("G1", scope="segregated supply"))
    assert world.found("claim.better-than-model") == ["claim.better-than-model critical"]


def test_a_lot_that_degrades_after_its_certificate_is_found_when_it_is_sent(
    world: CheckWorld,
) -> None:
    world.at(DAY, ore("G1"), ore("G2"), account())
    world.at("2026-02-11T08:00:00Z", certified("G1", scope="identity preserved"))
    world.at("2026-02-11T08:00:00Z", certified("G2", "C-2", scope="identity preserved"))
    world.at("2026-02-12T08:00:00Z", credited("G1", KG))
    assert world.found("claim.better-than-model") == []
    world.at("2026-02-13T08:00:00Z", dispatched("G1", "G2"))
    assert world.found("claim.better-than-model") == ["claim.better-than-model critical"]


# ---------------------------------------------------------------- two addressees


def test_one_waybill_for_two_addressees(world: CheckWorld) -> None:
    world.at(DAY, ore("G1"), ore("G2"))
    world.at("2026-02-11T08:00:00Z", dispatched("G1", to=TRADER, waybill="W-1"))
    world.at("2026-02-12T08:00:00Z", dispatched("G2", to=EXPORTER, waybill="W-1"))
    assert world.found("waybill.two-addressees") == ["waybill.two-addressees major"]


def test_a_waybill_for_two_lots_or_sent_again_is_in_order(world: CheckWorld) -> None:
    world.at(DAY, ore("G1"), ore("G2"), ore("G3"))
    world.at("2026-02-11T08:00:00Z", dispatched("G1", to=TRADER, waybill="W-1"))
    world.at("2026-02-11T08:00:00Z", dispatched("G2", to=TRADER, waybill="W-1"))
    first = world.at("2026-02-12T08:00:00Z", dispatched("G3", to=TRADER, waybill="W-2"))
    world.at("2026-02-13T08:00:00Z", cancelled(first.event[0], "G3"))
    world.at("2026-02-14T08:00:00Z", dispatched("G3", to=EXPORTER, waybill="W-2"))
    assert world.found("waybill.two-addressees") == []


# ---------------------------------------------------------------- papers


def attached(lot: str, digest: str = "ab" * 32, kind: str = "waybill") -> Any:
    return event("document.attached", MINE, subject=f"lot:{lot}", digest=digest, kind=kind)


def test_a_paper_that_served_for_another_consignment_is_found(world: CheckWorld) -> None:
    world.at(DAY, ore("G1"), attached("G1"))
    world.at("2026-04-10T08:00:00Z", ore("G2"), attached("G2"), attached("G2", kind="photo"))
    assert world.found("document.reused") == ["document.reused major"]
    assert world.found("document.reused", days=90) == []


@pytest.mark.parametrize(
    ("kind", "when"), [("licence", "2026-09-10T08:00:00Z"), ("waybill", "2026-02-20T08:00:00Z")]
)
def test_a_lasting_paper_and_drums_of_one_consignment_are_in_order(
    world: CheckWorld, kind: str, when: str
) -> None:
    world.at(DAY, ore("G1"), attached("G1", kind=kind))
    world.at(when, ore("G2"), attached("G2", kind=kind))
    assert world.found("document.reused") == []


def test_a_paper_goes_with_what_becomes_of_the_lot(world: CheckWorld) -> None:
    world.at(DAY, ore("G1"), ore("G2"), attached("G1"))
    world.at("2026-03-10T08:00:00Z", blended("B", "G1", "G2"))
    world.at("2026-06-10T08:00:00Z", attached("B"))
    assert world.found("document.reused") == []


def test_one_paper_for_two_certificates_is_found(world: CheckWorld) -> None:
    paper = "cd" * 32
    world.at(DAY, ore("G1"), ore("G2"))
    world.at("2026-02-11T08:00:00Z", certified("G1", document=paper))
    world.at("2026-02-11T08:00:00Z", certified("G2", "C-2", document=paper))
    assert world.found("document.reused") == ["document.reused major"]


# ---------------------------------------------------------------- certificates


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-06-30T08:00:00Z", []),
        ("2026-07-01T08:00:00Z", ["certificate.expired major"]),
    ],
)
def test_a_certificate_holds_until_its_last_day(
    world: CheckWorld, when: str, expected: list[str]
) -> None:
    world.at(DAY, ore("G1"))
    world.at("2026-02-11T08:00:00Z", certified("G1"))
    world.at(when, dispatched("G1"))
    assert world.found("certificate.expired") == expected


def test_a_revoked_certificate_does_not_hold_unless_another_one_does(world: CheckWorld) -> None:
    revoked = event("certificate.revoked", AUTHORITY, certificate="C-1", reason="forged waybill")
    world.at(DAY, ore("G1"), ore("G2"))
    world.at("2026-02-11T08:00:00Z", certified("G1"))
    world.at("2026-02-12T08:00:00Z", revoked)
    world.at("2026-02-13T08:00:00Z", dispatched("G1"))
    (finding,) = world.findings("certificate.expired")
    assert finding.code == "certificate.revoked"
    assert len(finding.entries) == 3


def test_what_left_in_time_needs_its_certificate_no_more(world: CheckWorld) -> None:
    world.at(DAY, ore("G1"))
    world.at("2026-02-11T08:00:00Z", certified("G1", valid_to="2026-02-20"))
    world.at("2026-02-11T08:30:00Z", certified("G1", "C-2"))
    first = world.at("2026-03-13T08:00:00Z", dispatched("G1")).event[0]
    world.at("2026-07-20T08:00:00Z", cancelled(first, "G1"))
    world.at("2026-08-13T08:00:00Z", dispatched("G1"))
    assert world.found("certificate.expired") == []


@pytest.mark.parametrize(
    ("origins", "found"), [(("CD",), 1), (("RW",), 0), (("CD", "RW"), 0), ((), 0)]
)
def test_a_certificate_names_the_country_of_the_extraction(
    world: CheckWorld, origins: tuple[str, ...], found: int
) -> None:
    world.at(DAY, ore("G1"), declared("X1", 5 * KG))
    world.at(DAY, blended("B", "G1", "X1"))
    world.at("2026-02-11T08:00:00Z", certified("B", origins=origins))
    code = "certificate.other-origin critical"
    assert world.found("certificate.other-origin") == [code] * found
    assert world.found("certificate.other-origin", share=1_000_000_000) == []


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("gold and silver", 1),
        ("coltan from cooperatives", 0),
        ("Tantalum", 0),
        ("tin, tungsten, tantalum", 0),
        ("the whole site", 0),
        ("marigold seeds", 0),
    ],
)
def test_a_certificate_covers_what_is_in_the_lot(world: CheckWorld, scope: str, found: int) -> None:
    world.at(DAY, ore("G1"))
    world.at("2026-02-11T08:00:00Z", certified("G1", scope=scope))
    assert world.found("certificate.other-scope") == ["certificate.other-scope major"] * found


def test_nothing_is_said_of_a_lot_that_nobody_knows_the_inside_of(world: CheckWorld) -> None:
    world.at(DAY, extracted("G1", material="concentrate"))
    world.at("2026-02-11T08:00:00Z", certified("G1", scope="gold"))
    assert world.found("certificate.other-scope") == []
