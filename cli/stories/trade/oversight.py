"""What goes wrong, and who looks after it: incidents 0.4 and grievances 0.1 per site and month.

Acknowledged within days, assessed, remedied, confirmed and closed within two months. Only
where artisans dig, in the regions at risk.
"""

from __future__ import annotations

from typing import Literal

from ledger.events import Event
from ledger.events.incident_closed import IncidentClosed
from ledger.events.incident_opened import IncidentOpened
from ledger.events.incident_updated import IncidentUpdated
from ledger.events.risk_assessed import RiskAssessed

from .cast import MONTHS, Region, Site
from .diary import Entry, Process, day_of, time_of
from .dice import DAY, HOUR
from .world import World

__all__ = ["begin_oversight", "lifecycle"]

_INCIDENT = 400_000 // 30
_GRIEVANCE = 100_000 // 30
"""In a million, each day."""

_CATEGORIES = ("accident", "spill", "missing-tag", "a2-2-access", "theft")


def begin_oversight(world: World) -> None:
    """Every artisanal site, every day."""
    for region in world.cast.regions:
        for site in region.sites:
            world.diary.begin(_watched(world, region, site), world.month(0))


def _watched(world: World, region: Region, site: Site) -> Process:
    dice = world.dice(f"incidents/{site.site}")
    number = 0
    for day in range(MONTHS * 30):
        for kind, chance in (("incident", _INCIDENT), ("grievance", _GRIEVANCE)):
            if not dice.happens(chance):
                continue
            number += 1
            at = world.month(0) + day * DAY + dice.randrange(9 * HOUR)
            yield Entry(at)
            name = f"{'I' if kind == 'incident' else 'G'}-{region.code}-{site.site}-{number}"
            process = lifecycle(world, region, site, name, kind == "grievance")
            world.diary.begin(process, at)


def lifecycle(world: World, region: Region, site: Site, name: str, grievance: bool) -> Process:
    """From the day it is opened until it is closed."""
    dice = world.dice(f"incident/{name}")
    opener = region.authority if grievance else region.agents[0]
    at = world.diary.now()
    severity: Literal["low", "medium"] = "low" if dice.randrange(3) else "medium"
    category = _CATEGORIES[dice.randrange(len(_CATEGORIES))]
    opened = IncidentOpened(
        by=opener,
        occurred_at=time_of(at),
        incident=name,
        kind="grievance" if grievance else "incident",
        category=category,
        severity=severity,
        subjects=(f"site:{site.site}",),
        happened=day_of(at),
        complainant=f"voice-{dice.randrange(10_000):04}" if grievance else None,
    )
    yield Entry(at + dice.lognormal(10 * HOUR, 400), (opener,), [opened])
    steps: tuple[tuple[Literal["acknowledged", "assessed", "remedied", "confirmed"], int], ...] = (
        ("acknowledged", 4),
        ("assessed", 14),
        ("remedied", 30),
        ("confirmed", 10),
    )
    for status, days in steps:
        at += DAY + dice.randrange(days * DAY)
        at = max(at, world.diary.now())
        updated: list[Event] = [
            IncidentUpdated(
                by=opener,
                occurred_at=time_of(at),
                incident=name,
                status=status,
                remedy="made good to those concerned" if status == "remedied" else None,
            )
        ]
        if status == "assessed" and severity == "medium":
            updated.append(_risk(opener, site, name, category, at))
        yield Entry(at + 3 * HOUR, (opener,), updated)
    at = world.diary.now() + DAY
    closed = IncidentClosed(by=opener, occurred_at=time_of(at), incident=name, outcome="remedied")
    yield Entry(at + HOUR, (opener,), [closed])


def _risk(by: str, site: Site, name: str, category: str, at: int) -> Event:
    return RiskAssessed(
        by=by,
        occurred_at=time_of(at),
        subject=f"site:{site.site}",
        category=category,
        severity="medium",
        likelihood="low",
        response="continue",
        incident=name,
        due=day_of(at + 60 * DAY),
    )
