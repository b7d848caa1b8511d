"""Many threads, one writer: nothing lost, nothing doubled, and each is told its own answer."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy

from actors import KEYS, KG, MINE, TRADER, World, extracted, weighed
from ledger.committer import Committer
from ledger.custody.statement import Statement
from ledger.errors import LedgerError, MalformedError, RefusedError, StorageError
from ledger.events import Event, encode
from ledger.ledger import Ledger, Receipt
from ledger.store.registrar import Offer
from postgres_server import BOTH


def told(world: World, *events: Event) -> Statement:
    """A signed statement of exactly these events."""
    draft = Statement.draft(world.ledger.id, [encode(one) for one in events])
    return draft.signed(*world.signers(events))


def on_head(world: World, event: Event, head: str) -> Statement:
    return told(world, msgspec.structs.replace(event, after=(head,)))


def together(threads: int, work: Callable[[int], Any]) -> list[Any]:
    """What so many threads answer that begin at the same time."""
    gate = threading.Barrier(threads)

    def begin(number: int) -> Any:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


def true_of(ledger: Ledger, statement: Statement, receipt: Receipt) -> None:
    """What the receipt says is what the log says."""
    assert receipt.event == statement.ids
    assert receipt.size == receipt.index + 1 + len(receipt.event)
    entry = msgspec.json.decode(ledger.find(str(receipt.index))[1])
    assert entry["recorded_at"] == receipt.recorded_at
    assert [f"{line}\n" for line in entry["note"]] == statement.note.decode().splitlines(True)
    for place, event_id in enumerate(receipt.event, receipt.index + 1):
        assert ledger.find(event_id) == (place, statement.events[place - receipt.index - 1])


def contend(world: World, threads: int, each: int) -> None:
    """So many threads register so many statements each, and then everything is looked at."""
    before = world.ledger.head().size
    statements = [
        [told(world, extracted(f"T{t}-{n}")) for n in range(each)] for t in range(threads)
    ]
    with world.ledger.committer() as committer:
        receipts = together(
            threads, lambda number: [committer.register(one) for one in statements[number]]
        )
    seen = set()
    for mine, theirs in zip(statements, receipts, strict=True):
        places = [one.index for one in theirs]
        assert places == sorted(places)
        seen.update(places)
        for statement, receipt in zip(mine, theirs, strict=True):
            true_of(world.ledger, statement, receipt)
    assert len(seen) == threads * each
    assert world.ledger.head().size == before + 2 * threads * each
    assert [one.index for one in world.ledger.sources()] == list(range(world.ledger.head().size))
    assert world.sound().ledger.check() == []


@BOTH
def test_64_threads_register_and_none_is_lost(world: World) -> None:
    contend(world, 64, 4)


@pytest.mark.long
def test_64_threads_register_50_statements_each(world: World) -> None:
    contend(world, 64, 50)


@BOTH
def test_one_thread_is_answered_in_the_order_in_which_it_asks(world: World) -> None:
    """Each builds on the one before it, and nobody waits for an answer in between."""
    world.record(extracted("A", 400 * KG))
    head, statements = world.ledger.lot("A").head, []
    for number in range(60):
        statements.append(on_head(world, weighed("A", 400 * KG - number), head))
        head = statements[-1].ids[0]
    with world.ledger.committer() as committer:
        answers = [committer.submit(one) for one in statements]
        receipts = [one.result() for one in answers]
    places = [one.index for one in receipts]
    assert places == sorted(places)
    assert world.ledger.lot("A").head == head
    for statement, receipt in zip(statements, receipts, strict=True):
        true_of(world.ledger, statement, receipt)
    world.sound()


@BOTH
def test_of_many_that_spend_one_lot_one_wins_and_the_others_are_told_which(world: World) -> None:
    world.record(*(extracted(f"L{n}") for n in range(6)))
    for lot in (f"L{n}" for n in range(6)):
        head = world.ledger.lot(lot).head
        statements = [on_head(world, weighed(lot, 44 * KG + n), head) for n in range(16)]
        with world.ledger.committer() as committer:
            futures = together(16, lambda n, line=statements: committer.submit(line[n]))
            answers = [one.exception() for one in futures]
        winners = [n for n, answer in enumerate(answers) if answer is None]
        assert len(winners) == 1
        won = statements[winners[0]].ids[0]
        assert world.ledger.lot(lot).head == won
        for answer in answers:
            if answer is not None:
                assert isinstance(answer, RefusedError)
                assert answer.code == "lot.head-spent"
                assert f"lot {lot} stands at event {won[:12]}" in str(answer)
    world.sound()


def test_the_same_statement_from_many_threads_has_one_receipt(world: World) -> None:
    statement = told(world, extracted("A"))
    with world.ledger.committer() as committer:
        receipts = together(16, lambda _: committer.register(statement))
    assert len({(one.index, one.size, one.recorded_at) for one in receipts}) == 1
    true_of(world.ledger, statement, receipts[0])
    world.sound()


@BOTH
def test_what_is_wrong_with_one_is_told_to_that_one_alone(world: World) -> None:
    good = [told(world, extracted(f"G{n}")) for n in range(6)]
    stranger = Statement.draft(world.ledger.id, [encode(extracted("X"))]).signed(KEYS[TRADER])
    none = Statement.draft(world.ledger.id, [b"{}"]).signed(KEYS[MINE])
    forged = msgspec.structs.replace(
        told(world, extracted("Y")), signatures=good[0].signatures, note=good[0].note
    )
    line = [good[0], stranger, good[1], none, good[2], forged, good[3], good[4], good[5]]
    with world.ledger.committer() as committer:
        answers = [committer.submit(one).exception() for one in line]
    assert [type(one) for one in answers if one is not None] == [
        RefusedError,
        MalformedError,
        RefusedError,
    ]
    assert [one is None for one in answers] == [one in good for one in line]
    assert isinstance(answers[5], LedgerError)
    assert answers[5].code == "statement.signature-wrong"
    world.sound()


class OddError(Exception):
    """No error of the library."""


def test_a_mistake_that_one_brings_to_light_is_nobody_elses(world: World) -> None:
    line = [told(world, extracted(f"L{n}")) for n in range(9)]
    gate = threading.Event()

    def enter(offers: Sequence[Offer]) -> Sequence[Receipt | LedgerError]:
        gate.wait()
        if any(one.statement is line[4] for one in offers):
            raise OddError
        return world.ledger.register_group(offers)

    with Committer(enter, lambda refs: {}) as committer:
        answers = [committer.submit(one) for one in line]
        gate.set()
        found = [one.exception() for one in answers]
    assert [type(one) for one in found] == [type(None)] * 4 + [OddError] + [type(None)] * 4
    assert [one.index for one in (a.result() for n, a in enumerate(answers) if n != 4)] == sorted(
        one.result().index for n, one in enumerate(answers) if n != 4
    )
    world.sound()


def test_keys_that_cannot_be_looked_up_beforehand_are_looked_up_when_it_enters(
    world: World,
) -> None:
    def keys(refs: Any) -> dict[str, str]:
        raise StorageError("not now")

    with Committer(world.ledger.register_group, keys) as committer:
        assert committer.register(told(world, extracted("A"))).index
    world.sound()


def test_a_key_that_is_not_the_books_key_lends_nothing(world: World) -> None:
    """What the hint says of a key is not asked where the books have another."""
    wrong = KEYS[TRADER].verifier.vkey
    with Committer(
        world.ledger.register_group, lambda refs: dict.fromkeys(refs, wrong)
    ) as committer:
        true_of(
            world.ledger,
            told(world, extracted("A")),
            committer.register(told(world, extracted("A"))),
        )
        forged = Statement.draft(world.ledger.id, [encode(extracted("B"))]).signed(KEYS[TRADER])
        with pytest.raises(RefusedError):
            committer.register(forged)
    world.sound()


def test_no_room_is_waited_for_or_said(world: World) -> None:
    gate, begun = threading.Event(), threading.Event()

    def enter(offers: Sequence[Offer]) -> Sequence[Receipt | LedgerError]:
        begun.set()
        gate.wait()
        return world.ledger.register_group(offers)

    line = [told(world, extracted(f"L{n}")) for n in range(4)]
    with Committer(enter, lambda refs: {}, room=3) as committer:
        answers = [committer.submit(one) for one in line[:3]]
        begun.wait()
        with pytest.raises(StorageError) as caught:
            committer.submit(line[3], wait=False)
        assert caught.value.code == "committer.busy"
        patient = threading.Thread(target=lambda: answers.append(committer.submit(line[3])))
        patient.start()
        patient.join(0.05)
        assert patient.is_alive()
        gate.set()
        patient.join()
        assert all(one.result() for one in answers)
    world.sound()


def test_bytes_are_counted_and_the_largest_statement_still_gets_in(world: World) -> None:
    sizes = []

    def enter(offers: Sequence[Offer]) -> Sequence[Receipt | LedgerError]:
        sizes.append(len(offers))
        return world.ledger.register_group(offers)

    line = [told(world, *(extracted(f"L{n}-{i}") for i in range(20))) for n in range(6)]
    with Committer(enter, lambda refs: {}, size=1, room_bytes=1) as committer:
        for one in line:
            committer.submit(one)
    assert sizes == [1] * 6
    with Committer(enter, lambda refs: {}, most=2) as committer:
        for n in range(6):
            committer.submit(told(world, extracted(f"M{n}")))
    assert max(sizes) <= 2
    assert sum(sizes[6:]) == 6
    world.sound()


def test_closing_registers_what_waits_and_takes_in_nothing_more(world: World) -> None:
    line = [told(world, extracted(f"L{n}")) for n in range(40)]
    committer = world.ledger.committer()
    answers = [committer.submit(one) for one in line]
    committer.close()
    assert all(one.done() for one in answers)
    assert len({one.result().index for one in answers}) == 40
    with pytest.raises(StorageError) as caught:
        committer.submit(told(world, extracted("LATE")))
    assert caught.value.code == "committer.closed"
    committer.close()
    world.sound()


def test_who_waits_for_room_when_it_closes_is_told(world: World) -> None:
    gate, begun = threading.Event(), threading.Event()

    def enter(offers: Sequence[Offer]) -> Sequence[Receipt | LedgerError]:
        begun.set()
        gate.wait()
        return world.ledger.register_group(offers)

    committer = Committer(enter, lambda refs: {}, room=1)
    first = committer.submit(told(world, extracted("A")))
    begun.wait()
    found: list[LedgerError] = []

    def patient() -> None:
        try:
            committer.submit(told(world, extracted("B")))
        except StorageError as error:
            found.append(error)

    waiting = threading.Thread(target=patient)
    waiting.start()
    waiting.join(0.02)
    closing = threading.Thread(target=committer.close)
    closing.start()
    waiting.join()
    gate.set()
    closing.join()
    assert [one.code for one in found] == ["committer.closed"]
    assert first.result().index
    world.sound()


def test_a_full_disk_is_told_to_everybody_and_room_lets_it_go_on(world: World) -> None:
    before = world.whole()
    line = [told(world, *(extracted(f"L{n}-{i}") for i in range(15))) for n in range(40)]
    with Ledger.open(world.path, clock=world.clock) as cramped:
        engine = cramped._database.engine  # type: ignore[attr-defined]
        room = [0]

        @sqlalchemy.event.listens_for(engine, "begin")
        def limit(connection: Any) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages + room[0]}")

        gate, begun = threading.Event(), threading.Event()

        def enter(offers: Sequence[Offer]) -> Sequence[Receipt | LedgerError]:
            begun.set()
            gate.wait()
            return cramped.register_group(offers)

        with Committer(enter, cramped._vkeys) as committer:
            answers = [committer.submit(one) for one in line]
            gate.set()
            errors = [one.exception() for one in answers]
            assert len({id(one) for one in errors}) == 40
            assert {one.code for one in errors if isinstance(one, StorageError)} == {"storage.full"}
            assert all(isinstance(one, StorageError) for one in errors)
            assert world.whole() == before
            room[0] = 10_000
            assert [committer.submit(one) for one in line][-1].result()
    assert {lot.lot.split("-")[0] for lot in world.ledger.lots()} == {f"L{n}" for n in range(40)}
    world.sound()


# Forks a process in which 8 threads register, kills it at a random moment, again and again.
# What the threads had written of their receipts stands in the pipe.
KILLER = """
import os, random, select, signal, sys, threading, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from actors import KEYS, MINE, extracted
from ledger.custody.statement import Statement
from ledger.events import encode
from ledger.ledger import Ledger
from ledger.store import engine  # loaded once, or the child would be killed while it loads it
path, times, dice = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
for turn in range(times):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        ledger = Ledger.open(path, clock=lambda: 1_780_000_000)
        committer = ledger.committer()
        def work(thread):
            number = 0
            while True:
                bag = encode(extracted(f"K{{turn}}-{{thread}}-{{number:05}}", 10_000))
                statement = Statement.draft(ledger.id, [bag]).signed(KEYS[MINE])
                receipt = committer.register(statement)
                os.write(writing, f"{{receipt.index}} {{receipt.event[0]}}\\n".encode())
                number += 1
        for thread in range(8):
            threading.Thread(target=work, args=(thread,)).start()
        time.sleep(60)
    os.close(writing)
    if turn % 2:  # on a slow machine, too, some have a receipt
        select.select([reading], [], [], 30)
    time.sleep(dice.uniform(0.02, 0.2))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        print(pipe.read(), end="", flush=True)
"""


def kill(world: World, times: int, seed: int) -> int:
    """Kill the process at so many random moments; returns how many receipts there were."""
    world.ledger.close()
    script = KILLER.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", script, str(world.path), str(times), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=True)
    receipts = [line.split() for line in done.stdout.splitlines()]
    assert len(set(map(tuple, receipts))) == len(receipts)
    with Ledger.open(world.path) as ledger:
        for index, event_id in receipts:
            assert ledger.find(event_id)[0] == int(index) + 1
        report = ledger.verify()
        assert report.verdict == "supported", report.findings[:3]
        assert ledger.check() == []
    return len(receipts)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the process that is killed")
def test_a_process_that_is_killed_has_kept_every_receipt_that_it_gave(world: World) -> None:
    assert kill(world, 8, 6) > 0


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the process that is killed")
def test_a_process_is_killed_at_100_random_moments(world: World) -> None:
    assert kill(world, 100, 7) > 0
