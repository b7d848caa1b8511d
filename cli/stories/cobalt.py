"""Cobalt: from a hill dug by hand, an open pit and spent batteries to 1,068 battery packs.

    Mukuba Hill   2,400 bags, 120 t wet --> hydroxide 23.1 t --+
    Tenga pit     1,400 t of ore        --> hydroxide 67.7 t --+--> sulfate 73.353 t
    take-back     10 t of black mass  -------------------------+        |
                                                                        v
    1,068 packs of 60 kWh <-- 213,600 cells <-- cathode 119.979 t <-- precursor 115.618 t
    12.841 kg Co each

Every party, place and paper is made up; the masses are typical of the trade. What a
chemical product weighs beyond its cobalt came in as acid, water, nickel, lithium ...
(`added`), which this story does not follow. The refinery keeps a mass-balance account, so
from there on the chain-of-custody model is mass balance.

Where the round figures of the trade do not close to the milligram, the cobalt is kept and
the rest gives way: 10.080 t of Co at 31 % would be 32,516,129,032.26 mg of dry hydroxide,
and 119.979 t of cathode would hold 14.5896 t of Co at 12.1602 %.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ledger.values import BILLION
from ledger.words import mass, read_mass, share
from ledger.workspace import Workspace

from . import telling
from .abreast import abreast
from .cobalt_feeds import (
    ACTORS,
    CATHODE,
    CELLS,
    PACKS,
    PAPERS,
    REFINERY,
    by_hand,
    by_machine,
    less,
    made,
    places,
    taken_back,
    watched,
)
from .freight import Way, shipped
from .telling import Story, Tale, say, step

__all__ = ["STORY", "build"]

PACK = "PACK-26W30"
SULFATE = "cobalt sulfate"


# --- the refinery ----------------------------------------------------------------------

_CAMPAIGNS = (  # charge, water in it, sulfate and its weight, cobalt in it, cobalt lost, day
    ("MUK-HYD", "23091.2 kg", "11545.6 kg", "MUK-SUL", "16389 kg", "3359.7696 kg", "103.9104 kg"),
    ("TEN-HYD", "67742 kg", "35225.84 kg", "TEN-SUL", "47696 kg", "9777.6 kg", "302.4 kg"),
    ("SPR-BLACK", "10000 kg", "", "SPR-SUL", "9268 kg", "1900 kg", "100 kg"),
)
REFINED = mass(sum(read_mass(cobalt) for *_, cobalt, _ in _CAMPAIGNS))
"""Cobalt in all of the sulfate."""


def _refining() -> Tale:
    """One campaign after the other, and an account of what may be claimed of the whole."""
    yield step(
        "2026-04-03T09:00:00Z",
        (REFINERY,),
        say(
            "balance.opened",
            account="BALTIC-CO-2026",
            element="Co",
            model="mass-balance",
            begins="2026-01-01",
            ends="2026-12-31",
        ),
        checkpoint=True,
    )
    for number, (charge, weight, water, sulfate, heavy, cobalt, left) in enumerate(_CAMPAIGNS):
        residue = less(weight, cobalt, *([water] if water else []))
        yield step(
            f"2026-04-{9 + 5 * number:02}T16:00:00Z",
            (REFINERY,),
            say(
                "lot.refined",
                lot=charge,
                process="sulfate-refining",
                facility="FI-BALTIC",
                outputs=[made(sulfate, SULFATE, heavy, cobalt)],
                losses=[
                    *([f"moisture={water}"] if water else []),
                    f"leach-residue={residue},contents=Co={left}",
                ],
            ),
            say("balance.credited", account="BALTIC-CO-2026", lot=sulfate, mass=cobalt),
        )
    yield step(
        "2026-04-24T16:00:00Z",
        (REFINERY,),
        say(
            "lots.blended",
            lot="BAL-0426",
            material=SULFATE,
            inputs=[sulfate for _, _, _, sulfate, *_ in _CAMPAIGNS],
            mass="73353 kg",
        ),
        say("claim.allocated", account="BALTIC-CO-2026", lot="BAL-0426", mass=REFINED),
        tells=f"Baltic Cobalt: 73,353 kg of sulfate with {REFINED} Co, all that was credited",
    )


# --- from sulfate to packs -------------------------------------------------------------


def _onwards(giver: str, taker: str, lot: str, weight: str, days: tuple[str, str]) -> Tale:
    left, came = days
    way = Way(giver=giver, taker=taker, left=left, came=came, carrier="Hanse Freight")
    yield from shipped(way, {lot: weight})


def _cathode() -> Tale:
    """Sulfate to precursor, precursor to cathode: 98.5 % of the cobalt each time."""
    precursor, cathode = "14811.809056 kg", "14589.63192 kg"
    effluent = less("73353 kg", precursor)
    yield step(
        "2026-05-15T16:00:00Z",
        (CATHODE,),
        say(
            "lot.refined",
            lot="BAL-0426",
            process="precipitation",
            facility="PL-VISTULA",
            outputs=[made("PRE-0515", "NMC622 precursor", "115618 kg", precursor)],
            losses=[f"effluent={effluent},contents=Co={less(REFINED, precursor)}"],
        ),
    )
    flowed = "113883.73 kg"
    dust, lost = less("115618 kg", flowed), less(precursor, cathode)
    yield step(
        "2026-05-29T16:00:00Z",
        (CATHODE,),
        say(
            "lot.refined",
            lot="PRE-0515",
            process="calcination",
            facility="PL-VISTULA",
            outputs=[made("CAM-0529", "NMC622 cathode", "119979 kg", cathode, flowed)],
            losses=[f"dust={dust},contents=Co={lost}"],
        ),
        tells="Vistula Cathode: 119,979 kg of NMC622, 98.5 % of the cobalt kept twice",
    )


def _cells() -> Tale:
    """94 % of the cathode goes into cells; the rest is scrap, with a lot of its own."""
    flowed, cobalt = "112780.26 kg", "13714.254005 kg"
    cells = made("CEL-0626", "cells of 281 Wh", "267000 kg", cobalt, flowed)
    scrap = (
        f"SCR-0626=electrode scrap,mass={less('119979 kg', flowed)},basis=dry,role=byproduct,"
        f"contents=Co={less('14589.63192 kg', cobalt)}"
    )
    yield step(
        "2026-06-26T16:00:00Z",
        (CELLS,),
        say(
            "lot.refined",
            lot="CAM-0529",
            process="cell-making",
            facility="SE-MALAR",
            outputs=[f"{cells},pieces=213600", scrap],
        ),
        tells="Malar Cells: 213,600 cells, and 875 kg of cobalt in scrap",
    )


def _share(part: int) -> str:
    return share(part * BILLION // read_mass(REFINED))


def _packs() -> Tale:
    hand, machine, black = (read_mass(cobalt) for *_, cobalt, _ in _CAMPAIGNS)
    used, scrap = _share(black * 6 // 10), _share(black * 4 // 10)
    yield step(
        "2026-07-24T16:00:00Z",
        (PACKS,),
        say(
            "product.made",
            product=PACK,
            model="battery pack of 60 kWh, NMC622",
            units=1_068,
            components=["CEL-0626,per_unit=200"],
            serials="26W30-0001 to 26W30-1068",
            facility="NO-FJORD-MOTORS",
        ),
        tells=f"1,068 packs of 60 kWh, 12.841 kg Co each: by machine {_share(machine)}, "
        f"by hand {_share(hand)}",
    )
    yield step(
        "2026-07-27T16:00:00Z",
        (PACKS,),
        say(
            "risk.assessed",
            subject=f"lot:{PACK}",
            category="recycled-content",
            severity="medium",
            likelihood="high",
            response="continue",
            measures=f"recycled share of cobalt {_share(black)}, at least 16 % from 2031-08-18: "
            "more black mass to be contracted",
            due="2031-08-18",
        ),
        tells=f"recycled {_share(black)} (used {used}, scrap {scrap}): "
        "short of the 16 % asked from August 2031",
    )


def _tale() -> Tale:
    yield from places()
    yield from abreast(by_hand(), by_machine(), taken_back())
    yield from _refining()
    yield from watched()
    yield from _onwards(REFINERY, CATHODE, "BAL-0426", "73353 kg", ("2026-04-27", "2026-05-04"))
    yield from _cathode()
    yield from _onwards(CATHODE, CELLS, "CAM-0529", "119979 kg", ("2026-06-01", "2026-06-08"))
    yield from _cells()
    yield from _onwards(CELLS, PACKS, "CEL-0626", "267000 kg", ("2026-07-01", "2026-07-06"))
    yield from _packs()


STORY = Story(
    name="cobalt",
    title="Demonstration: cobalt from two mines and used batteries to a battery pack",
    origin="demo.example/cobalt",
    begins="2026-01-12T09:00:00Z",
    actors=ACTORS,
    papers=PAPERS,
    tell=_tale,
    product=PACK,
    dug=("MUK-0005", "MUK-0207"),
)


def build(root: Path, clock: Callable[[], int] | None = None) -> Workspace:
    """This story as a new workspace at `root`; see `telling.build`."""
    return telling.build(STORY, root, clock)
