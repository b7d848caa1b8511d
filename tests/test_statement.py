"""A statement: exact events, a signed note over them, one spelling as a file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import AT, KEYS, MINE, TRADER, World, extracted
from ledger.custody import statement
from ledger.custody.statement import (
    MAX_EVENTS,
    Header,
    Registration,
    Statement,
    decode_registration,
    registration_entry,
)
from ledger.errors import MalformedError
from ledger.events import encode
from ledger.log import merkle

LEDGER = "ab" * 32
EVENTS = [encode(extracted(f"L{n}")) for n in range(5)]
SIGNED = Statement.draft(LEDGER, EVENTS, (7, "cd" * 32)).signed(KEYS[MINE], KEYS[TRADER])


def refused(data: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        Statement.decode(data)
    return caught.value.code


def test_a_statement_is_drawn_as_the_specification_says() -> None:
    root = merkle.root([merkle.leaf_hash(one) for one in EVENTS]).hex()
    lines = SIGNED.note.decode().split("\n")
    assert lines[:5] == [
        "oretrail/statement/v1",
        f"ledger {LEDGER}",
        f"events 5 {root}",
        f"seen 7 {'cd' * 32}",
        "",
    ]
    assert [line.split(" ")[1] for line in lines[5:-1]] == [MINE, TRADER]
    assert SIGNED.encode() == b"".join(one + b"\n" for one in EVENTS) + b"\n" + SIGNED.note


def test_a_statement_reads_back_signed_or_not() -> None:
    assert Statement.decode(SIGNED.encode()) == SIGNED
    draft = Statement.draft(LEDGER, EVENTS)
    assert Statement.decode(draft.encode()) == draft
    assert draft.signatures == ()
    assert draft.signed() == draft


def test_a_second_party_adds_its_line() -> None:
    first = Statement.draft(LEDGER, EVENTS, (7, "cd" * 32)).signed(KEYS[MINE])
    assert Statement.decode(first.encode()).signed(KEYS[TRADER]) == SIGNED
    assert SIGNED.encode().startswith(first.encode())


def test_nobody_signs_twice() -> None:
    with pytest.raises(MalformedError) as caught:
        SIGNED.signed(KEYS[MINE])
    assert caught.value.code == "note.duplicate-signature"


@pytest.mark.parametrize("count", [0, MAX_EVENTS + 1])
def test_a_statement_has_one_to_4096_events(count: int) -> None:
    with pytest.raises(MalformedError) as caught:
        Statement.draft(LEDGER, EVENTS[:1] * count)
    assert caught.value.code == ("statement.too-large" if count else "statement.malformed")
    text = Header(LEDGER, 4097, "00" * 32).text()
    with pytest.raises(MalformedError) as caught:
        Header.parse(text)
    assert caught.value.code == "statement.too-large"


def test_a_statement_of_4096_events_reads_back() -> None:
    many = Statement.draft(LEDGER, [encode(extracted(f"L{n}")) for n in range(MAX_EVENTS)])
    assert Statement.decode(many.encode()) == many
    longer = EVENTS[0] + b"\n" + many.encode()
    assert refused(longer) == "statement.too-large"
    signed = EVENTS[0] + b"\n" + many.signed(KEYS[MINE]).encode()
    assert refused(signed) == "statement.too-large"


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("statement.root-mismatch", (EVENTS[0], EVENTS[0].replace(b"L0", b"L9"))),
        ("statement.count-mismatch", (EVENTS[0] + b"\n", b"")),
        ("statement.malformed", (b"statement/v1", b"statement/v2")),
        ("statement.malformed", (b"ledger ab", b"ledger AB")),
        ("statement.malformed", (b"ledger ab", b"Ledger ab")),
        ("statement.malformed", (b"events 5", b"events 05")),
        ("statement.malformed", (b"events 5", b"events 5 ")),
        ("statement.malformed", (b"events 5", b"events -5")),
        ("statement.malformed", (b"seen 7", b"seen 0")),
        ("statement.malformed", (b"seen 7", b"seen 07")),
        ("statement.malformed", (b"seen 7", b"saw 7")),
        ("statement.malformed", (b"seen 7", b"seen 99999999999999999")),
        ("statement.root-mismatch", (EVENTS[0] + b"\n" + EVENTS[1], EVENTS[1] + b"\n" + EVENTS[0])),
        ("note.malformed", ("\u2014 gihanga".encode(), b"- gihanga")),
        ("event.unsupported", (b'"lot.extracted"', b'"lot.excavated"')),
    ],
)
def test_anything_else_in_its_place_is_refused(code: str, change: tuple[bytes, bytes]) -> None:
    data = SIGNED.encode()
    assert data.count(change[0]) >= 1
    assert refused(data.replace(*change, 1)) == code


def test_a_draft_that_is_not_about_its_events_is_refused() -> None:
    draft = Statement.draft(LEDGER, EVENTS).encode()
    assert refused(draft.replace(b"L0", b"L9", 1)) == "statement.root-mismatch"
    assert refused(draft.replace(b"events 5", b"events 4")) == "statement.root-mismatch"
    assert refused(draft[:-1]) == "statement.malformed"
    assert refused(draft.replace(b"ledger", "l\u00e9dger".encode())) == "statement.malformed"
    assert refused(draft.partition(b"\n\n")[0]) == "statement.malformed"
    assert refused(b"") == "statement.malformed"
    assert refused(b"\n\n") == "canonical.not-json"


def test_a_statement_can_not_be_read_as_a_checkpoint() -> None:
    from ledger.log import checkpoint

    with pytest.raises(MalformedError):
        checkpoint.parse(SIGNED.header.text())
    with pytest.raises(MalformedError):
        checkpoint.open(SIGNED.note, "oretrail/statement/v1", [KEYS[MINE].verifier])


def test_a_note_is_not_another_statements() -> None:
    other = Statement.draft(LEDGER, EVENTS[:4]).signed(KEYS[MINE])
    with pytest.raises(MalformedError) as caught:
        Statement.of(EVENTS, other.note)
    assert caught.value.code == "statement.count-mismatch"
    with pytest.raises(MalformedError) as caught:
        Statement.of(EVENTS[1:], other.note)
    assert caught.value.code == "statement.root-mismatch"


# ---------------------------------------------------------------- registrations


def test_a_registration_carries_the_note_byte_for_byte() -> None:
    entry = registration_entry(SIGNED.note, AT)
    found = decode_registration(entry)
    assert found.signed_note == SIGNED.note
    assert found.recorded_at == AT
    assert entry.startswith(b'{"note":["oretrail/statement/v1","ledger ')
    assert entry.endswith(b'"recorded_at":"2026-02-11T08:00:00Z","type":"registered"}')


@pytest.mark.parametrize(
    "entry",
    [
        b'{"note":[],"recorded_at":"2026-02-30T08:00:00Z","type":"registered"}',
        b'{"note":[],"recorded_at":"1970-01-01T00:00:00Z","type":"registered"}',
        b'{"note":[],"type":"registered"}',
        b'{"note":"x","recorded_at":"2026-02-11T08:00:00Z","type":"registered"}',
        b'{"note":[],"recorded_at":"2026-02-11T08:00:00Z","type":"registered","zebra":1}',
        b'{"note":[],"recorded_at":"2026-02-11T08:00:00Z","type":"recorded"}',
        b'{"note":[],"recorded_at":"2026-02-11T08:00:00Z"}',
    ],
)
def test_what_is_no_registration_is_refused(entry: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_registration(entry)
    assert caught.value.code == "registration.malformed"


def test_a_time_that_the_log_cannot_say_is_not_written() -> None:
    with pytest.raises(MalformedError) as caught:
        registration_entry(SIGNED.note, "1970-01-01T00:00:00Z")
    assert caught.value.code == "registration.malformed"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_registration_or_our_error(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert isinstance(decode_registration(data), Registration)


def test_many_may_sign_one_statement(world: World) -> None:
    from actors import key

    strangers = [key(f"s{n}.example", n) for n in range(90)]
    world.record(extracted("A"), signed=[KEYS[MINE], *strangers])
    world.sound()
    long = [key("x" * 5000, 1)]
    with pytest.raises(MalformedError):
        world.record(extracted("B"), signed=[KEYS[MINE], *long])
    world.sound()


def _way(way: Callable[[bytes], Registration], data: bytes) -> object:
    try:
        return way(data)
    except MalformedError as error:
        return error.code, str(error)


def test_the_short_way_and_the_careful_way_to_a_registration_agree() -> None:
    """Bytes of a registration left out, doubled, or put in the place of another."""
    whole = registration_entry(SIGNED.note, AT)
    assert _way(decode_registration, whole) == _way(statement._decode_carefully, whole)
    for at in range(0, len(whole), 2):
        for put in (b"", whole[at : at + 1] * 2, b" ", b"0", b"\x7f", b"\\", b'"', "‎".encode()):
            data = whole[:at] + put + whole[at + 1 :]
            assert _way(decode_registration, data) == _way(statement._decode_carefully, data)
