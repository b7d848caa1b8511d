"""Mica and cobalt ore that somebody bought where children may have dug it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books
from ...effects import Gain, Open
from ...findings import Finding
from ...words import mass
from .base import Check, Seen

__all__ = ["CollectionUnknown"]

_MATERIALS = ("mica", "cobalt", "heterogenite")
_RISK = "a2-1c"
_SHOWN = 16


class _Bought(msgspec.Struct):
    lots: int = 0
    mass: int = 0
    entries: tuple[int, ...] = ()


class CollectionUnknown(Check):
    """Mica or cobalt ore from a place that nobody names, without a word on child labour.

    Formula: declared lots of unknown origin whose trade name holds mica, cobalt or
    heterogenite, per party and material, if no risk of category a2-1c (worst forms of child
    labour; OECD Annex II, check before relying on it) was assessed for the lot or the party
    until the end of the log. Info: a gap with a name, and nothing that anybody did wrong.
    Source: pattern F28.
    """

    name = "collection.site-unknown"
    watches = (Gain, "risk")

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._bought: dict[tuple[str, str], _Bought] = {}
        self._assessed: set[str] = set()

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Add up what was bought; note where the risk was looked at."""
        for claim in seen.claims("risk"):
            if claim.facts.get("category") == _RISK:
                self._assessed.add(claim.subject)
        for effect in seen.effects(Gain):
            # Reagents of a process come in with origin unknown too, and with empty contents.
            if (
                effect.origin.kind == "unknown"
                and effect.contents != ()
                and f"lot:{effect.lot}" not in self._assessed
            ):
                self._add(seen, effect)
        return ()

    def _add(self, seen: Seen, effect: Gain) -> None:
        for opened in seen.effects(Open):
            if opened.lot == effect.lot:
                words = opened.material.lower()
                if any(material in words for material in _MATERIALS):
                    key = (seen.one.event.by, opened.material)
                    bought = self._bought.setdefault(key, _Bought())
                    bought.lots += 1
                    bought.mass += effect.mass
                    if bought.lots <= _SHOWN:
                        bought.entries += (seen.index,)

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Each buyer that has not looked at the risk."""
        for (party, material), bought in sorted(self._bought.items()):
            if f"party:{party}" not in self._assessed:
                yield self.finding(
                    "info",
                    f"{party} took in {mass(bought.mass)} of {material} from places that nobody "
                    f"names (lots: {bought.lots}); whether children dug it is not assessed",
                    entries=bought.entries,
                    subject=f"party:{party}",
                )
