r"""The bytes of a bundle: one spelling for one content (specs/bundle.md).

    oretrail/trail/v1
    ledger <64 hex>
    subject <lot or product>
    size <of the checkpoint>
    <index> <entry>                  in log order
    tree <64 hex>                    hashes that tie the entries to the checkpoint's root
    statement <index> <64 hex>       the same for a statement of which only a part is here
    checkpoint <line of the note>
    end <entries> <tree hashes> <statement hashes> <SHA-256 of everything before>

Nothing is recomputed here but the digest; that is for `proof` and `judge`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

import msgspec

from ...errors import MalformedError

__all__ = ["FORMAT", "MAX_BYTES", "Bundle", "decode", "encode"]

FORMAT = "oretrail/trail/v1"
MAX_BYTES = 1 << 26
"""A bundle is no longer than this: 64 MiB."""

_INDEX = rb"(0|[1-9][0-9]{0,15})"
_HASH = rb"([0-9a-f]{64})"
_END = re.compile(rb"end " + rb" ".join((_INDEX, _INDEX, _INDEX, _HASH)))
_LATER = re.compile(rb"oretrail/trail/v[1-9][0-9]*")
_HEAD = (
    re.compile(re.escape(FORMAT.encode())),
    re.compile(rb"ledger " + _HASH),
    re.compile(rb"subject ([A-Za-z0-9][A-Za-z0-9._:-]{0,127})"),
    re.compile(rb"size ([1-9][0-9]{0,15})"),
)
_BODY = (
    re.compile(_INDEX + rb" ([^\n]{1,65535})"),
    re.compile(rb"tree " + _HASH),
    re.compile(rb"statement " + _INDEX + rb" " + _HASH),
    re.compile(rb"checkpoint ([^\n]*)"),
)


class Bundle(msgspec.Struct, frozen=True):
    """What a bundle says; nothing is verified yet.

    `entries` are (index, bytes) in log order, registrations among them; `tree` the hashes
    beside them; `partial` (index of a registration, hash) for statements that are here in
    part; `checkpoint` the signed note over `size` entries.
    """

    ledger: str
    subject: str
    size: int
    entries: tuple[tuple[int, bytes], ...]
    tree: tuple[bytes, ...]
    partial: tuple[tuple[int, bytes], ...]
    checkpoint: bytes


def encode(bundle: Bundle) -> bytes:
    """The bundle as a file."""
    body = b"".join(line + b"\n" for line in _lines(bundle))
    counts = f"{len(bundle.entries)} {len(bundle.tree)} {len(bundle.partial)}"
    return body + f"end {counts} {sha256(body).hexdigest()}\n".encode()


def _lines(bundle: Bundle) -> Iterator[bytes]:
    yield FORMAT.encode()
    yield f"ledger {bundle.ledger}".encode()
    yield f"subject {bundle.subject}".encode()
    yield f"size {bundle.size}".encode()
    for index, entry in bundle.entries:
        yield b"%d %s" % (index, entry)
    for each in bundle.tree:
        yield f"tree {each.hex()}".encode()
    for index, each in bundle.partial:
        yield f"statement {index} {each.hex()}".encode()
    for line in bundle.checkpoint.removesuffix(b"\n").split(b"\n"):
        yield b"checkpoint " + line


def decode(data: bytes) -> Bundle:
    """The bundle that these bytes spell, by steps 1 and 2 of the specification.

    MalformedError: ``bundle.too-large``, ``bundle.malformed``, ``bundle.digest-mismatch``,
    ``bundle.unsupported``, ``bundle.count-mismatch``.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(
            f"a bundle of {len(data)} bytes, at most {MAX_BYTES} are allowed",
            code="bundle.too-large",
        )
    body, counts = _frame(data)
    lines = body.removesuffix(b"\n").split(b"\n")
    if lines[0] != FORMAT.encode():
        later = _LATER.fullmatch(lines[0])
        raise MalformedError(
            f"the file begins with {lines[0][:40]!r}, not with {FORMAT}",
            code="bundle.unsupported" if later else "bundle.malformed",
        )
    head = [_match(pattern, lines, place) for place, pattern in enumerate(_HEAD)]
    sections = _sections(lines)
    found = tuple(len(section) for section in sections[:3])
    if found != counts:
        raise MalformedError(
            f"the last line counts {_say(counts)}, there are {_say(found)}",
            code="bundle.count-mismatch",
        )
    entries, tree, partial, note = sections
    return Bundle(
        head[1][1].decode(),
        head[2][1].decode(),
        int(head[3][1]),
        tuple((int(one[1]), one[2]) for one in entries),
        tuple(bytes.fromhex(one[1].decode()) for one in tree),
        tuple((int(one[1]), bytes.fromhex(one[2].decode())) for one in partial),
        b"".join(one[1] + b"\n" for one in note),
    )


def _frame(data: bytes) -> tuple[bytes, tuple[int, ...]]:
    """Everything before the last line, and the counts in it, once the digest is right."""
    start = data.rfind(b"\n", 0, -1) + 1
    match = _END.fullmatch(data, start, len(data) - 1) if data.endswith(b"\n") else None
    if match is None or not start:
        raise MalformedError(
            "the file does not end with a line of counts and a digest", code="bundle.malformed"
        )
    digest = sha256(data[:start]).hexdigest()
    if digest != match[4].decode():
        raise MalformedError(
            f"the digest of the lines is {digest[:16]}, the last line says "
            f"{match[4].decode()[:16]}",
            code="bundle.digest-mismatch",
        )
    return data[:start], (int(match[1]), int(match[2]), int(match[3]))


def _sections(lines: list[bytes]) -> tuple[list[re.Match[bytes]], ...]:
    """The lines after the head, each matched by the form of its section."""
    sections: tuple[list[re.Match[bytes]], ...] = ([], [], [], [])
    at = 0
    for place in range(len(_HEAD), len(lines)):
        match = _BODY[at].fullmatch(lines[place])
        while match is None and at < len(_BODY) - 1:
            at += 1
            match = _BODY[at].fullmatch(lines[place])
        if match is None:
            raise _malformed(place)
        sections[at].append(match)
    if not sections[0] or len(sections[3]) < _SHORTEST_NOTE:
        raise MalformedError(
            f"{len(sections[0])} entries and a checkpoint of {len(sections[3])} lines",
            code="bundle.malformed",
        )
    return sections


_SHORTEST_NOTE = 5
"""Lines of a checkpoint with one signature."""


def _match(pattern: re.Pattern[bytes], lines: list[bytes], place: int) -> re.Match[bytes]:
    match = pattern.fullmatch(lines[place]) if place < len(lines) else None
    if match is None:
        raise _malformed(place)
    return match


def _malformed(place: int) -> MalformedError:
    return MalformedError(
        f"line {place + 1} has not the form that its place demands", code="bundle.malformed"
    )


def _say(counts: tuple[int, ...]) -> str:
    return f"{counts[0]} entries, {counts[1]} and {counts[2]} hashes"
