"""The tables made anew from the log: every entry folded through the books, in order.

Statements are written in the order in which they stand, so that a table made anew has the
rows, and the numbers, of one that grew with the log.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..audit.auditor import Auditor, Source, Trust
from ..custody.books import Books
from ..custody.registration import Prepared
from . import entries as log
from . import projections
from .database import Connection
from .loaded import LoadedBooks, Posting

__all__ = ["replay"]

_TOGETHER = 1_000
"""Events that are written in one go."""


def replay(reader: Connection, writer: Connection, *, spend: bool = False) -> int:
    """Write every projection into empty tables; returns how many entries were read.

    With `spend` also which heads were spent, where that is not known already.
    """
    count = waiting = 0
    loaded = LoadedBooks(whole=True)
    postings: list[Posting] = []

    def write() -> None:
        nonlocal waiting
        waiting = 0
        spent = projections.save(writer, loaded, postings)
        if spend:
            log.spend(writer, spent, again=True)
        postings.clear()

    def keep(indexes: Sequence[int], prepared: Sequence[Prepared], books: Books) -> None:
        nonlocal waiting
        if prepared:
            postings.append(loaded.post(prepared, indexes[0]))
            waiting += len(prepared)
        if waiting >= _TOGETHER:
            write()

    auditor = Auditor(Trust(), loaded, keep)
    for index, data, _, _ in log.stated(reader):
        auditor.feed([Source(index, data)])
        count += 1
    auditor.finish()
    write()
    return count
