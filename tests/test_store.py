"""The store: settings that are asserted, triggers that refuse, errors that have a code.

What is acknowledged is durable; what cannot be written is not half there, and the next
command works.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from actors import KEYS, LOG, MINE, ORIGIN, Clock, World, extracted, key, weighed
from ledger.custody.statement import Statement
from ledger.errors import ConflictError, LedgerError, StorageError, UnknownError
from ledger.events import encode
from ledger.ledger import Ledger
from ledger.log import note
from ledger.store import entries
from ledger.store.database import FORMAT, Database
from ledger.store.schema import APPEND_ONLY, PROJECTIONS
from ledger.store.sheaves import SMALLEST
from postgres_server import BOTH
from quorums import cosigner

ROOT = Path(__file__).resolve().parent.parent


def pragma(ledger: Ledger, name: str) -> Any:
    with ledger.writing() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


# ---------------------------------------------------------------- settings


def test_the_settings_that_durability_needs_are_in_force(world: World) -> None:
    wal = sqlite3.sqlite_version_info >= (3, 51, 3)
    wanted = {
        "journal_mode": "wal" if wal else "truncate",
        "synchronous": 2 if wal else 3,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "secure_delete": 1,
        "mmap_size": 0,
        "user_version": FORMAT,
        "page_size": 8192,
        "cache_size": -262_144,
        "wal_autocheckpoint": 16_000,
    }
    assert {name: pragma(world.ledger, name) for name in wanted} == wanted
    assert pragma(world.ledger, "busy_timeout") >= 60_000


def test_a_setting_that_does_not_take_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger.store import database

    right = database._settings()
    wrong = {**right, "synchronous": ("OFF", right["synchronous"][1])}
    monkeypatch.setattr(database, "_settings", lambda: wrong)
    with pytest.raises(StorageError) as caught:
        Ledger.open(world.path)
    assert caught.value.code == "storage.settings"


def test_every_table_is_strict(world: World) -> None:
    with world.ledger.writing() as connection:
        rows = connection.exec_driver_sql("SELECT name, strict FROM pragma_table_list").all()
    ours = {table.name for table in (*APPEND_ONLY, *PROJECTIONS)} | {"head"}
    assert {name for name, strict in rows if strict} == ours


@BOTH
@pytest.mark.parametrize("table", [table.name for table in APPEND_ONLY])
@pytest.mark.parametrize("act", ["UPDATE", "DELETE"])
def test_what_only_grows_is_neither_changed_nor_deleted(world: World, table: str, act: str) -> None:
    world.record(extracted("A"), *(extracted(f"L{n}") for n in range(SMALLEST)))
    world.record(weighed("A", 45_000_000))
    signed = world.ledger.checkpoint(LOG)
    cosigned = note.parse(note.add(signed, cosigner("w1"))).signatures[1:]
    world.ledger.keep_cosignatures(world.ledger.head().size, cosigned)
    columns = {"entry": "data", "node": "hash", "event": "idx", "spent": "lot"}
    columns |= {"cosignature": "blob", "sheaf": "data", "statement": "first"}
    column = columns.get(table, "note")
    sql = f"UPDATE {table} SET {column} = {column}" if act == "UPDATE" else f"DELETE FROM {table}"
    before = world.whole()
    with pytest.raises(StorageError) as caught, world.ledger.writing() as connection:
        connection.exec_driver_sql(sql)
    assert caught.value.code == "storage.append-only"
    assert world.whole() == before
    world.sound()


@BOTH
def test_one_head_is_spent_once_and_one_event_stands_once(world: World) -> None:
    world.record(extracted("A"))
    world.record(weighed("A", 45_000_000))
    for table in ("spent", "event"):
        with pytest.raises(StorageError), world.ledger.writing() as connection:
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM {table}")
    world.sound()


# ---------------------------------------------------------------- what is written


@BOTH
def test_the_same_events_again_return_the_first_receipt(world: World) -> None:
    statement = world.draft(extracted("A"), extracted("B"))
    first = world.ledger.register(statement)
    world.record(extracted("C"))
    world.clock.seconds += 60
    again = world.ledger.register(statement)
    assert (again.index, again.event, again.size) == (first.index, first.event, first.size)
    assert again.recorded_at == first.recorded_at
    # Whoever else signed them, they are the same events.
    assert world.ledger.register(statement.signed(key("stranger.example", 1))).index == first.index
    other = Statement.draft("00" * 32, statement.events).signed(KEYS[MINE])
    with pytest.raises(ConflictError) as caught:
        world.ledger.register(other)
    assert caught.value.code == "statement.wrong-ledger"
    world.sound()


@BOTH
def test_a_part_of_a_statement_again_is_a_conflict(world: World) -> None:
    statement = world.draft(extracted("A"), extracted("B"))
    world.ledger.register(statement)
    for events in (statement.events[:1], statement.events[::-1]):
        part = Statement.draft(world.ledger.id, events).signed(KEYS[MINE])
        with pytest.raises(ConflictError) as caught:
            world.ledger.register(part)
        assert caught.value.code == "event.duplicate"
    world.sound()


@BOTH
def test_the_log_says_no_earlier_time_than_before(world: World) -> None:
    first = world.record(extracted("A"))
    world.clock.seconds -= 3600
    second = world.record(extracted("B"))
    assert second.recorded_at == first.recorded_at
    world.clock.seconds += 7200
    assert world.record(extracted("C")).recorded_at > first.recorded_at
    world.sound()


@BOTH
def test_judging_asks_the_same_clock_as_registering(world: World) -> None:
    world.record(extracted("A"))
    world.clock.seconds -= 7200
    statement = world.draft(extracted("B"))
    assert world.ledger.judge(statement) == ()
    world.ledger.register(statement)


@pytest.mark.parametrize("seconds", [0, 7_300_000_000, -1])
def test_a_time_that_cannot_be_written_is_not(world: World, seconds: int) -> None:
    world.clock.seconds = seconds
    if seconds > 0:
        with pytest.raises(LedgerError):
            world.record(extracted("A"))
    else:
        world.record(extracted("A"))
    world.clock.seconds = Clock().seconds
    world.record(extracted("B"))
    world.sound()
    with pytest.raises(LedgerError):
        World(world.path.with_name("other.db"), Clock(seconds))
    assert not world.path.with_name("other.db").exists()


def test_a_checkpoint_is_of_what_is_stored(world: World) -> None:
    for number in range(10):
        world.record(extracted(f"A{number}"))
    first = world.ledger.checkpoint(LOG)
    assert world.ledger.checkpoint(LOG) == first == world.ledger.latest_checkpoint()
    assert str(world.ledger.head().size).encode() in first.split(b"\n")
    report = world.ledger.verify()
    draft = world.ledger.draft([extracted("B")])
    assert draft.header.seen == (report.size, report.root)
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER node_no_update")
        connection.exec_driver_sql("UPDATE node SET hash = zeroblob(32)")
    with pytest.raises(StorageError) as caught:
        world.ledger.checkpoint(LOG)
    assert caught.value.code == "log.damaged"


@BOTH
def test_a_checkpoint_is_signed_by_the_logs_own_key(world: World) -> None:
    with pytest.raises(LedgerError):
        world.ledger.checkpoint(KEYS[MINE])
    with pytest.raises(LedgerError):
        world.ledger.checkpoint(key(ORIGIN, 1))
        world.ledger.draft([extracted("A")])


@BOTH
def test_the_tables_made_anew_say_the_same(world: World) -> None:
    world.record(extracted("A"), extracted("B"))
    world.record(weighed("A", 44_000_000))
    before = world.whole()
    assert world.ledger.check() == []
    for table in PROJECTIONS:
        with world.ledger.writing() as connection:
            connection.exec_driver_sql(f"DELETE FROM {table.name}")
        if table.name != "setting":
            assert world.ledger.rebuild() == world.ledger.head().size
            assert world.whole() == before
        else:
            world.ledger.rebuild()
    world.sound()


@BOTH
def test_what_is_asked_for_and_not_there_is_unknown(world: World) -> None:
    world.record(extracted("LOT-77"))
    for ask in (
        lambda: world.ledger.lot("NONE"),
        lambda: world.ledger.lot("\ud800"),
        lambda: world.ledger.lot("\x00"),
        lambda: world.ledger.trace("NONE"),
        lambda: world.ledger.downstream("NONE"),
        lambda: world.ledger.find("999"),
        lambda: world.ledger.find("zebra"),
        lambda: world.ledger.find("\ud800"),
        lambda: world.ledger.find("abc"),
        lambda: world.ledger.find("9" * 30),
        lambda: world.ledger.find("f" * 65),
    ):
        with pytest.raises(UnknownError):
            ask()
    with pytest.raises(UnknownError) as caught:
        world.ledger.lot("LOT")
    assert "LOT-77" in str(caught.value.hint)
    last = world.record(extracted("B")).event[0]
    assert world.ledger.find(last[:12])[1] == world.ledger.find(last)[1]
    assert world.ledger.find("0")[0] == 0


# ---------------------------------------------------------------- files


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    def code(path: Path) -> str:
        with pytest.raises(StorageError) as caught:
            Ledger.open(path)
        return caught.value.code

    assert code(tmp_path / "none.db") == "storage.missing"
    assert code(tmp_path) == "storage.missing"
    (tmp_path / "empty.db").touch()
    assert code(tmp_path / "empty.db") == "storage.format"
    (tmp_path / "text.db").write_bytes(b"this is no database\n" * 200)
    assert code(tmp_path / "text.db") == "storage.corrupt"
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE t (x)")
    assert code(tmp_path / "other.db") == "storage.format"
    with sqlite3.connect(tmp_path / "later.db") as later:
        later.execute(f"PRAGMA user_version={FORMAT + 1}")
    assert code(tmp_path / "later.db") == "storage.format"
    Database.create(tmp_path / "bare.db").close()
    assert code(tmp_path / "bare.db") == "storage.empty"


def test_a_ledger_does_not_take_the_place_of_a_file(world: World) -> None:
    before = world.path.read_bytes()
    with pytest.raises(StorageError) as caught:
        World(world.path)
    assert caught.value.code == "storage.exists"
    assert world.path.read_bytes() == before
    with pytest.raises(StorageError):
        World(world.path.parent / "no" / "such" / "folder.db")


@pytest.mark.parametrize(
    "name", ["a b.db", "per%20cent.db", "quest?on.db", "ha#sh.db", "\u00e9.db"]
)
def test_a_path_is_a_path_whatever_is_in_it(tmp_path: Path, name: str) -> None:
    World(tmp_path / name).settle().sound().ledger.close()
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".db") == [name]


@BOTH
def test_another_ledger_than_the_pinned_one_is_not_opened(world: World) -> None:
    with pytest.raises(StorageError) as caught:
        Ledger.open(world.path, pinned="00" * 32)
    assert caught.value.code == "ledger.wrong"
    Ledger.open(world.path, pinned=world.ledger.id).close()


@BOTH
def test_a_ledger_that_is_opened_for_reading_is_not_written(world: World) -> None:
    statement = world.draft(extracted("A"))
    with Ledger.open(world.path, read_only=True) as reader:
        assert reader.verify().verdict == "supported"
        with pytest.raises(StorageError) as caught:
            reader.register(statement)
        assert caught.value.code == "storage.read-only"
    world.sound()


def test_another_writers_lock_is_waited_for_and_then_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger.store import database

    monkeypatch.setattr(database, "_BUSY_SECONDS", 0)
    statement = world.draft(extracted("A"))
    with Ledger.open(world.path) as other, world.ledger.writing():
        with pytest.raises(StorageError) as caught:
            other.register(statement)
        assert caught.value.code == "storage.busy"
    world.sound()


# ---------------------------------------------------------------- no room, no right


def small_pages(ledger: Ledger, pages: int) -> None:
    """Let the database grow to so many pages, as on a disk that is full."""

    def limit(dbapi: Any, record: object) -> None:
        dbapi.execute(f"PRAGMA max_page_count={pages}")

    ledger._database.engine.dispose()
    sqlalchemy.event.listen(ledger._database.engine, "connect", limit)


def test_a_full_disk_leaves_nothing_half_written_and_room_lets_it_go_on(world: World) -> None:
    pages = pragma(world.ledger, "page_count")
    acknowledged = []
    with Ledger.open(world.path, clock=world.clock) as cramped:
        small_pages(cramped, pages + 20)
        with pytest.raises(StorageError) as caught:
            for n in range(500):
                statement = cramped.draft([extracted(f"L{n}-{i}") for i in range(40)])
                cramped.register(statement.signed(KEYS[MINE]))
                acknowledged.append(n)
        assert caught.value.code == "storage.full"
        assert cramped.verify().verdict != "contradicted"
    assert {lot.lot.split("-")[0] for lot in world.sound().ledger.lots()} == {
        f"L{n}" for n in acknowledged
    }
    world.record(extracted("AFTER"))
    world.sound()


# Prints one line for each statement that was acknowledged, then the code of what went wrong.
WRITER = """
import resource, sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
from actors import KEYS, MINE, Clock, extracted
from ledger.errors import LedgerError
from ledger.ledger import Ledger
ledger = Ledger.open(Path({path!r}), clock=Clock())
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    for n in range(400):
        events = [extracted(f"S{{n}}-{{i}}") for i in range(40)]
        ledger.register(ledger.draft(events).signed(KEYS[MINE]))
        print("S", n, flush=True)
except LedgerError as error:
    print(error.code)
"""


def run(code: str, **options: Any) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, **options
    )
    assert ended.stderr == ""
    return ended.stdout.split("\n")[:-1]


def test_a_limit_on_files_is_an_error_with_a_code_and_nothing_is_lost(world: World) -> None:
    limit = world.path.stat().st_size + 100_000
    code = WRITER.format(
        tests=str(ROOT / "tests"), root=str(ROOT), path=str(world.path), limit=limit
    )
    *acknowledged, last = run(code)
    assert last in ("storage.full", "storage.failed")
    assert acknowledged
    lots = {lot.lot.split("-")[0] for lot in world.sound().ledger.lots()}
    assert lots == {f"S{line.split(' ')[1]}" for line in acknowledged}
    world.record(extracted("AFTER"))
    world.sound()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


READER = """
import os, sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
from actors import KEYS, MINE, Clock, extracted
from ledger.errors import LedgerError
from ledger.ledger import Ledger
# An administrator may write anywhere: read once, so that all modules are there, and step down.
for read_only in (True, False):
    with Ledger.open(Path({path!r}), read_only=read_only) as ledger:
        ledger.verify()
if os.geteuid() == 0:
    os.setuid(65534)
for read_only in (True, False):
    try:
        with Ledger.open(Path({path!r}), clock=Clock(), read_only=read_only) as ledger:
            print(ledger.verify().verdict)
            ledger.register(ledger.draft([extracted("A")]).signed(KEYS[MINE]))
            print("written")
    except LedgerError as error:
        print(error.code)
"""


def test_a_read_only_folder_is_read_and_not_written(open_folder: Path) -> None:
    if sqlite3.sqlite_version_info >= (3, 51, 3):
        pytest.skip("a WAL database cannot be read in a folder that cannot be written")
    world = World(open_folder / "ledger.db").settle()
    world.ledger.close()
    for path in open_folder.iterdir():
        path.chmod(0o444)
    open_folder.chmod(0o555)
    code = READER.format(tests=str(ROOT / "tests"), root=str(ROOT), path=str(world.path))
    lines = run(code, cwd="/")
    assert lines == ["supported", "storage.read-only", lines[2], *lines[3:]]
    assert lines[-1] in ("storage.read-only", "storage.missing", "storage.failed")
    assert "written" not in lines


@BOTH
def test_heads_and_hashes_that_are_missing_are_named(world: World) -> None:
    with world.ledger.writing() as connection, pytest.raises(StorageError) as caught:
        entries.hashes(connection, [(9, 9)])
    assert caught.value.code == "storage.corrupt"
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("DELETE FROM head")
    with pytest.raises(StorageError) as caught:
        world.ledger.head()
    assert caught.value.code == "storage.corrupt"


def test_a_row_that_cannot_be_read_is_named_with_the_way_out(world: World) -> None:
    world.record(extracted("A"))
    for damage in ("x'ff'", "x''", "zeroblob(500)", "x'93'"):
        with world.ledger.writing() as connection:
            connection.exec_driver_sql(f"UPDATE lot SET doc = {damage}")
        for ask in (lambda: world.ledger.lot("A"), world.ledger.lots):
            with pytest.raises(StorageError) as caught:
                ask()
            assert caught.value.code == "storage.corrupt"
            assert caught.value.hint == "make the tables anew from the log: oretrail db rebuild"
        with pytest.raises(StorageError):
            world.record(weighed("A", 1, after=("00" * 32,)))
        world.ledger.rebuild()
    world.sound()


@BOTH
def test_bytes_are_stored_as_they_were_received(world: World) -> None:
    plain = extracted("B")
    statement = world.draft(extracted("A", remark="\u00e9 \u4e2d \U0001f30d"), plain)
    receipt = world.ledger.register(statement)
    stored = [source.data for source in world.ledger.sources(receipt.index + 1, receipt.size)]
    assert stored == list(statement.events)
    assert stored[1] == encode(plain)
