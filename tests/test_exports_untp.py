"""UNTP 0.7.0: shares that add up, signatures, and what other programs say of them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors import KEYS, LOG, PHONE, World
from hostile import chain
from ledger.audit.dossier import AUDIENCES, Audience
from ledger.errors import ConfigError
from ledger.exports import untp_dpp, untp_dte
from ledger.gather import gather
from ledger.log import ed25519
from test_exports_readers import messy
from test_exports_scenarios import made

SCHEMAS = os.environ.get("ORETRAIL_SCHEMAS")  # read before the tests forget it
FORMATS = {"dpp": untp_dpp, "dte": untp_dte}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return chain(tmp_path_factory.mktemp("untp") / "ledger.db")


@pytest.fixture(scope="module")
def mess(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return messy(tmp_path_factory.mktemp("untp") / "ledger.db")


def unspelled(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("audience", AUDIENCES)
def test_mass_fractions_add_up_to_exactly_one(
    audience: Audience, world: World, mess: World
) -> None:
    for place, subject in ((world, "PHONE-1"), (mess, "PHONE")):
        files = made(untp_dpp.render(gather(place.ledger, [subject], audience=audience)))
        passport = json.loads(files[f"{subject}.json"], parse_float=Decimal)
        lines = passport["credentialSubject"]["materialProvenance"]
        assert sum(Decimal(line["massFraction"]) for line in lines) == 1
        about = json.loads(files["about.json"])
        unknown = [line for line in lines if line["originCountry"]["countryCode"] == "ZZ"]
        absent = [one for one in about["missing"] if "originCountry" in one["field"]]
        assert bool(unknown) is bool(absent)


def test_what_is_made_weighs_what_went_in_less_what_was_lost(mess: World) -> None:
    files = made(untp_dte.render(gather(mess.ledger, ["PHONE"])))
    events = json.loads(files["PHONE.json"], parse_float=Decimal)["credentialSubject"]
    assert len({one["id"] for one in events}) == len(events)
    for one in events:
        if one["type"][0] == "MakeEvent" and one["inputProduct"] and "description" not in one:
            weights = [
                sum(Decimal(line["quantity"]["value"]) for line in one[side])
                for side in ("inputProduct", "outputProduct")
            ]
            assert weights[0] == weights[1]
    kinds = {one["type"][0] for one in events}
    assert kinds == {"MakeEvent", "MoveEvent", "ModifyEvent"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_signed_credential_is_the_json_beside_it(name: str, world: World) -> None:
    key = KEYS[PHONE]
    files = made(FORMATS[name].render(gather(world.ledger, ["PHONE-1"]), signer=key))
    assert set(files) == {"PHONE-1.json", "PHONE-1.vc.jwt", "about.json"}
    token = files["PHONE-1.vc.jwt"].decode()
    head, body, signature = token.split(".")
    ed25519.verify(key.verifier.public_key, f"{head}.{body}".encode(), unspelled(signature))
    said = json.loads(unspelled(head))
    assert (said["alg"], said["typ"], said["cty"]) == ("EdDSA", "vc+jwt", "vc")
    credential = json.loads(files["PHONE-1.json"])
    assert json.loads(unspelled(body)) == credential
    assert said["kid"].startswith(credential["issuer"]["id"] + "#")
    assert "\n" not in token
    jwt = pytest.importorskip("jwt")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(key.verifier.public_key)
    read: dict[str, Any] = jwt.decode(token, public, algorithms=["EdDSA"])
    assert read == credential


@pytest.mark.parametrize("name", FORMATS)
def test_the_key_of_the_log_signs_no_credential(name: str, world: World) -> None:
    with pytest.raises(ConfigError) as caught:
        FORMATS[name].render(gather(world.ledger, ["PHONE-1"]), signer=LOG)
    assert caught.value.code == "key.two-roles"


@pytest.mark.parametrize("audience", AUDIENCES)
def test_dppvalidator_accepts_the_passport(
    audience: Audience, world: World, mess: World, tmp_path: Path
) -> None:
    pytest.importorskip("dppvalidator")
    program = shutil.which("dppvalidator", path=str(Path(sys.executable).parent))
    assert program is not None
    for place, subject in ((world, "PHONE-1"), (mess, "PHONE")):
        files = made(untp_dpp.render(gather(place.ledger, [subject], audience=audience)))
        path = tmp_path / "passport.json"
        path.write_bytes(files[f"{subject}.json"])
        asked = [program, "validate", "--strict", str(path)]
        assert subprocess.run(asked, capture_output=True, check=False).returncode == 0
        passport = json.loads(path.read_bytes())
        passport["credentialSubject"]["materialProvenance"][0]["massFraction"] = 1.5
        path.write_text(json.dumps(passport))
        assert subprocess.run(asked, capture_output=True, check=False).returncode != 0


@pytest.mark.skipif(SCHEMAS is None, reason="ORETRAIL_SCHEMAS names no folder")
@pytest.mark.parametrize("name", FORMATS)
def test_the_schemas_accept_both(name: str, world: World, mess: World) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    kind = {"dpp": "DigitalProductPassport", "dte": "DigitalTraceabilityEvent"}[name]
    folder = Path(SCHEMAS or "") / "untp-0.7.0-prerelease" / "schema" / "v0.7.0" / name
    schema = json.loads((folder / f"{kind}.json").read_text("utf-8"))
    rules = jsonschema.validators.validator_for(schema)(
        schema, format_checker=jsonschema.FormatChecker()
    )
    for place, subject in ((world, "PHONE-1"), (mess, "PHONE")):
        files = made(FORMATS[name].render(gather(place.ledger, [subject], audience="customer")))
        found = json.loads(files[f"{subject}.json"])
        assert list(rules.iter_errors(found)) == []
        del found["credentialSubject"]
        assert list(rules.iter_errors(found))
