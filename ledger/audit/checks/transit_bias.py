"""Scales that always err the same way between the same two parties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isqrt

import msgspec

from ...effects import Arrive
from ...findings import Finding
from ...values import BILLION
from ...words import mass as in_words
from ..weighing import Weights, compared
from .base import Check, Seen

__all__ = ["TransitBias"]

_ONE = 1_000
_MOST = 3 * _ONE


class _Pair(msgspec.Struct):
    """Running sums, in thousandths of sigma, of what came too much and too little."""

    times: int = 0
    high: int = 0
    low: int = 0
    sent: int = 0
    difference: int = 0
    first: int = -1
    told: bool = False


class TransitBias(Check):
    """Between two parties small differences, each within tolerance, always point one way.

    A cumulative sum (Page's test), per giver, taker and basis, over receptions: d = received -
    sent, summed over the lots of one reception; sigma = s x square root of the sum of their
    squared masses, where s is `hand` for hand scales, `wet` if dry matter is computed from a
    moisture, else `scale`; z = (|d| - `calibration` x mass) / sigma, at most 3. Up: S = max(0,
    S + z - `slack`) for gains, likewise down for losses. Finding when S > `decision` after
    `times` receptions at least: major for gains and for losses of dry matter, minor for
    losses of wet, which dries. Once per pair. Defaults 0.5 %, 0.5 %, 0.15 %, 0.1 %; 0.5 and
    5 sigma, in thousandths, as is usual in material accountancy; 8 times (2026-11, our
    judgement). Source: pattern F5, slow bias.
    """

    name = "transit.biased"
    watches = (Arrive,)
    thresholds = {
        "calibration": 1_000_000,
        "decision": 5 * _ONE,
        "hand": 5_000_000,
        "scale": 1_500_000,
        "slack": 500,
        "times": 8,
        "wet": 5_000_000,
    }

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._pairs: dict[tuple[str, str, bool], _Pair] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Add up the lots of one reception, then take one step."""
        sums: dict[bool, list[tuple[Weights, int]]] = {}
        parties = ("", "")
        for effect in seen.effects(Arrive):
            parties = (effect.giver, effect.taker)
            before, after = seen.case.before.get(effect.lot), seen.books.lots.get(effect.lot)
            weights = compared(before, effect.measure, after) if before and after else None
            if weights is not None and before is not None and weights.booked:
                wet = weights.dry and "wet" in (before.basis, effect.measure.basis)
                spread = self.limit["wet"] if wet else self.limit["scale"]
                if effect.measure.leg == "hand-scale":
                    spread = max(spread, self.limit["hand"])
                sums.setdefault(weights.dry, []).append((weights, spread))
        for dry, lots in sums.items():
            yield from self._step(seen, *parties, dry, lots)

    def _step(
        self, seen: Seen, giver: str, taker: str, dry: bool, lots: list[tuple[Weights, int]]
    ) -> Iterable[Finding]:
        pair = self._pairs.setdefault((giver, taker, dry), _Pair())
        sent = sum(weights.booked for weights, _ in lots)
        gained = sum(weights.gained for weights, _ in lots)
        sigma = isqrt(sum((weights.booked * spread) ** 2 for weights, spread in lots)) or 1
        beyond = abs(gained) * BILLION - sent * self.limit["calibration"]
        step = min(max(beyond, 0) * _ONE // sigma, _MOST)
        pair.first = seen.index if not pair.high and not pair.low else pair.first
        up, down = (step, 0) if gained > 0 else (0, step)
        pair.high = max(0, pair.high + up - down - self.limit["slack"])
        pair.low = max(0, pair.low + down - up - self.limit["slack"])
        pair.times += 1
        pair.sent += sent
        pair.difference += gained
        high = pair.high > self.limit["decision"]
        low = pair.low > self.limit["decision"]
        if (high or low) and pair.times >= self.limit["times"] and not pair.told:
            pair.told = True
            what = "dry matter" if dry else "wet mass"
            way = "gained" if high else "lost"
            yield self.finding(
                "major" if high or dry else "minor",
                f"in {pair.times} receptions by {taker} from {giver}, {in_words(pair.sent)} of "
                f"{what} {way} {in_words(abs(pair.difference))}, always the same way",
                entries=tuple(sorted({pair.first, seen.index})),
                subject=f"party:{taker}",
            )
