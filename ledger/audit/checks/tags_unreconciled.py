"""Tags that were issued, and are neither on a lot nor given back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...custody.books import Books
from ...findings import Finding
from ...values import BILLION
from ...words import share as in_words
from ..facts import day_number
from ..tags import Series, TagBook, tagged
from .base import Check, Seen

__all__ = ["TagsUnreconciled"]


class TagsUnreconciled(Check):
    """Of a series that should be used up by now, tags are missing.

    Formula: issued - used - voided, above `share` of the issued and above `few`, for a
    series that was issued more than `days` before the last time the log recorded, or was
    followed more than `follow_days` ago by another of its kind for the same site and agent.
    Defaults 2 %, 2 tags, 180 days, 60 days (2026-11, our judgement). Source: pattern F2,
    unused tags that never come back can be sold.
    """

    name = "tags.unreconciled"
    watches = ("tags",)
    thresholds = {"days": 180, "few": 2, "follow_days": 60, "share": 20_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._book = TagBook()  # until there are tags
        # Series -> numbers seen on lots; gone once all of the series is accounted for.
        self._used: dict[str, set[int]] = {}
        self._complete: set[str] = set()
        # (site, kind, agent) -> the last series, and series -> day when the next one came.
        self._last: dict[tuple[str, str, str], str] = {}
        self._followed: dict[str, str] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Tick off what is used or given back."""
        at = seen.one.event.occurred_at
        self._book = seen.kept(TagBook)
        for one in seen.once(tagged):
            for _, found in one.tags:
                for series, number in found:
                    if series.series not in self._complete:
                        self._used.setdefault(series.series, set()).add(number)
                        self._settle(series)
        for claim in seen.claims("tags"):
            known = self._book.series.get(claim.subject[5:])
            if claim.subject.startswith("tags:") and known is not None:
                if claim.status == "issued":
                    self._issued(known, at)
                else:
                    self._settle(known)
        return ()

    def _issued(self, series: Series, at: str) -> None:
        place = (series.site, series.kind, series.agent)
        before = self._last.get(place)
        if before is not None and before != series.series:
            self._followed.setdefault(before, at)
        self._last[place] = series.series

    def _settle(self, series: Series) -> None:
        """A series whose tags are all accounted for needs no list any more."""
        used = self._used.get(series.series, set())
        if len(used) + len(series.voided) >= series.size and not self._missing(series):
            self._complete.add(series.series)
            self._used.pop(series.series, None)

    def _missing(self, series: Series) -> int:
        used = self._used.get(series.series, set())
        inside = sum(series.first <= number <= series.last for number in series.voided)
        both = sum(number in used for number in series.voided)
        return series.size - len(used) - inside + both

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """What is missing of the series that are over."""
        for name, series in sorted(self._book.series.items()):
            if name in self._complete:
                continue
            today = day_number(as_of)
            followed = self._followed.get(name)
            over = today - day_number(series.at) > self.limit["days"] or (
                followed is not None and today - day_number(followed) > self.limit["follow_days"]
            )
            missing = self._missing(series)
            many = missing * BILLION > series.size * self.limit["share"]
            if over and many and missing > self.limit["few"]:
                yield self.finding(
                    "major",
                    f"{missing} of {series.size} tags of series {name} are neither on a lot nor "
                    f"given back; {in_words(self.limit['share'])} are allowed",
                    entries=(series.index,),
                    subject=f"tags:{name}",
                )
