"""A complaint that waits too long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...custody.books import Books
from ...findings import Finding
from ..facts import day_number
from .base import Check, Seen

__all__ = ["GrievanceLate"]

_OUTCOME = ("remedied", "confirmed", "closed")


class GrievanceLate(Check):
    """A grievance was acknowledged, or had an outcome, later than promised, or not at all.

    Formula: days from the day it was opened to the first acknowledgement, above
    `acknowledged`; to the first remedy, confirmation or closure, above `outcome`; to the
    last time that the log recorded, if there was none. Defaults 7 and 90 days (2026-11,
    our judgement). Source: a grievance mechanism is an early warning only if somebody
    answers (OECD guidance, step 1; check before relying on it).
    """

    name = "grievance.late"
    watches = ("incident",)
    thresholds = {"acknowledged": 7, "outcome": 90}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        # Grievance -> what it still waits for -> (day opened, entry).
        self._waiting: dict[str, dict[str, tuple[int, int]]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Start the clock, and stop it."""
        for claim in seen.claims("incident"):
            day = day_number(seen.one.event.occurred_at)
            if claim.status == "opened":
                if claim.facts.get("kind") == "grievance":
                    began = (day, seen.index)
                    self._waiting[claim.subject] = {"acknowledged": began, "outcome": began}
                continue
            waiting = self._waiting.get(claim.subject, {})
            met = ["acknowledged"]
            if claim.status in _OUTCOME:
                met.append("outcome")
            for what in met:
                opened, index = waiting.pop(what, (day, -1))
                if day - opened > self.limit[what]:
                    yield self._late(claim.subject, what, day - opened, (index, seen.index))
            if not waiting:
                self._waiting.pop(claim.subject, None)

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """What still waits."""
        today = day_number(as_of)
        for subject, waiting in sorted(self._waiting.items()):
            for what, (opened, index) in sorted(waiting.items()):
                if today - opened > self.limit[what]:
                    yield self._late(subject, what, today - opened, (index,))
                    break

    def _late(self, subject: str, what: str, days: int, entries: tuple[int, ...]) -> Finding:
        goal = "an acknowledgement" if what == "acknowledged" else "an outcome"
        return self.finding(
            "major",
            f"grievance {subject[9:]} waited {days} days for {goal}; "
            f"{self.limit[what]} are allowed",
            entries=entries,
            subject=subject,
        )
