"""One sample, two results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...findings import Finding
from ...words import share
from .base import Check, Seen

__all__ = ["AssayTwoResults"]


class AssayTwoResults(Check):
    """A laboratory reported different grades of one analyte under one sample number.

    Formula: same issuer, same sample, same analyte, another grade. No threshold: whoever
    measures again takes a new number. Source: patterns F23 and F26.
    """

    name = "assay.two-results"
    watches = ("assay",)

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._results: dict[tuple[str, str], tuple[int, dict[str, int]]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare with what was reported under this number before."""
        for claim in seen.claims("assay"):
            sample = str(claim.facts.get("sample", ""))
            if not sample:
                continue
            grades = {str(g["analyte"]): int(g["grade"]) for g in claim.facts.get("grades", ())}
            key = (seen.one.event.by, sample)
            index, before = self._results.setdefault(key, (seen.index, grades))
            for analyte, grade in grades.items():
                if before.get(analyte, grade) != grade:
                    yield self.finding(
                        "major",
                        f"{key[0]} reported sample {sample} with {share(before[analyte])} "
                        f"{analyte}, and now with {share(grade)}",
                        entries=(index, seen.index),
                        subject=claim.subject,
                    )
                    break
