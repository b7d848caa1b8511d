"""Statement files: those that can be read, and those that cannot, named by their mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cast import KEYS
from event_cases import changed

from ledger.custody.statement import Header, Statement, registration_entry
from ledger.log import merkle, note

LEDGER = "7a" * 32
SEEN = (7, "5b" * 32)
EVENTS = (
    changed("lot.extracted", {}),
    changed("lot.extracted", {"lot": "GIH-0002", "tags": ["MT-000002"]}),
    changed("lot.weighed", {}),
)


def signed(text: str, *names: str, events: tuple[bytes, ...] = EVENTS) -> bytes:
    """A file of these events and any text, signed."""
    return joined(events, note.sign(text, *(KEYS[name] for name in names)))


def joined(events: tuple[bytes, ...], rest: bytes) -> bytes:
    """Events, an empty line, and the rest."""
    return b"".join(data + b"\n" for data in events) + b"\n" + rest


def text_of(**changes: Any) -> str:
    """The text of the right header, with changes."""
    root = merkle.root([merkle.leaf_hash(data) for data in EVENTS]).hex()
    fields: dict[str, Any] = {"ledger": LEDGER, "count": len(EVENTS), "root": root, **changes}
    return Header(**fields).text()


def good() -> Iterator[tuple[str, Statement]]:
    draft = Statement.draft(LEDGER, EVENTS)
    one = Statement.draft(LEDGER, EVENTS[:1])
    with_seen = Statement.draft(LEDGER, EVENTS, SEEN)
    miner, trader = KEYS["gihanga.example"], KEYS["comptoir.example"]
    yield "good-one-event", one.signed(miner)
    yield "good-three-events", draft.signed(miner)
    yield "good-two-signatures", draft.signed(miner, trader)
    yield "good-device-key", one.signed(KEYS["gihanga.example/phone"])
    yield "good-seen-checkpoint", with_seen.signed(trader)
    yield "good-draft-without-signature", draft
    yield "good-one-event-twice", Statement.draft(LEDGER, (EVENTS[0], EVENTS[0])).signed(miner)


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of every vector of this folder."""
    for name, statement in good():
        case: dict[str, Any] = {
            "file": statement.encode().decode(),
            "ids": list(statement.ids),
            "ledger": statement.header.ledger,
            "root": statement.header.root,
            "seen": list(statement.header.seen) if statement.header.seen else None,
            "signed_by": [f"{s.name}+{s.key_id.hex()}" for s in statement.signatures],
        }
        if statement.note:
            entry = registration_entry(statement.note, "2026-02-11T08:00:05Z")
            case["recorded_at"] = "2026-02-11T08:00:05Z"
            case["registration"] = entry.decode()
            case["leaf"] = merkle.leaf_hash(entry).hex()
        yield name, {k: v for k, v in case.items() if v is not None} | {"error": None}
    for name, (data, code) in bad().items():
        yield name, {"file": data.decode(), "error": code}


def bad() -> dict[str, tuple[bytes, str]]:
    miner = "gihanga.example"
    right = text_of()
    file = signed(right, miner)
    two = joined(EVENTS[:2], note.sign(right, KEYS[miner]))
    swapped = joined((EVENTS[1], EVENTS[0], EVENTS[2]), note.sign(right, KEYS[miner]))
    root = merkle.root([merkle.leaf_hash(data) for data in EVENTS]).hex()
    malformed = "statement.malformed"
    return {
        "nothing": (b"", malformed),
        "no-empty-line": (file.replace(b"\n\n", b"\n", 1).replace(b"\n\n", b"\n"), malformed),
        "no-events": (b"\n\n" + note.sign(right, KEYS[miner]), "canonical.not-json"),
        "space-after-an-event": (file.replace(b"}\n", b"} \n", 1), "canonical.not-canonical"),
        "carriage-return-after-an-event": (
            file.replace(b"}\n", b"}\r\n", 1),
            "canonical.not-canonical",
        ),
        "event-of-no-known-type": (
            file.replace(b"lot.weighed", b"lot.wayhead"),
            "event.unsupported",
        ),
        "event-missing": (two, "statement.count-mismatch"),
        "event-too-many": (
            joined((*EVENTS, EVENTS[0]), note.sign(right, KEYS[miner])),
            "statement.count-mismatch",
        ),
        "events-swapped": (swapped, "statement.root-mismatch"),
        "digit-of-an-event-changed": (
            file.replace(b"45000000", b"45000001", 1),
            "statement.root-mismatch",
        ),
        "draft-over-other-events": (joined(EVENTS[:2], right.encode()), "statement.root-mismatch"),
        "root-in-capitals": (signed(right.replace(root, root.upper()), miner), malformed),
        "root-too-short": (signed(right.replace(root, root[:-1]), miner), malformed),
        "ledger-missing": (signed(right.replace(f"ledger {LEDGER}\n", ""), miner), malformed),
        "lines-swapped": (
            signed("\n".join(right.split("\n")[i] for i in (0, 2, 1, 3)), miner),
            malformed,
        ),
        "another-version": (signed(right.replace("/v1", "/v2"), miner), malformed),
        "count-with-a-leading-nought": (
            signed(right.replace("events 3", "events 03"), miner),
            malformed,
        ),
        "count-of-nought": (signed(right.replace("events 3", "events 0"), miner), malformed),
        "count-in-arabic-digits": (
            signed(right.replace("events 3", "events \u0663"), miner),
            malformed,
        ),
        "count-of-4097": (
            signed(right.replace("events 3", "events 4097"), miner),
            "statement.too-large",
        ),
        "two-spaces": (signed(right.replace("events 3", "events  3"), miner), malformed),
        "line-too-many": (signed(right + "remark none\n", miner), malformed),
        "seen-of-size-0": (
            signed(right + f"seen 0 {merkle.EMPTY_ROOT.hex()}\n", miner),
            malformed,
        ),
        "seen-without-a-root": (signed(right + "seen 7\n", miner), malformed),
        "checkpoint-as-a-note": (
            signed("kivu.example/trail\n7\n" + "A" * 43 + "=\n", miner),
            malformed,
        ),
        "draft-with-a-letter-beyond-ascii": (
            joined(EVENTS, right.replace("ledger", "l\u00e9dger").encode()),
            malformed,
        ),
        "signature-cut-off": (file[:-2] + b"\n", "note.malformed"),
        "newline-missing-at-the-end": (file[:-1], "note.malformed"),
        "junk-after-the-note": (file + b"junk\n", "note.malformed"),
        "no-signature-line": (joined(EVENTS, right.encode() + b"\n"), "note.malformed"),
    }
