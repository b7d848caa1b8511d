"""Checks about places: routes, exports, travel, sites, agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    AUTHORITY,
    KEYS,
    KG,
    MINE,
    SMELTER,
    TRADER,
    blended,
    declared,
    dispatched,
    event,
    extracted,
    received,
    site,
)
from check_world import CheckWorld
from ledger.audit.plausibility import distance
from ledger.values import Grade


@pytest.fixture
def world(tmp_path: Path) -> CheckWorld:
    return CheckWorld(tmp_path / "ledger.db")


def sent(world: CheckWorld, lot: str, left: str, came: str, **fields: Any) -> None:
    """A lot goes from the mine to `to`; what is said of its route and transport in `fields`."""
    to = fields.pop("to", TRADER)
    arrived = fields.pop("arrived", ())
    dispatch = world.at(left, dispatched(lot, to=to, **fields)).event[0]
    taken = received(dispatch, (lot, 45 * KG), by=to)
    world.at(came, msgspec.structs.replace(taken, route=arrived))


# ---------------------------------------------------------------- route


def test_a_country_that_was_not_on_the_declared_route_is_found(world: CheckWorld) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("G1"))
    sent(
        world,
        "G1",
        "2026-02-11T08:00:00Z",
        "2026-03-20T08:00:00Z",
        to=SMELTER,
        route=("RW", "TZ"),
        arrived=("RW", "UG", "KE", "AT"),
    )
    (finding,) = world.findings("route.undeclared")
    assert (finding.code, finding.severity) == ("route.undeclared", "major")
    assert "KE, UG" in finding.message


@pytest.mark.parametrize(
    "said",
    [
        {"route": ("TZ",), "arrived": ("RW", "TZ", "AT")},
        {"route": ("RW", "TZ", "AT"), "arrived": ("TZ",)},
        {"arrived": ("UG",)},
        {"route": ("TZ",)},
    ],
)
def test_a_route_that_was_kept_or_not_told_is_no_finding(world: CheckWorld, said: Any) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("G1"))
    sent(world, "G1", "2026-02-11T08:00:00Z", "2026-03-20T08:00:00Z", to=SMELTER, **said)
    assert world.found("route.undeclared") == []


# ---------------------------------------------------------------- exports of a country


def certified(lot: str, number: str = "C-1", **fields: Any) -> Any:
    wanted = {
        "certificate": number,
        "subject": f"lot:{lot}",
        "standard": "regional",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
    }
    return event("certificate.issued", AUTHORITY, **{**wanted, **fields})


def exported(world: CheckWorld, bought: int, to: str = SMELTER, **fields: Any) -> None:
    """100 kg dug in Rwanda and so much bought somewhere leave as Rwandan."""
    grades = (Grade("Ta2O5", 240_000_000),)
    world.at(
        "2026-02-10T08:00:00Z",
        extracted("G1", 100 * KG, basis="dry", grades=grades),
        declared("X1", bought * KG, grades=grades, **fields),
        blended("E1", "G1", "X1"),
    )
    world.at("2026-02-11T08:00:00Z", certified("E1", origins=("RW",)))
    world.at("2026-02-12T08:00:00Z", dispatched("E1", to=to))


@pytest.mark.parametrize(("bought", "found"), [(19, 0), (21, 1)])
def test_a_country_that_exports_a_fifth_more_than_it_dug_is_found(
    world: CheckWorld, bought: int, found: int
) -> None:
    exported(world, bought)
    codes = ["country.exports-above-production major"] * found
    assert world.found("country.exports-above-production") == codes
    assert world.found("country.exports-above-production", ratio=2_000_000_000) == []


def test_stock_that_is_said_to_be_from_the_country_counts_as_recorded_there(
    world: CheckWorld,
) -> None:
    exported(world, 90, country="RW")
    assert world.found("country.exports-above-production") == []


def test_what_stays_in_the_country_is_no_export(world: CheckWorld) -> None:
    exported(world, 90, to=TRADER)
    assert world.found("country.exports-above-production") == []


# ---------------------------------------------------------------- travel


@pytest.mark.parametrize(
    ("left", "came", "mode", "found"),
    [
        ("2026-02-11T08:00:00Z", "2026-02-11T10:00:00Z", "road", 0),
        ("2026-02-11T08:00:00Z", "2026-02-11T08:01:00Z", "road", 0),
        ("2026-02-11T08:00:00Z", "2026-02-11T08:01:00Z", "sea", 1),
        ("2026-02-11T08:00:00Z", "2026-02-11T08:01:00Z", None, 0),
    ],
)
def test_eighty_kilometres_in_a_minute(
    world: CheckWorld, left: str, came: str, mode: str | None, found: int
) -> None:
    """An hour is forgiven: people round."""
    world.at("2026-02-10T08:00:00Z", extracted("G1"))
    sent(world, "G1", left, came, mode=mode)
    assert world.found("travel.too-fast") == ["travel.too-fast critical"] * found


@pytest.mark.parametrize(
    ("came", "mode", "found"),
    [
        ("2026-02-11T12:00:00Z", None, 1),
        ("2026-02-11T16:00:00Z", "air", 0),
        ("2026-02-12T08:00:00Z", "road", 1),
        ("2026-02-12T00:00:00Z", None, 0),
    ],
)
def test_from_rwanda_to_austria(world: CheckWorld, came: str, mode: str | None, found: int) -> None:
    """5,700 km; a reception that gives only the day may have been at its end."""
    world.at("2026-02-10T08:00:00Z", extracted("G1"))
    sent(world, "G1", "2026-02-11T08:00:00Z", came, to=SMELTER, mode=mode)
    assert world.found("travel.too-fast") == ["travel.too-fast critical"] * found
    assert world.found("travel.too-fast", air=9000, road=9000) == []


def test_a_party_with_two_sites_has_no_place(world: CheckWorld) -> None:
    world.at(
        "2026-02-10T08:00:00Z",
        extracted("G1"),
        site("AT-TWO", country="AT", operator=SMELTER, lat=480_000_000, lon=140_000_000),
    )
    sent(world, "G1", "2026-02-11T08:00:00Z", "2026-02-11T12:00:00Z", to=SMELTER)
    assert world.found("travel.too-fast") == []


def test_distances_are_those_of_the_globe() -> None:
    kigali, kalemie = (-19_441_000, 300_619_000), (-59_297_000, 291_860_000)
    assert abs(distance(*kigali, *kalemie) - 453_700) < 500
    assert distance(*kigali, *kigali) == 0
    assert abs(distance(900_000_000, 0, -900_000_000, 0) - 12_742_000) < 10


_lat = st.integers(-900_000_000, 900_000_000)
_lon = st.integers(-1_800_000_000, 1_800_000_000)


@given(_lat, _lon, _lat, _lon)
def test_a_distance_is_the_same_both_ways_and_on_either_side_of_the_date_line(
    lat: int, lon: int, other_lat: int, other_lon: int
) -> None:
    there = distance(lat, lon, other_lat, other_lon)
    assert there == distance(other_lat, other_lon, lat, lon)
    assert 0 <= there <= 12_742_000
    turned = lon - 3_600_000_000 if lon > 0 else lon + 3_600_000_000
    assert abs(there - distance(lat, turned, other_lat, other_lon)) <= 1


# ---------------------------------------------------------------- the state of a site


def assessed(status: str, inspected: str, **fields: Any) -> Any:
    wanted = {"site": "RW-GIH", "status": status, "inspected": inspected}
    return event("site.assessed", AUTHORITY, **wanted, **fields)


@pytest.mark.parametrize(
    ("status", "inspected", "valid_to", "expected"),
    [
        ("red", "2026-02-01", None, "site.red-used critical"),
        ("red", "2026-02-11", None, ""),
        ("blue", "2026-02-01", None, "site.blue-used major"),
        ("blue", "2023-01-01", None, "site.blue-used critical"),
        ("yellow", "2025-08-01", "2026-02-01", "site.yellow-overdue major"),
        ("yellow", "2025-08-01", "2026-02-10", ""),
        ("green", "2025-01-01", "2026-01-01", "site.assessment-expired minor"),
        ("green", "2025-12-01", "2026-12-01", ""),
        ("green", "2025-12-01", None, ""),
    ],
)
def test_a_site_is_judged_by_its_state_on_the_day_it_was_dug(
    world: CheckWorld, status: str, inspected: str, valid_to: str | None, expected: str
) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("G1"), extracted("G2"))
    # The inspector's word may come later than the ore.
    world.at("2026-02-20T08:00:00Z", assessed(status, inspected, valid_to=valid_to))
    assert world.found("site.unfit") == ([expected] if expected else [])


def test_the_last_inspection_before_the_digging_counts(world: CheckWorld) -> None:
    world.at("2026-02-01T08:00:00Z", assessed("red", "2026-01-31"))
    world.at("2026-02-09T08:00:00Z", assessed("green", "2026-02-08"))
    world.at("2026-02-10T08:00:00Z", extracted("G1"))
    assert world.found("site.unfit") == []


def test_what_was_never_dug_there_does_not_count(world: CheckWorld) -> None:
    world.at("2026-02-01T08:00:00Z", assessed("red", "2026-01-31"))
    wrong = world.at("2026-02-10T08:00:00Z", extracted("G1")).event[0]
    void = event("event.voided", MINE, event=wrong, lots=("G1",), reason="another site")
    world.at("2026-02-11T08:00:00Z", void)
    assert world.found("site.unfit") == []
    world.at("2026-02-10T08:00:00Z", extracted("G2"), recorded="2026-02-12T08:00:00Z")
    assert world.found("site.unfit") == ["site.red-used critical"]


def test_how_long_a_site_may_stay_blue_is_a_matter_of_policy(world: CheckWorld) -> None:
    world.at("2026-02-01T08:00:00Z", assessed("blue", "2026-01-01"))
    world.at("2026-02-10T08:00:00Z", extracted("G1"))
    assert world.found("site.unfit") == ["site.blue-used major"]
    assert world.found("site.unfit", blue_days=30) == ["site.blue-used critical"]


# ---------------------------------------------------------------- silence


def dug_monthly(world: CheckWorld, months: range) -> None:
    for month in months:
        world.at(f"2026-{month:02}-10T08:00:00Z", extracted(f"M{month}"))


def opened(name: str, *subjects: str, kind: str = "incident", **fields: Any) -> Any:
    wanted = {"incident": name, "kind": kind, "category": "accident", "severity": "low"}
    return event("incident.opened", AUTHORITY, subjects=subjects, **{**wanted, **fields})


def test_a_risky_site_in_silence_is_found(world: CheckWorld) -> None:
    world.at("2026-01-31T08:00:00Z", assessed("green", "2026-01-30", risk="high"))
    dug_monthly(world, range(2, 10))
    assert world.found("site.silent") == ["site.silent minor"]
    assert world.found("site.silent", days=365) == []


@pytest.mark.parametrize("about", ["site:RW-GIH", f"party:{MINE}", "lot:M4"])
def test_an_incident_ends_the_silence(world: CheckWorld, about: str) -> None:
    world.at("2026-01-31T08:00:00Z", assessed("yellow", "2026-01-30"))
    dug_monthly(world, range(2, 6))
    world.at("2026-05-15T08:00:00Z", opened("I-1", about))
    dug_monthly(world, range(6, 10))
    assert world.found("site.silent") == []


def test_silence_at_a_site_without_risk_says_nothing(world: CheckWorld) -> None:
    world.at("2026-01-31T08:00:00Z", assessed("green", "2026-01-30", risk="low"))
    dug_monthly(world, range(2, 10))
    assert world.found("site.silent") == []


# ---------------------------------------------------------------- agents


def tagged(lot: str, count: int, first: int = 1, **fields: Any) -> Any:
    numbers = tuple(f"MT-{number}" for number in range(first, first + count))
    return event("lot.tagged", MINE, lot=lot, applied=numbers, cosigners=(AUTHORITY,), **fields)


@pytest.mark.parametrize(("count", "found"), [(250, 0), (251, 1)])
def test_more_tags_than_one_agent_can_put_on(world: CheckWorld, count: int, found: int) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("G1", 9000 * KG), tagged("G1", 200))
    world.at("2026-02-10T12:00:00Z", tagged("G1", count - 200, 201))
    world.at("2026-02-11T08:00:00Z", tagged("G1", 200, 401))
    assert world.found("agent.overworked") == ["agent.overworked major"] * found
    assert world.found("agent.overworked", tags=199) == ["agent.overworked major"] * 2


def test_two_devices_of_an_office_are_two_people(world: CheckWorld) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("G1", 9000 * KG))
    for n, device in enumerate(world.devices("2026-02-10T08:30:00Z")):
        one = tagged("G1", 200, 1 + 200 * n)
        world.at(f"2026-02-10T1{n}:00:00Z", one, signed=[KEYS[MINE], device])
    assert world.found("agent.overworked") == []


def bag(lot: str, name: str, tag: str, by: str = MINE) -> Any:
    return extracted(lot, site=name, tags=(tag,), by=by, cosigners=(AUTHORITY,))


def far_site() -> Any:
    return site("RW-FAR", country="RW", operator=MINE, lat=-15_000_000, lon=300_619_000)


@pytest.mark.parametrize(("later", "found"), [("08:10", 1), ("11:00", 0)])
def test_an_agent_at_two_places(world: CheckWorld, later: str, found: int) -> None:
    """103 km as the crow flies."""
    world.at("2026-02-09T08:00:00Z", far_site())
    world.at("2026-02-10T08:00:00Z", bag("G1", "RW-GIH", "T1"))
    world.at(f"2026-02-10T{later}:00Z", bag("G2", "RW-FAR", "T2"))
    assert world.found("agent.two-places") == ["agent.two-places major"] * found
    assert world.found("agent.two-places", speed=900) == []


def test_a_device_at_two_places_is_a_contradiction(world: CheckWorld) -> None:
    device = world.devices("2026-02-09T08:00:00Z")[0]
    world.at("2026-02-09T08:00:00Z", far_site())
    keys = [KEYS[MINE], device]
    world.at("2026-02-10T08:00:00Z", bag("G1", "RW-GIH", "T1"), signed=keys)
    world.at("2026-02-10T08:10:00Z", bag("G2", "RW-FAR", "T2"), signed=keys)
    assert world.found("agent.two-places") == ["agent.two-places critical"]


@pytest.mark.parametrize(("most", "found"), [(160, 0), (180, 1)])
def test_one_of_three_agents_does_nearly_all(world: CheckWorld, most: int, found: int) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("G1", 9000 * KG))
    devices = world.devices("2026-02-10T08:30:00Z")
    first = 1
    for device, count in zip(devices, (most, 20, 20), strict=True):
        one = tagged("G1", count, first)
        first += count
        world.at("2026-02-10T10:00:00Z", one, signed=[KEYS[MINE], device])
    assert world.found("agent.concentrated") == ["agent.concentrated minor"] * found
    assert world.found("agent.concentrated", agents=4) == []
