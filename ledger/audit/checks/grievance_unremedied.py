"""A complaint that was closed over the head of whoever complained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...findings import Finding
from .base import Check, Seen

__all__ = ["GrievanceUnremedied"]


class _Grievance(msgspec.Struct):
    index: int
    subjects: tuple[str, ...]
    complainant: str
    remedy: bool = False
    confirmed: bool = False


class GrievanceUnremedied(Check):
    """A grievance was closed as remedied without a remedy, or nobody but the accused confirmed it.

    Formula: closed with outcome remedied, and no update told the remedy; or none confirmed
    it, or only a party that the grievance is about. Closing as unfounded or transferred is
    left to whoever reads. No threshold. Source: a remedy is one if whoever was harmed says so.
    """

    name = "grievance.unremedied"
    watches = ("incident",)

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._open: dict[str, _Grievance] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Follow each grievance to its end."""
        for claim in seen.claims("incident"):
            if claim.status == "opened" and claim.facts.get("kind") == "grievance":
                self._open[claim.subject] = _Grievance(
                    seen.index,
                    tuple(claim.facts.get("subjects", ())),
                    str(claim.facts.get("complainant", "")),
                )
            one = self._open.get(claim.subject)
            if one is None:
                continue
            by = str(claim.facts.get("by", seen.one.event.by))
            one.remedy = one.remedy or bool(claim.facts.get("remedy"))
            if claim.status == "confirmed":
                accused = f"party:{by}" in one.subjects
                one.confirmed = by == one.complainant or not accused
            elif claim.status == "appealed":
                one.confirmed = False
            elif claim.status == "closed" and claim.facts.get("outcome") == "remedied":
                missing = [] if one.remedy else ["a remedy"]
                missing += [] if one.confirmed else ["a confirmation by the complainant"]
                if missing:
                    yield self.finding(
                        "major",
                        f"grievance {claim.subject[9:]} was closed by {by} as remedied, without "
                        f"{' and '.join(missing)}",
                        entries=(one.index, seen.index),
                        subject=claim.subject,
                    )
