"""Walks over the edges with what flowed: what a lot is made up of, and what it is in.

    edge (target, source, idx, mass)     clustered by target: the walk up
    edge_by_source (source, target)      an index: the walk down

One recursive query finds the edges, one pass in topological order gives the shares. What the
tables say is found, not proven.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, cast

from ..custody import origins
from ..custody import shares as flowed
from ..custody.books import Lot
from ..custody.registration import Needs
from ..custody.shares import Behind, Edge, Inside, Shares
from ..errors import StorageError
from .database import Connection
from .projections import load, walk

__all__ = ["inside", "shares"]


def shares(connection: Connection, lot: Lot) -> Shares:
    """What a lot is made up of; StorageError ``storage.corrupt`` where that goes in circles."""
    elements = {}
    if lot.amount.mass:
        sites = frozenset(f"site:{site}" for site in origins.sites_of(lot.amount))
        nothing = frozenset[str]()
        register = load(connection, Needs(nothing, nothing, nothing, nothing, sites)).register
        elements = origins.elements(lot.amount, partial(origins.country_of, register), {})
    return Shares(lot.lot, elements, _behind(connection, lot.lot))


def _behind(connection: Connection, lot: str) -> Behind:
    try:
        return flowed.behind(_number(connection, lot), lot, _edges(connection, lot, down=False))
    except ValueError as error:
        raise _corrupt(error) from None


def inside(connection: Connection, lot: str) -> list[Inside]:
    """How much of a lot is in each lot after it, in the order of the log; else as `shares`."""
    try:
        return flowed.inside(_number(connection, lot), _edges(connection, lot, down=True))
    except ValueError as error:
        raise _corrupt(error) from None


def _edges(connection: Connection, lot: str, *, down: bool) -> Iterable[Edge]:
    """The edges into each lot that is reached, with the name of their end that is further on."""
    rows: Any = connection.exec_driver_sql(
        f"{walk(down=down)} SELECT edge.target, edge.source, edge.mass, substr(subject.name, 5) "
        "FROM walk JOIN edge ON edge.target = walk.lot "
        f"JOIN subject ON subject.number = edge.{'target' if down else 'source'}",
        (f"lot:{lot}",),
    )
    return cast("Iterable[Edge]", rows)


def _number(connection: Connection, lot: str) -> int:
    row = connection.exec_driver_sql("SELECT number FROM subject WHERE name = ?", (f"lot:{lot}",))
    return int(row.scalar_one())


def _corrupt(error: ValueError) -> StorageError:
    return StorageError(
        f"the tables contradict themselves: {error}",
        code="storage.corrupt",
        hint="make the tables anew from the log: oretrail db rebuild",
    )
