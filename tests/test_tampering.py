"""Whatever is changed in a copy of the log is noticed with a code, and never with a traceback.

Three copies: the entries in the database, the list that `export entries` writes, and the
raw bytes of the database file. In the last, much is slack; what must hold is that nothing
else than the truth is ever supported.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors import KEYS, MEMORY, MINE, World, admitted, extracted, site
from ledger.audit.auditor import Auditor, Source, Trust
from ledger.audit.entry_list import read
from ledger.errors import LedgerError, MalformedError
from ledger.exports.entries import render
from ledger.ledger import Ledger


@pytest.fixture
def small() -> Iterator[World]:
    """The smallest ledger in which something was dug: one governor, one mine, one lot."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        world = World(Path(folder) / "l.db", governance=[KEYS["governance/1"]], threshold=1)
        world.record(admitted(MINE), site(), signed=["governance/1", MINE])
        world.record(extracted("A"))
        yield world.sound()
        world.ledger.close()


def entries(ledger: Ledger) -> list[bytes]:
    return [source.data for source in ledger.sources()]


# ---------------------------------------------------------------- entries in the database


def overwrite(ledger: Ledger, index: int, data: bytes) -> None:
    with ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE entry SET data = ? WHERE idx = ?", (data, index))


def unguard(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER entry_no_update")
        # What is acknowledged need not survive a power cut here.
        connection.exec_driver_sql("DROP TRIGGER entry_no_delete")


def test_a_flip_of_every_byte_of_every_entry_is_noticed(small: World) -> None:
    unguard(small.ledger)
    flips = 0
    for index, data in enumerate(entries(small.ledger)):
        for place in range(len(data)):
            broken = bytearray(data)
            broken[place] ^= 1 << place % 8
            overwrite(small.ledger, index, bytes(broken))
            # The full verification does the same at first, and then looks at the tables.
            report = small.ledger.verify() if place % 40 == 0 else small.report()
            assert report.verdict == "contradicted", (index, place)
            assert report.findings[0].code
            flips += 1
        overwrite(small.ledger, index, data)
    small.sound()
    assert flips == sum(map(len, entries(small.ledger))) > 1500


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM entry WHERE idx = 3",
        "DELETE FROM entry WHERE idx = 0",
        "DELETE FROM entry",
        "UPDATE entry SET idx = 99 WHERE idx = 3",
        "UPDATE entry SET leaf = zeroblob(32) WHERE idx = 3",
        "UPDATE entry SET chain = zeroblob(32) WHERE idx = 3",
        "UPDATE entry SET data = (SELECT data FROM entry WHERE idx = 1) WHERE idx = 4",
        "INSERT INTO entry SELECT 99, data, leaf, chain FROM entry WHERE idx = 4",
        "UPDATE head SET size = 2",
        "UPDATE head SET chain = zeroblob(32)",
        "DELETE FROM head",
    ],
)
def test_a_row_that_is_moved_doubled_or_gone_is_noticed(small: World, change: str) -> None:
    unguard(small.ledger)
    with small.ledger.writing() as connection:
        connection.exec_driver_sql(change)
    try:
        assert small.ledger.verify().verdict in ("contradicted", "not shown")
    except LedgerError as error:
        assert error.code.startswith("storage.")


def test_no_answer_about_a_damaged_log_is_a_traceback(small: World) -> None:
    unguard(small.ledger)
    for index, data in enumerate(entries(small.ledger)):
        for broken in (b"{}", data[:-1], data + b"}", bytes(len(data)), data[::-1]):
            overwrite(small.ledger, index, broken)
            for ask in (
                lambda: small.ledger.trace("A"),
                small.ledger.verify,
                small.ledger.check,
                lambda: small.ledger.checkpoint(KEYS["kivu.example/trail"]),
                lambda: small.ledger.judge(small.draft(extracted("B"))),
            ):
                with contextlib.suppress(LedgerError):
                    ask()
        overwrite(small.ledger, index, data)


# ---------------------------------------------------------------- the exported list


def noticed(lines: list[bytes], ledger: str, root: str) -> bool:
    """Whether a reader of these lines learns that they are not the log."""
    auditor = Auditor(Trust(ledger))
    try:
        auditor.feed(read(lines))
    except MalformedError as error:
        return error.code == "entries.malformed"
    report = auditor.finish()
    return report.verdict != "supported" and bool(report.findings)


def flips(small: World, stride: int) -> Iterator[tuple[int, list[bytes]]]:
    """The exported list with one bit changed, for every bit or for some of them."""
    lines = list(render(small.ledger.sources()))
    for number, line in enumerate(lines):
        for bit in range(number % stride, 8 * len(line), stride):
            broken = bytearray(line)
            broken[bit // 8] ^= 1 << bit % 8
            # What follows is unchanged, so nothing more is learned from it.
            yield bit, [*lines[:number], bytes(broken), *lines[number + 1 :]]


def test_bit_flips_in_an_exported_list_are_noticed(small: World) -> None:
    report = small.report()
    for bit, lines in flips(small, 13):
        assert noticed(lines, report.ledger, report.root), (bit, lines)


@pytest.mark.long
def test_a_flip_of_every_bit_in_an_exported_list_is_noticed(small: World) -> None:
    report = small.report()
    for bit, lines in flips(small, 1):
        assert noticed(lines, report.ledger, report.root), (bit, lines)


def test_a_list_that_lost_gained_or_moved_a_line_is_noticed(small: World) -> None:
    report = small.report()
    lines = list(render(small.ledger.sources()))
    assert not noticed(lines, report.ledger, report.root)
    for place in range(len(lines)):
        without = [*lines[:place], *lines[place + 1 :]]
        twice = [*lines[:place], lines[place], *lines[place:]]
        assert noticed(without, report.ledger, report.root)
        assert noticed(twice, report.ledger, report.root)
        swapped = [*lines[:place], *lines[place : place + 2][::-1], *lines[place + 2 :]]
        assert place == len(lines) - 1 or noticed(swapped, report.ledger, report.root)
        for broken in (b"", b"\n", lines[place][:-1], b" " + lines[place], lines[place] + b"\n"):
            changed = [*lines[:place], broken, *lines[place + 1 :]]
            assert noticed(changed, report.ledger, report.root)


def test_a_list_reads_back_as_what_was_exported(small: World) -> None:
    sources = list(small.ledger.sources())
    assert list(read(render(sources))) == sources
    assert all(isinstance(one, Source) for one in sources)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]\n",
        b"\xff\n",
        b'{"index":-1,"leaf":"","chain":"","entry":""}\n',
        b'{"index":' + b"9" * 5000 + b"}\n",
        b"[" * 5000,
        b'{"a":' * 5000,
        b" " * (1 << 20) + b"{}\n",
    ],
)
def test_a_line_that_is_none_is_named(line: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        list(read([line]))
    assert caught.value.code == "entries.malformed"


# ---------------------------------------------------------------- the raw file


def raw_flips(small: World, folder: Path, places: range) -> None:
    """Change one byte of the file; whatever is answered is the truth, or an error with a code."""
    truth = entries(small.ledger)
    lot = small.ledger.lot("A")
    small.ledger.close()
    whole = small.path.read_bytes()
    copy = folder / "copy.db"
    for place in places:
        if place >= len(whole):
            break
        broken = bytearray(whole)
        broken[place] ^= 1 << place % 8
        copy.write_bytes(bytes(broken))
        try:
            with Ledger.open(copy, clock=small.clock) as ledger:
                report = ledger.verify()
                if report.verdict == "supported":
                    assert entries(ledger) == truth, place
                    assert ledger.lot("A") == lot, place
                ledger.trace("A")
                ledger.lots()
                ledger.check()
                ledger.register(small_statement(small, ledger))
        except LedgerError as error:
            assert error.code
        for left in folder.glob("copy.db-*"):
            left.unlink()


def small_statement(small: World, ledger: Ledger):  # type: ignore[no-untyped-def]
    return ledger.draft([extracted("B")]).signed(KEYS[MINE])


def test_a_changed_byte_of_the_file_is_the_truth_or_an_error(small: World, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    raw_flips(small, folder, range(0, 1 << 20, 797))
    shutil.rmtree(folder)


@pytest.mark.long
def test_many_changed_bytes_of_the_file_are_the_truth_or_an_error(
    small: World, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    raw_flips(small, folder, range(0, 1 << 20, 97))
    shutil.rmtree(folder)
