"""Frauds on paper: certificates, claims, recycling, grievances (F3, F15, F18 to F21, F25)."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ledger.events.base import Draw
from ledger.events.product_made import Component
from ledger.values import Grade, contained

from ..diary import Process, time_of
from ..dice import DAY
from ..weights import KG, PERCENT
from .stage import Stage, fraud

__all__: list[str] = []


# --- certificates and papers -----------------------------------------------------------


@fraud("F3", "certificate.overdrawn")
def more_than_the_certificate_covers(stage: Stage) -> Process:
    """A fifth more leaves than was certified."""
    lot = stage.dug(stage.pit(), 300)
    stage.certificate(lot, mass=stage.mass(lot) * 8 // 10)
    yield from stage.trip(lot, stage.coop, stage.comptoir)


@fraud("F15", "certificate.other-origin")
def certified_as_of_another_country(stage: Stage) -> Process:
    """The books know where it was dug."""
    lot = stage.dug(stage.pit(), 300)
    stage.certificate(lot, origins=("KE",))
    yield from stage.trip(lot, stage.coop, stage.comptoir)


@fraud("F25", "certificate.expired")
def sent_after_the_certificate_ended(stage: Stage) -> Process:
    """A month too late."""
    lot = stage.dug(stage.pit(), 300)
    stage.certificate(lot)
    yield from stage.sign()
    stage.days(120)
    yield from stage.trip(lot, stage.coop, stage.comptoir)


@fraud("F25", "certificate.revoked")
def sent_after_the_certificate_was_revoked(stage: Stage) -> Process:
    """The issuer has taken it back."""
    lot = stage.dug(stage.pit(), 300)
    number = stage.fresh("CERT")
    stage.certificate(lot, certificate=number)
    yield from stage.sign()
    stage.days(5)
    stage.say("certificate.revoked", stage.authority, certificate=number, reason="weights in doubt")
    yield from stage.sign()
    stage.days(3)
    yield from stage.trip(lot, stage.coop, stage.comptoir)


@fraud("F25", "certificate.other-scope")
def certified_for_another_mineral(stage: Stage) -> Process:
    """A paper about gold goes with something else."""
    lot = stage.dug(stage.pit(), 300)
    stage.certificate(lot, scope="gold dore")
    yield from stage.trip(lot, stage.coop, stage.comptoir)


@fraud("F25", "document.reused")
def a_photocopied_waybill(stage: Stage) -> Process:
    """The same paper with two consignments, two months apart."""
    pit = stage.pit()
    for _ in range(2):
        lot = stage.dug(pit, 200)
        stage.say(
            "document.attached",
            stage.coop,
            subject=f"lot:{lot}",
            digest=_digest(stage),
            kind="waybill",
        )
        yield from stage.sign()
        stage.days(60)


def _digest(stage: Stage) -> str:
    return sha256(stage.name.encode()).hexdigest()


# --- accounts --------------------------------------------------------------------------


def _credited(stage: Stage, holder: str, ends: int) -> str:
    """A lot, half of whose metal is credited to an account that runs for so many days."""
    lot = stage.dug(stage.pit(holder), 300, holder)
    account = stage.fresh("ACC")
    stage.say(
        "balance.opened",
        holder,
        account=account,
        element=stage.mineral.element,
        model="mass-balance",
        begins=stage.day(-30),
        ends=stage.day(ends),
    )
    stage.say("balance.credited", holder, account=account, mass=30 * KG, lot=lot)
    stage.subjects.append(f"account:{account}")
    return account


@fraud("F20", "balance.counted-twice")
def credited_again_after_a_split(stage: Stage) -> Process:
    """The part of a credited lot is credited as if it were new."""
    holder = stage.newcomer("refiner")
    account = _credited(stage, holder, 300)
    yield from stage.sign()
    stage.days(5)
    (lot,) = stage.lots
    part, rest = stage.fresh(), stage.fresh()
    first = stage.mass(lot) // 2
    others = stage.mass(lot) - first
    stage.say(
        "lot.split",
        holder,
        lot=lot,
        parts=(Draw(part, first), Draw(rest, others)),
        material=stage.mineral.ore,
    )
    stage.keep(part, first)
    stage.keep(rest, others)
    (whole,) = contained(first, stage.grade())
    stage.say("balance.credited", holder, account=account, mass=whole.mass, lot=part)
    yield from stage.sign()


@fraud("F20", "balance.claimed-late")
def claimed_when_the_books_were_closed(stage: Stage) -> Process:
    """Dated into the period, four months after it."""
    holder = stage.newcomer("refiner")
    account = _credited(stage, holder, 20)
    yield from stage.sign()
    inside = time_of(stage.now + 10 * DAY)
    stage.days(140)
    stage.say("claim.allocated", holder, account=account, mass=10 * KG, occurred_at=inside)
    yield from stage.sign()


@fraud("F21", "claim.better-than-model")
def mass_balance_sold_as_segregated(stage: Stage) -> Process:
    """The certificate promises more than the books keep."""
    holder = stage.newcomer("refiner")
    _credited(stage, holder, 300)
    yield from stage.sign()
    stage.days(5)
    stage.certificate(stage.lots[0], scope="segregated supply")
    yield from stage.sign()


# --- recycling -------------------------------------------------------------------------


def _recovered(stage: Stage, by: str, material: str, mass: int, **fields: Any) -> None:
    lot = stage.fresh("REC")
    stage.say("lot.recovered", by, lot=lot, material=material, mass=mass, basis="dry", **fields)
    stage.keep(lot, mass)


@fraud("F18", "recycled.like-dore")
def mined_gold_as_scrap(stage: Stage) -> Process:
    """Jewellery with the silver and the mercury of a mine's dore."""
    dore = (Grade("Ag", 9 * PERCENT), Grade("Au", 86 * PERCENT), Grade("Hg", 40_000))
    _recovered(
        stage,
        stage.newcomer("refiner", "CH"),
        "gold scrap",
        3_217_000,
        origin="recycled-post-consumer",
        source="jewellery, bought from a dealer",
        collector="souk-metals.example",
        country="AE",
        grades=dore,
        evidence=_digest(stage),
    )
    yield from stage.sign()


@fraud("F18", "recycled.no-evidence")
def scrap_from_nowhere(stage: Stage) -> Process:
    """Recycled, says the refiner, and shows nothing."""
    _recovered(
        stage,
        stage.newcomer("refiner"),
        f"{stage.mineral.element} scrap",
        240 * KG,
        origin="recycled-post-consumer",
        source="various",
    )
    yield from stage.sign()


@fraud("F19", "recycled.run-around")
def ones_own_scrap_as_recycled(stage: Stage) -> Process:
    """Offcuts leave the books, and the same mass comes back as recycled."""
    maker = stage.newcomer("manufacturer")
    lot = stage.dug(stage.pit(), 300)
    yield from stage.trip(lot, stage.coop, maker)
    stage.days(5)
    stage.say("lot.adjusted", maker, lot=lot, reason="scrap", lost=17_390_000)
    yield from stage.sign()
    stage.days(12)
    _recovered(
        stage,
        maker,
        f"{stage.mineral.element} scrap",
        17_390_000,
        origin="recycled-pre-consumer",
        source="production scrap",
        evidence=_digest(stage),
    )
    yield from stage.sign()


@fraud("F19", "product.more-returned-than-made")
def more_taken_back_than_made(stage: Stage) -> Process:
    """A thousand were made, twelve hundred came back."""
    maker = stage.newcomer("manufacturer")
    lot = stage.dug(stage.pit(), 300)
    yield from stage.trip(lot, stage.coop, maker)
    product = stage.fresh("DEV")
    stage.say(
        "product.made",
        maker,
        product=product,
        model="handset",
        units=1_000,
        components=(Component(lot, mass=50 * KG),),
    )
    stage.keep(product, 50 * KG)
    yield from stage.sign()
    stage.days(90)
    back = stage.fresh("EOL")
    stage.say(
        "product.returned",
        stage.world.cast.recycler,
        lot=back,
        product=product,
        units=1_200,
        mass=50 * KG,
        material="spent handsets",
    )
    stage.keep(back, 50 * KG)
    yield from stage.sign()


# --- people ----------------------------------------------------------------------------


def _incident(stage: Stage, kind: str, severity: str) -> str:
    """Something about a pit of the stage's own."""
    name = stage.fresh("INC")
    stage.say(
        "incident.opened",
        stage.authority,
        incident=name,
        kind=kind,
        category="a2-1c",
        severity=severity,
        subjects=(f"site:{stage.pit()}",),
        complainant="voice-0001" if kind == "grievance" else None,
    )
    stage.subjects.append(f"incident:{name}")
    return name


def _went_on(stage: Stage, incident: str, *steps: str) -> Process:
    for status in steps:
        stage.days(2)
        stage.say("incident.updated", stage.authority, incident=incident, status=status)
        yield from stage.sign()


@fraud("A2", "grievance.late")
def a_complaint_that_waits(stage: Stage) -> Process:
    """Nobody answers for a month."""
    name = _incident(stage, "grievance", "low")
    yield from stage.sign()
    stage.days(30)
    yield from _went_on(stage, name, "acknowledged")


@fraud("A2", "grievance.unremedied")
def closed_without_a_remedy(stage: Stage) -> Process:
    """Remedied, it says; nobody says how, and nobody was asked."""
    name = _incident(stage, "grievance", "low")
    yield from stage.sign()
    yield from _went_on(stage, name, "acknowledged", "assessed", "remedied")
    stage.say("incident.closed", stage.authority, incident=name, outcome="remedied")
    yield from stage.sign()


@fraud("A2", "mitigation.stale")
def a_risk_that_nobody_mends(stage: Stage) -> Process:
    """High, to be continued, and not a word for half a year."""
    stage.say(
        "risk.assessed",
        stage.authority,
        subject=f"site:{stage.pit()}",
        category="a2-1c",
        severity="high",
        likelihood="high",
        response="continue",
    )
    yield from stage.sign()
