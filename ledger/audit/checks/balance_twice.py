"""The same metal, claimed once as it was and again as what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...custody.amount import portion
from ...custody.books import Books, Lot
from ...effects import Account, Credit, Flow
from ...findings import Finding
from ...words import mass
from .base import Check, Seen

__all__ = ["BalanceTwice"]


class BalanceTwice(Check):
    """Credits on a lot, and on lots that it flowed into, exceed the metal that there is.

    The rules refuse a second credit of one lot (``balance.double-credit``); this follows
    what was credited through splits, blends and processes, in proportion to the element.
    Formula: credited before, as it came down to this lot + credited now > the lot's content
    x (1 + `slack`). Default 1 % (2026-11: shares are rounded, and assays move). Source:
    pattern F20, double claim.
    """

    name = "balance.counted-twice"
    watches = (Account, Credit, Flow)
    thresholds = {"slack": 10_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._elements: dict[str, str] = {}
        # Lot -> element -> milligrams of it that were credited somewhere.
        self._credited: dict[str, dict[str, int]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Follow what was credited; compare when more is."""
        flows: dict[str, list[Flow]] = {}
        for effect in seen.one.effects:
            if isinstance(effect, Account):
                self._elements[effect.account] = effect.element
            elif isinstance(effect, Flow):
                if effect.source in self._credited:
                    flows.setdefault(effect.source, []).append(effect)
            elif isinstance(effect, Credit) and effect.lot:
                yield from self._credit(seen, effect)
        for source, out in flows.items():
            before = seen.case.before.get(source)
            if before is not None:
                self._follow(seen.books, before, out)

    def _follow(self, books: Books, before: Lot, out: list[Flow]) -> None:
        """Each target takes over its part of what was credited; the rest stays."""
        credited = self._credited.pop(before.lot)
        left = dict(credited)
        for flow in out:
            target = self._credited.setdefault(flow.target, {})
            for element, claimed in credited.items():
                whole = _content(before, element)
                if len(out) > 1:  # one lot becomes several: each holds only what came from it
                    part = _content(books.lots.get(flow.target), element)
                elif flow.contents is not None:
                    part = sum(c.mass for c in flow.contents if c.element == element)
                else:
                    taken, _ = before.amount.taken(flow.mass, flow.pieces)
                    part = portion(whole, taken, before.amount.mass or 1)
                if whole:
                    moved = min(portion(claimed, part, whole), left[element])
                    left[element] -= moved
                    target[element] = target.get(element, 0) + moved
        rest = books.lots.get(before.lot)
        if rest is not None and rest.state != "closed":
            self._credited[before.lot] = left

    def _credit(self, seen: Seen, effect: Credit) -> Iterable[Finding]:
        element = self._elements.get(effect.account, "")
        lot = seen.books.lots.get(effect.lot)
        there = _content(lot, element)
        credited = self._credited.setdefault(effect.lot, {})
        before = credited.get(element, 0)
        credited[element] = before + effect.mass
        most = there + portion(there, self.limit["slack"], 1_000_000_000)
        if before and before + effect.mass > most:
            yield self.finding(
                "critical",
                f"{mass(effect.mass)} {element} of lot {effect.lot} credited to account "
                f"{effect.account}; it holds {mass(there)}, of which {mass(before)} was credited "
                "before it came here",
                entries=(seen.index,),
                subject=f"lot:{effect.lot}",
            )


def _content(lot: Lot | None, element: str) -> int:
    """Milligrams of the element in a lot."""
    found = lot.amount.element(element) if lot is not None else None
    return found.mass if found is not None else 0
