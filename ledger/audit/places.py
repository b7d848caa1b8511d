"""Where parties are: at the one site that they run, if it is one.

places = Places()
places.note(claim)              a site was registered
places.of("gihanga.example")    (latitude, longitude) in 1e-7 degrees, or None
"""

from __future__ import annotations

from ..effects import Claim

__all__ = ["Place", "Places"]

Place = tuple[int, int]
"""Latitude and longitude in 1e-7 degrees."""


class Places:
    """Sites with coordinates, and who runs them."""

    def __init__(self) -> None:
        self.sites: dict[str, Place] = {}
        self._run: dict[str, set[str]] = {}

    def note(self, claim: Claim) -> None:
        """Take in a site that is registered."""
        site, facts = claim.subject[5:], claim.facts
        if facts.get("operator"):
            self._run.setdefault(str(facts["operator"]), set()).add(site)
        if "lat" in facts and "lon" in facts:
            self.sites[site] = (int(facts["lat"]), int(facts["lon"]))

    def of(self, party: str) -> Place | None:
        """Where the party is, if it runs one site only and that has coordinates."""
        run = self._run.get(party, set())
        return self.sites.get(min(run)) if len(run) == 1 else None
