"""Trace-X import: partners, edges in kilograms, and Trace-X's own two stages of schemas."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors import EXPORTER, MINE, SMELTER, TRADER, World
from hostile import chain
from ledger.errors import MalformedError
from ledger.exports import tracex
from ledger.gather import gather

SCHEMAS = os.environ.get("ORETRAIL_SCHEMAS")  # read before the tests forget it
PARTNERS = {
    party: f"BPNL{number:012d}" for number, party in enumerate((EXPORTER, MINE, SMELTER, TRADER), 1)
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return chain(tmp_path_factory.mktemp("tracex") / "ledger.db")


def file(world: World, partners: dict[str, str]) -> dict[str, Any]:
    dossier = gather(world.ledger, ["PHONE-1"])
    data = tracex.render(dossier, msgspec.json.encode(partners))
    assert data == tracex.render(dossier, msgspec.json.encode(partners))
    found: dict[str, Any] = json.loads(data)
    return found


def aspects(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [
        one["payload"]
        for asset in found["assets"]
        for one in asset["submodels"]
        if one["aspectType"].endswith(f"#{name}")
    ]


def test_every_edge_stands_on_both_of_its_lots(world: World) -> None:
    found = file(world, PARTNERS)
    down = {
        (item["catenaXId"], one["catenaXId"], item["quantity"]["value"])
        for one in aspects(found, "SingleLevelBomAsBuilt")
        for item in one["childItems"]
    }
    up = {
        (one["catenaXId"], item["catenaXId"], item["quantity"]["value"])
        for one in aspects(found, "SingleLevelUsageAsBuilt")
        for item in one["parentItems"]
    }
    assert down == up
    assert len(down) == 5
    known = [asset["assetMetaInfo"]["catenaXId"] for asset in found["assets"]]
    assert len(set(known)) == len(known) == 6
    assert {end for edge in down for end in edge[:2]} == set(known)


def test_a_party_without_a_number_is_missing_and_its_edges_are_left_out(world: World) -> None:
    found = file(world, {})
    assert aspects(found, "SingleLevelBomAsBuilt") == []
    absent = {one["subject"] for one in found["oretrail"]["missing"] if "BPNL" in one["field"]}
    assert absent == {f"party:{party}" for party in (MINE, TRADER, SMELTER)}
    known = file(world, PARTNERS)
    assert not [one for one in known["oretrail"]["missing"] if "BPNL" in one["field"]]


def test_countries_have_three_letters(world: World) -> None:
    made = [one["manufacturingInformation"] for one in aspects(file(world, PARTNERS), "Batch")]
    assert {one.get("country") for one in made} <= {"RWA", "COD", None}
    assert "RWA" in {one.get("country") for one in made}


@pytest.mark.parametrize("table", [b"[]", b"\xff", b'{"a":1}', b'{"a":"BPNL1"}', b"[" * 9999])
def test_a_table_of_partners_that_is_none_is_refused(table: bytes, world: World) -> None:
    with pytest.raises(MalformedError) as caught:
        tracex.render(gather(world.ledger, ["PHONE-1"]), table)
    assert caught.value.code == "partners.malformed"


@pytest.mark.skipif(SCHEMAS is None, reason="ORETRAIL_SCHEMAS names no folder")
@pytest.mark.parametrize("partners", [{}, PARTNERS])
def test_both_stages_of_trace_x_accept_it(partners: dict[str, str], world: World) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    folder = Path(SCHEMAS or "") / "tracex" / "schema"

    def mistakes(name: str, value: Any) -> list[str]:
        schema = json.loads((folder / name).read_text("utf-8"))
        kind = jsonschema.validators.validator_for(schema)
        found = kind(schema, format_checker=jsonschema.FormatChecker()).iter_errors(value)
        return [one.message for one in found]

    found = file(world, partners)
    assert mistakes("tracex/schema_V1.json", found) == []
    for asset in found["assets"]:
        for one in asset["submodels"]:
            version, name = one["aspectType"].rpartition(":")[2].split("#")
            assert mistakes(f"semantichub/{name}_{version}-schema.json", one["payload"]) == []
