"""Fraud patterns F15 to F28: small ledgers that the auditor must not pass in silence.

Each is a tale of a few steps, told through the same door as any other: every statement is
signed by those whom it names, and no rule refuses it. What is wrong shows only when
somebody adds up, compares dates, looks at a map.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ledger.workspace import Workspace, replace_file

from . import telling
from .caught_steps import (
    AGENT,
    BUYER,
    MINE,
    REFINER,
    SITE,
    SMELTER,
    TRADER,
    Caught,
    certificate,
    dug,
    shipped,
    site,
)
from .telling import Story, Tale, say, step

__all__ = ["CAUGHT_B", "Caught"]

# --- F15 to F17: places ----------------------------------------------------------------


def _country() -> Tale:
    """Ore that nobody knows is blended in, and all of it leaves as Rwandan."""
    yield from site()
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
    bought = say(
        "lot.declared",
        lot="X-1",
        material="coltan ore",
        mass="46.9 kg",
        basis="dry",
        grades=["Ta2O5=27 %"],
        origin="unknown",
        reason="bought at the gate",
    )
    blend = say("lots.blended", lot="GIH-E1", material="coltan ore", inputs=["GIH-1", "X-1"])
    yield step("2026-02-11T15:00:00Z", (MINE,), bought, blend)
    yield from certificate("2026-02-12T10:00:00Z", "GIH-E1", "RW-2026-0101", origins=["RW"])
    yield from shipped(
        "GIH-E1", "154.2 kg", MINE, SMELTER, "2026-02-13T14:00:00Z", "2026-03-20T10:00:00Z"
    )


def _travel() -> Tale:
    """From a hill in Rwanda to a depot at the coast, 1,160 km by road in five hours."""
    depot = say(
        "site.registered",
        site="KE-DEPOT",
        name="Kigali Comptoir, depot at the port",
        kind="depot",
        country="KE",
        operator=TRADER,
        lat="-4.05",
        lon="39.66",
    )
    yield from site()
    yield step("2026-01-07T09:00:00Z", (TRADER,), depot)
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "44.3 kg")
    yield from shipped(
        "GIH-1", "44.3 kg", MINE, TRADER, "2026-02-10T08:00:00Z", "2026-02-10T13:10:00Z", by="road"
    )


def _red() -> Tale:
    """The inspector shut the mine out; nine days later it is dug."""
    red = say("site.assessed", site=SITE, status="red", inspected="2026-01-31")
    yield from site()
    yield step("2026-02-02T09:00:00Z", (AGENT,), red)
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "44.3 kg")


# --- F18, F19: recycled or not ---------------------------------------------------------


def _scrap() -> Tale:
    """Jewellery scrap with the silver and the mercury of a mine's dore."""
    scrap = say(
        "lot.recovered",
        lot="SCRAP-1",
        material="gold scrap",
        mass="3.217 kg",
        basis="dry",
        origin="recycled-post-consumer",
        source="jewellery, bought from a dealer",
        collector="souk-metals.example",
        country="AE",
        grades=["Au=86 %", "Ag=9 %", "Hg=40 ppm"],
    )
    yield step("2026-02-09T15:00:00Z", (REFINER,), scrap)


def _run_around() -> Tale:
    """Offcuts leave the books as scrap and come back as recycled content."""
    yield from site()
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
    yield from shipped(
        "GIH-1", "107.3 kg", MINE, SMELTER, "2026-02-10T14:00:00Z", "2026-03-20T10:00:00Z"
    )
    gone = say("lot.adjusted", lot="GIH-1", reason="scrap", lost="5.13 kg")
    yield step("2026-03-24T15:00:00Z", (SMELTER,), gone)
    again = say(
        "lot.recovered",
        lot="REC-1",
        material="tantalum scrap",
        mass="5.13 kg",
        basis="dry",
        origin="recycled-pre-consumer",
        source="production scrap",
        country="AT",
        evidence="5c" * 32,
        grades=["Ta2O5=24 %"],
    )
    yield step("2026-04-02T15:00:00Z", (SMELTER,), again)


# --- F20 to F23: what is claimed, and to whom ------------------------------------------


def _credited() -> Tale:
    """A lot whose tantalum is credited to the smelter's account."""
    yield from site()
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
    yield from shipped(
        "GIH-1", "107.3 kg", MINE, SMELTER, "2026-02-10T14:00:00Z", "2026-03-20T10:00:00Z"
    )
    account = say(
        "balance.opened",
        account="ALM-2026",
        element="Ta",
        model="mass-balance",
        begins="2026-01-01",
        ends="2026-12-31",
    )
    credit = say("balance.credited", account="ALM-2026", mass="20 kg", lot="GIH-1")
    yield step("2026-03-23T10:00:00Z", (SMELTER,), account, credit)


def _twice() -> Tale:
    """The parts of a credited lot are credited again."""
    yield from _credited()
    parts = say("lot.split", lot="GIH-1", parts=["GIH-1A=60 kg", "GIH-1B=47.3 kg"])
    parts |= {"material": "coltan ore"}
    again = say("balance.credited", account="ALM-2026", mass="11 kg", lot="GIH-1A")
    yield step("2026-03-27T10:00:00Z", (SMELTER,), parts, again)


def _upgraded() -> Tale:
    """Mass balance by the books, segregated by the certificate."""
    yield from _credited()
    yield from certificate(
        "2026-03-27T10:00:00Z", "GIH-1", "OA-771", scope="tantalum, segregated supply"
    )


def _silent() -> Tale:
    """A mine of high risk, dug for eight months, and never a word of trouble."""
    yield from site(
        say("site.assessed", site=SITE, status="green", inspected="2026-01-05", risk="high")
    )
    for month, mass in enumerate(("44.3", "46.4", "41.7", "45.8", "43.9", "47.2", "42.6", "45.1")):
        at = f"2026-{month + 2:02}-09T15:0{month}:00Z"
        yield from dug(at, f"GIH-{month + 1}", f"{mass} kg")


def _one_audience(mass: str) -> Callable[[], Tale]:
    def tell() -> Tale:
        yield from site()
        yield from dug("2026-02-09T15:00:00Z", "GIH-1", mass)

    return tell


def _forked(story: Story, workspace: Workspace) -> None:
    """The same log, told to somebody else with another weight: the checkpoint that they got."""
    other = msgspec.structs.replace(story, tell=_one_audience("64.3 kg"))
    shown = telling.build(other, workspace.root / "shown-to-the-buyer")
    replace_file(workspace.root / "checkpoint", shown.kept_checkpoint() or b"")


# --- F24 to F28: agents, papers, laboratories, collections -----------------------------


def _agent() -> Tale:
    """Two hundred and sixty tags in one day under one key."""
    issued = say(
        "tags.issued",
        series="RW-26",
        kind="mine",
        prefix="MT-",
        first="1",
        last="260",
        site=SITE,
        agent=AGENT,
    )
    yield from site(issued)
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "9.873 t")
    tags = say("lot.tagged", lot="GIH-1", applied=[f"MT-{number}" for number in range(1, 261)])
    yield step("2026-02-09T17:00:00Z", (MINE, AGENT), tags)


def _lapsed() -> Tale:
    """The consignment leaves three weeks after its certificate ended."""
    yield from site()
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
    yield from certificate(
        "2026-02-10T10:00:00Z", "GIH-1", "RW-2026-0101", origins=["RW"], valid_to="2026-05-10"
    )
    yield from shipped(
        "GIH-1", "107.3 kg", MINE, SMELTER, "2026-06-01T14:00:00Z", "2026-07-05T10:00:00Z"
    )


def _shopping() -> Tale:
    """Two points between seller and buyer, and no umpire in two months."""
    wide = say("policy.adopted", tolerances=["assay=10 %"])
    yield step("2026-01-06T08:00:00Z", ("governance",), wide)
    yield from site()
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg", "Ta2O5=30 %")
    yield from shipped(
        "GIH-1",
        "107.3 kg",
        MINE,
        SMELTER,
        "2026-02-10T14:00:00Z",
        "2026-03-20T10:00:00Z",
        got=",grades=Ta2O5=28 %",
    )
    yield from dug("2026-05-11T15:00:00Z", "GIH-2", "44.3 kg")


def _radioactive() -> Tale:
    """Uranium and thorium above the limit, and no dangerous-goods paper."""
    yield from site()
    grades = "Ta2O5=30 %;ThO2=0.2 %;U3O8=0.1 %"
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg", grades)
    yield from shipped(
        "GIH-1", "107.3 kg", MINE, SMELTER, "2026-02-10T14:00:00Z", "2026-03-20T10:00:00Z"
    )


def _mica() -> Tale:
    """Mica from households; nobody asks who dug it."""
    heap = say(
        "lot.declared",
        lot="MICA-1",
        material="mica scrap",
        mass="20.14 t",
        basis="dry",
        origin="unknown",
        reason="collected from households",
        country="IN",
    )
    yield step("2026-02-09T15:00:00Z", (BUYER,), heap)


CAUGHT_B: dict[str, Caught] = {
    "F15": Caught(
        "More leaves the country than was dug there",
        ("country.exports-above-production",),
        _country,
    ),
    "F16": Caught("Faster than any lorry", ("travel.too-fast",), _travel),
    "F17": Caught("Dug at a red site", ("site.red-used",), _red),
    "F18": Caught("Mined gold as scrap", ("recycled.like-dore",), _scrap),
    "F19": Caught("Run-around scrap as recycled", ("recycled.run-around",), _run_around),
    "F20": Caught("The same metal claimed twice", ("balance.counted-twice",), _twice),
    "F21": Caught("Mass balance sold as segregated", ("claim.better-than-model",), _upgraded),
    "F22": Caught("A risky site in silence", ("site.silent",), _silent),
    "F23": Caught(
        "Two logs for two audiences",
        ("checkpoint.root-mismatch",),
        _one_audience("44.3 kg"),
        _forked,
    ),
    "F24": Caught("A captured agent", ("agent.overworked",), _agent),
    "F25": Caught("A certificate that had ended", ("certificate.expired",), _lapsed),
    "F26": Caught("Assays that do not agree", ("assay.unresolved",), _shopping),
    "F27": Caught("Radioactive without papers", ("hazard.undeclared",), _radioactive),
    "F28": Caught("Mica that nobody dug", ("collection.site-unknown",), _mica),
}
"""Pattern -> its ledger. F28 is a gap (info); all others are minor or worse."""
