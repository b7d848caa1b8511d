"""Puts the trade together and plays it into a new workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ledger import keys
from ledger.events.base import Named
from ledger.workspace import Workspace, replace_file

from .cast import MONTH, MONTHS, ORIGIN, THRESHOLD, Plan, place_everybody
from .company import begin_companies
from .depot import begin_depots
from .diary import Diary, Entry, Process, StoryTime
from .export import begin_exports
from .frauds import Injected, begin_frauds
from .making import begin_making
from .mining import begin_mining
from .opening import opening
from .oversight import begin_oversight
from .world import BEGINS, World

__all__ = ["generate"]

TOLERANCES = (Named("spring-scale", 50_000_000),)
"""Some depots have nothing better than a spring with a hook."""


def generate(
    root: Path,
    *,
    size: int,
    seed: int = 1,
    frauds: int = 0,
    clock: Callable[[], int] | None = None,
    listen: Callable[[int], None] | None = None,
) -> tuple[Workspace, tuple[Injected, ...]]:
    """A new workspace at `root` with about `size` events, and the `frauds` that are in it.

    What was injected also lies in the folder, in `injected.json`.

    `clock` None: the trade's own, which makes the ledger the same every time. `listen`
    hears how many events there are after each statement.
    """
    plan = Plan.of(size)
    cast = place_everybody(plan, seed)
    own = StoryTime(BEGINS)
    workspace = Workspace.create(
        root,
        origin=ORIGIN,
        name=f"Demonstration: a generated trade of {size} events, seed {seed}",
        governance=cast.governance,
        threshold=THRESHOLD,
        log_key=cast.log.verifier.vkey,
        demo=True,
        tolerances=TOLERANCES,
        clock=clock or own,
    )
    with workspace.ledger(clock=clock or own) as ledger:
        world = World(seed, plan, cast, Diary(ledger, own, cast.signing))
        injected = _begun(world, frauds)
        world.diary.begin(_checkpoints(world, workspace), world.month(1))
        world.diary.run(listen)
        workspace.keep_checkpoint(ledger.checkpoint(cast.log))
    for signer in cast.all():
        keys.write(workspace.keys, signer, None)
    done = tuple(sorted(injected, key=lambda one: one.name))
    if frauds:
        listed = msgspec.json.encode({"size": size, "seed": seed, "injected": done})
        replace_file(root / "injected.json", msgspec.json.format(listed, indent=1) + b"\n")
    return workspace, done


def _begun(world: World, frauds: int) -> list[Injected]:
    """Everybody is admitted and begins; a list that the frauds fill as they are done."""
    for entry in opening(world):
        world.diary.record(entry)
    begin_depots(world)
    begin_mining(world)
    begin_companies(world)
    begin_exports(world)
    begin_making(world)
    begin_oversight(world)
    injected: list[Injected] = []
    begin_frauds(world, frauds, injected)
    return injected


def _checkpoints(world: World, workspace: Workspace) -> Process:
    """The log signs its tree every two months."""
    for month in range(2, MONTHS + 6, 2):
        yield Entry(world.month(month) - MONTH // 2)
        workspace.keep_checkpoint(world.diary.ledger.checkpoint(world.cast.log))
