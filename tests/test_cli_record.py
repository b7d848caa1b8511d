"""Saying what happened: options, defaults, keys, drafts, dry runs, receipts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli_place import MINE, SMELTER, TRADER, Place, bag, chain, settled
from ledger.cli.main import cli


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


RETIRE = ("record", "retirement", "--by", MINE, "--reason", "consumed", "--lot")


# ---------------------------------------------------------------- receipts


def test_a_receipt_has_its_members(place: Place) -> None:
    before = place.size
    said = bag(place, "GIH-1", "45 kg", "--json").json()
    receipt = said["receipt"]
    assert set(receipt) == {"index", "event", "size", "recorded_at"}
    assert receipt["index"] == before
    assert receipt["size"] == before + 2
    assert len(receipt["event"][0]) == 64
    assert said["findings"] == []


def test_a_receipt_in_words_names_the_entry(place: Place) -> None:
    answer = bag(place, "GIH-1")
    assert answer.out.startswith(f"recorded entry {place.size - 1}   lot.extracted   ")
    assert answer.err == ""


def test_what_is_recorded_all_the_same_is_told(place: Place) -> None:
    bag(place, "GIH-1")
    words = ("record", "weighing", "--by", MINE, "--lot", "GIH-1", "--basis", "wet")
    answer = place(*words, "--instrument", "hand-scale", "--mass", "30 kg")
    assert "mass.shortfall" in answer.out
    bag(place, "GIH-2")
    said = place.json(*words[:5], "GIH-2", *words[6:], "--instrument", "x", "--mass", "30 kg")
    assert said["findings"][0]["code"] == "mass.shortfall"
    assert said["findings"][0]["subject"] == "lot:GIH-2"


def test_the_same_statement_again_gives_the_first_receipt(place: Place) -> None:
    first = bag(place, "GIH-1", "45 kg", "--json").json()["receipt"]
    again = bag(place, "GIH-1", "45 kg", "--json").json()["receipt"]
    assert again == first


# ---------------------------------------------------------------- who says it, and when


def test_the_only_party_with_a_key_here_is_the_one_that_speaks(place: Place) -> None:
    for name in (TRADER, SMELTER):
        (place.root / "keys" / f"{name}.key").unlink()
    place(
        *("record", "declaration", "--lot", "L", "--material", "ore", "--mass", "1 kg"),
        *("--basis", "dry", "--origin", "unknown", "--reason", "found"),
    )
    assert place.json("lots")["lots"][0]["holder"] == MINE


def test_the_party_of_the_key_is_the_one_that_speaks(place: Place) -> None:
    place(
        *("record", "declaration", "--lot", "L", "--material", "ore", "--mass", "1 kg"),
        *("--basis", "dry", "--origin", "unknown", "--reason", "found", "--key", TRADER),
    )
    assert place.json("lots")["lots"][0]["holder"] == TRADER


def test_with_several_keys_here_somebody_must_be_named(place: Place) -> None:
    words = ("record", "retirement", "--lot", "L", "--reason", "consumed")
    answer = place(*words, code=2)
    assert f"{TRADER}, {MINE}, {SMELTER} have keys here" in answer.err
    assert "--by" in answer.err


def test_without_any_key_a_key_is_to_be_made(place: Place) -> None:
    for path in (place.root / "keys").iterdir():
        path.unlink()
    answer = place("record", "retirement", "--lot", "L", "--reason", "consumed", code=5)
    assert answer.error == "key.missing"
    assert answer.hint == "make one: oretrail key new PARTY"


def test_what_only_governance_can_say_is_said_by_it(place: Place) -> None:
    place("policy", "adopt", "--tolerance", "hand-scale=0.5 %")
    place("party", "suspend", "--party", TRADER, "--reason", "licence withdrawn")
    parties = {one["party"]: one for one in place.json("party", "list")["parties"]}
    assert parties[TRADER]["suspended"] == "licence withdrawn"
    assert "suspended" not in parties[MINE]


def test_an_event_happened_now_or_when_it_is_said_to_have(place: Place) -> None:
    bag(place, "GIH-1")
    entry = place.json("show", place.size - 1)["found"][0]["value"]["entry"]
    assert entry["occurred_at"] == "2026-02-11T00:00:00Z"
    place(*RETIRE, "GIH-1")
    entry = place.json("show", place.size - 1)["found"][0]["value"]["entry"]
    recorded = place.json("show", place.size - 2)["found"][0]["value"]["entry"]["recorded_at"]
    assert recorded[:10] == entry["occurred_at"][:10]


def test_the_future_is_refused(place: Place) -> None:
    answer = place(*RETIRE, "GIH-1", "--occurred-at", "2198-01-01", code=3)
    assert "time.in-future" in answer.err or answer.error == "lot.unknown"


def test_missing_options_are_named_all_at_once(place: Place) -> None:
    answer = place("record", "extraction", "--by", MINE, "--lot", "L", code=2)
    assert "missing --material, --mass, --basis, --site, --method" in answer.err


def test_an_option_that_cannot_be_read_is_named(place: Place) -> None:
    answer = place(*RETIRE, "GIH-1", "--mass", "1,250 kg", code=4)
    assert answer.error == "mass.malformed"
    assert "--mass: '1,250 kg'" in answer.err
    assert place(*RETIRE, "two words", code=4).error == "field.malformed"
    answer = place(
        "record", "document", "--by", MINE, "--subject", "x", "--digest", "y", "--kind", "Z", code=4
    )
    assert answer.err.splitlines()[0].startswith("oretrail: subject: 'x' is no kind:id")
    assert len(answer.err.splitlines()) == 4


# ---------------------------------------------------------------- hand-overs


def test_a_hand_over_takes_two_and_the_dispatch_is_found_by_its_lots(place: Place) -> None:
    bag(place, "GIH-1")
    place("transfer", "dispatch", "--by", MINE, "--to", TRADER, "--lot", "GIH-1")
    answer = place(
        "record", "retirement", "--by", MINE, "--lot", "GIH-1", "--reason", "consumed", code=3
    )
    assert answer.error == "lot.in-transit"
    place("transfer", "receive", "--by", TRADER, "--lot", "GIH-1=44.9 kg,basis=wet,moisture=4 %")
    (lot,) = place.json("lots")["lots"]
    assert lot["holder"] == TRADER
    assert lot["mass_mg"] == 44_900_000


def test_a_dispatch_may_be_named_by_its_entry_or_its_first_digits(place: Place) -> None:
    for lot, short in (("GIH-1", False), ("GIH-2", True)):
        bag(place, lot)
        said = place.json("transfer", "dispatch", "--by", MINE, "--to", TRADER, "--lot", lot)
        index, event = said["receipt"]["index"] + 1, said["receipt"]["event"][0]
        place(
            *("transfer", "reject", "--by", TRADER, "--lot", lot, "--reason", "seal broken"),
            *("--dispatch", event[:10] if short else index),
        )
    assert {lot["holder"] for lot in place.json("lots")["lots"]} == {MINE}
    answer = place(
        *("transfer", "reject", "--by", TRADER, "--lot", "GIH-1", "--reason", "x"),
        *("--dispatch", "ffff"),
        code=4,
    )
    assert answer.error == "entry.unknown"


def test_a_lot_that_is_not_on_the_way_has_no_dispatch_to_be_found(place: Place) -> None:
    bag(place, "GIH-1")
    lots = ("--lot", "GIH-1=1 kg,basis=wet")
    answer = place("transfer", "receive", "--by", TRADER, *lots, code=3)
    assert answer.error == "custody.not-in-transit"
    assert f"lot GIH-1 is not in transit; {MINE} holds it" in answer.err
    lots = ("--lot", "NOPE=1 kg,basis=wet")
    answer = place("transfer", "receive", "--by", TRADER, *lots, code=3)
    assert answer.error == "lot.unknown"
    assert "no lot or product NOPE here" in answer.err
    assert answer.hint == "oretrail transfer list"


def test_a_row_about_a_lot_that_is_not_on_the_way_names_the_lot(place: Place) -> None:
    bag(place, "GIH-1")
    table = 'lots\n"GIH-1=1 kg,basis=wet"\n"NOPE=1 kg,basis=wet"\n'
    answer = place("transfer", "receive", "--by", TRADER, "--from", "-", given=table, code=4)
    assert "row 2, lots: lot GIH-1 is not in transit" in answer.err
    assert "row 3, lots: no lot or product NOPE here" in answer.err


def test_what_is_missing_is_said_before_who_speaks_is_asked(place: Place) -> None:
    answer = place("party", "admit", "--party", "x.example", "--role", "miner", code=2)
    assert "missing --name" in answer.err
    assert "--by" not in answer.err


def test_losses_in_one_text_say_what_separates_them(place: Place) -> None:
    answer = place(
        *("record", "refining", "--by", SMELTER, "--lot", "L", "--process", "smelting"),
        *("--loss", "slag=5 kg; moisture=3 kg"),
        code=4,
    )
    assert answer.error == "mass.malformed"
    assert "several of these are separated by |, not by ;" in answer.err


# ---------------------------------------------------------------- keys


def test_cosigners_here_sign_without_being_asked(place: Place) -> None:
    bag(place, "GIH-1")
    place(
        *("record", "assay", "--by", SMELTER, "--cosigner", MINE, "--lot", "GIH-1"),
        *("--grade", "Ta2O5=23 %", "--moisture", "4 %"),
    )
    assert place.json("verify")["verdict"] == "supported"


def test_a_key_that_is_not_here_is_missed_by_name(place: Place) -> None:
    assert place(*RETIRE, "GIH-1", "--key", "nobody.example", code=5).error == "key.missing"


def test_a_signature_that_is_missing_is_refused_and_a_draft_suggested(place: Place) -> None:
    bag(place, "GIH-1")
    (place.root / "keys" / f"{MINE}.key").unlink()
    words = ("record", "assay", "--by", SMELTER, "--cosigner", MINE, "--lot", "GIH-1")
    answer = place(*words, "--grade", "Ta2O5=23 %", "--moisture", "4 %", code=3)
    assert answer.error == "statement.signer-missing"
    assert "--draft" in answer.hint
    answer = place(*RETIRE, "GIH-1", code=5)
    assert answer.error == "key.missing"
    assert "--draft" in answer.hint


def test_the_wrong_key_is_refused_with_the_name_of_the_right_one(place: Place) -> None:
    bag(place, "GIH-1")
    answer = place(*RETIRE, "GIH-1", "--key", TRADER, code=3)
    assert answer.error == "statement.signer-missing"
    assert answer.hint == f"sign with a key of {MINE}: --key {MINE}"


def test_a_device_key_signs_within_its_scope(place: Place) -> None:
    phone = f"{MINE}/phone"
    place("key", "new", phone, "--insecure-no-passphrase")
    place(
        *("key", "authorize", "--party", MINE, "--by", MINE, "--key", phone),
        *("--type", "lot.extracted", "--max-mass", "50 kg"),
    )
    (place.root / "keys" / f"{MINE}.key").unlink()
    bag(place, "GIH-1")
    assert bag_refused(place, "GIH-2", "51 kg") == "key.out-of-scope"
    assert place(*RETIRE, "GIH-1", code=3).error == "key.out-of-scope"
    place(
        *("key", "revoke", "--party", MINE, "--by", "governance", "--key", phone),
        *("--reason", "stolen"),
    )
    assert bag_refused(place, "GIH-3", "45 kg") == "key.revoked"


def bag_refused(place: Place, lot: str, mass: str) -> str:
    result = CliRunner().invoke(
        cli,
        [
            *("--ledger", str(place.root), "record", "extraction", "--lot", lot, "--mass", mass),
            *("--material", "ore", "--basis", "dry", "--site", "RW-GIH", "--method", "asm"),
            *("--by", MINE),
        ],
    )
    assert result.exit_code == 3, result.stderr
    return result.stderr.splitlines()[0].rpartition("[")[2].removesuffix("]")


def test_an_unknown_name_of_a_key_is_told(place: Place) -> None:
    words = ("key", "authorize", "--party", MINE, "--by", MINE)
    assert place(*words, "--key", "nobody.example", code=4).error == "key.missing"
    assert place(*words, "--key", "a+b", code=4).error == "field.malformed"


# ---------------------------------------------------------------- dry runs and drafts


def test_a_dry_run_judges_and_changes_nothing(place: Place) -> None:
    before = place.size
    answer = bag(place, "GIH-1", "45 kg", "--dry-run")
    assert "nothing was registered" in answer.out
    assert '"lot":"GIH-1"' in answer.out
    said = bag(place, "GIH-1", "45 kg", "-n", "--json").json()
    assert said["would_register"] is True
    assert said["signers"] == [MINE]
    assert said["events"][0]["lot"] == "GIH-1"
    assert place.size == before


def test_a_dry_run_of_what_would_be_refused_is_3(place: Place) -> None:
    said = place.json(*RETIRE, "NOPE", "--dry-run", code=3)
    assert said["would_register"] is False
    assert said["findings"][0]["code"] == "lot.unknown"
    answer = place(*RETIRE, "NOPE", "-n", code=3)
    assert "lot.unknown" in answer.out


def test_a_draft_is_a_file_and_changes_nothing(place: Place) -> None:
    before, file = place.size, place.root / "d.statement"
    bag(place, "GIH-1", "45 kg", "--draft", str(file))
    assert place.size == before
    assert file.read_bytes().count(b"\n\n") == 1
    said = bag(place, "GIH-1", "45 kg", "--draft", str(file), "--key", MINE, "--json").json()
    assert said["signed_by"] == [MINE]
    assert said["file"] == str(file)
    assert file.read_bytes().count(b"\n\n") == 2


def test_a_draft_that_cannot_be_written_is_said(place: Place) -> None:
    words = ("--draft", str(place.root / "none" / "d.statement"))
    result = CliRunner().invoke(
        cli,
        [
            *("--ledger", str(place.root), *RETIRE[:-1], "--lot", "X"),
            *words,
        ],
    )
    assert result.exit_code == 5
    assert "[file.not-written]" in result.stderr


# ---------------------------------------------------------------- a new event type


BLESSED = '''
"""A lot is blessed."""

from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim
from ..values import Grade, Id, Share
from .base import Event


class LotBlessed(Event, frozen=True, kw_only=True, tag="lot.blessed"):
    """By somebody who may."""

    command: ClassVar[str] = "ritual blessing"

    lot: Annotated[Id, msgspec.Meta(description="the lot")]
    by_heart: bool = False
    strength: Share | None = None
    gifts: tuple[Grade, ...] = ()

    def effects(self):
        yield Claim(f"lot:{self.lot}", "blessing", "given", {"strength": self.strength})
'''

# The folder of event types is read when it is first imported: it is made longer before.
LONGER = """
import importlib.util, sys
spec = importlib.util.find_spec("ledger.events")
spec.submodule_search_locations.append(sys.argv.pop(1))
module = importlib.util.module_from_spec(spec)
sys.modules["ledger.events"] = module
spec.loader.exec_module(module)
from ledger.cli.main import main
main()
"""


def test_a_type_dropped_in_as_one_file_works_from_the_command_to_the_trail(
    place: Place, tmp_path: Path
) -> None:
    bag(place, "GIH-1")
    (tmp_path / "lot_blessed.py").write_text(BLESSED)

    def call(*words: str) -> str:
        command = [sys.executable, "-c", LONGER, str(tmp_path), "--ledger", str(place.root)]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "ritual: blessing" in call("--help")
    assert "A lot is blessed." in call("ritual", "blessing", "--help")
    call(
        *("ritual", "blessing", "--by", MINE, "--lot", "GIH-1", "--by-heart"),
        *("--strength", "5 %", "--gift", "Ta=1 %"),
    )
    assert "supported" in call("verify")
    assert "lot.blessed GIH-1" in call("log")
    assert '"blessing"' in call("trace", "GIH-1", "--json")


def test_the_whole_way_from_the_pit_to_a_million_phones(place: Place) -> None:
    chain(place)
    said = place.json("trace", "PHONE-1")
    assert said["elements"]["Ta"]["mass_mg"] == 15_000_000
    assert place.json("verify", "PHONE-1")["verdict"] == "supported"
