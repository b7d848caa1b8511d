"""Small ledgers whose entries, statements or checkpoints are wrong."""

from __future__ import annotations

from cast import KEYS, ORIGIN
from story import AT, Story
from telling import (
    MINER,
    TRADER,
    Told,
    bad,
    kept_checkpoint,
    ore,
    renumbered,
)

from ledger.log import canonical, checkpoint, note


@bad("signature-over-another-text", "statement.signature-wrong", "statement.signer-missing")
def _() -> Story:
    story = Story().begin()
    event = ore(story, "G1")
    other = KEYS[MINER].sign(b"another text\n")
    line = note.Signature(MINER, KEYS[MINER].key_id, other).line
    story.append(f"{story.header([event]).text()}\n{line}\n".encode(), [event])
    return story


@bad("statement-for-another-ledger", "statement.wrong-ledger")
def _() -> Story:
    story = Story().begin()
    story.enter([ore(story, "G1")], MINER, ledger="7a" * 32)
    return story


@bad("seen-more-than-there-is", "statement.seen-ahead")
def _() -> Story:
    story = Story().begin()
    story.enter([ore(story, "G1")], MINER, seen=(len(story.entries) + 1, "5b" * 32))
    return story


@bad("seen-in-the-middle-of-a-statement", "statement.seen-ahead")
def _() -> Story:
    story = Story().begin()
    size = len(story.entries) - 1
    story.enter([ore(story, "G1")], MINER, seen=(size, story.root(size)))
    return story


@bad("seen-another-past", "statement.seen-inconsistent")
def _() -> Story:
    story = Story().begin()
    story.enter([ore(story, "G1")], MINER, seen=(2, "5b" * 32))
    return story


@bad("event-missing-under-its-statement", "statement.count-mismatch", "statement.root-mismatch")
def _() -> Story:
    story = Story().begin()
    events = [ore(story, "G1"), ore(story, "G2")]
    signed = note.sign(story.header(events).text(), KEYS[MINER])
    story.append(signed, events[:1])
    return story


@bad("event-swapped-under-its-statement", "statement.root-mismatch")
def _() -> Story:
    story = Story().begin()
    signed = note.sign(story.header([ore(story, "G1")]).text(), KEYS[MINER])
    story.append(signed, [ore(story, "G2")])
    return story


@bad("entries-under-no-statement", "statement.missing")
def _() -> Told:
    story = Story().begin()
    return story, {}, renumbered(story.lines()[1:])


@bad("note-without-a-signature", "note.malformed")
def _() -> Story:
    story = Story().begin()
    event = ore(story, "G1")
    story.append(story.header([event]).text().encode(), [event])
    return story


@bad("note-of-another-kind", "statement.malformed")
def _() -> Story:
    story = Story().begin()
    story.append(note.sign("oretrail/statement/v2\n", KEYS[MINER]), [ore(story, "G1")])
    return story


@bad("note-over-4097-events", "statement.too-large")
def _() -> Story:
    story = Story().begin()
    event = ore(story, "G1")
    text = story.header([event]).text().replace("events 1 ", "events 4097 ")
    story.append(note.sign(text, KEYS[MINER]), [event])
    return story


@bad("registration-with-a-field-too-many", "registration.malformed")
def _() -> Story:
    story = Story().begin()
    entry = {"colour": "black", "note": ["x"], "recorded_at": AT, "type": "registered"}
    story.entries.append(canonical.encode(entry))
    return story


@bad("entry-with-a-space", "canonical.not-canonical")
def _() -> Story:
    story = Story().begin()
    event = ore(story, "G1").replace(b",", b", ", 1)
    story.append(note.sign(story.header([event]).text(), KEYS[MINER]), [event])
    return story


@bad("event-of-a-type-of-tomorrow", "event.unsupported")
def _() -> Story:
    story = Story().begin()
    event = canonical.encode({"type": "lot.teleported", "by": MINER, "occurred_at": AT})
    story.append(note.sign(story.header([event]).text(), KEYS[MINER]), [event])
    return story


@bad("event-with-a-field-too-many", "event.malformed")
def _() -> Story:
    story = Story().begin()
    event = canonical.encode({**canonical.decode(ore(story, "G1")), "colour": "black"})
    story.append(note.sign(story.header([event]).text(), KEYS[MINER]), [event])
    return story


@bad("one-event-twice", "event.duplicate")
def _() -> Story:
    story = Story().begin()
    event = story.event(
        "document.attached", MINER, subject=f"party:{MINER}", digest="3d" * 32, kind="photo"
    )
    story.enter([event], MINER)
    story.enter([event], MINER)
    return story


@bad("clock-went-back", "time.went-back")
def _() -> Story:
    story = Story().begin()
    story.enter([ore(story, "G1")], MINER, at="2026-02-10T00:00:00Z")
    return story


@bad("happened-in-the-future", "time.in-future")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000, occurred_at="2026-02-11T08:07:01Z")
    return story


@bad("another-ledger", "ledger.wrong")
def _() -> Told:
    story = Story().begin()
    return story, {"ledger": "7a" * 32}, story.lines()


@bad("nothing-at-all", "evidence.empty")
def _() -> Told:
    return Story(), {}, []


@bad("digit-of-an-entry-changed", "entry.leaf-mismatch", "entry.chain-broken")
def _() -> Told:
    story = Story().begin()
    story.dig("G1", 1_000)
    lines = story.lines()
    lines[-1]["entry"] = lines[-1]["entry"].replace('"mass":1000', '"mass":9000')
    return story, {}, lines


@bad("entry-changed-and-every-hash-recomputed", "statement.root-mismatch")
def _() -> Story:
    story = Story().begin()
    story.dig("G1", 1_000)
    story.entries[-1] = story.entries[-1].replace(b'"mass":1000', b'"mass":9000')
    return story


@bad("chain-of-another-log", "entry.chain-broken")
def _() -> Told:
    story = Story().begin()
    lines = story.lines()
    lines[3]["chain"] = "11" * 32
    return story, {}, lines


@bad("entry-left-out", "entry.missing", "entry.chain-broken")
def _() -> Told:
    story = Story().begin()
    lines = story.lines()
    del lines[4]
    return story, {}, lines


@bad("entry-doubled", "entry.missing")
def _() -> Told:
    story = Story().begin()
    lines = story.lines()
    return story, {}, [*lines, lines[-1]]


@bad("end-cut-off-after-a-checkpoint", "log.truncated")
def _() -> Told:
    story = Story().begin()
    story.dig("G1", 1_000)
    kept = kept_checkpoint(story, len(story.entries))
    return story, {"checkpoints": [kept]}, story.lines()[:-2]


@bad("checkpoint-of-another-past", "checkpoint.root-mismatch")
def _() -> Told:
    story = Story().begin()
    kept = kept_checkpoint(story, 2)
    other = Story()
    other.begin(TRADER)
    claim = checkpoint.Checkpoint(ORIGIN, 2, bytes(32))
    return (
        story,
        {"checkpoints": [kept, checkpoint.sign(claim, KEYS[ORIGIN]).decode()]},
        story.lines(),
    )


@bad("checkpoint-inside-a-statement", "checkpoint.root-mismatch")
def _() -> Told:
    story = Story().begin()
    return story, {"checkpoints": [kept_checkpoint(story, 3)]}, story.lines()


@bad("checkpoint-signed-by-a-stranger", "note.no-known-signature")
def _() -> Told:
    story = Story().begin()
    stranger = note.Signer(ORIGIN, KEYS["stranger.example"]._seed)
    claim = checkpoint.Checkpoint(ORIGIN, 2, bytes.fromhex(story.root(2)))
    return story, {"checkpoints": [checkpoint.sign(claim, stranger).decode()]}, story.lines()


@bad("checkpoint-that-is-a-letter", "note.malformed")
def _() -> Told:
    story = Story().begin()
    return story, {"checkpoints": ["dear auditor\n"]}, story.lines()


@bad("checkpoint-with-a-line-too-many", "checkpoint.malformed")
def _() -> Told:
    story = Story().begin()
    text = f"{ORIGIN}\n2\n{'A' * 43}=\nmore\n"
    return story, {"checkpoints": [note.sign(text, KEYS[ORIGIN]).decode()]}, story.lines()


@bad("checkpoint-of-another-log", "checkpoint.origin-mismatch")
def _() -> Told:
    story = Story().begin()
    other = note.Signer("other.example/trail", KEYS["stranger.example"]._seed)
    claim = checkpoint.Checkpoint("other.example/trail", 2, bytes(32))
    return story, {"checkpoints": [checkpoint.sign(claim, other).decode()]}, story.lines()


@bad("checkpoint-signature-changed", "signature.wrong")
def _() -> Told:
    story = Story().begin()
    text = checkpoint.Checkpoint(ORIGIN, 2, bytes.fromhex(story.root(2))).text()
    blob = KEYS[ORIGIN].sign(b"another text\n")
    line = note.Signature(ORIGIN, KEYS[ORIGIN].key_id, blob).line
    return story, {"checkpoints": [f"{text}\n{line}\n"]}, story.lines()
