"""Small ledgers without an error, and the lots they leave."""

from __future__ import annotations

from cast import KEYS, ORIGIN, vkey
from story import Story
from telling import (
    LAB,
    MINER,
    TA,
    TRADER,
    Told,
    good,
    ore,
)

from ledger.log import checkpoint


@good("genesis-alone", {})
def _() -> Story:
    return Story(("governance/1", "governance/2", "governance/3"), 2)


@good("threshold-of-two", {})
def _() -> Story:
    story = Story(("governance/1", "governance/2", "governance/3"), 2)
    story.governance = ("governance/3", "governance/1")
    return story.begin()


@good("extraction-by-a-device-key", {"G1": 45_000_000})
def _() -> Story:
    story = Story().begin()
    event = story.event(
        "key.authorized",
        MINER,
        party=MINER,
        key=vkey(f"{MINER}/phone"),
        types=["lot.extracted"],
        until="2026-12-31T23:59:59Z",
        max_mass=45_000_000,
    )
    story.enter([event], MINER, f"{MINER}/phone")
    story.say(
        "lot.extracted",
        MINER,
        f"{MINER}/phone",
        lot="G1",
        material="coltan ore",
        mass=45_000_000,
        basis="wet",
        moisture=40_000_000,
        grades=TA,
        site="RW-GIHANGA",
        method="asm",
    )
    return story


# G1: 45 kg x (1 - 0.04) = 43.2 kg dry; x 0.24 x 0.81897 = 8,491,081 mg of Ta, rounded once.
@good("blend-and-split", {"G1": 0, "G2": 10_000_000, "BL": 0, "A": 30_000_000, "B": 24_999_999})
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 45_000_000, basis="wet", moisture=40_000_000, grades=TA)
    story.dig("G2", 20_000_000, site="CD-MASISI", grades=TA)
    story.say(
        "lots.blended",
        MINER,
        lot="BL",
        material="coltan ore",
        inputs=[{"lot": "G1"}, {"lot": "G2", "mass": 10_000_000}],
        losses=[{"reason": "spill", "mass": 1}],
        mass=54_999_999,
    )
    story.say(
        "lot.split",
        MINER,
        lot="BL",
        parts=[{"lot": "A", "mass": 30_000_000}, {"lot": "B"}],
        material="coltan ore",
    )
    return story


@good("largest-remainder", {"A": 1, "B": 1, "C": 1, "D": 4})
def _() -> Story:
    """Seven milligrams of three origins, drawn one by one."""
    story = Story().begin()
    story.enter([story.site("AA", "RW"), story.site("BB", "RW")], *story.governance)
    story.dig("X", 3, site="AA")
    story.dig("Y", 2, site="BB")
    story.dig("Z", 2)
    story.say(
        "lots.blended",
        MINER,
        lot="BL",
        material="coltan ore",
        inputs=[{"lot": "X"}, {"lot": "Y"}, {"lot": "Z"}],
    )
    story.say(
        "lot.split",
        MINER,
        lot="BL",
        parts=[
            {"lot": "A", "mass": 1},
            {"lot": "B", "mass": 1},
            {"lot": "C", "mass": 1},
            {"lot": "D"},
        ],
        material="coltan ore",
    )
    return story


@good("hand-over", {"G1": 44_950_000})
def _() -> Story:
    """Within the tolerance of a reception (0.5 %) the lot is re-scaled."""
    story = Story().begin()
    story.dig("G1", 45_000_000, grades=TA)
    sent = story.send("G1", MINER, TRADER)
    story.get("G1", sent, MINER, TRADER, 44_950_000)
    return story


@good("still-in-transit", {"G1": 45_000_000})
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 45_000_000)
    story.send("G1", MINER, TRADER)
    return story


@good("shortfall-on-the-way", {"G1": 40_000_000}, "mass.shortfall")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 45_000_000, grades=TA)
    sent = story.send("G1", MINER, TRADER)
    story.get("G1", sent, MINER, TRADER, 40_000_000)
    return story


@good("excess-on-the-way", {"G1": 50_000_000}, "mass.excess")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 45_000_000, grades=TA)
    sent = story.send("G1", MINER, TRADER)
    story.get("G1", sent, MINER, TRADER, 50_000_000)
    return story


@good("metal-that-went-nowhere", {"CH": 0, "OUT": 1_000_000}, "mass.element-unaccounted")
def _() -> Story:
    """All of the mass and less of the metal came out: recorded, and asked about."""
    story = Story().begin()
    story.dig("CH", 1_000_000, grades=[{"analyte": "Ta", "grade": 200_000_000}])
    story.say(
        "lot.refined",
        MINER,
        lot="CH",
        process="leaching",
        outputs=[
            {
                "lot": "OUT",
                "material": "concentrate",
                "mass": 1_000_000,
                "basis": "dry",
                "contents": [{"element": "Ta", "mass": 190_000}],
            }
        ],
    )
    return story


@good("many-small-gains", {"G1": 1_010_000}, "mass.excess")
def _() -> Story:
    """Each within the tolerance of the last figure; the second is beyond that of the first."""
    story = Story().begin()
    story.dig("G1", 1_000_000)
    for mass in (1_005_000, 1_010_000):
        story.say("lot.weighed", MINER, lot="G1", mass=mass, basis="dry", instrument="weighbridge")
    return story


@good("drying-is-no-loss", {"G1": 960_000})
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000_000, basis="wet", moisture=40_000_000, grades=TA)
    story.say("lot.weighed", MINER, lot="G1", mass=960_000, basis="dry", instrument="weighbridge")
    return story


@good("assays", {"G1": 1_000_000}, "assay.higher", "assay.lower")
def _() -> Story:
    """Three laboratories: the first figure is booked, a higher one is unknown, a lower lost."""
    story = Story().begin()
    story.dig("G1", 1_000_000)
    for grade in (200_000_000, 250_000_000, 100_000_000):
        story.enter(
            [
                story.event(
                    "lot.assayed",
                    LAB,
                    cosigners=[MINER],
                    lot="G1",
                    grades=[{"analyte": "Ta", "grade": grade}],
                )
            ],
            LAB,
            MINER,
        )
    return story


@good("unknown-contents", {"BL": 30_000_000})
def _() -> Story:
    """One input was never assayed, so what the blend contains is unknown."""
    story = Story().begin()
    story.dig("G1", 10_000_000, grades=TA)
    story.dig("G2", 20_000_000, site="CD-MASISI")
    story.say(
        "lots.blended",
        MINER,
        lot="BL",
        material="coltan ore",
        inputs=[{"lot": "G1"}, {"lot": "G2"}],
    )
    story.enter(
        [story.event("lot.assayed", LAB, cosigners=[MINER], lot="BL", grades=TA)], LAB, MINER
    )
    return story


@good("refining", {"CH": 0, "OUT": 350_000_000, "TAIL": 600_000_000})
def _() -> Story:
    """A wet charge: water goes first, then what has stated contents; reagent is unknown."""
    story = Story().begin()
    story.dig("CH", 1_000_000_000, basis="wet", moisture=40_000_000, grades=TA)
    story.say(
        "lot.refined",
        MINER,
        lot="CH",
        process="leaching",
        outputs=[
            {
                "lot": "OUT",
                "material": "K2TaF7",
                "mass": 350_000_000,
                "basis": "dry",
                "contents": [{"element": "Ta", "mass": 180_000_000}],
                "added": 50_000_000,
            },
            {
                "lot": "TAIL",
                "material": "tailings",
                "mass": 600_000_000,
                "basis": "dry",
                "role": "residue",
            },
        ],
        losses=[
            {"reason": "moisture", "mass": 40_000_000},
            {"reason": "slag", "mass": 60_000_000, "contents": [{"element": "Ta", "mass": 1_000}]},
        ],
    )
    return story


@good("pieces", {"CAP": 0, "PHONE": 0, "SOLD": 100, "REST": 800})
def _() -> Story:
    """Counted lots are drawn by pieces, and the mass follows."""
    story = Story().begin()
    story.dig("CAP", 1_000, pieces=100)
    story.say(
        "product.made",
        MINER,
        product="PHONE",
        model="phone",
        units=50,
        components=[{"lot": "CAP", "per_unit": 2}],
    )
    story.say("lot.retired", MINER, lot="PHONE", reason="placed-on-market", pieces=5)
    story.say(
        "lot.split",
        MINER,
        lot="PHONE",
        parts=[{"lot": "SOLD", "pieces": 5}, {"lot": "REST"}],
        material="phone",
    )
    return story


@good("packing-keeps-identity", {"DRUM": 3_000})
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.dig("G2", 2_000, site="CD-MASISI")
    story.say(
        "lots.packed", MINER, lot="DRUM", material="ore in bags", inputs=["G1", "G2"], seals=["S1"]
    )
    return story


@good("rejected-and-cancelled", {"G1": 1_000, "G2": 2_000})
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.dig("G2", 2_000)
    first = story.send("G1", MINER, TRADER)
    second = story.send("G2", MINER, TRADER)
    story.say("custody.rejected", TRADER, dispatch=first, lots=["G1"], reason="seal broken")
    story.say("custody.cancelled", MINER, dispatch=second, lots=["G2"], reason="truck broke down")
    return story


@good("declared-stock", {"OLD": 500})
def _() -> Story:
    story = Story().begin()
    story.say(
        "lot.declared",
        TRADER,
        lot="OLD",
        material="coltan ore",
        mass=500,
        basis="dry",
        origin="legacy",
        country="CD",
        reason="in stock before the ledger began",
    )
    return story


@good("foreign-lots-stay-apart", {"F1": 0, "F2": 0, "G1": 0, "B1": 3_500})
def _() -> Story:
    """Two lots of another ledger and ore of here: three origins, and none is unknown."""
    story = Story().begin()
    story.dig("G1", 1_000)
    dispatch = story.send("G1", MINER, TRADER)
    story.get("G1", dispatch, MINER, TRADER, 1_000)
    foreign_lot(story, "F1", "TAP-1", 2_000)
    foreign_lot(story, "F2", "TAP-2", 500)
    inputs = [{"lot": lot} for lot in ("F1", "F2", "G1")]
    story.say("lots.blended", TRADER, lot="B1", material="powder", inputs=inputs)
    return story


def foreign_lot(story: Story, lot: str, there: str, mass: int) -> str:
    """A lot of another ledger begins here; only the bundle shows that it is true."""
    return story.say(
        "lot.declared",
        TRADER,
        lot=lot,
        material="tantalum powder",
        mass=mass,
        basis="dry",
        origin="foreign",
        reason=f"began as {there} elsewhere",
        contents=[{"element": "Ta", "mass": mass}],
        foreign={
            "ledger": "7a" * 32,
            "lot": there,
            "event": "1f" * 32,
            "size": 194,
            "root": "3d" * 32,
            "bundle": "4e" * 32,
        },
    )


@good("adopted-tolerances", {"G1": 1_020_000})
def _() -> Story:
    """Two percent up is no excess where the ledger has adopted two percent."""
    story = Story().begin()
    story.say(
        "policy.adopted",
        "governance",
        tolerances=[{"name": "weighbridge", "tolerance": 20_000_000}],
    )
    story.dig("G1", 1_000_000)
    story.say("lot.weighed", MINER, lot="G1", mass=1_020_000, basis="dry", instrument="weighbridge")
    return story


@good("stranger-s-signature-is-ignored", {"G1": 1_000})
def _() -> Story:
    story = Story().begin()
    story.say(
        "lot.extracted",
        MINER,
        MINER,
        "stranger.example",
        lot="G1",
        material="ore",
        mass=1_000,
        basis="dry",
        site="RW-GIHANGA",
        method="asm",
    )
    return story


@good("seen-and-kept-checkpoints", {"G1": 1_000})
def _() -> Told:
    story = Story().begin()
    size = len(story.entries)
    seen = (size, story.root(size))
    story.enter([ore(story, "G1")], MINER, seen=seen)
    kept = checkpoint.sign(
        checkpoint.Checkpoint(ORIGIN, size, bytes.fromhex(seen[1])), KEYS[ORIGIN]
    )
    return story, {"checkpoints": [kept.decode()]}, story.lines()


@good("late-record", {"G1": 1_000})
def _() -> Story:
    """What happened years ago may be recorded now."""
    story = Story().begin()
    story.dig("G1", 1_000, occurred_at="2020-01-01T00:00:00Z")
    return story


@good("five-minutes-ahead", {"G1": 1_000})
def _() -> Story:
    """A clerk's clock may be ahead of the log's by 300 seconds and no more."""
    story = Story().begin()
    story.dig("G1", 1_000, occurred_at="2026-02-11T08:07:00Z")
    return story
