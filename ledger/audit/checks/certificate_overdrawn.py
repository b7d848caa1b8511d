"""More was shipped under a certificate than it covers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ...custody.amount import portion
from ...effects import Arrive, Depart, Flow, Return, Void
from ...findings import Finding
from ...values import BILLION
from ...words import mass as in_words
from .base import Check, Seen

__all__ = ["CertificateOverdrawn"]


class _Cover(msgspec.Struct):
    """A certificate of a lot: the mass it covers, and what has left under it."""

    number: str
    mass: int
    index: int
    sent: int = 0
    told: bool = False


class CertificateOverdrawn(Check):
    """The mass that left under a certificate exceeds the mass that the certificate states.

    A certificate about a lot goes with what the lot is divided, tipped and packed into, in
    proportion, until each part leaves its holder for the first time. Formula: sum of these
    masses > certified x (1 + `slack`). Default 0.5 % (2026-11, our judgement; two scales).
    Critical: two signed statements contradict each other. That one number is used twice is
    refused (``certificate.exists``). Source: pattern F3.
    """

    name = "certificate.overdrawn"
    watches = (Arrive, Depart, Flow, Return, Void, "certificate")
    thresholds = {"slack": 5_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        # Lot -> certificate -> the part of the lot that it covers, in ppb.
        self._parts: dict[str, dict[str, int]] = {}
        self._sent: dict[str, dict[str, int]] = {}
        self._covers: dict[str, _Cover] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Follow certified lots until they leave."""
        for claim in seen.claims("certificate"):
            facts = claim.facts
            if claim.subject.startswith("lot:") and claim.status == "issued" and "mass" in facts:
                number = str(facts.get("certificate", ""))
                self._covers.setdefault(number, _Cover(number, int(facts["mass"]), seen.index))
                self._parts.setdefault(claim.subject[4:], {})[number] = BILLION
        if not self._parts and not self._sent:
            return
        flows = seen.effects(Flow)
        if any(flow.source in self._parts for flow in flows):
            self._follow(seen, flows)
        for sent in seen.effects(Depart):
            if sent.lot in self._parts:
                yield from self._left(seen, sent)
        for back in seen.effects(Return):
            if back.lot in self._sent:
                self._back(seen, back.lot)
        for came in seen.effects(Arrive):
            self._sent.pop(came.lot, None)
        for lot in self._parts.keys() & seen.one.changed:
            known = seen.books.lots.get(lot)
            if known is not None and known.state == "closed":
                del self._parts[lot]

    def _follow(self, seen: Seen, flows: Sequence[Flow]) -> None:
        into = Counter(flow.target for flow in flows)
        for flow in flows:
            if flow.source in self._parts:
                self._flowed(seen, flow, into[flow.target])

    def _flowed(self, seen: Seen, effect: Flow, flows: int) -> None:
        """The target of so many flows is covered as far as it comes from here."""
        before = seen.case.before.get(effect.source)
        target = seen.books.lots.get(effect.target)
        if before is None or target is None or not target.amount.mass:
            return
        moved = target.amount.mass
        if flows > 1:
            moved, _ = before.amount.taken(effect.mass, effect.pieces)
        below = self._parts.setdefault(effect.target, {})
        for number, part in self._parts[effect.source].items():
            more = portion(part, min(moved, target.amount.mass), target.amount.mass)
            below[number] = min(below.get(number, 0) + more, BILLION)

    def _left(self, seen: Seen, effect: Depart) -> Iterable[Finding]:
        known = seen.books.lots.get(effect.lot)
        parts = self._parts.pop(effect.lot)
        if known is None:
            return
        self._sent[effect.lot] = parts
        for number, part in parts.items():
            cover = self._covers[number]
            cover.sent += portion(known.amount.mass, part, BILLION)
            limit = cover.mass * (BILLION + self.limit["slack"])
            if cover.sent * BILLION > limit and not cover.told:
                cover.told = True
                yield self.finding(
                    "critical",
                    f"{in_words(cover.sent)} left under certificate {number} with lot "
                    f"{effect.lot}; it covers {in_words(cover.mass)}",
                    entries=(cover.index, seen.index),
                    subject=f"lot:{effect.lot}",
                )

    def _back(self, seen: Seen, lot: str) -> None:
        """What comes back did not leave."""
        parts, known = self._sent.pop(lot), seen.books.lots.get(lot)
        self._parts[lot] = parts
        for number, part in parts.items():
            mass = known.amount.mass if known is not None else 0
            self._covers[number].sent -= portion(mass, part, BILLION)
