"""Tags on a lot that were not issued for it, or were out of use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...findings import Finding
from ..tags import Series, TagBook, Tagged, tagged
from .base import Check, Seen

__all__ = ["TagSeries"]


class _Use(msgspec.Struct, frozen=True):
    """A tag that no series had when it was put on a lot."""

    tag: str
    lot: str
    site: str
    at: str
    index: int


class TagSeries(Check):
    """A lot bears tags that the series issued in this ledger do not allow it to bear.

    code             when                                                          severity
    tag.not-issued   the site where it was dug has series, and none has this tag;
                     or the tag's number lies outside of every series of its prefix;
                     or its series was issued after it was put on                    major
    tag.other-site   the tag belongs to series for the mines of other sites only     critical
    tag.voided       put on after it was said to be spoiled, lost or returned        critical

    The sites of a lot are where it was tagged, if that is said, or where it was dug. Silent
    where no series was issued. A series may be recorded after it was used, if it was issued
    before. No threshold: a tag is a physical thing with one number. Source: pattern F2, tags
    traded or used away from the mine.
    """

    name = "tag.not-issued"
    watches = ("tags",)

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._book = TagBook()  # until there are tags
        self._open: list[_Use] = []

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note what is issued; look up what is used."""
        self._book = seen.kept(TagBook)
        for one in seen.once(tagged):
            yield from self._used(seen, one, seen.one.event.occurred_at)

    def _used(self, seen: Seen, one: Tagged, at: str) -> Iterable[Finding]:
        """The worst of each kind for one claim: many tags are one mistake."""
        claim = one.claim
        lot = claim.subject[4:]
        site = str(claim.facts.get("site", ""))
        sites = frozenset((site,)) if site else _origins(seen.books, lot)
        abroad: list[tuple[str, Series]] = []
        voided: list[tuple[str, Series, str]] = []
        for tag, found in one.tags:
            if not found:
                if "mine" in self._book.sites.get(site, ()) or self._book.like(tag):
                    self._open.append(_Use(tag, lot, site, at, seen.index))
                continue
            mines = [series for series, _ in found if series.kind == "mine"]
            if sites and len(mines) == len(found) and all(one.site not in sites for one in mines):
                abroad.append((tag, mines[0]))
            for series, number in found:
                when = series.voided.get(number)
                if when is not None and when < at:
                    voided.append((tag, series, when))
                    break
            if all(series.at > at for series, _ in found):
                self._open.append(_Use(tag, lot, site, at, seen.index))
        if abroad:
            tag, series = abroad[0]
            yield self.finding(
                "critical",
                f"lot {lot} of {', '.join(sorted(sites))} bears {_tags(tag, len(abroad))} of "
                f"series {series.series}, issued for {series.site}",
                entries=(series.index, seen.index),
                subject=claim.subject,
                code="tag.other-site",
            )
        if voided:
            tag, series, when = voided[0]
            yield self.finding(
                "critical",
                f"lot {lot} bears {_tags(tag, len(voided))} of series {series.series} since {at}, "
                f"out of use since {when}",
                entries=(series.index, seen.index),
                subject=claim.subject,
                code="tag.voided",
            )

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """What no series has had in time, now that all of them are known."""
        lots: dict[tuple[int, str], list[_Use]] = {}
        for use in self._open:
            if all(series.at > use.at for series, _ in self._book.find(use.tag)):
                lots.setdefault((use.index, use.lot), []).append(use)
        for (index, lot), uses in sorted(lots.items()):
            where = f" at {uses[0].site}" if uses[0].site else ""
            yield self.finding(
                "major",
                f"lot {lot} bears {_tags(uses[0].tag, len(uses))}{where}; no series issued "
                f"until {uses[0].at} has it",
                entries=(index,),
                subject=f"lot:{lot}",
            )


def _origins(books: Books, lot: str) -> frozenset[str]:
    """Sites where the lot was dug; none if a part of it is from elsewhere."""
    known = books.lots.get(lot)
    found = {key.rsplit("|", 1)[1] for key, _ in known.amount.origins} if known else {""}
    return frozenset() if "" in found else frozenset(found)


def _tags(first: str, count: int) -> str:
    return f"tag {first}" if count == 1 else f"tag {first} and {count - 1} more"
