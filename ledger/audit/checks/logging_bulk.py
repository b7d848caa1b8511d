"""Many days written down within minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...effects import Arrive, Depart, Gain
from ...findings import Finding
from .base import Check, Seen, seconds

__all__ = ["LoggingBulk"]


class _Sitting(msgspec.Struct):
    """What a party recorded since `begins`; `worst` is (days, events, first entry)."""

    begins: int = 0
    events: int = 0
    days: set[str] = set()
    first: int = -1
    sittings: int = 0
    worst: tuple[int, int, int] = (0, 0, -1)


class LoggingBulk(Check):
    """A party recorded within minutes what is said to have happened on many days.

    Formula: more than `events` bags dug, lots sent or received, recorded by one party within
    `seconds`, on `days` different days or more, as claimed; one finding per party, about the
    most days. Defaults 20, 300, 3 (2026-11, our judgement). Who has no network uploads a week
    at once, so it is minor. Source: pattern F9, logging at the kitchen table.
    """

    name = "logging.bulk"
    watches = (Gain, Depart, Arrive)
    thresholds = {"days": 3, "events": 20, "seconds": 300}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._parties: dict[str, _Sitting] = {}
        self._now = ("", 0)

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Go on with the sitting, or begin another."""
        if self._now[0] != seen.recorded_at:
            self._now = (seen.recorded_at, seconds(seen.recorded_at))
        now = self._now[1]
        one = self._parties.setdefault(seen.one.event.by, _Sitting())
        if not one.events or now - one.begins > self.limit["seconds"]:
            self._close(one)
            one.begins, one.events, one.first, one.days = now, 0, seen.index, set()
        one.events += 1
        one.days.add(seen.one.event.occurred_at[:10])
        return ()

    def _close(self, one: _Sitting) -> None:
        if one.events > self.limit["events"] and len(one.days) >= self.limit["days"]:
            one.sittings += 1
            one.worst = max(one.worst, (len(one.days), one.events, one.first))

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """One finding per party."""
        for name, one in sorted(self._parties.items()):
            self._close(one)
            days, events, index = one.worst
            if one.sittings:
                more = f", and {one.sittings - 1} times more" if one.sittings > 1 else ""
                yield self.finding(
                    "minor",
                    f"{name} recorded {events} events of {days} days within "
                    f"{self.limit['seconds']} seconds{more}",
                    entries=(index,),
                    subject=f"party:{name}",
                )
