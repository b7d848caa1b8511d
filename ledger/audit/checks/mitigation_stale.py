"""A grave risk that nobody has looked at again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...custody.books import Books
from ...findings import Finding
from ..facts import day_number
from .base import Check, Seen

__all__ = ["MitigationStale"]


class MitigationStale(Check):
    """A high risk was answered, and for long nothing was said of it.

    Formula: a risk assessed as high with response continue or suspend, or an incident of
    high severity that was assessed and is neither remedied nor closed: days from the last
    word on it to the last time that the log recorded, above `days`. Default 183 (six months
    for measurable improvement, as in the OECD guidance; check before relying on it).
    Source: measures are judged by what they improve in time.
    """

    name = "mitigation.stale"
    watches = ("incident", "risk")
    thresholds = {"days": 183}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._risks: dict[tuple[str, str], tuple[str, int]] = {}
        self._incidents: dict[str, tuple[bool, str, str, int]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note the last word on each risk and each incident."""
        at, index = seen.one.event.occurred_at, seen.index
        for claim in seen.claims("risk"):
            key = (claim.subject, str(claim.facts.get("category", "")))
            open_ = (
                claim.status in ("continue", "suspend") and claim.facts.get("severity") == "high"
            )
            if open_:
                self._risks[key] = (at, index)
            else:
                self._risks.pop(key, None)
        for claim in seen.claims("incident"):
            high = claim.facts.get("severity") == "high"
            high = high or self._incidents.get(claim.subject, (False,))[0]
            self._incidents[claim.subject] = (high, claim.status, at, index)
        return ()

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """What has been waiting for too long."""
        waiting = [
            (subject, f"risk {category}", at, index)
            for (subject, category), (at, index) in self._risks.items()
        ]
        waiting += [
            (subject, "the incident", at, index)
            for subject, (high, status, at, index) in self._incidents.items()
            if high and status in ("acknowledged", "assessed")
        ]
        for subject, what, at, index in sorted(waiting):
            days = day_number(as_of) - day_number(at)
            if days > self.limit["days"]:
                yield self.finding(
                    "major",
                    f"{subject}: nothing was said of {what} for {days} days; "
                    f"{self.limit['days']} are allowed",
                    entries=(index,),
                    subject=subject,
                )
