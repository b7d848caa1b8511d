"""How it begins: parties are admitted, places registered and inspected, plants declared."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.events import GOVERNANCE, Event
from ledger.events.audit_reported import AuditReported
from ledger.events.party_admitted import PartyAdmitted
from ledger.events.process_declared import ProcessDeclared
from ledger.events.site_assessed import SiteAssessed
from ledger.events.site_registered import SiteRegistered

from .cast import MONTH, Cast, Party, Site
from .diary import Entry, day_of, time_of
from .dice import DAY
from .goods import Mineral
from .world import BEGINS, World

__all__ = ["admitted", "opening", "registered"]

KG = 1_000_000
PERCENT = 10_000_000
_AT_ONCE = 60
_YEAR = 365 * DAY


def opening(world: World) -> Iterator[Entry]:
    """The statements before the first bag."""
    cast, at = world.cast, BEGINS
    everybody = list(cast.parties.values())
    for start in range(0, len(everybody), _AT_ONCE):
        yield admitted(cast, everybody[start : start + _AT_ONCE], at)
    for region in cast.regions:
        events: list[Event] = [
            registered(region.authority, site, region.mineral, at)
            for site in (*region.sites, region.depot)
        ]
        events += [_inspected(region.authority, site, at) for site in region.sites]
        yield Entry(at, (region.authority,), events)
        monthly = sum(site.monthly for site in region.sites)
        declared = _process(
            region.depot, "washing", monthly * 2 * world.plan.every, region.mineral, at, 88, 99
        )
        yield Entry(at, (region.comptoir,), [declared])
    for mine in cast.mines:
        events = [registered(mine.authority, mine.site, mine.mineral, at)]
        events.append(_inspected(mine.authority, mine.site, at, "low"))
        yield Entry(at, (mine.authority,), events)
        milled = 45_000 * world.plan.loads * world.plan.every * KG
        declared = _process(mine.site, "milling", milled, mine.mineral, at, 60, 90)
        yield Entry(at, (mine.site.operator,), [declared])
    for works in cast.works():
        yield Entry(at, (works.party,), [registered(works.party, works.site, works.mineral, at)])
    yield Entry(at, (cast.auditor,), list(_audits(cast, at)))


def admitted(cast: Cast, parties: list[Party], at: int) -> Entry:
    """Governance admits them; each new key signs too."""
    events = [
        PartyAdmitted(
            by=GOVERNANCE,
            occurred_at=time_of(at),
            party=one.party,
            name=one.name,
            roles=one.roles,
            key=cast.vkey(one.party),
            country=one.country,
        )
        for one in parties
    ]
    return Entry(at, (GOVERNANCE, *(one.party for one in parties)), events)


def registered(by: str, site: Site, mineral: Mineral | None, at: int) -> SiteRegistered:
    """A place enters the ledger; an artisanal mine can give half as much again as usual."""
    return SiteRegistered(
        by=by,
        occurred_at=time_of(at),
        site=site.site,
        name=site.name,
        kind=site.kind,
        country=site.country,
        operator=site.operator,
        minerals=(mineral.name,) if mineral else (),
        substances=(mineral.element,) if mineral else (),
        lat=site.lat or None,
        lon=site.lon or None,
        capacity=site.monthly * 3 // 2 + 200 * KG if site.monthly else None,
    )


def _inspected(by: str, site: Site, at: int, risk: str = "high") -> SiteAssessed:
    """Green, until after the digging here ends."""
    return SiteAssessed(
        by=by,
        occurred_at=time_of(at),
        site=site.site,
        status="green",
        inspected=day_of(at - 20 * DAY),
        valid_to=day_of(at + 2 * _YEAR),
        standard="regional inspection (fictional)",
        miners=site.miners or None,
        risk=risk,
    )


def _process(
    site: Site, process: str, capacity: int, mineral: Mineral, at: int, least: int, most: int
) -> Event:
    return ProcessDeclared(
        by=site.operator,
        occurred_at=time_of(at),
        site=site.site,
        process=process,
        capacity=capacity,
        substance=mineral.element,
        recovery_min=least * PERCENT,
        recovery_max=most * PERCENT,
    )


def _audits(cast: Cast, at: int) -> Iterator[Event]:
    """The smelters' and makers' management of risks was looked at."""
    for number, works in enumerate(cast.works()):
        yield AuditReported(
            by=cast.auditor,
            occurred_at=time_of(at),
            audit=f"AUD-{number + 1:03}",
            subject=f"party:{works.party}",
            standard="responsible sourcing, version 3 (fictional)",
            outcome="conformant",
            valid_from=day_of(at),
            valid_to=day_of(at + 24 * MONTH),
        )
