"""Provenance: the walk to everything behind a product, and the shares of where it began."""

from __future__ import annotations

from benchmarks import ours
from benchmarks.controls import bare_walk
from benchmarks.loads import Loads, events_of
from benchmarks.measure import Result, in_turn, shares
from benchmarks.scale import Scale

__all__ = ["provenance"]


def provenance(loads: Loads, scale: Scale) -> Result:
    """Exact integer shares of a lot with many behind it, against the query alone."""
    place, product, batches = loads.pyramid(scale.of(20_000))
    events = events_of(batches)
    found = in_turn(
        {
            "query": lambda: bare_walk(loads.fresh("edges.db"), events, product, 5),
            "shares": lambda: ours.walk(place, product, 5),
        },
        scale.rounds,
    )
    proven = in_turn({"trace": lambda: ours.proven_walk(place, product)}, 1)
    return Result(
        lines=[
            found.each("for each ancestor lot", "shares", "<= 3"),
            found.ratio("time against the query alone", "query", "shares", "<= 1.6", clock="cpu"),
            proven.each("proven from signed bytes, for each ancestor lot", "trace"),
        ],
        rates=found.rates(),
        profile={"shares": shares(lambda: ours.walk(place, product, 20))},
        note=f"a lot of {len(events):,} events, blended 64 at a time, a third of the draws in part",
    )
