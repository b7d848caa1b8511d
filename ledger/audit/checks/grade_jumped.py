"""Ore that became richer although nobody processed it."""

from __future__ import annotations

from collections.abc import Iterable

from ...custody.amount import Amount, Element
from ...effects import Flow, Loss, Measure, Open
from ...findings import Finding
from ...values import BILLION
from .base import Check, Seen

__all__ = ["GradeJumped"]


class GradeJumped(Check):
    """A lot's grade is far above what it was, or above what was tipped into it.

    Formula: content of an element / dry matter, after an assay or in a lot that was blended,
    split or packed with losses > the same before (or of all that flowed in) x (1 + `jump`),
    where the content before was at least `trace` of the dry matter. Silent where dry matter
    or contents are not known, and where a process was recorded. Defaults 15 %, 0.5 %
    (2026-11, our judgement: field estimates are rough). Source: pattern F4.
    """

    name = "grade.jumped"
    watches = (Flow, Measure)
    thresholds = {"jump": 150_000_000, "trace": 5_000_000}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare grades around each assay, and around each blend that lost something."""
        effects = seen.one.effects
        lost = any(isinstance(e, Loss) and e.contents is not None for e in effects)
        for effect in effects:
            if isinstance(effect, Measure) and effect.grades:
                before = seen.case.before.get(effect.lot)
                if before is not None:
                    yield from self._compare(seen, effect.lot, before.amount)
            elif isinstance(effect, Open) and lost and not effect.recast:
                sources = {e.source for e in effects if isinstance(e, Flow)}
                whole = Amount()
                for source in sorted(sources):
                    if source in seen.case.before:
                        whole += seen.case.before[source].amount
                if whole.mass:
                    yield from self._compare(seen, effect.lot, whole)

    def _compare(self, seen: Seen, lot: str, before: Amount) -> Iterable[Finding]:
        known = seen.books.lots.get(lot)
        if known is None or not before.dry or not known.amount.dry or not before.contents:
            return
        after = {element.element: element for element in known.amount.contents or ()}
        for element in before.contents:
            was = _grade(element, before.dry)
            now = _grade(after.get(element.element), known.amount.dry)
            limit = was * (BILLION + self.limit["jump"])
            if was >= self.limit["trace"] and now * BILLION > limit:
                yield self.finding(
                    "major",
                    f"lot {lot} holds {_percent(now)} {element.element} of its dry mass, "
                    f"{_percent(was)} went in, and no process was recorded",
                    entries=(seen.index,),
                    subject=f"lot:{lot}",
                )
                return


def _grade(element: Element | None, dry: int) -> int:
    return element.mass * BILLION // dry if element is not None else 0


def _percent(ppb: int) -> str:
    tenths = ppb // 1_000_000
    return f"{tenths // 10}.{tenths % 10} %"
