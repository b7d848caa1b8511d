"""Bundles of small ledgers, right ones, and the ways to spoil them and make every hash anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from cast import KEYS, ORIGIN
from story import Story
from telling import MINER, SMELTER, TRADER, ore

from ledger.audit.bundle import Bundle, encode
from ledger.custody.closure import Held, closure
from ledger.custody.registration import Prepared, prepare
from ledger.custody.statement import Header, decode_registration
from ledger.effects import Open
from ledger.log import checkpoint, merkle, note, subset

SUBJECT = "B1"
REGISTERED = b'"type":"registered"}'


def base() -> Story:
    """Three bags in one statement, two of them sent, received and blended into B1.

    The third bag, one of the sites and a party have nothing to do with it.
    """
    story = Story().begin(MINER, TRADER, SMELTER)
    story.enter([ore(story, lot) for lot in ("G1", "G2", "G3")], MINER)
    hand_over(story, "G1", "G2")
    blend(story)
    story.dig("G4", 1_000)
    return story


def hand_over(story: Story, *lots: str, mass: int = 1_000) -> None:
    """Lots go from the miner to the trader."""
    sent = story.say("custody.dispatched", MINER, to=TRADER, lots=[{"lot": lot} for lot in lots])
    got = [{"lot": lot, "mass": mass, "basis": "dry"} for lot in lots]
    story.say("custody.received", TRADER, dispatch=sent, giver=MINER, lots=got)


def blend(story: Story, lot: str = SUBJECT, inputs: Sequence[str] = ("G1", "G2")) -> str:
    """The trader blends whole lots."""
    return story.say(
        "lots.blended",
        TRADER,
        lot=lot,
        material="coltan ore",
        inputs=[{"lot": each} for each in inputs],
    )


def events_of(entries: Sequence[bytes]) -> dict[int, Prepared]:
    """Index -> event, of entries that are no registrations."""
    return {
        index: prepare(data) for index, data in enumerate(entries) if not data.endswith(REGISTERED)
    }


def lots_of(story: Story) -> list[str]:
    """Every lot that the story opens, the last one first."""
    opened = [
        effect.lot
        for one in events_of(story.entries).values()
        for effect in one.effects
        if isinstance(effect, Open)
    ]
    return opened[::-1]


def packed(story: Story, subject: str = SUBJECT, **changes: Any) -> Bundle:
    """The bundle of a lot, over all entries; `changes` as for `pick`."""
    belongs = closure(Held(events_of(story.entries)), subject)
    return pick(story, subject, list(belongs), **changes)


def pick(
    story: Story,
    subject: str,
    events: Sequence[int],
    more: Sequence[int] = (),
    claim: Callable[[checkpoint.Checkpoint], checkpoint.Checkpoint] = lambda same: same,
    signers: Sequence[str] = (ORIGIN,),
) -> Bundle:
    """A bundle of just these events, whatever belongs to it, with hashes that fit.

    `more` are registrations to put in besides, `claim` changes what the checkpoint says.
    """
    leaves = [merkle.leaf_hash(data) for data in story.entries]
    parts: dict[int, list[int]] = {}
    for index in sorted(events):
        parts.setdefault(registration_before(story.entries, index), []).append(index)
    indexes = sorted({*parts, *events, *more})
    partial: list[tuple[int, bytes]] = []
    for at, members in parts.items():
        reach = leaves[at + 1 : at + 1 + covered(story.entries[at])]
        places = [index - at - 1 for index in members]
        if places[-1] < len(reach):
            partial += [(at, each) for each in subset.prove(reach, places)]
    said = checkpoint.Checkpoint(ORIGIN, len(leaves), merkle.root(leaves))
    signed = note.sign(claim(said).text(), *(KEYS[name] for name in signers))
    return Bundle(
        story.id,
        subject,
        len(leaves),
        tuple((index, story.entries[index]) for index in indexes),
        tuple(subset.prove(leaves, indexes)),
        tuple(partial),
        signed,
    )


def registration_before(entries: Sequence[bytes], index: int) -> int:
    """The registration under which an event stands."""
    return max(at for at in range(index) if entries[at].endswith(REGISTERED))


def covered(entry: bytes) -> int:
    """How many events the note in a registration covers."""
    text = note.parse(decode_registration(entry).signed_note).text
    return Header.parse(text).count


def sealed(lines: Sequence[bytes], counts: bytes | None = None) -> bytes:
    """Lines without their last, and a last one that fits what they are."""
    body = b"".join(line + b"\n" for line in lines)
    words = [line.split(b" ", 1)[0] for line in lines]
    if counts is None:
        entries = sum(word.isdigit() for word in words)
        counts = b"%d %d %d" % (entries, words.count(b"tree"), words.count(b"statement"))
    return body + b"end %s %s\n" % (counts, sha256(body).hexdigest().encode())


def lines_of(bundle: Bundle) -> list[bytes]:
    """The lines of a bundle but for the last."""
    return encode(bundle).split(b"\n")[:-2]


def changed(bundle: Bundle, **members: Any) -> Bundle:
    """A bundle with other members."""
    return msgspec.structs.replace(bundle, **members)
