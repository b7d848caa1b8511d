"""Verifying: against raw signatures, against raw hashes, and in how much memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import ours
from benchmarks.controls import raw_hashes, raw_signatures
from benchmarks.loads import Loads, events_of
from benchmarks.measure import Line, Result, in_turn, shares
from benchmarks.scale import BULK, SINGLE, Scale

__all__ = ["dask", "integrity", "memory", "verify_bulk", "verify_single"]


def verify_single(loads: Loads, scale: Scale) -> Result:
    """One event per statement: a signature for each event, and everything else besides."""
    size = scale.of(SINGLE)
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
    size = scale.of(BULK, 1000)
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


def integrity(loads: Loads, scale: Scale) -> Result:
    """Hashes, roots, chain and signatures, and nothing else."""
    size = scale.of(BULK, 1000)
    place = loads.built(size, 1000)
    events = events_of(loads.batches(size, 1000))
    found = in_turn(
        {
            "H": lambda: raw_hashes(events),
            "one process": lambda: ours.integrity(place),
            "two processes": lambda: ours.integrity(place, 2),
        },
        scale.rounds,
    )
    return Result(
        lines=[
            found.ratio("one process", "one process", "H", ">= 0.45", clock="cpu", unit="H"),
            found.ratio("two processes", "two processes", "H", ">= 0.9", unit="H"),
        ],
        rates=found.rates(),
        profile={"one process": shares(lambda: ours.integrity(place))},
    )


def dask(loads: Loads, scale: Scale) -> Result:
    """Two workers of a Dask cluster against two processes, both given to `Ledger.verify`."""
    from dask.distributed import Client, LocalCluster

    places = {
        per: loads.built(scale.of(size, per), per) for per, size in ((1, 3_000), (1000, 20_000))
    }
    lines = []
    rates = {}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        executor = client.get_executor()
        for per, place in places.items():
            found = in_turn(
                {
                    "processes": lambda place=place: ours.verify(place, 2),
                    "Dask": lambda place=place: ours.verify(place, executor=executor),
                },
                scale.rounds,
            )
            lines.append(found.ratio(f"{per:,} per statement", "Dask", "processes", ">= 0.85"))
            rates |= {f"{name}, {per}": rate for name, rate in found.rates().items()}
    return Result(lines=lines, rates=rates, note="the cluster is running before it is timed")


_PEAK = """
import sys
from pathlib import Path
from ledger.ledger import Ledger
with Ledger.open(Path(sys.argv[1]), read_only=True) as ledger:
    ledger.verify(workers=1).require()
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))
"""
# Not getrusage: what it calls the peak is inherited from the process that started this one.


def memory(loads: Loads, scale: Scale) -> Result:
    """What a fresh process needs more for a log that is longer, for each further event."""
    small, large = scale.of(BULK // 5, 1000), scale.of(BULK, 1000)
    places = [loads.built(size, 1000) for size in (small, large)]
    found = []
    for _ in range(scale.rounds):
        less, more = (_peak(place) for place in places)
        found.append((more - less) / (large - small))
    return Result(
        lines=[
            Line(
                "peak of one process, 1,000 per statement",
                statistics.median(found),
                min(found),
                max(found),
                "B/event",
                "<= 250",
                clock="amount",
            )
        ],
        note=f"between {small} and {large} events, in a process of its own each time",
    )


def _peak(place: Path) -> int:
    words = [sys.executable, "-c", _PEAK, str(place)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024
