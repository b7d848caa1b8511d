"""Text that some program would rather run than show, and a small chain that is full of it."""

from __future__ import annotations

from pathlib import Path

from actors import (
    EXPORTER,
    KG,
    MINE,
    PERCENT,
    SMELTER,
    TRADER,
    World,
    assayed,
    blended,
    component,
    declared,
    dispatched,
    event,
    extracted,
    made,
    output,
    received,
    refined,
    ta,
)
from ledger.values import Grade

HTML = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = "=cmd|' /C calc'!A0"
TYPST = '#panic("no") $x$ \\ *b* #import "@preview/x:1.0.0"'
PATH = "../../../etc/passwd"
QUOTES = "\"';--"
HOSTILE = (HTML, FORMULA, TYPST, PATH, QUOTES, "+1+1", "-2+3", "@SUM(A1)", "|calc", "%APPDATA%")


def chain(path: Path) -> World:
    """Two bags and a declared one, to a trader, to an exporter, to a smelter, into phones."""
    world = World(path).settle()
    record = world.record
    grades = (Grade("Ta", 24 * PERCENT),)
    dug = {"grades": grades, "moisture": 4 * PERCENT}
    record(
        extracted("BAG-1", 40 * KG, material=HTML, remark=FORMULA, **dug),
        extracted("BAG-2", 44 * KG, material=FORMULA, remark=TYPST, **dug),
    )
    record(declared("BAG-3", 10 * KG, reason=QUOTES, material="+1+1"))
    record(assayed("BAG-3", grades=grades))
    record(
        event(
            "incident.opened",
            EXPORTER,
            incident="INC-1",
            kind="grievance",
            category="unfair-weighing",
            severity="high",
            subjects=("site:RW-GIH",),
            summary=HTML + TYPST,
            complainant="miner-7",
        )
    )
    record(
        event(
            "payment.declared",
            MINE,
            subject="lot:BAG-1",
            kind="royalty",
            amount=123_456,
            currency="USD",
            payee=FORMULA,
            receipt="@SUM(A1)",
        )
    )
    record(
        event(
            "certificate.issued",
            "authority.example",
            certificate="CERT-1",
            subject="lot:BAG-1",
            standard=HTML,
            valid_from="2026-01-01",
            valid_to="2026-12-31",
        )
    )
    bags = {"BAG-1": 40 * KG, "BAG-2": 44 * KG, "BAG-3": 10 * KG}
    sent = record(dispatched(*bags, to=TRADER, carrier=PATH, waybill=QUOTES)).event[0]
    masses = [(lot, mass - KG // 10) for lot, mass in bags.items()]
    record(
        received(sent, *masses[:2], moisture=4 * PERCENT), received(sent, masses[2], basis="dry")
    )
    record(blended("LOT-1", *bags, by=TRADER))
    sent = record(dispatched("LOT-1", to=EXPORTER, by=TRADER)).event[0]
    record(received(sent, ("LOT-1", 93 * KG), by=EXPORTER, giver=TRADER, moisture=4 * PERCENT))
    sent = record(dispatched("LOT-1", to=SMELTER, by=EXPORTER)).event[0]
    record(received(sent, ("LOT-1", 93 * KG), by=SMELTER, giver=EXPORTER, moisture=4 * PERCENT))
    lot = world.ledger.lot("LOT-1")
    tantalum = min(e.mass for e in lot.amount.contents or ())
    from ledger.events.base import LossLine

    rest = lot.amount.mass - 15 * KG
    record(
        refined(
            "LOT-1",
            output("POWDER-1", 15 * KG, contents=ta(min(tantalum, 15 * KG))),
            by=SMELTER,
            losses=(LossLine("slag", rest),),
        )
    )
    record(made("PHONE-1", 1000, component("POWDER-1"), by=SMELTER))
    return world
