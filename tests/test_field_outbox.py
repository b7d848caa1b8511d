"""An outbox in the field, a week taken in at one go, and what is done after a conflict."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli_place import MINE, SMELTER, TRADER, Place, bag, settled
from laptops import Laptops, became, laptops, send, split, weigh
from ledger.custody.outbox import Outbox
from ledger.custody.statement import Statement
from ledger.events import decode


@pytest.fixture
def both(tmp_path: Path) -> Laptops:
    return laptops(tmp_path)


# ---------------------------------------------------------------- drafts on drafts


def test_a_draft_builds_on_drafts_that_no_ledger_has(tmp_path: Path) -> None:
    place = settled(tmp_path / "place")
    bag(place, "GIH-1")
    first, second = place.root / "1.statement", place.root / "2.statement"
    parts = ("--part", "GIH-1A=44 kg", "--part", "GIH-1B=1 kg", "--key", MINE, "--draft", first)
    words = ("record", "split", "--by", MINE, "--lot", "GIH-1", "--material", "coltan ore")
    place(*words, *parts)
    assert send(place, "GIH-1A", TRADER, "--draft", second, "--key", MINE).code == 0
    assert place("register", second, code=3).error == "lot.unknown"
    send(place, "GIH-1A", TRADER, "--draft", second, "--key", MINE, "--on", first)
    after = decode(Statement.decode(second.read_bytes()).events[0]).after
    assert after == Statement.decode(first.read_bytes()).ids
    size = place.size
    place("register", first)
    place("register", second)
    assert place.size == size + 4


def test_building_on_a_file_is_for_drafts_and_for_what_the_rules_allow(tmp_path: Path) -> None:
    place = settled(tmp_path / "place")
    bag(place, "GIH-1")
    file, other = place.root / "1.statement", place.root / "2.statement"
    parts = ("--part", "GIH-1A=44 kg", "--part", "GIH-1B=1 kg", "--draft", file)
    words = ("record", "split", "--by", MINE, "--lot", "GIH-1", "--material", "coltan ore")
    place(*words, *parts)
    assert send(place, "GIH-1A", TRADER, "--on", file, code=2).error == "usage.wrong"
    send(place, "GIH-1")
    late = send(place, "GIH-1A", TRADER, "--draft", other, "--on", file, code=3)
    assert late.error == "lot.head-spent"
    assert not other.exists()
    size = place.size
    bag(place, "GIH-2")
    assert place.size == size + 2


# ---------------------------------------------------------------- the outbox


def test_what_is_recorded_in_a_copy_waits_and_is_built_on(both: Laptops) -> None:
    said = both.pit.json(
        *("record", "blend", "--lot", "P", "--material", "ore", "--input", "GIH-1"),
        *("--input", "GIH-2"),
    )["waiting"]
    assert (said["number"], said["signed_by"], said["still_to_sign"]) == (1, [MINE], [])
    send(both.pit, "P")
    assert both.pit.json("show", "P")["found"][0]["value"]["state"] == "in-transit"
    assert "2 statements of the outbox that no ledger has yet" in both.pit("lots").err
    assert both.waiting() == [1, 2]
    # What is not in the ledger is neither in its log nor in what is verified.
    assert both.pit.json("verify")["size"] == both.office.size
    assert len(both.pit.json("log")["entries"]) == both.office.size
    assert split(both.pit, "GIH-1", code=3).error == "lot.closed"
    assert both.waiting() == [1, 2]


def test_a_dry_run_in_a_copy_leaves_nothing_in_the_outbox(both: Laptops) -> None:
    assert send(both.pit, "GIH-1", TRADER, "--dry-run", "--json").json()["would_register"] is True
    assert both.waiting() == []


def test_somebody_elses_statement_is_added_and_signed_by_others_later(both: Laptops) -> None:
    file = both.stick / "assay.statement"
    words = ("record", "assay", "--by", SMELTER, "--cosigner", MINE, "--lot", "GIH-1")
    fields = ("--grade", "Ta2O5=23 %", "--moisture", "4 %")
    both.office(*words, *fields, "--draft", file, "--key", SMELTER)
    answer = both.pit("outbox", "add", file)
    assert "waits in the outbox as 1" in answer.out
    assert f"{MINE} must sign it, too" in answer.err
    assert both.pit("outbox", "add", file, code=3).error == "event.duplicate"
    assert f"to be signed by {MINE}" in both.pit("outbox", "list").out
    assert (
        f"statement 1 is to be signed by {MINE}"
        in both.pit("outbox", "pack", "-o", both.stick / "week.outbox").err
    )
    assert both.take(both.stick / "week.outbox", code=3)["statements"][0]["findings"][0][
        "code"
    ] == "statement.signer-missing"  # fmt: skip
    both.pit("countersign", both.pit.root / "outbox" / "0001.statement")
    assert became(both.take(both.pack())) == ["registered"]


def test_a_draft_for_another_ledger_does_not_come_into_the_outbox(both: Laptops) -> None:
    file = both.stick / "foreign.statement"
    send(both.office, "GIH-1", TRADER, "--draft", file)
    foreign = Statement.draft("ab" * 32, Statement.decode(file.read_bytes()).events)
    file.write_bytes(foreign.encode())
    assert both.pit("outbox", "add", file, code=3).error == "statement.wrong-ledger"
    assert both.waiting() == []


def test_nothing_unsigned_and_nothing_at_all_is_packed(both: Laptops) -> None:
    week = both.stick / "week.outbox"
    assert both.pit("outbox", "pack", "-o", week, code=4).error == "outbox.empty"
    draft = both.stick / "draft.statement"
    send(both.pit, "GIH-1", TRADER, "--draft", draft)
    both.pit("outbox", "add", draft)
    assert "oretrail sign " in both.pit.json("status")["next"]
    answer = both.pit("outbox", "pack", "-o", week, code=4)
    assert answer.error == "outbox.unsigned"
    assert answer.hint.startswith("oretrail sign ")
    assert not week.exists()


def test_a_statement_is_taken_back_unless_another_builds_on_it(both: Laptops) -> None:
    weigh(both.pit, "GIH-1")
    weigh(both.pit, "GIH-2")
    send(both.pit, "GIH-1")
    answer = both.pit("outbox", "drop", 1, code=3)
    assert (answer.error, answer.hint) == ("outbox.built-on", "oretrail outbox drop 3")
    both.pit("outbox", "drop", 2)
    assert both.waiting() == [1, 3]
    assert both.pit("outbox", "drop", 2, code=3).error == "outbox.unknown"
    kept = both.pit.root / "outbox" / "refused"
    assert sorted(path.name for path in kept.iterdir()) == ["0002.statement", "0002.txt"]
    weigh(both.pit, "GIH-3")
    assert both.waiting() == [1, 3, 4]
    assert both.pit.json("outbox", "clear")["deleted"] == 1
    assert list(kept.iterdir()) == []
    assert both.waiting() == [1, 3, 4]


def test_a_damaged_statement_in_the_outbox_is_named(both: Laptops) -> None:
    send(both.pit, "GIH-1")
    path = both.pit.root / "outbox" / "0001.statement"
    path.write_bytes(path.read_bytes()[:-10])
    for command in (("outbox", "list"), ("lots",), ("status",)):
        answer = both.pit(*command, code=4)
        assert answer.error.startswith("note.")
        assert "0001.statement" in answer.err


def test_other_files_in_the_outbox_are_no_matter(both: Laptops) -> None:
    send(both.pit, "GIH-1")
    for name in (".0002.statement.123.part", "notes.txt", "00002.statement", "2.statement"):
        both.pit.file(f"outbox/{name}", b"?")
    assert both.waiting() == [1]


# ---------------------------------------------------------------- taking it in


def test_a_week_registers_in_one_go_and_its_receipts_come_back(both: Laptops) -> None:
    weigh(both.pit, "GIH-1")
    send(both.pit, "GIH-1")
    bag(both.pit, "GIH-9")
    size = both.office.size
    said = both.take(both.pack())
    assert became(said) == ["registered"] * 3
    assert [one["receipt"]["index"] for one in said["statements"]] == [size, size + 2, size + 4]
    lines = (both.stick / "week.outbox.receipts").read_text().splitlines()
    assert [json.loads(line) for line in lines] == said["statements"]
    assert both.pit.json("status")["outbox"] == {"waiting": 3, "unfit": 0}
    back = both.update()
    assert [one["number"] for one in back["registered"]] == [1, 2, 3]
    assert (back["waiting"], back["unfit"], both.waiting()) == ([], [], [])
    assert sorted(p.name for p in (both.pit.root / "outbox" / "registered").iterdir()) == [
        f"000{number}.statement" for number in (1, 2, 3)
    ]
    assert both.pit.json("verify")["root"] == both.office.json("verify")["root"]


def test_the_same_week_again_is_answered_with_the_first_receipts(both: Laptops) -> None:
    weigh(both.pit, "GIH-1")
    send(both.pit, "GIH-1")
    file = both.pack()
    first = both.take(file)
    size = both.office.size
    again = both.take(file)
    assert became(again) == ["known", "known"]
    assert [one["receipt"] for one in again["statements"]] == [
        one["receipt"] for one in first["statements"]
    ]
    assert both.office.size == size


def test_a_dry_run_says_what_would_happen_and_changes_nothing(both: Laptops) -> None:
    weigh(both.pit, "GIH-1")
    send(both.pit, "GIH-1")
    size = both.office.size
    answer = both.office("inbox", "take", both.pack(), "--dry-run")
    assert answer.out.count("would register") == 2
    assert both.office.size == size
    assert not (both.stick / "week.outbox.receipts").exists()


def conflicting(both: Laptops) -> Path:
    """1 weighed, 2 sent but split in the office, 3 called back, 4 another bag."""
    bag(both.pit, "GIH-9")
    send(both.pit, "GIH-1")
    both.pit("transfer", "cancel", "--lot", "GIH-1", "--reason", "lorry broke down")
    send(both.pit, "GIH-2")
    split(both.office, "GIH-1")
    return both.pack()


def test_a_conflict_is_told_exactly_and_keeps_out_only_what_builds_on_it(both: Laptops) -> None:
    file = conflicting(both)
    seen = Outbox.decode(file.read_bytes()).statements[1].events[0]
    size = both.office.size
    answer = both.office("inbox", "take", file, code=3)
    assert f"entry {size - 1} was first: lot.split" in answer.out
    assert f"by {MINE}, recorded at " in answer.out
    assert "held back" in answer.out and "builds on 2, which is not in the ledger" in answer.out
    assert "inbox take" in answer.hint and "--copy" in answer.hint
    said = both.take(file, code=3)
    assert became(said) == ["known", "refused", "held-back", "known"]
    (conflict,) = said["statements"][1]["conflicts"]
    assert conflict["lot"] == "GIH-1"
    assert conflict["seen"] == decode(seen).after[0]
    assert conflict["spent_by"]["index"] == size - 1
    assert (conflict["spent_by"]["type"], conflict["spent_by"]["by"]) == ("lot.split", MINE)
    assert conflict["stands"] == conflict["spent_by"]["event"]
    assert said["statements"][2]["builds_on"] == 2
    assert both.office.json("verify")["verdict"] == "supported"


def test_all_or_nothing_registers_nothing_when_one_is_refused(both: Laptops) -> None:
    file = conflicting(both)
    size = both.office.size
    said = both.office.json("inbox", "take", file, "--all-or-nothing", code=3)
    assert said["registered"] is False
    assert both.office.size == size
    answer = both.office("inbox", "take", file, "--all-or-nothing", code=3)
    assert answer.out.count("would register") == 2
    assert "nothing was registered" in answer.out
    assert not (both.stick / "week.outbox.receipts").exists()
    assert became(both.take(file, code=3))[0] == "registered"


@pytest.mark.parametrize("damage", ["cut", "twice", "turned", "garbage", "empty", "zeros"])
def test_a_damaged_outbox_registers_nothing(both: Laptops, damage: str) -> None:
    weigh(both.pit, "GIH-1")
    send(both.pit, "GIH-1")
    file = both.pack()
    data = file.read_bytes()
    at = data.index(b"statement 2 ")
    file.write_bytes(
        {
            "cut": data[:at],
            "twice": data + data,
            "turned": data[:at].replace(b"GIH-1", b"GIH-2") + data[at:],
            "garbage": bytes(range(256)) * 9,
            "empty": b"",
            "zeros": data[:at] + bytes(len(data) - at),
        }[damage]
    )
    size = both.office.size
    for command in (("inbox", "take"), ("inbox", "take", "--dry-run")):
        assert both.office(*command, file, code=4).error.partition(".")[0] in (
            "outbox",
            "statement",
        )
    assert both.office.size == size
    assert not (both.stick / "week.outbox.receipts").exists()


def test_an_outbox_that_is_too_large_is_not_read(
    both: Laptops, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(both.pit, "GIH-1")
    file = both.pack()
    monkeypatch.setattr("ledger.cli.inbox.MAX_BYTES", 100)
    assert both.office("inbox", "take", file, code=4).error == "outbox.too-large"
    monkeypatch.setattr("ledger.cli.outbox.MAX_BYTES", 100)
    answer = both.pit("outbox", "pack", "-o", both.stick / "w", code=4)
    assert answer.error == "outbox.too-large"


def test_an_outbox_for_another_ledger_or_another_past_is_refused(
    both: Laptops, tmp_path: Path
) -> None:
    send(both.pit, "GIH-1")
    file = both.pack()
    other = Place(tmp_path / "other")
    other("init", "--origin", "other.example/trail", "--insecure-no-passphrase")
    assert other("inbox", "take", file, code=3).error == "statement.wrong-ledger"
    packed = Outbox.decode(file.read_bytes())
    size, root = packed.seen
    for seen, code in (
        ((size + 100, root), "statement.seen-ahead"),
        ((size - 1, root), "statement.seen-ahead"),
        ((size, "ab" * 32), "statement.seen-inconsistent"),
    ):
        file.write_bytes(Outbox(packed.ledger, seen, packed.statements).encode())
        assert both.office("inbox", "take", file, code=3).error == code
    file.write_bytes(packed.encode())
    assert both.pit("inbox", "take", file, code=5).error == "workspace.is-copy"
    assert both.office("inbox", "take", both.stick / "none", code=5).error == "file.not-read"


def test_statements_are_unpacked_to_be_signed_by_others(both: Laptops) -> None:
    words = ("record", "assay", "--by", MINE, "--cosigner", SMELTER, "--lot", "GIH-1")
    both.pit(*words, "--grade", "Ta2O5=23 %", "--moisture", "4 %")
    answer = both.office("inbox", "take", both.pack(), code=3)
    assert "inbox unpack" in answer.hint
    folder = both.root / "unpacked"
    both.office("inbox", "unpack", both.stick / "week.outbox", "-o", folder)
    both.office("countersign", folder / "0001.statement", "--key", SMELTER)
    both.office("register", folder / "0001.statement")
    again = both.office("inbox", "unpack", both.stick / "week.outbox", "-o", folder, code=5)
    assert again.error == "file.exists"
    both.office("checkpoint", "make")
    both.office("copy", both.stick / "back.copy")
    assert [one["number"] for one in both.update()["registered"]] == [1]


def test_the_log_key_is_asked_for_before_anything_is_registered(both: Laptops) -> None:
    send(both.pit, "GIH-1")
    file = both.pack()
    keys = both.office.root / "keys"
    for path in keys.glob("kivu*"):
        path.unlink()
    size = both.office.size
    both.office("inbox", "take", file, "--copy", both.stick / "x", code=5)
    assert both.office.size == size
    both.office("inbox", "take", file)
    assert both.office.size == size + 2


# ---------------------------------------------------------------- after a conflict


def test_what_no_longer_fits_stops_new_work_but_not_reading(both: Laptops) -> None:
    both.take(conflicting(both), code=3)
    said = both.update()
    assert [one["number"] for one in said["registered"]] == [1, 4]
    assert [one["became"] for one in said["unfit"]] == ["refused", "held-back"]
    assert both.pit.json("status")["next"] == "oretrail outbox rebase"
    assert "2 in the outbox no longer fit" in both.pit("lots").err
    for code, words in (
        (3, ("record", "weighing", "--by", MINE, "--lot", "GIH-3", "--mass", "45 kg",
             "--basis", "wet", "--moisture", "4 %", "--instrument", "platform")),
        (3, ("outbox", "pack", "-o", both.stick / "w")),
    ):  # fmt: skip
        answer = both.pit(*words, code=code)
        assert (answer.error, answer.hint) == ("outbox.unfit", "oretrail outbox rebase")


def test_what_makes_no_sense_any_more_is_kept_apart_with_the_reason(both: Laptops) -> None:
    both.take(conflicting(both), code=3)
    both.update()
    said = both.pit.json("outbox", "rebase")["statements"]
    assert [(one["number"], one["became"]) for one in said] == [(2, "apart"), (3, "apart")]
    kept = both.pit.root / "outbox" / "refused"
    assert "lot GIH-1 is used up" in (kept / "0002.txt").read_text()
    assert "[lot.closed]" in (kept / "0002.txt").read_text()
    assert (kept / "0003.txt").exists()
    assert both.waiting() == []
    weigh(both.pit, "GIH-3")
    assert both.waiting() == [5]


def test_what_still_makes_sense_is_drafted_anew_and_loses_its_signature(both: Laptops) -> None:
    weigh(both.pit, "GIH-2")
    send(both.pit, "GIH-1")
    both.pit("transfer", "cancel", "--lot", "GIH-1", "--reason", "lorry broke down")
    weigh(both.office, "GIH-1")
    head = both.office.json("show", "GIH-1")["found"][0]["value"]["head"]
    assert became(both.take(both.pack(), code=3)) == ["registered", "refused", "held-back"]
    both.update()
    folder = both.pit.root / "outbox"
    before = {number: (folder / f"000{number}.statement").read_bytes() for number in (2, 3)}
    planned = both.pit.json("outbox", "rebase", "--dry-run")["statements"]
    assert (folder / "0002.statement").read_bytes() == before[2]
    said = both.pit.json("outbox", "rebase")["statements"]
    assert said == planned
    assert [one["became"] for one in said] == ["drafted", "drafted"]
    assert said[0]["conflicts"][0]["spent_by"]["type"] == "lot.weighed"
    assert said[1]["builds_on"] == [2]
    sent, called = (Statement.decode((folder / f"000{n}.statement").read_bytes()) for n in (2, 3))
    assert sent.signatures == called.signatures == ()
    assert decode(sent.events[0]).after == (head,)
    assert decode(called.events[0]).after == sent.ids
    # The cancellation names the dispatch as it is called now.
    assert sent.ids[0] in called.events[0].decode()
    old = Statement.decode(before[2]).ids[0]
    assert old not in called.events[0].decode()
    assert both.pit.json("status")["next"].startswith("oretrail sign ")
    assert both.pit("outbox", "pack", "-o", both.stick / "w", code=4).error == "outbox.unsigned"
    for number in (2, 3):
        both.pit("sign", folder / f"000{number}.statement")
    assert became(both.take(both.pack())) == ["registered", "registered"]
    both.update()
    assert both.waiting() == []
    assert both.office.json("verify")["verdict"] == "supported"


def test_a_rebase_that_was_broken_off_is_finished_by_the_next(
    both: Laptops, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(both.pit, "GIH-1")
    both.pit("transfer", "cancel", "--lot", "GIH-1", "--reason", "lorry broke down")
    weigh(both.office, "GIH-1")
    both.take(both.pack(), code=3)
    both.update()
    shutil.copytree(both.pit.root, both.root / "whole")
    whole = Place(both.root / "whole")
    whole("outbox", "rebase")
    # The plug is pulled after the first file that was written.
    shutil.copy(
        whole.root / "outbox" / "0002.statement", both.pit.root / "outbox" / "0002.statement"
    )
    both.pit("outbox", "rebase")
    for number in (1, 2):
        one, other = (
            (place.root / "outbox" / f"000{number}.statement").read_bytes()
            for place in (both.pit, whole)
        )
        assert one == other


def test_a_rebase_keeps_what_stands_as_it_was_signed(both: Laptops) -> None:
    send(both.pit, "GIH-1")
    path = both.pit.root / "outbox" / "0001.statement"
    before = path.read_bytes()
    said = both.pit("outbox", "rebase")
    assert "kept" in said.out
    assert path.read_bytes() == before


def test_nothing_is_taken_in_by_a_store_that_is_older_than_what_it_published(
    both: Laptops,
) -> None:
    send(both.pit, "GIH-1")
    file = both.pack()
    backup = both.root / "backup.db"
    shutil.copy(both.office.root / "ledger.db", backup)
    weigh(both.office, "GIH-2")
    both.office("checkpoint", "make")
    shutil.copy(backup, both.office.root / "ledger.db")
    size = both.office.size
    assert both.office("inbox", "take", file, code=5).error == "log.rolled-back"
    assert both.office.size == size


def test_the_clerk_keeps_receipts_and_can_check_them(both: Laptops) -> None:
    send(both.pit, "GIH-1")
    said = both.take(both.pack())
    both.update()
    (line,) = (both.pit.root / "receipts.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert kept.items() >= said["statements"][0]["receipt"].items()
    assert both.pit.json("receipts", "check")["verdict"] == "supported"
    answer = both.stick / "week.outbox.receipts"
    both.office("receipts", "check", "--receipts", answer)
