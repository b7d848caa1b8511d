"""Small ledgers in which mass comes from nowhere or a head is spent twice."""

from __future__ import annotations

from typing import Any

from story import Story
from telling import (
    LAB,
    MINER,
    TA,
    TRADER,
    bad,
    ore,
)


@bad("two-successors-of-one-head", "lot.head-spent")
def _() -> Story:
    story = Story().begin()
    head = story.dig("G1", 1_000)
    for mass in (999, 998):
        story.say(
            "lot.weighed",
            MINER,
            after=[head],
            lot="G1",
            mass=mass,
            basis="dry",
            instrument="weighbridge",
        )
    return story


@bad("head-not-named", "lot.head-spent")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say(
        "lot.weighed", MINER, after=None, lot="G1", mass=999, basis="dry", instrument="weighbridge"
    )
    return story


@bad("head-of-nothing-that-changes", "lot.head-unknown")
def _() -> Story:
    story = Story().begin()
    head = story.dig("G1", 1_000)
    story.enter([ore(story, "G2", after=[head])], MINER)
    return story


@bad("lot-begun-twice", "lot.exists")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.enter([ore(story, "G1", mass=2_000)], MINER)
    return story


@bad("lot-that-nobody-began", "lot.unknown")
def _() -> Story:
    story = Story().begin()
    story.say("lot.weighed", MINER, lot="G1", mass=999, basis="dry", instrument="weighbridge")
    return story


@bad("used-up-lot-used-again", "lot.closed")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    for name in ("A", "B"):
        story.say("lots.blended", MINER, lot=name, material="ore", inputs=[{"lot": "G1"}])
    return story


@bad("somebody-else-s-lot", "custody.not-holder")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lots.blended", TRADER, lot="A", material="ore", inputs=[{"lot": "G1"}])
    return story


@bad("lot-blended-while-in-transit", "lot.in-transit")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.send("G1", MINER, TRADER)
    story.say("lots.blended", MINER, lot="A", material="ore", inputs=[{"lot": "G1"}])
    return story


@bad("ore-of-an-unregistered-site", "site.unknown")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000, site="NOWHERE")
    return story


@bad("ore-that-the-operator-of-its-site-did-not-sign-for", "site.not-operator")
def _() -> Story:
    story = Story().begin()
    site = {"site": "RUN", "name": "Run", "kind": "mine-lsm", "country": "RW"}
    story.say("site.registered", "governance", **site, operator=TRADER)
    story.dig("G1", 1_000, site="RUN")
    return story


@bad("more-drawn-than-there-is", "mass.overdrawn", "mass.empty")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lots.blended", MINER, lot="A", material="ore", inputs=[{"lot": "G1", "mass": 1_001}])
    return story


@bad("one-lot-drawn-twice-in-one-event", "mass.overdrawn")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say(
        "lots.blended",
        MINER,
        lot="A",
        material="ore",
        inputs=[{"lot": "G1", "mass": 600}, {"lot": "G1", "mass": 600}],
    )
    return story


@bad("blend-said-to-hold-more", "mass.not-conserved")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lots.blended", MINER, lot="A", material="ore", inputs=[{"lot": "G1"}], mass=1_001)
    return story


@bad("parts-that-leave-something-over", "mass.not-conserved")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lot.split", MINER, lot="G1", parts=[{"lot": "A", "mass": 999}], material="ore")
    return story


@bad("blend-of-which-nothing-is-left", "mass.empty")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say(
        "lots.blended",
        MINER,
        lot="A",
        material="ore",
        inputs=[{"lot": "G1"}],
        losses=[{"reason": "spill", "mass": 1_000}],
    )
    return story


@bad("blend-too-heavy-to-write", "mass.too-large")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 2**53 - 1)
    story.dig("G2", 1)
    story.say("lots.blended", MINER, lot="A", material="ore", inputs=[{"lot": "G1"}, {"lot": "G2"}])
    return story


@bad("pieces-of-a-lot-never-counted", "pieces.not-counted")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lots.blended", MINER, lot="A", material="ore", inputs=[{"lot": "G1", "pieces": 1}])
    return story


@bad("more-pieces-than-there-are", "pieces.overdrawn")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000, pieces=10)
    story.say("lots.blended", MINER, lot="A", material="ore", inputs=[{"lot": "G1", "pieces": 11}])
    return story


def refined(story: Story, *outputs: dict[str, Any], losses: Any = ()) -> Story:
    """The lot CH goes through a process; each output is dry unless it says otherwise."""
    filled = [{"material": "m", "basis": "dry", **output} for output in outputs]
    fields = {"losses": list(losses)} if losses else {}
    story.say("lot.refined", MINER, lot="CH", process="leaching", outputs=filled, **fields)
    return story


def charged() -> Story:
    """A charge of 1,000,000 mg, dry, with 200,000 mg of Ta."""
    story = Story().begin()
    story.dig("CH", 1_000_000, grades=[{"analyte": "Ta", "grade": 200_000_000}])
    return story


@bad("metal-from-nowhere", "mass.element-created")
def _() -> Story:
    ta = [{"element": "Ta", "mass": 200_401}]
    return refined(charged(), {"lot": "OUT", "mass": 1_000_000, "contents": ta})


@bad("metal-from-nowhere-in-two-outputs", "mass.element-created")
def _() -> Story:
    """Each within the tolerance of a process, together beyond it."""
    return refined(
        charged(),
        {"lot": "O1", "mass": 500_000, "contents": [{"element": "Ta", "mass": 200_300}]},
        {"lot": "O2", "mass": 500_000, "contents": [{"element": "Ta", "mass": 300}]},
    )


@bad("another-metal-than-was-charged", "mass.element-created")
def _() -> Story:
    gold = [{"element": "Au", "mass": 1}]
    return refined(charged(), {"lot": "OUT", "mass": 1_000_000, "contents": gold})


@bad("output-with-more-metal-than-mass", "mass.content-exceeds-mass")
def _() -> Story:
    ta = [{"element": "Ta", "mass": 101}]
    return refined(
        charged(), {"lot": "O1", "mass": 100, "contents": ta}, {"lot": "O2", "mass": 999_900}
    )


@bad("one-metal-named-twice", "mass.content-twice")
def _() -> Story:
    ta = [{"element": "Ta", "mass": 1}, {"element": "Ta", "mass": 2}]
    return refined(charged(), {"lot": "OUT", "mass": 1_000_000, "contents": ta})


@bad("outputs-beyond-the-charge", "mass.overdrawn")
def _() -> Story:
    return refined(charged(), {"lot": "OUT", "mass": 1_000_001})


@bad("dry-ore-dries-off", "mass.not-water")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000_000)
    story.say("lot.adjusted", MINER, lot="G1", reason="moisture", lost=2_001)
    return story


@bad("metal-dries-off", "mass.not-water")
def _() -> Story:
    """Nobody said how wet the output is; what it contains cannot be water."""
    story = charged()
    ta = [{"element": "Ta", "mass": 200_000}]
    refined(story, {"lot": "OUT", "mass": 1_000_000, "basis": "wet", "contents": ta})
    story.say("lot.adjusted", MINER, lot="OUT", reason="moisture", lost=802_001)
    return story


@bad("grade-of-wet-ore-of-unknown-moisture", "assay.moisture-missing")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000, basis="wet")
    story.enter(
        [story.event("lot.assayed", LAB, cosigners=[MINER], lot="G1", grades=TA)], LAB, MINER
    )
    return story


@bad("grades-above-the-whole", "mass.content-exceeds-mass")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    grades = [{"analyte": "Ta", "grade": 600_000_000}, {"analyte": "Nb", "grade": 400_000_001}]
    story.enter(
        [story.event("lot.assayed", LAB, cosigners=[MINER], lot="G1", grades=grades)], LAB, MINER
    )
    return story


@bad("assay-without-the-holder", "custody.not-holder")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lot.assayed", LAB, lot="G1", grades=TA)
    return story
