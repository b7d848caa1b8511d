"""Ore that goes round in a circle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from ...custody.amount import portion
from ...custody.books import Books, Lot
from ...effects import Arrive, Depart, Flow, Open, Return
from ...findings import Finding
from ...values import BILLION
from ...words import mass as in_words
from ..facts import day_number
from .base import Check, Seen

__all__ = ["TradeCircular"]

_KEEPS = frozenset({"carrier", "laboratory", "logistics", "storage", "warehouse"})
_LONGEST = 12


class _Passed(msgspec.Struct, frozen=True):
    """So much of a lot was sent on by `holder` on a day, in the dispatch at `index`."""

    holder: str
    day: int
    mass: int
    index: int


class TradeCircular(Check):
    """A lot, or what was tipped and divided from it, is back with somebody who sold it on.

    Formula: the taker of a lot sent on, at most `days` before, lots that make up `share` or
    more of its mass, and no process has changed them since. What is rejected, cancelled, or
    comes back from a laboratory, carrier or warehouse is no trade. Defaults 90 days, half
    (2026-11, our judgement). Source: pattern F13, volumes inflated and ages washed.
    """

    name = "trade.circular"
    watches = (Arrive, Depart, Flow, Return)
    thresholds = {"days": 90, "share": 500_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        # Lot that is not used up -> who has sent it on, the latest last.
        self._passed: dict[str, tuple[_Passed, ...]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Follow lots from holder to holder."""
        day = day_number(seen.one.event.occurred_at)
        recast = {e.lot for e in seen.one.effects if isinstance(e, Open) and e.recast}
        out = Counter(e.source for e in seen.one.effects if isinstance(e, Flow))
        told = False
        for effect in seen.one.effects:
            if isinstance(effect, Depart):
                known = seen.books.lots.get(effect.lot)
                mass = known.amount.mass if known is not None else 0
                one = _Passed(effect.giver, day, mass, seen.index)
                self._passed[effect.lot] = (*self._recent(effect.lot, day), one)
            elif isinstance(effect, Return):
                self._passed[effect.lot] = self._passed.get(effect.lot, ())[:-1]
            elif isinstance(effect, Arrive) and not told:
                for found in self._arrived(seen, effect, day):
                    told = True
                    yield found
            elif isinstance(effect, Flow) and effect.target not in recast:
                self._flowed(seen, effect, day, out[effect.source])
        for lot in self._passed.keys() & seen.one.changed:
            known = seen.books.lots.get(lot)
            if known is not None and known.state == "closed":
                self._passed.pop(lot, None)

    def _recent(self, lot: str, day: int) -> tuple[_Passed, ...]:
        """Who passed it on lately enough to matter; a few, whatever happens."""
        known = self._passed.get(lot, ())
        return tuple(one for one in known if day - one.day <= self.limit["days"])[-_LONGEST:]

    def _arrived(self, seen: Seen, effect: Arrive, day: int) -> Iterable[Finding]:
        known = seen.books.lots.get(effect.lot)
        if known is None or _keeps(seen.books, effect.giver):
            return
        back = [one for one in self._recent(effect.lot, day) if one.holder == effect.taker]
        mass = sum(one.mass for one in back)
        if back and mass * BILLION >= known.amount.mass * self.limit["share"]:
            yield self.finding(
                "major",
                f"lot {effect.lot} comes to {effect.taker} from {effect.giver}; "
                f"{effect.taker} sent on {in_words(min(mass, known.amount.mass))} of it "
                f"{day - back[0].day} days before, and no process has changed it",
                entries=(back[0].index, seen.index),
                subject=f"lot:{effect.lot}",
            )
            # Told once: what goes round again is another circle.
            self._passed[effect.lot] = ()

    def _flowed(self, seen: Seen, effect: Flow, day: int, out: int) -> None:
        """The target was passed on by the same, as far as it comes from here."""
        before = seen.case.before.get(effect.source)
        past = self._recent(effect.source, day)
        if before is None or not past:
            return
        moved = _moved(seen, effect, before, out)
        below = {(one.holder, one.day): one for one in self._passed.get(effect.target, ())}
        for one in past:
            mass = portion(one.mass, moved, before.amount.mass or 1)
            known = below.get((one.holder, one.day))
            more = known.mass if known is not None else 0
            below[one.holder, one.day] = _Passed(one.holder, one.day, mass + more, one.index)
        ordered = sorted(below.values(), key=lambda one: (one.day, one.index))
        self._passed[effect.target] = tuple(ordered[-_LONGEST:])


def _moved(seen: Seen, effect: Flow, before: Lot, out: int) -> int:
    """Milligrams of a flow, one of `out`, out of a lot as it was before the event.

    Where nothing is said, it is all that was left: the target has no other source then.
    """
    if effect.mass is None and effect.pieces is None and out > 1:
        target = seen.books.lots.get(effect.target)
        if target is not None:
            return target.amount.mass
    return before.amount.taken(effect.mass, effect.pieces)[0]


def _keeps(books: Books, party: str) -> bool:
    """Whether a party is one that only keeps what belongs to others."""
    known = books.parties.get(party)
    return known is not None and bool(_KEEPS & set(known.roles))
