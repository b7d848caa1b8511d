"""From words to values: one grammar for options, cells and JSON strings."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cli.words import FieldsError, Reader, build, shapes
from ledger.errors import MalformedError
from ledger.events import TYPES, encode

READER = Reader()


def read(kind: str, field: str, text: str, reader: Reader = READER) -> Any:
    return reader.read(text, shapes(TYPES[kind])[field])


@pytest.mark.parametrize(
    ("kind", "field", "text", "value"),
    [
        ("lot.extracted", "mass", "45.2 kg", 45_200_000),
        ("lot.extracted", "moisture", "4.0%", 40_000_000),
        ("lot.extracted", "dug_from", "2026-02-11", "2026-02-11"),
        ("lot.extracted", "occurred_at", "2026-02-11T10:00+02:00", "2026-02-11T08:00:00Z"),
        ("lot.extracted", "basis", "wet", "wet"),
        ("lot.extracted", "pieces", "24", 24),
        ("lot.extracted", "material", "coltan ore, dry", "coltan ore, dry"),
        ("lot.extracted", "tags", "MT-1 MT-2;MT-3; MT-4", ["MT-1", "MT-2", "MT-3", "MT-4"]),
        ("lot.extracted", "tags", "", []),
        (
            "lot.extracted",
            "grades",
            "Ta2O5=24.0 %;Nb2O5=120000 ppm",
            [
                {"analyte": "Ta2O5", "grade": 240_000_000},
                {"analyte": "Nb2O5", "grade": 120_000_000},
            ],
        ),
        (
            "lot.extracted",
            "grades",
            "Ta2O5,grade=24.0 %",
            [{"analyte": "Ta2O5", "grade": 240_000_000}],
        ),
        ("site.registered", "lat", "-1.9641", -19_641_000),
        ("site.registered", "minerals", "coltan ore; tin ore", ["coltan ore", "tin ore"]),
        ("custody.dispatched", "lots", "GIH-C1;GIH-C2", [{"lot": "GIH-C1"}, {"lot": "GIH-C2"}]),
        ("custody.dispatched", "lots", "GIH-C1=5 kg", [{"lot": "GIH-C1", "mass": 5_000_000}]),
        (
            "custody.received",
            "lots",
            "A=1 kg,basis=dry,grades=Ta2O5=31.9 %;Nb2O5=4 % | B=2 kg , basis=wet , moisture=1 %",
            [
                {
                    "lot": "A",
                    "mass": 1_000_000,
                    "basis": "dry",
                    "grades": [
                        {"analyte": "Ta2O5", "grade": 319_000_000},
                        {"analyte": "Nb2O5", "grade": 40_000_000},
                    ],
                },
                {"lot": "B", "mass": 2_000_000, "basis": "wet", "moisture": 10_000_000},
            ],
        ),
        ("product.made", "components", "CAP,per_unit=2", [{"lot": "CAP", "per_unit": 2}]),
        ("product.made", "components", "CAP=2", [{"lot": "CAP", "per_unit": 2}]),
        ("ledger.created", "demo", "yes", True),
        ("ledger.created", "demo", "no", False),
        ("document.attached", "digest", "0" * 64, "0" * 64),
    ],
)
def test_words_become_values(kind: str, field: str, text: str, value: Any) -> None:
    assert read(kind, field, text) == value


@pytest.mark.parametrize(
    ("kind", "field", "text", "code"),
    [
        ("lot.extracted", "mass", "1,250 kg", "mass.malformed"),
        ("lot.extracted", "mass", "45", "mass.malformed"),
        ("lot.extracted", "mass", "0.0000001 kg", "mass.inexact"),
        ("lot.extracted", "moisture", "101 %", "share.too-large"),
        ("lot.extracted", "basis", "moist", "word.unknown"),
        ("lot.extracted", "basis", "WET", "word.unknown"),
        ("lot.extracted", "pieces", "24.0", "count.malformed"),
        ("lot.extracted", "pieces", "\u0662", "count.malformed"),
        ("lot.extracted", "dug_from", "11/02/2026", "time.malformed"),
        ("lot.extracted", "occurred_at", "yesterday", "time.malformed"),
        ("site.registered", "lat", "1.96415555", "place.malformed"),
        ("lot.extracted", "grades", "Ta2O5", "field.missing"),
        ("lot.extracted", "grades", "Ta2O5=24 %,sort=best", "line.field"),
        ("lot.extracted", "grades", "Ta2O5=24 %,best", "line.field"),
        ("lot.extracted", "grades", "Ta2O5=24 %,grade=25 %", "line.twice"),
        ("lot.extracted", "grades", "Ta2O5=24", "share.malformed"),
        ("custody.received", "lots", "A=1,250 kg,basis=dry", "line.field"),
        ("ledger.created", "demo", "true", "word.unknown"),
        ("document.attached", "digest", "@paper.pdf", "digest.file"),
    ],
)
def test_words_that_will_not_do_are_refused_by_code(
    kind: str, field: str, text: str, code: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        read(kind, field, text)
    assert caught.value.code == code


def test_a_file_may_stand_for_its_digest_on_the_command_line(tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"paper")
    reader = Reader(files=True)
    found = read("document.attached", "digest", f"@{paper}", reader)
    assert found == sha256(b"paper").hexdigest()
    for missing in (tmp_path, tmp_path / "none", "\0"):
        with pytest.raises(MalformedError) as caught:
            read("document.attached", "digest", f"@{missing}", reader)
        assert caught.value.code == "digest.file"


def test_short_ids_and_names_of_keys_are_looked_up() -> None:
    reader = Reader(event=lambda start: start + "!", key=lambda name: name + "+key")
    assert read("custody.received", "dispatch", "57", reader) == "57!"
    assert read("key.authorized", "key", "a.example/phone", reader) == "a.example/phone+key"
    assert read("document.attached", "digest", "57", reader) == "57"


@given(st.text(max_size=60), st.sampled_from(sorted(TYPES)))
def test_any_text_is_a_value_or_refused(text: str, kind: str) -> None:
    for form in shapes(TYPES[kind]).values():
        try:
            READER.read(text, form)
        except MalformedError as error:
            assert error.code != "malformed"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["lot", "mass", "analyte", "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_json_value_is_an_event_or_refused(value: Any) -> None:
    for kind in ("lot.extracted", "custody.received", "lot.refined", "ledger.created"):
        for field, form in shapes(TYPES[kind]).items():
            try:
                build(TYPES[kind], {"by": "a", field: READER.accept(value, form)})
            except MalformedError:
                continue


FIELDS = {
    "by": "gihanga.example",
    "occurred_at": "2026-02-11T08:00:00Z",
    "lot": "GIH-1",
    "material": "coltan ore",
    "mass": 45_000_000,
    "basis": "wet",
    "site": "RW-GIH",
    "method": "asm",
}


def test_values_become_an_event_of_its_type() -> None:
    event = build(TYPES["lot.extracted"], {**FIELDS, "cosigners": ["z", "a"], "tags": []})
    assert event.cosigners == ("a", "z")
    assert b'"tags"' not in encode(event)


@pytest.mark.parametrize(
    ("wrong", "field", "code", "words"),
    [
        ({"lot": "two words"}, "lot", "field.malformed", "'two words' is no identifier"),
        ({"mass": 0}, "mass", "field.malformed", ">= 1"),
        ({"mass": "45"}, "mass", "field.malformed", "int"),
        ({"colour": "red"}, "colour", "field.unknown", "no colour"),
        ({"lot": None}, "lot", "field.missing", "nothing"),
        ({"grades": [{"analyte": "Ta2O5", "grade": 1}], "moisture": None}, "", "", "moisture"),
        ({"remark": "a\u202eb"}, "", "canonical.forbidden-character", ""),
        ({"tags": [f"T{n}" for n in range(300)]}, "tags", "field.malformed", "256"),
    ],
)
def test_what_is_no_event_is_refused_by_field(
    wrong: dict[str, Any], field: str, code: str, words: str
) -> None:
    with pytest.raises(FieldsError) as caught:
        build(TYPES["lot.extracted"], {**FIELDS, **wrong})
    (problem,) = caught.value.problems
    assert problem.field == field
    assert problem.code == (code or "event.malformed")
    assert words in problem.message


def test_every_problem_of_an_event_is_named() -> None:
    with pytest.raises(FieldsError) as caught:
        build(TYPES["lot.extracted"], {"lot": "x y", "basis": "moist"})
    assert {one.field for one in caught.value.problems} == {
        *("by", "occurred_at", "lot", "basis", "material", "mass", "site", "method"),
    }
    assert "(and 7 more)" in str(caught.value)
