"""A certificate that promises a stricter chain of custody than the lot has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...custody.books import MODELS
from ...effects import Depart
from ...findings import Finding
from .base import Check, Seen

__all__ = ["ClaimBetter"]

_WORDS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"identity[ -]preserv",
        r"\bsegregat",
        r"controlled[ -]blend",
        r"mass[ -]balance",
        r"book[ -](?:and|&)[ -]claim",
    )
)
_NOT = re.compile(r"\b(?:not?|non|never|without|except)\b", re.ASCII)


class ClaimBetter(Check):
    """A certificate about a lot names a chain-of-custody model stricter than the computed one.

    Formula: the least strict model that its scope or standard names, against the model the
    books computed, when it was issued and again when the lot is sent. Silent about texts
    that say what it is not. No threshold. Source: pattern F21, model upgrade; models of
    ISO 22095.
    """

    name = "claim.better-than-model"
    watches = (Depart, "certificate")

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._promised: dict[str, tuple[int, int, str]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare what is promised with what is booked."""
        for claim in seen.claims("certificate"):
            if not claim.subject.startswith("lot:"):
                continue
            model = _named(f"{claim.facts.get('scope', '')} {claim.facts.get('standard', '')}")
            if model is not None:
                certificate = str(claim.facts.get("certificate", ""))
                self._promised[claim.subject[4:]] = (model, seen.index, certificate)
                yield from self._compare(seen, claim.subject[4:])
        if self._promised:
            for effect in seen.one.effects:
                if isinstance(effect, Depart) and effect.lot in self._promised:
                    yield from self._compare(seen, effect.lot)

    def _compare(self, seen: Seen, lot_id: str) -> Iterable[Finding]:
        model, index, certificate = self._promised[lot_id]
        lot = seen.books.lots.get(lot_id)
        if lot is not None and lot.model > model:
            del self._promised[lot_id]
            yield self.finding(
                "critical",
                f"certificate {certificate} says that lot {lot_id} is {MODELS[model]}, "
                f"by the books it is {MODELS[lot.model]}",
                entries=tuple(sorted({index, seen.index})),
                subject=f"lot:{lot_id}",
            )


def _named(text: str) -> int | None:
    """Index of the least strict model that the text names."""
    text = text.lower()
    if _NOT.search(text):
        return None
    return max((n for n, words in enumerate(_WORDS) if words.search(text)), default=None)
