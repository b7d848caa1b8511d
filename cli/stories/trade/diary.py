"""The diary of the trade: many processes at once, each writing what it signs, in order of time.

    def consignment(...) -> Process:
        sent = yield Entry(when, (mine,), [dispatch])     # recorded then, or soon after
        yield Entry(later, (depot,), [receipt(sent.ids[0])])
        yield pause(next_month)                           # nothing to say until then

    diary.begin(consignment(...), when)
    diary.run()

An entry becomes one statement. The process whose next entry is due first goes first; so
the log's time runs forwards although everybody's clock has its own delay.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TypeAlias

import msgspec

from ledger.custody.statement import MAX_EVENTS
from ledger.events import Event
from ledger.ledger import Ledger
from ledger.log.note import Signer

__all__ = ["Diary", "Done", "Entry", "Process", "StoryTime", "day_of", "pause", "time_of"]


def time_of(seconds: int) -> str:
    """A moment as events spell it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def day_of(seconds: int) -> str:
    """The day of a moment."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


class Entry(msgspec.Struct, frozen=True):
    """One statement: recorded at `when` (or at once, if that is past), signed `by` these."""

    when: int
    by: tuple[str, ...] = ()
    events: Sequence[Event] = ()


class Done(msgspec.Struct, frozen=True):
    """It is in the log: index of the registration, ids of the events, when it was recorded."""

    index: int
    ids: tuple[str, ...]
    when: int

    def entry(self, place: int) -> int:
        """Index of the entry that holds the event at this place of the statement."""
        return self.index + 1 + place


Process: TypeAlias = Generator[Entry, Done, None]
"""Yields what it has to say; is told where that stands in the log."""


def pause(when: int) -> Entry:
    """Nothing to say until then."""
    return Entry(when)


class StoryTime:
    """A clock that stands where the diary is."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def __call__(self) -> int:
        """Seconds since 1970."""
        return self.seconds


class Diary:
    """Runs processes and registers what they say; counts the events."""

    def __init__(
        self, ledger: Ledger, clock: StoryTime, signers: Callable[[Iterable[str]], list[Signer]]
    ) -> None:
        self.ledger = ledger
        self.now = clock
        self.events = 0
        self._signers = signers
        self._due: list[tuple[int, int, Process, Entry]] = []
        self._turn = 0

    def begin(self, process: Process, when: int = 0) -> None:
        """Let a process begin at `when`; what it does before its first entry, it does then."""
        waiting = _later(process, when)
        self._wait(waiting, next(waiting))

    def run(self, listen: Callable[[int], None] | None = None) -> None:
        """Go on until nobody has anything to say. `listen` hears the count of events."""
        while self._due:
            when, _, process, entry = heapq.heappop(self._due)
            self.now.seconds = max(self.now.seconds, when)
            done = Done(-1, (), self.now())
            if entry.events:
                done = self.record(entry)
                if listen is not None:
                    listen(self.events)
            try:
                following = process.send(done)
            except StopIteration:
                continue
            self._wait(process, following)

    def record(self, entry: Entry) -> Done:
        """Register one entry now."""
        if len(entry.events) > MAX_EVENTS:
            raise ValueError(f"{len(entry.events)} events in one statement")
        statement = self.ledger.draft(entry.events).signed(*self._signers(entry.by))
        receipt = self.ledger.register(statement)
        self.events += len(entry.events)
        return Done(receipt.index, receipt.event, self.now())

    def _wait(self, process: Process, entry: Entry) -> None:
        self._turn += 1
        heapq.heappush(self._due, (entry.when, self._turn, process, entry))


def _later(process: Process, when: int) -> Process:
    """The same process, whose first step is taken at `when` and no earlier."""
    yield pause(when)
    yield from process
