"""Small ledgers with hand-overs and claims that cannot be."""

from __future__ import annotations

from good_books import foreign_lot
from story import Story
from telling import (
    LAB,
    MINER,
    SMELTER,
    TRADER,
    bad,
)


@bad("sent-to-a-stranger", "party.unknown")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.send("G1", MINER, "stranger.example")
    return story


@bad("sent-to-a-suspended-party", "party.suspended")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.say("party.suspended", "governance", party=TRADER, reason="licence withdrawn")
    story.send("G1", MINER, TRADER)
    return story


@bad("sent-to-oneself", "custody.to-self")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.send("G1", MINER, MINER)
    return story


@bad("sent-in-another-s-name", "custody.not-giver")
def _() -> Story:
    """The holder has signed, but somebody else is the sender."""
    story = Story().begin()
    story.dig("G1", 1_000)
    event = story.event(
        "custody.dispatched", TRADER, cosigners=[MINER], to=SMELTER, lots=[{"lot": "G1"}]
    )
    story.enter([event], TRADER, MINER)
    return story


@bad("sent-twice", "lot.in-transit")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.send("G1", MINER, TRADER)
    story.send("G1", MINER, SMELTER)
    return story


@bad("received-without-a-dispatch", "custody.not-in-transit")
def _() -> Story:
    story = Story().begin()
    head = story.dig("G1", 1_000)
    story.get("G1", head, MINER, TRADER, 1_000)
    return story


@bad("received-twice", "custody.not-in-transit")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    sent = story.send("G1", MINER, TRADER)
    story.get("G1", sent, MINER, TRADER, 1_000)
    story.get("G1", sent, MINER, TRADER, 1_000)
    return story


@bad("received-under-another-dispatch", "custody.dispatch-mismatch")
def _() -> Story:
    story = Story().begin()
    head = story.dig("G1", 1_000)
    story.send("G1", MINER, TRADER)
    story.get("G1", head, MINER, TRADER, 1_000)
    return story


@bad("received-by-somebody-else", "custody.not-taker")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    sent = story.send("G1", MINER, TRADER)
    story.get("G1", sent, MINER, SMELTER, 1_000)
    return story


@bad("received-from-somebody-else", "custody.not-giver")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    sent = story.send("G1", MINER, TRADER)
    story.get("G1", sent, SMELTER, TRADER, 1_000)
    return story


@bad("received-lot-nobody-began", "lot.unknown")
def _() -> Story:
    story = Story().begin()
    story.get("G1", "1f" * 32, MINER, TRADER, 1_000)
    return story


@bad("rejected-by-the-sender", "custody.not-taker")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    sent = story.send("G1", MINER, TRADER)
    story.say("custody.rejected", MINER, dispatch=sent, lots=["G1"], reason="none")
    return story


@bad("cancelled-by-the-receiver", "custody.not-giver")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    sent = story.send("G1", MINER, TRADER)
    story.say("custody.cancelled", TRADER, dispatch=sent, lots=["G1"], reason="none")
    return story


@bad("site-registered-twice", "site.exists")
def _() -> Story:
    story = Story().begin()
    story.enter([story.site("RW-GIHANGA", "CD")], *story.governance)
    return story


@bad("foreign-lot-taken-over-twice", "foreign.exists")
def _() -> Story:
    """One lot of another ledger under two names here."""
    story = Story().begin()
    foreign_lot(story, "F1", "TAP-1", 2_000)
    foreign_lot(story, "F2", "TAP-1", 2_000)
    return story


@bad("series-issued-twice", "tags.exists")
def _() -> Story:
    story = Story().begin()
    for last in (5, 6):
        story.say(
            "tags.issued",
            "governance",
            series="T1",
            kind="mine",
            prefix="MT-",
            first=1,
            last=last,
            site="RW-GIHANGA",
        )
    return story


@bad("tags-of-no-series", "tags.unknown")
def _() -> Story:
    story = Story().begin()
    story.say("tags.voided", MINER, series="T1", tags=["MT-1"], reason="lost")
    return story


def certified(story: Story, subject: str, mass: int = 1) -> None:
    """A certificate of the laboratory."""
    story.say(
        "certificate.issued",
        LAB,
        certificate="C1",
        subject=subject,
        standard="S",
        valid_from="2026-01-01",
        valid_to="2026-12-31",
        mass=mass,
    )


@bad("certificate-number-used-twice", "certificate.exists")
def _() -> Story:
    story = Story().begin()
    certified(story, "site:RW-GIHANGA")
    certified(story, "site:RW-GIHANGA", 2)
    return story


@bad("certificate-for-a-lot-nobody-began", "lot.unknown")
def _() -> Story:
    story = Story().begin()
    certified(story, "lot:G1")
    return story


@bad("document-about-things-unheard-of", "certificate.unknown", "party.unknown", "ledger.unknown")
def _() -> Story:
    story = Story().begin()
    subjects = ("certificate:C9", "party:stranger.example", "ledger:another", "site:NOWHERE")
    for subject in subjects:
        story.say("document.attached", MINER, subject=subject, digest="3d" * 32, kind="photo")
    return story
