"""Which statements build on which, from their own bytes.

A statement builds on an earlier one if one of its events names an event of that one, in
`after` or anywhere else (a reception names its dispatch), or begins or changes a lot that
the earlier one begins or changes. It is enough for that to be kept out when the earlier one
was kept out: what it says is about things that did not come to be.
"""

from __future__ import annotations

import re

import msgspec

from ..effects import lots_changed, lots_opened
from ..events import decode, effects_of
from .statement import Statement

__all__ = ["Reach"]

_ID = re.compile(rb'"([0-9a-f]{64})"')


class Reach(msgspec.Struct, frozen=True):
    """What a statement makes, and what it speaks of: ids of events, and lots as ``lot:ID``."""

    makes: frozenset[str]
    uses: frozenset[str]

    @classmethod
    def of(cls, statement: Statement) -> Reach:
        """The reach of a statement; its events have been decoded before."""
        lots: set[str] = set()
        named: set[str] = set()
        for data in statement.events:
            effects = effects_of(decode(data))
            lots.update(f"lot:{lot}" for lot in lots_changed(effects) | lots_opened(effects))
            named.update(found.decode() for found in _ID.findall(data))
        return cls(frozenset(lots.union(statement.ids)), frozenset(lots | named))

    def builds_on(self, other: Reach) -> bool:
        """Whether this one, which is the later, builds on the other."""
        return not self.uses.isdisjoint(other.makes)
