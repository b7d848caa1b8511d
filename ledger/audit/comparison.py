"""The tables against the log, last of all: where they differ, the log is right.

A projection only finds; a wrong one can hide or delay an answer but not forge one. Still
a difference means that somebody or something wrote where only the ledger writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from ..custody.books import Books, Lot
from ..findings import Finding
from ..words import mass

__all__ = ["compare"]

# Facts are free: a row read back has lists where the replay has tuples, and says the same.
_spelled = msgspec.msgpack.Encoder(order="deterministic").encode


def compare(replayed: Books, tables: Books, lots: Iterable[Lot]) -> Iterator[Finding]:
    """Findings ``books.drift`` for each row in which the tables differ from the replay.

    `lots` are the lots of the tables, one by one and by id; `tables` everything else in them.
    """
    yield from _lots(replayed, lots)
    pairs: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...] = (
        ("party", replayed.parties, tables.parties),
        ("key", replayed.keys, tables.keys),
        ("registration of", replayed.register, tables.register),
        ("setting", _settings(replayed), _settings(tables)),
    )
    for what, right, found in pairs:
        for name in sorted(right.keys() | found.keys()):
            if _spelled(right.get(name)) != _spelled(found.get(name)):
                yield _drift(f"the tables and the log differ on {what} {name}")


def _settings(books: Books) -> dict[str, object]:
    return {
        "governance": books.governance,
        "tolerances": books.tolerances,
        "ledger": books.ledger,
    }


def _lots(replayed: Books, lots: Iterable[Lot]) -> Iterator[Finding]:
    count, last = 0, ""
    for found in lots:
        # By id, as the rows are: a row that says to be another one stands out of order.
        if found.lot <= last:
            yield _drift(f"lot {found.lot} stands after lot {last} in the tables", found.lot)
            continue
        last = found.lot
        right = replayed.lots.get(found.lot)
        if right is None:
            yield _drift(f"the tables hold lot {found.lot}, the log does not", found.lot)
            continue
        count += 1
        if right != found:
            yield _drift(
                f"lot {found.lot} differs in {_where(right, found)}: the log says "
                f"{mass(right.amount.mass)} with {right.holder} ({right.state}), "
                f"the tables say {mass(found.amount.mass)} with {found.holder} ({found.state})",
                found.lot,
            )
    if count < len(replayed.lots):
        yield _drift(f"the log holds {len(replayed.lots)} lots, the tables {count} of them")


def _where(right: Lot, found: Lot) -> str:
    names = Lot.__struct_fields__
    return ", ".join(name for name in names if getattr(right, name) != getattr(found, name))


def _drift(message: str, lot: str = "") -> Finding:
    return Finding(
        code="books.drift",
        severity="critical",
        message=message,
        subject=f"lot:{lot}" if lot else "",
        hint="make the tables anew from the log: oretrail db rebuild",
    )
