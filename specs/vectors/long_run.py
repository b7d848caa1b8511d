"""Small ledgers of the long run: keys that follow keys, events undone, lots held, accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from cast import KEYS, vkey
from story import Story
from telling import LAB, MINER, SMELTER, TRADER, bad, good, ore

from ledger.log import note

NEW = note.Signer(MINER, sha256(b"a key that follows").digest())
NEXT = sha256(f"oretrail/next-key/v1\n{NEW.verifier.vkey}\n".encode()).hexdigest()
RECOVERY = f"{MINER}/recovery"


@contextmanager
def key(name: str, signer: note.Signer) -> Iterator[str]:
    """A key under a name, for a while."""
    KEYS[name] = signer
    try:
        yield name
    finally:
        del KEYS[name]


def far_sighted() -> Story:
    """A miner who has committed to the next key, and has one for recovery."""
    story = Story().begin(TRADER)
    event = story.event(
        "party.admitted",
        "governance",
        party=MINER,
        name=MINER,
        roles=["miner"],
        key=vkey(MINER),
        next=NEXT,
        recovery=vkey(RECOVERY),
    )
    story.enter([event], "governance/1", MINER)
    return story


def follow(story: Story, kind: str, by: str, *signers: str, **fields: Any) -> Story:
    """The new key takes over, by whatever event."""
    with key("new", NEW):
        story.say(kind, by, *signers, party=MINER, key=NEW.verifier.vkey, **fields)
        story.enter([ore(story, "G1")], "new")
    return story


@good("key-rotated", {"G1": 1_000})
def _() -> Story:
    return follow(far_sighted(), "key.rotated", MINER, "new")


@good("key-recovered", {"G1": 1_000})
def _() -> Story:
    signers = ("governance/1", RECOVERY, "new")
    return follow(far_sighted(), "key.recovered", "governance", *signers, reason="fire")


@bad("old-key-signs-after-a-rotation", "key.revoked")
def _() -> Story:
    story = follow(far_sighted(), "key.rotated", MINER, "new")
    story.enter([ore(story, "G2")], MINER)
    return story


@bad("key-that-nobody-committed-to", "key.not-committed")
def _() -> Story:
    return follow(Story().begin(), "key.rotated", MINER, "new")


@bad("key-recovered-without-the-recovery-key", "key.not-recovered")
def _() -> Story:
    signers = ("governance/1", "new")
    return follow(far_sighted(), "key.recovered", "governance", *signers, reason="fire")


@bad("recovery-key-signs-an-event", "statement.signer-missing")
def _() -> Story:
    story = far_sighted()
    story.enter([ore(story, "G1")], RECOVERY)
    return story


def governed(story: Story, signers: Sequence[str], names: Sequence[str], **fields: Any) -> Story:
    """Governance is rotated to these keys, by these signers."""
    fields = {
        "version": 1,
        "origin": "kivu.example/trail",
        "governance": sorted(vkey(name) for name in names),
        "threshold": 1,
        "log_key": vkey("kivu.example/trail"),
        "demo": True,
        **fields,
    }
    story.say("governance.rotated", "governance", *signers, **fields)
    return story


@good("governance-rotated", {})
def _() -> Story:
    story = governed(Story(), ("governance/1", "governance/2"), ("governance/2",))
    story.governance = ("governance/2",)
    return story.begin()


@bad("governance-rotated-by-the-new-alone", "governance.threshold-not-met")
def _() -> Story:
    return governed(Story(), ("governance/2",), ("governance/2",))


@bad("governance-version-left-out", "governance.version-wrong")
def _() -> Story:
    return governed(Story(), ("governance/1", "governance/2"), ("governance/2",), version=2)


@bad("governance-of-a-real-ledger-now", "governance.origin-changed")
def _() -> Story:
    return governed(Story(), ("governance/1", "governance/2"), ("governance/2",), demo=None)


# ---------------------------------------------------------------- undone


def weighed(story: Story, lot: str, mass: int) -> str:
    """A lot on the scale."""
    return story.say(
        "lot.weighed", MINER, lot=lot, mass=mass, basis="dry", instrument="weighbridge"
    )


@good("blend-undone", {"G1": 1_000, "G2": 2_000, "BL": 0})
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.dig("G2", 2_000)
    blend = story.say(
        "lots.blended", MINER, lot="BL", material="ore", inputs=[{"lot": "G1"}, {"lot": "G2"}]
    )
    story.say("event.voided", MINER, event=blend, lots=["BL", "G1", "G2"], reason="wrong bag")
    return story


@bad("undone-although-built-upon", "event.built-upon")
def _() -> Story:
    story = Story().begin()
    dug = story.dig("G1", 1_000)
    weighed(story, "G1", 999)
    story.say("event.voided", MINER, event=dug, lots=["G1"], reason="wrong bag")
    return story


@bad("blend-undone-for-one-lot-only", "event.voided-in-part")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    blend = story.say("lots.blended", MINER, lot="BL", material="ore", inputs=[{"lot": "G1"}])
    story.say("event.voided", MINER, event=blend, lots=["G1"], reason="wrong bag")
    return story


@bad("reception-undone-by-one-side", "event.not-voidable")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    sent = story.send("G1", MINER, TRADER)
    got = story.get("G1", sent, MINER, TRADER, 1_000)
    story.say("event.voided", TRADER, event=got, lots=["G1"], reason="changed our mind")
    return story


@bad("somebody-else-s-event-undone", "custody.not-holder")
def _() -> Story:
    story = Story().begin()
    dug = story.dig("G1", 1_000)
    story.say("event.voided", TRADER, event=dug, lots=["G1"], reason="envy")
    return story


# ---------------------------------------------------------------- held


@good("held-and-released", {"G1": 1_000})
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lot.held", MINER, lots=["G1"], reason="tag in doubt")
    story.say("lot.released", MINER, lots=["G1"], reason="tag in order")
    sent = story.send("G1", MINER, TRADER)
    story.get("G1", sent, MINER, TRADER, 1_000)
    return story


@bad("held-lot-sent", "lot.on-hold")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lot.held", MINER, lots=["G1"], reason="tag in doubt")
    story.send("G1", MINER, TRADER)
    return story


@bad("held-lot-blended", "lot.on-hold")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lot.held", MINER, lots=["G1"], reason="tag in doubt")
    story.say("lots.blended", MINER, lot="BL", material="ore", inputs=[{"lot": "G1"}])
    return story


@bad("held-by-somebody-else", "custody.not-holder")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lot.held", TRADER, lots=["G1"], reason="envy")
    return story


@bad("released-by-somebody-else", "lot.not-on-hold")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("lot.held", MINER, lots=["G1"], reason="tag in doubt")
    story.say("lot.released", TRADER, lots=["G1"], reason="haste")
    return story


# ---------------------------------------------------------------- accounts


def account(story: Story, name: str = "A26", year: int = 2026, by: str = MINER) -> Story:
    """A mass balance account on tantalum for a year."""
    story.say(
        "balance.opened",
        by,
        account=name,
        element="Ta",
        model="mass-balance",
        begins=f"{year}-01-01",
        ends=f"{year}-12-31",
    )
    return story


def credited(mass: int = 300) -> Story:
    """An account with so much, from a lot that contains 300 mg of tantalum."""
    story = account(Story().begin())
    story.dig("G1", 1_000, grades=[{"analyte": "Ta", "grade": 300_000_000}])
    story.say("balance.credited", MINER, account="A26", mass=mass, lot="G1")
    return story


@good("claims", {"G1": 1_000, "G2": 500})
def _() -> Story:
    """Credited, allocated to another lot, and the rest carried over."""
    story = account(credited(), "A27", 2027)
    story.dig("G2", 500)
    story.say("claim.allocated", MINER, account="A26", mass=200, lot="G2")
    later = "2027-01-02T00:00:00Z"
    event = story.event(
        "balance.credited", MINER, account="A27", mass=100, carried="A26", occurred_at=later
    )
    story.enter([event], MINER, at=later)
    return story


@bad("account-opened-twice", "account.exists")
def _() -> Story:
    return account(account(Story().begin()), year=2027)


@bad("account-of-somebody-else", "account.not-holder")
def _() -> Story:
    story = credited()
    story.say("claim.allocated", TRADER, account="A26", mass=1)
    return story


@bad("account-nobody-opened", "account.unknown")
def _() -> Story:
    story = Story().begin()
    story.say("claim.allocated", MINER, account="A26", mass=1)
    return story


@bad("more-credited-than-the-lot-contains", "balance.more-than-content")
def _() -> Story:
    return credited(301)


@bad("lot-credited-twice", "balance.double-credit")
def _() -> Story:
    story = account(credited(100), "B26")
    story.say("balance.credited", MINER, account="B26", mass=100, lot="G1")
    return story


@bad("somebody-else-s-lot-credited", "custody.not-holder")
def _() -> Story:
    story = account(Story().begin(), by=TRADER)
    story.dig("G1", 1_000, grades=[{"analyte": "Ta", "grade": 300_000_000}])
    story.say("balance.credited", TRADER, account="A26", mass=1, lot="G1")
    return story


@bad("claim-allocated-to-somebody-else-s-lot", "custody.not-holder")
def _() -> Story:
    story = credited()
    story.say(
        "lot.declared",
        TRADER,
        lot="OLD",
        material="ore",
        mass=5,
        basis="dry",
        origin="unknown",
        reason="bought",
    )
    story.say("claim.allocated", MINER, account="A26", mass=1, lot="OLD")
    return story


@bad("more-claimed-than-was-credited", "balance.overdrawn")
def _() -> Story:
    story = credited(100)
    story.say("claim.allocated", MINER, account="A26", mass=101)
    return story


@bad("more-carried-over-than-is-left", "balance.overdrawn")
def _() -> Story:
    story = account(credited(100), "A27", 2027)
    later = "2027-01-02T00:00:00Z"
    event = story.event(
        "balance.credited", MINER, account="A27", mass=101, carried="A26", occurred_at=later
    )
    story.enter([event], MINER, at=later)
    return story


@bad("claimed-after-the-period", "balance.expired")
def _() -> Story:
    story = credited(100)
    later = "2027-01-02T00:00:00Z"
    event = story.event("claim.allocated", MINER, account="A26", mass=1, occurred_at=later)
    story.enter([event], MINER, at=later)
    return story


@bad("carried-over-to-the-same-year", "balance.not-next")
def _() -> Story:
    story = account(credited(100), "B26")
    story.say("balance.credited", MINER, account="B26", mass=1, carried="A26")
    return story


@bad("claimed-from-an-account-carried-over", "balance.closed")
def _() -> Story:
    story = account(credited(100), "A27", 2027)
    later = "2027-01-02T00:00:00Z"
    event = story.event(
        "balance.credited", MINER, account="A27", mass=99, carried="A26", occurred_at=later
    )
    story.enter([event], MINER, at=later)
    event = story.event("claim.allocated", MINER, account="A26", mass=1)
    story.enter([event], MINER, at=later)
    return story


# ---------------------------------------------------------------- what is said


@good("incident-to-its-end", {})
def _() -> Story:
    story = opened()
    for status in ("acknowledged", "assessed", "remedied", "confirmed"):
        story.say("incident.updated", MINER, incident="I-1", status=status)
    story.say("incident.closed", TRADER, incident="I-1", outcome="remedied")
    return story


def opened() -> Story:
    """A grievance about a site."""
    story = Story().begin()
    story.say(
        "incident.opened",
        TRADER,
        incident="I-1",
        kind="grievance",
        category="spill",
        severity="low",
        subjects=["site:RW-GIHANGA"],
    )
    return story


@bad("incident-closed-before-it-was-assessed", "incident.wrong-status")
def _() -> Story:
    story = opened()
    story.say("incident.closed", MINER, incident="I-1", outcome="unfounded")
    return story


@bad("certificate-revoked-by-another", "certificate.not-issuer")
def _() -> Story:
    story = Story().begin()
    story.say(
        "certificate.issued",
        LAB,
        certificate="C1",
        subject=f"party:{SMELTER}",
        standard="S",
        valid_from="2026-01-01",
        valid_to="2026-12-31",
    )
    story.say("certificate.revoked", SMELTER, certificate="C1", reason="inconvenient")
    return story


@bad("blend-of-itself", "lot.opened-here")
def _() -> Story:
    story = Story().begin()
    story.say("lots.blended", MINER, lot="BL", material="ore", inputs=[{"lot": "BL"}])
    return story


@bad("split-that-forgets-pieces", "pieces.not-conserved")
def _() -> Story:
    """The parts take all the mass, and a rounding leaves a piece behind."""
    story = Story().begin()
    story.dig("G1", 2, pieces=101)
    parts = [{"lot": "A", "pieces": 50}, {"lot": "B", "pieces": 50}]
    story.say("lot.split", MINER, lot="G1", parts=parts, material="ore")
    return story


@bad("more-pieces-than-can-be-written", "pieces.too-many")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000, pieces=2**53 - 1)
    story.dig("G2", 1_000, pieces=1)
    story.say("lots.blended", MINER, lot="A", material="ore", inputs=[{"lot": "G1"}, {"lot": "G2"}])
    return story
