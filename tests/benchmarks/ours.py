"""The candidates of our own: what a user of the library calls, timed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from benchmarks.loads import Loads, register_all
from benchmarks.measure import Timing, timed
from benchmarks.workload import Batch, begin
from ledger.errors import EvidenceError, LedgerError
from ledger.ledger import Ledger
from ledger.store.registrar import Offer

__all__ = [
    "committed",
    "count",
    "grouped",
    "integrity",
    "on_postgres",
    "proven_walk",
    "register",
    "settings",
    "submitters",
    "verify",
    "walk",
]


def count(batches: Sequence[Batch]) -> int:
    """How many events there are."""
    return sum(len(one.statement.events) for one in batches)


def register(loads: Loads, batches: Sequence[Batch]) -> Timing:
    """Statement by statement, each durable before the next; a unit is an event."""
    ledger, clock = loads.opened("ours.db")
    with ledger:
        return timed(lambda: register_all(ledger, clock, batches), count(batches))


def grouped(loads: Loads, batches: Sequence[Batch], most: int = 1000) -> Timing:
    """Up to `most` statements in each transaction, their signatures checked by the writer."""
    ledger, clock = loads.opened("ours.db")
    clock.now = batches[-1].when

    def enter() -> None:
        for start in range(0, len(batches), most):
            offers = [Offer(one.statement) for one in batches[start : start + most]]
            for answer in ledger.register_group(offers):
                if isinstance(answer, LedgerError):
                    raise answer

    with ledger:
        return timed(enter, count(batches))


def committed(loads: Loads, batches: Sequence[Batch], threads: int = 2) -> Timing:
    """One submitter who does not wait; signatures are checked while others are committed."""
    ledger, clock = loads.opened("ours.db")
    clock.now = batches[-1].when

    def submit() -> None:
        with ledger.committer(threads=threads) as committer:
            answers = [committer.submit(one.statement) for one in batches]
            for answer in answers:
                answer.result()

    with ledger:
        return timed(submit, count(batches))


def submitters(loads: Loads, parts: Sequence[Sequence[Batch]], waits: list[float]) -> Timing:
    """A thread for each part, each waiting for its receipt before it goes on.

    `waits` gets the seconds that each statement took.
    """
    ledger, clock = loads.opened("ours.db")
    clock.now = max(one.when for part in parts for one in part)
    gate = threading.Barrier(len(parts) + 1)

    def one_of_them(part: Sequence[Batch]) -> None:
        gate.wait()
        for one in part:
            began = time.perf_counter()
            committer.register(one.statement)
            waits.append(time.perf_counter() - began)

    with ledger, ledger.committer() as committer, ThreadPoolExecutor(len(parts)) as pool:
        work = [pool.submit(one_of_them, part) for part in parts]

        def all_of_them() -> None:
            gate.wait()
            for one in work:
                one.result()

        return timed(all_of_them, sum(map(count, parts)))


def on_postgres(url: str, batches: Sequence[Batch]) -> Timing:
    """Statement by statement into a new ledger in a schema of its own, each durable."""
    from postgres_server import in_schema

    ledger, clock = begin(in_schema(url, "bench_ours"))
    with ledger:
        return timed(lambda: register_all(ledger, clock, batches), count(batches))


def settings(place: Path) -> list[str]:
    """The PRAGMAs under which the product writes, asked of its own connection."""
    asked = (
        "page_size",
        "journal_mode",
        "synchronous",
        "wal_autocheckpoint",
        "cache_size",
        "secure_delete",
        "cell_size_check",
        "mmap_size",
    )
    with Ledger.open(place) as ledger, ledger.writing() as connection:
        return [
            f"{name}={connection.exec_driver_sql(f'PRAGMA {name}').scalar_one()}" for name in asked
        ]


def verify(place: Path, workers: int = 1, executor: Executor | None = None) -> Timing:
    """The whole log with every rule and check; a unit is an entry."""
    with Ledger.open(place, read_only=True) as ledger:
        size = ledger.head().size

        def whole() -> None:
            ledger.verify(workers=workers, executor=executor).require()

        return timed(whole, size)


def integrity(place: Path, workers: int = 1) -> Timing:
    """Hashes, roots, chain and signatures; no rule and no check. A unit is an entry."""
    with Ledger.open(place, read_only=True) as ledger:
        size = ledger.head().size

        def whole() -> None:
            report = ledger.verify_integrity(workers=workers)
            if report.verdict == "contradicted" or report.size != size:
                raise EvidenceError("the log is another", report)

        return timed(whole, size)


def walk(place: Path, product: str, turns: int) -> Timing:
    """Everything behind a product with its shares; a unit is an ancestor lot."""
    with Ledger.open(place, read_only=True) as ledger:
        found = ledger.shares(product)
        units = (len(found.behind.parts) - 1) * turns
        return timed(lambda: [ledger.shares(product) for _ in range(turns)], units)


def proven_walk(place: Path, product: str) -> Timing:
    """The same from signed bytes: every event behind it replayed; a unit is an ancestor lot."""
    with Ledger.open(place, read_only=True) as ledger:
        units = len(ledger.shares(product).behind.parts) - 1
        return timed(lambda: ledger.trace(product), units)
