"""EPCIS 2.0: shape, names, what other programs say of it, and what they would not notice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors import KG, TRADER, World
from hostile import chain
from ledger.audit.cbv_hash import event_hash_id
from ledger.audit.dossier import AUDIENCES, Audience
from ledger.exports import epcis
from ledger.gather import gather
from test_exports_readers import messy

SCHEMAS = os.environ.get("ORETRAIL_SCHEMAS")  # read before the tests forget it
QUANTITIES = ("quantityList", "inputQuantityList", "outputQuantityList")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return chain(tmp_path_factory.mktemp("epcis") / "ledger.db")


@pytest.fixture(scope="module")
def mess(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return messy(tmp_path_factory.mktemp("epcis") / "ledger.db")


def document(world: World, subject: str, audience: Audience = "authority") -> dict[str, Any]:
    dossier = gather(world.ledger, [subject], audience=audience)
    found: dict[str, Any] = json.loads(epcis.render(dossier), parse_float=Decimal)
    return found


def events(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["epcisBody"]["eventList"]
    return found


def test_matter_is_neither_made_nor_lost_in_a_transformation(world: World, mess: World) -> None:
    seen = 0
    for one in (*events(document(world, "PHONE-1")), *events(document(mess, "PHONE"))):
        if one["type"] != "TransformationEvent":
            continue
        seen += 1
        sums = {
            name: sum(Decimal(line["quantity"]) for line in one[name]) for name in QUANTITIES[1:]
        }
        balance = {key.partition(":")[2]: v for key, v in one["oretrail:massBalance"].items()}
        assert sums["inputQuantityList"] * KG == balance["inputsMg"]
        assert sums["outputQuantityList"] * KG == balance["outputsMg"]
        lost = sum(line["oretrail:mg"] for line in balance["losses"])
        assert balance["inputsMg"] + balance["addedMg"] == balance["outputsMg"] + lost
    assert seen >= 8


def test_quantities_are_in_kilograms_and_not_negative(mess: World) -> None:
    for one in events(document(mess, "PHONE")):
        for name in QUANTITIES:
            for line in one.get(name, []):
                assert line["uom"] == "KGM"
                assert Decimal(line["quantity"]) > 0


def test_every_event_has_a_name_of_its_own(world: World, mess: World) -> None:
    for found in (document(world, "PHONE-1"), document(mess, "PHONE")):
        names = [one["eventID"] for one in events(found)]
        assert len(set(names)) == len(names) > 5
        assert all(name.startswith("ni:///sha-256;") for name in names)


def test_no_prefix_is_used_that_is_not_declared(mess: World) -> None:
    found = document(mess, "PHONE")
    declared = set(found["@context"][1])

    def members(value: Any) -> Any:
        if isinstance(value, dict) and value.get("@type") != "@json":
            for key, inside in value.items():
                yield key
                yield from members(inside)
        elif isinstance(value, list):
            for one in value:
                yield from members(one)

    used = {key.partition(":")[0] for key in members(found) if ":" in key}
    assert used == declared


def test_a_hand_over_names_who_gave_and_who_took_it(world: World) -> None:
    found = [one for one in events(document(world, "PHONE-1")) if "sourceList" in one]
    steps = {one["bizStep"] for one in found}
    assert steps == {"shipping", "receiving"}
    for one in found:
        (source,), (target,) = one["sourceList"], one["destinationList"]
        assert source["type"] == target["type"] == "possessing_party"
        assert source["source"] != target["destination"]
    papers = [one["bizTransactionList"][0]["bizTransaction"] for one in found]
    assert all(papers.count(paper) >= 2 for paper in papers)


def test_what_was_received_is_what_the_receiver_weighed(world: World) -> None:
    found = [one for one in events(document(world, "PHONE-1")) if one.get("bizStep") == "receiving"]
    quantities = {line["epcClass"]: line["quantity"] for line in found[0]["quantityList"]}
    assert [str(mass) for mass in quantities.values()] == ["39.9", "43.9"]


def test_grades_are_percents_of_the_dry_matter(mess: World) -> None:
    found = [one for one in events(document(mess, "PHONE")) if "sensorElementList" in one]
    reports = [
        report
        for one in found
        for element in one["sensorElementList"]
        for report in element["sensorReport"]
        if report["type"] == "Dimensionless"
    ]
    assert {report["uom"] for report in reports} == {"P1"}
    assert {str(report["value"]) for report in reports} >= {"20", "31", "3", "0.3333333"}


def test_a_voided_event_stands_with_its_error_and_keeps_its_name(mess: World) -> None:
    found = [one for one in events(document(mess, "A")) if "errorDeclaration" in one]
    assert found == [] or found[0]["errorDeclaration"]["reason"] == "did_not_occur"
    dossier = gather(mess.ledger, period=("2026-01-01", ""))
    every = json.loads(epcis.render(dossier))["epcisBody"]["eventList"]
    (wrong,) = [one for one in every if "errorDeclaration" in one]
    assert wrong["type"] == "TransformationEvent"
    right = {key: value for key, value in wrong.items() if key != "errorDeclaration"}
    prefixes = {"oretrail": "https://oretrail.example/ns/v1/"}
    assert event_hash_id(right, prefixes) == wrong["eventID"]


def test_a_mass_of_sixteen_digits_stays_exact() -> None:
    from ledger.audit.naming import decimal_json, kilograms

    for mass in (1, 10, KG, 9_007_199_254_740_991, 1_250_500_000, 100 * KG):
        text = decimal_json({"mass": kilograms(mass)})
        assert int(json.loads(text, parse_float=Decimal, parse_int=Decimal)["mass"] * KG) == mass
        assert b"e" not in text.lower()


@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_same_ledger_is_the_same_bytes_and_says_what_is_missing(
    audience: Audience, world: World
) -> None:
    first, second = (
        epcis.render(gather(world.ledger, ["PHONE-1"], audience=audience)) for _ in range(2)
    )
    assert first == second
    about = json.loads(first)["oretrail:about"]["@value"]
    assert about["audience"] == audience
    assert about["missing"]
    named = f"/party/{TRADER}".encode() in first
    assert named is (audience == "authority")


def test_the_public_sees_origins_and_no_lot_but_the_product(world: World) -> None:
    (only,) = events(document(world, "PHONE-1", "public"))
    assert "BAG-1" not in json.dumps(only, default=str)
    shares = [line["oretrail:sharePpb"] for line in only["oretrail:origins"]]
    assert sum(shares) == 1_000_000_000


# --- strangers -----------------------------------------------------------------------------


@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_reference_gives_the_same_event_hash_ids(
    audience: Audience, world: World, mess: World, tmp_path: Path
) -> None:
    pytest.importorskip("epcis_event_hash_generator")
    for place, subject in ((world, "PHONE-1"), (mess, "PHONE")):
        dossier = gather(place.ledger, [subject], audience=audience)
        path = tmp_path / f"{subject}.jsonld"
        path.write_bytes(epcis.render(dossier))
        said = subprocess.run(
            [sys.executable, "-m", "epcis_event_hash_generator", str(path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        theirs = [line for line in said.splitlines() if line.startswith("ni:")]
        ours = [one["eventID"] for one in json.loads(path.read_bytes())["epcisBody"]["eventList"]]
        assert theirs == ours


@pytest.mark.skipif(SCHEMAS is None, reason="ORETRAIL_SCHEMAS names no folder")
@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_standards_schema_with_formats_accepts_it(
    audience: Audience, world: World, mess: World
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    formats = jsonschema.FormatChecker()
    if "uri" not in formats.checkers:
        pytest.skip("jsonschema knows no format uri: pip install 'jsonschema[format-nongpl]'")
    text = (Path(SCHEMAS or "") / "epcis-gs1" / "EPCIS-JSON-Schema.json").read_text("utf-8")
    schema = jsonschema.Draft7Validator(json.loads(text), format_checker=formats)
    dossiers = [
        gather(world.ledger, ["PHONE-1"], audience=audience),
        gather(mess.ledger, ["PHONE"], audience=audience),
        gather(mess.ledger, period=("2026-01-01", ""), audience=audience),
    ]
    for dossier in dossiers:
        found = json.loads(epcis.render(dossier))
        assert list(schema.iter_errors(found)) == []
        if found["epcisBody"]["eventList"]:
            found["epcisBody"]["eventList"][0]["bizStep"] = "melting"
            assert list(schema.iter_errors(found))
