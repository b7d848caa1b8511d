"""A mine that gives more than it can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ...custody.books import Books
from ...effects import Gain, Open, Void
from ...findings import Finding, Severity
from ...values import BILLION
from ...words import mass as in_words
from ..facts import site_facts
from ..plausibility import median
from .base import Check, Seen

__all__ = ["SiteOutput"]

_FEW_KILOGRAMS = ("cassiterite", "coltan", "tantal", "tin", "tungsten", "wolfram")


class _Month(msgspec.Struct):
    """What was recorded as dug at a site in a month; `first` and `last` are entries."""

    mass: int = 0
    lots: int = 0
    first: int = -1
    last: int = -1


class SiteOutput(Check):
    """A site's output in a month is above its capacity, its workforce, or its own past.

    Formula, per site and calendar month of digging as claimed, the first that holds:
    output > declared capacity x (1 + `critical`) critical, x (1 + `major`) major;
    at a hand-dug site, output > miners at the last inspection x `days` x `per_day` (for 3T
    ores `per_day_3t`) x (1 + `people`) major; output > `past` x the median of the 12 months
    before (at least `months` with any), and more than chance makes of so few lots
    (3 sigma of their count) major. Defaults: 20 %, 5 %, 26 days, 100 kg and 15 kg, 25 %,
    1.5 times, 6 months (2026-11, our judgement: the laws of no country say so). Source:
    pattern F1, ore of another mine under the name of one that is allowed.
    """

    name = "site.output-implausible"
    watches = (Gain, Void, "assessment")
    thresholds = {
        "critical": 200_000_000,
        "days": 26,
        "major": 50_000_000,
        "months": 6,
        "past": 1_500_000_000,
        "people": 250_000_000,
        "per_day": 100_000_000,
        "per_day_3t": 15_000_000,
    }

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._sites: dict[str, dict[str, _Month]] = {}
        self._hand: set[str] = set()
        self._few: set[str] = set()
        # Site -> (day of the inspection, miners), by the day.
        self._miners: dict[str, list[tuple[str, int]]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Add up what is dug; take away what was a mistake."""
        for gain in seen.effects(Gain):
            if gain.origin.site and _mined(gain.origin.kind):
                self._dug(seen, gain)
        for void in seen.effects(Void):
            self._undone(seen, void)
        for claim in seen.claims("assessment"):
            if claim.subject.startswith("site:") and "miners" in claim.facts:
                day, count = str(claim.facts.get("inspected", "")), int(claim.facts["miners"])
                self._miners.setdefault(claim.subject[5:], []).append((day, count))
        return ()

    def _dug(self, seen: Seen, effect: Gain) -> None:
        site, month = str(effect.origin.site), seen.one.event.occurred_at[:7]
        at = self._sites.setdefault(site, {}).setdefault(month, _Month())
        at.mass += effect.mass
        at.lots += 1
        at.first = seen.index if at.first < 0 else at.first
        at.last = seen.index
        if effect.origin.kind == "mined-asm":
            self._hand.add(site)
        if site not in self._few:
            if any(_is_3t(opened.material) for opened in seen.effects(Open)):
                self._few.add(site)

    def _undone(self, seen: Seen, effect: Void) -> None:
        """A lot that never was: out of the latest month that had as much."""
        before, after = seen.case.before.get(effect.lot), seen.books.lots.get(effect.lot)
        if before is None or after is None or not after.amount.empty:
            return
        for key, mass in before.amount.origins:
            kind, _, site = key.split("|")
            months = self._sites.get(site, {}) if _mined(kind) else {}
            fitting = [month for month, at in months.items() if at.mass >= mass]
            if fitting:
                at = months[max(fitting)]
                at.mass, at.lots = at.mass - mass, at.lots - 1

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Each month of each site against what is possible there."""
        for site, months in sorted(self._sites.items()):
            facts = site_facts(books, site)
            for month in sorted(months):
                yield from self._judged(site, facts, month, months)

    def _judged(
        self, site: str, facts: Mapping[str, Any], month: str, months: Mapping[str, _Month]
    ) -> Iterable[Finding]:
        at = months[month]
        severity: Severity = "major"
        why = ""
        capacity = int(facts.get("capacity", 0))
        people = self._workforce(site, month)
        usual = self._usual(month, months)
        if capacity and _above(at.mass, capacity, BILLION + self.limit["major"]):
            why = f"its declared capacity is {in_words(capacity)} a month"
            if _above(at.mass, capacity, BILLION + self.limit["critical"]):
                severity = "critical"
        elif people and _above(at.mass, people, BILLION + self.limit["people"]):
            why = f"as many people as were counted there can dig {in_words(people)}"
        elif usual:
            why = f"half of the months before gave {in_words(usual)} or less"
        if why:
            yield self.finding(
                severity,
                f"site {site} gave {in_words(at.mass)} in {at.lots} lots in {month}; {why}",
                entries=tuple(sorted({at.first, at.last})),
                subject=f"site:{site}",
            )

    def _workforce(self, site: str, month: str) -> int:
        """What the miners counted last before the end of the month can dig, or nought."""
        if site not in self._hand:
            return 0
        known = [one for one in self._miners.get(site, ()) if one[0][:7] <= month]
        if not known:
            return 0
        per_day = self.limit["per_day_3t" if site in self._few else "per_day"]
        return max(known)[1] * self.limit["days"] * per_day

    def _usual(self, month: str, months: Mapping[str, _Month]) -> int:
        """The median of the year before, if this month is far above it; else nought."""
        year = f"{int(month[:4]) - 1:04}{month[4:]}"
        past = [at for name, at in months.items() if year <= name < month and at.mass]
        if len(past) < self.limit["months"]:
            return 0
        usual, lots = median(at.mass for at in past), max(median(at.lots for at in past), 1)
        at = months[month]
        # The mass of `lots` lots varies by usual / sqrt(lots) and more.
        by_chance = (at.mass - usual) ** 2 * lots <= 9 * usual * usual
        far = _above(at.mass, usual, self.limit["past"]) and not by_chance
        return usual if far else 0


def _mined(kind: str) -> bool:
    return kind.startswith("mined-")


def _is_3t(material: str) -> bool:
    return any(word in material.lower() for word in _FEW_KILOGRAMS)


def _above(found: int, limit: int, share: int) -> bool:
    return found * BILLION > limit * share
