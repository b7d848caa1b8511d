"""Making checkpoints: what is durable is signed, once, and published last; a store that is
behind what was published is for reading only."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from actors import KEYS, LOG, MINE, STRANGER, World, extracted
from cli_place import Place, bag, settled
from ledger.errors import SignatureError, StorageError
from ledger.ledger import Ledger
from ledger.log import checkpoint, note
from ledger.log.note import Signer
from ledger.workspace import Settings, Workspace

KEY = [LOG.verifier]
CHANGED = "CAST(replace(data, 'i', 'j') AS BLOB)"


def touch(path: Path, *statements: str) -> None:
    """Change the database behind its triggers."""
    with sqlite3.connect(path) as raw:
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        for name, _ in (kept := triggers.fetchall()):
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        for _, sql in kept:
            raw.execute(sql)
    raw.close()


def signed(data: bytes) -> tuple[int, bytes]:
    said = checkpoint.open(data, LOG.name, KEY)
    return said.size, said.root


def refused(world: World, code: str, *, full: bool = False, key: note.SignsNotes = LOG) -> None:
    """No checkpoint is made, and none is stored."""
    before = world.ledger.latest_checkpoint()
    with pytest.raises((StorageError, SignatureError)) as caught:
        world.ledger.checkpoint(key, full=full)
    assert caught.value.code == code
    assert world.ledger.latest_checkpoint() == before


# ---------------------------------------------------------------- made


def test_a_checkpoint_is_the_same_from_new_entries_as_from_all(world: World) -> None:
    for lot in "ABCDE":
        world.record(extracted(lot))
        data = world.ledger.checkpoint(LOG)
        assert signed(data) == (world.ledger.head().size, world.ledger.root())
        assert world.ledger.checkpoint(LOG, full=True) == data
        assert world.ledger.checkpoint(LOG) == data


def test_only_entries_since_the_last_checkpoint_are_read_again(world: World) -> None:
    world.ledger.checkpoint(LOG)
    touch(world.path, f"UPDATE entry SET data = {CHANGED} WHERE idx = 1")
    world.record(extracted("A"))
    size, _ = signed(world.ledger.checkpoint(LOG))
    assert size == world.ledger.head().size
    world.record(extracted("B"))
    refused(world, "log.damaged", full=True)


def test_a_new_entry_that_was_changed_on_disk_is_not_signed(world: World) -> None:
    world.ledger.checkpoint(LOG)
    size = world.ledger.head().size
    world.record(extracted("A"))
    touch(world.path, f"UPDATE entry SET data = {CHANGED} WHERE idx = {size + 1}")
    refused(world, "log.damaged")


def test_a_new_entry_whose_leaf_was_changed_with_it_is_not_signed(world: World) -> None:
    world.ledger.checkpoint(LOG)
    size = world.ledger.head().size
    world.record(extracted("A"))
    touch(world.path, f"UPDATE entry SET leaf = zeroblob(32) WHERE idx = {size + 1}")
    refused(world, "log.damaged")


def test_a_new_entry_that_is_missing_is_not_signed_over(world: World) -> None:
    world.ledger.checkpoint(LOG)
    size = world.ledger.head().size
    world.record(extracted("A"))
    touch(world.path, f"DELETE FROM entry WHERE idx = {size}")
    refused(world, "log.damaged")
    touch(world.path, f"DELETE FROM entry WHERE idx = {size + 1}")
    refused(world, "storage.corrupt")


def test_hashes_that_are_not_those_of_the_last_checkpoint_are_not_built_upon(world: World) -> None:
    for number in range(10):
        world.record(extracted(f"L{number}"))
    world.ledger.checkpoint(LOG)
    world.record(extracted("A"))
    touch(world.path, "UPDATE node SET hash = zeroblob(32) WHERE level >= 2")
    refused(world, "log.damaged")


def test_every_checkpoint_signed_before_lies_on_the_way(world: World) -> None:
    world.ledger.checkpoint(LOG)
    first = world.ledger.head().size
    world.record(extracted("A"))
    world.ledger.checkpoint(LOG)
    world.record(extracted("B"))
    other = checkpoint.sign(checkpoint.Checkpoint(LOG.name, first, bytes(32)), LOG)
    touch(world.path, f"UPDATE checkpoint SET note = x'{other.hex()}' WHERE size = {first}")
    refused(world, "log.damaged", full=True)


def test_a_checkpoint_in_the_store_that_the_log_has_not_signed_stops_the_next(world: World) -> None:
    world.ledger.checkpoint(LOG)
    size, root = signed(world.ledger.latest_checkpoint() or b"")
    forger = Signer(LOG.name, KEYS[STRANGER].seed)
    forged = checkpoint.sign(checkpoint.Checkpoint(LOG.name, size, root), forger)
    world.record(extracted("A"))
    touch(world.path, f"UPDATE checkpoint SET note = x'{forged.hex()}'")
    refused(world, "note.no-known-signature")


def test_a_checkpoint_that_is_stored_under_another_size_stops_the_next(world: World) -> None:
    world.ledger.checkpoint(LOG)
    world.record(extracted("A"))
    touch(world.path, "UPDATE checkpoint SET size = size - 1")
    refused(world, "log.damaged")


def test_a_log_that_is_shorter_than_what_was_signed_is_not_signed(world: World) -> None:
    world.record(extracted("A"))
    world.ledger.checkpoint(LOG)
    size = world.ledger.head().size
    touch(
        world.path,
        f"DELETE FROM entry WHERE idx >= {size - 2}",
        f"UPDATE head SET size = {size - 2}",
    )
    refused(world, "log.rolled-back")


def test_another_key_of_the_logs_name_signs_nothing(world: World) -> None:
    refused(world, "note.no-known-signature", key=Signer(LOG.name, KEYS[STRANGER].seed))
    assert world.ledger.latest_checkpoint() is None


# ---------------------------------------------------------------- published


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with a ledger in it, a bag, and a checkpoint published."""
    world = World(tmp_path / "ledger.db").settle()
    world.record(extracted("A"))
    world.ledger.close()
    settings = Settings(world.ledger.id, LOG.name, "Kivu trail", demo=True)
    workspace = Workspace.adopt(tmp_path, settings)
    publish(workspace)
    return workspace


def publish(workspace: Workspace) -> bytes:
    with workspace.ledger() as ledger:
        ledger.checkpoint(LOG)
        return workspace.publish(ledger)


def add(workspace: Workspace, lot: str) -> None:
    with workspace.ledger() as ledger:
        ledger.record([extracted(lot)], KEYS[MINE])


def older(workspace: Workspace, path: Path) -> Path:
    """A backup from before a bag that was published afterwards."""
    with workspace.ledger(read_only=True) as ledger:
        ledger.backup(path)
    add(workspace, "LATER")
    publish(workspace)
    return path


def test_what_was_stored_and_not_published_is_published_by_the_next(workspace: Workspace) -> None:
    add(workspace, "B")
    with workspace.ledger() as ledger:
        data = ledger.checkpoint(LOG)
    assert workspace.kept_checkpoint() != data
    assert publish(workspace) == data == workspace.kept_checkpoint()


def test_a_store_older_than_what_was_published_is_for_reading(
    workspace: Workspace, tmp_path: Path
) -> None:
    shutil.copyfile(older(workspace, tmp_path / "backup"), workspace.database)
    with workspace.ledger() as ledger:
        for write in (
            lambda: ledger.record([extracted("B")], KEYS[MINE]),
            lambda: ledger.checkpoint(LOG),
            lambda: workspace.publish(ledger),
        ):
            with pytest.raises(StorageError) as caught:
                write()
            assert caught.value.code == "log.rolled-back"
            assert str(ledger.head().size) in str(caught.value)
            assert ledger.root().hex()[:16] in str(caught.value)
        assert ledger.lot("A").lot == "A"
        assert ledger.verify().verdict == "supported"
        assert list(ledger.sources())


def test_a_store_with_another_past_than_was_published_is_for_reading(
    workspace: Workspace, tmp_path: Path
) -> None:
    backup = older(workspace, tmp_path / "backup")
    published = workspace.kept_checkpoint() or b""
    shutil.copyfile(backup, workspace.database)
    (workspace.root / "checkpoint").unlink()
    add(workspace, "OTHER")
    add(workspace, "MORE")
    workspace.keep_checkpoint(published)
    with workspace.ledger() as ledger, pytest.raises(StorageError) as caught:
        ledger.record([extracted("B")], KEYS[MINE])
    assert caught.value.code == "log.forked"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "note.malformed"),
        (b"x\n\n\xe2\x80\x94 x AAAA\n", "note.malformed"),
        (note.sign("x\n", LOG), "checkpoint.malformed"),
        (
            checkpoint.sign(
                checkpoint.Checkpoint("other.example/log", 1, bytes(32)),
                Signer("other.example/log", LOG.seed),
            ),
            "checkpoint.origin-mismatch",
        ),
    ],
)
def test_a_published_checkpoint_that_is_none_of_this_log_freezes_it(
    workspace: Workspace, data: bytes, code: str
) -> None:
    workspace.keep_checkpoint(data)
    with workspace.ledger() as ledger, pytest.raises(StorageError) as caught:
        ledger.checkpoint(LOG)
    assert caught.value.code == code


# Runs `checkpoint` and `publish` again and again, each time killed one line later, in a
# process of its own; what is left is looked at by the parent, and then finished.
KILLER = """
import os, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from actors import LOG
from ledger.log import checkpoint
from ledger.workspace import Workspace
base, work = Path(sys.argv[1]), Path(sys.argv[2])
FILES = ("ledger/ledger.py", "ledger/workspace.py", "store/tree.py", "store/entries.py")
READS = ("hashes", "entries", "_row", "head", "tree", "frontier", "_agrees", "<lambda>")

def killed_at(line):
    left = line
    def trace(frame, event, _):
        nonlocal left
        name = frame.f_code.co_filename
        if not name.endswith(FILES) or frame.f_code.co_name in READS:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

def made(line=0):
    workspace = Workspace.find(work)
    with workspace.ledger() as ledger:
        if line:
            sys.settrace(killed_at(line))
        ledger.checkpoint(LOG)
        workspace.publish(ledger)
        sys.settrace(None)
    return (work / "checkpoint").read_bytes()

shutil.copytree(base, work)
wanted, old = made(), (base / "checkpoint").read_bytes()
line, states = 0, set()
while True:
    line += 1
    shutil.rmtree(work)
    shutil.copytree(base, work)
    child = os.fork()
    if child == 0:
        made(line)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    published = (work / "checkpoint").read_bytes()
    with Workspace.find(work).ledger() as ledger:
        assert ledger.frozen is None, ledger.frozen
        stored = ledger.latest_checkpoint()
        size = ledger.head().size
    assert stored in (old, wanted) and published in (old, wanted)
    assert published == old or stored == wanted, "published what is not stored"
    states.add((stored == wanted, published == wanted))
    assert made() == wanted, line
    # What was being written when it was killed lies about under a name nobody reads.
print(line, sorted(states))
"""


def test_killed_at_any_line_it_signs_nothing_else_and_the_next_one_finishes(
    workspace: Workspace, tmp_path: Path
) -> None:
    add(workspace, "B")
    base = tmp_path / "base"
    base.mkdir()
    for name in ("ledger.db", "oretrail.toml", "checkpoint"):
        shutil.copyfile(workspace.root / name, base / name)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLER.format(tests=str(Path(__file__).parent)),
            str(base),
            str(tmp_path / "work"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "ORETRAIL_STATE": str(tmp_path / "state")},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count, states = done.stdout.split(" ", 1)
    assert int(count) > 60
    assert states.strip() == "[(False, False), (True, False), (True, True)]"


# ---------------------------------------------------------------- restored


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "place")


def saved(place: Place, name: str) -> Path:
    """A backup as it stands, outside the folder."""
    path = place.root.parent / name
    place("db", "backup", path)
    return path


def test_a_backup_with_all_that_was_published_is_restored_and_worked_with(place: Place) -> None:
    bag(place, "GIH-1")
    place("checkpoint", "make")
    backup = saved(place, "good.db")
    place.file("ledger.db", b"rubbish")
    assert place("lots", code=5).error == "storage.corrupt"
    said = place.json("db", "restore", backup)
    assert said["frozen"] is None
    assert Path(said["kept"]).read_bytes() == b"rubbish"
    bag(place, "GIH-2")
    place("checkpoint", "make")
    assert place.json("verify")["verdict"] == "supported"


def test_a_backup_without_what_was_published_is_refused_or_for_reading(place: Place) -> None:
    backup = saved(place, "old.db")
    bag(place, "GIH-1")
    place("checkpoint", "make")
    before = place.size
    assert place("db", "restore", backup, code=5).error == "log.rolled-back"
    assert place.size == before
    answer = place("db", "restore", backup, "--older")
    assert "for reading only" in answer.err
    assert place("lots").code == 0
    answer = place("checkpoint", "make", code=5)
    assert answer.error == "log.rolled-back"
    assert answer.hint == "oretrail doctor"
    fields = ["--lot", "X", "--material", "coltan ore", "--mass", "1 kg", "--basis", "wet"]
    fields += ["--site", "RW-GIH", "--method", "asm", "--by", MINE]
    assert place("record", "extraction", *fields, code=5).error == "log.rolled-back"
    said = place.json("doctor", code=5)
    assert [one["check"] for one in said["checks"] if not one["good"]] == ["published"]
    assert "successor" in place("doctor", code=5).out
    kept = sorted(place.root.glob("ledger.db.replaced-*"))
    place("db", "restore", kept[0])
    assert place.size == before
    place("checkpoint", "make")


def test_a_backup_without_what_was_registered_since_is_restored_only_when_asked(
    place: Place,
) -> None:
    backup = saved(place, "old.db")
    bag(place, "GIH-1")
    assert place("db", "restore", backup, code=5).error == "backup.older"
    place("db", "restore", backup, "--older")
    bag(place, "GIH-2")


def test_a_backup_of_another_past_is_never_restored(place: Place) -> None:
    backup = saved(place, "before.db")
    bag(place, "GIH-1")
    fork = saved(place, "fork.db")
    place("db", "restore", backup, "--older")
    bag(place, "GIH-2")
    place("checkpoint", "make")
    assert place("db", "restore", fork, "--older", code=5).error == "log.forked"


def test_of_twenty_restore_points_only_the_last_can_be_worked_with(
    workspace: Workspace, tmp_path: Path
) -> None:
    points = []
    for number in range(20):
        add(workspace, f"N-{number}")
        publish(workspace)
        points.append(tmp_path / f"{number}.db")
        with workspace.ledger(read_only=True) as ledger:
            ledger.backup(points[-1])
    for point in points:
        workspace.restore(point, older=True)
        with workspace.ledger() as ledger:
            assert (ledger.frozen is None) == (point == points[-1])
            assert ledger.lot("N-0").lot == "N-0"
    add(workspace, "AFTER")


def test_a_damaged_backup_and_one_of_another_ledger_are_refused(
    place: Place, tmp_path: Path
) -> None:
    bag(place, "GIH-1")
    backup = saved(place, "damaged.db")
    touch(backup, "UPDATE entry SET chain = zeroblob(32) WHERE idx = 3")
    assert place("db", "restore", backup, code=5).error == "entry.chain-broken"
    world = World(tmp_path / "other.db").settle()
    world.ledger.close()
    assert place("db", "restore", tmp_path / "other.db", code=5).error == "ledger.wrong"
    assert place("db", "restore", place.file("x", "x" * 999), code=5).error == "storage.corrupt"
    assert place.json("verify")["verdict"] == "supported"


def test_who_has_the_database_open_goes_on_with_the_restored_one(
    place: Place, tmp_path: Path
) -> None:
    bag(place, "GIH-1")
    backup = saved(place, "good.db")
    with Ledger.open(place.root / "ledger.db") as ledger:
        place("db", "restore", backup)
        size = ledger.head().size
        bag(place, "GIH-2")
        assert ledger.head().size == size + 2
