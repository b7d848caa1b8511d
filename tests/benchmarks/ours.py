"""The candidates of our own: what a user of the library calls, timed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.loads import Loads, register_all
from benchmarks.measure import Timing, timed
from benchmarks.workload import Batch
from ledger.ledger import Ledger

__all__ = ["count", "register", "settings", "verify", "walk"]


def count(batches: Sequence[Batch]) -> int:
    """How many events there are."""
    return sum(len(one.statement.events) for one in batches)


def register(loads: Loads, batches: Sequence[Batch]) -> Timing:
    """Statement by statement, each durable before the next; a unit is an event."""
    ledger, clock = loads.opened("ours.db")
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


def verify(place: Path, workers: int = 1) -> Timing:
    """The whole log with every rule and check; a unit is an entry."""
    with Ledger.open(place, read_only=True) as ledger:
        size = ledger.head().size

        def whole() -> None:
            report = ledger.verify(workers=workers) if workers > 1 else ledger.verify()
            report.require()

        return timed(whole, size)


def walk(place: Path, product: str) -> Timing:
    """Everything behind a product with its shares; a unit is an ancestor lot."""
    with Ledger.open(place, read_only=True) as ledger:
        lots = 0

        def back() -> None:
            nonlocal lots
            lots = len(ledger.trace(product).lots) - 1

        took = timed(back, 1)
    return Timing(lots, took.wall, took.cpu)
