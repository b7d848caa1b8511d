"""Ledgers of older table formats: read as they are, brought up to date when they are written.

The tables of format 1 are spelled out here, as they were; nothing else makes them any more.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from actors import LOG, World, extracted, weighed
from cli_place import bag, settled
from ledger.errors import StorageError
from ledger.ledger import Ledger
from ledger.log import merkle
from ledger.store import projections
from ledger.store.database import FORMAT
from ledger.store.overlay import Overlay
from ledger.store.sheaves import SMALLEST

ROOT = Path(__file__).resolve().parent.parent

FORMAT_1 = """
CREATE TABLE entry (idx INTEGER NOT NULL, data BLOB NOT NULL, leaf BLOB NOT NULL,
  chain BLOB NOT NULL, PRIMARY KEY (idx),
  CHECK (idx >= 0 AND length(leaf) = 32 AND length(chain) = 32),
  CHECK (length(data) BETWEEN 2 AND 65535)) STRICT;
CREATE TABLE node (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, idx), CHECK (level >= 1 AND length(hash) = 32)) WITHOUT ROWID, STRICT;
CREATE TABLE event (id BLOB NOT NULL, idx INTEGER NOT NULL, registration INTEGER NOT NULL,
  PRIMARY KEY (id), CHECK (length(id) = 32 AND registration < idx), UNIQUE (idx))
  WITHOUT ROWID, STRICT;
CREATE TABLE spent (lot TEXT NOT NULL, head BLOB NOT NULL, successor BLOB NOT NULL,
  PRIMARY KEY (lot, head), CHECK (length(head) = 32 AND length(successor) = 32))
  WITHOUT ROWID, STRICT;
CREATE TABLE checkpoint (size INTEGER NOT NULL, note BLOB NOT NULL, PRIMARY KEY (size)) STRICT;
CREATE TABLE head (one INTEGER NOT NULL, size INTEGER NOT NULL, chain BLOB NOT NULL,
  recorded_at TEXT NOT NULL, PRIMARY KEY (one), CHECK (one = 1 AND length(chain) = 32)) STRICT;
CREATE TABLE lot (id TEXT NOT NULL, holder TEXT NOT NULL, state TEXT NOT NULL,
  material TEXT NOT NULL, mass INTEGER NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (id))
  WITHOUT ROWID, STRICT;
CREATE INDEX lot_by_holder ON lot (holder, state);
CREATE TABLE party (id TEXT NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (id)) WITHOUT ROWID, STRICT;
CREATE TABLE "key" (ref TEXT NOT NULL, public TEXT NOT NULL, party TEXT NOT NULL,
  doc BLOB NOT NULL, PRIMARY KEY (ref), UNIQUE (public)) WITHOUT ROWID, STRICT;
CREATE TABLE register (subject TEXT NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (subject))
  WITHOUT ROWID, STRICT;
CREATE TABLE setting (name TEXT NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (name))
  WITHOUT ROWID, STRICT;
CREATE TABLE edge (target TEXT NOT NULL, source TEXT NOT NULL, idx INTEGER NOT NULL,
  mass INTEGER NOT NULL, PRIMARY KEY (target, source, idx)) WITHOUT ROWID, STRICT;
CREATE INDEX edge_by_source ON edge (source);
CREATE TABLE touch (subject TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (subject, idx))
  WITHOUT ROWID, STRICT;
CREATE TABLE cosignature (size INTEGER NOT NULL, name TEXT NOT NULL, key_id BLOB NOT NULL,
  blob BLOB NOT NULL, CHECK (length(key_id) = 4 AND length(blob) = 72),
  UNIQUE (size, name, key_id, blob)) STRICT;
"""
GUARDED = ("entry", "node", "event", "spent", "checkpoint", "cosignature")


def as_format_1(present: Path, old: Path) -> Path:
    """The same ledger in the tables of format 1."""
    with Ledger.open(present, read_only=True) as ledger, closing(sqlite3.connect(old)) as raw:
        raw.executescript(FORMAT_1)
        for table in GUARDED:
            for act in ("UPDATE", "DELETE"):
                raw.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
                )
        frontier, begun = merkle.Frontier(), 0
        for one in ledger.sources():
            raw.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?)", (one.index, one.data, one.leaf, one.chain)
            )
            assert one.leaf is not None
            for node in frontier.append(one.leaf)[1:]:
                raw.execute("INSERT INTO node VALUES (?, ?, ?)", node)
            if one.data.endswith(b'"type":"registered"}'):
                begun = one.index
            else:
                raw.execute("INSERT INTO event VALUES (?, ?, ?)", (one.leaf, one.index, begun))
        raw.executemany(
            "INSERT INTO lot VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    lot.lot,
                    lot.holder,
                    lot.state,
                    lot.material,
                    lot.amount.mass,
                    msgspec.msgpack.encode(lot),
                )
                for lot in ledger.lots()
            ],
        )
        raw.execute("ATTACH ? AS present", (str(present),))
        for table in ("checkpoint", "head", "party", "key", "register", "setting", "cosignature"):
            raw.execute(f"INSERT INTO main.{table} SELECT * FROM present.{table}")
        raw.execute("PRAGMA user_version=1")
        raw.commit()
    return old


def filled(world: World) -> World:
    world.record(*(extracted(f"L{number}") for number in range(SMALLEST + 4)))
    world.record(weighed("L1", 45_000_000), weighed("L2", 44_000_000))
    world.record(weighed("L1", 44_500_000))
    world.ledger.checkpoint(LOG)
    world.record(extracted("AFTER"))
    return world


@pytest.fixture
def old(world: World, tmp_path: Path) -> Path:
    """A ledger of format 1; `world` has the same in the present one."""
    return as_format_1(filled(world).path, tmp_path / "old.db")


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as raw:
        return int(raw.execute("PRAGMA user_version").fetchone()[0])


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as raw:
        return list(raw.iterdump())


def test_a_ledger_of_format_1_is_read_as_it_is_and_stays_so(world: World, old: Path) -> None:
    before = old.read_bytes()
    with Ledger.open(old, read_only=True) as ledger:
        assert list(ledger.sources()) == list(world.ledger.sources())
        assert ledger.lots() == world.ledger.lots()
        assert ledger.verify() == world.ledger.verify()
        assert ledger.check() == []
        assert ledger.latest_checkpoint() == world.ledger.latest_checkpoint()
        assert ledger.trace("L1") == world.ledger.trace("L1")
        assert ledger.bundle("L2") == world.ledger.bundle("L2")
        kept = Path(ledger._database._copy.name)  # type: ignore[union-attr]
        assert kept.is_dir()
    assert old.read_bytes() == before
    assert not kept.exists()


def test_writing_brings_a_ledger_of_format_1_up_to_date(world: World, old: Path) -> None:
    with Ledger.open(old, clock=world.clock) as ledger:
        assert version(old) == FORMAT
        with ledger._reading() as here, world.ledger._reading() as there:
            assert list(projections.differences(here, there)) == []
            for table, columns in (
                ("event", "key, idx"),
                ("spent", "lot, head"),
                ("statement", "first"),
            ):
                query = f"SELECT * FROM {table} ORDER BY {columns}"
                rows = [tuple(row) for row in here.exec_driver_sql(query).all()]
                assert rows == [tuple(row) for row in there.exec_driver_sql(query).all()]
                assert rows
        assert ledger.verify() == world.ledger.verify()
        statement = world.draft(weighed("L3", 45_000_000))
        assert ledger.register(statement) == world.ledger.register(statement)
        assert ledger.checkpoint(LOG) == world.ledger.checkpoint(LOG)
        assert ledger.checkpoint(LOG, full=True) == world.ledger.checkpoint(LOG)
        assert ledger.rebuild() == ledger.head().size
        assert ledger.check() == []
        assert ledger.bundle("L1") == world.ledger.bundle("L1")
    with closing(sqlite3.connect(old)) as raw:
        triggers = {
            row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
        }
    with closing(sqlite3.connect(world.path)) as raw:
        assert triggers == {
            row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
        }


def test_the_past_of_an_older_ledger_is_guarded_as_before(world: World, old: Path) -> None:
    again = world.draft(extracted("AGAIN"))
    with Ledger.open(old, clock=world.clock) as ledger:
        first = ledger.register(again)
        assert ledger.register(again) == first
        built = world.draft(weighed("L1", 40_000_000))
        ledger.register(built)
        other = world.draft(weighed("L1", 41_000_000))
        with pytest.raises(StorageError) as caught, ledger.writing() as connection:
            connection.exec_driver_sql("INSERT INTO spent SELECT * FROM spent")
        assert caught.value.code == "storage.failed"
        assert "lot.head-spent" in [one.code for one in ledger.judge(other)]


def test_damage_in_an_older_ledger_is_found_after_it_as_before(world: World, old: Path) -> None:
    with closing(sqlite3.connect(old)) as raw:
        raw.execute("DROP TRIGGER entry_no_update")
        raw.execute(
            "UPDATE entry SET data = CAST(replace(data, '45', '46') AS BLOB) WHERE idx = 20"
        )
        raw.execute("UPDATE entry SET chain = zeroblob(32) WHERE idx = 7")
        raw.execute("UPDATE entry SET leaf = zeroblob(32) WHERE idx = 8")
        raw.commit()
    for read_only in (True, False):
        with Ledger.open(old, read_only=read_only) as ledger:
            found = [(one.code, one.entries) for one in ledger.verify().findings]
            assert ("entry.leaf-mismatch", (20,)) in found
            assert ("entry.chain-broken", (7,)) in found
            assert ("entry.leaf-mismatch", (8,)) in found
    with Ledger.open(old) as ledger, pytest.raises(StorageError) as caught:
        ledger.checkpoint(LOG, full=True)
    assert caught.value.code == "log.damaged"


def test_a_file_that_says_format_1_and_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript("CREATE TABLE head (x); PRAGMA user_version=1")
    before = path.read_bytes()
    for read_only in (True, False):
        with pytest.raises(StorageError) as caught:
            Ledger.open(path, read_only=read_only)
        assert caught.value.code == "storage.corrupt"
    assert path.read_bytes() == before


def test_what_is_only_tried_out_on_an_older_ledger_leaves_it_alone(old: Path) -> None:
    before = dump(old)
    overlay = Overlay(old)
    overlay.check_format()
    with overlay.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM subject").scalar_one() > 0
    overlay.close()
    assert (version(old), dump(old)) == (1, before)


# ---------------------------------------------------------------- killed half way

KILLED = """
import os, signal, sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
import sqlalchemy
from ledger.ledger import Ledger
import ledger.store.migrations, ledger.store.replay, ledger.store.engine
asked = 0
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
def count(*_):
    global asked
    asked += 1
    if asked == {after}:
        os.kill(os.getpid(), signal.SIGKILL)
Ledger.open(Path({path!r})).close()
print(asked)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nobody is killed here")
def test_a_migration_that_is_killed_has_not_begun(world: World, old: Path) -> None:
    before = dump(old)

    def run(after: int) -> subprocess.CompletedProcess[str]:
        code = KILLED.format(tests=str(ROOT / "tests"), root=str(ROOT), path=str(old), after=after)
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )

    with closing(sqlite3.connect(old)) as source, closing(sqlite3.connect(f"{old}.kept")) as kept:
        source.backup(kept)
    total = int(run(0).stdout)
    assert version(old) == FORMAT
    assert total > 40
    for ending in ("", "-journal", "-wal", "-shm"):
        Path(f"{old}{ending}").unlink(missing_ok=True)
    Path(f"{old}.kept").replace(old)
    for after in sorted({2, 3, 5, 8, 13, total // 3, total // 2, total - 3, total - 1, total}):
        ended = run(after)
        assert ended.returncode == -signal.SIGKILL
        if version(old) == FORMAT:
            # What is asked last of all is asked of the new tables.
            assert after > total - 5
            break
        assert dump(old) == before, after
    with Ledger.open(old, read_only=True) as ledger:
        assert list(ledger.sources()) == list(world.ledger.sources())
    with Ledger.open(old) as ledger:
        assert version(old) == FORMAT
        assert ledger.verify() == world.ledger.verify()
        assert ledger.check() == []


# ---------------------------------------------------------------- copies


def test_backups_of_either_format_are_restored(tmp_path: Path) -> None:
    place = settled(tmp_path / "place")
    bag(place, "GIH-1")
    path = place.root / "ledger.db"
    kept = as_format_1(path, tmp_path / "kept.db")
    assert place("db", "restore", kept).out.startswith("restored")
    assert version(path) == 1
    place("verify")
    assert version(path) == 1
    place("db", "backup", tmp_path / "copy.db")
    assert version(tmp_path / "copy.db") == 1
    place("db", "rebuild")
    assert version(path) == FORMAT
    place("verify")
    place("db", "backup", tmp_path / "new.db")
    assert version(tmp_path / "new.db") == FORMAT
    place("db", "restore", tmp_path / "new.db")
    place("db", "check")
