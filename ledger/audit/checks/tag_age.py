"""Tags that lay about for long before they were used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...findings import Finding
from ..facts import day_number
from ..tags import TagBook, tagged
from .base import Check, Seen

__all__ = ["TagAge"]


class _Oldest(msgspec.Struct):
    days: int
    tag: str
    lot: str
    index: int
    count: int = 0


class TagAge(Check):
    """Tags were put on a lot long after their series was issued.

    Formula: days from the day that the series was issued to the day of use, as claimed,
    above `days` (90) minor, above `major_days` (180) major; one finding per series, about
    the oldest. 2026-11, our judgement: tags that nobody hurries to use can be sold. Source:
    pattern F2.
    """

    name = "tag.old"
    watches = ("tags",)
    thresholds = {"days": 90, "major_days": 180}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._book = TagBook()  # until there are tags
        self._oldest: dict[str, _Oldest] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Keep the oldest use of each series."""
        at = seen.one.event.occurred_at
        self._book = seen.kept(TagBook)
        for one in seen.once(tagged):
            for tag, found in one.tags:
                for series, _ in found:
                    days = day_number(at) - day_number(series.at)
                    if days > self.limit["days"]:
                        self._keep(series.series, days, tag, one.claim.subject[4:], seen.index)
        return ()

    def _keep(self, series: str, days: int, tag: str, lot: str, index: int) -> None:
        known = self._oldest.setdefault(series, _Oldest(days, tag, lot, index))
        known.count += 1
        if days > known.days:
            known.days, known.tag, known.lot, known.index = days, tag, lot, index

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """One finding per series."""
        for name, one in sorted(self._oldest.items()):
            series = self._book.series[name]
            major = one.days > self.limit["major_days"]
            limit = self.limit["major_days" if major else "days"]
            yield self.finding(
                "major" if major else "minor",
                f"{one.count} tags of series {name} were used late; tag {one.tag} on lot "
                f"{one.lot} {one.days} days after it was issued, {limit} days are allowed",
                entries=(series.index, one.index),
                subject=f"tags:{name}",
            )
