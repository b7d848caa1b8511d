"""One agent, more tags than anybody can put on bags in a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...findings import Finding
from ..agents import tagging
from .base import Check, Seen

__all__ = ["AgentWorkload"]


class AgentWorkload(Check):
    """More tags applied in a day under one agent's key than `tags`.

    Who the agent is: see `audit.agents`. Default 250 (2026-11, our judgement; ask
    practitioners). An office with several people gives each of them a device key. Source:
    pattern F24, captured agent.
    """

    name = "agent.overworked"
    watches = ("tags",)
    thresholds = {"tags": 250}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        # Agent's key -> day -> tags; days long past are forgotten.
        self._days: dict[str, dict[str, int]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Count tags by key and day, and report a day once."""
        work = seen.once(tagging)
        if work is None:
            return
        day = seen.one.event.occurred_at[:10]
        for key in work.keys:
            days = self._days.setdefault(key, {})
            before = days.get(day, 0)
            days[day] = before + work.tags
            if len(days) > 400:
                del days[min(days)]
            if before <= self.limit["tags"] < days[day]:
                yield self.finding(
                    "major",
                    f"{key} put on more than {self.limit['tags']} tags on {day}",
                    entries=(seen.index,),
                    subject=f"party:{work.agent}",
                )
