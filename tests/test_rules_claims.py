"""What is said is of something known, and claimed once: each rule refuses, by its code."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    AUTHORITY,
    MINE,
    SMELTER,
    World,
    event,
    extracted,
    site,
)
from ledger import effects as does
from ledger.events import Event
from ledger.values import Grade

# ---------------------------------------------------------------- claims


def test_what_is_registered_once_is_new(world: World) -> None:
    assert world.refused(site(name="Another")) == ["site.exists"]
    series = {"series": "S1", "kind": "mine", "prefix": "MT-", "first": 1, "site": "RW-GIH"}
    world.record(event("tags.issued", AUTHORITY, **series, last=9))
    assert world.refused(event("tags.issued", AUTHORITY, **series, last=8)) == ["tags.exists"]


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("lot.unknown", "lot:X"),
        ("party.unknown", "party:nobody.example"),
        ("site.unknown", "site:X"),
        ("tags.unknown", "tags:X"),
        ("certificate.unknown", "certificate:X"),
        ("incident.unknown", "incident:X"),
        ("ledger.unknown", "ledger:X"),
    ],
)
def test_what_is_spoken_of_is_known(world: World, code: str, subject: str) -> None:
    one = event("document.attached", MINE, subject=subject, digest="00" * 32, kind="photo")
    assert world.refused(one) == [code]


def test_what_is_known_can_be_spoken_of(world: World) -> None:
    world.record(extracted("A"))
    for subject in ("lot:A", "party:" + MINE, "site:RW-GIH", f"ledger:{world.ledger.id}"):
        one = event("document.attached", MINE, subject=subject, digest="00" * 32, kind="photo")
        world.record(one)
    world.sound()


def test_a_certificate_is_revoked_once_by_its_issuer(world: World) -> None:
    paper = event(
        "certificate.issued",
        AUTHORITY,
        certificate="C1",
        subject="site:RW-GIH",
        standard="RCM",
        valid_from="2026-01-01",
        valid_to="2026-12-31",
        origins=("RW", "CD"),
    )
    end = {"certificate": "C1", "reason": "fraud"}
    world.record(paper)
    assert world.refused(event("certificate.revoked", MINE, **end)) == ["certificate.not-issuer"]
    world.record(event("certificate.revoked", AUTHORITY, **end))
    again = event("certificate.revoked", AUTHORITY, **end, remark="again")
    assert world.refused(again) == ["certificate.wrong-status"]
    world.sound()


# ---------------------------------------------------------------- balance accounts


def account(name: str = "TA-26", by: str = SMELTER, **fields: Any) -> Event:
    wanted = {
        "account": name,
        "element": "Ta",
        "model": "mass-balance",
        "begins": "2026-01-01",
        "ends": "2026-12-31",
    }
    return event("balance.opened", by, **{**wanted, **fields})


def credited(mass: int, by: str = SMELTER, account: str = "TA-26", **fields: Any) -> Event:
    return event("balance.credited", by, account=account, mass=mass, **fields)


def allocated(mass: int, by: str = SMELTER, account: str = "TA-26", **fields: Any) -> Event:
    return event("claim.allocated", by, account=account, mass=mass, **fields)


@pytest.fixture
def books(world: World) -> World:
    """The smelter holds a lot with 500 mg of tantalum and has an account."""
    grades = (Grade("Ta", 500_000_000),)
    world.record(
        extracted("A", 1000, by=SMELTER, basis="dry", grades=grades),
        extracted("B", 1000, by=SMELTER, basis="dry"),
        extracted("M", 1000, basis="dry", grades=grades),
        account(),
    )
    return world


def test_claims_are_credited_and_spent(books: World) -> None:
    books.record(credited(500, lot="A"))
    books.record(allocated(200, lot="B"), allocated(300))
    assert books.refused(allocated(1)) == ["balance.overdrawn"]
    assert books.sound().ledger.lot("B").model == 3


def test_an_account_is_its_holders_and_begins_once(books: World) -> None:
    assert books.refused(account(ends="2027-12-31")) == ["account.exists"]
    assert books.refused(allocated(1, account="NONE")) == ["account.unknown"]
    codes = books.refused(credited(1, by=MINE, lot="M"))
    assert codes == ["account.not-holder"]
    for_another = does.Account("X", MINE, "Ta", "mass-balance", "2026-01-01", "2026-12-31")
    codes = books.judged(account("X"), for_another, signed=(SMELTER,))
    assert codes == ["account.not-holder"]


def test_a_lot_is_credited_once_for_no_more_than_it_contains(books: World) -> None:
    assert books.refused(credited(501, lot="A")) == ["balance.more-than-content"]
    assert books.refused(credited(1, lot="B")) == ["balance.more-than-content"]
    books.record(credited(100, lot="A"))
    assert books.refused(credited(1, lot="A")) == ["balance.double-credit"]


def test_a_claim_from_or_for_a_lot_is_its_holders(books: World) -> None:
    assert books.refused(credited(1, lot="M")) == ["custody.not-holder"]
    assert books.refused(credited(1, lot="X"))[0] == "lot.unknown"
    books.record(credited(500, lot="A"))
    assert books.refused(allocated(1, lot="M")) == ["custody.not-holder"]
    assert books.refused(allocated(1, lot="X")) == ["lot.unknown"]


def test_claims_end_with_their_period(books: World) -> None:
    books.record(account("OLD", begins="2025-01-01", ends="2025-12-31"))
    assert books.refused(credited(1, account="OLD", lot="A")) == ["balance.expired"]
    codes = books.refused(allocated(1, account="OLD"))
    assert codes == ["balance.overdrawn", "balance.expired"]


def test_what_is_left_is_carried_into_the_next_period(books: World) -> None:
    books.record(credited(500, lot="A"))
    books.record(account("TA-27", begins="2027-01-01", ends="2027-12-31"))
    books.record(account("NB-27", begins="2027-01-01", ends="2027-12-31", element="Nb"))
    books.clock.seconds += 400 * 86_400
    new_year = {"occurred_at": "2027-01-02T00:00:00Z", "carried": "TA-26"}
    assert books.refused(credited(501, account="TA-27", **new_year)) == ["balance.overdrawn"]
    assert books.refused(credited(1, account="NB-27", **new_year)) == ["balance.not-next"]
    books.record(credited(400, account="TA-27", **new_year))
    assert books.refused(credited(1, account="TA-27", **new_year)) == ["balance.closed"]
    books.sound()
