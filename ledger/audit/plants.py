"""What plants have declared, and which of them a process ran in.

    plants = Plants()
    plants.note(claim)                          process.declared
    plants.of(claim, by)                        the declaration that a finished process is under

A process that does not name its site belongs to the only site of the party that declared a
process of this name, if there is only one; else to none.
"""

from __future__ import annotations

import msgspec

from ..effects import Claim

__all__ = ["Plant", "Plants"]


class Plant(msgspec.Struct, frozen=True):
    """A process at a site, as it was declared; nought or "" for what was not."""

    site: str
    process: str
    index: int
    capacity: int = 0
    substance: str = ""
    least: int = 0
    most: int = 0


class Plants:
    """Declared processes, by site, by name, and by who declared them."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Plant] = {}
        self._of_party: dict[tuple[str, str], set[str]] = {}

    def note(self, claim: Claim, by: str, index: int) -> None:
        """Take in a declaration; a later one of the same process replaces it."""
        facts, site = claim.facts, claim.subject[5:]
        process = str(facts["process"])
        self.known[site, process] = Plant(
            site,
            process,
            index,
            int(facts.get("capacity", 0)),
            str(facts.get("substance", "")),
            int(facts.get("recovery_min", 0)),
            int(facts.get("recovery_max", 0)),
        )
        self._of_party.setdefault((by, process), set()).add(site)

    def of(self, claim: Claim, by: str) -> Plant | None:
        """The plant that a process was done in, if that is known."""
        process = str(claim.facts.get("process", ""))
        site = str(claim.facts.get("facility", ""))
        if not site:
            sites = self._of_party.get((by, process), set())
            site = min(sites) if len(sites) == 1 else ""
        return self.known.get((site, process))
