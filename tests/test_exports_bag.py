"""The audit trail: one folder that BagIt, Frictionless, CSVW and people can open and check."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors import KEYS, LOG, SMELTER, World
from hostile import chain
from ledger.audit.auditor import Auditor, Trust
from ledger.audit.dossier import AUDIENCES, Audience, Dossier
from ledger.audit.entry_list import read
from ledger.errors import LedgerError
from ledger.exports import audit_bag
from ledger.gather import gather
from ledger.log import note

openpyxl = pytest.importorskip("openpyxl")
SUBJECT = "PHONE-1"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """With a checkpoint; nobody may change it."""
    world = chain(tmp_path_factory.mktemp("bag") / "ledger.db")
    world.ledger.checkpoint(LOG)
    return world


def files(dossier: Dossier, **more: Any) -> dict[str, bytes]:
    found = {}
    for name, content in audit_bag.render(dossier, **more).files:
        found[name] = content if isinstance(content, bytes) else b"".join(content)
    return found


@pytest.fixture(scope="module", params=AUDIENCES)
def bag(request: pytest.FixtureRequest, world: World) -> dict[str, bytes]:
    return files(gather(world.ledger, [SUBJECT], audience=request.param))


def written(found: dict[str, bytes], folder: Path) -> Path:
    for name, data in found.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_every_file_is_in_the_manifest_with_its_hash(bag: dict[str, bytes]) -> None:
    for manifest, inside in (("manifest-sha256.txt", True), ("tagmanifest-sha256.txt", False)):
        listed = dict(line.split("  ")[::-1] for line in bag[manifest].decode().splitlines())
        expected = {n for n in bag if n.startswith("data/") is inside and "tagmanifest" not in n}
        assert set(listed) == expected
        for name, digest in listed.items():
            assert hashlib.sha256(bag[name]).hexdigest() == digest
    info = dict(line.split(": ", 1) for line in bag["bag-info.txt"].decode().splitlines())
    payload = [data for name, data in bag.items() if name.startswith("data/")]
    assert info["Payload-Oxum"] == f"{sum(map(len, payload))}.{len(payload)}"


def test_the_same_dossier_gives_the_same_bag(world: World) -> None:
    one, two = (files(gather(world.ledger, [SUBJECT])) for _ in range(2))
    assert one == two


def test_the_evidence_in_it_proves_the_subject(world: World) -> None:
    from ledger.audit import bundle

    found = files(gather(world.ledger, [SUBJECT]))
    verdict = bundle.verify(found["data/evidence/0001.trail"], Trust(world.ledger.id))
    assert verdict.report.verdict == "supported" or verdict.report.findings
    assert found["data/evidence/checkpoint"] == world.ledger.latest_checkpoint()


def test_only_an_authority_gets_entries_and_everybody_gets_the_reason(world: World) -> None:
    for audience in AUDIENCES:
        found = files(gather(world.ledger, [SUBJECT], audience=audience))
        has = any(name.endswith(".trail") for name in found)
        assert has is (audience == "authority")
        assert (b"withheld from this audience" in found["data/README.txt"]) is not has


def test_a_period_is_verified_and_holds_the_whole_log(world: World) -> None:
    found = files(gather(world.ledger, period=("2026-02-01", "2026-03-01")))
    report = world.ledger.verify()
    lines = found["data/evidence/entries.jsonl"].splitlines(keepends=True)
    auditor = Auditor(Trust(world.ledger.id))
    auditor.feed(read(lines))
    assert auditor.finish().root == report.root
    said = json.loads(found["data/about.json"])
    assert said["verdict"] == report.verdict
    assert said["findings"] == len(report.findings)
    rows = list(csv.DictReader(io.StringIO(found["data/tables/findings.csv"].decode(), newline="")))
    assert [row["finding"] for row in rows] == [one.code for one in report.findings]
    incidents = found["data/tables/incidents.csv"].decode()
    assert '"INC-1","grievance","unfair-weighing","high","opened","site:RW-GIH"' in incidents


def test_the_workbook_says_what_the_tables_say(world: World) -> None:
    found = files(gather(world.ledger, [SUBJECT]))
    book = openpyxl.load_workbook(io.BytesIO(found["data/tables.xlsx"]))
    for name in book.sheetnames[1:]:
        text = found[f"data/tables/{name}.csv"].decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert book[name].max_row == len(rows)
        for cells, row in zip(book[name].iter_rows(values_only=True), rows, strict=True):
            for cell, written in zip(cells, row, strict=True):
                if isinstance(cell, str):
                    assert cell == written.removeprefix("'"), name
                elif cell is not None and written.replace(".", "").lstrip("-").isdigit():
                    assert float(written) == cell


def test_the_packages_describe_every_table(bag: dict[str, bytes]) -> None:
    tables = {name[5:] for name in bag if name.startswith("data/tables/")}
    package = json.loads(bag["data/datapackage.json"])
    assert {one["path"] for one in package["resources"]} == tables
    for one in package["resources"]:
        data = bag[f"data/{one['path']}"]
        assert one["bytes"] == len(data)
        assert one["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        head = next(csv.reader(io.StringIO(data.decode(), newline="")))
        assert [field["name"] for field in one["schema"]["fields"]] == head
    group = json.loads(bag["data/csv-metadata.json"])
    assert {one["url"] for one in group["tables"]} == tables
    crate = json.loads(bag["data/ro-crate-metadata.json"])["@graph"]
    named = {one["@id"] for one in crate}
    parts = next(one for one in crate if one["@id"] == "./")["hasPart"]
    assert tables < {one["@id"] for one in parts} <= named
    assert {f"data/{one['@id']}" for one in parts} <= set(bag)


def test_the_manifest_is_signed_by_a_key_that_is_asked_for(world: World) -> None:
    found = files(gather(world.ledger, [SUBJECT]), signer=KEYS[SMELTER])
    opened = note.open(found["tagmanifest-sha256.txt.note"], [KEYS[SMELTER].verifier])
    digest = hashlib.sha256(found["tagmanifest-sha256.txt"]).hexdigest()
    assert opened.text == f"oretrail/bag/v1\n{digest}\nledger {world.ledger.id}\n"


def test_without_a_checkpoint_there_is_no_evidence_to_give(tmp_path: Path) -> None:
    world = chain(tmp_path / "l.db")
    with pytest.raises(LedgerError) as refused:
        files(gather(world.ledger, [SUBJECT]))
    assert refused.value.hint is not None
    assert "checkpoint make" in refused.value.hint


# ---------------------------------------------------------------- strangers


@pytest.mark.parametrize("audience", AUDIENCES)
def test_sha256sum_and_bagit_accept_it_and_notice_a_changed_byte(
    audience: Audience, world: World, tmp_path: Path
) -> None:
    folder = written(files(gather(world.ledger, [SUBJECT], audience=audience)), tmp_path / "bag")
    check = ["sha256sum", "--quiet", "-c", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
    assert subprocess.run(check, cwd=folder, check=False, capture_output=True).returncode == 0
    bagit = pytest.importorskip("bagit")
    assert bagit.Bag(str(folder)).is_valid()
    place = folder / "data/tables/shares.csv"
    place.write_bytes(place.read_bytes().replace(b"89.04", b"98.04"))
    assert subprocess.run(check, cwd=folder, check=False, capture_output=True).returncode == 1
    assert not bagit.Bag(str(folder)).is_valid()


@pytest.mark.parametrize(
    ("program", "package", "arguments"),
    [
        ("frictionless", "frictionless", ["validate", "datapackage.json"]),
        ("csvwvalidate", "csvw", ["csv-metadata.json"]),
    ],
)
def test_frictionless_and_csvw_accept_the_tables(
    program: str, package: str, arguments: list[str], world: World, tmp_path: Path
) -> None:
    pytest.importorskip(package)
    folder = written(files(gather(world.ledger, [SUBJECT])), tmp_path / "bag")
    tool = Path(sys.executable).with_name(program)
    run = [str(tool), *arguments]
    done = subprocess.run(run, cwd=folder / "data", check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout


def test_duckdb_and_pandas_add_up_the_shares(world: World, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    pandas = pytest.importorskip("pandas")
    folder = written(files(gather(world.ledger, [SUBJECT])), tmp_path / "bag")
    place = folder / "data/tables/shares.csv"
    ((total,),) = duckdb.sql(f"select sum(share_percent::decimal(12,7)) from '{place}'").fetchall()
    assert str(total) == "100.0000000"
    frame = pandas.read_csv(place, dtype=str)
    assert list(frame["substance"].unique()) == ["Ta"]
