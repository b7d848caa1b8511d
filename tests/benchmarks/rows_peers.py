"""Against strangers, each as its users use it; what one does not do is said beside it."""

from __future__ import annotations

from benchmarks import ours
from benchmarks.loads import Loads
from benchmarks.measure import Result, Timing, in_turn, shares
from benchmarks.peer_rules import signed_events
from benchmarks.scale import Scale
from ledger.audit.auditor import Auditor, Source
from ledger.custody.books import Books

__all__ = ["eventsourcing", "git", "pymerkle"]


def eventsourcing(loads: Loads, scale: Scale) -> Result:
    """Aggregates in SQLite, saved once for a thousand events."""
    from benchmarks import peer_eventsourcing as peer

    single = loads.batches(scale.of(3_000), 1)
    bulk = loads.batches(scale.of(10_000, 1000), 1000)
    events = signed_events(single)

    def theirs(per: int) -> Timing:
        return peer.register(peer.on_sqlite(loads.fresh("eventsourcing.db")), events, per)

    found = in_turn(
        {
            "saved per 1,000": lambda: theirs(1000),
            "1,000 per statement": lambda: ours.register(loads, bulk),
        },
        scale.rounds,
    )
    return Result(
        lines=[
            found.ratio("1,000 per statement", "1,000 per statement", "saved per 1,000", ">= 15"),
        ],
        rates=found.rates(),
        profile={"1,000 per statement": shares(lambda: ours.register(loads, bulk))},
        note="eventsourcing checks a signature for each event, custody and mass, and keeps its "
        "aggregates in memory; it has no hashes, no tree and no proof",
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

    size = scale.of(3_000)
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
