"""What is said to have happened before that which it builds on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...effects import Arrive, Depart, Flow, Gain, Loss, Measure, Return, Void
from ...findings import Finding
from ..spill import Spill
from .base import Check, Seen, seconds

__all__ = ["BeforeCause"]


class BeforeCause(Check):
    """An event claims a time long before that of the event that it builds on.

    Formula: latest claimed time of what happened to a lot - claimed time of what happens to it
    now > `hours`. Default 24 (2026-11, our judgement: clocks are set wrong and some days have
    no hour). A lot is received after it was sent, and used after it was dug. Source: pattern
    F8, back-dating, and the domain notes' finding TIM 003.
    """

    name = "time.before-cause"
    watches = (Gain, Flow, Loss, Measure, Depart, Arrive, Return, Void)
    thresholds = {"hours": 24}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        # Lot that is not used up -> (claimed time, entry) of the latest that happened to it.
        self._latest: Spill[tuple[str, int]] = Spill(tuple[str, int])

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare with the latest of every lot that is changed; then go on from there."""
        at = seen.one.event.occurred_at
        if not seen.one.changed:  # something new, as most events are
            for gain in seen.effects(Gain):
                self._latest[gain.lot] = (at, seen.index)
            return
        known: dict[str, tuple[str, int]] = {}
        for name in seen.one.changed:
            last = self._latest.get(name)
            if last is not None:
                known[name] = last
        latest, index, lot = "", -1, ""
        for name, found in known.items():
            latest, index, lot = max((latest, index, lot), (*found, name))
        if (
            at < latest
            and seconds(latest) - seconds(at) > 3600 * self.limit["hours"]
            and not seen.effects(Void)
        ):
            yield self.finding(
                "major",
                f"{seen.one.event.by} says that it happened at {at}, after what lot {lot} "
                f"went through at {latest}",
                entries=(index, seen.index),
                subject=f"lot:{lot}",
            )
        flows = seen.effects(Flow)
        opened = {gain.lot for gain in seen.effects(Gain)} | {flow.target for flow in flows}
        taken = bool(flows or seen.effects(Loss) or seen.effects(Void))
        now = (at, seen.index)
        for name in (*seen.one.changed, *opened):
            there = seen.books.lots.get(name) if taken and name not in opened else None
            if there is not None and there.state == "closed":
                self._latest.pop(name, None)
            elif name not in known or known[name] < now:
                self._latest[name] = now
