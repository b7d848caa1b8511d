"""What people type is read exactly, or refused; what is printed reads back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import words
from ledger.errors import MalformedError
from ledger.values import BILLION, MAX_INTEGER

MASS = {"mg": 1, "g": 1000, "kg": 10**6, "t": 10**9, "ozt": Fraction("31103.4768")}
SHARE = {"%": 10**7, "ppm": 1000, "g/t": 1000, "ppb": 1}

figures = st.from_regex(r"(0|[1-9][0-9]{0,7})(\.[0-9]{1,12})?", fullmatch=True)


def refused(reader: str, text: str) -> str:
    with pytest.raises(MalformedError) as caught:
        words.READERS[reader](text)
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "milligrams"),
    [
        ("1080.0 kg", 1_080_000_000),
        ("12 t", 12_000_000_000),
        ("45 mg", 45),
        ("45mg", 45),
        ("3.2 g", 3_200),
        ("0.000001 kg", 1),
        ("10000 ozt", 311_034_768),
        ("0 kg", 0),
        ("9007199254740991 mg", MAX_INTEGER),
    ],
)
def test_a_mass_is_read(text: str, milligrams: int) -> None:
    assert words.read_mass(text) == milligrams


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1,250 kg", "mass.malformed"),
        ("1 250 kg", "mass.malformed"),
        ("1250", "mass.malformed"),
        ("kg", "mass.malformed"),
        ("-1 kg", "mass.malformed"),
        ("+1 kg", "mass.malformed"),
        ("1e3 kg", "mass.malformed"),
        ("01 kg", "mass.malformed"),
        (".5 kg", "mass.malformed"),
        ("5. kg", "mass.malformed"),
        ("1  kg", "mass.malformed"),
        (" 1 kg", "mass.malformed"),
        ("1 kg\n", "mass.malformed"),
        ("1 KG", "mass.malformed"),
        ("1 lb", "mass.malformed"),
        ("\u0661 kg", "mass.malformed"),
        ("1\u00a0kg", "mass.malformed"),
        ("1_000 kg", "mass.malformed"),
        ("NaN kg", "mass.malformed"),
        ("9" * 5000 + " kg", "mass.malformed"),
        ("0.5 mg", "mass.inexact"),
        ("1 ozt", "mass.inexact"),
        ("9007199254740992 mg", "mass.too-large"),
        ("9007200 t", "mass.too-large"),
    ],
)
def test_what_is_no_exact_mass_is_refused(text: str, code: str) -> None:
    assert refused("mass", text) == code


@given(figures, st.sampled_from(sorted(MASS)))
def test_a_mass_is_exactly_what_its_digits_say(figure: str, unit: str) -> None:
    exact = Fraction(figure) * MASS[unit]
    if exact.denominator == 1 and exact <= MAX_INTEGER:
        assert words.read_mass(f"{figure} {unit}") == exact
    else:
        assert refused("mass", f"{figure} {unit}") in ("mass.inexact", "mass.too-large")


@given(figures, st.sampled_from(sorted(SHARE)))
def test_a_share_is_exactly_what_its_digits_say(figure: str, unit: str) -> None:
    exact = Fraction(figure) * SHARE[unit]
    if exact.denominator == 1 and exact <= BILLION:
        assert words.read_share(f"{figure} {unit}") == exact
    else:
        assert refused("share", f"{figure} {unit}") in ("share.inexact", "share.too-large")


@given(st.integers(0, MAX_INTEGER))
def test_a_mass_that_is_printed_reads_back(milligrams: int) -> None:
    assert words.read_mass(words.mass(milligrams)) == milligrams


@pytest.mark.parametrize(
    ("milligrams", "text"),
    [
        (0, "0 mg"),
        (45, "45 mg"),
        (999, "999 mg"),
        (1_000, "1.000 g"),
        (3_200, "3.200 g"),
        (999_999, "999.999 g"),
        (1_080_000_000, "1080.000 kg"),
        (1_000_001, "1.000001 kg"),
        (-1_500, "-1.500 g"),
        (-5, "-5 mg"),
    ],
)
def test_a_mass_is_printed_with_its_unit(milligrams: int, text: str) -> None:
    assert words.mass(milligrams) == text


@pytest.mark.parametrize(
    ("ppb", "places", "text"),
    [
        (531_180_000, 3, "53.118 %"),
        (531_185_000, 3, "53.119 %"),
        (0, 3, "0.000 %"),
        (BILLION, 3, "100.000 %"),
        (BILLION, 0, "100 %"),
        (5_000_000, 0, "1 %"),
        (1, 7, "0.0000001 %"),
    ],
)
def test_a_share_is_printed_in_percent(ppb: int, places: int, text: str) -> None:
    assert words.share(ppb, places) == text


def test_a_share_is_not_printed_finer_than_it_is() -> None:
    assert words.share(1, 7) == "0.0000001 %"
    with pytest.raises(ValueError, match="7"):
        words.share(1, 8)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-11T08:00:00Z", "2026-02-11T08:00:00Z"),
        ("2026-02-11T10:00:00+02:00", "2026-02-11T08:00:00Z"),
        ("2026-02-11 10:00+02:00", "2026-02-11T08:00:00Z"),
        ("2026-02-11T01:30-05:30", "2026-02-11T07:00:00Z"),
        ("2026-01-01T00:00+01:00", "2025-12-31T23:00:00Z"),
        ("2026-02-11", "2026-02-11T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2000-01-01", "2000-01-01T00:00:00Z"),
        ("2199-12-31T23:59:59Z", "2199-12-31T23:59:59Z"),
    ],
)
def test_a_time_is_read_into_utc(text: str, moment: str) -> None:
    assert words.read_time(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-11T08:00:00",
        "2026-02-11 08:00",
        "2026-02-11T08Z",
        "2026-02-29",
        "2100-02-29",
        "2026-13-01",
        "2026-2-1",
        "2026-02-11T24:00Z",
        "2026-02-11T08:60Z",
        "2026-02-11T08:00:60Z",
        "2026-02-11T08:00+24:00",
        "2026-02-11T08:00+02:60",
        "2026-02-11T08:00+2:00",
        "2026-02-11T08:00z",
        "2026-02-11T08:00:00.5Z",
        "2026-02-11Z",
        "11.2.2026",
        "1999-12-31",
        "2200-01-01",
        "2000-01-01T00:00+01:00",
        "0001-01-01T00:00+01:00",
        "9999-12-31T23:59-01:00",
        "2026-02-11\n",
        "\u0662026-02-11",
        "now",
        "",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    assert refused("time", text) == "time.malformed"


@given(
    st.datetimes(datetime(2000, 1, 3), datetime(2199, 12, 29)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_in_any_zone_is_the_same_moment(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    local = moment + timedelta(minutes=minutes)
    text = local.strftime("%Y-%m-%dT%H:%M:%S") + zone
    assert words.read_time(text) == moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_day_a_count_and_degrees_are_read() -> None:
    assert words.READERS["day"]("2026-02-11") == "2026-02-11"
    assert words.READERS["count"]("24") == 24
    assert words.READERS["degrees"]("-1.9641") == -19_641_000
    assert words.READERS["degrees"]("29.8739000") == 298_739_000
    assert words.READERS["degrees"]("0") == 0


@pytest.mark.parametrize(
    ("reader", "text", "code"),
    [
        ("day", "2026-02-11T08:00:00Z", "time.malformed"),
        ("day", "2026-02-30", "time.malformed"),
        ("count", "24.0", "count.malformed"),
        ("count", "-1", "count.malformed"),
        ("count", "007", "count.malformed"),
        ("count", "9" * 17, "count.malformed"),
        ("degrees", "1.96410001", "place.malformed"),
        ("degrees", "1\u00b0", "place.malformed"),
        ("degrees", "+1", "place.malformed"),
        ("degrees", "1234", "place.malformed"),
        ("degrees", "1\n", "place.malformed"),
    ],
)
def test_what_is_no_day_count_or_place_is_refused(reader: str, text: str, code: str) -> None:
    assert refused(reader, text) == code


@given(st.sampled_from(sorted(words.READERS)), st.text(max_size=30))
def test_any_text_is_a_value_or_our_error(reader: str, text: str) -> None:
    try:
        words.READERS[reader](text)
    except MalformedError as error:
        assert error.code.endswith((".malformed", ".inexact", ".too-large"))
