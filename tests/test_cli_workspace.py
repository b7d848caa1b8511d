"""`init`, `status`, `doctor`: a folder for a ledger, and what to do in it next."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from cli_place import MINE, ORIGIN, SMELTER, TRADER, Place, bag, settled
from ledger import keys as key_files

INSECURE = "--insecure-no-passphrase"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def test_a_ledger_begins_with_its_keys(tmp_path: Path) -> None:
    place = Place(tmp_path / "new" / "ledger")
    said = place.json(
        *("init", "--origin", ORIGIN, "--name", "Kivu trail", INSECURE),
        *("--governance-keys", "3", "--threshold", "2"),
    )
    assert said["origin"] == ORIGIN
    assert said["threshold"] == 2
    assert [vkey.partition("+")[0] for vkey in said["governance"]] == [
        *("governance/1", "governance/2", "governance/3"),
    ]
    assert said["log_key"].startswith(ORIGIN + "+")
    status = place.json("status")
    assert status["ledger"] == said["ledger"]
    assert status["name"] == "Kivu trail"
    assert status["size"] == 2
    assert status["keys"] == sorted(["governance/1", "governance/2", "governance/3", ORIGIN])


def test_a_ledger_begins_in_a_named_folder(tmp_path: Path) -> None:
    place = Place(tmp_path)
    answer = place("init", tmp_path / "mine", "--origin", ORIGIN, INSECURE)
    assert answer.out.startswith("ledger ")
    assert f"next: cd {shlex.quote(str(tmp_path / 'mine'))} && oretrail status" in answer.err
    assert Place(tmp_path / "mine").json("status")["name"] == ORIGIN
    assert place("status", code=5).error == "workspace.missing"


def test_a_ledger_that_begins_here_needs_no_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    err = Place(tmp_path)("init", "--origin", ORIGIN, INSECURE).err
    assert "oretrail: next: oretrail status" in err.splitlines()


@pytest.mark.parametrize(("keys", "threshold"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_more_than_half_of_the_governance_keys_must_sign(
    tmp_path: Path, keys: int, threshold: int
) -> None:
    words = ("--origin", ORIGIN, INSECURE, "--governance-keys", keys)
    assert Place(tmp_path).json("init", *words)["threshold"] == threshold


def test_a_ledger_never_begins_over_another(place: Place) -> None:
    before = place.json("status")
    answer = place("init", "--origin", ORIGIN, INSECURE, code=5)
    assert answer.error == "workspace.exists"
    assert place.json("status") == before


@pytest.mark.parametrize("origin", ["https://kivu.example/trail", "Kivu", "a b/c", ""])
def test_an_origin_that_names_no_log_is_refused(tmp_path: Path, origin: str) -> None:
    place = Place(tmp_path)
    answer = place("init", "--origin", origin, INSECURE, code=4)
    assert answer.error == "origin.malformed"
    assert list(tmp_path.iterdir()) == []


def test_a_beginning_that_failed_may_be_tried_again_with_its_keys(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for name in ("governance/1", ORIGIN):
        place("key", "new", name, INSECURE)
    vkey = key_files.vkey(tmp_path / "keys", "governance/1")
    assert place.json("init", "--origin", ORIGIN, INSECURE)["governance"] == [vkey]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = Place(tmp_path)("init", tmp_path / "file" / "x", "--origin", ORIGIN, INSECURE, code=5)
    assert answer.error == "environment.failed"


def test_without_a_terminal_a_beginning_names_the_flag(tmp_path: Path) -> None:
    answer = Place(tmp_path).spawn("init", "--origin", ORIGIN, code=5)
    assert answer.error == "key.passphrase-needed"
    assert INSECURE in answer.hint
    assert list(tmp_path.iterdir()) == []


def test_status_always_names_the_next_command(tmp_path: Path) -> None:
    place = Place(tmp_path)

    def following() -> str:
        said = str(place.json("status")["next"])
        assert f"next         {said}" in place("status").out
        return said

    place("init", "--origin", ORIGIN, INSECURE)
    assert following() == "oretrail key new PARTY"
    place("key", "new", MINE, INSECURE)
    assert following().startswith(f"oretrail party admit --party {MINE} ")
    for party in (MINE, TRADER):
        if party != MINE:
            place("key", "new", party, INSECURE)
        place("party", "admit", "--party", party, "--name", party, "--role", "miner")
    assert following().startswith("oretrail site add ")
    place(
        *("site", "add", "--by", MINE, "--site", "RW-GIH", "--name", "Gihanga"),
        *("--kind", "mine-asm", "--country", "RW"),
    )
    assert following().startswith("oretrail record extraction")
    bag(place, "GIH-1")
    assert following() == "oretrail checkpoint make"
    place("transfer", "dispatch", "--by", MINE, "--to", TRADER, "--lot", "GIH-1")
    assert following() == "oretrail transfer list"
    place("transfer", "receive", "--by", TRADER, "--lot", "GIH-1=45 kg,basis=wet,moisture=4 %")
    place("checkpoint", "make")
    assert following() == "oretrail verify"


def test_status_counts(place: Place) -> None:
    bag(place, "GIH-1")
    bag(place, "GIH-2")
    place("transfer", "dispatch", "--by", MINE, "--to", SMELTER, "--lot", "GIH-1")
    place("checkpoint", "make")
    said = place.json("status")
    assert said["lots"] == {"held": 1, "in_transit": 1}
    assert said["checkpoint"] == said["size"]
    assert said["demo"] is False
    assert "1 held, 1 on the way" in place("status").out


def test_the_doctor_finds_nothing_in_a_good_folder(place: Place) -> None:
    said = place.json("doctor")
    assert said["fit"] is True
    assert {one["check"] for one in said["checks"]} >= {
        *("python", "workspace", "folder", "database", f"key {MINE}", "checkpoint"),
    }
    assert "WRONG" not in place("doctor").out


def test_the_doctor_names_what_is_wrong(place: Place) -> None:
    (place.root / "keys" / f"{MINE}.key").chmod(0o644)
    (place.root / "keys" / f"{TRADER}.vkey").unlink()
    (place.root / "ledger.db").write_bytes(b"no database at all")
    said = place.json("doctor", code=5)
    assert said["fit"] is False
    wrong = {one["check"] for one in said["checks"] if not one["good"]}
    assert wrong == {f"key {MINE}", f"key {TRADER}", "database"}
    assert place("doctor", code=5).out.count("WRONG") == 3


def test_the_doctor_comes_without_a_ledger_too(tmp_path: Path) -> None:
    said = Place(tmp_path).json("doctor", code=5)
    assert [one["check"] for one in said["checks"] if not one["good"]] == ["workspace"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "config.wrong"),
        (b"\xff", "config.wrong"),
        (b"[ledger]\nid = 7", "config.wrong"),
        (b"[ledger", "config.wrong"),
    ],
)
def test_settings_that_cannot_be_read_are_5(place: Place, content: bytes, error: str) -> None:
    place.file("oretrail.toml", content)
    assert place("status", code=5).error == error


def test_a_database_that_is_gone_is_5(place: Place) -> None:
    (place.root / "ledger.db").unlink()
    assert place("lots", code=5).error == "storage.missing"
    assert not (place.root / "ledger.db").exists()


def test_another_ledger_than_the_settings_pin_is_5(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "other")
    other("init", "--origin", ORIGIN, INSECURE)
    (place.root / "ledger.db").write_bytes((other.root / "ledger.db").read_bytes())
    assert place("lots", code=5).error == "ledger.wrong"


def test_a_folder_that_is_mistyped_does_not_find_the_ledger_above_it(place: Place) -> None:
    answer = place("--ledger", place.root / "trial", "status", code=5)
    assert answer.error == "workspace.missing"
    assert "there is no folder" in answer.err
