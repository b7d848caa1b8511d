"""A copy of a ledger for the field: judged again, entry by entry, and never written to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cli_place import MINE, ORIGIN, TRADER, Elsewhere, Place, bag, settled
from laptops import Laptops, laptops, send, weigh
from ledger.audit.copy_file import CopyFile
from ledger.custody.statement import Statement
from ledger.errors import LedgerError, MalformedError
from ledger.field import follow
from ledger.log import chain, merkle
from ledger.workspace import Workspace


@pytest.fixture
def both(tmp_path: Path) -> Laptops:
    return laptops(tmp_path)


def test_a_copy_is_the_ledger_up_to_its_checkpoint(both: Laptops) -> None:
    office, pit = both.office.json("verify"), both.pit.json("verify")
    assert (office["root"], office["size"]) == (pit["root"], pit["size"])
    assert pit["verdict"] == "supported"
    assert both.pit.json("lots") == both.office.json("lots")
    assert both.pit("lots").err == ""


def test_entries_after_the_checkpoint_are_not_in_a_copy(both: Laptops) -> None:
    bag(both.office, "GIH-4")
    answer = both.office("copy", both.stick / "more.copy")
    assert "2 entries after the checkpoint are not in it" in answer.err
    assert both.pit.json("update", both.stick / "more.copy")["size"] == both.office.size - 2


def test_a_copy_needs_a_checkpoint_and_something_new(tmp_path: Path) -> None:
    place = settled(tmp_path / "place")
    assert place("copy", tmp_path / "x", code=3).error == "checkpoint.none"
    place("checkpoint", "make")
    assert place("copy", tmp_path / "x", "--since", place.size, code=3).error == "copy.nothing-new"
    assert not (tmp_path / "x").exists()


def test_nothing_is_registered_or_signed_by_the_log_in_a_copy(both: Laptops) -> None:
    shutil.copytree(both.office.root / "keys", both.pit.root / "keys", dirs_exist_ok=True)
    file = both.pit.root / "one.statement"
    send(both.pit, "GIH-1", TRADER, "--draft", file, "--key", MINE)
    before = (both.pit.root / "copy.db").read_bytes()
    assert both.pit("register", file, code=5).error == "workspace.is-copy"
    assert both.pit("checkpoint", "make", code=5).error == "storage.read-only"
    with Workspace.find(both.pit.root).ledger() as ledger, pytest.raises(LedgerError):
        ledger.register(Statement.decode(file.read_bytes()))
    assert (both.pit.root / "copy.db").read_bytes() == before


def test_a_folder_is_cloned_into_once_and_for_the_ledger_that_is_meant(both: Laptops) -> None:
    file = both.stick / "kivu.copy"
    assert both.pit("clone", file, both.pit.root, code=5).error == "workspace.exists"
    other = Place(both.root / "other")
    answer = other("clone", file, other.root, "--ledger-id", "ab" * 32, code=5)
    assert answer.error == "ledger.wrong"
    assert not (other.root / "oretrail.toml").exists()
    assert not (other.root / "copy.db").exists()
    ledger = both.office.json("status")["ledger"]
    other("clone", file, other.root, "--ledger-id", ledger)
    assert other.json("status")["copy"] is True


def test_what_a_broken_clone_left_behind_is_replaced(both: Laptops) -> None:
    other = Place(both.root / "other")
    other.root.mkdir()
    other.file("copy.db", b"half of it")
    other("clone", both.stick / "kivu.copy", other.root)
    assert other.json("verify")["verdict"] == "supported"


def test_only_a_copy_is_brought_up_to_date_or_has_an_outbox(both: Laptops) -> None:
    file = both.stick / "kivu.copy"
    assert both.office("update", file, code=5).error == "workspace.no-copy"
    assert both.office("outbox", "list", code=5).error == "workspace.no-copy"


def test_an_old_copy_again_brings_nothing_and_does_no_harm(both: Laptops) -> None:
    bag(both.office, "GIH-4")
    both.office("checkpoint", "make")
    both.office("copy", both.stick / "back.copy")
    assert both.update()["size"] == both.office.size
    again = both.pit.json("update", both.stick / "kivu.copy")
    assert again["before"] == again["size"] == both.office.size
    kept = both.pit.json("checkpoint", "show")
    assert kept["size"] == both.office.size
    assert (both.pit.root / "checkpoint").read_text() == kept["checkpoint"]


def test_a_copy_that_begins_after_a_gap_says_what_is_missing(both: Laptops) -> None:
    size = both.pit.size
    bag(both.office, "GIH-4")
    bag(both.office, "GIH-5")
    both.office("checkpoint", "make")
    both.office("copy", both.stick / "late.copy", "--since", size + 2)
    answer = both.pit("update", both.stick / "late.copy", code=3)
    assert answer.error == "copy.gap"
    assert answer.hint.endswith(f"--since {size}")


def lines_of(both: Laptops) -> tuple[list[bytes], bytes]:
    """The entries and the checkpoint of the copy on the stick."""
    head, _, note = (both.stick / "kivu.copy").read_bytes().partition(b"\n\n")
    return [line + b"\n" for line in head.split(b"\n")], note


def forged(both: Laptops, lines: list[bytes], note: bytes | None = None) -> Path:
    file = both.stick / "forged.copy"
    file.write_bytes(b"".join(lines) + b"\n" + (lines_of(both)[1] if note is None else note))
    return file


def test_every_kind_of_damage_to_a_copy_is_refused(both: Laptops) -> None:
    lines, note = lines_of(both)
    whole = (both.stick / "kivu.copy").read_bytes()
    for at in (0, 1, len(lines) // 2, len(lines) - 1):
        for cut in (lines[:at] + lines[at + 1 :], [*lines[:at], lines[at], *lines[at:]]):
            assert refused(both, forged(both, cut))
    turned = [*lines[:-2], lines[-1], lines[-2]]
    assert refused(both, forged(both, turned)) == "copy.malformed"
    assert refused(both, forged(both, [])) == "copy.malformed"
    assert refused(both, forged(both, lines[:-2])) == "copy.malformed"
    assert refused(both, forged(both, lines, b"")) == "note.malformed"
    assert refused(both, forged(both, lines, note + note)) == "checkpoint.malformed"
    assert refused(both, forged(both, lines, note + b"x" * (1 << 16))) == "copy.malformed"
    assert refused(both, forged(both, lines[1:])) == "copy.gap"
    file = both.stick / "forged.copy"
    file.write_bytes(b"".join(lines))
    assert refused(both, file) == "copy.malformed"
    for end in (0, 1, 500, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:end])
        assert refused(both, file)


def refused(both: Laptops, file: Path) -> str:
    """The code with which a new clone of this file is refused; nothing is left of it."""
    root = both.root / "clone"
    with file.open("rb") as lines, pytest.raises(LedgerError) as caught:
        follow.clone(root, lines)
    assert list(root.iterdir()) == []
    return caught.value.code


def test_flips_in_a_copy_are_refused(both: Laptops) -> None:
    whole = (both.stick / "kivu.copy").read_bytes()
    file = both.stick / "forged.copy"
    for at in range(0, len(whole), len(whole) // 30):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert refused(both, file)


Computer = Callable[[], AbstractContextManager[None]]


def publish(place: Place, file: Path) -> None:
    """A checkpoint, and a copy up to it."""
    place("checkpoint", "make")
    place("copy", file)


def test_another_past_under_the_same_id_is_refused_and_named(
    both: Laptops, another_computer: Elsewhere
) -> None:
    # The office loses its disk and begins again from an old backup: another entry 18.
    shutil.copytree(both.office.root, both.root / "backup")
    other = Place(both.root / "backup")
    bag(both.office, "GIH-4")
    bag(other, "GIH-5")
    with another_computer():
        other("checkpoint", "make")
        other("copy", both.stick / "other.copy")
    both.office("checkpoint", "make")
    both.office("copy", both.stick / "back.copy")
    both.update()
    before = (both.pit.root / "copy.db").read_bytes()
    assert both.pit("update", both.stick / "other.copy", code=3).error == "copy.other-past"
    assert (both.pit.root / "copy.db").read_bytes() == before


def test_a_root_that_the_log_did_not_sign_is_refused(
    both: Laptops, another_computer: Elsewhere
) -> None:
    bag(both.office, "GIH-4")
    shutil.copytree(both.office.root, both.root / "backup")
    other = Place(both.root / "backup")
    weigh(both.office, "GIH-1")
    weigh(other, "GIH-2")
    with another_computer():
        other("checkpoint", "make")
        other("copy", both.stick / "b.copy")
    both.office("checkpoint", "make")
    both.office("copy", both.stick / "a.copy")
    mixed = (both.stick / "a.copy").read_bytes().partition(b"\n\n")[0]
    note = (both.stick / "b.copy").read_bytes().partition(b"\n\n")[2]
    file = both.stick / "mixed.copy"
    file.write_bytes(mixed + b"\n\n" + note)
    assert both.pit("update", file, code=3).error == "checkpoint.root-mismatch"
    stranger = Place(both.root / "stranger")
    stranger("init", "--origin", ORIGIN, "--insecure-no-passphrase")
    stranger("checkpoint", "make")
    stranger("copy", both.stick / "stranger.copy")
    assert both.pit("update", both.stick / "stranger.copy", code=3).error == "copy.other-past"


def test_a_statement_that_the_rules_refuse_does_not_come_in_with_a_copy(both: Laptops) -> None:
    """The log's operator writes what nobody could register, and signs a checkpoint over it."""
    size = both.pit.size
    send(both.office, "GIH-1")
    workspace = Workspace.find(both.office.root)
    with workspace.ledger() as ledger:
        sources = list(ledger.sources(size))
    # The same statement once more, at the next place.
    rows = []
    last = sources[-1].chain or b""
    for index, one in enumerate([*sources, *sources], start=size):
        leaf = merkle.leaf_hash(one.data)
        last = chain.link(last, leaf) if index >= size + 2 else one.chain or b""
        rows.append(
            json.dumps(
                {
                    "index": index, "leaf": leaf.hex(), "chain": last.hex(),
                    "entry": one.data.decode(),
                },
                separators=(",", ":"), ensure_ascii=False,
            ).encode() + b"\n"
        )  # fmt: skip
    note = (both.stick / "kivu.copy").read_bytes().partition(b"\n\n")[2]
    note = note.replace(f"\n{size}\n".encode(), f"\n{size + 4}\n".encode())
    file = both.stick / "forged.copy"
    file.write_bytes(b"".join(rows) + b"\n" + note)
    assert both.pit("update", file, code=3).error == "event.duplicate"
    del rows[1]
    file.write_bytes(
        b"".join(rows[:1]) + b"\n" + note.replace(b"%d" % (size + 4), b"%d" % (size + 1))
    )
    assert both.pit("update", file, code=4).error == "statement.count-mismatch"
    assert both.pit.size == size


def test_a_copy_is_read_line_by_line() -> None:
    with pytest.raises(MalformedError) as caught:
        list(CopyFile(iter([b"x" * (1 << 21), b"\n"])).sources())
    assert caught.value.code == "entries.malformed"


def rechained(lines: list[bytes], change: dict[int, tuple[bytes, bytes]]) -> list[bytes]:
    """The lines with words of some entries replaced, and every hash made to fit again."""
    last = chain.START
    made = []
    for number, line in enumerate(lines):
        said = json.loads(line)
        entry = said["entry"].encode()
        if number in change:
            assert change[number][0] in entry
            entry = entry.replace(*change[number], 1)
        leaf = merkle.leaf_hash(entry)
        last = chain.link(last, leaf)
        said |= {"leaf": leaf.hex(), "chain": last.hex(), "entry": entry.decode()}
        made.append(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    return made


def test_a_clock_that_went_back_a_bad_signature_and_other_hashes_are_named(both: Laptops) -> None:
    lines, _ = lines_of(both)
    year = json.loads(json.loads(lines[4])["entry"])["recorded_at"][:4].encode()
    back = {4: (b'"recorded_at":"' + year, b'"recorded_at":"2001')}
    assert refused(both, forged(both, rechained(lines, back))) == "time.went-back"
    # The last digit of a signature spells bits too few to be any: take one in the middle.
    note = json.loads(json.loads(lines[4])["entry"])["note"][-1]
    other = note[:-40] + ("A" if note[-40] != "A" else "B") + note[-39:]
    wrong = {4: (note.encode(), other.encode())}
    assert refused(both, forged(both, rechained(lines, wrong))) == "statement.signature-wrong"
    for member, code in (("leaf", "entry.leaf-mismatch"), ("chain", "entry.chain-broken")):
        said = json.loads(lines[5])
        said[member] = "ab" * 32
        changed = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        assert refused(both, forged(both, [*lines[:5], changed, *lines[6:]])) == code


def test_more_events_than_a_statement_holds_are_not_collected(both: Laptops) -> None:
    lines, _ = lines_of(both)
    event = json.loads(lines[1])
    more = [
        json.dumps({**event, "index": index}, separators=(",", ":"), ensure_ascii=False).encode()
        + b"\n"
        for index in range(1, 4_100)
    ]
    assert refused(both, forged(both, [lines[0], *more])) == "statement.too-large"


def test_a_copy_without_the_beginning_of_a_ledger_is_refused(both: Laptops) -> None:
    lines, _ = lines_of(both)
    count = 2
    rest = [
        json.dumps({**json.loads(line), "index": index}, separators=(",", ":"), ensure_ascii=False)
        for index, line in enumerate(lines[count:])
    ]
    file = forged(both, rechained([line.encode() for line in rest], {}))
    assert refused(both, file) == "statement.wrong-ledger"
