"""The rows of the table, in the order in which they are run.

A row is a function (loads, scale) -> Result. Sizes are chosen so that a row takes some two
minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from benchmarks import rows_append, rows_peers, rows_verify, rows_walk
from benchmarks.loads import Loads
from benchmarks.measure import Result
from benchmarks.scale import Scale

__all__ = ["ROWS"]

Row: TypeAlias = Callable[[Loads, Scale], Result]

ROWS: dict[str, tuple[str, Row]] = {
    "verify-1": ("verify, 1 event per statement", rows_verify.verify_single),
    "verify-1000": ("verify, 1,000 events per statement", rows_verify.verify_bulk),
    "integrity": ("integrity only, 1,000 events per statement", rows_verify.integrity),
    "dask": ("verify on Dask, against processes", rows_verify.dask),
    "memory": ("memory to verify, for each event", rows_verify.memory),
    "append-1": ("append, 1 event per statement, in groups", rows_append.append_single),
    "append-1000": ("append, 1,000 events per statement", rows_append.append_bulk),
    "disk": ("bytes on disk for each byte of the log", rows_append.disk),
    "provenance": ("provenance, exact shares of a deep lot", rows_walk.provenance),
    "eventsourcing": ("append, against eventsourcing on SQLite", rows_peers.eventsourcing),
    "submitters": ("64 submitters at once", rows_peers.submitters),
    "postgres": ("append on PostgreSQL", rows_peers.postgres),
    "pymerkle": ("append, against pymerkle", rows_peers.pymerkle),
    "git": ("against git, a signed commit for each event", rows_peers.git),
}
"""Row -> (what is worked on, what runs it)."""
