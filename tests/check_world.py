"""A ledger to try checks on: parties with countries, a clock that follows what is said.

world.at("2026-03-01T10:00:00Z", extracted("G1"))     said, happened and recorded then
world.found("travel.too-fast", road=40)               what that check adds to the rules
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from actors import (
    AUTHORITY,
    EXPORTER,
    KEYS,
    LAB,
    MINE,
    ROLES,
    SMELTER,
    TRADER,
    World,
    admitted,
    authorized,
    site,
)
from ledger.audit.auditor import Auditor
from ledger.audit.checks import CHECKS
from ledger.custody.demo_keys import demo_seed
from ledger.events import Event
from ledger.findings import Finding
from ledger.ledger import Receipt
from ledger.log.note import Signer

COUNTRIES = {
    MINE: "RW",
    TRADER: "RW",
    EXPORTER: "UG",
    SMELTER: "AT",
    LAB: "KE",
    AUTHORITY: "RW",
}

PLACES = {
    "RW-GIH": (-20_871_000, 293_402_000),
    "RW-KGL": (-19_441_000, 300_619_000),
    "AT-ALM": (472_000_000, 155_000_000),
}
"""A mine, a depot 82 km away, a smelter."""


DEVICES = [Signer(f"{AUTHORITY}/{name}", demo_seed(200 + n)) for n, name in enumerate("abc")]
"""Keys of people who work for the authority."""


class CheckWorld(World):
    """Everybody is admitted with a country; the mine, a depot and a smelter have their places.

    `facts`: what else is said of a party when it is admitted.
    """

    def __init__(self, path: Path, facts: Mapping[str, dict[str, Any]] | None = None) -> None:
        super().__init__(path)
        self.wind("2026-01-05T09:00:00Z")
        at = self.clock.text()
        roles = {**{party: (role,) for party, role in ROLES.items()}, AUTHORITY: ("state-agent",)}
        runs = {"RW-GIH": MINE, "RW-KGL": TRADER, "AT-ALM": SMELTER}
        self.record(
            *(
                admitted(
                    party,
                    **{
                        "country": COUNTRIES[party],
                        "roles": roles[party],
                        "occurred_at": at,
                        **(facts or {}).get(party, {}),
                    },
                )
                for party in ROLES
            ),
            *(
                site(name, country=name[:2], operator=runs[name], lat=lat, lon=lon, occurred_at=at)
                for name, (lat, lon) in PLACES.items()
            ),
            site("CD-RUB", name="Rubaya", country="CD", occurred_at=at),
        )

    def wind(self, at: str) -> None:
        """Set the clock."""
        self.clock.seconds = calendar.timegm(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ"))

    def at(self, when: str, *events: Event, recorded: str = "", signed: Any = None) -> Receipt:
        """Record these events as having happened, and as recorded, then or `recorded`."""
        self.wind(recorded or when)
        moved = [msgspec.structs.replace(one, occurred_at=when) for one in events]
        return self.record(*moved, signed=signed)

    def devices(self, when: str) -> list[Signer]:
        """Three people of the authority, each with a key of their own."""
        for device in DEVICES:
            grant = authorized(party=AUTHORITY, by=AUTHORITY, key=device.verifier.vkey)
            self.at(when, grant, signed=[KEYS[AUTHORITY], device])
        return DEVICES

    def findings(self, name: str, /, **policy: int) -> list[Finding]:
        """What one check finds, beside the rules."""
        plain, checked = Auditor(), Auditor(checks=[CHECKS[name](policy)])
        for auditor in (plain, checked):
            auditor.feed(self.ledger.sources())
        known = set(plain.finish().findings)
        return [one for one in checked.finish().findings if one not in known]

    def found(self, name: str, /, **policy: int) -> list[str]:
        """The codes of what one check finds, with its severity: ``travel.too-fast critical``."""
        return [f"{one.code} {one.severity}" for one in self.findings(name, **policy)]
