"""An outbox as a file: one spelling, and whatever the road does to it is noticed."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import KEYS, MINE, TRADER, blended, dispatched, extracted
from ledger.custody import outbox as outboxes
from ledger.custody.dependence import Reach
from ledger.custody.outbox import MAX_BYTES, MAX_STATEMENTS, Outbox
from ledger.custody.statement import Statement
from ledger.errors import MalformedError
from ledger.events import Event, encode
from ledger.log import merkle

LEDGER = "ab" * 32
SEEN = (7, "cd" * 32)


def said(*events: Event, ledger: str = LEDGER) -> Statement:
    return Statement.draft(ledger, [encode(one) for one in events], SEEN).signed(KEYS[MINE])


FIRST, SECOND = said(extracted("A"), extracted("B")), said(dispatched("A"))
PACKED = Outbox.of(LEDGER, SEEN, [FIRST, SECOND])
DATA = PACKED.encode()


def refused(data: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        Outbox.decode(data)
    return caught.value.code


def with_root(data: bytes, *statements: bytes) -> bytes:
    """The first lines state what these statements are, however wrong the rest is."""
    root = merkle.root([merkle.leaf_hash(one) for one in statements]).hex()
    lines = data.split(b"\n")
    lines[3] = b"statements %d %s" % (len(statements), root.encode())
    return b"\n".join(lines)


def test_an_outbox_is_drawn_as_the_specification_says() -> None:
    files = [FIRST.encode(), SECOND.encode()]
    root = merkle.root([merkle.leaf_hash(one) for one in files]).hex()
    assert (
        f"oretrail/outbox/v1\nledger {LEDGER}\nseen 7 {'cd' * 32}\nstatements 2 {root}\n\n".encode()
        + b"statement 1 9\n" + files[0] + b"statement 2 8\n" + files[1] + b"end 2\n"
    ) == DATA  # fmt: skip
    assert Outbox.decode(DATA) == PACKED


def test_every_shorter_file_is_refused() -> None:
    for end in range(len(DATA)):
        assert refused(DATA[:end]).split(".")[0] in ("outbox", "statement", "event", "canonical")


def test_every_change_of_a_byte_is_noticed() -> None:
    for at in range(len(DATA)):
        changed = bytearray(DATA)
        changed[at] ^= 1 if at % 2 else 0x20
        with contextlib.suppress(MalformedError):
            # Which ledger it is for, and what was seen of it, is compared with the ledger.
            other = Outbox.decode(bytes(changed))
            assert msgspec.structs.replace(other, seen=SEEN) == PACKED
            assert other.seen != SEEN


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "outbox.malformed"),
        (b"{}", "outbox.malformed"),
        (FIRST.encode(), "outbox.malformed"),
        (DATA.replace(b"outbox/v1", b"outbox/v2"), "outbox.malformed"),
        (DATA.replace(b"\n", b"\r\n"), "outbox.malformed"),
        (b"\xef\xbb\xbf" + DATA, "outbox.malformed"),
        (DATA + b"\n", "outbox.malformed"),
        (DATA + DATA, "outbox.malformed"),
        (DATA.replace(b"end 2", b"end 3"), "outbox.malformed"),
        (DATA.replace(b"statement 2 8", b"statement 3 8"), "outbox.malformed"),
        (DATA.replace(b"statement 2 8", b"statement 2 9"), "note.malformed"),
        (DATA.replace(b"statement 2 8", b"statement 2 08"), "outbox.malformed"),
        (DATA.replace(b"statement 1 9", b"statement 1 1000000"), "outbox.malformed"),
        (DATA.replace(b"statements 2 ", b"statements 1 "), "outbox.malformed"),
        (DATA.replace(b"statements 2 ", b"statements 3 "), "outbox.malformed"),
        (DATA.replace(b"seen 7 ", b"seen 07 "), "outbox.malformed"),
        (DATA.replace(b"statement 2 8", b"statement 2 7"), "note.malformed"),
        (DATA.replace(b'"lot":"A"', b'"lot":"C"'), "statement.root-mismatch"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_statements_in_another_order_are_not_the_ones_that_were_packed() -> None:
    turned = Outbox.of(LEDGER, SEEN, [SECOND, FIRST]).encode()
    head = DATA[: DATA.index(b"\n\n")]
    assert refused(head + turned[turned.index(b"\n\n") :]) == "outbox.root-mismatch"


def test_a_statement_twice_is_refused() -> None:
    with pytest.raises(MalformedError) as caught:
        Outbox.of(LEDGER, SEEN, [FIRST, SECOND, FIRST])
    assert caught.value.code == "outbox.duplicate"
    one = FIRST.encode()
    twice = DATA.replace(b"statement 2 8\n" + SECOND.encode(), b"statement 2 9\n" + one)
    assert refused(with_root(twice, one, one)) == "outbox.duplicate"


def test_a_draft_and_a_statement_for_another_ledger_do_not_belong_into_it() -> None:
    draft = Statement.draft(LEDGER, [encode(extracted("C"))])
    foreign = said(extracted("C"), ledger="ef" * 32)
    for one, code in ((draft, "outbox.unsigned"), (foreign, "outbox.wrong-ledger")):
        with pytest.raises(MalformedError) as caught:
            Outbox.of(LEDGER, SEEN, [FIRST, one])
        assert caught.value.code == code
        file = one.encode()
        lines = file.count(b"\n")
        data = DATA.replace(
            b"statement 2 8\n" + SECOND.encode(), b"statement 2 %d\n" % lines + file
        )
        assert refused(with_root(data, FIRST.encode(), file)) == code


def test_an_outbox_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MalformedError) as caught:
        Outbox.of(LEDGER, SEEN, [])
    assert caught.value.code == "outbox.empty"
    with pytest.raises(MalformedError) as caught:
        Outbox.of(LEDGER, SEEN, [FIRST] * (MAX_STATEMENTS + 1))
    assert caught.value.code == "outbox.too-large"
    assert MAX_BYTES > 1 << 20
    monkeypatch.setattr(outboxes, "MAX_BYTES", len(DATA) - 1)
    assert refused(DATA) == "outbox.too-large"
    monkeypatch.setattr(outboxes, "MAX_BYTES", len(DATA))
    assert Outbox.decode(DATA) == PACKED


@given(st.binary(max_size=300), st.integers(0, len(DATA)), st.integers(0, len(DATA)))
def test_any_bytes_are_an_outbox_or_the_one_error(junk: bytes, start: int, end: int) -> None:
    for data in (junk, DATA[:start] + junk + DATA[end:]):
        with contextlib.suppress(MalformedError):
            assert Outbox.decode(data).encode() == data


# ---------------------------------------------------------------- what builds on what


def test_a_statement_builds_on_what_it_names_and_on_the_lots_it_shares() -> None:
    first = Reach.of(said(extracted("A")))
    assert Reach.of(said(dispatched("A"))).builds_on(first)
    assert Reach.of(said(blended("P", "A", "B"))).builds_on(first)
    assert not Reach.of(said(extracted("B"))).builds_on(first)
    sent = said(dispatched("A"))
    named = msgspec.structs.replace(blended("P", "B"), after=(sent.ids[0],))
    assert Reach.of(said(named)).builds_on(Reach.of(sent))
    assert TRADER in sent.events[0].decode()
