"""Frauds, one function each, named after what is done: see `stage` for how they are told.

`begin_frauds` spreads a number of them over all ways to cheat, and over the year; what was
done is kept, so that an audit can be measured.
"""

from __future__ import annotations

from ..diary import Process
from ..dice import DAY, Dice
from ..world import World
from . import papers, pits, plants, ways
from .stage import FRAUDS, Fraud, Injected, Stage

__all__ = ["FRAUDS", "Fraud", "Injected", "begin_frauds", "papers", "pits", "plants", "ways"]

_SPREAD = 240 * DAY
"""Frauds begin within so long after the first month; some take half a year to show."""


def begin_frauds(world: World, count: int, injected: list[Injected]) -> None:
    """`count` frauds begin; each adds itself to `injected` once it is done."""
    dice = Dice.of(world.seed, "frauds")
    ways_to_cheat = sorted(FRAUDS)
    dice.shuffle(ways_to_cheat)
    for number in range(count):
        one = FRAUDS[ways_to_cheat[number % len(ways_to_cheat)]]
        when = world.month(1) + dice.randrange(_SPREAD)
        stage = Stage(world, number, one.code, when)
        world.diary.begin(_played(one, stage, injected), when)


def _played(one: Fraud, stage: Stage, injected: list[Injected]) -> Process:
    """The fraud, and then what is known about it."""
    yield from one.play(stage)
    injected.append(
        Injected(
            stage.name,
            one.pattern,
            one.code,
            tuple(stage.lots),
            tuple(stage.subjects),
            tuple(stage.entries),
        )
    )
