"""A consignment that arrived sooner than any vehicle could bring it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...effects import Arrive, Depart, Return
from ...findings import Finding
from ..places import Places
from ..plausibility import distance
from .base import Check, Seen, seconds

__all__ = ["TravelTooFast"]


class TravelTooFast(Check):
    """A lot covered the distance from sender to receiver faster than its means of transport can.

    A party has a place if it runs exactly one site with coordinates; else nothing is found.
    Formula: distance > `slack` + speed x (hours + `hours`), from `metres` on. The speed is
    that of the declared means of transport: road 90, rail 90, sea 55, air 950 km/h; if none
    is declared, air's. Times are as claimed, so an hour is forgiven, and a day without its
    time (00:00:00) counts from its beginning or to its end. 2026-11, our judgement. Source:
    pattern F16.
    """

    name = "travel.too-fast"
    watches = (Arrive, Depart, Return, "site", "transport")
    thresholds = {
        "air": 950,
        "hours": 1,
        "metres": 25_000,
        "rail": 90,
        "road": 90,
        "sea": 55,
        "slack": 10_000,
    }

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._places = Places()
        # Lot -> (entry, time of dispatch, means of transport).
        self._sent: dict[str, tuple[int, str, str]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note departures; compare arrivals with them."""
        for claim in seen.claims("site"):
            self._places.note(claim)
        leaving = seen.effects(Depart)
        if leaving:
            at = seen.one.event.occurred_at
            modes = {c.subject[4:]: str(c.facts.get("mode", "")) for c in seen.claims("transport")}
            for depart in leaving:
                self._sent[depart.lot] = (seen.index, at, modes.get(depart.lot, ""))
        for back in seen.effects(Return):
            self._sent.pop(back.lot, None)
        told = False
        for arrive in seen.effects(Arrive):
            sent = self._sent.pop(arrive.lot, None)
            finding = None if sent is None or told else self._compare(seen, arrive, *sent)
            if finding is not None:
                told = True
                yield finding

    def _compare(
        self, seen: Seen, effect: Arrive, index: int, left: str, mode: str
    ) -> Finding | None:
        here, there = self._places.of(effect.giver), self._places.of(effect.taker)
        if here is None or there is None:
            return None
        metres = distance(*here, *there)
        if metres < self.limit["metres"]:
            return None
        came = seen.one.event.occurred_at
        took = seconds(came) - seconds(left)
        if came.endswith("T00:00:00Z"):
            took += 86_400
        took = max(took, 0)
        speed = self.limit[mode or "air"]
        possible = speed * (took + 3600 * self.limit["hours"]) * 1000 // 3600
        if metres <= self.limit["slack"] + possible:
            return None
        means = f"by {mode}" if mode else "by any means"
        return self.finding(
            "critical",
            f"lot {effect.lot} went {metres // 1000} km from {effect.giver} to {effect.taker} "
            f"in {took // 3600} h {took % 3600 // 60} min {means}; {speed} km/h is plausible",
            entries=(index, seen.index),
            subject=f"lot:{effect.lot}",
        )
