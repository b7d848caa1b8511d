"""Origins come out of the EPCIS, PROV and Trace-X files alone, as the ledger has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import origin_readers
from actors import (
    KG,
    MINE,
    PERCENT,
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
    split,
    ta,
    weighed,
)
from hostile import chain
from ledger.audit.dossier import Audience, Dossier
from ledger.custody.trail import Trail
from ledger.events.base import Draw, LossLine
from ledger.exports import epcis, prov, tracex
from ledger.gather import gather
from ledger.ledger import Ledger
from ledger.values import Grade
from ledger.workspace import Workspace
from test_exports_scenarios import SCENARIOS, WANTED

READERS: dict[str, tuple[Callable[[Dossier], bytes], Callable[[bytes], list[dict[str, Any]]]]] = {
    "epcis": (epcis.render, origin_readers.epcis),
    "prov": (prov.render, origin_readers.prov),
    "tracex": (tracex.render, origin_readers.tracex),
}


def told(trail: Trail) -> dict[str, dict[str, tuple[int, int]]]:
    """Element -> origin -> milligrams and share, as the trail has them."""
    return {
        name: {
            f"{line.kind}|{'' if line.site else line.country}|{line.site or line.lot}": (
                line.mass_mg,
                line.share_ppb,
            )
            for line in element.origins
        }
        for name, element in trail.elements.items()
    }


def agree(ledger: Ledger, subject: str, audience: Audience = "authority") -> None:
    dossier = gather(ledger, [subject], audience=audience)
    for name, (render, read) in READERS.items():
        rows = read(render(dossier))
        lot = f"https://{dossier.origin}/lot/{subject}"
        assert origin_readers.origins(rows, lot) == told(dossier.trail), name


@pytest.mark.parametrize("name", WANTED)
def test_three_readers_rebuild_the_origins_of_every_scenario(name: str, tmp_path: Path) -> None:
    story, subject = SCENARIOS[name]
    workspace: Workspace = story.build(tmp_path / "demo")
    with workspace.ledger(read_only=True) as opened:
        agree(opened, subject)


def test_three_readers_rebuild_the_origins_that_a_customer_sees(tmp_path: Path) -> None:
    agree(chain(tmp_path / "ledger.db").ledger, "PHONE-1", "customer")


def messy(path: Path) -> World:
    """Excess, shortfall, assays that differ, unknown contents, water, a voided event."""
    world = World(path).settle()
    record = world.record
    grades = (Grade("Ta", 24 * PERCENT),)
    record(
        extracted("A", 40 * KG, grades=grades, moisture=4 * PERCENT),
        extracted("B", 44 * KG, grades=grades, moisture=4 * PERCENT),
    )
    record(declared("C", 10 * KG), extracted("D", 7 * KG + 1, basis="dry"))
    wrong = record(blended("OOPS", "A", "B")).event[0]
    record(event("event.voided", MINE, event=wrong, lots=("A", "B", "OOPS"), reason="mistake"))
    record(weighed("A", 43 * KG, basis="wet"))
    record(assayed("C", grades=(Grade("Ta", 20 * PERCENT), Grade("Sn", PERCENT))))
    record(assayed("C", grades=(Grade("Ta", 31 * PERCENT), Grade("Sn", PERCENT // 3))))
    record(blended("AB", "A", Draw(lot="B", mass=33_333_333)), blended("CD", "C", "D"))
    record(assayed("CD", grades=(Grade("Ta", 3 * PERCENT),)))
    whole = world.ledger.lot("AB").amount.mass
    parts = (Draw(lot="AB1", mass=20 * KG + 7), Draw(lot="AB2", mass=whole - 21 * KG - 7))
    record(split("AB", *parts, losses=(LossLine("spill", KG),)))
    sent = record(dispatched("AB1", "CD")).event[0]
    record(
        received(sent, ("AB1", 18 * KG), moisture=5 * PERCENT),
        received(sent, ("CD", 17 * KG), basis="dry"),
    )
    record(blended("ALL", "AB1", "CD", by=TRADER))
    lot = world.ledger.lot("ALL")
    have = min(e.mass for e in lot.amount.contents or () if e.element == "Ta")
    rest = lot.amount.mass - 12 * KG - 3 * KG
    record(
        refined(
            "ALL",
            output("P", 12 * KG, contents=ta(have * 9 // 10)),
            output("SLAG", 3 * KG),
            by=TRADER,
            losses=(LossLine("slag", rest),),
        )
    )
    record(made("PHONE", 10, component("P"), by=TRADER))
    return world


@pytest.mark.parametrize("subject", ["PHONE", "ALL", "CD", "AB", "SLAG", "A", "C"])
def test_three_readers_rebuild_the_origins_of_a_mess(subject: str, tmp_path: Path) -> None:
    agree(messy(tmp_path / "ledger.db").ledger, subject)
