"""Sent under a certificate that did not hold on that day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...effects import Depart
from ...findings import Finding
from .base import Check, Seen

__all__ = ["CertificateLapsed"]


class _Certificate(msgspec.Struct, frozen=True):
    number: str
    index: int
    begins: str
    ends: str


class CertificateLapsed(Check):
    """A certified lot leaves its holder on a day when none of its certificates holds.

    A certificate is for a consignment: once the lot left under it in time, later hand-overs
    need it no more. Codes ``certificate.expired`` (or not valid yet) and
    ``certificate.revoked`` (revoked earlier in the log). No threshold: the last day is the
    issuer's (90 days for ICGLR certificates; check before relying on it). Source: pattern
    F25.
    """

    name = "certificate.expired"
    watches = (Depart, "certificate")

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._lots: dict[str, list[_Certificate]] = {}
        self._revoked: dict[str, int] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note certificates of lots; look at the first departure after."""
        for claim in seen.claims("certificate"):
            kind, _, name = claim.subject.partition(":")
            if kind == "certificate" and claim.status == "revoked":
                self._revoked[name] = seen.index
            elif kind == "lot":
                facts = claim.facts
                one = _Certificate(
                    str(facts.get("certificate", "")),
                    seen.index,
                    str(facts.get("valid_from", "")),
                    str(facts.get("valid_to", "9999-12-31")),
                )
                self._lots.setdefault(name, []).append(one)
        if not self._lots:
            return
        day = seen.one.event.occurred_at[:10]
        for effect in seen.one.effects:
            if isinstance(effect, Depart):
                known = self._lots.pop(effect.lot, [])
                if known and not any(self._holds(one, day) for one in known):
                    yield self._lapsed(seen, effect.lot, known[-1], day)

    def _holds(self, one: _Certificate, day: str) -> bool:
        return one.number not in self._revoked and one.begins <= day <= one.ends

    def _lapsed(self, seen: Seen, lot: str, one: _Certificate, day: str) -> Finding:
        revoked = self._revoked.get(one.number)
        what = f"holds from {one.begins} to {one.ends}"
        entries: tuple[int, ...] = (one.index, seen.index)
        if revoked is not None:
            what, entries = "was revoked before", (one.index, revoked, seen.index)
        return self.finding(
            "major",
            f"lot {lot} left on {day}; its certificate {one.number} {what}",
            entries=entries,
            subject=f"lot:{lot}",
            code="certificate.expired" if revoked is None else "certificate.revoked",
        )
