"""A high-risk site where nothing ever happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...effects import Gain
from ...findings import Finding
from ..facts import day_number, site_facts
from .base import Check, Seen

__all__ = ["SiteSilent"]


class _Site(msgspec.Struct):
    since: int
    index: int
    longest: int = 0
    entries: tuple[int, ...] = ()


class SiteSilent(Check):
    """No incident was recorded for long at a site that is dug and known to be risky.

    A site is risky once it was assessed as risk high, or yellow or red. Formula: days of
    digging without any incident or grievance about the site, its operator or whoever digs
    there, from the first extraction after that (or the last incident) to the last
    extraction, above `days`. Default 183 (six months, 2026-11). Source: pattern F22, too
    clean; a single log cannot show what was not said, only that nothing was.
    """

    name = "site.silent"
    watches = (Gain, "assessment", "incident-about")
    thresholds = {"days": 183}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._risky: set[str] = set()
        self._sites: dict[str, _Site] = {}
        self._diggers: dict[str, set[str]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note risky sites; measure each silence at the next extraction."""
        for claim in seen.claims("assessment"):
            if claim.facts.get("risk") == "high" or claim.status in ("yellow", "red"):
                self._risky.add(claim.subject[5:])
        if not self._risky:
            return ()
        for claim in seen.claims("incident-about"):
            self._heard(seen.books, claim.subject)
        for effect in seen.effects(Gain):
            if effect.origin.site in self._risky:
                site, day = str(effect.origin.site), day_number(seen.one.event.occurred_at)
                self._diggers.setdefault(site, set()).add(seen.one.event.by)
                known = self._sites.get(site)
                if known is None:
                    self._sites[site] = _Site(day, seen.index)
                elif known.since < 0:
                    known.since, known.index = day, seen.index
                elif day - known.since > known.longest:
                    known.longest = day - known.since
                    known.entries = (known.index, seen.index)
        return ()

    def _heard(self, books: Books, subject: str) -> None:
        """Somebody said something: the silence at these sites begins anew."""
        kind, _, name = subject.partition(":")
        for site, known in self._sites.items():
            about = site == name if kind == "site" else False
            if kind == "party":
                about = name in self._diggers[site] or name == site_facts(books, site).get(
                    "operator"
                )
            if kind == "lot":
                lot = books.lots.get(name)
                about = lot is not None and any(
                    key.endswith(f"|{site}") for key, _ in lot.amount.origins
                )
            if about:
                known.since = -1

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """The longest silence of each site."""
        for site, known in sorted(self._sites.items()):
            if known.longest > self.limit["days"]:
                yield self.finding(
                    "minor",
                    f"site {site} is risky and was dug for {known.longest} days without any "
                    f"incident; {self.limit['days']} days are plausible",
                    entries=known.entries,
                    subject=f"site:{site}",
                )
