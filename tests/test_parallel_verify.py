"""However many look at a log, whatever it holds, the report is the one that one alone makes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actors import KEYS, MINE, PHONE, World, extracted, vkey
from ledger import abreast
from ledger.audit import checks, entry_list
from ledger.audit.auditor import Auditor, Source, Trust
from ledger.audit.report import Report
from ledger.audit.stretch import Looked, Row, look
from ledger.cli.stories.trade import generate
from ledger.crew import Crew
from ledger.errors import LedgerError, MalformedError, StorageError
from ledger.ledger import Ledger
from ledger.store import stretches, vandal
from second_lies import mutant

BOOKS = Path(__file__).resolve().parent.parent / "specs" / "vectors" / "books"
SHELF: dict[str, Sequence[Row]] = {}
"""Logs that lie in memory, by name."""


class Listed:
    """A log in memory; nothing is easily found in it."""

    def __init__(self, name: str) -> None:
        self.rows = SHELF[name]

    def entries(self, start: int, end: int) -> Iterator[Row]:
        return iter(self.rows[start:end])

    def vkeys(self, refs: frozenset[str]) -> Mapping[str, str]:
        return {}

    def close(self) -> None:
        pass


Here = abreast.Inline


def alone(rows: Sequence[Row], trust: Trust) -> Report:
    auditor = Auditor(trust, checks=checks.load())
    auditor.feed(Source(*row) for row in rows)
    return auditor.finish()


def abreast_of(rows: Sequence[Row], trust: Trust, cuts: Sequence[int], hands: Executor) -> Report:
    SHELF["log"] = rows
    auditor = Auditor(trust, checks=checks.load())
    come = list(abreast.feed(auditor, abreast.ahead(hands, Listed, "log", cuts, 3)))
    auditor.feed(Source(*row) for row in rows[max(come, default=0) :])
    return auditor.finish()


def statements(rows: Sequence[Row]) -> list[int]:
    return [at for at, row in enumerate(rows) if row[1].endswith(b'"type":"registered"}')]


def ways_to_cut(rows: Sequence[Row], dice: Random) -> Iterator[list[int]]:
    """At every statement, at some, in the middle of some, and not at all."""
    begins = statements(rows)
    yield sorted({0, *begins, len(rows)})
    yield sorted({0, len(rows), *dice.sample(begins, len(begins) // 2)})
    yield sorted({0, len(rows), *dice.sample(range(len(rows) + 1), min(3, len(rows)))})


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as pool:
        yield pool


# ---------------------------------------------------------------- whatever the log holds


def listed(data: bytes) -> list[Row]:
    rows: list[Row] = []
    # What is no entry list is not for an auditor.
    with contextlib.suppress(MalformedError):
        rows += [(s.index, s.data, s.leaf, s.chain) for s in entry_list.read(io.BytesIO(data))]
    return rows


def lines(entries: Sequence[Mapping[str, Any]]) -> bytes:
    spelled = (json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in entries)
    return "".join(f"{line}\n" for line in spelled).encode()


@pytest.mark.parametrize("path", sorted(BOOKS.glob("*.json")), ids=lambda path: path.stem)
def test_every_vector_of_the_books_is_judged_the_same(path: Path) -> None:
    value = json.loads(path.read_bytes())
    rows = listed(lines(value["entries"]))
    kept = tuple(x.encode() for x in value["trust"].get("checkpoints", ()))
    trust = Trust(value["trust"].get("ledger", ""), kept)
    expected = alone(rows, trust)
    for cuts in ways_to_cut(rows, Random(len(rows))):
        assert abreast_of(rows, trust, cuts, Here()) == expected, cuts


@pytest.mark.parametrize("seed", range(4))
def test_every_lie_is_told_the_same(seed: int, threads: Executor) -> None:
    dice = Random(seed)
    told = set()
    for number in range(12):
        name, case = mutant(seed, number)
        # As a list whose hashes were made anew, and as bytes that state nothing.
        bare: list[Row] = [(at, data, None, None) for at, data in enumerate(case.entries)]
        for rows in (listed(case.list()), bare):
            trust = Trust(case.ledger, tuple(case.checkpoints))
            expected = alone(rows, trust)
            told |= {one.code for one in expected.findings}
            for cuts in ways_to_cut(rows, dice):
                assert abreast_of(rows, trust, cuts, threads) == expected, (name, cuts)
    assert len(told) > 10


def test_stated_hashes_that_are_wrong_are_found_the_same(world: World, threads: Executor) -> None:
    for lot in "ABC":
        world.record(extracted(lot))
    rows = [(s.index, s.data, s.leaf, s.chain) for s in world.ledger.sources()]
    for at, (index, data, leaf, link) in enumerate(rows):
        for changed in (
            (index, data, bytes(32), link),
            (index, data, leaf, bytes(32)),
            (index, data[:-1], leaf, link),
            (index + 1, data, leaf, link),
        ):
            broken = [*rows[:at], changed, *rows[at + 1 :]]
            cuts = [*statements(rows), len(rows)]
            expected = alone(broken, Trust())
            assert expected.verdict == "contradicted"
            assert abreast_of(broken, Trust(), cuts, threads) == expected, (at, changed)


# ---------------------------------------------------------------- what a stretch says


def rows_of(world: World) -> list[Row]:
    return [(s.index, s.data, s.leaf, s.chain) for s in world.ledger.sources()]


def test_a_clean_stretch_carries_the_bytes_it_was_found_of(world: World) -> None:
    world.record(extracted("A"))
    SHELF["log"] = rows = rows_of(world)
    looked = look(Listed, "log", 0, len(rows))
    assert looked is not None and looked.statements is not None
    assert looked.rows == tuple(rows)
    assert sum(1 + one.header.count for one in looked.statements) == len(rows)


def test_a_signature_counts_only_for_the_key_that_it_was_verified_by(world: World) -> None:
    world.record(extracted("A"))
    SHELF["log"] = rows = rows_of(world)
    looked = look(Listed, "log", 0, len(rows))
    assert looked is not None and looked.statements is not None
    last = looked.statements[-1]
    text, (_, _, blob, by) = last.header.text().encode(), last.lines[0]
    assert by == vkey(MINE)
    assert last.good_by(vkey(MINE), text, blob)
    assert not last.good_by(vkey(PHONE), text, blob)
    assert not last.good_by(vkey(MINE), text, bytes(64))


def test_a_hint_that_is_wrong_costs_time_and_nothing_else(world: World) -> None:
    world.record(extracted("A"))
    SHELF["log"] = rows = rows_of(world)

    class Misled(Listed):
        def vkeys(self, refs: frozenset[str]) -> Mapping[str, str]:
            return dict.fromkeys(refs, vkey(PHONE))

    auditor = Auditor(Trust(), checks=checks.load())
    found = abreast.ahead(Here(), Misled, "log", [0, *statements(rows)[1:], len(rows)])
    assert list(abreast.feed(auditor, found))[-1] == len(rows)
    assert auditor.finish() == alone(rows, Trust())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data.replace(b'"by"', b' "by"', 1),
        lambda data: data.replace(b"kivu", b"kiva"),
        lambda data: b'{"type":"registered"}',
    ],
)
def test_anything_amiss_is_left_to_the_auditor(world: World, spoil: Any) -> None:
    world.record(extracted("A"))
    rows = [(s.index, s.data, None, None) for s in world.ledger.sources()]
    for at in range(len(rows)):
        data = spoil(rows[at][1])
        if data == rows[at][1]:
            continue
        SHELF["log"] = [*rows[:at], (at, data, None, None), *rows[at + 1 :]]
        looked = look(Listed, "log", 0, len(rows))
        assert looked is not None and looked.statements is None


def test_entries_that_do_not_stand_where_they_were_asked_for_are_not_taken() -> None:
    SHELF["log"] = [(0, b"{}", None, None), (2, b"{}", None, None)]
    assert look(Listed, "log", 0, 2) is None
    assert look(Listed, "log", 0, 1) is not None
    assert look(Listed, "log", 0, 3) is None


# ---------------------------------------------------------------- ledgers in a store


def verified_abreast(ledger: Ledger, **hands: Any) -> Report | str:
    try:
        return ledger.verify(Trust(ledger.id), **hands)
    except StorageError as error:
        return error.code


@pytest.fixture(scope="module")
def trade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a trade with some frauds."""
    root = tmp_path_factory.mktemp("trade") / "demo"
    workspace, _ = generate(root, size=60, seed=5, frauds=3)
    with workspace.ledger(read_only=True) as ledger:
        return Path(ledger._database.path)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a ledger with statements in rows and in sheaves, and two lies in it."""
    world = World(tmp_path_factory.mktemp("mixed") / "l.db").settle()
    for number in range(12):
        world.record(extracted(f"A-{number}", tags=(f"T-{number % 11}",)))
    world.record(*(extracted(f"B-{number}") for number in range(20)))
    world.record(extracted("C"))
    world.record(*(extracted(f"D-{number}", mass=90_000_000_000) for number in range(30)))
    world.record(extracted("E"))
    world.ledger.close()
    return Path(world.ledger._database.path)


@pytest.fixture
def copied(mixed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(mixed, tmp_path / "l.db"))


@pytest.mark.long
def test_a_trade_with_frauds_by_any_hands_and_in_any_stretches(
    trade: Path, threads: Executor
) -> None:
    by_any_hands(trade, threads)


def test_a_ledger_with_lies_by_any_hands_and_in_any_stretches(
    mixed: Path, threads: Executor
) -> None:
    by_any_hands(mixed, threads)


def by_any_hands(path: Path, threads: Executor) -> None:
    with Ledger.open(path, read_only=True) as ledger:
        expected = ledger.verify(Trust(ledger.id), workers=1)
        assert expected.findings
        assert verified_abreast(ledger, workers=2, stretch=100) == expected
        assert verified_abreast(ledger, workers=3) == expected
        for size in (1, 30):
            assert verified_abreast(ledger, executor=threads, stretch=size) == expected, size


def _cut(path: Path) -> None:
    vandal.cut(path, 40)


def _overwritten(path: Path) -> None:
    with Ledger.open(path) as ledger:
        data = ledger.find("20")[1]
    vandal.overwrite(path, 20, data.replace(b"2026", b"2025", 1) + b" ")


def _rewritten(path: Path) -> None:
    with Ledger.open(path) as ledger:
        data = ledger.find("20")[1]
    vandal.rewrite(path, {20: data.replace(b"2026", b"2025")})


def _sql(*changes: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with Ledger.open(path) as ledger, ledger.writing() as connection:
            for kind in ("entry", "sheaf", "statement", "node", "event"):
                for what in ("update", "delete"):
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {kind}_no_{what}")
            for one in changes:
                connection.exec_driver_sql(one)

    return change


DAMAGE: dict[str, Callable[[Path], None]] = {
    "cut": _cut,
    "overwritten": _overwritten,
    "rewritten": _rewritten,
    "an entry gone": _sql("DELETE FROM entry WHERE idx = (SELECT max(idx) - 33 FROM entry)"),
    "an entry twice": _sql("INSERT INTO entry SELECT 9999, data, leaf, chain FROM entry LIMIT 1"),
    "no statements named": _sql("DELETE FROM statement"),
    "other statements named": _sql("UPDATE statement SET first = first + 1 WHERE first > 0"),
    "keys forgotten": _sql("DELETE FROM key"),
    "a sheaf damaged": _sql("UPDATE sheaf SET data = zeroblob(9) WHERE first > 60"),
    "a sheaf moved": _sql("UPDATE sheaf SET first = first + 1 WHERE first > 0"),
    "head behind": _sql("UPDATE head SET size = 50"),
    "head ahead": _sql("UPDATE head SET size = 9999"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_store_is_judged_the_same(
    copied: Path, damage: Callable[[Path], None], threads: Executor
) -> None:
    damage(copied)
    try:
        ledger = Ledger.open(copied, read_only=True)
    except LedgerError:
        return
    with ledger:
        expected = verified_abreast(ledger, workers=1)
        for size in (3, 25):
            assert verified_abreast(ledger, executor=threads, stretch=size) == expected, size


def test_what_is_registered_meanwhile_is_for_the_next_time(world: World) -> None:
    for number in range(30):
        world.record(extracted(f"A-{number}"))
    before = world.ledger.head().size
    more = iter(range(100))

    class Busy(Here):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            with Ledger.open(world.ledger._database.path, clock=world.clock) as other:
                other.record([extracted(f"B-{next(more)}")], KEYS[MINE])
            return super().submit(fn, *args, **kwargs)

    with Ledger.open(world.ledger._database.path, read_only=True) as ledger:
        # The lead's own view may be as it was, or hold a writer up; both are for the store.
        with ledger._reading() as connection:
            cuts = list(stretches.cuts(connection, before, 8))
        auditor = Auditor(Trust(ledger.id), checks=checks.load())
        path = ledger._database.path
        found = abreast.ahead(Busy(), stretches.open_log, path, cuts)
        assert list(abreast.feed(auditor, found))[-1] == before
        assert auditor.finish().size == before
        assert ledger.head().size > before


# ---------------------------------------------------------------- who helps


def test_threads_of_any_kind_will_do(world: World, threads: Executor) -> None:
    world.record(extracted("A"))
    assert world.ledger.verify(executor=threads) == world.ledger.verify()


def test_an_executor_that_is_broken_costs_time_and_nothing_else(world: World) -> None:
    world.record(extracted("A"))
    expected = world.ledger.verify()

    class Broken(Here):
        left = 1

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            if not self.left:
                raise BrokenExecutor("gone")
            self.left -= 1
            return super().submit(fn, *args, **kwargs)

    class Failing(Here):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(OSError("the machine is on fire"))
            return future

    class Cancelled(Here):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.cancel()
            return future

    for hands in (Broken(), Failing(), Cancelled()):
        assert world.ledger.verify(executor=hands, stretch=1) == expected


def test_a_short_log_needs_no_processes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Crew, "submit", None)
    world.ledger.verify()
    with abreast.executor(None, None, abreast.SHORT - 1) as hands:
        assert hands is None
    with abreast.executor(None, 1, 10 * abreast.SHORT) as hands:
        assert hands is None


def test_only_so_many_stretches_are_in_anybodys_hands() -> None:
    begun: list[int] = []

    class Counting(Here):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            begun.append(args[2])
            future: Future[Any] = Future()
            future.set_result(Looked(()))
            return future

    found = abreast.ahead(Counting(), Listed, "log", range(100), 5)
    for taken, _ in zip(range(1, 50), found, strict=False):
        assert len(begun) <= taken + 4


# ---------------------------------------------------------------- processes


def test_a_crew_works_abreast_and_goes_home() -> None:
    with Crew(2) as crew:
        assert [f.result() for f in [crew.submit(divmod, n, 7) for n in range(20)]] == [
            divmod(n, 7) for n in range(20)
        ]
        pids = crew.pids
        assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_process_that_is_killed_breaks_its_crew_and_no_more(mixed: Path) -> None:
    with Crew(2) as crew:
        crew.submit(divmod, 7, 2).result()
        naps = [crew.submit(time.sleep, 60) for _ in range(3)]
        deadline = time.monotonic() + 30
        while len(crew.pids) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        for pid in crew.pids:
            os.kill(pid, signal.SIGKILL)
        for nap in naps[:2]:
            assert isinstance(nap.exception(), BrokenExecutor)
        with pytest.raises(BrokenExecutor):
            while True:
                crew.submit(divmod, 7, 2)
    with Ledger.open(mixed, read_only=True) as ledger:
        expected = ledger.verify(Trust(ledger.id), workers=1)
        crew = Crew(2)
        killed: list[int] = []

        def kill(done: int, total: int) -> None:
            for pid in crew.pids if not killed else ():
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

        try:
            report = ledger.verify(Trust(ledger.id), kill, executor=crew, stretch=20)
        finally:
            crew.shutdown(cancel_futures=True)
        assert killed
        assert report == expected


def test_sent_home_at_once_nothing_is_left() -> None:
    crew = Crew(1)
    crew.submit(divmod, 7, 2).result()
    (pid,) = crew.pids
    nap, waiting = crew.submit(time.sleep, 60), crew.submit(time.sleep, 60)
    began = time.monotonic()
    crew.shutdown(cancel_futures=True)
    assert time.monotonic() - began < 30
    assert waiting.cancelled() and nap.done()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_crew_of_a_program_that_is_killed_ends_by_itself() -> None:
    code = (
        "import sys, time\nfrom ledger.crew import Crew\ncrew = Crew(1)\n"
        "crew.submit(divmod, 7, 2).result()\nprint(crew.pids[0], flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as lead:
        assert lead.stdout is not None
        pid = int(lead.stdout.readline())
        lead.kill()
    deadline = time.monotonic() + 30
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.05)


def test_a_program_without_a_main_guard_is_not_run_again(mixed: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom ledger.ledger import Ledger\n"
        "print('begun')\n"
        "with Ledger.open(Path(sys.argv[1]), read_only=True) as ledger:\n"
        "    print(ledger.verify(workers=2, stretch=100).size)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), str(mixed)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[0] == "begun" and len(done.stdout.split()) == 2
    assert done.stderr == ""
