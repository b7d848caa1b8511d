"""What was recorded long after it is said to have happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...effects import Arrive, Depart, Flow, Gain, Loss, Measure, Return
from ...findings import Finding
from ...values import BILLION
from .base import Check, Seen, seconds

__all__ = ["RecordedLate"]


class _Party(msgspec.Struct):
    events: int = 0
    late: int = 0
    worst: int = 0
    index: int = -1
    told: str = ""


class RecordedLate(Check):
    """An event about mass or custody was recorded long after its claimed time.

    Formula: recorded - occurred > `days` (30): major, once per party and statement. And more
    than `share` (half) of at least `events` (10) events of a party later than `hours`
    (72): minor, once per party. Stock of unknown or legacy origin is not looked at. 2026-11,
    our judgement: paper reaches a phone within days. Source: pattern F8, back-dating. An event
    from the future is refused (``time.in-future``), a log that goes back is
    ``time.went-back``.
    """

    name = "recorded.late"
    watches = (Gain, Flow, Loss, Measure, Depart, Arrive, Return)
    thresholds = {"days": 30, "events": 10, "hours": 72, "share": 500_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._parties: dict[str, _Party] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare the claimed time with the log's."""
        event = seen.one.event
        if _declares_stock(seen):
            return
        party = self._parties.setdefault(event.by, _Party())
        party.events += 1
        if event.occurred_at[:10] == seen.recorded_at[:10]:
            return
        late = seconds(seen.recorded_at) - seconds(event.occurred_at)
        if late > 3600 * self.limit["hours"]:
            party.late += 1
            if late > party.worst:
                party.worst, party.index = late, seen.index
        if late > 86_400 * self.limit["days"] and party.told != seen.recorded_at:
            party.told = seen.recorded_at
            yield self.finding(
                "major",
                f"{event.by} says that it happened at {event.occurred_at}; it was recorded "
                f"{late // 86_400} days later, {self.limit['days']} days are plausible",
                entries=(seen.index,),
                subject=f"party:{event.by}",
            )

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Parties that are late as a habit."""
        for name, party in sorted(self._parties.items()):
            often = party.late * BILLION > party.events * self.limit["share"]
            if often and party.events >= self.limit["events"]:
                yield self.finding(
                    "minor",
                    f"{party.late} of {party.events} events of {name} were recorded more than "
                    f"{self.limit['hours']} hours late, the latest {party.worst // 3600} hours",
                    entries=(party.index,),
                    subject=f"party:{name}",
                )


def _declares_stock(seen: Seen) -> bool:
    """Whether matter of old begins here, and none comes out of a lot that was known.

    What a process added is of unknown origin too: a milligram of it excuses no delay.
    """
    kinds = [gain.origin.kind for gain in seen.effects(Gain)]
    return ("unknown" in kinds or "legacy" in kinds) and not seen.effects(Flow)
