"""Two ledgers, one provenance: a lot is taken over by its bundle, and its trail goes on there."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli_place import MINE, SMELTER, Place, bag, chain, settled
from ledger.audit.bundle.foreign import proven
from ledger.custody.foreign import continued
from ledger.custody.trail import ElementTrail, OriginLine, Trail
from ledger.events import decode, encode
from ledger.workspace import Workspace

BILLION = 1_000_000_000


@cache
def _two_ledgers() -> Path:
    """`there`, a smelter and its mine; `TAP-1.trail` from it; `here`, which took that over."""
    folder = Path(tempfile.mkdtemp(prefix="oretrail-test-"))
    atexit.register(shutil.rmtree, folder, True)
    there = settled(folder / "there")
    bag(there, "GIH-1", "60.0 kg")
    there(
        *("site", "add", "--by", "governance", "--site", "CD-MAS", "--name", "Masisi"),
        *("--kind", "mine-asm", "--country", "CD"),
    )
    bag(there, "MAS-1", "30.0 kg", "--site", "CD-MAS")
    there(
        *("record", "blend", "--by", MINE, "--lot", "GIH-C1", "--material", "coltan ore"),
        *("--inputs", "GIH-1;MAS-1"),
    )
    there("transfer", "dispatch", "--by", MINE, "--to", SMELTER, "--lot", "GIH-C1")
    there(
        *("transfer", "receive", "--by", SMELTER),
        *("--lot", "GIH-C1=89.9 kg,basis=wet,moisture=4 %,grades=Ta2O5=24 %"),
    )
    there(
        *("record", "refining", "--by", SMELTER, "--lot", "GIH-C1", "--process", "smelting"),
        *("--output", "TAP-1=tantalum powder,mass=15 kg,basis=dry,contents=Ta=15 kg"),
        *("--loss", "slag=74.9 kg"),
    )
    there("checkpoint", "make")
    there("export", "trail", "TAP-1", "-o", folder / "TAP-1.trail")
    here = Place(folder / "here")
    here.root.mkdir()
    insecure, fjord = "--insecure-no-passphrase", "fjord.example"
    here("init", "--origin", "fjord.example/trail", "--name", "Fjord trail", insecure)
    here("key", "new", fjord, insecure)
    here("party", "admit", "--party", fjord, "--name", "Fjord", "--role", "manufacturer")
    pinned = ("--ledger-id", ledger_of(there.root))
    here("import", "bundle", folder / "TAP-1.trail", "--lot", "POW-1", *pinned)
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The bundle of tantalum powder, beside the ledger that it is from."""
    shutil.copytree(_two_ledgers(), tmp_path, dirs_exist_ok=True)
    return tmp_path / "TAP-1.trail"


@pytest.fixture
def here(tmp_path: Path, bundle: Path) -> Place:
    """Another ledger, which has taken the powder over."""
    return Place(tmp_path / "here")


def ledger_of(root: Path) -> str:
    return Workspace.find(root).settings.id


def made(here: Place) -> Place:
    """Phones of the powder, and of scrap of which nobody knows where it was dug."""
    here(
        *("record", "declaration", "--lot", "OLD-1", "--material", "tantalum", "--mass", "5 kg"),
        *("--basis", "dry", "--origin", "legacy", "--reason", "in stock", "--country", "DE"),
        *("--grade", "Ta=100 %"),
    )
    here(
        *("record", "blend", "--lot", "MIX-1", "--material", "tantalum powder"),
        *("--inputs", "POW-1,mass=7 kg;OLD-1"),
    )
    here(
        *("record", "manufacture", "--product", "PHONE-7", "--model", "a phone"),
        *("--units", "1000", "--component", "MIX-1"),
    )
    return here


def origins(document: dict[str, Any]) -> dict[str, int]:
    return {one["origin"]: one["mass_mg"] for one in document["elements"]["Ta"]["origins"]}


def test_a_lot_is_taken_over_with_mass_and_contents_of_its_bundle(
    here: Place, bundle: Path, tmp_path: Path
) -> None:
    (lot,) = here.json("lots")["lots"]
    assert (lot["lot"], lot["mass_mg"]) == ("POW-1", 15_000_000)
    event = here.json("trace", "POW-1")["continues"][0]["foreign"]
    assert event["ledger"] == ledger_of(tmp_path / "there")
    assert event["lot"] == "TAP-1"
    kept = list((here.root / "bundles").iterdir())
    assert [one.name for one in kept] == [f"{event['bundle']}.trail"]
    assert kept[0].read_bytes() == bundle.read_bytes()
    assert here.json("verify")["verdict"] == "supported"


def test_the_trail_goes_on_in_the_other_ledger_to_the_milligram(
    here: Place, tmp_path: Path
) -> None:
    there = Place(tmp_path / "there").json("trace", "TAP-1")["elements"]["Ta"]["origins"]
    made(here)
    told = here.json("trace", "PHONE-7")
    assert sum(origins(told).values()) == told["elements"]["Ta"]["mass_mg"] == 12_000_000
    found = told["elements"]["Ta"]["origins"]
    assert sum(one["share_ppb"] for one in found) == BILLION
    whole = sum(one["mass_mg"] for one in there)
    for one in there:
        exact = Fraction(one["mass_mg"] * 7_000_000, whole)
        assert abs(origins(told)[one["origin"]] - exact) < 1
    assert origins(told)["DE"] == 5_000_000
    assert {one.get("ledger", "") for one in found} == {ledger_of(tmp_path / "there"), ""}
    assert [gap["code"] for gap in told["gaps"]] == ["gap.legacy-origin"] + [
        gap["code"] for gap in told["continues"][0]["trail"]["gaps"]
    ]
    assert all("in ledger" in gap["message"] for gap in told["gaps"][1:])


def test_without_the_bundle_the_gap_has_a_name(here: Place) -> None:
    made(here)
    for one in (here.root / "bundles").iterdir():
        one.unlink()
    told = here.json("trace", "PHONE-7")
    assert origins(told) == {"POW-1": 7_000_000, "DE": 5_000_000}
    assert [gap["code"] for gap in told["gaps"]] == ["gap.foreign-origin", "gap.legacy-origin"]
    assert told["elements"]["Ta"]["coverage"]["unknown_ppb"] > 0
    assert "its bundle is not here" in here("trace", "PHONE-7").out


def test_another_bundle_under_that_name_is_no_bundle(here: Place) -> None:
    made(here)
    (kept,) = (here.root / "bundles").iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"TAP-1", b"TAP-2"))
    assert origins(here.json("trace", "PHONE-7")) == {"POW-1": 7_000_000, "DE": 5_000_000}


def test_the_words_name_both_ledgers(here: Place, tmp_path: Path) -> None:
    made(here)
    said = here("trace", "PHONE-7").out
    there = ledger_of(tmp_path / "there")[:12]
    assert f"POW-1 began as TAP-1 in ledger {there}" in said
    assert f"mined-asm, ledger {there}" in said
    assert "GIH-C1" in said


def test_a_bundle_of_the_product_goes_on_in_a_bundle_beside_it(
    here: Place, bundle: Path, tmp_path: Path
) -> None:
    made(here)
    here("checkpoint", "make")
    away = tmp_path / "away"
    away.mkdir()
    here("export", "trail", "PHONE-7", "-o", away / "PHONE-7.trail")
    alone = here.json("verify", away / "PHONE-7.trail")
    assert alone["verdict"] == "supported"
    assert origins(alone["trail"]) == {"POW-1": 7_000_000, "DE": 5_000_000}
    name = alone["trail"]["continues"][0]["foreign"]["bundle"]
    (away / f"{name}.trail").write_bytes(bundle.read_bytes())
    both = here.json("verify", away / "PHONE-7.trail")
    assert origins(both["trail"]) == origins(here.json("trace", "PHONE-7"))


def test_a_foreign_lot_is_taken_over_once(here: Place, bundle: Path) -> None:
    assert here("import", "bundle", bundle, "--lot", "POW-2", code=3).error == "foreign.exists"


def test_a_bundle_that_does_not_hold_is_not_taken_over(here: Place, bundle: Path) -> None:
    size = here.size
    bad = bundle.with_name("bad.trail")
    bad.write_bytes(bundle.read_bytes().replace(b"TAP-1", b"TAP-2", 1))
    assert here("import", "bundle", bad, "--lot", "POW-2", code=1).error == "bundle.digest-mismatch"
    answer = here("import", "bundle", bundle, "--lot", "P", "--ledger-id", "7a" * 32, code=1)
    assert answer.error == "ledger.wrong"
    assert here.size == size
    assert len(list((here.root / "bundles").iterdir())) == 1


def test_a_bundle_whose_lot_was_refused_is_not_kept(here: Place, tmp_path: Path) -> None:
    there = Place(tmp_path / "there")
    bag(there, "GIH-2")
    there("checkpoint", "make")
    there("export", "trail", "GIH-2", "-o", tmp_path / "GIH-2.trail")
    taken = here("import", "bundle", tmp_path / "GIH-2.trail", "--lot", "POW-1", code=3)
    assert taken.error == "lot.exists"
    assert len(list((here.root / "bundles").iterdir())) == 1


def test_wet_ore_is_taken_over_with_its_moisture(here: Place, tmp_path: Path) -> None:
    there = Place(tmp_path / "there")
    bag(there, "GIH-2")
    there("checkpoint", "make")
    there("export", "trail", "GIH-2", "-o", tmp_path / "GIH-2.trail")
    here("import", "bundle", tmp_path / "GIH-2.trail", "--lot", "ORE-1")
    told, origin = here.json("trace", "ORE-1"), there.json("trace", "GIH-2")
    assert told["lots"][0]["basis"] == "wet"
    assert told["lots"][0]["contents"] == origin["lots"][0]["contents"]
    assert origins(told) == origins(origin)


def test_who_takes_a_lot_over_must_be_clear(here: Place, bundle: Path) -> None:
    here("key", "new", "other.example", "--insecure-no-passphrase")
    answer = here("import", "bundle", bundle, "--lot", "POW-2", code=2)
    assert "one of fjord.example, other.example" in answer.err


def test_a_place_where_no_bundle_can_be_kept_takes_nothing_over(
    here: Place, tmp_path: Path
) -> None:
    there = Place(tmp_path / "there")
    bag(there, "GIH-2")
    there("checkpoint", "make")
    there("export", "trail", "GIH-2", "-o", tmp_path / "GIH-2.trail")
    for one in (here.root / "bundles").iterdir():
        one.unlink()
    (here.root / "bundles").rmdir()
    (here.root / "bundles").write_text("in the way")
    size = here.size
    answer = here("import", "bundle", tmp_path / "GIH-2.trail", "--lot", "ORE-1", code=5)
    assert answer.error == "workspace.not-written"
    assert here.size == size


def test_what_is_used_up_there_is_not_taken_over(here: Place, tmp_path: Path) -> None:
    there = Place(tmp_path / "there")
    there("export", "trail", "GIH-1", "-o", tmp_path / "GIH-1.trail")
    answer = here("import", "bundle", tmp_path / "GIH-1.trail", "--lot", "POW-2", code=3)
    assert answer.error == "lot.closed"


def test_a_declaration_that_names_another_event_proves_nothing(here: Place, bundle: Path) -> None:
    said = here.json("trace", "POW-1")["continues"][0]["foreign"]
    with Workspace.find(here.root).ledger(read_only=True) as ledger:
        facts = next(one.facts for one in ledger.trace("POW-1").said if one.kind == "foreign")
    data = bundle.read_bytes()
    assert said["bundle"] == facts["bundle"]
    assert proven(data, facts) is not None
    for name, wrong in {
        "ledger": "7a" * 32, "lot": "TAP-2", "event": "1f" * 32, "size": 1, "root": "00" * 32,
        "bundle": "00" * 32,
    }.items():  # fmt: skip
        assert proven(data, {**facts, name: wrong}) is None
    assert proven(data + b"\n", facts) is None


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "legacy"}, {"foreign": None}, {"grades": [{"analyte": "Ta", "grade": 1}]}],
    ids=["another-origin", "no-ledger", "grades-too"],
)
def test_only_a_lot_of_origin_foreign_names_another_ledger(
    here: Place, wrong: dict[str, Any]
) -> None:
    entry = next(e for e in here("export", "entries").out.splitlines() if "lot.declared" in e)
    event = decode(msgspec.json.decode(entry)["entry"].encode())
    fields = {**msgspec.to_builtins(event), **wrong}
    plain = {name: value for name, value in fields.items() if value is not None}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(plain, type(event))
    assert encode(event)


# ---------------------------------------------------------------- shares, by hand


def trail_of(ledger: str, *lines: OriginLine, said: tuple[Any, ...] = ()) -> Trail:
    """A trail of which only the shares count."""
    whole = sum(line.mass_mg for line in lines)
    element = ElementTrail(whole, "contained", lines, {})
    nothing: dict[str, Any] = dict.fromkeys(
        ("lots", "transfers", "attestations", "incidents", "gaps", "findings"), ()
    )
    return Trail(
        subject="X", ledger=ledger, elements={"Ta": element}, said=said, model="", parties={},
        sites={}, entries=(), **nothing,
    )  # fmt: skip


def said_of(here: str, there: str) -> Any:
    from ledger.custody.trail import Said

    facts = {"here": here, "ledger": there, "lot": "L", "event": "e", "bundle": there}
    return Said(f"foreign:{there}/L", "foreign", "declared", "p", "t", 1, facts)


def mined(site: str, mass: int) -> OriginLine:
    return OriginLine(site, "mined-asm", mass, 0, site, "RW")


def foreign(lot: str, mass: int) -> OriginLine:
    return OriginLine(lot, "foreign", mass, 0, "", "", lot)


def test_three_ledgers_in_a_row_add_up() -> None:
    third = trail_of("cc", mined("P1", 1), mined("P2", 1), mined("P3", 1))
    second = trail_of("bb", foreign("B1", 2), mined("P1", 5), said=(said_of("B1", "cc"),))
    first = trail_of("aa", foreign("A1", 100), mined("P1", 11), said=(said_of("A1", "bb"),))
    shelf = {"bb": second, "cc": third}
    told = continued(first, lambda said: shelf.get(str(said["bundle"])))
    found = {(one.origin, one.ledger): one.mass_mg for one in told.elements["Ta"].origins}
    # 2 of 7 parts of 100 come by way of the third ledger, whose three pits shared 2 as 1, 1, 0.
    assert found == {("P1", ""): 11, ("P1", "bb"): 72, ("P1", "cc"): 14, ("P2", "cc"): 14}
    assert sum(found.values()) == 111
    assert sum(one.share_ppb for one in told.elements["Ta"].origins) == BILLION


def test_what_the_other_ledger_does_not_know_of_stays_foreign() -> None:
    second = msgspec.structs.replace(trail_of("bb", mined("P1", 5)), elements={})
    first = trail_of("aa", foreign("A1", 100), said=(said_of("A1", "bb"),))
    told = continued(first, lambda said: second)
    assert [one.origin for one in told.elements["Ta"].origins] == ["A1"]


def test_ledgers_that_name_each_other_come_to_an_end() -> None:
    first = trail_of("aa", foreign("A1", 100), said=(said_of("A1", "aa"),))
    told = continued(first, lambda said: first)
    assert sum(one.mass_mg for one in told.elements["Ta"].origins) == 100


def test_a_trail_that_stays_here_is_the_same_trail() -> None:
    here = trail_of("aa", mined("P1", 100))
    assert continued(here, lambda said: here) is here


def test_chains_of_the_demo_place_are_unchanged(tmp_path: Path) -> None:
    place = chain(settled(tmp_path / "ledger"))
    assert place.json("trace", "PHONE-1")["continues"] == []
