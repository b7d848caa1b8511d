"""A process that recovers more, or less, than its plant says it can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.amount import Amount
from ...custody.books import Books
from ...effects import Claim, Void
from ...findings import Finding
from ...values import BILLION, STOICHIOMETRY
from ..facts import day_number
from ..plants import Plant, Plants
from .base import Check, Seen

__all__ = ["YieldRange"]


class _Year(msgspec.Struct):
    """Charges of the last twelve months: (day, fed, recovered)."""

    charges: list[tuple[int, int, int]] = []
    first: int = -1
    base: int = -1
    worst: int = 0
    entries: tuple[int, ...] = ()


class YieldRange(Check):
    """The recovery of a charge is outside of what the plant declared for this process.

    Formula: content of the declared substance in the outputs that are products / its content
    in the charge. ``yield.too-high``: that of all outputs but residues > recovery_max +
    `slack` (major; critical above 100 % + `slack`). ``yield.too-low``: < recovery_min -
    `slack` (major: where did it go?). ``yield.drifted`` (minor): the mean of twelve months
    and `charges` (6) charges at least moved by more than `drift` from that of the first ones.
    Silent without a declaration, and where a content is not known. Defaults 3 points of two
    assays' error, 3 points (2026-11, our judgement). Source: pattern F6.
    """

    name = "yield.implausible"
    watches = (Void, "process")
    thresholds = {"charges": 6, "drift": 30_000_000, "slack": 30_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._plants = Plants()
        self._years: dict[tuple[str, str], _Year] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note declarations; compare each charge with them."""
        by = seen.one.event.by
        for claim in seen.claims("process"):
            if claim.subject.startswith("site:"):
                self._plants.note(claim, by, seen.index)
            elif claim.subject.startswith("lot:"):
                plant = self._plants.of(claim, by)
                if plant is not None and plant.substance:
                    yield from self._charge(seen, claim, plant)

    def _charge(self, seen: Seen, claim: Claim, plant: Plant) -> Iterable[Finding]:
        charge = seen.case.before.get(claim.subject[4:])
        fed = _content(charge.amount, plant.substance) if charge is not None else None
        if not fed:
            return
        sums = {"product": 0, "byproduct": 0, "residue": 0}
        for line in claim.facts.get("roles", ()):
            out = seen.books.lots.get(line["lot"])
            content = _content(out.amount, plant.substance) if out is not None else None
            if content is None:
                return
            sums[line["role"]] += content
        useful = (sums["product"] + sums["byproduct"]) * BILLION // fed
        product = sums["product"] * BILLION // fed
        slack = self.limit["slack"]
        entries = (plant.index, seen.index)
        if plant.most and useful > plant.most + slack:
            yield self.finding(
                "critical" if useful > BILLION + slack else "major",
                f"{plant.process} at {plant.site} recovered {_percent(useful)} of the "
                f"{plant.substance} of lot {claim.subject[4:]}; {_percent(plant.most)} at most "
                "was declared",
                entries=entries,
                subject=claim.subject,
                code="yield.too-high",
            )
        elif plant.least and useful < plant.least - slack:
            yield self.finding(
                "major",
                f"{plant.process} at {plant.site} recovered {_percent(useful)} of the "
                f"{plant.substance} of lot {claim.subject[4:]}; {_percent(plant.least)} at least "
                "was declared",
                entries=entries,
                subject=claim.subject,
                code="yield.too-low",
            )
        else:
            self._drift(seen, plant, fed, product * fed // BILLION)

    def _drift(self, seen: Seen, plant: Plant, fed: int, recovered: int) -> None:
        """Step the rolling year of a process; keep how far it ever was from its first mean."""
        day = day_number(seen.one.event.occurred_at)
        year = self._years.setdefault((plant.site, plant.process), _Year())
        year.charges = [one for one in year.charges if day - one[0] <= 365]
        year.charges.append((day, fed, recovered))
        if year.first < 0:
            year.first = seen.index
        if len(year.charges) < self.limit["charges"]:
            return
        mean = sum(one[2] for one in year.charges) * BILLION // sum(one[1] for one in year.charges)
        if year.base < 0:
            year.base = mean
        if abs(mean - year.base) > abs(year.worst):
            year.worst = mean - year.base
            year.entries = (year.first, seen.index)

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Processes whose yearly mean has moved."""
        for (site, process), year in sorted(self._years.items()):
            if abs(year.worst) > self.limit["drift"]:
                yield self.finding(
                    "minor",
                    f"{process} at {site} recovered {_percent(year.base)} in its first "
                    f"{self.limit['charges']} charges and {_percent(year.base + year.worst)} in "
                    "a later year",
                    entries=year.entries,
                    subject=f"site:{site}",
                    code="yield.drifted",
                )


def _content(amount: Amount, substance: str) -> int | None:
    """Milligrams of a substance, counted as its element; None if nobody knows."""
    if amount.contents is None:
        return None
    element = amount.element(STOICHIOMETRY.get(substance, (substance, 0))[0])
    return element.mass if element is not None else 0


def _percent(ppb: int) -> str:
    tenths = ppb // 1_000_000
    return f"{tenths // 10}.{tenths % 10} %"
