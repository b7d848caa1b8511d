"""`verify`, `checkpoint`, `db`: what they say of a good ledger, and of one that was touched."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli_place import ORIGIN, Place, bag, chain, settled
from ledger.cli.main import cli

FIVE = {"code", "severity", "message", "entries", "subject"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def codes(document: dict[str, object]) -> set[str]:
    found = document["findings"]
    assert isinstance(found, list)
    assert all(set(one) == FIVE for one in found)
    return {one["code"] for one in found}


def touch(place: Place, sql: str, *values: object) -> None:
    """Write into the database past every rule and trigger."""
    database = sqlite3.connect(place.root / "ledger.db")
    for (name,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type='trigger'"
    ).fetchall():
        database.execute(f"DROP TRIGGER {name}")
    database.execute(sql, values)
    database.commit()
    database.close()


# ---------------------------------------------------------------- verify


def test_the_report_has_the_members_of_the_contract(place: Place) -> None:
    chain(place)
    said = place.json("verify")
    assert set(said) >= {
        *("version", "verdict", "ledger", "size", "root", "chain", "counts", "findings"),
    }
    assert said["verdict"] == "supported"
    assert said["ledger"] == place.json("status")["ledger"]
    assert said["size"] == said["counts"]["entries"] == place.size
    assert set(said["counts"]) == {"entries", "statements", "signatures"}
    assert len(said["root"]) == len(said["chain"]) == 64


def test_a_folder_a_list_and_standard_input_say_the_same(place: Place, tmp_path: Path) -> None:
    chain(place)
    here = place.json("verify")
    entries = place.root / "entries.jsonl"
    place("export", "entries", "-o", entries)
    elsewhere = Place(tmp_path)
    for what, given in ((place.root, None), (entries, None), ("-", entries.read_bytes())):
        said = elsewhere.json("verify", what, given=given)
        for member in ("verdict", "ledger", "size", "root", "chain", "counts"):
            assert said[member] == here[member]


def test_a_product_is_verified_with_its_ledger(place: Place) -> None:
    chain(place)
    said = place.json("verify", "PHONE-1")
    assert said["verdict"] == "supported"
    assert said["subject"] == said["trail"]["subject"] == "PHONE-1"
    assert place("verify", "PHONE-1").out.splitlines()[-1] == "supported   PHONE-1"
    assert place("verify", "NOPE", code=3).error == "lot.unknown"


def test_a_product_of_a_ledger_that_was_touched_is_contradicted(place: Place) -> None:
    chain(place)
    touch(place, "UPDATE entry SET chain = zeroblob(32) WHERE idx = 5")
    said = place.json("verify", "PHONE-1", code=1)
    assert said["verdict"] == "contradicted"
    assert place("verify", "PHONE-1", code=1).out.splitlines()[-1] == "contradicted   PHONE-1"


def test_another_ledger_than_the_one_insisted_on_is_contradicted(place: Place) -> None:
    said = place.json("verify", "--ledger-id", "0" * 64, code=1)
    assert codes(said) == {"ledger.wrong"}


def test_a_checkpoint_kept_elsewhere_shows_a_tail_that_was_cut(place: Place) -> None:
    bag(place, "GIH-1")
    place("checkpoint", "make")
    kept = (place.root / "checkpoint").read_bytes()
    entries = place.root / "entries.jsonl"
    place("export", "entries", "-o", entries)
    lines = entries.read_bytes().splitlines(keepends=True)
    entries.write_bytes(b"".join(lines[:-2]))
    assert place.json("verify", entries)["verdict"] == "supported"
    known = place.file("kept", kept)
    said = place.json("verify", entries, "--checkpoint", known, code=1)
    assert "log.truncated" in codes(said)


def test_a_folder_without_a_ledger_is_5(place: Place) -> None:
    (place.root / "empty").mkdir()
    assert place("verify", place.root / "empty", code=5).error == "workspace.missing"


def test_a_list_that_is_not_there_is_5(place: Place) -> None:
    assert place("verify", "nowhere.jsonl", code=5).error == "file.not-read"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text[:100],
        lambda text: b"{}\n" + text,
        lambda text: text.replace(b'"index":3', b'"index":3.0'),
        lambda text: text.replace(b'"index":3', b'"index": 3'),
        lambda text: text.replace(b'"leaf":"', b'"leaf":"g', 1),
        lambda text: b"\xff" + text,
        lambda text: b"[" * 100_000,
        lambda text: b'"' + b"x" * (3 << 20),
    ],
)
def test_a_list_that_is_none_is_4(place: Place, change: object) -> None:
    text = place.spawn("export", "entries").out.encode()
    entries = place.file("entries.jsonl", change(text))  # type: ignore[operator]
    assert place("verify", entries, code=4).error == "entries.malformed"


def test_lines_doubled_left_out_or_in_another_order_are_noticed(place: Place) -> None:
    bag(place, "GIH-1")
    lines = place.spawn("export", "entries").out.splitlines(keepends=True)
    for wrong in (lines[:3] + lines[4:], lines[:4] + lines[3:], lines[::-1], lines + lines):
        said = place.json("verify", place.file("e.jsonl", "".join(wrong)), code=1)
        assert said["verdict"] == "contradicted"


def test_bits_flipped_in_a_list_are_all_noticed(place: Place) -> None:
    bag(place, "GIH-1")
    data = place.spawn("export", "entries").out.encode()
    dice = random.Random(7)
    for at in sorted(dice.sample(range(len(data)), 150)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << dice.randrange(8)
        result = CliRunner().invoke(cli, ["verify", "-", "--json"], input=bytes(flipped))
        assert result.exit_code in (1, 4), at
        said = json.loads(result.stdout)
        assert said.get("verdict") == "contradicted" or said["error"]["code"] == "entries.malformed"


def test_whatever_byte_of_an_entry_is_changed_no_command_falls_over(place: Place) -> None:
    chain(place)
    size = place.size
    dice = random.Random(11)
    database = sqlite3.connect(place.root / "ledger.db")
    rows = dict(database.execute("SELECT idx, data FROM entry").fetchall())
    database.close()
    for _ in range(25):
        index = dice.randrange(size)
        data = bytearray(rows[index])
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        touch(place, "UPDATE entry SET data = ? WHERE idx = ?", bytes(data), index)
        for words in (
            *(["verify"], ["verify", "PHONE-1"], ["trace", "PHONE-1"], ["log"], ["log", "--json"]),
            *(["show", str(index)], ["export", "entries"], ["status"], ["checkpoint", "make"]),
        ):
            result = CliRunner().invoke(cli, ["--ledger", str(place.root), *words])
            assert "[internal]" not in result.stderr, (index, words, result.stderr)
            if words == ["verify"]:
                assert result.exit_code == 1
            if words == ["checkpoint", "make"]:
                assert result.exit_code == 5
        touch(place, "UPDATE entry SET data = ? WHERE idx = ?", rows[index], index)
    assert place.json("verify")["verdict"] == "supported"


# ---------------------------------------------------------------- checkpoints


def test_a_checkpoint_is_made_kept_and_shown(place: Place) -> None:
    assert place("checkpoint", "show", code=3).error == "checkpoint.none"
    made = place("checkpoint", "make").out
    origin, size, _, blank, signature = made.splitlines()
    assert (origin, int(size), blank) == (ORIGIN, place.size, "")
    assert signature.startswith(f"\u2014 {ORIGIN} ")
    assert place("checkpoint", "show").out == made
    assert (place.root / "checkpoint").read_text() == made
    said = place.json("checkpoint", "show")
    assert said["size"] == place.size
    assert said["root"] == place.json("verify")["root"]
    assert said["signed_by"] == [ORIGIN]
    assert said["checkpoint"] == made


def test_a_checkpoint_needs_the_key_of_the_log(place: Place) -> None:
    (place.root / "keys" / f"{ORIGIN.replace('/', '@')}.key").unlink()
    assert place("checkpoint", "make", code=5).error == "key.missing"


def test_an_older_checkpoint_still_agrees(place: Place) -> None:
    old = place.file("old", place("checkpoint", "make").out)
    size = place.size
    bag(place, "GIH-1")
    answer = place("checkpoint", "compare", old)
    assert f"{size} of {place.size} entries" in answer.out.splitlines()[-1]
    assert place.json("checkpoint", "compare", old)["verdict"] == "supported"


def test_a_checkpoint_that_others_made_up_is_refused(place: Place, tmp_path: Path) -> None:
    good = place("checkpoint", "make").out
    lines = good.splitlines(keepends=True)
    forged = place.file("forged", "".join([lines[0], "3\n", *lines[2:]]))
    assert place("checkpoint", "compare", forged, code=1).error.startswith("signature")
    assert place("checkpoint", "compare", place.file("x", "x"), code=4).error == "note.malformed"
    other = Place(tmp_path / "other")
    other("init", "--origin", "other.example/trail", "--insecure-no-passphrase")
    foreign = other.file("c", other("checkpoint", "make").out)
    assert place("checkpoint", "compare", foreign, code=4).error == "checkpoint.origin-mismatch"


def test_a_checkpoint_of_a_past_that_is_gone_contradicts(place: Place, tmp_path: Path) -> None:
    before = (place.root / "ledger.db").read_bytes()
    bag(place, "GIH-1")
    kept = place.file("kept", place("checkpoint", "make").out)
    (place.root / "ledger.db").write_bytes(before)
    (place.root / "checkpoint").unlink()
    assert place.json("verify")["verdict"] == "supported"
    said = place.json("checkpoint", "compare", kept, code=1)
    assert "log.truncated" in codes(said)


# ---------------------------------------------------------------- the database


def test_tables_that_were_touched_are_noticed_and_made_anew(place: Place) -> None:
    bag(place, "GIH-1")
    assert place.json("db", "check")["verdict"] == "supported"
    touch(place, "DELETE FROM lot")
    said = place.json("db", "check", code=1)
    # The bag was dug on a day in February, and is recorded whenever the test is run.
    assert codes(said) - {"recorded.late"} == {"books.drift"}
    assert place.json("db", "rebuild")["entries"] == place.size
    assert place.json("db", "check")["verdict"] == "supported"
    assert "tables made anew" in place("db", "rebuild").out


def test_a_backup_is_a_whole_ledger(place: Place, tmp_path: Path) -> None:
    chain(place)
    copy = tmp_path / "copy"
    copy.mkdir()
    said = place.json("db", "backup", copy / "ledger.db")
    assert said["entries"] == place.size
    (copy / "oretrail.toml").write_bytes((place.root / "oretrail.toml").read_bytes())
    assert Place(copy).json("verify") == place.json("verify")


def test_a_backup_is_never_made_over_a_file(place: Place) -> None:
    there = place.file("there", "precious")
    assert place("db", "backup", there, code=5).error == "storage.exists"
    assert there.read_text() == "precious"
    place("db", "backup", place.root / "none" / "x.db", code=5)


def test_a_folder_that_cannot_be_written_can_still_be_read(place: Place) -> None:
    bag(place, "GIH-1")
    touched = CliRunner().invoke(cli, ["--ledger", str(place.root), "lots"])
    assert touched.exit_code == 0
    assert [p.name for p in place.root.iterdir() if p.name.endswith(".part")] == []
