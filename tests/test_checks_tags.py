"""Checks about tags: issued, used, given back, used twice; and certificates used up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import (
    AUTHORITY,
    KG,
    MINE,
    SMELTER,
    TRADER,
    blended,
    dispatched,
    event,
    extracted,
    packed,
    received,
    rejected,
    site,
    split,
)
from check_world import CheckWorld
from ledger.audit.tags import TagBook, folded
from ledger.effects import Claim
from ledger.events import Event
from ledger.events.base import Draw

DUG = "2026-02-10T08:00:00Z"
LATER = "2026-02-12T08:00:00Z"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CheckWorld]:
    world = CheckWorld(tmp_path / "ledger.db")
    yield world
    world.ledger.close()


def issued(
    series: str = "S1", first: int = 1, last: int = 50, where: str = "RW-GIH", **fields: Any
) -> Event:
    wanted = {"series": series, "kind": "mine", "prefix": "MT-", "first": first, "last": last}
    return event("tags.issued", AUTHORITY, site=where, **{**wanted, **fields})


def voided(*tags: str, series: str = "S1", reason: str = "spoiled") -> Event:
    return event("tags.voided", AUTHORITY, series=series, tags=tags, reason=reason)


def tagged(lot: str, *applied: str, off: tuple[str, ...] = (), by: str = MINE) -> Event:
    return event("lot.tagged", by, lot=lot, applied=applied, removed=off)


def undone(world: CheckWorld, lot: str) -> Event:
    return event("event.voided", MINE, event=world.ledger.lot(lot).head, lots=(lot,), reason="typo")


# ---------------------------------------------------------------- the book


def claim(status: str, name: str = "S1", **facts: Any) -> Claim:
    return Claim(f"tags:{name}", "tags", status, facts)


def test_a_tag_is_found_by_its_prefix_and_number_whatever_noughts_stand_between() -> None:
    book = TagBook()
    facts = {"kind": "mine", "prefix": "T2", "first": 1, "last": 99, "site": "A"}
    book.note(claim("issued", **facts), 3, DUG)
    assert [(one.series, number) for one, number in book.find("T207")] == [("S1", 7)]
    assert [number for _, number in book.find("T2007")] == [7]
    for other in ("T2", "T2100", "T20", "X207", "T2x7", "T2" + "9" * 40, ""):
        assert list(book.find(other)) == []
    assert [number for _, number in book.like("T2100")] == [100]


def test_what_is_voided_or_issued_again_changes_the_first_series_only() -> None:
    book = TagBook()
    facts = {"kind": "mine", "prefix": "T-", "first": 1, "last": 9, "site": "A"}
    assert book.note(claim("voided", tags=("T-1",)), 2, DUG) is None
    book.note(claim("issued", **facts), 3, DUG)
    known = book.note(claim("voided", tags=("T-4", "X-5", "T-", "T-x")), 4, LATER)
    assert known is not None and known.voided == {4: LATER} and known.size == 9
    assert book.note(claim("issued", **{**facts, "last": 99}), 5, DUG) is known
    assert known.last == 9
    assert book.note(Claim("lot:A", "tags", "applied", {}), 6, DUG) is None


def test_tags_that_a_careless_reader_confuses_are_folded_into_one() -> None:
    assert folded("mt-O7Il") == folded("MT-0711") == "mt-0711"
    assert folded("MT-8B") != folded("MT-88")


# ---------------------------------------------------------------- not issued, elsewhere, voided


def test_a_tag_of_no_series_at_a_site_that_has_series_is_found(world: CheckWorld) -> None:
    world.at(DUG, issued())
    world.at(LATER, extracted("G1", tags=("XX-1", "XX-2")), extracted("G2", tags=("MT-51",)))
    one, two = world.findings("tag.not-issued")
    assert (one.code, one.severity, one.subject) == ("tag.not-issued", "major", "lot:G1")
    assert "tag XX-1 and 1 more at RW-GIH" in one.message
    assert two.subject == "lot:G2"


def test_a_tag_used_before_its_series_was_issued_is_found(world: CheckWorld) -> None:
    world.at(LATER, issued())
    world.at(DUG, extracted("G1", tags=("MT-7",)), recorded="2026-02-13T08:00:00Z")
    assert world.found("tag.not-issued") == ["tag.not-issued major"]


def test_a_series_that_was_recorded_late_is_no_finding(world: CheckWorld) -> None:
    world.at(DUG, issued("S0", 900, 950))
    world.at("2026-02-11T08:00:00Z", extracted("G1", tags=("MT-7",)))
    world.at(DUG, issued(), recorded=LATER)
    assert world.found("tag.not-issued") == []


def test_where_no_series_was_issued_tags_are_not_looked_at(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", tags=("MT-7",)))
    world.at(LATER, issued("S9", prefix="KT-", where="CD-RUB"))
    world.at(LATER, extracted("G2", tags=("XX-7",)), tagged("G1", "YY-3"))
    assert world.found("tag.not-issued") == []


def test_a_tag_of_another_site_is_found_when_dug_and_when_tagged(world: CheckWorld) -> None:
    world.at(DUG, issued(), issued("S2", 51, 99, "CD-RUB"))
    world.at(LATER, extracted("G1", tags=("MT-7",)), extracted("G2", tags=("MT-63", "MT-64")))
    world.at(LATER, tagged("G1", "MT-65"))
    one, two = world.findings("tag.not-issued")
    assert (one.code, one.severity, one.subject) == ("tag.other-site", "critical", "lot:G2")
    assert "tag MT-63 and 1 more of series S2, issued for CD-RUB" in one.message
    assert two.subject == "lot:G1"


def test_tags_of_traders_and_lots_of_unknown_places_are_no_tags_of_another_site(
    world: CheckWorld,
) -> None:
    world.at(DUG, issued("S2", 51, 99, "CD-RUB"), issued("N", 1, 9, "RW-KGL", kind="negociant"))
    bought = event(
        "lot.declared",
        MINE,
        lot="X",
        material="coltan ore",
        mass=45 * KG,
        basis="dry",
        origin="unknown",
        reason="bought",
    )
    world.at(LATER, extracted("G1"), bought)
    world.at(LATER, tagged("G1", "MT-5"), tagged("X", "MT-60"))
    assert world.found("tag.not-issued") == []


def test_a_voided_tag_that_is_used_is_found_unless_it_broke_afterwards(world: CheckWorld) -> None:
    world.at(DUG, issued(), voided("MT-7", reason="lost"))
    world.at(LATER, extracted("G1", tags=("MT-7",)), extracted("G2", tags=("MT-8",)))
    world.at("2026-02-13T08:00:00Z", voided("MT-8"))
    (finding,) = world.findings("tag.not-issued")
    assert (finding.code, finding.severity, finding.subject) == ("tag.voided", "critical", "lot:G1")


# ---------------------------------------------------------------- age


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2026-05-11", []),
        ("2026-05-12", ["tag.old minor"]),
        ("2026-08-09", ["tag.old minor"]),
        ("2026-08-10", ["tag.old major"]),
    ],
)
def test_tags_grow_old(world: CheckWorld, day: str, found: list[str]) -> None:
    world.at(DUG, issued())
    world.at(f"{day}T08:00:00Z", extracted("G1", tags=("MT-7",)))
    assert world.found("tag.old") == found


def test_the_oldest_use_of_a_series_is_the_one_that_is_told(world: CheckWorld) -> None:
    world.at(DUG, issued())
    world.at("2026-05-20T08:00:00Z", extracted("G1", tags=("MT-7",)))
    world.at("2026-06-20T08:00:00Z", extracted("G2", tags=("MT-8",)))
    (finding,) = world.findings("tag.old")
    assert "2 tags of series S1" in finding.message and "MT-8 on lot G2 130 days" in finding.message
    assert world.found("tag.old", days=130) == []
    assert world.found("tag.old", major_days=100) == ["tag.old major"]


# ---------------------------------------------------------------- given back


def test_tags_that_are_neither_used_nor_given_back_are_missed(world: CheckWorld) -> None:
    world.at(DUG, issued())
    used = tuple(f"MT-{number}" for number in range(1, 41))
    world.at(LATER, extracted("G1", tags=used), voided("MT-41", "MT-3"))
    world.at("2026-08-09T08:00:00Z", extracted("G2"))
    assert world.found("tags.unreconciled") == []
    world.at("2026-08-10T08:00:00Z", extracted("G3"))
    (finding,) = world.findings("tags.unreconciled")
    assert (finding.severity, finding.subject) == ("major", "tags:S1")
    assert finding.message.startswith("9 of 50 tags of series S1")
    assert world.found("tags.unreconciled", days=300) == []
    assert world.found("tags.unreconciled", few=9) == []
    assert world.found("tags.unreconciled", share=180_000_000) == []


def test_a_series_that_another_one_followed_is_due_sooner(world: CheckWorld) -> None:
    world.at(DUG, issued())
    world.at("2026-03-10T08:00:00Z", issued("S2", 51, 99))
    world.at("2026-05-09T08:00:00Z", extracted("G1"))
    assert world.found("tags.unreconciled") == []
    world.at("2026-05-10T08:00:00Z", extracted("G2"))
    assert [one.subject for one in world.findings("tags.unreconciled")] == ["tags:S1"]
    assert world.found("tags.unreconciled", follow_days=61) == []


def test_a_series_that_is_used_up_or_given_back_is_reconciled(world: CheckWorld) -> None:
    world.at(DUG, issued(last=6), issued("S2", 7, 12))
    world.at(LATER, extracted("G1", tags=("MT-1", "MT-2", "MT-3", "MT-2")))
    world.at(LATER, voided("MT-4", "MT-5", "MT-6", reason="returned"))
    world.at(LATER, voided("MT-7", "MT-8", "MT-9", "MT-10", "MT-11", "MT-12", series="S2"))
    world.at(LATER, tagged("G1", "MT-1"))
    world.at("2026-12-10T08:00:00Z", extracted("G2"))
    assert world.found("tags.unreconciled", few=0) == []


# ---------------------------------------------------------------- reused


def test_a_tag_on_two_lots_is_found(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", tags=("MT-7",)))
    world.at(LATER, extracted("G2", tags=("MT-7", "MT-8")))
    (finding,) = world.findings("tag.reused")
    assert (finding.code, finding.severity, finding.subject) == ("tag.reused", "critical", "lot:G2")
    assert len(finding.entries) == 2


def test_a_tag_that_was_cut_and_used_again_is_found(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", tags=("MT-7",)), extracted("G2"))
    world.at(LATER, tagged("G1", "NT-1", off=("MT-7",)), tagged("G2", "MT-7"))
    assert world.found("tag.reused") == ["tag.reused major"]


def test_tags_that_look_alike_are_found_unless_both_were_issued(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", tags=("MT-10",)), extracted("G2", tags=("MT-1O",)))
    (finding,) = world.findings("tag.reused")
    assert (finding.code, finding.severity) == ("tag.look-alike", "major")
    world.at(LATER, issued("A", prefix="AO-"), issued("B", prefix="A0-", where="CD-RUB"))
    world.at(LATER, extracted("G3", tags=("AO-1",)), extracted("G4", tags=("A0-1",)))
    assert world.found("tag.reused") == ["tag.look-alike major"]


def test_a_tag_goes_with_its_bag_into_what_it_is_part_of(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", tags=("MT-7",)), extracted("G2", tags=("MT-8",)))
    world.at(LATER, blended("B", "G1", "G2"))
    world.at(LATER, split("B", Draw("B1", 45 * KG), Draw("B2", 45 * KG)))
    world.at(LATER, tagged("B1", "MT-7"), tagged("B2", "MT-8", "MT-7"))
    # One bag went into both parts, and is told in both: that is one too many.
    (finding,) = world.findings("tag.reused")
    assert finding.message == "tag MT-7 on lot B2 is on lot B1 already"


def test_tags_told_again_of_the_same_lot_or_of_a_package_are_no_finding(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", tags=("MT-7",)), extracted("G2", tags=("MT-8",)))
    world.at(LATER, tagged("G1", "MT-7"), tagged("G1", "MT-7", off=("MT-7",)))
    package = packed("D1", "G1", "G2", seals=("MT-7", "SEAL-1"))
    world.at(LATER, package)
    assert world.found("tag.reused") == []


def test_the_tag_of_a_lot_that_never_was_is_free(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", 450 * KG, tags=("MT-7",)))
    world.at(LATER, undone(world, "G1"), extracted("G1-2", tags=("MT-7",)))
    assert world.found("tag.reused") == []


def test_a_tag_is_not_freed_by_a_correction_of_something_else(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", tags=("MT-7",)))
    world.at(DUG, event("lot.adjusted", MINE, lot="G1", reason="spill", lost=KG))
    world.at(LATER, undone(world, "G1"), extracted("G2", tags=("MT-7",)))
    assert world.found("tag.reused") == ["tag.reused critical"]


# ---------------------------------------------------------------- certificates


def certified(lot: str, mass: int | None, number: str = "C-1") -> Event:
    wanted: dict[str, Any] = {} if mass is None else {"mass": mass}
    return event(
        "certificate.issued",
        AUTHORITY,
        certificate=number,
        subject=f"lot:{lot}",
        standard="export",
        valid_from="2026-02-01",
        valid_to="2026-12-31",
        **wanted,
    )


def test_more_than_was_certified_leaves(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", 45_300_000), certified("G1", 45 * KG))
    world.at(LATER, dispatched("G1"))
    (finding,) = world.findings("certificate.overdrawn")
    assert (finding.severity, finding.subject) == ("critical", "lot:G1")
    assert "45.300 kg left under certificate C-1" in finding.message
    assert world.found("certificate.overdrawn", slack=7_000_000) == []


@pytest.mark.parametrize("mass", [45 * KG, 44_800_000, 99 * KG, None])
def test_what_a_certificate_covers_may_leave(world: CheckWorld, mass: int | None) -> None:
    world.at(DUG, extracted("G1"), certified("G1", mass))
    world.at(LATER, dispatched("G1"))
    assert world.found("certificate.overdrawn") == []


def test_parts_of_a_certified_lot_add_up_and_each_leaves_once(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", 90 * KG), extracted("X", 45 * KG), certified("G1", 60 * KG))
    world.at(DUG, split("G1", Draw("A", 45 * KG), Draw("B", 45 * KG)))
    world.at(DUG, blended("BX", "B", "X"))
    sent = world.at(LATER, dispatched("A")).event[0]
    world.at(LATER, rejected(sent, "A"))
    sent = world.at(LATER, dispatched("A")).event[0]
    world.at(LATER, received(sent, ("A", 45 * KG)))
    world.at(LATER, dispatched("A", by=TRADER, to=SMELTER))
    assert world.found("certificate.overdrawn") == []
    world.at(LATER, dispatched("BX"))
    (finding,) = world.findings("certificate.overdrawn")
    assert "90.000 kg left under certificate C-1 with lot BX" in finding.message


def test_a_lot_without_a_certificate_is_not_looked_at(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1"), site("RW-NEW", capacity=KG))
    world.at(LATER, dispatched("G1"))
    assert world.found("certificate.overdrawn") == []
