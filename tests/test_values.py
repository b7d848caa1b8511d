"""The grammars of ids, times, masses and places; and the metal in an ore."""

from __future__ import annotations

import calendar
import re
import typing
from datetime import date
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import values
from ledger.values import BILLION, MAX_INTEGER, Content, Grade, Origin, contained, dry_mass


def fits(kind: object, value: object) -> bool:
    try:
        msgspec.convert(value, type=kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("Id", ["A", "GIH-0001", "a.b:c_d-e", "9" * 128], ["", "-A", "A ", "A\n", "x" * 129]),
        ("Id", [], ["\u00c4", "a/b", "a+b"]),
        ("KeyName", ["a.example", "a.example/phone"], ["a/b/c", "a/", "/b", "a b"]),
        ("EventId", ["0f" * 32], ["0F" * 32, "0f" * 31, "0f" * 32 + "\n", "0g" * 32]),
        ("Digest", ["0f" * 32], ["0F" * 32, "0f" * 31]),
        ("Subject", ["lot:A", "party:a.example", "event:" + "0f" * 32], ["lot", "lot:", "bag:A"]),
        ("Subject", [], ["lot:A\n", "LOT:A"]),
        ("Word", ["hand-scale", "a", "0"], ["Hand", "-a", "a_b", "", "a" * 65]),
        ("Text", ["x", "\u00e9\u4e2d", "x" * 1000], ["", "x" * 1001]),
        ("Substance", ["Ta", "Ta2O5", "mica"], ["2Ta", "", "Ta-Nb", "T" * 33]),
        ("Country", ["RW", "CD"], ["rw", "RWA", "R", "R1"]),
        ("Time", ["2026-02-11T08:00:00Z"], ["2026-02-11T08:00:00z", "2026-02-11"]),
        ("Time", ["2026-02-11T23:59:59Z"], ["2026-02-11T24:00:00Z", "2026-02-11T08:60:00Z"]),
        ("Time", ["2000-01-01T00:00:00Z"], ["2026-02-11T08:00:60Z", "2026-02-11T08:00:00Z\n"]),
        ("Mass", [0, 1, MAX_INTEGER], [-1, MAX_INTEGER + 1, 1.5, "1", True]),
        ("Positive", [1, MAX_INTEGER], [0, -1, MAX_INTEGER + 1]),
        ("Share", [0, BILLION], [-1, BILLION + 1]),
        ("Count", [1, MAX_INTEGER], [0]),
        ("Latitude", [-900_000_000, 900_000_000], [900_000_001, -900_000_001]),
        ("Longitude", [-1_800_000_000, 1_800_000_000], [1_800_000_001]),
        ("Basis", ["wet", "dry"], ["damp", ""]),
    ],
)  # fmt: skip
def test_a_grammar_is_complete(kind: str, good: list[object], bad: list[object]) -> None:
    hint = getattr(values, kind)
    assert [one for one in good if not fits(hint, one)] == []
    assert [one for one in bad if fits(hint, one)] == []


def test_a_key_is_spelled_as_text() -> None:
    key = "+0badc0de+" + "A" * 44
    good = ["governance/1", "a.example", "kivu.example/trail", "a/b/c/d/e"]
    assert all(fits(values.Vkey, name + key) for name in good)
    bad = ["", "a/b/c/d/e/f", "a b", "a//b"]
    assert not any(fits(values.Vkey, name + key) for name in bad)
    assert not fits(values.Vkey, "a" + key + "=")
    assert not fits(values.Vkey, "a+0BADC0DE+" + "A" * 44)


def test_a_day_is_a_day_of_the_calendar() -> None:
    for year in (2000, 2001, 2004, 2096, 2100, 2104, 2199):
        for month in range(14):
            for day in range(33):
                text = f"{year}-{month:02}-{day:02}"
                real = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
                assert fits(values.Day, text) is real, text


def test_every_leap_day_of_the_two_centuries_is_known() -> None:
    for year in range(2000, 2200):
        assert fits(values.Day, f"{year}-02-29") is calendar.isleap(year)
    assert not fits(values.Day, "1999-12-31")
    assert not fits(values.Day, "2200-01-01")


@given(st.dates(date(2000, 1, 1), date(2199, 12, 31)))
def test_every_day_of_the_two_centuries_is_a_day(day: date) -> None:
    assert fits(values.Day, day.isoformat())
    assert fits(values.Time, f"{day.isoformat()}T23:59:59Z")


def test_no_grammar_lets_a_final_newline_pass() -> None:
    for name in values.__all__:
        for part in getattr(getattr(values, name), "__metadata__", ()):
            if isinstance(part, msgspec.Meta) and part.pattern:
                assert part.pattern.startswith(r"\A")
                assert part.pattern.endswith(r"\Z")
                re.compile(part.pattern)


# ---------------------------------------------------------------- origins


def test_an_origin_reads_back_from_its_key() -> None:
    for kind in values.ORIGIN_CLASSES:
        for place, country in ((None, None), ("RW-GIH", None), (None, "RW")):
            # What began in another ledger is told apart by the lot that it is here.
            named = {"lot" if kind == "foreign" else "site": place}
            origin = Origin(kind, country=country, **named)
            assert Origin.of_key(origin.key) == origin


def test_the_classes_of_origin_are_those_of_the_type() -> None:
    assert typing.get_args(values.OriginClass) == values.ORIGIN_CLASSES


# ---------------------------------------------------------------- dry matter and metal

shares = st.integers(0, BILLION)
masses = st.integers(0, MAX_INTEGER)


def nearest(exact: Fraction) -> int:
    """The nearest integer, halves up."""
    return (exact + Fraction(1, 2)).__floor__()


@given(masses, shares)
def test_dry_matter_is_what_is_no_water_to_the_nearest_milligram(mass: int, moisture: int) -> None:
    exact = Fraction(mass) * (BILLION - moisture) / BILLION
    assert dry_mass(mass, "wet", moisture) == nearest(exact)
    assert 0 <= nearest(exact) <= mass


@given(masses, shares)
def test_dry_material_is_dry_and_wet_of_unknown_moisture_unknown(mass: int, moisture: int) -> None:
    assert dry_mass(mass, "dry", None) == dry_mass(mass, "dry", moisture) == mass
    assert dry_mass(mass, "wet", None) is None


@given(masses, st.sampled_from(sorted(values.STOICHIOMETRY)), shares)
def test_an_oxide_contains_its_part_of_the_metal(mass: int, oxide: str, grade: int) -> None:
    element, factor = values.STOICHIOMETRY[oxide]
    exact = Fraction(mass) * grade * factor / BILLION / BILLION
    assert contained(mass, [Grade(oxide, grade)]) == (Content(element, nearest(exact)),)


@given(masses, shares, shares)
def test_two_analytes_of_one_element_add_up_and_are_rounded_once(
    mass: int, oxide: int, metal: int
) -> None:
    exact = Fraction(mass) * (Fraction(oxide * 818_970_000, BILLION) + metal) / BILLION
    found = contained(mass, [Grade("Ta", metal), Grade("Ta2O5", oxide)])
    assert found == (Content("Ta", nearest(exact)),)


def test_what_is_not_listed_counts_as_itself_and_the_list_is_sorted() -> None:
    found = contained(1000, [Grade("mica", BILLION // 2), Grade("Nb2O5", 100_000_000)])
    assert found == (Content("Nb", 70), Content("mica", 500))
    assert contained(1000, []) == ()


def test_the_factors_agree_with_the_atomic_weights() -> None:
    # Abridged standard atomic weights, IUPAC 2021.
    weights = {
        "C": 12.011,
        "Co": 58.933,
        "Li": 6.94,
        "Nb": 92.906,
        "O": 15.999,
        "S": 32.06,
        "Sn": 118.71,
        "Ta": 180.95,
        "W": 183.84,
    }
    for oxide, (element, factor) in values.STOICHIOMETRY.items():
        atoms = [(s, int(n or 1)) for s, n in re.findall(r"([A-Z][a-z]?)([0-9]*)", oxide)]
        whole = sum(weights[symbol] * count for symbol, count in atoms)
        part = sum(weights[symbol] * count for symbol, count in atoms if symbol == element)
        assert abs(part / whole - factor / BILLION) < 0.0005, oxide
