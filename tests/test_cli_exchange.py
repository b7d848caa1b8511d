"""Statements as files: two parties that have no network in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_place import MINE, SMELTER, TRADER, Place, bag, settled


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def assay(place: Place) -> Path:
    """A draft that needs two signatures."""
    bag(place, "GIH-1")
    file = place.root / "assay.statement"
    place(
        *("record", "assay", "--by", SMELTER, "--cosigner", MINE, "--lot", "GIH-1"),
        *("--grade", "Ta2O5=23 %", "--moisture", "4 %", "--draft", file),
    )
    return file


def test_a_draft_is_signed_countersigned_and_registered(place: Place) -> None:
    file = assay(place)
    answer = place("sign", file, "--key", SMELTER)
    assert f"signed by {SMELTER}" in answer.out
    assert '"type":"lot.assayed"' in answer.err
    assert place("register", file, code=3).error == "statement.signer-missing"
    said = place.json("countersign", file, "--key", MINE)
    assert said["signed_by"] == [SMELTER, MINE]
    receipt = place.json("register", file)["receipt"]
    assert receipt["event"] == said["event"]
    assert place.json("register", file)["receipt"] == receipt
    assert place.json("verify")["verdict"] == "supported"


def test_by_default_the_keys_here_that_are_still_needed_sign(place: Place) -> None:
    file = assay(place)
    assert place.json("sign", file)["signed_by"] == [SMELTER, MINE]
    answer = place("countersign", file, code=5)
    assert answer.error == "key.missing"


def test_the_signed_file_may_go_elsewhere(place: Place) -> None:
    file, other = assay(place), place.root / "signed.statement"
    before = file.read_bytes()
    place("sign", file, "--key", MINE, "-o", other)
    assert file.read_bytes() == before
    assert other.read_bytes().startswith(before[:-1])


def test_the_same_key_does_not_sign_twice(place: Place) -> None:
    file = assay(place)
    place("sign", file, "--key", MINE)
    assert place("sign", file, "--key", MINE, code=4).error == "note.duplicate-signature"


def test_countersigning_needs_somebody_to_have_signed(place: Place) -> None:
    file = assay(place)
    for command in ("countersign", "register"):
        answer = place(command, file, code=4)
        assert answer.error == "statement.unsigned"
        assert answer.hint == f"oretrail sign {file}"


def test_a_dry_run_signs_and_registers_nothing(place: Place) -> None:
    file = assay(place)
    before, size = file.read_bytes(), place.size
    assert place.json("sign", file, "--dry-run")["signers"] == [SMELTER, MINE]
    assert "nothing was signed" in place("sign", file, "-n").out
    assert file.read_bytes() == before
    place("sign", file)
    assert place.json("register", file, "--dry-run")["would_register"] is True
    assert "nothing was registered" in place("register", file, "-n").out
    assert place.size == size


@pytest.mark.parametrize("at", [0, 10, 200, -20, -1])
def test_a_file_that_was_changed_after_it_was_signed_is_refused(place: Place, at: int) -> None:
    file = assay(place)
    place("sign", file)
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(bytes(data))
    size = place.size
    result = place("register", file, "--debug", code=place_code(place, file))
    assert "[internal]" not in result.err
    assert place.size == size


def place_code(place: Place, file: Path) -> int:
    """Malformed, or refused: which of the two depends on where the change is."""
    from click.testing import CliRunner

    from ledger.cli.main import cli

    code = CliRunner().invoke(cli, ["--ledger", str(place.root), "register", str(file)]).exit_code
    assert code in (3, 4)
    return int(code)


def test_a_statement_for_another_ledger_is_refused(place: Place, tmp_path: Path) -> None:
    file = assay(place)
    place("sign", file)
    other = Place(tmp_path / "other")
    other("init", "--origin", "other.example/trail", "--insecure-no-passphrase")
    assert other("register", file, code=3).error == "statement.wrong-ledger"


def test_a_statement_that_came_too_late_is_refused(place: Place) -> None:
    bag(place, "GIH-1")
    file = place.root / "late.statement"
    words = ("record", "retirement", "--by", MINE, "--lot", "GIH-1", "--reason", "consumed")
    place(*words, "--draft", file, "--key", MINE)
    place("transfer", "dispatch", "--by", MINE, "--to", TRADER, "--lot", "GIH-1")
    answer = place("register", file, code=3)
    assert answer.error in ("lot.head-spent", "lot.in-transit")


def test_a_file_that_is_not_there_is_said(place: Place) -> None:
    for command in ("sign", "countersign", "register"):
        assert place(command, place.root / "none", code=5).error == "file.not-read"


def bags(place: Place, *names: str) -> list[Path]:
    """A signed statement for each of these bags, in files."""
    files = []
    for name in names:
        files.append(place.root / f"{len(files)}-{name}.statement")
        place(
            *("record", "extraction", "--by", MINE, "--lot", name, "--site", "RW-GIH"),
            *("--material", "coltan ore", "--mass", f"{40 + len(files)} kg", "--basis", "wet"),
            *("--method", "asm", "--draft", files[-1], "--key", MINE),
        )
    return files


def test_of_many_files_each_is_registered_that_can_be(place: Place) -> None:
    files = bags(place, "A", "B", "A", "C")
    size = place.size
    answer = place("register", *files, code=3)
    lines = answer.out.splitlines()
    assert [line.split("   ")[1].partition(" ")[0] for line in lines] == [
        "recorded",
        "recorded",
        "refused:",
        "recorded",
    ]
    assert f"{files[2]}   refused: lot A exists already [lot.exists]" in lines
    assert place.size == size + 6
    said = place.json("register", *files, code=3)["statements"]
    assert [one["became"] for one in said] == ["registered", "registered", "refused", "registered"]
    assert [one["file"] for one in said] == [str(file) for file in files]
    assert said[2]["findings"][0]["code"] == "lot.exists"
    assert "receipt" not in said[2]
    for one, file in zip(said, files, strict=True):
        if "receipt" in one:
            assert one["receipt"] == place.json("register", file)["receipt"]
    assert place.size == size + 6
    assert len(place("register", *files[:2]).out.splitlines()) == 2
    assert place.json("verify")["verdict"] == "supported"


def test_of_many_files_none_is_registered_when_one_holds_no_statement(place: Place) -> None:
    files = bags(place, "A", "B")
    size = place.size
    files[1].write_bytes(b"no statement")
    answer = place("register", *files, code=4)
    assert answer.error == "statement.malformed"
    assert str(files[1]) in answer.err
    unsigned = place.root / "unsigned.statement"
    place("sign", files[0], "-n", "--key", MINE)
    unsigned.write_bytes(files[0].read_bytes().partition(b"\n\n\xe2")[0] + b"\n")
    assert place("register", files[0], unsigned, code=4).error == "statement.unsigned"
    assert place.size == size
    place("register", "--dry-run", *files, code=2)
