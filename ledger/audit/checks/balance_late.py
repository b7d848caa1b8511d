"""Claims allocated long after their period, and dated back into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...effects import Account, Credit, Debit
from ...findings import Finding
from ..facts import day_number
from .base import Check, Seen

__all__ = ["BalanceLate"]


class BalanceLate(Check):
    """An account is used, by the log's own clock, long after it ended.

    The rules refuse what says that it happened after the period (``balance.expired``); a
    date may lie, the log's clock not so easily. Formula: day it was recorded - last day of
    the period, above `days`. Default 60 (closing the books; 2026-11, our judgement). What
    is carried over into the next period is no use. Source: pattern F20, expired credit.
    """

    name = "balance.claimed-late"
    watches = (Account, Credit, Debit)
    thresholds = {"days": 60}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._ends: dict[str, str] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare the log's clock with the end of the period."""
        for effect in seen.one.effects:
            if isinstance(effect, Account):
                self._ends[effect.account] = effect.ends
            elif isinstance(effect, Credit | Debit) and effect.account in self._ends:
                ends = self._ends[effect.account]
                days = day_number(seen.recorded_at) - day_number(ends)
                if days > self.limit["days"]:
                    yield self.finding(
                        "major",
                        f"account {effect.account} ran to {ends} and is used on "
                        f"{seen.recorded_at[:10]}, dated {seen.one.event.occurred_at[:10]}",
                        entries=(seen.index,),
                        subject=f"account:{effect.account}",
                    )
