"""Plugs that are pulled, disks that are full, and two at one copy: nothing is half done."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli_place import MINE, PROGRAM
from laptops import Laptops, became, laptops, send
from ledger.errors import StorageError
from ledger.field import follow
from ledger.field.standing import Standing
from ledger.store.overlay import Overlay
from ledger.workspace import Workspace


@pytest.fixture
def both(tmp_path: Path) -> Laptops:
    return laptops(tmp_path)


KILLED = (
    "import os, signal\n"
    "from ledger.field import supposed\n"
    "from ledger.store.overlay import Overlay\n"
    "from ledger.cli.main import main\n"
    "whole = Overlay.__init__\n"
    "def small(self, path):\n"
    "    whole(self, path)\n"
    "    pages = os.environ['PAGES']\n"
    "    self._connection.exec_driver_sql(f'PRAGMA cache_size={pages}')\n"
    "Overlay.__init__ = small\n"
    "def die(self):\n"
    "    os.kill(os.getpid(), signal.SIGKILL)\n"
    "supposed.Supposed.keep = die\n"
    "main()\n"
)


@pytest.mark.parametrize("pages", [10_000, 5])
def test_a_take_that_is_killed_leaves_the_ledger_as_it_was(both: Laptops, pages: int) -> None:
    """Also when some of what was written is in the file already, for want of memory."""
    fields = "lot,material,mass,basis,moisture,site,method"
    rows = "\n".join(f"X-{n},ore,45 kg,wet,4 %,RW-GIH,asm" for n in range(200))
    both.pit("record", "extraction", "--from", "-", given=f"{fields}\n{rows}\n")
    send(both.pit, "GIH-1")
    file = both.pack()
    size, database = both.office.size, both.office.root / "ledger.db"
    before = database.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "inbox", "take", str(file)],
        cwd=both.office.root,
        env={**os.environ, "PAGES": str(pages)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL
    assert (database.read_bytes() != before) is (pages < 100)
    assert both.office.size == size
    assert both.office.json("verify")["verdict"] == "supported"
    assert became(both.take(file)) == ["registered"] * 2


def test_a_full_disk_registers_nothing(both: Laptops, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = "lot,material,mass,basis,moisture,site,method"
    rows = "\n".join(f"X-{n},ore,45 kg,wet,4 %,RW-GIH,asm" for n in range(200))
    both.pit("record", "extraction", "--from", "-", given=f"{fields}\n{rows}\n")
    send(both.pit, "GIH-1")
    file = both.pack()
    size = both.office.size
    whole = Overlay.__init__

    def small(self: Overlay, path: Path) -> None:
        whole(self, path)
        pages = self._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        self._connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    monkeypatch.setattr(Overlay, "__init__", small)
    said = both.office("inbox", "take", file, code=5)
    assert said.error == "storage.full"
    monkeypatch.undo()
    assert both.office.size == size
    assert became(both.take(file)) == ["registered", "registered"]


def test_a_stick_that_is_full_is_said_and_nothing_is_half_written(
    both: Laptops, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(both.pit, "GIH-1")
    file = both.pack()
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    answer = both.pit("outbox", "pack", "-o", both.stick / "other.outbox", code=5)
    assert answer.error == "file.not-written"
    monkeypatch.setattr(os, "fsync", real)
    assert sorted(path.name for path in both.stick.iterdir()) == ["kivu.copy", "week.outbox"]
    assert became(both.take(file)) == ["registered"]


def test_receipts_that_cannot_be_written_are_given_again(both: Laptops) -> None:
    send(both.pit, "GIH-1")
    file = both.pack()
    nowhere = both.root / "nowhere" / "receipts"
    size = both.office.size
    answer = both.office("inbox", "take", file, "--receipts", nowhere, code=5)
    assert answer.error == "file.not-written"
    assert both.office.size == size + 2
    assert became(both.take(file)) == ["known"]
    assert (both.stick / "week.outbox.receipts").exists()


def test_two_clerks_at_one_copy_do_not_write_over_each_other(both: Laptops) -> None:
    words = [*PROGRAM, "record", "weighing", "--by", MINE, "--mass", "45 kg", "--basis", "wet"]
    words += ["--moisture", "4 %", "--instrument", "platform"]
    running = [
        subprocess.Popen([*words, "--lot", lot], cwd=both.pit.root, stdout=subprocess.PIPE)
        for lot in ("GIH-1", "GIH-2", "GIH-1")
    ]
    assert [one.wait(timeout=120) for one in running] == [0, 0, 0]
    for one in running:
        one.communicate()
    assert both.waiting() == [1, 2, 3]
    assert became(both.take(both.pack())) == ["registered"] * 3


# ---------------------------------------------------------------- the books as they would be


def test_what_is_supposed_is_gone_when_the_books_are_closed(both: Laptops) -> None:
    send(both.pit, "GIH-1")
    workspace = Workspace.find(both.pit.root)
    before = workspace.database.read_bytes()
    with Standing.open_in(workspace) as standing:
        assert standing.lot("GIH-1").state == "in-transit"
        assert standing.head().size == standing.base[0] + 2
        with pytest.raises(Exception, match="copy of ledger"):
            standing.register(standing.waiting[0][0].statement)
        with pytest.raises(Exception, match="copy of ledger"):
            standing.register_group([standing.waiting[0][0].statement])
        with pytest.raises(Exception, match="nothing of a copy"):
            standing.keep()
    assert workspace.database.read_bytes() == before
    with workspace.ledger() as ledger:
        assert ledger.lot("GIH-1").state == "held"


def test_nobody_writes_while_books_are_tried_out(both: Laptops) -> None:
    workspace = Workspace.find(both.office.root)
    with workspace.ledger() as other:
        overlay = Overlay(workspace.database)
        try:
            with other._database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA busy_timeout=1")
            assert other.head().size == both.office.size
        finally:
            overlay.close()
    with pytest.raises(StorageError):
        Overlay(workspace.root / "none.db")


def test_what_an_update_that_was_killed_left_waiting_is_filed_away_by_the_next_command(
    both: Laptops,
) -> None:
    send(both.pit, "GIH-1")
    both.take(both.pack())
    workspace = Workspace.find(both.pit.root)
    with (both.stick / "back.copy").open("rb") as lines:
        follow.update(workspace, lines)  # and no further
    assert both.pit("lots").err == ""
    assert both.waiting() == []
    assert (both.pit.root / "outbox" / "registered" / "0001.statement").exists()
    assert both.pit.json("receipts", "check")["verdict"] == "supported"
