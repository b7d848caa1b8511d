"""One agent, at two distant sites at nearly the same time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...findings import Finding
from ..agents import tagging
from ..places import Places
from ..plausibility import distance
from .base import Check, Seen, seconds

__all__ = ["AgentPlaces"]


class AgentPlaces(Check):
    """Tags put on under one key at two sites, sooner one after the other than one can travel.

    Formula: distance of the sites > `slack` + `speed` (km/h) x (hours between + `hours`),
    from `metres` on. Critical for a key of a device (``party/device``), which is in one
    place; major for the agent's own key, which an office may use at several. Sites without
    coordinates, and events that two keys of the agent signed, are left out. 60 km/h mean on
    upstream tracks, 25 km, an hour; 2026-11, our judgement. Source: patterns F16 and F24.
    """

    name = "agent.two-places"
    watches = ("site", "tags")
    thresholds = {"hours": 1, "metres": 25_000, "slack": 10_000, "speed": 60}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._places = Places()
        # Key -> the last (site, time, entry).
        self._last: dict[str, tuple[str, str, int]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare each tagging with the one before under that key."""
        for claim in seen.claims("site"):
            self._places.note(claim)
        work = seen.once(tagging)
        if work is None or not work.site or len(work.keys) != 1:
            return
        key, now = work.keys[0], seen.one.event.occurred_at
        site, then, index = self._last.get(key, (work.site, now, -1))
        self._last[key] = (work.site, now, seen.index)
        here, there = self._places.sites.get(work.site), self._places.sites.get(site)
        if site == work.site or here is None or there is None:
            return
        metres = distance(*here, *there)
        apart = abs(seconds(now) - seconds(then))
        possible = self.limit["speed"] * (apart + 3600 * self.limit["hours"]) * 1000 // 3600
        if metres >= self.limit["metres"] and metres > self.limit["slack"] + possible:
            yield self.finding(
                "critical" if "/" in key else "major",
                f"{key} put tags on at {site} and, {apart // 60} min apart and "
                f"{metres // 1000} km away, at {work.site}",
                entries=(index, seen.index),
                subject=f"party:{work.agent}",
            )
