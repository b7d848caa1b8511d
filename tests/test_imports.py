"""Other systems' files as evidence: exact masses, one digest, nothing signed; or one error."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_place import MINE, settled
from ledger import imports
from ledger.errors import MalformedError

SCHEMAS = os.environ.get("ORETRAIL_SCHEMAS")  # read before the tests forget it
DOMAIN = "https://id.gs1.org/01/09521234123453/10/"


def quantity(lot: str, mass: Any = 12.5, uom: str = "KGM") -> dict[str, Any]:
    return {"epcClass": DOMAIN + lot, "quantity": mass, "uom": uom}


def commissioned(*quantities: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "ObjectEvent", "action": "ADD", "quantityList": list(quantities), **more}


def epcis(*events: dict[str, Any], **more: Any) -> bytes:
    body = {"type": "EPCISDocument", "epcisBody": {"eventList": list(events)}, **more}
    return json.dumps(body).encode()


def passport(**more: Any) -> dict[str, Any]:
    product = {
        "id": DOMAIN + "TIN-1",
        "name": "tin ingots",
        "batchNumber": "TIN-1",
        "dimensions": {"weight": {"value": 980.25, "unit": "KGM"}},
        "materialProvenance": [
            {"originCountry": {"countryCode": "RW"}, "massFraction": 0.75},
            {"originCountry": {"countryCode": "RW"}, "massFraction": 0.25},
        ],
        **more,
    }
    kind = ["DigitalProductPassport", "VerifiableCredential"]
    return {"type": kind, "issuer": {"name": "A smelter"}, "credentialSubject": product}


def batch(lot: str, parents: int = 0, country: str = "RWA") -> dict[str, Any]:
    said = {
        "localIdentifiers": [
            {"key": "manufacturerId", "value": "BPNL00000000MINA"},
            {"key": "batchId", "value": lot},
        ],
        "manufacturingInformation": {"country": country},
        "catenaXId": "urn:uuid:3e66c614-25b1-5431-8594-8e8972c8166a",
        "partTypeInformation": {"nameAtManufacturer": "concentrate"},
    }
    used = {"parentItems": [{"quantity": {"value": 1, "unit": "unit:kilogram"}}] * parents}
    return {
        "submodels": [
            {"aspectType": "urn:samm:io.catenax.batch:3.0.0#Batch", "payload": said},
            {"aspectType": "urn:samm:x#SingleLevelUsageAsBuilt", "payload": used},
        ]
    }


def tracex(*assets: dict[str, Any]) -> bytes:
    return json.dumps({"assets": list(assets)}).encode()


# ---------------------------------------------------------------- what is read


def test_lots_that_went_into_others_are_not_offered() -> None:
    data = epcis(
        commissioned(quantity("A"), quantity("B", "1250.5")),
        {
            "type": "TransformationEvent",
            "inputQuantityList": [quantity("A")],
            "outputQuantityList": [quantity("C", 980.250001)],
            "ilmd": {"x:material": "tin", "x:countryOfOrigin": "RW"},
        },
        {"type": "ObjectEvent", "action": "DELETE", "quantityList": [quantity("B")]},
    )
    form, (left,) = imports.read(data)
    assert form == "epcis"
    assert (left.lot, left.mass, left.material, left.country) == ("C", 980_250_001, "tin", "RW")


def test_a_passport_becomes_one_lot_with_its_origins_in_words() -> None:
    form, (lot,) = imports.read(json.dumps(passport()).encode())
    assert form == "untp"
    assert (lot.lot, lot.mass, lot.country, lot.supplier) == (
        "TIN-1",
        980_250_000,
        "RW",
        "A smelter",
    )
    assert lot.note == "origins as its issuer says: 0.75 RW; 0.25 RW"


def test_a_passport_of_two_countries_has_none() -> None:
    origins = [{"originCountry": {"countryCode": code}} for code in ("RW", "CD")]
    _, (lot,) = imports.read(json.dumps(passport(materialProvenance=origins)).encode())
    assert lot.country == ""


def test_a_token_is_read_without_believing_it() -> None:
    parts = [{"alg": "EdDSA"}, passport()]
    encoded = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts]
    form, (lot,) = imports.read(b".".join([*encoded, b"c2ln"]))
    assert (form, lot.lot) == ("untp", "TIN-1")


def test_a_trace_x_batch_that_is_a_part_of_another_is_not_offered() -> None:
    form, (lot,) = imports.read(tracex(batch("ORE-1", parents=1), batch("TIN-1", country="MYS")))
    assert form == "tracex"
    assert (lot.lot, lot.mass, lot.country, lot.supplier) == (
        "TIN-1",
        None,
        "MY",
        "BPNL00000000MINA",
    )


def test_what_is_drafted_names_the_file_by_its_digest() -> None:
    data = epcis(commissioned(quantity("A")))
    form, offers = imports.read(data)
    declared, paper = imports.draft(offers, form=form, source="a.json", data=data)
    assert declared["mass"] == 12_500_000
    assert declared["origin"] == "unknown"
    assert "a.json" in declared["reason"]
    assert paper["digest"] == hashlib.sha256(data).hexdigest()
    assert (paper["subject"], paper["kind"]) == ("lot:A", "epcis")
    assert not {"by", "occurred_at", "after"} & set(declared)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "import.unknown"),
        (b"lot,mass\nA,1 kg\n", "import.unknown"),
        (b"EPCISDocument", "import.malformed"),
        (epcis(), "import.empty"),
        (epcis(commissioned(quantity("A"), quantity("A/"))), "import.malformed"),
        (epcis(commissioned(quantity("A"), quantity("x/A"))), "import.lot-twice"),
        (epcis(commissioned(quantity("A", 1, "LBR"))), "import.unit"),
        (epcis(commissioned(quantity("A", 0))), "import.mass"),
        (epcis(commissioned(quantity("A", -1))), "import.mass"),
        (epcis(commissioned(quantity("A", 0.0000001))), "import.mass"),
        (epcis(commissioned(quantity("A", 1e300))), "import.mass"),
        (epcis(commissioned(quantity("A", "many"))), "import.malformed"),
        (epcis(commissioned(quantity("A", True))), "import.unit"),
        (epcis(commissioned(quantity("A", [1]))), "import.malformed"),
        (epcis(commissioned(quantity("***"))), "import.malformed"),
        (epcis(commissioned(quantity("A"))).replace(b"12.5", b"NaN"), "import.malformed"),
        (epcis({"type": "ObjectEvent", "action": "ADD", "quantityList": 5}), "import.malformed"),
        (epcis(type="Other").replace(b"Other", b"Other EPCISDocument"), "import.malformed"),
        (b"EPCISDocument" + b"[" * 100_000, "import.malformed"),
        (json.dumps({"type": ["X"], "y": "DigitalProductPassport"}).encode(), "import.malformed"),
        (b"eyJhbGciOiJFZERTQSJ9.e30", "import.malformed"),
        (b"eyJhbGciOiJFZERTQSJ9.%%%.x", "import.malformed"),
        (tracex(batch("A"), batch("A")), "import.lot-twice"),
        (b"x" * (imports.MAX_BYTES + 1), "import.too-large"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error(data: bytes, code: str) -> None:
    with pytest.raises(MalformedError) as refused:
        imports.read(data)
    assert refused.value.code == code


def test_a_lot_without_a_mass_must_be_weighed() -> None:
    data = tracex(batch("TIN-1"))
    form, offers = imports.read(data)
    with pytest.raises(MalformedError) as refused:
        imports.draft(offers, form=form, source="t.json", data=data)
    assert refused.value.code == "import.no-mass"
    events = imports.draft(offers, form=form, source="t.json", data=data, masses={"TIN-1": 7})
    assert events[0]["mass"] == 7


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_lots_or_one_error(data: bytes) -> None:
    for start in (b"", b"EPCISDocument", b"eyJ", b"urn:samm:io.catenax", b"DigitalProductPassport"):
        try:
            imports.read(start + data)
        except MalformedError as error:
            assert error.code.startswith("import.")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(_json, st.sampled_from(["epcisBody", "eventList", "quantityList", "epcClass", "ilmd"]))
def test_any_value_in_any_place_is_lots_or_one_error(value: Any, place: str) -> None:
    document = {
        "type": "EPCISDocument",
        "epcisBody": {"eventList": [commissioned(quantity("A"), ilmd={"x:material": "tin"})]},
    }
    event = document["epcisBody"]["eventList"][0]  # type: ignore[index]
    if place == "epcisBody":
        document[place] = value
    elif place == "eventList":
        document["epcisBody"] = {place: value}
    elif place == "epcClass":
        event["quantityList"][0][place] = value
    else:
        event[place] = value
    try:
        imports.read(json.dumps(document).encode(), "epcis")
    except MalformedError as error:
        assert error.code.startswith("import.")


# ---------------------------------------------------------------- the command


def test_a_draft_is_signed_by_a_party_and_traced_as_the_gap_it_is(tmp_path: Path) -> None:
    place = settled(tmp_path / "ledger")
    file = place.file("chain.json", epcis(commissioned(quantity("LOT-9", 12.5))))
    said = place.json("import", "check", file)
    assert [one["lot"] for one in said["lots"]] == ["LOT-9"]
    size = place.size
    place("import", "draft", file, "-o", place.root / "d.jsonl")
    assert place.size == size
    place("record", "events", "--from", place.root / "d.jsonl", "--by", MINE)
    trail = place.json("trace", "LOT-9")
    assert {gap["code"] for gap in trail["gaps"]} == {"gap.unknown-origin", "gap.not-assayed"}
    assert any(one["kind"] == "document" for one in trail["said"])


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    place = settled(tmp_path / "ledger")
    file = place.file("t.json", tracex(batch("TIN-1")))
    assert place("import", "draft", file, code=4).error == "import.no-mass"
    assert place("import", "draft", file, "--mass", "OTHER=1 kg", code=2).error == "usage.wrong"
    assert place("import", "draft", file, "--mass", "TIN-1", code=2).error == "usage.wrong"
    drafted = place("import", "draft", file, "--mass", "TIN-1=1.5 kg").out
    assert json.loads(drafted.splitlines()[0])["mass"] == 1_500_000
    assert place("import", "check", place.root / "none.json", code=5).error == "file.not-read"
    assert place("import", "check", file, "--as", "epcis", code=4).error == "import.malformed"


# ---------------------------------------------------------------- strangers' files


@pytest.mark.skipif(SCHEMAS is None, reason="ORETRAIL_SCHEMAS names no folder")
def test_official_examples_are_lots_or_one_error() -> None:
    read = 0
    for path in Path(SCHEMAS or "").rglob("*.json*"):
        try:
            imports.read(path.read_bytes())
            read += 1
        except MalformedError as error:
            assert error.code.startswith("import.")
    assert read >= 1
