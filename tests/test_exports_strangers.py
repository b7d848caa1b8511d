"""Programs that we did not write open what people are sent: LibreOffice, RO-Crate, npm's jose."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors import KEYS, LOG, SMELTER, World
from hostile import FORMULA, HTML, chain
from ledger.audit.dossier import Folder
from ledger.exports import audit_bag, untp_dpp, xlsx
from ledger.gather import gather

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
NODE, JOSE = shutil.which("node"), os.environ.get("ORETRAIL_JOSE")  # before the tests forget it
SUBJECT = "PHONE-1"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """With a checkpoint; nobody may change it."""
    world = chain(tmp_path_factory.mktemp("strangers") / "ledger.db")
    world.ledger.checkpoint(LOG)
    return world


def written(folder: Folder, place: Path) -> Path:
    for name, content in folder.files:
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else b"".join(content))
    return place


# ---------------------------------------------------------------- LibreOffice


@pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice here")
def test_libreoffice_keeps_names_masses_and_texts(world: World, tmp_path: Path) -> None:
    dossier = gather(world.ledger, [SUBJECT])
    (tmp_path / "tables.xlsx").write_bytes(xlsx.render(dossier))
    # Every sheet as CSV: comma, quotes, UTF-8 ... and -1 for all of them.
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    run = [str(SOFFICE), profile, "--headless", "--convert-to", form, "--outdir", str(tmp_path)]
    done = subprocess.run(
        [*run, str(tmp_path / "tables.xlsx")], capture_output=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr

    def sheet(name: str) -> list[dict[str, str]]:
        text = (tmp_path / f"tables-{name}.csv").read_text("utf-8")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    (element,) = dossier.trail.elements.values()
    shares = {row["origin"]: Decimal(row["share_percent"]) for row in sheet("shares")}
    assert shares == {one.origin: Decimal(one.share_ppb).scaleb(-7) for one in element.origins}
    lots = {row["lot"]: row for row in sheet("lots")}
    assert set(lots) == {line.lot for line in dossier.trail.lots}
    masses = {line.lot: Decimal(line.mass_mg).scaleb(-6) for line in dossier.trail.lots}
    assert {lot: Decimal(row["mass_kg"].replace(",", "")) for lot, row in lots.items()} == masses
    assert {lots["BAG-1"]["material"], lots["BAG-2"]["material"]} == {HTML, FORMULA}
    assert lots["BAG-1"]["occurred_at"].startswith("2026-02-11")


# ---------------------------------------------------------------- RO-Crate


def test_rocrate_reads_the_bag_and_every_part_of_it(world: World, tmp_path: Path) -> None:
    crates = pytest.importorskip("rocrate.rocrate")
    bag = written(audit_bag.render(gather(world.ledger, [SUBJECT])), tmp_path / "bag")
    crate = crates.ROCrate(bag / "data")
    parts = {one.id for one in crate.root_dataset["hasPart"]}
    assert {"tables/shares.csv", "report.pdf", "about.json"} <= parts
    assert all((bag / "data" / name).is_file() for name in parts)
    assert SUBJECT in crate.name


# ---------------------------------------------------------------- jose

_VERIFY = """
import { readFileSync } from "node:fs";
import { importJWK, compactVerify } from "jose";
const { token, x } = JSON.parse(readFileSync(0, "utf8"));
const key = await importJWK({ kty: "OKP", crv: "Ed25519", x }, "EdDSA");
try {
  const { payload, protectedHeader } = await compactVerify(token, key);
  const said = JSON.parse(new TextDecoder().decode(payload));
  console.log(JSON.stringify({ typ: protectedHeader.typ, type: said.type }));
} catch (error) { console.log(JSON.stringify({ error: error.code })); }
"""


@pytest.mark.skipif(NODE is None or JOSE is None, reason="ORETRAIL_JOSE names no npm folder")
def test_jose_verifies_the_passport_and_refuses_a_changed_one(world: World, tmp_path: Path) -> None:
    import base64
    import json

    key = KEYS[SMELTER]
    place = written(untp_dpp.render(gather(world.ledger, [SUBJECT]), signer=key), tmp_path / "dpp")
    (file,) = [path for path in place.rglob("*") if path.suffix == ".jwt"]
    token = file.read_text("ascii").strip()
    raw = base64.b64decode(key.verifier.vkey.split("+", 2)[2])[1:]
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    script = Path(str(JOSE)) / "verify.mjs"
    script.write_text(_VERIFY)

    def said(token: str) -> Any:
        done = subprocess.run(
            [str(NODE), str(script)],
            input=json.dumps({"token": token, "x": x}).encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return json.loads(done.stdout or done.stderr)

    assert said(token)["typ"] == "vc+jwt"
    assert "DigitalProductPassport" in said(token)["type"]
    head, body, signature = token.split(".")
    changed = body[:40] + ("A" if body[40] != "A" else "B") + body[41:]
    assert "error" in said(f"{head}.{changed}.{signature}")
