"""One tag on two lots; and tags that look alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...custody.books import Books
from ...effects import Claim, Flow, Void
from ...findings import Finding
from ..spill import Spill
from ..tags import TagBook, folded, tagged
from .base import Check, Seen

__all__ = ["TagReused"]

_DEEP = 1_000


class TagReused(Check):
    """A tag that is, or was, on one lot stands on another that was not made from it.

    Tags are compared without case, and with O as 0 and I, l as 1. The same spelling:
    critical, or major if it had been taken off the first lot; another spelling:
    ``tag.look-alike``, major, unless both were issued. No finding for a lot that was made
    from the first one (the bag keeps its tag in a consignment), or if the first was voided.
    No threshold: a tag is used once. Source: pattern F3, duplicate or replayed tags.
    """

    name = "tag.reused"
    watches = (Flow, Void, "tags")

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        # Folded tag -> "index lot tag", with a minus before a tag that was taken off.
        self._on: Spill[str] = Spill(str)
        self._voided: set[str] = set()
        # Event -> lots that it opened and filled from others.
        self._made: Spill[tuple[str, ...]] = Spill(tuple[str, ...])

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note where tags are, and what lots are made of."""
        for void in seen.effects(Void):
            self._undone(seen.books, void.lot)
        flows = seen.effects(Flow)
        if flows:
            self._made[seen.one.event_id] = tuple(dict.fromkeys(flow.target for flow in flows))
        seen.once(tagged)  # series that are issued here are known from here on
        for claim in seen.claims("tags"):
            if claim.subject.startswith("lot:"):
                yield from self._tagged(seen, claim)

    def _undone(self, books: Books, lot: str) -> None:
        """A lot that never was frees its tags."""
        known = books.lots.get(lot)
        if known is not None and known.amount.empty:
            self._voided.add(lot)

    def _tagged(self, seen: Seen, claim: Claim) -> Iterable[Finding]:
        lot = claim.subject[4:]
        for tag in claim.facts.get("removed", ()):
            key = folded(tag)
            known = self._on.get(key)
            index, on, was = known.split(" ") if known is not None else (seen.index, lot, tag)
            if was == tag:
                self._on[key] = f"{index} {on} -{tag}"
        for tag in claim.facts.get("applied", ()):
            key = folded(tag)
            known = self._on.get(key)
            if known is not None:
                yield from self._again(seen, lot, tag, known)
            self._on[key] = f"{seen.index} {lot} {tag}"

    def _again(self, seen: Seen, lot: str, tag: str, known: str) -> Iterable[Finding]:
        index, first, was = known.split(" ")
        if first == lot or first in self._voided or self._made_from(seen.books, first, lot):
            return
        spelled = was.removeprefix("-")
        if spelled != tag:
            book = seen.kept(TagBook)
            if book.find(tag) and book.find(spelled):
                return
            message = f"tag {tag} on lot {lot} is easily taken for {spelled} on lot {first}"
        elif was != tag:
            message = f"tag {tag} on lot {lot} was taken off lot {first} before"
        else:
            message = f"tag {tag} on lot {lot} is on lot {first} already"
        yield self.finding(
            "critical" if was == tag else "major",
            message,
            entries=(int(index), seen.index),
            subject=f"lot:{lot}",
            code="tag.reused" if spelled == tag else "tag.look-alike",
        )

    def _made_from(self, books: Books, first: str, lot: str) -> bool:
        """Whether `lot` was made from `first`, through the last events of what is between."""
        waiting, looked = [first], 0
        while waiting and looked < _DEEP:
            looked += 1
            here = waiting.pop()
            known = books.lots.get(here)
            below = self._made.get(known.head, ()) if known is not None else ()
            if here in below:  # made by that event itself, and untouched since
                continue
            if lot in below:
                return True
            waiting += below
        return False
