"""A plant that takes in more than it can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...findings import Finding
from ...values import BILLION
from ...words import mass as in_words
from ..plants import Plants
from .base import Check, Seen

__all__ = ["PlantCapacity"]


class _Month(msgspec.Struct):
    fed: int = 0
    charges: int = 0
    first: int = -1
    last: int = -1


class PlantCapacity(Check):
    """In a month a process took in more than the plant declared that it can.

    Formula: masses of the charges in a calendar month, as claimed > declared capacity x
    (1 + `major`) major, x (1 + `critical`) critical. Defaults 5 %, 20 % (2026-11, our
    judgement). Silent without a declared capacity. Source: pattern F7.
    """

    name = "plant.over-capacity"
    watches = ("process",)
    thresholds = {"critical": 200_000_000, "major": 50_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._plants = Plants()
        self._months: dict[tuple[str, str, str], _Month] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Add up the charges."""
        by = seen.one.event.by
        for claim in seen.claims("process"):
            if claim.subject.startswith("site:"):
                self._plants.note(claim, by, seen.index)
            elif claim.subject.startswith("lot:"):
                plant = self._plants.of(claim, by)
                charge = seen.case.before.get(claim.subject[4:])
                if plant is not None and charge is not None:
                    key = (plant.site, plant.process, seen.one.event.occurred_at[:7])
                    month = self._months.setdefault(key, _Month())
                    month.fed += charge.amount.mass
                    month.charges += 1
                    month.first = seen.index if month.first < 0 else month.first
                    month.last = seen.index
        return ()

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Each month against what was declared last."""
        for (site, process, when), month in sorted(self._months.items()):
            capacity = self._plants.known[site, process].capacity
            over = month.fed * BILLION
            if capacity and over > capacity * (BILLION + self.limit["major"]):
                critical = over > capacity * (BILLION + self.limit["critical"])
                yield self.finding(
                    "critical" if critical else "major",
                    f"{process} at {site} took in {in_words(month.fed)} in {month.charges} "
                    f"charges in {when}; its capacity is {in_words(capacity)} a month",
                    entries=tuple(sorted({month.first, month.last})),
                    subject=f"site:{site}",
                )
