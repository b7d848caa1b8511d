"""Recycled material that nobody collected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...custody.books import Books
from ...effects import Void
from ...findings import Finding
from .base import Check, Seen

__all__ = ["RecycledEvidence"]


class RecycledEvidence(Check):
    """Recovered as recycled, with neither a collector nor any paper about where it was collected.

    Formula: a recovery of class recycled-* that names no collector and no evidence, and no
    document was attached to the lot until the end of the log. No threshold. Source: pattern
    F18, mined gold that enters as scrap.
    """

    name = "recycled.no-evidence"
    watches = (Void, "document", "recovery")

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._bare: dict[str, tuple[int, str, str]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note bare recoveries; forget them once there is a paper."""
        for claim in seen.claims("recovery"):
            bare = not claim.facts.get("collector") and not claim.facts.get("evidence")
            if bare and claim.status.startswith("recycled-"):
                source = str(claim.facts.get("source", ""))
                self._bare[claim.subject] = (seen.index, seen.one.event.by, source)
        if self._bare:
            for claim in seen.claims("document"):
                self._bare.pop(claim.subject, None)
            for effect in seen.one.effects:
                if isinstance(effect, Void):
                    self._bare.pop(f"lot:{effect.lot}", None)
        return ()

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Whatever is still without."""
        for subject, (index, by, source) in sorted(self._bare.items()):
            yield self.finding(
                "major",
                f"lot {subject[4:]} is recycled, says {by}, from {source!r}; nobody is named who "
                "collected it, and no paper",
                entries=(index,),
                subject=subject,
            )
