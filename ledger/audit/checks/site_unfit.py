"""Ore from a site that was shut out, not inspected, or not inspected again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...effects import Gain, Void
from ...findings import Finding, Severity
from ..facts import day_number
from .base import Check, Seen

__all__ = ["SiteUnfit"]

_SHOWN = 16
_RECENT = 10_000


class _Assessed(msgspec.Struct, frozen=True, order=True):
    inspected: str
    index: int
    status: str
    until: str


class SiteUnfit(Check):
    """Extraction at a site whose status forbids it, on the day of the extraction.

    The assessment in force on a day is the one inspected last until then, whenever it was
    registered; before the first one nothing is known, and nothing is found. Codes:
    ``site.red-used`` (critical); ``site.blue-used`` (major; critical if it was never
    anything but blue for more than `blue_days`); ``site.yellow-overdue`` (major; yellow, after
    the last day it was good for); ``site.assessment-expired`` (minor; green, after that day).
    Default 1096 days (three years, 2026-11; check before relying on it). One finding per
    site and assessment. A site whose operator is suspended needs no check: the rules refuse
    what a suspended party signs. Source: pattern F17; colours of the ICGLR regional
    certification.
    """

    name = "site.unfit"
    watches = (Gain, Void, "assessment")
    thresholds = {"blue_days": 1096}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._assessed: dict[str, list[_Assessed]] = {}
        # Site -> day -> (entry of the first lot, lots).
        self._dug: dict[str, dict[str, tuple[int, int]]] = {}
        # The latest lots, in case one was a mistake.
        self._recent: dict[str, tuple[str, str]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note assessments, and the days on which each site was dug."""
        for claim in seen.claims("assessment"):
            one = _Assessed(
                str(claim.facts.get("inspected", seen.one.event.occurred_at[:10])),
                seen.index,
                claim.status,
                str(claim.facts.get("valid_to", "")),
            )
            self._assessed.setdefault(claim.subject[5:], []).append(one)
        for effect in seen.one.effects:
            if isinstance(effect, Gain) and effect.origin.site is not None:
                if effect.origin.kind in ("mined-asm", "mined-lsm"):
                    self._note(seen, effect.lot, effect.origin.site)
            elif isinstance(effect, Void) and effect.lot in self._recent:
                self._forget(seen.books, effect.lot)
        return ()

    def _note(self, seen: Seen, lot: str, site: str) -> None:
        day = seen.one.event.occurred_at[:10]
        days = self._dug.setdefault(site, {})
        first, lots = days.get(day, (seen.index, 0))
        days[day] = (first, lots + 1)
        self._recent[lot] = (site, day)
        if len(self._recent) > _RECENT:
            del self._recent[next(iter(self._recent))]

    def _forget(self, books: Books, lot: str) -> None:
        """A lot that was never dug does not count; one whose weight was corrected does."""
        known = books.lots.get(lot)
        if known is None or known.state != "closed":
            return
        site, day = self._recent.pop(lot)
        first, lots = self._dug[site][day]
        if lots > 1:
            self._dug[site][day] = (first, lots - 1)
        else:
            del self._dug[site][day]

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Hold each site's days against its assessments."""
        for site, assessments in sorted(self._assessed.items()):
            assessments.sort()
            wrong: dict[tuple[str, int], tuple[Severity, str, list[int]]] = {}
            for day, (index, _) in sorted(self._dug.get(site, {}).items()):
                found = self._on(day, assessments)
                if found is not None:
                    code, severity, words, assessed = found
                    _, _, entries = wrong.setdefault((code, assessed), (severity, words, []))
                    entries.append(index)
            for (code, assessed), (severity, words, entries) in wrong.items():
                yield self.finding(
                    severity,
                    f"site {site} {words}, and was dug on {len(entries)} days all the same",
                    entries=(assessed, *sorted(entries)[:_SHOWN]),
                    subject=f"site:{site}",
                    code=code,
                )

    def _on(self, day: str, assessments: list[_Assessed]) -> tuple[str, Severity, str, int] | None:
        """(code, severity, words, entry of the assessment) if the site was unfit on that day."""
        known = [one for one in assessments if one.inspected <= day]
        if not known:
            return None
        one = known[-1]
        late = bool(one.until) and day > one.until
        since = day_number(known[0].inspected)
        if one.status == "red":
            return "site.red-used", "critical", f"is red since {one.inspected}", one.index
        if one.status == "blue":
            never = all(each.status == "blue" for each in known)
            old = never and day_number(day) - since > self.limit["blue_days"]
            return (
                "site.blue-used",
                "critical" if old else "major",
                f"is blue, not inspected, since {known[0].inspected if never else one.inspected}",
                one.index,
            )
        if one.status == "yellow" and late:
            return (
                "site.yellow-overdue",
                "major",
                f"is yellow and was to be mended until {one.until}",
                one.index,
            )
        if late:
            return (
                "site.assessment-expired",
                "minor",
                f"was assessed {one.status} until {one.until}",
                one.index,
            )
        return None
