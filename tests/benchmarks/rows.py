"""The rows of the table, in the order in which they are run.

A row is a function (loads, scale) -> Result. `scale` is 1 for the table and less for a
quick look; sizes are chosen so that a row takes some two minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from benchmarks import ours
from benchmarks.controls import log_rows, raw_hashes, raw_rows, raw_signatures
from benchmarks.loads import Loads, events_of
from benchmarks.measure import Result, in_turn, shares

__all__ = ["ROWS", "Scale"]


class Scale(msgspec.Struct, frozen=True):
    """How much of everything."""

    rounds: int = 5
    part: float = 1.0

    def of(self, events: int, per: int = 1) -> int:
        """So many events, in whole statements."""
        return max(1, int(events * self.part) // per) * per


Row: TypeAlias = Callable[[Loads, Scale], Result]


def verify_single(loads: Loads, scale: Scale) -> Result:
    """One event per statement: a signature for each event, and everything else besides."""
    size = scale.of(3_000)
    batches = loads.batches(size, 1)
    place = loads.built(size, 1)
    found = in_turn(
        {
            "V": lambda: raw_signatures(batches),
            "one process": lambda: ours.verify(place),
            "two processes": lambda: ours.verify(place, 2),
        },
        scale.rounds,
    )
    # An event and its registration are two entries and one signature.
    return Result(
        lines=[
            found.ratio(
                "one process", "one process", "V", ">= 0.85", clock="cpu", times=2, unit="V"
            ),
            found.ratio("two processes", "two processes", "V", ">= 1.7", times=2, unit="V"),
        ],
        rates=found.rates(),
        profile={"one process": shares(lambda: ours.verify(place))},
    )


def verify_bulk(loads: Loads, scale: Scale) -> Result:
    """A thousand events per statement: the signature is almost nothing, the rules are all."""
    size = scale.of(20_000, 1000)
    batches = loads.batches(size, 1000)
    place = loads.built(size, 1000)
    events = events_of(batches)
    found = in_turn(
        {
            "V": lambda: raw_signatures(batches),
            "H": lambda: raw_hashes(events),
            "one process": lambda: ours.verify(place),
            "two processes": lambda: ours.verify(place, 2),
        },
        scale.rounds,
    )
    return Result(
        lines=[
            found.ratio("one process", "one process", "V", ">= 20", clock="cpu", unit="V"),
            found.ratio("two processes", "two processes", "V", ">= 35", unit="V"),
            found.ratio("one process", "one process", "H", clock="cpu", unit="H"),
        ],
        rates=found.rates(),
        profile={"one process": shares(lambda: ours.verify(place))},
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


ROWS: dict[str, tuple[str, Row]] = {
    "verify-1": ("verify, 1 event per statement", verify_single),
    "verify-1000": ("verify, 1,000 events per statement", verify_bulk),
    "append-1000": ("append, 1,000 events per statement", append_bulk),
}
"""Row -> (what is worked on, what runs it)."""
