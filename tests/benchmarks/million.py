"""A million events: made, registered, verified, a product traced back and a lot forward.

    python tests/benchmarks/million.py FOLDER                      all steps, one after the other
    python tests/benchmarks/million.py FOLDER --step register      one step, or the rest of it
    python tests/benchmarks/million.py FOLDER --url postgresql://...

    make       signed statements in files of some 20,000 events; no ledger is written
    register   statement by statement; goes on where it was stopped
    verify     the whole log, on as many processes as there are cores
    back       where the last product came from
    forward    what one of the lots behind it went into

Each step is a program of its own, so its peak of memory is its own; what it took is written
to FOLDER/million.json before the next one begins.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.workload import MATERIALS, Batch, Clock, Trade, begin  # noqa: E402
from ledger.custody.statement import Statement  # noqa: E402
from ledger.events import decode  # noqa: E402
from ledger.events.lot_refined import LotRefined  # noqa: E402
from ledger.ledger import Ledger  # noqa: E402

CHUNK = 20_000

Told = dict[str, Any]
_T = TypeVar("_T")


class Run(msgspec.Struct, frozen=True):
    """What was asked for."""

    folder: Path
    events: int
    per: int
    workers: int
    url: str

    @property
    def place(self) -> Path | str:
        """Where the ledger is."""
        return self.url or self.folder / "million.db"

    def opened(self, clock: Clock | None = None, *, read_only: bool = True) -> Ledger:
        place: Any = self.place
        return Ledger.open(place, clock=clock or Clock(), read_only=read_only)

    def chunks(self) -> Iterator[Path]:
        """The files of statements, in order."""
        yield from sorted(self.folder.glob("*.statements"))

    def batches(self) -> Iterator[Batch]:
        for chunk in self.chunks():
            kind = list[tuple[int, list[bytes], bytes]]
            for when, events, note in msgspec.msgpack.decode(chunk.read_bytes(), type=kind):
                yield Batch(when, Statement.of(events, note))


def make(run: Run) -> Told:
    """Statements in files, and the lots that are traced later."""
    done = sum(1 for _ in run.chunks())
    if done * CHUNK >= run.events:
        return {"events": run.events, "files": done}
    scratch = run.folder / "scratch.db"
    scratch.unlink(missing_ok=True)
    with begin(scratch)[0] as ledger:
        trade = Trade(ledger.id)
    for left in run.folder.glob("scratch.db*"):
        left.unlink()
    payload = 0
    for number in range(-(-run.events // CHUNK)):
        count = min(CHUNK, run.events - number * CHUNK)
        parts = [
            (one.when, one.statement.events, one.statement.note)
            for one in trade.statements(count, run.per)
        ]
        payload += sum(len(data) for _, events, _ in parts for data in events)
        target = run.folder / f"{number:05}.statements"
        part = target.with_suffix(".part")
        part.write_bytes(msgspec.msgpack.encode(parts))
        part.replace(target)
        _say(f"{number * CHUNK + count:,} events made")
    return {"events": run.events, "event_bytes": payload}


def register(run: Run) -> Told:
    """All statements that the ledger does not hold yet."""
    begun = run.folder / "begun"
    if not begun.exists():
        with begin(run.place)[0] as ledger:
            begun.write_text(str(ledger.head().size))
    clock = Clock()
    with run.opened(clock, read_only=False) as ledger:
        size, at, done = ledger.head().size, int(begun.read_text()), 0
        for one in run.batches():
            at += 1 + len(one.statement.events)
            if at <= size:
                continue
            clock.now = one.when
            ledger.register(one.statement)
            done += len(one.statement.events)
            if done % CHUNK < run.per:
                _say(f"{done:,} events registered")
        entries = ledger.head().size
    return {"events": done, "entries": entries, "disk_bytes": _disk(run)}


def verify(run: Run) -> Told:
    """Every byte, signature, rule and check."""
    with run.opened() as ledger:
        report = ledger.verify(workers=run.workers)
    return {
        "workers": run.workers,
        "verdict": report.verdict,
        "entries": report.size,
        "findings": len(report.findings) + report.more,
    }


def back(run: Run) -> Told:
    """Every lot behind the largest of the last products, with the shares of where it began.

    First by the tables, then from the signed bytes.
    """
    product, most = "", 0
    for one in run.batches():
        for data in one.statement.events:
            if b'"type":"lot.refined"' in data and MATERIALS[-1].encode() in data:
                event = decode(data)
                if isinstance(event, LotRefined) and event.outputs[0].mass >= most:
                    product, most = event.outputs[0].lot, event.outputs[0].mass
    with run.opened() as ledger:
        shares, by_tables = _timed(lambda: ledger.shares(product))
        trail, proven = _timed(lambda: ledger.trace(product))
    return {
        "product": product,
        "dug": next((line.lot for line in trail.lots if line.site), ""),
        "lots": len(trail.lots),
        "lots_by_tables": len(shares.behind.parts),
        "by_tables_seconds": by_tables,
        "proven_seconds": proven,
    }


def forward(run: Run) -> Told:
    """Every lot that one of those dug for that product flowed into: how much, and its state."""
    dug = msgspec.json.decode((run.folder / "million.json").read_bytes())["back"]["dug"]
    with run.opened() as ledger:
        parts, shares = _timed(lambda: ledger.inside(dug))
        lots, states = _timed(lambda: ledger.downstream(dug))
    return {
        "lot": dug,
        "lots": len(lots),
        "lots_with_shares": len(parts),
        "shares_seconds": shares,
        "states_seconds": states,
    }


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    began = time.perf_counter()
    done = work()
    return done, round(time.perf_counter() - began, 2)


STEPS: dict[str, Callable[[Run], Told]] = {
    "make": make,
    "register": register,
    "verify": verify,
    "back": back,
    "forward": forward,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--per", type=int, default=1000, help="events under each statement")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--url", default="", help="a PostgreSQL database, in place of a file")
    parser.add_argument("--step", choices=list(STEPS), help="only this one")
    asked = parser.parse_args()
    asked.folder.mkdir(exist_ok=True)
    if asked.step is None:
        for name in STEPS:
            words = [sys.executable, str(HERE / "million.py"), *sys.argv[1:], "--step", name]
            subprocess.run(words, check=True)
        return 0
    run = Run(asked.folder, asked.events, asked.per, asked.workers, asked.url)
    _say(f"{asked.step}: {step(run, asked.step)}")
    return 0


def step(run: Run, name: str) -> Told:
    """One step; what it found and took is put with that of the others."""
    wall = time.perf_counter()
    told = STEPS[name](run)
    told |= {"seconds": round(time.perf_counter() - wall, 2)} | _used()
    kept = run.folder / "million.json"
    found = msgspec.json.decode(kept.read_bytes()) if kept.exists() else {}
    found[name] = told
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    return told


def _used() -> Told:
    """Processor seconds and the largest peak of one process, in MiB."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return {
        "cpu_seconds": round(sum(one.ru_utime + one.ru_stime for one in both), 2),
        "peak_mib": both[0].ru_maxrss // unit,
        "peak_mib_of_a_child": both[1].ru_maxrss // unit,
    }


def _disk(run: Run) -> int:
    if not run.url:
        return sum(file.stat().st_size for file in run.folder.glob("million.db*"))
    import psycopg

    from ledger.store.postgres_url import Url

    url = Url.parse(run.url)
    with psycopg.connect(url.conninfo) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relkind = 'r'",
            (url.schema,),
        ).fetchone()
    return int(row[0]) if row else 0


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
