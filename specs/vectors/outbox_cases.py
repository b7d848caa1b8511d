"""Outbox files: those that can be read, and those that cannot, named by their mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cast import KEYS
from statement_cases import EVENTS, LEDGER, SEEN

from ledger.custody.outbox import Outbox
from ledger.custody.statement import Statement
from ledger.log import merkle

MINER, TRADER = KEYS["gihanga.example"], KEYS["comptoir.example"]
DUG = Statement.draft(LEDGER, EVENTS[:2], SEEN).signed(MINER)
WEIGHED = Statement.draft(LEDGER, EVENTS[2:], SEEN).signed(MINER, TRADER)


def framed(
    *files: bytes,
    ledger: str = LEDGER,
    seen: str = f"{SEEN[0]} {SEEN[1]}",
    stated: Sequence[bytes] | None = None,
    numbers: Sequence[int] | None = None,
) -> bytes:
    """An outbox of any files; `stated` are those that the first lines are about."""
    digested = files if stated is None else stated
    root = merkle.root([merkle.leaf_hash(data) for data in digested]).hex()
    head = f"oretrail/outbox/v1\nledger {ledger}\nseen {seen}\nstatements {len(files)} {root}\n\n"
    parts = [
        b"statement %d %d\n" % (number, data.count(b"\n")) + data
        for number, data in zip(numbers or range(1, len(files) + 1), files, strict=True)
    ]
    return head.encode() + b"".join(parts) + b"end %d\n" % len(files)


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of every vector of this folder."""
    for name, statements in (("good-one", [DUG]), ("good-two", [DUG, WEIGHED])):
        outbox = Outbox.of(LEDGER, SEEN, statements)
        yield (
            name,
            {
                "file": outbox.encode().decode(),
                "ledger": LEDGER,
                "seen": list(SEEN),
                "ids": [list(one.ids) for one in statements],
                "error": None,
            },
        )
    for name, (data, code) in bad().items():
        yield name, {"file": data.decode(), "error": code}


def bad() -> dict[str, tuple[bytes, str]]:
    one, two = DUG.encode(), WEIGHED.encode()
    file = framed(one, two)
    draft = Statement.draft(LEDGER, EVENTS[2:], SEEN).encode()
    foreign = Statement.draft("6b" * 32, EVENTS[2:], SEEN).signed(MINER).encode()
    malformed = "outbox.malformed"
    return {
        "nothing": (b"", malformed),
        "a-statement-alone": (one, malformed),
        "another-version": (file.replace(b"/v1", b"/v2", 1), malformed),
        "carriage-returns": (file.replace(b"\n", b"\r\n"), malformed),
        "byte-order-mark": (b"\xef\xbb\xbf" + file, malformed),
        "ledger-in-capitals": (framed(one, two, ledger=LEDGER.upper()), malformed),
        "seen-missing": (file.replace(b"seen 7 ", b"saw 7 ", 1), malformed),
        "seen-of-size-0": (framed(one, two, seen=f"0 {SEEN[1]}"), malformed),
        "no-statement": (framed(), malformed),
        "count-with-a-leading-nought": (
            file.replace(b"statements 2", b"statements 02"),
            malformed,
        ),
        "cut-within-a-statement": (file[:-300], malformed),
        "last-line-missing": (file[: -len("end 2\n")], malformed),
        "last-newline-missing": (file[:-1], malformed),
        "last-line-counts-another-number": (file.replace(b"end 2", b"end 1"), malformed),
        "one-statement-less-than-counted": (framed(one, stated=(one, two)).replace(
            b"statements 1", b"statements 2"), malformed),
        "one-statement-more-than-counted": (file.replace(b"statements 2", b"statements 1"),
                                            malformed),
        "twice-the-same-file": (file + file, malformed),
        "numbers-swapped": (framed(one, two, numbers=(2, 1)), malformed),
        "a-line-too-many-in-a-frame": (
            file.replace(b"statement 1 9", b"statement 1 10"), "note.malformed"),
        "a-line-too-few-in-a-frame": (
            file.replace(b"statement 1 9", b"statement 1 8"), "note.malformed"),
        "statements-swapped": (framed(two, one, stated=(one, two)), "outbox.root-mismatch"),
        "other-statements-than-stated": (framed(one, stated=(two,)), "outbox.root-mismatch"),
        "signature-of-one-replaced": (
            framed(one, Statement.draft(LEDGER, EVENTS[2:], SEEN).signed(MINER).encode(),
                   stated=(one, two)), "outbox.root-mismatch"),
        "digit-of-an-event-changed": (file.replace(b"45000000", b"45000001", 1),
                                      "statement.root-mismatch"),
        "a-draft-among-them": (framed(one, draft), "outbox.unsigned"),
        "one-for-another-ledger": (framed(one, foreign), "outbox.wrong-ledger"),
        "all-for-another-ledger": (framed(one, two, ledger="6b" * 32), "outbox.wrong-ledger"),
        "one-statement-twice": (framed(one, two, one), "outbox.duplicate"),
        "one-event-in-two-statements": (
            framed(one, Statement.draft(LEDGER, EVENTS[:1], SEEN).signed(MINER).encode()),
            "outbox.duplicate"),
    }  # fmt: skip
