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
from ..spill import Spill
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
        self._passed: Spill[tuple[_Passed, ...]] = Spill(tuple[_Passed, ...])

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Follow lots from holder to holder."""
        day = day_number(seen.one.event.occurred_at)
        for sent in seen.effects(Depart):
            known = seen.books.lots.get(sent.lot)
            mass = known.amount.mass if known is not None else 0
            one = _Passed(sent.giver, day, mass, seen.index)
            self._passed[sent.lot] = (*self._recent(sent.lot, day), one)
        for back in seen.effects(Return):
            self._passed[back.lot] = self._passed.get(back.lot, ())[:-1]
        for came in seen.effects(Arrive):
            finding = self._arrived(seen, came, day)
            if finding is not None:
                yield finding
                break
        flows = seen.effects(Flow)
        if any(flow.source in self._passed for flow in flows):
            recast = {opened.lot for opened in seen.effects(Open) if opened.recast}
            out = Counter(flow.source for flow in flows)
            for flow in flows:
                if flow.target not in recast and flow.source in self._passed:
                    self._flowed(seen, flow, day, out[flow.source])
        for lot in seen.one.changed:
            known = seen.books.lots.get(lot) if lot in self._passed else None
            if known is not None and known.state == "closed":
                self._passed.pop(lot, None)

    def _recent(self, lot: str, day: int) -> tuple[_Passed, ...]:
        """Who passed it on lately enough to matter; a few, whatever happens."""
        known = self._passed.get(lot)
        if not known:
            return ()
        return tuple([one for one in known if day - one.day <= self.limit["days"]][-_LONGEST:])

    def _arrived(self, seen: Seen, effect: Arrive, day: int) -> Finding | None:
        back = [one for one in self._recent(effect.lot, day) if one.holder == effect.taker]
        if not back or _keeps(seen.books, effect.giver):
            return None
        known = seen.books.lots.get(effect.lot)
        mass = sum(one.mass for one in back)
        if known is None or mass * BILLION < known.amount.mass * self.limit["share"]:
            return None
        # Told once: what goes round again is another circle.
        self._passed[effect.lot] = ()
        return self.finding(
            "major",
            f"lot {effect.lot} comes to {effect.taker} from {effect.giver}; "
            f"{effect.taker} sent on {in_words(min(mass, known.amount.mass))} of it "
            f"{day - back[0].day} days before, and no process has changed it",
            entries=(back[0].index, seen.index),
            subject=f"lot:{effect.lot}",
        )

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
