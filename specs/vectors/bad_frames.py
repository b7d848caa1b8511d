"""Bundles with one mistake each in what holds them together: frame, lines, counts, entries.

Every file has a fitting last line unless that is the mistake; what the entries prove is in
`bad_proofs`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from cast import KEYS
from packing import base, changed, lines_of, packed, sealed
from telling import MINER

from ledger.audit.bundle import Bundle, encode
from ledger.custody.statement import registration_entry
from ledger.log import canonical, note

MISTAKES: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {}
"""Name -> (what makes the file, or (file, trust); the codes it is about)."""
Made = Callable[[], Any]


def mistake(name: str, *codes: str) -> Callable[[Made], Made]:
    """A bundle that is refused with these codes among others."""

    def keep(made: Made) -> Made:
        if name in MISTAKES:
            raise ValueError(f"two bundles named {name}")
        MISTAKES[name] = (made, codes)
        return made

    return keep


@cache
def right() -> Bundle:
    """The bundle that most mistakes begin with."""
    return packed(base())


def lines() -> list[bytes]:
    """Its lines but for the last."""
    return lines_of(right())


def whole() -> bytes:
    """Its bytes."""
    return encode(right())


def gzipped(data: bytes) -> bytes:
    """One member of a gzip file (RFC 1952), stored: the same bytes under every zlib."""
    parts = [data[at : at + 65_535] for at in range(0, len(data), 65_535)] or [b""]
    stored = b"".join(
        struct.pack("<BHH", part is parts[-1], len(part), len(part) ^ 0xFFFF) + part
        for part in parts
    )
    return (
        b"\x1f\x8b\x08\x00"
        + bytes(5)
        + b"\xff"
        + stored
        + struct.pack("<II", zlib.crc32(data), len(data))
    )


def with_line(place: int, line: bytes, *, instead: bool = True) -> bytes:
    """The bundle with another line at a place, or one more, and a last line that fits."""
    said = lines()
    said[place : place + instead] = [line]
    return sealed(said)


def first(word: bytes) -> int:
    """Where the first line stands that begins so."""
    return next(place for place, line in enumerate(lines()) if line.startswith(word))


def simple(name: str, code: str, made: Made) -> None:
    """A mistake that needs no story of its own."""
    mistake(name, code)(made)


# --- the frame -------------------------------------------------------------------------

M, D = "bundle.malformed", "bundle.digest-mismatch"
simple("nothing-at-all", M, lambda: b"")
simple("one-newline", M, lambda: b"\n")
simple("no-newline-at-the-end", M, lambda: whole()[:-1])
simple("two-newlines-at-the-end", M, lambda: whole() + b"\n")
simple("end-line-left-out", M, lambda: whole().rsplit(b"\n", 2)[0] + b"\n")
simple("end-line-alone", M, lambda: whole().rsplit(b"\n", 2)[1] + b"\n")
simple("end-line-twice", D, lambda: whole() + whole().rsplit(b"\n", 2)[1] + b"\n")
simple("second-half-cut-off", M, lambda: whole()[: len(whole()) // 2])
simple("tail-cut-off-and-sealed", M, lambda: sealed(lines()[:-4]))
simple("line-after-the-end", M, lambda: whole() + b"checkpoint and one more\n")
simple("byte-after-the-end", M, lambda: whole() + b"0")
simple("byte-before-the-beginning", D, lambda: b"0" + whole())
simple("digit-of-an-entry-changed", D, lambda: whole().replace(b'"mass":1000', b'"mass":1001', 1))
simple("digest-of-other-bytes", D, lambda: whole()[:-65] + b"0" * 64 + b"\n")
simple("digest-in-upper-case", M, lambda: whole()[:-65] + whole()[-65:].upper())
simple("digest-too-short", M, lambda: whole()[:-2] + b"\n")
simple("compressed", M, lambda: gzipped(whole()))
simple(
    "compressed-in-two-members",
    M,
    lambda: gzipped(whole()[:999]) + gzipped(whole()[999:]),
)
simple("two-bundles-in-one", M, lambda: sealed(whole().split(b"\n")[:-1] + lines()))
simple("lines-ended-the-other-way", M, lambda: sealed([line + b"\r" for line in lines()]))
simple("byte-order-mark", M, lambda: with_line(0, b"\xef\xbb\xbforetrail/trail/v1"))
simple("in-sixteen-bit-characters", M, lambda: whole().decode().encode("utf-16-le"))

# --- the first lines -------------------------------------------------------------------

simple("format-of-tomorrow", "bundle.unsupported", lambda: with_line(0, b"oretrail/trail/v2"))
simple("format-without-a-version", M, lambda: with_line(0, b"oretrail/trail"))
simple("format-of-version-nought", M, lambda: with_line(0, b"oretrail/trail/v0"))
simple("format-of-a-statement", M, lambda: with_line(0, b"oretrail/statement/v1"))
simple(
    "ledger-in-upper-case",
    M,
    lambda: with_line(1, lines()[1].upper().replace(b"LEDGER", b"ledger")),
)
simple("ledger-left-out", M, lambda: sealed([*lines()[:1], *lines()[2:]]))
simple("ledger-twice", M, lambda: with_line(1, lines()[1], instead=False))
simple("first-lines-swapped", M, lambda: sealed([lines()[0], lines()[2], lines()[1], *lines()[3:]]))
simple("subject-with-a-space", M, lambda: with_line(2, b"subject B1 B2"))
simple("subject-without-a-name", M, lambda: with_line(2, b"subject "))
simple("subject-too-long", M, lambda: with_line(2, b"subject " + b"B" * 129))
simple("subject-with-a-letter-like-another", M, lambda: with_line(2, "subject \u04121".encode()))
simple("size-nought", M, lambda: with_line(3, b"size 0"))
simple("size-with-a-leading-nought", M, lambda: with_line(3, b"size 020"))
simple("size-in-other-digits", M, lambda: with_line(3, "size \u0662\u0660".encode()))
simple("size-of-seventeen-digits", M, lambda: with_line(3, b"size 10000000000000000"))
simple("size-with-a-sign", M, lambda: with_line(3, b"size +20"))
simple("member-unknown", M, lambda: with_line(4, b"note of no meaning", instead=False))
simple("empty-line-between", M, lambda: with_line(4, b"", instead=False))

# --- sections and counts ---------------------------------------------------------------

simple("no-entries", M, lambda: sealed([x for x in lines() if not x.split(b" ")[0].isdigit()]))
simple("no-checkpoint", M, lambda: sealed([x for x in lines() if not x.startswith(b"checkpoint")]))
simple("entry-after-the-hashes", M, lambda: sealed(
    [*lines()[:9], *lines()[10 : first(b"tree") + 1], lines()[9], *lines()[first(b"tree") + 1 :]]
))  # fmt: skip
simple("statement-hashes-first", M, lambda: sealed([
    *lines()[: first(b"tree")], *(x for x in lines() if x.startswith(b"statement")),
    *(x for x in lines() if x.startswith(b"tree")), *lines()[first(b"checkpoint") :]
]))  # fmt: skip
simple("hash-of-63-digits", M, lambda: with_line(first(b"tree"), lines()[first(b"tree")][:-1]))
simple("hash-in-upper-case", M, lambda: with_line(
    first(b"tree"), b"tree " + lines()[first(b"tree")][5:].upper()))  # fmt: skip
simple("hash-and-a-space", M, lambda: with_line(first(b"tree"), lines()[first(b"tree")] + b" "))
simple("tab-for-a-space", M, lambda: with_line(
    first(b"tree"), lines()[first(b"tree")].replace(b" ", b"\t")))  # fmt: skip
simple("index-with-a-leading-nought", M, lambda: with_line(4, b"0" + lines()[4]))
simple("index-below-nought", M, lambda: with_line(4, b"-" + lines()[4]))
simple("index-without-an-entry", M, lambda: with_line(4, b"0 "))
simple("entry-too-long", M, lambda: with_line(4, b"0 " + b"a" * 65_536))
simple("checkpoint-of-four-lines", M, lambda: sealed(lines()[:-1]))
C = "bundle.count-mismatch"
simple("one-entry-more-counted", C, lambda: sealed(lines(), b"16 4 3"))
simple("one-entry-less-counted", C, lambda: sealed(lines(), b"14 4 3"))
simple("one-tree-hash-more-counted", C, lambda: sealed(lines(), b"15 5 3"))
simple("one-statement-hash-less-counted", C, lambda: sealed(lines(), b"15 4 2"))
simple("no-hash-counted", C, lambda: sealed(lines(), b"15 0 0"))
simple("count-with-a-leading-nought", M, lambda: sealed(lines(), b"015 4 3"))
simple("two-counts-only", M, lambda: sealed(lines(), b"15 4"))

# --- entries ---------------------------------------------------------------------------


def with_entry(place: int, data: bytes) -> bytes:
    """The bundle with other bytes in one entry: found before any hash is looked at."""
    entries = list(right().entries)
    entries[place] = (entries[place][0], data)
    return encode(changed(right(), entries=tuple(entries)))


def entry(place: int = 7) -> bytes:
    """The bytes of an entry: at 7, the extraction of G1."""
    return right().entries[place][1]


simple(
    "entry-with-a-space",
    "canonical.not-canonical",
    lambda: with_entry(7, entry()[:1] + b" " + entry()[1:]),
)
simple(
    "entry-with-a-float",
    "canonical.number",
    lambda: with_entry(7, entry().replace(b":1000,", b":1000.0,")),
)
simple(
    "entry-beyond-53-bits",
    "canonical.number",
    lambda: with_entry(7, entry().replace(b":1000,", b":9007199254740992,")),
)
simple(
    "entry-of-negative-mass",
    "event.malformed",
    lambda: with_entry(7, entry().replace(b":1000,", b":-1000,")),
)
simple(
    "entry-with-a-null",
    "canonical.null",
    lambda: with_entry(7, entry().replace(b":1000,", b":null,")),
)
simple(
    "entry-with-a-member-twice",
    "canonical.not-canonical",
    lambda: with_entry(7, entry().replace(b'"mass":1000', b'"mass":1000,"mass":1000')),
)
simple(
    "entry-with-half-a-character",
    "canonical.not-utf8",
    lambda: with_entry(7, entry().replace(b"ore", b"or\xc3")),
)
simple(
    "entry-with-a-lone-surrogate",
    "canonical.not-utf8",
    lambda: with_entry(7, entry().replace(b"ore", b"\xed\xa0\x80")),
)
simple(
    "entry-with-an-escaped-surrogate",
    "canonical.not-json",
    lambda: with_entry(7, entry().replace(b"ore", b"\\ud800")),
)
simple(
    "entry-with-an-invisible-character",
    "canonical.forbidden-character",
    lambda: with_entry(7, entry().replace(b'"ore"', '"o\u202ere"'.encode())),
)
simple(
    "entry-too-deep",
    "canonical.too-deep",
    lambda: with_entry(7, b'{"a":' + b"[" * 16 + b"]" * 16 + b"}"),
)
simple("entry-that-is-a-list", "canonical.not-an-object", lambda: with_entry(7, b"[1]"))
simple("entry-that-is-no-json", "canonical.not-json", lambda: with_entry(7, b"lot.extracted G1"))
simple(
    "entry-with-a-field-too-many",
    "event.malformed",
    lambda: with_entry(7, entry().replace(b'{"basis"', b'{"a":1,"basis"')),
)
simple(
    "entry-of-a-type-of-tomorrow",
    "event.unsupported",
    lambda: with_entry(7, entry().replace(b"lot.extracted", b"lot.teleported")),
)
simple(
    "entry-that-builds-on-one-twice",
    "event.malformed",
    lambda: with_entry(
        10, entry(10).replace(b'"after":["', b'"after":["' + entry(10)[11:75] + b'","')
    ),
)
simple(
    "registration-with-a-field-too-many",
    "registration.malformed",
    lambda: with_entry(6, b'{"a":1,' + entry(6)[1:]),
)
simple(
    "registration-at-no-time",
    "registration.malformed",
    lambda: with_entry(6, entry(6).replace(b"2026-02-11T", b"2026-02-30T")),
)


def with_note(signed: bytes) -> bytes:
    """The bundle with another note in the registration of the bags."""
    return with_entry(6, registration_entry(signed, "2026-02-11T08:02:00Z"))


def bags_note() -> bytes:
    """The note over the bags, as it is."""
    return "".join(f"{line}\n" for line in canonical.decode(entry(6))["note"]).encode()


simple(
    "note-without-a-signature",
    "note.malformed",
    lambda: with_note(bags_note().split(b"\n\n")[0] + b"\n"),
)
simple(
    "note-in-a-note",
    "statement.malformed",
    lambda: with_note(note.sign(bags_note().decode(), KEYS[MINER])),
)
simple("note-of-a-checkpoint", "statement.malformed", lambda: with_note(right().checkpoint))
simple(
    "note-of-another-version",
    "statement.malformed",
    lambda: with_note(
        note.sign(
            "oretrail/statement/v2\n"
            + bags_note().decode().split("\n\n")[0].split("\n", 1)[1]
            + "\n",
            KEYS[MINER],
        )
    ),
)
simple(
    "note-over-4097-events",
    "statement.too-large",
    lambda: with_note(
        note.sign(
            bags_note().decode().split("\n\n")[0].replace("events 3 ", "events 4097 ") + "\n",
            KEYS[MINER],
        )
    ),
)


def reindexed(*indexes: int) -> bytes:
    """The bundle with other numbers before its entries."""
    entries = tuple((at, data) for at, (_, data) in zip(indexes, right().entries, strict=True))
    return encode(changed(right(), entries=entries))


def with_entries(entries: Any) -> bytes:
    """The bundle with other entries, and nothing made anew but the last line."""
    return encode(changed(right(), entries=tuple(entries)))


O = "bundle.out-of-order"  # noqa: E741
simple("entry-twice", O, lambda: with_entries([*right().entries[:8], *right().entries[7:]]))
simple(
    "entries-swapped",
    O,
    lambda: with_entries(
        [*right().entries[:7], right().entries[8], right().entries[7], *right().entries[9:]]
    ),
)
simple("entries-backwards", O, lambda: with_entries(right().entries[::-1]))
simple(
    "two-entries-at-one-index",
    O,
    lambda: reindexed(0, 1, 2, 3, 4, 6, 8, 9, 9, 12, 13, 14, 15, 16, 17),
)
simple(
    "entry-beyond-the-size",
    "bundle.beyond-size",
    lambda: reindexed(0, 1, 2, 3, 4, 6, 8, 9, 10, 12, 13, 14, 15, 16, 20),
)
simple(
    "entry-under-two-indexes",
    "event.duplicate",
    lambda: with_entries([*right().entries[:9], (11, entry(8)), *right().entries[9:]]),
)
