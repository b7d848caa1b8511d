"""A consignment that nobody has signed for."""

from __future__ import annotations

from collections.abc import Iterable

from ...custody.books import Books
from ...effects import Arrive, Depart, Return
from ...findings import Finding
from .base import Check, Seen, days_between

__all__ = ["ReceptionMissing"]


class ReceptionMissing(Check):
    """A dispatch without a reception, a rejection or a cancellation.

    Formula: days from the dispatch (as claimed) to the last time the log recorded, above
    `days`. Default 75 (ocean freight; 2026-11, our judgement: ask practitioners). Source:
    pattern F10, ghost consignments.
    """

    name = "reception.missing"
    watches = (Depart, Arrive, Return)
    thresholds = {"days": 75}

    def __init__(self, policy: dict[str, int] | None = None) -> None:
        super().__init__(policy)
        self._open: dict[str, tuple[int, str, str, str]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note who sent what to whom, and forget it when it has arrived."""
        for effect in seen.one.effects:
            if isinstance(effect, Depart):
                at = seen.one.event.occurred_at
                self._open[effect.lot] = (seen.index, at, effect.giver, effect.taker)
            elif isinstance(effect, (Arrive, Return)):
                self._open.pop(effect.lot, None)
        return ()

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Whatever is still on the way, and for too long."""
        for lot, (index, at, giver, taker) in sorted(self._open.items()):
            days = days_between(at, as_of)
            if days > self.limit["days"]:
                yield self.finding(
                    "major",
                    f"lot {lot} left {giver} for {taker} {days} days ago and nobody has signed "
                    f"for it; {self.limit['days']} days are allowed",
                    entries=(index,),
                    subject=f"lot:{lot}",
                )
