"""Several processes write at once, and some are killed: nothing acknowledged is lost or forked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from actors import KEYS, MINE, World, extracted, weighed
from ledger.errors import RefusedError
from ledger.ledger import Ledger
from racers import contend, races


def contended(world: World, each: int) -> None:
    world.ledger.close()
    contend(str(world.path), 8, each)


def test_eight_processes_register_at_once_and_none_is_lost(world: World) -> None:
    contended(world, 25)


@pytest.mark.long
def test_eight_processes_register_250_statements_each(world: World) -> None:
    contended(world, 250)


# Forks a writer, lets it register for a random while, kills it; again and again. What the
# writer had read of its receipts stands in the pipe.
KILLER = """
import os, random, signal, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from actors import KEYS, MINE, extracted
from ledger.ledger import Ledger
from racers import races
from ledger.store import engine  # loaded once, or the child would be killed while it loads it
path, times, dice = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
for turn in range(times):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with Ledger.open(path, clock=lambda: 1_780_000_000) as ledger:
            number = 0
            while True:
                bag = extracted(f"K{{turn}}-{{number:05}}", 10_000)
                receipt = ledger.record([bag], KEYS[MINE])
                os.write(writing, f"{{receipt.index}} {{receipt.event[0]}}\\n".encode())
                number += 1
    os.close(writing)
    time.sleep(dice.uniform(0.005, 0.15))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        print(pipe.read(), end="", flush=True)
"""


def kill(world: World, times: int, seed: int) -> int:
    """Kill a writer at so many random moments; returns how many receipts there were."""
    world.ledger.close()
    script = KILLER.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", script, str(world.path), str(times), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=True)
    receipts = [line.split() for line in done.stdout.splitlines()]
    with Ledger.open(world.path) as ledger:
        report = ledger.verify()
        assert report.verdict == "supported", report.findings[:3]
        for index, event_id in receipts:
            assert ledger.find(event_id)[0] == int(index) + 1
        assert ledger.check() == []
    return len(receipts)


def test_what_was_acknowledged_survives_a_kill(world: World) -> None:
    assert kill(world, 20, seed=1) > 0


@pytest.mark.long
def test_what_was_acknowledged_survives_200_kills(world: World) -> None:
    print(f"\n200 kills, {kill(world, 200, seed=2)} receipts, none lost")


def test_two_successors_of_one_head_have_one_winner(world: World) -> None:
    """The second of two statements signed over the same head is told where the lot stands."""
    world.record(extracted("A"))
    drafts = [world.ledger.draft([weighed("A", mass)]) for mass in (45_000_000, 45_000_001)]
    first = world.ledger.register(drafts[0].signed(KEYS[MINE]))
    with pytest.raises(RefusedError) as caught:
        world.ledger.register(drafts[1].signed(KEYS[MINE]))
    assert caught.value.code == "lot.head-spent"
    assert first.event[0][:12] in str(caught.value)


def raced(world: World, rounds: int) -> None:
    """Races of two to eight processes for one lot each; then the whole is verified."""
    world.ledger.close()
    races(str(world.path), rounds, seed=1)
    with Ledger.open(world.path) as ledger:
        assert ledger.verify().verdict == "supported"
        assert ledger.check() == []


def test_of_several_processes_that_spend_one_head_one_wins(world: World) -> None:
    raced(world, 15)


@pytest.mark.long
def test_a_thousand_races_have_a_thousand_winners(world: World) -> None:
    raced(world, 1000)
