"""Bundles with one mistake each in what they prove: statements, hashes, checkpoint, closure, trust.

Whatever lies above the mistake is made anew, so that it is the only one: a changed entry has a
fitting tree, a changed tree a fitting checkpoint, and every file a fitting last line.
"""

from __future__ import annotations

from collections.abc import Callable

from bad_frames import (
    MISTAKES,
    bags_note,
    mistake,
    reindexed,
    right,
    simple,
    whole,
    with_entries,
)
from cast import KEYS, ORIGIN
from packing import base, blend, changed, packed, pick
from story import Story
from telling import MINER, SMELTER, TRADER, ore

from ledger.audit.bundle import encode
from ledger.log import checkpoint, merkle, note

__all__ = ["MISTAKES"]

# --- statements ------------------------------------------------------------------------

S = "statement.count-mismatch"
simple("genesis-left-out", "genesis.missing", lambda: with_entries(right().entries[2:]))
simple(
    "genesis-not-at-the-beginning",
    "genesis.missing",
    lambda: reindexed(0, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 16, 17),
)
simple(
    "beginning-without-its-registration",
    "genesis.missing",
    lambda: with_entries(right().entries[1:]),
)
simple(
    "ledger-of-another-name",
    "bundle.ledger-mismatch",
    lambda: encode(changed(right(), ledger="7a" * 32)),
)
simple(
    "registration-left-out",
    "statement.missing",
    lambda: with_entries([*right().entries[:9], *right().entries[10:]]),
)
simple(
    "registration-where-an-event-stands",
    S,
    lambda: reindexed(0, 1, 2, 3, 4, 6, 8, 9, 10, 11, 13, 14, 15, 16, 17),
)
simple(
    "event-beyond-its-statement",
    "statement.missing",
    lambda: reindexed(0, 1, 2, 3, 4, 6, 8, 9, 10, 12, 14, 15, 16, 17, 18),
)


@mistake("statement-cut-off-by-the-size", S)
def _() -> bytes:
    story = base()
    del story.entries[11:]
    return encode(pick(story, "G1", [1, 3, 6, 9]))


# --- the statements' hashes ------------------------------------------------------------

H = "bundle.hash-count"


def with_partial(*order: int) -> bytes:
    """The bundle with its statement hashes in another order, more or fewer of them."""
    return encode(changed(right(), partial=tuple(right().partial[place] for place in order)))


simple("statement-hash-left-out", H, lambda: with_partial(0, 1))
simple("statement-hash-twice", H, lambda: with_partial(0, 0, 1, 2))
simple("statement-hashes-left-out", H, with_partial)
simple("statement-hashes-swapped", "statement.root-mismatch", lambda: with_partial(1, 0, 2))
simple("statements-hashes-out-of-order", H, lambda: with_partial(2, 0, 1))
simple(
    "statement-hash-changed",
    "statement.root-mismatch",
    lambda: encode(changed(right(), partial=((2, bytes(32)), *right().partial[1:]))),
)
simple(
    "statement-hash-of-another-statement",
    H,
    lambda: encode(changed(right(), partial=((8, right().partial[0][1]), *right().partial[1:]))),
)
simple(
    "hash-for-a-whole-statement",
    H,
    lambda: encode(changed(right(), partial=(*right().partial, (12, bytes(32))))),
)
simple(
    "hash-for-a-statement-that-is-not-here",
    H,
    lambda: encode(changed(right(), partial=(*right().partial, (18, bytes(32))))),
)


def rehashed(change: Callable[[list[bytes]], None], subject: str = "B1") -> bytes:
    """Entries changed, and tree and checkpoint made anew by the log itself."""
    story = base()
    indexes = [index for index, data in right().entries if not data.endswith(b'"registered"}')]
    change(story.entries)
    return encode(pick(story, subject, indexes))


def _swap_bags(entries: list[bytes]) -> None:
    entries[9], entries[10] = entries[10], entries[9]


def _swap_left_out(entries: list[bytes]) -> None:
    entries[11] = entries[19]


def _one_milligram(entries: list[bytes]) -> None:
    entries[9] = entries[9].replace(b'"mass":1000', b'"mass":1001')


def _another_party(entries: list[bytes]) -> None:
    entries[17] = entries[17].replace(b"comptoir", b"smelter")


R = "statement.root-mismatch"
simple("two-events-of-a-statement-exchanged", R, lambda: rehashed(_swap_bags))
simple("left-out-event-exchanged", R, lambda: rehashed(_swap_left_out))
simple("entry-changed-and-every-hash-made-anew", R, lambda: rehashed(_one_milligram))
simple("actor-changed-and-every-hash-made-anew", R, lambda: rehashed(_another_party))

# --- checkpoint and tree ---------------------------------------------------------------


def with_checkpoint(signed: bytes) -> bytes:
    """The bundle with another checkpoint."""
    return encode(changed(right(), checkpoint=signed))


def claimed(
    origin: str = ORIGIN, size: int = 20, root: bytes | None = None
) -> checkpoint.Checkpoint:
    """A claim about the log, a true one if nothing else is said."""
    leaves = [merkle.leaf_hash(data) for data in base().entries]
    return checkpoint.Checkpoint(origin, size, merkle.root(leaves) if root is None else root)


def signed(text: str, *names: str) -> bytes:
    """A note by these actors, by the log if none is named."""
    return note.sign(text, *(KEYS[name] for name in names or (ORIGIN,)))


simple(
    "checkpoint-that-is-a-letter",
    "checkpoint.malformed",
    lambda: with_checkpoint(signed("Dear sirs,\nall is well\nyours\n")),
)
simple(
    "checkpoint-that-is-a-statement", "checkpoint.malformed", lambda: with_checkpoint(bags_note())
)
simple(
    "checkpoint-with-a-line-too-many",
    "checkpoint.malformed",
    lambda: with_checkpoint(signed(claimed().text() + "and more\n")),
)
simple(
    "checkpoint-without-a-signature",
    "note.malformed",
    lambda: with_checkpoint(claimed().text().encode() + b"\nnot a signature\n"),
)
simple(
    "checkpoint-of-another-size",
    "bundle.size-mismatch",
    lambda: with_checkpoint(signed(claimed(size=21).text())),
)
simple(
    "size-of-another-checkpoint", "bundle.size-mismatch", lambda: encode(changed(right(), size=19))
)


def with_tree(*order: int) -> bytes:
    """The bundle with its tree hashes in another order, more or fewer of them."""
    return encode(changed(right(), tree=tuple(right().tree[place] for place in order)))


T = "bundle.root-mismatch"
simple("tree-hash-left-out", H, lambda: with_tree(0, 1, 2))
simple("tree-hash-twice", H, lambda: with_tree(0, 1, 2, 3, 3))
simple("tree-hashes-left-out", H, with_tree)
simple("tree-hashes-swapped", T, lambda: with_tree(1, 0, 2, 3))
simple(
    "tree-hash-changed", T, lambda: encode(changed(right(), tree=(bytes(32), *right().tree[1:])))
)
simple(
    "checkpoint-over-another-root",
    T,
    lambda: with_checkpoint(signed(claimed(root=bytes(32)).text())),
)
simple(
    "entries-at-other-indexes",
    T,
    lambda: reindexed(0, 1, 2, 3, 4, 6, 8, 9, 10, 12, 13, 14, 15, 18, 19),
)


@mistake("checkpoint-of-the-same-log-earlier", H)
def _() -> bytes:
    """The size is that of the other checkpoint; entries and hashes are those of this one."""
    story = base()
    del story.entries[18:]
    return encode(changed(right(), size=18, checkpoint=packed(story).checkpoint))


@mistake("hashes-of-another-lot-s-bundle", T)
def _() -> bytes:
    return encode(changed(right(), tree=packed(base(), "G4").tree))


def by(*names: str) -> bytes:
    """The bundle under a true checkpoint that others have signed."""
    return with_checkpoint(signed(claimed().text(), *names))


N = "note.no-known-signature"
simple("checkpoint-signed-by-a-stranger", N, lambda: by("stranger.example"))
simple("checkpoint-signed-by-governance", N, lambda: by("governance/1"))
simple("checkpoint-signed-by-the-holder", N, lambda: by(TRADER))
simple(
    "checkpoint-of-another-origin",
    "checkpoint.origin-mismatch",
    lambda: with_checkpoint(signed(claimed(TRADER).text(), TRADER)),
)
simple(
    "checkpoint-signed-under-the-log-s-name",
    N,
    lambda: with_checkpoint(note.sign(claimed().text(), note.Signer(ORIGIN, KEYS[MINER]._seed))),
)
simple(
    "checkpoint-signature-of-another",
    "signature.wrong",
    lambda: with_checkpoint(
        claimed().text().encode() + b"\n" + signed(claimed(size=19).text()).split(b"\n")[-2] + b"\n"
    ),
)


@mistake("checkpoint-signed-with-a-bad-line-beside", "signature.wrong")
def _() -> bytes:
    """The log's good signature, and one of the same key that is none."""
    good = signed(claimed().text())
    bad = signed(claimed(size=19).text()).split(b"\n")[-2]
    return with_checkpoint(good + bad + b"\n")


@mistake("checkpoint-signature-twice", "note.duplicate-signature")
def _() -> bytes:
    return with_checkpoint(right().checkpoint + right().checkpoint.split(b"\n")[-2] + b"\n")


@mistake("checkpoint-by-the-log-key-of-before", N)
def _() -> bytes:
    """Governance has named another key for the log since."""
    story = base()
    KEYS["log/new"] = note.Signer(ORIGIN, KEYS["lab.example"]._seed)
    event = story.event(
        "governance.rotated",
        "governance",
        version=1,
        origin=ORIGIN,
        demo=True,
        governance=[KEYS["governance/1"].verifier.vkey],
        threshold=1,
        log_key=KEYS.pop("log/new").verifier.vkey,
    )
    story.enter([event], "governance/1")
    return encode(packed(story))


# --- what belongs to the lot -----------------------------------------------------------

SURPLUS, HOLE = "bundle.surplus", "bundle.incomplete"
EVENTS = (1, 3, 4, 6, 9, 10, 13, 15, 17)


def picked(*events: int, subject: str = "B1", more: tuple[int, ...] = ()) -> bytes:
    """A bundle of other events than belong to the lot, with every hash made anew."""
    return encode(pick(base(), subject, events, more))


simple("bag-that-went-nowhere-put-in", SURPLUS, lambda: picked(*EVENTS, 11))
simple("later-lot-put-in", SURPLUS, lambda: picked(*EVENTS, 19))
simple("party-put-in", SURPLUS, lambda: picked(*EVENTS, 5))
simple("site-put-in", SURPLUS, lambda: picked(*EVENTS, 7))
simple("registration-put-in", SURPLUS, lambda: picked(*EVENTS, more=(18,)))
simple(
    "whole-log-put-in",
    SURPLUS,
    lambda: picked(*(i for i in range(20) if i not in (0, 2, 8, 12, 14, 16, 18))),
)


@mistake("subject-further-up", SURPLUS)
def _() -> bytes:
    """What the bag went into is here too, and what that went into is more than belongs to it."""
    story = base()
    blend(story, "C1", ["B1"])
    return encode(changed(packed(story, "C1"), subject="G1"))


simple(
    "subject-that-is-not-here", "bundle.no-subject", lambda: encode(changed(right(), subject="G4"))
)
simple("subject-in-lower-case", "bundle.no-subject", lambda: encode(changed(right(), subject="b1")))
simple("reception-left-out", HOLE, lambda: picked(1, 3, 4, 6, 9, 10, 13, 17))
simple("dispatch-left-out", HOLE, lambda: picked(1, 3, 4, 6, 9, 10, 15, 17))
simple("bag-left-out", HOLE, lambda: picked(1, 3, 4, 6, 9, 13, 15, 17))
simple("bags-left-out", HOLE, lambda: picked(1, 3, 4, 13, 15, 17))
simple("holder-left-out", "party.unknown", lambda: picked(1, 3, 6, 9, 10, 13, 15, 17))
simple("site-left-out", "site.unknown", lambda: picked(1, 3, 4, 9, 10, 13, 15, 17))
simple("blend-left-out", "bundle.no-subject", lambda: picked(1, 3, 4, 6, 9, 10, 13, 15))


@mistake("builds-on-what-comes-later", HOLE)
def _() -> bytes:
    """The dispatch stands before the bag that it sends."""
    story = Story().begin(MINER, TRADER)
    bag = ore(story, "G1")
    sent = story.event("custody.dispatched", MINER, to=TRADER, lots=[{"lot": "G1"}])
    story.enter([sent], MINER)
    story.enter([bag], MINER)
    return encode(packed(story, "G1"))


@mistake("builds-on-another-lot", "lot.head-spent")
def _() -> bytes:
    story = Story().begin(MINER, TRADER)
    other = story.dig("G1", 1_000)
    story.dig("G2", 1_000)
    story.say("custody.dispatched", MINER, to=TRADER, lots=[{"lot": "G2"}], after=[other])
    return encode(packed(story, "G2"))


@mistake("builds-on-nothing-that-ever-was", HOLE)
def _() -> bytes:
    story = Story().begin(MINER, TRADER)
    story.dig("G1", 1_000)
    story.say("custody.dispatched", MINER, to=TRADER, lots=[{"lot": "G1"}], after=["1f" * 32])
    return encode(packed(story, "G1"))


# --- signers and what they had seen ----------------------------------------------------


def seeing(*seen: tuple[int, str] | None) -> bytes:
    """A bag for each signer, who says what he has seen; B1 is blended of all."""
    story = Story().begin(MINER)
    lots = []
    for number, one in enumerate(seen):
        lots.append(f"G{number}")
        story.enter([ore(story, lots[-1])], MINER, seen=one)
    story.say("lots.blended", MINER, lot="B1", material="ore", inputs=[{"lot": x} for x in lots])
    return encode(packed(story))


ROOT = "5b" * 32
AHEAD = "statement.seen-ahead"
simple("seen-what-comes-later", AHEAD, lambda: seeing((7, ROOT), None))
simple("seen-in-the-middle-of-a-statement", AHEAD, lambda: seeing((4, ROOT), None))
simple("seen-the-middle-of-what-is-left-out", AHEAD, lambda: seeing((5, ROOT), None))
simple("seen-more-than-there-is", AHEAD, lambda: seeing((9_999_999_999_999_999, ROOT), None))
simple("seen-two-pasts", "statement.seen-inconsistent", lambda: seeing((2, ROOT), (2, "5c" * 32)))

# --- trust -----------------------------------------------------------------------------

simple("another-ledger-was-asked-for", "ledger.wrong", lambda: (whole(), {"ledger": "7a" * 32}))
simple(
    "kept-checkpoint-of-another-root",
    "checkpoint.root-mismatch",
    lambda: (whole(), {"checkpoints": [signed(claimed(root=bytes(32)).text()).decode()]}),
)
simple(
    "kept-checkpoint-signed-by-a-stranger",
    N,
    lambda: (whole(), {"checkpoints": [signed(claimed().text(), SMELTER).decode()]}),
)
simple(
    "kept-checkpoint-of-another-log",
    "checkpoint.origin-mismatch",
    lambda: (whole(), {"checkpoints": [signed(claimed(TRADER).text(), TRADER).decode()]}),
)
