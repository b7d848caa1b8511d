"""How much of everything a row takes."""

from __future__ import annotations

import msgspec

__all__ = ["BULK", "SINGLE", "Scale"]

SINGLE, BULK = 4_000, 30_000
"""Events of the ledgers that are only read: one under each statement, and a thousand."""


class Scale(msgspec.Struct, frozen=True):
    """Rounds of each row, and the part of its events: 1 for the table, less for a look."""

    rounds: int = 5
    part: float = 1.0

    def of(self, events: int, per: int = 1) -> int:
        """So many events, in whole statements."""
        return max(1, int(events * self.part) // per) * per
