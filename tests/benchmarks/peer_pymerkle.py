"""pymerkle: an RFC 6962 tree in SQLite, with the signatures and the rules added by its user.

Either the few rules of `peer_rules`, or this product's own (decoding, canonical spelling,
every rule, on books in memory). It keeps no tables of lots on disk, so after a restart its
user replays everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pymerkle import SqliteTree

from benchmarks.measure import Timing, timed
from benchmarks.peer_rules import Custody, Signed, check_signature
from benchmarks.workload import Batch
from ledger.custody import registration
from ledger.custody.books import Books

__all__ = ["few_rules", "register", "same_rules"]

Judge = Callable[[int, Signed], None]


def few_rules() -> Judge:
    """A signature for each event, custody and mass."""
    custody = Custody()
    return lambda index, one: custody.apply(one[0], check_signature(one))


def same_rules(books: Books, batches: Sequence[Batch]) -> Judge:
    """Everything that this product asks, on books in memory."""

    def judge(index: int, one: Signed) -> None:
        statement = batches[index].statement
        prepared = [registration.prepare(data) for data in statement.events]
        good, wrong = registration.signed_by(
            books, statement.header, statement.signatures, prepared
        )
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(batches[index].when))
        found = wrong + registration.check(books, prepared, good, when, (index,))
        if registration.refused(found):
            raise ValueError(found[0].message)
        books.moved.clear()

    return judge


def register(place: Path, events: Sequence[Signed], per: int, judge: Judge) -> Timing:
    """Judge every event and append it with its signature, `per` in a transaction."""
    tree = SqliteTree(str(place))

    def take() -> None:
        held: list[bytes] = []
        for index, one in enumerate(events):
            judge(index, one)
            held.append(one[1] + one[0])
            if len(held) == per:
                tree.append_entries(held)
                held = []
        if held:
            tree.append_entries(held)

    try:
        return timed(take, len(events))
    finally:
        tree.con.close()
