"""Any bytes into any reader: a value, or our one error. Never another exception.

The bytes are random, and then true ones that were cut, doubled, spliced and changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors import AT, KEYS, LOG, MINE, ORIGIN, TRADER, World, extracted, received, weighed
from ledger import events
from ledger.audit import entry_list
from ledger.audit.auditor import Auditor, Source, Trust
from ledger.custody.registration import prepare
from ledger.custody.statement import (
    Statement,
    decode_registration,
    registration_entry,
)
from ledger.errors import LedgerError, MalformedError
from ledger.log import canonical, checkpoint, note
from ledger.log.checkpoint import Checkpoint
from ledger.values import BILLION, MAX_INTEGER

EVENT = events.encode(extracted("A", remark="x"))
STATEMENT = Statement.draft("ab" * 32, [EVENT, events.encode(weighed("A", 5))], (1, "cd" * 32))
SIGNED = STATEMENT.signed(KEYS[MINE], KEYS[TRADER])
REGISTRATION = registration_entry(SIGNED.note, AT)
POINT = checkpoint.sign(Checkpoint(ORIGIN, 7, bytes(32)), LOG)
LINE = entry_list.spell(entry_list.Line(0, "00" * 32, "00" * 32, EVENT.decode()))

READERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "canonical": (canonical.decode, EVENT),
    "event": (events.decode, EVENT),
    "prepare": (prepare, EVENT),
    "statement": (Statement.decode, SIGNED.encode()),
    "draft": (Statement.decode, STATEMENT.encode()),
    "registration": (decode_registration, REGISTRATION),
    "note": (note.parse, SIGNED.note),
    "checkpoint": (lambda data: checkpoint.open(data, ORIGIN, [LOG.verifier]), POINT),
    "entry list": (lambda data: list(entry_list.read([data])), LINE),
    "vkey": (lambda data: note.Verifier.parse(data.decode("latin-1")), LOG.verifier.vkey.encode()),
}
every_reader = pytest.mark.parametrize("name", sorted(READERS))

NASTY = [
    b"",
    b"\x00",
    b"\n\n",
    b"{}",
    b"[]",
    b"null",
    b"NaN",
    b'{"a":NaN}',
    b'{"a":1e999999}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":-0}',
    b'{"a":1.0}',
    b'{"type":"lot.extracted","type":"lot.extracted"}',
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b"[" * 100_001,
    b'{"a":"' + b"x" * 70_000 + b'"}',
    b'{"a":"\\ud800"}',
    b'{"a":"\xff"}',
    b"\xef\xbb\xbf{}",
    '{"a":"\u202e"}'.encode(),
    b"\r\n".join([b"oretrail/statement/v1", b"", b""]),
]


def is_ours(read: Callable[[bytes], Any], data: bytes) -> None:
    try:
        read(data)
    except LedgerError as error:
        assert error.code
        assert "\n" not in str(error)[:20]


@every_reader
def test_nasty_bytes_are_refused_with_a_code(name: str) -> None:
    read, _ = READERS[name]
    for data in NASTY:
        is_ours(read, data)


@every_reader
@given(data=st.binary(max_size=400))
def test_random_bytes_are_a_value_or_our_error(name: str, data: bytes) -> None:
    is_ours(READERS[name][0], data)


@every_reader
@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_changed_bytes_are_a_value_or_our_error(name: str, seed: int) -> None:
    read, good = READERS[name]
    random = Random(seed)
    data = bytearray(good)
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del data[at : at + random.randrange(40)]
            case 2:
                data[at:at] = data[random.randrange(len(data) + 1) :][:40]
            case 3:
                data[at:at] = random.choice(NASTY)[:200]
            case 4:
                del data[at:]
            case 5:
                data[at:at] = random.choice((b"\n", b'"', b"{", b"\\", b"\xc2", b"0", b","))
    is_ours(read, bytes(data))


@every_reader
def test_good_bytes_are_a_value_and_every_cut_of_them_our_error(name: str) -> None:
    read, good = READERS[name]
    read(good)
    for end in range(len(good)):
        is_ours(read, good[:end])


# ---------------------------------------------------------------- logs of anything

TEMPLATES = [EVENT, REGISTRATION, b"{}", b'{"note":[],"recorded_at":"%s","type":"registered"}']


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(st.binary(max_size=80), st.sampled_from(TEMPLATES)), min_size=1, max_size=12
    ),
    st.lists(st.one_of(st.binary(max_size=80), st.just(POINT)), max_size=2),
)
@example([REGISTRATION, EVENT, EVENT, REGISTRATION], [POINT])
@example([EVENT] * 3, [])
def test_a_log_of_anything_is_reported_on(entries: list[bytes], points: list[bytes]) -> None:
    auditor = Auditor(Trust("00" * 32, tuple(points)))
    auditor.feed(Source(index, data) for index, data in enumerate(entries))
    report = auditor.finish()
    assert report.verdict == "contradicted"
    assert report.size == len(entries)
    assert all(finding.code and finding.message for finding in report.findings)


# ---------------------------------------------------------------- events of anything

NUMBERS = (0, 1, 2, 3, 999, BILLION - 1, BILLION, BILLION + 1, MAX_INTEGER - 1, MAX_INTEGER)
NAMES = ("A", "B", "C", "D", MINE, TRADER, "RW-GIH", "governance", "X")


def scrambled(value: Any, random: Random) -> Any:
    """The same shape with other values in it."""
    if isinstance(value, bool):
        return random.random() < 0.5
    if isinstance(value, int):
        return random.choice(NUMBERS) if random.random() < 0.4 else value
    if isinstance(value, list):
        members = [scrambled(one, random) for one in value]
        return members * random.choice((1, 1, 1, 2)) if random.random() < 0.5 else members
    if isinstance(value, dict):
        return {
            key: one if key == "type" else scrambled(one, random)
            for key, one in value.items()
            if key in ("type", "by", "occurred_at") or random.random() < 0.95
        }
    if isinstance(value, str) and len(value) < 20 and random.random() < 0.4:
        return random.choice(NAMES)
    return value


@pytest.fixture(scope="module")
def examples() -> list[dict[str, Any]]:
    from test_events import GOOD

    return [dict(one) for _, one in sorted(GOOD.items())]


def test_scrambled_events_are_judged_by_writer_and_auditor_alike(
    world: World, examples: list[dict[str, Any]]
) -> None:
    world.record(extracted("A", pieces=7), extracted("B", basis="dry"), extracted("C"))
    random = Random("scrambled")
    judged = accepted = 0
    for turn in range(900):
        value = scrambled(random.choice(examples), random)
        value["occurred_at"] = AT
        value["remark"] = f"{turn}"
        for name in ("after", "cosigners", "private"):
            value.pop(name, None)
        if random.random() < 0.8:
            value["by"] = random.choice((MINE, MINE, TRADER, "governance"))
        data = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        try:
            event = events.decode(data.encode())
        except MalformedError:
            continue
        judged += 1
        try:
            statement = world.ledger.draft([event]).signed(*world.signers([event]))
            world.ledger.register(statement)
        except LedgerError as error:
            assert error.code
        else:
            accepted += 1
    assert judged > 300
    assert accepted > 20
    world.sound()
    for lot in world.ledger.lots():
        world.ledger.trace(lot.lot)
        world.ledger.downstream(lot.lot)
    before = world.whole()
    world.ledger.rebuild()
    assert world.whole() == before
    assert world.ledger.check() == []


def test_a_reception_of_nothing_that_was_sent_is_refused(world: World) -> None:
    assert world.refused(received("00" * 32, ("NONE", 1))) == ["lot.unknown"]
