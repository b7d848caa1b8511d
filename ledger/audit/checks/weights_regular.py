"""Weights that no scale has shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import gcd

import msgspec

from ...custody.books import Books
from ...effects import Gain
from ...findings import Finding
from ...values import BILLION
from ...words import mass as in_words
from ..plausibility import chi_square
from .base import Check, Seen

__all__ = ["WeightsRegular"]

_MOST = 4_096


class _Weights(msgspec.Struct):
    """How often each weight was recorded; of more than 4096 different ones, the first."""

    counts: dict[int, int] = {}
    first: int = -1
    last: int = -1


class WeightsRegular(Check):
    """Weights of hand-dug bags are too often the same, too often round, or shun some digits.

    Per site and party, from `lots` (30) bags on, the first that holds, all major:
    ``weights.identical``: one weight has more than `share` (30 %) of all;
    ``weights.round``: so do multiples of ten divisions of the scale; ``weights.digits``: the
    last digit's chi-square exceeds `chi` (33.720, in thousandths: once in ten thousand by
    chance, 9 degrees of freedom). A division is the greatest common measure of the weights;
    round numbers and digits need weights that spread over `spread` (20) divisions between
    the quarters, else nothing follows from digits. 2026-11, our judgement. Source: pattern F9.
    """

    name = "weights.too-regular"
    watches = (Gain,)
    thresholds = {"chi": 33_720, "lots": 30, "share": 300_000_000, "spread": 20}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._sites: dict[tuple[str, str], _Weights] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Count weights."""
        for effect in seen.effects(Gain):
            if effect.origin.kind == "mined-asm":
                key = (str(effect.origin.site or ""), seen.one.event.by)
                known = self._sites.setdefault(key, _Weights())
                if effect.mass in known.counts or len(known.counts) < _MOST:
                    known.counts[effect.mass] = known.counts.get(effect.mass, 0) + 1
                    known.first = seen.index if known.first < 0 else known.first
                    known.last = seen.index
        return ()

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Look at each site's weights as a whole."""
        for (site, by), known in sorted(self._sites.items()):
            total = sum(known.counts.values())
            if total < self.limit["lots"]:
                continue
            found = self._found(known.counts, total)
            if found is not None:
                code, message = found
                yield self.finding(
                    "major",
                    f"of {total} bags of site {site} by {by} {message}",
                    entries=tuple(sorted({known.first, known.last})),
                    subject=f"site:{site}",
                    code=code,
                )

    def _found(self, counts: Mapping[int, int], total: int) -> tuple[str, str] | None:
        often = max(counts, key=lambda mass: (counts[mass], -mass))
        if counts[often] * BILLION > total * self.limit["share"]:
            return "weights.identical", f"{counts[often]} weigh {in_words(often)}"
        step = gcd(*counts)
        if _between_quarters(counts, total) < self.limit["spread"] * step:
            return None
        digits = [0] * 10
        for mass, count in counts.items():
            digits[mass // step % 10] += count
        if digits[0] * BILLION > total * self.limit["share"]:
            return "weights.round", f"{digits[0]} are multiples of {in_words(10 * step)}"
        chi = chi_square(digits)
        if chi > self.limit["chi"]:
            most, least = max(digits), min(digits)
            return "weights.digits", (
                f"{most} end in {digits.index(most)} and {least} in {digits.index(least)}, "
                f"in steps of {in_words(step)}"
            )
        return None


def _between_quarters(counts: Mapping[int, int], total: int) -> int:
    """Milligrams between the lower and the upper quarter of the weights."""
    seen, lower = 0, 0
    for mass in sorted(counts):
        seen += counts[mass]
        if not lower and seen * 4 >= total:
            lower = mass
        if seen * 4 >= 3 * total:
            return mass - lower
    return 0
