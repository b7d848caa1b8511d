"""One paper for two consignments that have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...effects import Claim, Flow
from ...findings import Finding
from ..facts import day_number
from ..spill import Spill
from .base import Check, Seen

__all__ = ["DocumentReused"]

_OF_ONE_CONSIGNMENT = frozenset(
    {
        "bill-of-lading",
        "certificate",
        "collection-note",
        "customs-declaration",
        "export-certificate",
        "export-permit",
        "packing-list",
        "photo",
        "seal-photo",
        "waybill",
        "weighbridge-ticket",
        "weight-note",
    }
)

_DEEP = 100_000
"""Lots to look through for one paper; one that comes from farther off is as good as another."""


class DocumentReused(Check):
    """The digest of a paper that belongs to one consignment stands with another one.

    Papers of one consignment: waybills, certificates, weight notes, photos (by the kind of
    the attachment), the paper of a certificate, the evidence of a recovery. Formula: the
    same digest with a second lot that does not descend from the first, more than `days`
    later; or with a certificate of another number. Default 30 days (drums of one lot may
    leave one by one; 2026-11, our judgement). Licences, contracts, invoices and reports
    may serve for long and are not looked at. Source: pattern F25.
    """

    name = "document.reused"
    watches = (Flow, "certificate", "document", "recovery")
    thresholds = {"days": 30}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        # Digest -> (lot, day, index, certificate) of its first use.
        self._first: Spill[tuple[str, int, int, str]] = Spill(tuple[str, int, int, str])
        # Digest -> lots that it stands with -> index of its first use there.
        self._uses: Spill[dict[str, int]] = Spill(dict[str, int])
        # Lot with a paper, its own or of what it was made of -> (source, index) of each flow
        # that has brought one. What came with a lot is looked up along these: kept as a set for
        # each lot, the papers of a trade would take room with its square.
        self._from: Spill[list[tuple[str, int]]] = Spill(list[tuple[str, int]])
        self._reported: set[tuple[str, str]] = set()

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Follow papers downstream; compare each use with the first."""
        for effect in seen.one.effects:
            if isinstance(effect, Flow) and effect.source in self._from:
                come = self._from.get(effect.target, [])
                come.append((effect.source, seen.index))
                self._from[effect.target] = come
        for kind in ("document", "certificate", "recovery"):
            for claim in seen.claims(kind):
                if claim.subject.startswith("lot:"):
                    yield from self._used(seen, claim)

    def _used(self, seen: Seen, claim: Claim) -> Iterable[Finding]:
        facts, lot = claim.facts, claim.subject[4:]
        if claim.kind == "document":
            digest = facts.get("digest") if facts.get("kind") in _OF_ONE_CONSIGNMENT else None
        else:
            digest = facts.get("document" if claim.kind == "certificate" else "evidence")
        if not digest:
            return
        day = day_number(seen.one.event.occurred_at)
        number = str(facts.get("certificate", ""))
        first, then, index, known = self._first.setdefault(digest, (lot, day, seen.index, number))
        apart = abs(day - then) > self.limit["days"]
        late = apart and lot != first and not self._came_with(digest, lot, index, seen.index)
        uses = self._uses.get(digest, {})
        if lot not in uses:
            uses[lot] = seen.index
            self._uses[digest] = uses
        self._from.setdefault(lot, [])
        if number and not known:
            self._first[digest] = (first, then, index, number)
        other = bool(number and known and number != known)
        if (other or late) and (digest, lot) not in self._reported:
            self._reported.add((digest, lot))
            what = (
                f"certificates {known} and {number}"
                if other
                else f"lot {first} and, {abs(day - then)} days apart, with lot {lot}"
            )
            yield self.finding(
                "major",
                f"paper {digest[:12]} stands with {what}",
                entries=tuple(sorted({index, seen.index})),
                subject=claim.subject,
            )

    def _came_with(self, digest: str, lot: str, begun: int, now: int) -> bool:
        """Whether the paper stands with the lot, or came to it since entry `begun`."""
        uses = self._uses.get(digest, {})
        waiting = [(lot, now + 1)]
        reached = dict(waiting)  # lot -> the latest entry up to which it is looked at
        while waiting and len(reached) < _DEEP:
            here, until = waiting.pop()
            if uses.get(here, until) < until:
                return True
            for source, at in self._from.get(here, ()):
                if begun < at <= until and reached.get(source, begun) < at:
                    reached[source] = at
                    waiting.append((source, at))
        return False
