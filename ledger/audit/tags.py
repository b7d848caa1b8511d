"""Series of tags: which were issued, where, and which of them are out of use.

    book = TagBook()
    book.note(claim, index, at)          tags.issued and tags.voided, as they come
    book.find("MT-77012")                the series it belongs to, most often one
    seen.once(tagged)                    an event's tags, found; its series, noted
    folded("MT-O7I2")                    mt-0712: what a careless reader takes it for

A tag is a series' prefix and a number of that series; noughts before the number do not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ..effects import Claim

if TYPE_CHECKING:
    from .checks.base import Seen

__all__ = ["Series", "TagBook", "Tagged", "folded", "tagged"]

_DIGITS = "0123456789"
_LONGEST = 15


class Series(msgspec.Struct):
    """A series as it was issued. `voided`: number -> when that is said to have happened."""

    series: str
    kind: str
    prefix: str
    first: int
    last: int
    site: str
    agent: str
    at: str
    index: int
    voided: dict[int, str] = {}

    @property
    def size(self) -> int:
        """How many tags it has."""
        return self.last - self.first + 1


class TagBook:
    """The series of a ledger so far."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.sites: dict[str, set[str]] = {}
        self._by_prefix: dict[str, list[Series]] = {}
        # How long prefixes are, the shortest first.
        self._lengths: list[int] = []

    def note(self, claim: Claim, index: int, at: str) -> Series | None:
        """Take in a claim of kind ``tags`` about a series; the series, if that is known."""
        name, facts = claim.subject[5:], claim.facts
        if not claim.subject.startswith("tags:"):
            return None
        if claim.status == "issued" and name not in self.series:
            one = Series(
                name,
                str(facts["kind"]),
                str(facts["prefix"]),
                int(facts["first"]),
                int(facts["last"]),
                str(facts["site"]),
                str(facts.get("agent", "")),
                at,
                index,
            )
            self.series[name] = one
            self.sites.setdefault(one.site, set()).add(one.kind)
            self._by_prefix.setdefault(one.prefix, []).append(one)
            self._lengths = sorted({*self._lengths, len(one.prefix)})
        known = self.series.get(name)
        if known is not None and claim.status == "voided":
            for tag in facts["tags"]:
                number = _number(tag, known)
                if number is not None:
                    known.voided.setdefault(number, at)
        return known

    def find(self, tag: str) -> list[tuple[Series, int]]:
        """Every series with this tag, and the tag's number in it."""
        return [one for one in self.like(tag) if one[0].first <= one[1] <= one[0].last]

    def like(self, tag: str) -> list[tuple[Series, int]]:
        """Every series with the prefix of this tag, whether it goes that far or not."""
        start = max(len(tag.rstrip(_DIGITS)), len(tag) - _LONGEST)
        return [
            (series, int(tag[place:]))
            for place in self._lengths
            if start <= place < len(tag)
            for series in self._by_prefix.get(tag[:place], ())
        ]


class Tagged(msgspec.Struct, frozen=True):
    """A claim that tags are on a lot: each of them, and its number in every series with it."""

    claim: Claim
    tags: list[tuple[str, list[tuple[Series, int]]]]


def tagged(seen: Seen) -> list[Tagged]:
    """What an event puts on, looked up in the audit's book; nothing before a series is issued.

    What the event itself says of series is taken into the book first, so a check that reads the
    book (`seen.kept(TagBook)`) asks for this at every event with tags.
    """
    book, found = seen.kept(TagBook), []
    for claim in seen.claims("tags"):
        if claim.subject.startswith("tags:"):
            book.note(claim, seen.index, seen.one.event.occurred_at)
        elif book.series:
            tags = [(tag, book.find(tag)) for tag in claim.facts.get("applied", ())]
            found.append(Tagged(claim, tags))
    return found


def folded(tag: str) -> str:
    """A tag without what a careless reader overlooks: case, letter O for 0, I and l for 1."""
    return tag.lower().replace("o", "0").replace("i", "1").replace("l", "1")


def _number(tag: str, series: Series) -> int | None:
    rest = tag.removeprefix(series.prefix)
    if rest == tag or not rest or rest.strip(_DIGITS) or len(rest) > _LONGEST:
        return None
    return int(rest)
