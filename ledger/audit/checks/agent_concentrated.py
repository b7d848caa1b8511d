"""One of several agents does nearly all the work for one actor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ...custody.books import Books
from ...findings import Finding
from ...values import BILLION
from ..agents import tagging
from .base import Check, Seen

__all__ = ["AgentConcentrated"]


class AgentConcentrated(Check):
    """Where at least `agents` agents tag, one of them put on more than `share` of an actor's tags.

    Formula: per actor, tags by one agent / all of its tags, above `share` (80 %), from
    `tags` (200) tags on, if at least `agents` (3) agents tagged for it. Where one agent is
    the only one there is, this says nothing. 2026-11, our judgement. Source: pattern F24,
    captured agent.
    """

    name = "agent.concentrated"
    watches = ("tags",)
    thresholds = {"agents": 3, "share": 800_000_000, "tags": 200}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._tags: dict[str, Counter[str]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Count tags by actor and agent's key."""
        work = seen.once(tagging)
        if work is not None and work.actor != work.agent:
            counted = self._tags.setdefault(work.actor, Counter())
            for key in work.keys:
                counted[key] += work.tags
        return ()

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """The agent with most tags of each actor."""
        for actor, counted in sorted(self._tags.items()):
            total = counted.total()
            agent, most = max(counted.items(), key=lambda one: (one[1], one[0]))
            several = len(counted) >= self.limit["agents"] and total >= self.limit["tags"]
            if several and most * BILLION > total * self.limit["share"]:
                yield self.finding(
                    "minor",
                    f"{agent} put on {most} of the {total} tags of {actor}, "
                    f"where {len(counted)} agents work",
                    subject=f"party:{agent.split('/', 1)[0]}",
                )
