"""Against strangers, each as its users use it; what one does not do is said beside it."""

from __future__ import annotations

from itertools import chain

from benchmarks import ours
from benchmarks.controls import copy_rows, log_rows
from benchmarks.loads import Loads
from benchmarks.measure import Line, Result, Timing, in_turn, shares
from benchmarks.peer_rules import signed_events
from benchmarks.scale import SINGLE, Scale
from benchmarks.workload import Batch
from ledger.audit.auditor import Auditor, Source
from ledger.custody.books import Books

__all__ = ["eventsourcing", "git", "postgres", "pymerkle", "submitters"]

_NO_STATEMENTS = (
    "eventsourcing checks a signature for each event, custody and mass, and keeps its aggregates "
    "in memory; it has no hashes, no tree and no proof"
)


def eventsourcing(loads: Loads, scale: Scale) -> Result:
    """Aggregates in SQLite, saved once for a thousand events."""
    from benchmarks import peer_eventsourcing as peer

    single = loads.batches(scale.of(3_000), 1)
    bulk = loads.batches(scale.of(10_000, 1000), 1000)
    events = signed_events(single)

    def theirs() -> Timing:
        return peer.register(peer.on_sqlite(loads.fresh("eventsourcing.db")), events, 1000)

    found = in_turn(
        {
            "theirs": theirs,
            "inline": lambda: ours.grouped(loads, single),
            "threads": lambda: ours.committed(loads, single),
            "bulk": lambda: ours.register(loads, bulk),
        },
        scale.rounds,
    )
    return Result(
        lines=[
            found.ratio("1 per statement", "inline", "theirs", ">= 1.5"),
            found.ratio("1 per statement, on threads", "threads", "theirs", ">= 2.3"),
            found.ratio("1,000 per statement", "bulk", "theirs", ">= 15"),
        ],
        rates=found.rates(),
        profile={
            "1 per statement": shares(lambda: ours.grouped(loads, single)),
            "1,000 per statement": shares(lambda: ours.register(loads, bulk)),
        },
        note=_NO_STATEMENTS,
    )


def submitters(loads: Loads, scale: Scale) -> Result:
    """Sixty-four who each wait for their receipt, against one save for each event."""
    from benchmarks import peer_eventsourcing as peer

    parts = loads.alone(scale.of(50))
    events = signed_events(list(chain.from_iterable(parts))[: scale.of(1_000)])
    waits: list[float] = []

    def theirs() -> Timing:
        return peer.register(peer.on_sqlite(loads.fresh("eventsourcing.db")), events, 1)

    found = in_turn(
        {"theirs": theirs, "ours": lambda: ours.submitters(loads, parts, waits)}, scale.rounds
    )
    waits.sort()
    half, most = (waits[len(waits) * part // 1000] * 1000 for part in (500, 990))
    return Result(
        lines=[
            found.ratio("64 submitters, 1 per statement", "ours", "theirs", ">= 4"),
            Line("a receipt takes, half of them", half, waits[0] * 1000, most, "ms"),
            Line("a receipt takes, 99 of 100", most, half, waits[-1] * 1000, "ms"),
        ],
        rates=found.rates(),
        profile={"in groups of 64": shares(lambda: _in_groups(loads, parts))},
        note=f"one process saves each event of theirs by itself; {_NO_STATEMENTS}",
    )


def _in_groups(loads: Loads, parts: list[list[Batch]]) -> None:
    """The same work without threads, which is what a profile can see."""
    turns = list(chain.from_iterable(zip(*parts, strict=True)))
    ours.grouped(loads, turns, most=len(parts))


def postgres(loads: Loads, scale: Scale) -> Result:
    """A thousand per statement on PostgreSQL, against bare COPY and against eventsourcing."""
    from benchmarks import peer_eventsourcing as peer
    from benchmarks import server

    single = loads.batches(scale.of(3_000), 1)
    bulk = loads.batches(scale.of(10_000, 1000), 1000)
    events = signed_events(single)[: scale.of(2_000)]
    rows = log_rows(loads.built(scale.of(10_000, 1000), 1000))
    with server.connected() as (url, connection):

        def bulk_of_ours() -> Timing:
            server.drop(connection, "bench_ours")
            return ours.on_postgres(url, bulk)

        def theirs(per: int) -> Timing:
            return peer.register(peer.on_postgres(connection), events, per)

        found = in_turn(
            {
                "CP": lambda: copy_rows(connection, rows, 1000),
                "theirs": lambda: theirs(1000),
                "bulk": bulk_of_ours,
            },
            scale.rounds,
        )
        profile = {"1,000 per statement": shares(bulk_of_ours)}
    return Result(
        lines=[
            found.ratio("1,000 per statement", "bulk", "CP", ">= 0.4", unit="CP"),
            found.ratio("against eventsourcing on PostgreSQL", "bulk", "theirs", ">= 8"),
        ],
        rates=found.rates(),
        profile=profile,
        note=_NO_STATEMENTS,
    )


def pymerkle(loads: Loads, scale: Scale) -> Result:
    """A tree in SQLite, a thousand entries in a transaction, with rules in front of it."""
    from benchmarks import peer_pymerkle as peer

    single = loads.batches(scale.of(3_000), 1)
    bulk = loads.batches(scale.of(10_000, 1000), 1000)
    events = signed_events(single)
    with loads.opened("pymerkle-books.db")[0] as ledger:
        beginning = [Source(one.index, one.data) for one in ledger.sources()]

    def few() -> Timing:
        return peer.register(loads.fresh("pymerkle.db"), events, 1000, peer.few_rules())

    def same() -> Timing:
        auditor = Auditor(books=Books())
        auditor.feed(beginning)
        auditor.finish()
        judge = peer.same_rules(auditor.books, single)
        return peer.register(loads.fresh("pymerkle.db"), events, 1000, judge)

    found = in_turn(
        {
            "few rules": few,
            "our rules": same,
            "1,000 per statement": lambda: ours.register(loads, bulk),
        },
        scale.rounds,
    )
    return Result(
        lines=[
            found.ratio(
                "1,000 per statement, it with custody and mass only",
                "1,000 per statement",
                "few rules",
                ">= 10",
            ),
            found.ratio(
                "1,000 per statement, it with all of our rules",
                "1,000 per statement",
                "our rules",
            ),
        ],
        rates=found.rates(),
        profile={"1,000 per statement": shares(lambda: ours.register(loads, bulk))},
        note="pymerkle keeps entries and tree; its user adds a signature for each event and the "
        "rules on books in memory, and has no tables to ask and none after a restart",
    )


def git(loads: Loads, scale: Scale) -> Result:
    """A signed commit for each event; verify-commit and fsck."""
    from benchmarks import peer_git as peer

    size = scale.of(SINGLE)
    single = loads.batches(size, 1)
    some = signed_events(single)[: max(20, scale.of(100))]
    place = loads.built(size, 1)
    found = in_turn(
        {
            "commits": lambda: peer.commit(loads.fresh("git"), some),
            "registered": lambda: ours.register(loads, single[:500]),
            "their check": lambda: peer.verify(loads.folder / "git", len(some)),
            "our check": lambda: ours.verify(place),
        },
        scale.rounds,
    )
    return Result(
        lines=[
            found.ratio("append, 1 per statement, a commit each", "registered", "commits", ">= 25"),
            found.ratio(
                "verify, 1 per statement, one process",
                "our check",
                "their check",
                ">= 80",
                times=2,
            ),
        ],
        rates=found.rates(),
        profile={
            "append": shares(lambda: ours.register(loads, single[:500])),
            "verify": shares(lambda: ours.verify(place)),
        },
        note="git checks no rule: its check says that commits are signed and whole",
    )
