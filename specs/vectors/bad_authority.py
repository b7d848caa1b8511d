"""Small ledgers in which somebody acts who may not."""

from __future__ import annotations

from typing import Any

from cast import KEYS, ORIGIN, vkey
from story import Story
from telling import (
    LAB,
    MINER,
    TRADER,
    Told,
    bad,
    ore,
)

from ledger.log import note


@bad("no-genesis", "genesis.missing", "statement.wrong-ledger")
def _() -> Told:
    story = Story()
    other = Story(name="Another")
    other.entries.clear()
    other.enter([other.site("RW-GIHANGA", "RW")], "governance/1")
    return story, {}, other.lines()


@bad("genesis-twice", "genesis.repeated")
def _() -> Story:
    story = Story()
    again = Story(name="Another")
    story.enter([again.entries[1]], "governance/1")
    return story


@bad("genesis-not-signed-by-all", "key.no-possession")
def _() -> Story:
    return Story(("governance/1", "governance/2"), 1, signers=("governance/1",))


@bad("genesis-with-a-threshold-too-high", "governance.threshold-wrong")
def _() -> Story:
    return Story(("governance/1", "governance/2"), 3)


@bad("genesis-with-the-log-key-among-the-governors", "key.two-roles")
def _() -> Story:
    twin = note.Signer("governance/1", KEYS[ORIGIN]._seed)
    KEYS["governance/twin"] = twin
    try:
        return Story(("governance/twin",))
    finally:
        del KEYS["governance/twin"]


@bad("genesis-with-demo-keys-in-earnest", "key.demo")
def _() -> Story:
    return Story(demo=None)


@bad("governance-key-with-a-party-s-name", "key.name-mismatch")
def _() -> Story:
    return Story((MINER,))


@bad("log-key-with-another-name", "key.name-mismatch")
def _() -> Story:
    return Story(log_key=vkey("lab.example"))


@bad("governance-key-with-a-wrong-id", "key.weak")
def _() -> Story:
    right = vkey(ORIGIN)
    name, _, key = right.split("+", 2)
    return Story(log_key=f"{name}+00000000+{key}")


@bad("too-few-governors", "governance.threshold-not-met")
def _() -> Story:
    story = Story(("governance/1", "governance/2", "governance/3"), 2)
    story.governance = ("governance/3",)
    return story.begin()


@bad("party-admits-a-party", "governance.required")
def _() -> Story:
    story = Story().begin(MINER)
    story.say(
        "party.admitted",
        MINER,
        MINER,
        LAB,
        party=LAB,
        name=LAB,
        roles=["laboratory"],
        key=vkey(LAB),
    )
    return story


@bad("party-admitted-twice", "party.exists", "key.exists")
def _() -> Story:
    return Story().begin(MINER).begin(MINER, site=False)


@bad("party-without-proof-of-its-key", "key.no-possession")
def _() -> Story:
    story = Story()
    story.say(
        "party.admitted", "governance", party=LAB, name=LAB, roles=["laboratory"], key=vkey(LAB)
    )
    return story


@bad("party-with-another-s-key", "key.exists", "key.name-mismatch")
def _() -> Story:
    story = Story().begin(MINER)
    event = story.event(
        "party.admitted", "governance", party=LAB, name=LAB, roles=["laboratory"], key=vkey(MINER)
    )
    story.enter([event], "governance/1", MINER)
    return story


@bad("one-raw-key-for-two-parties", "key.two-roles")
def _() -> Story:
    story = Story().begin(MINER)
    KEYS["twin.example"] = note.Signer("twin.example", KEYS[MINER]._seed)
    try:
        return story.begin("twin.example", site=False)
    finally:
        del KEYS["twin.example"]


@bad("key-for-an-unknown-party", "party.unknown")
def _() -> Story:
    story = Story()
    event = story.event("key.authorized", "governance", party=LAB, key=vkey(LAB))
    story.enter([event], "governance/1", LAB)
    return story


@bad("key-authorized-by-a-stranger", "key.not-controller")
def _() -> Story:
    story = Story().begin(MINER, TRADER)
    event = story.event("key.authorized", TRADER, party=MINER, key=vkey(f"{MINER}/phone"))
    story.enter([event], TRADER, f"{MINER}/phone")
    return story


@bad("key-revoked-by-a-device", "key.not-controller")
def _() -> Story:
    story = with_phone()
    story.say("key.revoked", MINER, f"{MINER}/phone", party=MINER, key=vkey(MINER), reason="mine")
    return story


def with_phone(**scope: Any) -> Story:
    """A miner with a device key."""
    story = Story().begin()
    event = story.event("key.authorized", MINER, party=MINER, key=vkey(f"{MINER}/phone"), **scope)
    story.enter([event], MINER, f"{MINER}/phone")
    return story


def phoned(story: Story, kind: str = "lot.extracted") -> Story:
    """Something that only the device signs."""
    if kind == "lot.extracted":
        story.enter([ore(story, "G1")], f"{MINER}/phone")
    else:
        story.say(
            kind, MINER, f"{MINER}/phone", subject=f"party:{MINER}", digest="3d" * 32, kind="photo"
        )
    return story


@bad("unknown-key-revoked", "key.unknown")
def _() -> Story:
    story = Story().begin()
    story.say("key.revoked", MINER, party=MINER, key=vkey(f"{MINER}/phone"), reason="lost")
    return story


@bad("revoked-key-signs", "key.revoked")
def _() -> Story:
    story = with_phone()
    story.say("key.revoked", MINER, party=MINER, key=vkey(f"{MINER}/phone"), reason="lost")
    return phoned(story)


@bad("expired-key-signs", "key.expired")
def _() -> Story:
    return phoned(with_phone(until="2026-02-11T08:00:00Z"))


@bad("key-signs-a-type-beyond-its-scope", "key.out-of-scope")
def _() -> Story:
    return phoned(with_phone(types=["lot.tagged"]))


@bad("key-signs-a-mass-beyond-its-scope", "key.out-of-scope")
def _() -> Story:
    return phoned(with_phone(max_mass=999))


@bad("two-devices-neither-of-which-may", "key.out-of-scope")
def _() -> Story:
    """One may sign the type but not the mass, the other the mass but not the type."""
    story = with_phone(types=["lot.extracted"], max_mass=999)
    KEYS[f"{MINER}/gate"] = note.Signer(f"{MINER}/gate", KEYS["stranger.example"]._seed)
    try:
        event = story.event(
            "key.authorized", MINER, party=MINER, key=vkey(f"{MINER}/gate"), types=["lot.tagged"]
        )
        story.enter([event], MINER, f"{MINER}/gate")
        story.enter([ore(story, "G1")], f"{MINER}/phone", f"{MINER}/gate")
    finally:
        del KEYS[f"{MINER}/gate"]
    return story


@bad("suspended-party-signs", "party.suspended")
def _() -> Story:
    story = Story().begin()
    story.say("party.suspended", "governance", party=MINER, reason="licence withdrawn")
    story.dig("G1", 1_000)
    return story


@bad("party-reinstated-that-was-not-suspended", "party.not-suspended")
def _() -> Story:
    story = Story().begin()
    story.say("party.reinstated", "governance", party=MINER, reason="licence renewed")
    return story


@bad("unknown-party-suspended", "party.unknown")
def _() -> Story:
    story = Story()
    story.say("party.suspended", "governance", party=MINER, reason="none")
    return story


@bad("cosigner-has-not-signed", "statement.signer-missing")
def _() -> Story:
    story = Story().begin()
    story.enter([ore(story, "G1", cosigners=[LAB])], MINER)
    return story


@bad("signed-by-somebody-else", "statement.signer-missing")
def _() -> Story:
    story = Story().begin()
    story.enter([ore(story, "G1")], TRADER)
    return story
