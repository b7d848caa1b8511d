"""How anything is measured here: in turn, five times, and only as ratios.

Candidates and controls run one after the other in each round, so that what disturbs the
machine disturbs them alike; a ratio is the median of the rounds' ratios. Wall time counts
where a disk or a second core takes part, processor time (of this process and its children)
where one core does all the work; the other stands beside it.
"""

from __future__ import annotations

import resource
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Literal, TypeAlias

import msgspec

__all__ = ["Line", "MissingError", "Result", "Rounds", "Timing", "in_turn", "shares", "timed"]

Clock: TypeAlias = Literal["wall", "cpu", "amount"]


class MissingError(Exception):
    """What a row needs is not on this machine."""


class Timing(msgspec.Struct, frozen=True):
    """So many units of work, and the seconds they took."""

    units: int
    wall: float
    cpu: float

    def rate(self, clock: Clock) -> float:
        """Units per second."""
        return self.units / (self.wall if clock == "wall" else self.cpu)


class Line(msgspec.Struct, frozen=True):
    """One line of the table: a ratio, and the goal for it.

    `value` is the median, `low` and `high` the extremes; `beside` the same ratio by the other
    clock. `goal` reads ">= 0.85" or "<= 3", or is empty when the figure is only reported.
    """

    work: str
    value: float
    low: float
    high: float
    unit: str = "x"
    goal: str = ""
    beside: float | None = None
    clock: Clock = "wall"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met, or None if there is none."""
        if not self.goal:
            return None
        sign, number = self.goal.split()
        return self.value >= float(number) if sign == ">=" else self.value <= float(number)


class Result(msgspec.Struct, frozen=True):
    """What a row has measured: its lines, the controls' own rates, and where time goes."""

    lines: list[Line] = []
    rates: dict[str, float] = {}
    profile: dict[str, dict[str, float]] = {}
    """What was profiled -> stage -> its share of processor time."""
    note: str = ""
    missing: str = ""
    """Why the row was not run."""
    quick: bool = False
    """Whether it was only a look, with a tenth of the work."""


def timed(work: Callable[[], object], units: int) -> Timing:
    """How long `work` takes, with the processes that it starts and waits for."""
    wall, cpu = time.perf_counter(), _cpu()
    work()
    return Timing(units, time.perf_counter() - wall, max(_cpu() - cpu, 1e-9))


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Rounds(msgspec.Struct, frozen=True):
    """Name -> its timings, one for each round."""

    of: dict[str, list[Timing]]

    def rates(self) -> dict[str, float]:
        """Name -> units per second of wall time, the median."""
        return {
            name: statistics.median(one.rate("wall") for one in found)
            for name, found in self.of.items()
        }

    def ratio(
        self,
        work: str,
        ours: str,
        control: str,
        goal: str = "",
        *,
        clock: Clock = "wall",
        times: float = 1,
        unit: str = "x",
        note: str = "",
    ) -> Line:
        """How many times the control's rate ours is, divided by `times`."""
        found, beside = (
            [
                a.rate(by) / b.rate(by) / times
                for a, b in zip(self.of[ours], self.of[control], strict=True)
            ]
            for by in ((clock, "cpu" if clock == "wall" else "wall"))
        )
        return Line(
            work,
            statistics.median(found),
            min(found),
            max(found),
            unit,
            goal,
            statistics.median(beside),
            clock,
            note,
        )

    def each(self, work: str, ours: str, goal: str = "") -> Line:
        """Microseconds for a unit: the one figure that is no ratio."""
        found = [one.cpu / one.units * 1e6 for one in self.of[ours]]
        walls = [one.wall / one.units * 1e6 for one in self.of[ours]]
        return Line(
            work,
            statistics.median(found),
            min(found),
            max(found),
            "us",
            goal,
            statistics.median(walls),
            "cpu",
        )


def in_turn(candidates: Mapping[str, Callable[[], Timing]], rounds: int) -> Rounds:
    """Every candidate once in each round, in the same order."""
    found: dict[str, list[Timing]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            found[name].append(run())
    return Rounds(found)


# ---------------------------------------------------------------- where the time goes

# Read from the innermost frame outwards; the first that matches names the stage.
_STAGES = (
    ("/log/ed25519.py", "signature"),
    ("/cryptography/", "signature"),
    ("/log/canonical.py", "canonical and decode"),
    ("/events/__init__.py", "canonical and decode"),
    ("/events/base.py", "canonical and decode"),
    ("/log/merkle.py", "hashing"),
    ("/log/chain.py", "hashing"),
    ("/log/note.py", "notes"),
    ("/custody/statement.py", "notes"),
    ("/events/", "effects"),
    ("/ledger/effects.py", "effects"),
    ("/custody/rules/", "rules"),
    ("/custody/registration.py", "rules"),
    ("/custody/", "books"),
    ("/audit/checks/", "checks"),
    ("/audit/", "auditor"),
    ("/store/", "SQL"),
    ("/sqlalchemy/", "SQL"),
    ("/psycopg/", "SQL"),
)
_COMMITS = {"do_commit", "commit", "_commit_impl"}
_EVERY = 0.002


def shares(work: Callable[[], object]) -> dict[str, float]:
    """Stage -> its share of this process's processor time, from samples of its stack.

    A timer of processor time interrupts between two bytecodes, so time in C counts for
    the line that called it, and nothing is slowed down. Other threads and processes are
    not seen: profile what runs in this one.
    """
    seen: Counter[str] = Counter()

    def sample(number: int, frame: FrameType | None) -> None:
        seen[_stage(frame)] += 1

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    try:
        work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    total = sum(seen.values()) or 1
    return {stage: count / total for stage, count in seen.most_common()}


def _stage(frame: FrameType | None) -> str:
    found = ""
    while frame is not None:
        name = frame.f_code.co_filename
        if frame.f_code.co_name in _COMMITS and ("/store/" in name or "/sqlalchemy/" in name):
            return "commit"
        if not found:
            found = next((stage for part, stage in _STAGES if part in name), "")
        frame = frame.f_back
    return found or "other"
