"""Registering, against the parts alone: signatures, rows, and the bytes of the payload."""

from __future__ import annotations

from benchmarks import ours
from benchmarks.controls import log_rows, raw_rows, raw_signatures
from benchmarks.loads import Loads
from benchmarks.measure import Line, Result, in_turn, shares
from benchmarks.scale import BULK, SINGLE, Scale

__all__ = ["append_bulk", "append_single", "disk"]


def append_single(loads: Loads, scale: Scale) -> Result:
    """One event per statement, a thousand statements in a transaction."""
    batches = loads.batches(scale.of(3_000), 1)
    found = in_turn(
        {
            "V": lambda: raw_signatures(batches),
            "inline": lambda: ours.grouped(loads, batches),
            "threads": lambda: ours.committed(loads, batches),
        },
        scale.rounds,
    )
    return Result(
        lines=[
            found.ratio("signatures checked by the writer", "inline", "V", ">= 0.8", unit="V"),
            found.ratio("signatures checked on two threads", "threads", "V", ">= 1.3", unit="V"),
        ],
        rates=found.rates(),
        profile={"by the writer": shares(lambda: ours.grouped(loads, batches))},
    )


def append_bulk(loads: Loads, scale: Scale) -> Result:
    """A thousand events per statement, a commit for each, against the bare rows."""
    size = scale.of(10_000, 1000)
    batches = loads.batches(size, 1000)
    place = loads.built(size, 1000)
    rows = log_rows(place)
    settings = ours.settings(place)
    found = in_turn(
        {
            "SB": lambda: raw_rows(loads.fresh("raw.db"), rows, 1000, settings),
            "registered": lambda: ours.register(loads, batches),
        },
        scale.rounds,
    )
    return Result(
        lines=[found.ratio("registered", "registered", "SB", ">= 0.3", unit="SB")],
        rates=found.rates(),
        profile={"registered": shares(lambda: ours.register(loads, batches))},
    )


def disk(loads: Loads, scale: Scale) -> Result:
    """Every file of the store, indexes and tables included, for each byte of the log."""
    lines = []
    goals = {1: "<= 1.6", 1000: "<= 0.4"}
    for per, size in ((1, scale.of(SINGLE)), (1000, scale.of(BULK, 1000))):
        place = loads.built(size, per)
        payload = sum(len(row[1]) for row in log_rows(place))
        kept = sum(file.stat().st_size for file in place.parent.glob(f"{place.name}*"))
        ratio = kept / payload
        work = f"{per:,} per statement: {kept // size} bytes for {payload // size} of each event"
        lines.append(Line(work, ratio, ratio, ratio, "x", goals[per], clock="amount"))
    return Result(lines=lines, note="the log's bytes are the events and the notes over them")
