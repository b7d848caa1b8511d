"""One waybill, two addressees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...effects import Depart, Return
from ...findings import Finding
from ..spill import Spill
from .base import Check, Seen

__all__ = ["WaybillReused"]


class WaybillReused(Check):
    """The same sender used the same waybill number for consignments to different parties.

    Formula: a dispatch names a waybill that the same giver named in a dispatch to another
    taker which was not turned back. No threshold. Source: pattern F23, equivocation, as
    far as a single log shows it: that two audiences were shown two logs is seen by
    witnesses, and by signers (``statement.seen-inconsistent``, ``checkpoint.root-mismatch``).
    """

    name = "waybill.two-addressees"
    watches = (Depart, Return, "transport")

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        # Giver and number -> (taker, entry, lot).
        self._used: Spill[tuple[str, int, str]] = Spill(tuple[str, int, str])
        self._by_dispatch: Spill[str] = Spill(str)

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note who was addressed under each number."""
        waybill = ""
        for claim in seen.claims("transport"):
            if claim.status == "dispatched":
                waybill = str(claim.facts.get("waybill", "")) or waybill
        for effect in seen.one.effects:
            if isinstance(effect, Return):
                key = self._by_dispatch.pop(effect.dispatch, None)
                if key is not None:
                    self._used.pop(key, None)
            elif isinstance(effect, Depart) and waybill:
                key = f"{effect.giver} {waybill}"
                taker, index, lot = self._used.setdefault(
                    key, (effect.taker, seen.index, effect.lot)
                )
                self._by_dispatch[seen.one.event_id] = key
                if taker != effect.taker:
                    yield self.finding(
                        "major",
                        f"{effect.giver} sent lot {effect.lot} to {effect.taker} under waybill "
                        f"{waybill}, which went with lot {lot} to {taker}",
                        entries=(index, seen.index),
                        subject=f"lot:{effect.lot}",
                    )
                    return
