"""A ledger in PostgreSQL: what a file promises, a server keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors import KEYS, MINE, World, extracted
from cli_place import Place
from ledger.cli.stories import tantalum
from ledger.cli.stories.telling import build
from ledger.errors import RefusedError, StorageError, UnknownError
from ledger.field.supposed import Supposed
from ledger.ledger import Ledger
from ledger.store import projections
from ledger.store.postgres import PostgresDatabase
from ledger.store.postgres_url import Url
from ledger.store.postgres_words import spell
from postgres_rows import owner, rows, with_all_tables


@pytest.fixture
def world(url: str) -> Iterator[World]:
    world = World(url).settle()
    yield world
    world.ledger.close()


# ---------------------------------------------------------------- the same ledger


def test_a_story_is_the_same_ledger_in_a_file_and_in_postgresql(url: str, tmp_path: Path) -> None:
    story = tantalum.STORY
    here = build(story, tmp_path / "file")
    there = build(story, tmp_path / "server", database=url)
    with here.ledger() as file, there.ledger() as server:
        assert rows(file) == rows(server)
        assert list(file.sources()) == list(server.sources())
        assert file.trace(story.product) == server.trace(story.product)
        assert file.downstream(story.dug[0]) == server.downstream(story.dug[0])
        assert file.bundle(story.product) == server.bundle(story.product)
        assert server.check() == []
        assert server.verify(there.trust()) == file.verify(here.trust())
        with file._reading() as left, server._reading() as right:
            assert list(projections.differences(left, right)) == []
        assert server.rebuild() == file.rebuild()
        assert rows(file) == rows(server)
    assert here.kept_checkpoint() == there.kept_checkpoint()


def test_the_command_works_on_a_ledger_in_postgresql(url: str, tmp_path: Path) -> None:
    place = Place(tmp_path / "trail")
    insecure = "--insecure-no-passphrase"
    place("init", "--origin", "kivu.example/trail", insecure, "--database", url)
    assert f'database = "{url}"' in (tmp_path / "trail" / "oretrail.toml").read_text()
    place("key", "new", MINE, insecure)
    member = ("--party", MINE, "--name", "G", "--role", "miner", "--country", "RW")
    place("party", "admit", *member, "--key", MINE)
    assert place.json("status")["size"] == 4
    assert place.json("verify")["verdict"] == "supported"
    place("checkpoint", "make")
    place("export", "entries", "-o", tmp_path / "entries.jsonl")
    assert place.json("db", "check")["verdict"] == "supported"
    backup = tmp_path / "backup.db"
    assert place.json("db", "backup", backup)["entries"] == 4
    kept = place.json("db", "restore", backup)["kept"]
    assert kept.endswith("_replaced_1")
    assert place.json("verify")["verdict"] == "supported"
    with owner(url) as connection:
        connection.execute(f'DROP SCHEMA "{Url.parse(kept).schema}" CASCADE'.encode())


def test_a_backup_is_a_file_with_every_row_and_comes_back(world: World, tmp_path: Path) -> None:
    with_all_tables(world)
    before = rows(world.ledger)
    assert all(before.values())
    world.ledger.backup(tmp_path / "backup.db")
    assert [one.name for one in tmp_path.iterdir()] == ["backup.db"]
    with Ledger.open(tmp_path / "backup.db") as file:
        assert rows(file) == before
        assert file.latest_checkpoint() == world.ledger.latest_checkpoint()
        assert file.check() == []
        file.record([extracted("B")], KEYS[MINE])
    with pytest.raises(StorageError) as caught:
        world.ledger.backup(tmp_path / "backup.db")
    assert caught.value.code == "storage.exists"


def test_a_restored_ledger_is_the_backup_and_the_old_one_is_kept(
    world: World, url: str, tmp_path: Path
) -> None:
    from ledger.store.restore import restore

    with_all_tables(world)
    world.ledger.backup(tmp_path / "backup.db")
    before = rows(world.ledger)
    world.record(extracted("B"))
    after = rows(world.ledger)
    kept = restore(tmp_path / "backup.db", url)
    assert rows(world.ledger) == before
    assert world.ledger.lots(state="held")
    world.record(extracted("C"))
    world.sound()
    with Ledger.open(str(kept), read_only=True) as old:
        assert rows(old) == after
    with owner(str(kept)) as connection:
        connection.execute(f'DROP SCHEMA "{Url.parse(str(kept)).schema}" CASCADE'.encode())


def test_what_is_supposed_is_forgotten_unless_it_is_kept(world: World, url: str) -> None:
    before = rows(world.ledger)
    with Supposed.open(url, clock=world.clock) as supposed:
        supposed.record([extracted("A")], KEYS[MINE])
        with pytest.raises(RefusedError):
            supposed.record([extracted("A", 1_000_000)], KEYS[MINE])
        with pytest.raises(StorageError), supposed.writing() as connection:
            connection.exec_driver_sql("INSERT INTO head VALUES (2, 0, ?, '')", (b"",))
        assert supposed.lot("A").holder == MINE
    assert rows(world.ledger) == before
    with Supposed.open(url, clock=world.clock) as supposed:
        supposed.record([extracted("A")], KEYS[MINE])
        supposed.keep()
    world.sound()
    assert world.ledger.lot("A").holder == MINE


# ---------------------------------------------------------------- beginnings


def test_a_schema_that_has_a_ledger_is_not_begun_again(world: World, url: str) -> None:
    before = rows(world.ledger)
    with pytest.raises(StorageError) as caught:
        World(url)
    assert caught.value.code == "storage.exists"
    assert rows(world.ledger) == before


def test_an_empty_schema_will_do_and_a_failed_beginning_leaves_it_empty(url: str) -> None:
    schema = Url.parse(url).schema
    count = "SELECT count(*) FROM pg_class WHERE relnamespace = %s::regnamespace"
    with owner(url) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"'.encode())
        with pytest.raises(RefusedError):
            World(url, origin="another.example/trail")
        assert connection.execute(count, (schema,)).fetchone() == (0,)
    World(url).ledger.close()


def test_a_failed_beginning_takes_its_schema_away(url: str) -> None:
    with pytest.raises(RefusedError):
        World(url, origin="another.example/trail")
    with owner(url) as connection:
        asked = "SELECT count(*) FROM pg_namespace WHERE nspname = %s"
        assert connection.execute(asked, (Url.parse(url).schema,)).fetchone() == (0,)


def test_where_there_is_no_ledger_or_no_server_it_is_said(url: str, tmp_path: Path) -> None:
    for read_only in (False, True):
        with pytest.raises(StorageError) as caught:
            Ledger.open(url, read_only=read_only)
        assert caught.value.code == "storage.missing"
    with pytest.raises(StorageError) as caught:
        Ledger.open(f"postgresql://nobody@/trade?host={tmp_path}")
    assert caught.value.code == "storage.unreachable"


def test_tables_of_another_format_are_refused(world: World, url: str) -> None:
    with owner(url) as connection:
        connection.execute("UPDATE format SET version = 99")
    with pytest.raises(StorageError, match="table format 99") as caught:
        Ledger.open(url)
    assert caught.value.code == "storage.format"


# ---------------------------------------------------------------- transactions


def test_nothing_is_written_through_a_reader(world: World, url: str) -> None:
    with Ledger.open(url, read_only=True) as reader:
        for statement in ("DELETE FROM lot", "INSERT INTO party (id, doc) VALUES ('a', '')"):
            with pytest.raises(StorageError) as caught, reader._reading() as connection:
                connection.exec_driver_sql(statement)
            assert caught.value.code == "storage.read-only"
        with pytest.raises(StorageError) as caught, reader.writing():
            pass
        assert caught.value.code == "storage.read-only"


def test_a_reader_sees_one_past_for_as_long_as_it_reads(world: World, url: str) -> None:
    with Ledger.open(url, read_only=True) as reader:
        with reader._reading() as connection:
            size = connection.exec_driver_sql("SELECT size FROM head").scalar_one()
            world.record(extracted("A"))
            assert connection.exec_driver_sql("SELECT size FROM head").scalar_one() == size
            last = connection.exec_driver_sql("SELECT max(first) FROM statement").scalar_one()
            assert last < size
        assert reader.head().size == size + 2


def test_an_error_that_was_overlooked_is_no_commit(world: World) -> None:
    before = rows(world.ledger)
    overlooked = pytest.raises(StorageError, match="answered ROLLBACK")
    with overlooked, world.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET size = 1")
        with pytest.raises(StorageError):
            connection.exec_driver_sql("SELECT nothing FROM nowhere")
    assert rows(world.ledger) == before


def test_one_head_is_spent_once_and_one_entry_stands_once(world: World) -> None:
    with_all_tables(world)
    for table in ("spent", "event", "entry", "sheaf", "statement", "node", "checkpoint"):
        doubled = pytest.raises(StorageError, match="duplicate key")
        with doubled, world.ledger.writing() as connection:
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM {table}")
    world.sound()


def test_a_writer_that_waits_too_long_is_told_so(world: World, url: str) -> None:
    hurried = PostgresDatabase(url)
    link = hurried.begun("BEGIN")
    link.run("COMMIT; SET lock_timeout = '50ms'")
    hurried.returned(link)
    with world.ledger.writing():
        with pytest.raises(StorageError) as caught, hurried.writing():
            pass
        assert caught.value.code == "storage.busy"
    with hurried.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET size = size")
    hurried.close()


def test_a_deadlock_is_a_collision_and_the_one_that_lost_does_it_again(
    world: World, url: str
) -> None:
    from ledger.store.attempts import until_known

    answers = [StorageError("a", code="storage.collision"), None]

    def act() -> str:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return "done"

    assert until_known(act) == "done"
    with owner(url) as connection:
        connection.execute(
            "CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END$$"
        )
        connection.execute(
            "CREATE TRIGGER collide BEFORE INSERT ON lot FOR EACH ROW EXECUTE FUNCTION collide()"
        )
    with pytest.raises(StorageError) as caught, world.ledger.writing() as link:
        link.exec_driver_sql(
            "INSERT INTO lot (number, holder, state, head, doc) VALUES (?, ?, ?, ?, ?)",
            (1, 1, 0, 0, b""),
        )
    assert caught.value.code == "storage.collision"


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT a FROM t WHERE b = ? AND c < ?", "SELECT a FROM t WHERE b = $1 AND c < $2"),
        ("SELECT a FROM t WHERE b IN (?,?,?)", "SELECT a FROM t WHERE b = ANY($1)"),
        ("SELECT '?' FROM t WHERE b = ?", "SELECT '?' FROM t WHERE b = $1"),
        ("SELECT 'it''s ?' WHERE b = ?", "SELECT 'it''s ?' WHERE b = $1"),
        ("SELECT 'IN (?,?)', '' WHERE b IN (?)", "SELECT 'IN (?,?)', '' WHERE b = ANY($1)"),
        ("SELECT a % 2 FROM t", "SELECT a % 2 FROM t"),
    ],
)
def test_marks_are_numbered_and_lists_are_one(ours: str, theirs: str) -> None:
    assert spell(ours).text == theirs.encode()


def test_values_go_where_their_marks_are() -> None:
    spelled = spell("SELECT a FROM t WHERE b = ? AND c IN (?,?) AND d = ?")
    assert spelled.values((1, 2, 3, 4)) == [1, [2, 3], 4]


def test_bulk_is_written_as_one_by_one(world: World) -> None:
    values = [(n, bytes([n]) * 32) for n in range(100)]
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE bulk (size bigint PRIMARY KEY, note bytea)")
        connection.exec_driver_sql("INSERT INTO bulk (size, note) VALUES (?, ?)", values)
        kept = connection.exec_driver_sql("SELECT size, note FROM bulk ORDER BY size").all()
        assert [tuple(row) for row in kept] == values
        more = [(n, bytes([n, n])) for n in range(50, 150)]
        for conflict in ("NOTHING", "UPDATE SET note = excluded.note"):
            connection.exec_driver_sql(
                "INSERT INTO bulk (size, note) VALUES (?, ?) "
                f"ON CONFLICT {'' if conflict == 'NOTHING' else '(size) '}DO {conflict}",
                more,
            )
            kept = connection.exec_driver_sql("SELECT note FROM bulk WHERE size = 60").all()
            assert len(kept[0][0]) == (32 if conflict == "NOTHING" else 2)
        joining = (
            "INSERT INTO bulk (size, note) VALUES (?, ?) "
            "ON CONFLICT (size) DO UPDATE SET note = bulk.note || excluded.note"
        )
        connection.exec_driver_sql(joining, [(1000, b"a")] * 20)
        for letter in (b"b", b"c"):
            connection.exec_driver_sql(joining, [(1000 + n, letter) for n in range(20)])
        kept = connection.exec_driver_sql("SELECT note FROM bulk WHERE size >= 1000").all()
        assert sorted(row[0] for row in kept) == [b"a" * 20 + b"bc", *[b"bc"] * 19]


def test_names_that_postgresql_has_no_text_for_are_unknown(world: World) -> None:
    for name in ("\0", "A\0B", "\ud800"):
        with pytest.raises(UnknownError):
            world.ledger.lot(name)
