"""A ledger in PostgreSQL: what a file promises, a server keeps; what only a server can do to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest

import postgres_server
from actors import KEYS, LOG, MINE, World, extracted, split, weighed
from cli_place import Place
from cut_wire import Wire
from ledger.cli.stories import tantalum
from ledger.cli.stories.telling import build
from ledger.errors import ConfigError, RefusedError, StorageError, UnknownError
from ledger.events.base import Draw
from ledger.field.supposed import Supposed
from ledger.ledger import Ledger
from ledger.log import note
from ledger.store import postgres_link, projections
from ledger.store.postgres import PostgresDatabase
from ledger.store.postgres_tables import rights
from ledger.store.postgres_url import Url
from ledger.store.postgres_words import spell
from ledger.store.schema import APPEND_ONLY, metadata
from ledger.workspace import Workspace
from postgres_server import Server, in_schema, server_url
from quorums import cosigner
from racers import races


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_server.schema() as url:
        yield url


@pytest.fixture
def world(url: str) -> Iterator[World]:
    world = World(url).settle()
    yield world
    world.ledger.close()


def owner(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection of the owner's, who does what he likes in the schema."""
    one = Url.parse(url)
    connection = psycopg.connect(one.conninfo, autocommit=True)
    connection.execute(f'SET search_path = "{one.schema}"'.encode())
    return connection


def with_all_tables(world: World) -> World:
    """Something in every table."""
    world.record(extracted("A"), *(extracted(f"L{n}") for n in range(40)))
    world.record(weighed("A", 45_000_000))
    world.record(split("A", Draw("A1", 20_000_000), Draw("A2", 25_000_000)))
    signed = world.ledger.checkpoint(LOG)
    lines = note.parse(note.add(signed, cosigner("w1"))).signatures[1:]
    world.ledger.keep_cosignatures(world.ledger.head().size, lines)
    return world


def rows(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with ledger._reading() as connection:
        return {
            table.name: sorted(
                tuple(row)
                for row in connection.exec_driver_sql(
                    f"SELECT {', '.join(column.name for column in table.columns)} FROM {table.name}"
                ).all()
            )
            for table in metadata.sorted_tables
        }


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


# ---------------------------------------------------------------- what only grows


@pytest.mark.parametrize("session", ["origin", "replica"])
def test_what_only_grows_is_not_changed_by_its_owner_either(
    world: World, url: str, session: str
) -> None:
    with_all_tables(world)
    before = rows(world.ledger)
    with owner(url) as connection:
        connection.execute(f"SET session_replication_role = {session}".encode())
        for table in APPEND_ONLY:
            column = table.columns[0].name
            for act in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
                with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                    connection.execute(act.encode())
            with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                connection.execute(f"TRUNCATE {table} CASCADE".encode())
    assert rows(world.ledger) == before


@pytest.fixture
def clerk(url: str) -> Iterator[str]:
    """A role that may log in and nothing else."""
    name = f"clerk-{uuid4().hex[:12]}"
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{name}" LOGIN'.encode())
        yield name
        connection.execute(f'DROP OWNED BY "{name}"'.encode())
        connection.execute(f'DROP ROLE "{name}"'.encode())


def by(url: str, role: str) -> str:
    """The same ledger, for that role."""
    return url.replace("postgres@", f"{role}@", 1)


@pytest.mark.skipif(bool(postgres_server.GIVEN), reason="a server that was given has its own roles")
def test_who_serves_it_adds_and_can_take_nothing_away_even_without_triggers(
    world: World, url: str, clerk: str
) -> None:
    with_all_tables(world)
    with pytest.raises(StorageError) as caught:
        Ledger.open(by(url, clerk))
    assert caught.value.code in ("storage.not-allowed", "storage.missing")
    with owner(url) as connection:
        for statement in rights(Url.parse(url).schema, clerk):
            connection.execute(statement.encode())
        for table in APPEND_ONLY:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
    with Ledger.open(by(url, clerk), clock=world.clock) as ledger:
        ledger.record([extracted("B")], KEYS[MINE])
        ledger.checkpoint(LOG)
        assert ledger.rebuild() == ledger.head().size
        for table in APPEND_ONLY:
            column = table.columns[0].name
            acts = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
            for act in (*acts, f"TRUNCATE {table}", f"ALTER TABLE {table} ENABLE TRIGGER ALL"):
                with pytest.raises(StorageError) as caught, ledger.writing() as connection:
                    connection.exec_driver_sql(act)
                assert caught.value.code == "storage.not-allowed", act
    world.sound()


@pytest.mark.skipif(bool(postgres_server.GIVEN), reason="a server that was given has its own roles")
def test_who_reads_it_writes_nothing(world: World, url: str, clerk: str) -> None:
    with owner(url) as connection:
        for statement in rights(Url.parse(url).schema, clerk, read_only=True):
            connection.execute(statement.encode())
    with Ledger.open(by(url, clerk), read_only=True) as ledger:
        assert ledger.verify().verdict == "supported"
    with Ledger.open(by(url, clerk), clock=world.clock) as ledger:
        with pytest.raises(StorageError) as caught:
            ledger.record([extracted("B")], KEYS[MINE])
        assert caught.value.code == "storage.not-allowed"


def test_a_role_that_would_have_to_be_quoted_gets_no_rights() -> None:
    with pytest.raises(ConfigError) as caught:
        rights("trail", 'x"; DROP SCHEMA trail; --')
    assert caught.value.code == "database.role"


# ---------------------------------------------------------------- settings and URLs


def test_a_server_that_acknowledges_too_early_is_refused_for_writing(
    world: World, url: str
) -> None:
    hasty = f"{url}&options={quote('-c synchronous_commit=off')}"
    with pytest.raises(StorageError) as caught:
        Ledger.open(hasty)
    assert caught.value.code == "storage.settings"
    assert "synchronous_commit is 'off'" in str(caught.value)
    Ledger.open(hasty, read_only=True).close()


@pytest.mark.parametrize("name", sorted(postgres_link.NEEDED))
def test_every_setting_that_is_needed_is_read_back(
    world: World, url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres_link.NEEDED, name, ("another",))
    with pytest.raises(StorageError, match=f"setting {name} is") as caught:
        Ledger.open(url)
    assert caught.value.code == "storage.settings"


def test_a_server_that_is_too_old_is_refused(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_link, "OLDEST", 990_000)
    with pytest.raises(StorageError) as caught:
        Ledger.open(url)
    assert caught.value.code == "storage.settings"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("postgresql://clerk:secret@db.example/trade", "database.password"),
        ("postgresql://clerk:@db.example/trade", "database.password"),
        ("postgresql://clerk@db.example/trade?password=secret", "database.password"),
        ("postgresql://db.example/trade?sslpassword=secret", "database.password"),
        ("postgresql://db.example/trade?schema=Kivu", "database.url"),
        ("postgresql://db.example/trade?schema=", "database.url"),
        ("postgresql://db.example/trade?schema=a&schema=b", "database.url"),
        ("postgresql://db.example/trade?schema=pg_catalog", "database.url"),
        ('postgresql://db.example/trade?schema=a"b', "database.url"),
        ("postgresql://db.example/trade?schema=a\n", "database.url"),
        ("postgresql://[db.example/trade", "database.url"),
        ("postgresql://db.example/trade#there", "database.url"),
        ("mysql://db.example/trade", "database.url"),
        ("trade.db", "database.url"),
    ],
)
def test_a_url_that_is_none_or_holds_a_password_is_refused(
    text: str, code: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        Url.parse(text)
    assert caught.value.code == code
    assert "secret" not in str(caught.value)
    asked = ("--origin", "kivu.example/trail", "--insecure-no-passphrase", "--database", text)
    assert Place(tmp_path / "trail")("init", *asked, code=5).error == code
    assert not (tmp_path / "trail").exists()


def test_the_schema_is_ours_and_the_rest_of_a_url_is_libpqs() -> None:
    one = Url.parse("postgresql://clerk@db.example:5433/trade?sslmode=require&schema=kivu")
    assert one.schema == "kivu"
    assert one.conninfo == "postgresql://clerk@db.example:5433/trade?sslmode=require"
    assert Url.parse("postgresql://db.example/trade").schema == "oretrail"


def test_settings_with_a_password_in_them_are_refused(tmp_path: Path) -> None:
    workspace = build(tantalum.STORY, tmp_path / "demo")
    file = workspace.root / "oretrail.toml"
    text = file.read_text().replace('"ledger.db"', '"postgresql://a:secret@db.example/trade"')
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Workspace.find(workspace.root)
    assert caught.value.code == "database.password"


def test_without_the_driver_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.startswith("ledger.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError) as caught:
        Ledger.open("postgresql://db.example/trade")
    assert caught.value.code == "extra.missing"
    assert caught.value.hint == "pip install 'oretrail[postgres]'"


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


# ---------------------------------------------------------------- lost connections


@pytest.fixture
def wire() -> Iterator[Wire]:
    folder = Path(tempfile.mkdtemp(prefix="oretrail-wire-"))
    if postgres_server.GIVEN:
        pytest.skip("the wire is laid to a server of our own")
    server = Path(psycopg.conninfo.conninfo_to_dict(server_url())["host"])
    wire = Wire(folder, server)
    wire.folder = folder  # type: ignore[attr-defined]
    yield wire
    wire.close()
    shutil.rmtree(folder)


def through(wire: Wire, url: str) -> str:
    """The same ledger, along that wire."""
    there = quote(str(wire.server.parent), safe="")
    return url.replace(there, quote(str(wire.folder), safe=""))  # type: ignore[attr-defined]


@pytest.mark.parametrize("heard", [True, False])
def test_an_outcome_that_is_unknown_is_looked_up_and_nothing_is_lost_or_doubled(
    world: World, url: str, wire: Wire, heard: bool
) -> None:
    before = world.ledger.head().size
    with Ledger.open(through(wire, url), clock=world.clock) as ledger:
        for turn in range(5):
            wire.cut("COMMIT\0", heard=heard)
            receipt = ledger.record([extracted(f"A{turn}")], KEYS[MINE])
            assert receipt.index == before + 2 * turn
            assert world.ledger.find(receipt.event[0])[0] == receipt.index + 1
    assert wire.cuts == 5
    assert world.ledger.head().size == before + 10
    world.sound()


@pytest.mark.parametrize("heard", [True, False])
def test_who_does_not_look_is_told_that_the_outcome_is_unknown(
    world: World, url: str, wire: Wire, heard: bool
) -> None:
    database = PostgresDatabase(through(wire, url))
    wire.cut("COMMIT\0", heard=heard)
    with pytest.raises(StorageError) as caught, database.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET recorded_at = 'changed'")
    assert caught.value.code == "storage.outcome-unknown"
    with database.writing() as connection:
        # The lock was waited for, so that what became of it is seen.
        said = connection.exec_driver_sql("SELECT recorded_at FROM head").scalar_one()
    assert (said == "changed") is heard
    database.close()


def test_a_connection_lost_before_the_end_has_done_nothing(
    world: World, url: str, wire: Wire
) -> None:
    before = rows(world.ledger)
    with Ledger.open(through(wire, url), clock=world.clock) as ledger:
        wire.cut("INSERT INTO entry", heard=True)
        with pytest.raises(StorageError) as caught:
            ledger.record([extracted("A")], KEYS[MINE])
        assert caught.value.code == "storage.unreachable"
        assert rows(world.ledger) == before
        ledger.record([extracted("A")], KEYS[MINE])
    world.sound()


def test_an_idle_connection_that_was_lost_is_replaced(world: World, url: str) -> None:
    world.ledger.head()
    with owner(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'oretrail' AND state LIKE 'idle%'"
        )
    world.record(extracted("A"))
    world.sound()


WRITER = """
import sys
sys.path[:0] = [{tests!r}]
from actors import KEYS, MINE, extracted
from ledger.errors import StorageError
from ledger.ledger import Ledger
ledger = Ledger.open(sys.argv[1], clock=lambda: 1_780_000_000)
for number in range(int(sys.argv[3])):
    event = extracted(f"{{sys.argv[2]}}-{{number:04}}", 10_000)
    while True:
        try:
            print(ledger.record([event], KEYS[MINE]).event[0], flush=True)
            break
        except StorageError as error:
            assert error.code in ("storage.unreachable", "storage.outcome-unknown"), error
"""


def test_a_server_that_is_killed_under_load_has_kept_what_it_acknowledged() -> None:
    server = Server()
    try:
        url = in_schema(server.url, "kivu")
        world = World(url).settle()
        world.ledger.close()
        script = WRITER.format(tests=str(Path(__file__).parent))
        running = [
            subprocess.Popen(
                [sys.executable, "-c", script, url, f"W{n}", "40"],
                stdout=subprocess.PIPE,
                text=True,
            )
            for n in range(2)
        ]
        said = []
        for process in running:
            assert process.stdout is not None
            said += [process.stdout.readline().strip() for _ in range(5)]
        for _ in range(2):
            server.kill()
            server.start()
        for process in running:
            out, _ = process.communicate(timeout=200)
            assert process.returncode == 0
            said += out.split()
        assert len(set(said)) == len(said) == 80
        with Ledger.open(url) as ledger:
            assert {ledger.find(one)[1] for one in said}
            assert len(ledger.lots()) == 80
            assert ledger.verify().verdict == "supported"
            assert ledger.check() == []
    finally:
        server.remove()


def test_racers_for_one_lot_have_one_winner(world: World, url: str) -> None:
    races(url, 10, seed=6)
    assert world.ledger.verify().verdict == "supported"


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
        connection.exec_driver_sql(
            "INSERT INTO bulk (size, note) VALUES (?, ?) "
            "ON CONFLICT (size) DO UPDATE SET note = bulk.note || excluded.note",
            [(1000, b"a")] * 20,
        )
        kept = connection.exec_driver_sql("SELECT note FROM bulk WHERE size = 1000").all()
        assert bytes(kept[0][0]) == b"a" * 20


def test_names_that_postgresql_has_no_text_for_are_unknown(world: World) -> None:
    for name in ("\0", "A\0B", "\ud800"):
        with pytest.raises(UnknownError):
            world.ledger.lot(name)
