"""PROV-JSON: what it says, and what the `prov` package, which we did not write, says of it."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from actors import World
from hostile import chain
from ledger.audit.dossier import AUDIENCES, Audience
from ledger.exports import prov
from ledger.gather import gather
from test_exports_readers import messy

ENDS = {
    "used": ("prov:activity", "prov:entity"),
    "wasAssociatedWith": ("prov:activity", "prov:agent"),
    "wasAttributedTo": ("prov:entity", "prov:agent"),
    "wasDerivedFrom": ("prov:generatedEntity", "prov:usedEntity"),
    "wasGeneratedBy": ("prov:entity", "prov:activity"),
    "wasInvalidatedBy": ("prov:entity", "prov:activity"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return chain(tmp_path_factory.mktemp("prov") / "ledger.db")


@pytest.fixture(scope="module")
def mess(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return messy(tmp_path_factory.mktemp("prov") / "ledger.db")


def documents(world: World, mess: World, audience: Audience) -> list[bytes]:
    return [
        prov.render(gather(world.ledger, ["PHONE-1"], audience=audience)),
        prov.render(gather(mess.ledger, ["PHONE"], audience=audience)),
        prov.render(gather(mess.ledger, period=("2026-01-01", ""), audience=audience)),
    ]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_no_relation_leads_to_nothing_and_no_prefix_is_undeclared(
    audience: Audience, world: World, mess: World
) -> None:
    for data in documents(world, mess, audience):
        found: dict[str, Any] = json.loads(data)
        declared = {*found["prefix"], "prov", "xsd", "_"}
        known = {kind: set(found.get(kind, {})) for kind in ("entity", "activity", "agent")}
        for kind, records in found.items():
            if kind == "prefix":
                continue
            for name, members in records.items():
                used = {name, *members}
                assert {one.partition(":")[0] for one in used} <= declared
                for end in ENDS.get(kind, ()):
                    role = "entity" if end.endswith("Entity") else end.partition(":")[2]
                    assert members[end] in known[role], (kind, end)


def test_a_lot_that_was_made_by_mistake_is_invalidated(mess: World) -> None:
    found = json.loads(prov.render(gather(mess.ledger, period=("2026-01-01", ""))))
    gone = {one["prov:entity"].partition(":")[0]: one for one in found["wasInvalidatedBy"].values()}
    assert set(gone) == {"lot", "rows"}
    assert gone["lot"]["prov:entity"] == "lot:OOPS"
    voided = [name for name, said in found["activity"].items() if "ot:voidedBy" in said]
    assert len(voided) == 1


def test_the_same_ledger_is_the_same_bytes(world: World, mess: World) -> None:
    assert documents(world, mess, "customer") == documents(world, mess, "customer")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_it_goes_through_json_xml_and_turtle_and_has_no_cycle(
    audience: Audience, world: World, mess: World
) -> None:
    pytest.importorskip("prov")
    networkx = pytest.importorskip("networkx")
    from prov.graph import prov_to_graph
    from prov.model import ProvDocument

    for data in documents(world, mess, audience):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read = ProvDocument.deserialize(content=data.decode())
        assert ProvDocument.deserialize(content=read.serialize()) == read
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries underneath
            for name, how in (("xml", {}), ("rdf", {"rdf_format": "turtle"})):
                text = read.serialize(format=name, **how)
                assert ProvDocument.deserialize(content=text, format=name, **how) == read
        assert networkx.is_directed_acyclic_graph(prov_to_graph(read))
