"""The event at hand, and how a rule is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from ...effects import Open
from ...events import Event
from ...findings import Finding
from ..books import Books, Lot

__all__ = ["Case", "Rule", "at_lot"]


class Case(msgspec.Struct):
    """The event at hand, while its effects are judged one after the other.

    `signed` are the vkeys whose signatures under the statement are good; `named` the parties
    whose signatures the event says it has; `opened` the lots it has opened so far; `before`
    the lots as they were; `beyond` the milligrams of an element that came out of a lot beyond
    what was in it. `moved`, when it is booked: (source, target, milligrams) of each of its
    flows.
    """

    event: Event
    event_id: str
    signed: frozenset[str]
    named: tuple[str, ...]
    opened: dict[str, Open] = {}
    before: dict[str, Lot] = {}
    beyond: dict[tuple[str, str], int] = {}
    moved: tuple[tuple[str, str, int], ...] = ()


Rule: TypeAlias = Callable[[Books, Any, Case], Iterator[Finding]]


def at_lot(code: str, lot: str, message: str, hint: str | None = None) -> Finding:
    """A finding about a lot."""
    return Finding(code=code, message=message, subject=f"lot:{lot}", hint=hint)
