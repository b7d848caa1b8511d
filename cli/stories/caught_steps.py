"""What the ledgers of fraud patterns have in common: who takes part, and a few steps.

yield from site()                                   the mine is registered
yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
yield from shipped("GIH-1", "107.3 kg", MINE, TRADER, left, came)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ledger.workspace import Workspace

from . import telling
from .telling import Actor, Said, Story, Tale, say, step

__all__ = [
    "ACTORS",
    "AGENT",
    "BUYER",
    "ISSUER",
    "LAB",
    "MINE",
    "REFINER",
    "SITE",
    "SMELTER",
    "TRADER",
    "Caught",
    "bag",
    "certificate",
    "dug",
    "shipped",
    "site",
]

MINE, AGENT, TRADER = "gihanga.example", "tags-rw.example", "kigali-comptoir.example"
SMELTER, LAB, ISSUER = "alm-tantalum.example", "lakes-assay.example", "ore-assurance.example"
REFINER, BUYER = "aare-gold.example", "monsoon-mica.example"
SITE = "RW-GIHANGA"

ACTORS = (
    Actor(MINE, "Gihanga Mining", ("miner",), "RW", "RW-ML-0417"),
    Actor(AGENT, "Mine Tagging Office, Rwanda", ("state-agent", "issuer"), "RW"),
    Actor(TRADER, "Kigali Comptoir", ("trader", "exporter"), "RW", "RW-T-022"),
    Actor(SMELTER, "Alm Tantalum", ("refiner",), "AT"),
    Actor(LAB, "Great Lakes Assay", ("laboratory",), "KE", "KE-LAB-301"),
    Actor(ISSUER, "Ore Assurance", ("auditor", "issuer"), "GB"),
    Actor(REFINER, "Aare Gold", ("refiner",), "CH"),
    Actor(BUYER, "Monsoon Mica", ("trader",), "IN"),
)


class Caught(msgspec.Struct, frozen=True):
    """One fraud: what happens, and the codes above info, or at all, that it must raise."""

    title: str
    codes: tuple[str, ...]
    tell: Callable[[], Tale]
    finish: Callable[[Story, Workspace], None] | None = None
    actors: tuple[Actor, ...] = ACTORS

    def build(self, name: str, root: Path) -> Workspace:
        """Play it into a new workspace at `root`."""
        story = Story(
            name=name,
            title=self.title,
            origin=f"{name.lower()}.caught.example/trail",
            begins="2026-01-05T09:00:00Z",
            actors=self.actors,
            papers=(),
            tell=self.tell,
            product="",
            dug=("", ""),
        )
        workspace = telling.build(story, root)
        if self.finish is not None:
            self.finish(story, workspace)
        return workspace


# --- what most of them begin with ------------------------------------------------------


def site(*besides: Said, **fields: str) -> Tale:
    """The mine is registered by its agent."""
    wanted = {"site": SITE, "name": "Gihanga", "kind": "mine-asm", "country": "RW"}
    wanted |= {"operator": MINE, "lat": "-2.0871", "lon": "29.3402", **fields}
    yield step("2026-01-06T09:00:00Z", (AGENT,), say("site.registered", **wanted), *besides)


def bag(lot: str, mass: str, grades: str = "Ta2O5=24 %", **fields: object) -> Said:
    """A lot of dry ore, as it is said."""
    wanted = {"lot": lot, "material": "coltan ore", "mass": mass, "basis": "dry"}
    wanted |= {"site": SITE, "method": "asm"}
    return say("lot.extracted", **{**wanted, "grades": grades.split(";"), **fields})


def dug(at: str, lot: str, mass: str, grades: str = "Ta2O5=24 %", **fields: object) -> Tale:
    """A lot of dry ore."""
    yield step(at, (MINE, AGENT), bag(lot, mass, grades, **fields))


def shipped(
    lot: str,
    mass: str,
    giver: str,
    taker: str,
    left: str,
    came: str,
    *,
    by: str = "",
    got: str = "",
) -> Tale:
    """A lot leaves at a time and arrives at another; both are recorded at once."""
    sent = say("custody.dispatched", to=taker, lots=[lot], carrier="haulier")
    dispatch, *_ = yield step(left, (giver,), sent | ({"mode": by} if by else {}))
    lots = [f"{lot}={mass},basis=dry{got}"]
    taken = say("custody.received", dispatch=dispatch, giver=giver, lots=lots)
    yield step(came, (taker,), taken)


def certificate(at: str, lot: str, number: str, **fields: object) -> Tale:
    """An export certificate of a lot, by its issuer."""
    wanted = {
        "certificate": number,
        "subject": f"lot:{lot}",
        "standard": "regional export certificate (fictional)",
        "valid_from": at[:10],
        "valid_to": "2026-12-31",
        **fields,
    }
    yield step(at, (ISSUER,), say("certificate.issued", **wanted))
