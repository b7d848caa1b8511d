"""A ledger in PostgreSQL: who may do what, which servers will do, what a URL may say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest

import postgres_server
from actors import KEYS, LOG, MINE, World, extracted, weighed
from cli_place import Place
from ledger.cli.stories import tantalum
from ledger.cli.stories.telling import build
from ledger.errors import ConfigError, StorageError
from ledger.ledger import Ledger
from ledger.store import postgres_link
from ledger.store.postgres_tables import rights
from ledger.store.postgres_url import Url
from ledger.store.schema import APPEND_ONLY
from ledger.workspace import Settings, Workspace
from postgres_rows import owner, rows, with_all_tables
from postgres_server import server_url


@pytest.fixture
def world(url: str) -> Iterator[World]:
    world = World(url).settle()
    yield world
    world.ledger.close()


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
        ledger.record([extracted(f"M{n}") for n in range(20)], KEYS[MINE])
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
def test_who_may_have_no_tables_of_his_own_serves_it_all_the_same(
    world: World, url: str, clerk: str
) -> None:
    with owner(url) as connection:
        for statement in rights(Url.parse(url).schema, clerk):
            connection.execute(statement.encode())
        connection.execute("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
    try:
        with Ledger.open(by(url, clerk), clock=world.clock) as ledger:
            ledger.record([extracted(f"M{n}") for n in range(20)], KEYS[MINE])
            ledger.record([weighed(f"M{n}", 45_000_000) for n in range(20)], KEYS[MINE])
    finally:
        with owner(url) as connection:
            connection.execute("GRANT TEMPORARY ON DATABASE postgres TO PUBLIC")
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


def test_the_command_says_the_rights(world: World, url: str, tmp_path: Path) -> None:
    settings = Settings(world.ledger.id, world.ledger.origin, "K", url)
    place = Place(Workspace.adopt(tmp_path, settings).root)
    for only in ((), ("--read-only",)):
        said = place("db", "rights", "clerk", *only).out.splitlines()
        wanted = rights(Url.parse(url).schema, "clerk", read_only=bool(only))
        assert said == [f"{one};" for one in wanted]
        assert place.json("db", "rights", "clerk", *only)["sql"] == wanted
    Workspace.adopt(tmp_path, Settings(world.ledger.id, world.ledger.origin, "K"))
    assert place("db", "rights", "clerk", code=5).error == "database.no-server"


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
