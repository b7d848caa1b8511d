"""Two signatures of a hand-over that come from one hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...effects import Arrive, Depart, Return
from ...findings import Finding, Severity
from ...values import BILLION
from .base import Check, Seen, seconds

__all__ = ["HandoverOneHand"]


class _Pair(msgspec.Struct):
    """Hand-overs from one party to another, and how many were signed within the same second."""

    times: int = 0
    at_once: int = 0
    entries: tuple[int, ...] = ()
    sooner: tuple[int, ...] = ()


class HandoverOneHand(Check):
    """Giver and taker of a hand-over are one: of one group, under one licence, in one second.

    Per pair of parties, the first that holds: the same licence number and country, major;
    the same group, as admitted (``handover.one-group``: declared, and yet no second pair of
    eyes); of `times` (3) or more hand-overs, `share` (half) or more were dispatched and
    received in statements that the log recorded within `seconds` (1) of each other
    (``handover.at-once``). Each of the last two is minor, both together major. The same key
    for both is refused (``key.two-roles``). 2026-11, our judgement. Source: pattern F12.
    """

    name = "handover.one-hand"
    watches = (Depart, Arrive, Return)
    thresholds = {"seconds": 1, "share": 500_000_000, "times": 3}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._sent: dict[str, tuple[str, int]] = {}
        self._pairs: dict[tuple[str, str], _Pair] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Count hand-overs: one per event, however many lots it has."""
        counted = False
        for effect in seen.one.effects:
            if isinstance(effect, Depart):
                self._sent[effect.lot] = (seen.recorded_at, seen.index)
            elif isinstance(effect, Return):
                self._sent.pop(effect.lot, None)
            elif isinstance(effect, Arrive):
                sent = self._sent.pop(effect.lot, None)
                if sent is not None and not counted:
                    counted = True
                    self._count(seen, effect, *sent)
        return ()

    def _count(self, seen: Seen, effect: Arrive, sent_at: str, index: int) -> None:
        pair = self._pairs.setdefault((effect.giver, effect.taker), _Pair())
        pair.times += 1
        pair.entries = pair.entries or (index, seen.index)
        apart = 0 if sent_at == seen.recorded_at else seconds(seen.recorded_at) - seconds(sent_at)
        if apart < self.limit["seconds"]:
            pair.at_once += 1
            pair.sooner = pair.sooner or (index, seen.index)

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Each pair once."""
        for (giver, taker), pair in sorted(self._pairs.items()):
            group = _shared(books, giver, taker, "group")
            licence = _shared(books, giver, taker, "licence")
            if _shared(books, giver, taker, "country") == "":
                licence = ""
            often = pair.at_once * BILLION >= pair.times * self.limit["share"]
            at_once = often and 0 < self.limit["times"] <= pair.times
            if not licence and not group and not at_once:
                continue
            severity: Severity = "major" if licence or (group and at_once) else "minor"
            code, why = (
                "handover.at-once",
                (
                    f"{pair.at_once} of {pair.times} hand-overs were sent and received in the same "
                    "moment"
                ),
            )
            if licence:
                code, why = "handover.one-hand", f"both have licence {licence}"
            elif group:
                code = "handover.one-group"
                why = f"both belong to {group}" + (f", and {why}" if at_once else "")
            yield self.finding(
                severity,
                f"{giver} hands over to {taker}: {why}",
                entries=pair.sooner if code == "handover.at-once" else pair.entries,
                subject=f"party:{taker}",
                code=code,
            )


def _shared(books: Books, giver: str, taker: str, name: str) -> str:
    """A fact that both parties have, and have alike; else nothing."""
    known = [books.parties.get(party) for party in (giver, taker)]
    facts = {str(one.facts.get(name, "")) if one is not None else "" for one in known}
    return min(facts) if len(facts) == 1 else ""
