"""Numbered tags: handed out for two months, used in order, spoiled now and then, given back.

Issued = on lots + spoiled + returned, for every series, to the tag.
"""

from __future__ import annotations

import msgspec

from ledger.events import Event
from ledger.events.tags_issued import TagsIssued
from ledger.events.tags_voided import TagsVoided

from .diary import Entry, Process, time_of

__all__ = ["Series", "given_back", "issued", "spoiled"]

_AT_ONCE = 1_024


class Series(msgspec.Struct):
    """Numbered tags, used in order."""

    series: str
    prefix: str
    site: str
    agent: str
    following: int
    last: int
    since: int

    @property
    def left(self) -> int:
        """How many are left."""
        return self.last - self.following + 1

    def take(self) -> str:
        """The next tag."""
        if not self.left:
            raise ValueError(f"series {self.series} is used up")
        tag = f"{self.prefix}{self.following}"
        self.following += 1
        return tag

    def rest(self) -> tuple[str, ...]:
        """All that are left, for one use."""
        return tuple(self.take() for _ in range(self.left))


def issued(
    by: str, kind: str, site: str, agent: str, prefix: str, numbers: tuple[int, int], at: int
) -> tuple[Series, Event]:
    """A series of tags (first number, how many), and the event that hands it out."""
    first, count = numbers
    series = Series(f"{prefix}{first}", prefix, site, agent, first, first + count - 1, at)
    event = TagsIssued(
        by=by,
        occurred_at=time_of(at),
        series=series.series,
        kind=kind,
        prefix=prefix,
        first=first,
        last=series.last,
        site=site,
        agent=agent,
    )
    return series, event


def spoiled(series: Series, at: int) -> Event:
    """The next tag broke."""
    return TagsVoided(
        by=series.agent,
        occurred_at=time_of(at),
        series=series.series,
        tags=(series.take(),),
        reason="spoiled",
    )


def given_back(series: Series, now: int) -> Process:
    """The tags that are left go back to whoever issued them."""
    while series.left:
        tags = tuple(series.take() for _ in range(min(series.left, _AT_ONCE)))
        event = TagsVoided(
            by=series.agent,
            occurred_at=time_of(now),
            series=series.series,
            tags=tags,
            reason="returned",
        )
        yield Entry(now, (series.agent,), [event])
