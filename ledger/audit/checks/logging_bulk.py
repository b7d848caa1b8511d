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
    """What a party recorded since `begins`; `worst` is the longest span of any sitting."""

    begins: int = 0
    events: int = 0
    earliest: str = ""
    latest: str = ""
    first: int = -1
    sittings: int = 0
    worst: tuple[int, int, int, int] = (0, 0, 0, 0)


class LoggingBulk(Check):
    """A party recorded many events within minutes that are said to span days.

    Formula: more than `events` bags dug, lots sent or received, recorded by one party within
    `seconds`, whose claimed times span more than `hours`; one finding per party, about the
    longest span. Defaults 20, 300, 24 (2026-11, our judgement). Who has no network uploads a
    week at once, so it is minor. Source: pattern F9, logging at the kitchen table.
    """

    name = "logging.bulk"
    watches = (Gain, Depart, Arrive)
    thresholds = {"events": 20, "hours": 24, "seconds": 300}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._parties: dict[str, _Sitting] = {}
        self._now = ("", 0)

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Go on with the sitting, or begin another."""
        if self._now[0] != seen.recorded_at:
            self._now = (seen.recorded_at, seconds(seen.recorded_at))
        now, at = self._now[1], seen.one.event.occurred_at
        one = self._parties.setdefault(seen.one.event.by, _Sitting())
        if not one.events or now - one.begins > self.limit["seconds"]:
            self._close(one)
            one.begins, one.events, one.first = now, 0, seen.index
            one.earliest = one.latest = at
        one.events += 1
        one.earliest, one.latest = min(one.earliest, at), max(one.latest, at)
        return ()

    def _close(self, one: _Sitting) -> None:
        if one.events > self.limit["events"]:
            span = seconds(one.latest) - seconds(one.earliest)
            if span > 3600 * self.limit["hours"]:
                one.sittings += 1
                one.worst = max(one.worst, (span, one.events, one.begins, one.first))

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """One finding per party."""
        for name, one in sorted(self._parties.items()):
            self._close(one)
            span, events, _, index = one.worst
            if one.sittings:
                more = f", and {one.sittings - 1} times more" if one.sittings > 1 else ""
                yield self.finding(
                    "minor",
                    f"{name} recorded {events} events within {self.limit['seconds']} seconds that "
                    f"span {span // 3600} hours{more}",
                    entries=(index,),
                    subject=f"party:{name}",
                )
