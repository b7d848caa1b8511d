"""A ledger in PostgreSQL: connections that break, servers that are killed, racers."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

import postgres_server
from actors import KEYS, MINE, World, extracted
from cut_wire import Wire
from ledger.errors import StorageError
from ledger.ledger import Ledger
from ledger.store.postgres import PostgresDatabase
from postgres_rows import owner, rows
from postgres_server import Server, in_schema, server_url
from racers import contend, races


@pytest.fixture
def world(url: str) -> Iterator[World]:
    world = World(url).settle()
    yield world
    world.ledger.close()


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


# Registers a bag at a time and says its event id, until it may not: whatever becomes of the
# server, it asks again, as whoever has a bag in front of him does.
WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from actors import KEYS, MINE, extracted
from ledger.errors import StorageError
from ledger.ledger import Ledger
url, name, over = sys.argv[1], sys.argv[2], Path(sys.argv[3])
ledger = Ledger.open(url, clock=lambda: 1_780_000_000)
number = 0
while not over.exists():
    event = extracted(f"{{name}}-{{number:05}}", 10_000)
    number += 1
    while True:
        try:
            print(ledger.record([event], KEYS[MINE]).event[0], flush=True)
            break
        except StorageError as error:
            assert error.code in ("storage.unreachable", "storage.outcome-unknown"), error
"""


class Writing:
    """A process that registers, and what it says it has a receipt for."""

    def __init__(self, url: str, name: str, over: Path) -> None:
        script = WRITER.format(tests=str(Path(__file__).parent))
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, url, name, str(over)],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._reads = threading.Thread(target=self._read, daemon=True)
        self._reads.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())

    def says_more(self) -> None:
        """Wait for another receipt."""
        known, until = len(self.said), time.monotonic() + 120
        while len(self.said) == known:
            assert self.process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.005)

    def ends(self) -> list[str]:
        """Everything that it has a receipt for."""
        assert self.process.wait(timeout=200) == 0
        self._reads.join()
        return self.said


def killed(times: int, folder: Path) -> int:
    """Kill a server so often while four write; returns how many receipts there were."""
    server, dice = Server(), random.Random(times)
    try:
        url = in_schema(server.url, "kivu")
        World(url).settle().ledger.close()
        running = [Writing(url, f"W{n}", folder / "over") for n in range(4)]
        for _ in range(times):
            for writing in running:
                writing.says_more()
            time.sleep(dice.uniform(0, 0.1))
            server.kill()
            server.start()
        (folder / "over").touch()
        said = [one for writing in running for one in writing.ends()]
        assert len(set(said)) == len(said)
        with Ledger.open(url) as ledger:
            assert {ledger.find(one)[1] for one in said}
            assert len(ledger.lots()) == len(said)
            assert ledger.verify().verdict == "supported"
            assert ledger.check() == []
        return len(said)
    finally:
        server.remove()


def test_a_server_that_is_killed_under_load_has_kept_what_it_acknowledged(
    tmp_path: Path,
) -> None:
    assert killed(2, tmp_path) >= 12


@pytest.mark.long
def test_a_server_that_is_killed_thirty_times_has_kept_what_it_acknowledged(
    tmp_path: Path,
) -> None:
    print(f"\n30 kills, {killed(30, tmp_path)} receipts, none lost and none doubled")


def test_racers_for_one_lot_have_one_winner(world: World, url: str) -> None:
    races(url, 10, seed=6)
    assert world.ledger.verify().verdict == "supported"


@pytest.mark.long
def test_a_thousand_races_have_a_thousand_winners(world: World, url: str) -> None:
    races(url, 1000, seed=7)
    assert world.ledger.verify().verdict == "supported"


def test_eight_processes_register_at_once_and_none_is_lost(url: str, world: World) -> None:
    contend(url, 8, 10)


@pytest.mark.long
def test_eight_processes_register_250_statements_each(url: str, world: World) -> None:
    contend(url, 8, 250)
