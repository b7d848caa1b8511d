"""Processes that write at the same time, on whatever store the ledger is in.

racers.py PLACE NUMBER        for each line `LOT HEAD` on its input: sign a weighing of the lot
                              on that head, wait for the line `go`, register it, and answer
                              "won EVENT" or "lost CODE MESSAGE"
racers.py PLACE NAME COUNT    register so many bags, a statement each, and answer
                              "INDEX EVENT" to each once there is a receipt
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import msgspec

from actors import KEYS, MINE, extracted, weighed
from ledger.custody.statement import Statement
from ledger.errors import RefusedError
from ledger.events import encode
from ledger.ledger import Ledger

CLOCK = 1_780_000_000


def opened(place: str) -> Ledger:
    """The ledger at a path or URL."""
    return Ledger.open(place if "://" in place else Path(place), clock=lambda: CLOCK)  # type: ignore[arg-type]


def race(place: str, number: int) -> None:
    """One of the processes."""
    with opened(place) as ledger:
        print("ready", flush=True)
        for line in sys.stdin:
            lot, head = line.split()
            one = weighed(lot, 40_000_000 + number)
            event = msgspec.structs.replace(one, after=(head,))
            statement = Statement.draft(ledger.id, [encode(event)]).signed(KEYS[MINE])
            print("set", flush=True)
            sys.stdin.readline()
            try:
                print("won", ledger.register(statement).event[0], flush=True)
            except RefusedError as error:
                print("lost", error.code, error, flush=True)


def races(place: str, rounds: int, seed: int) -> None:
    """So many races of two to eight processes; raises AssertionError if any is not decided."""
    command = [sys.executable, __file__, place]
    racers = [
        subprocess.Popen(
            [*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(8)
    ]
    dice = random.Random(seed)
    try:
        for racer in racers:
            assert _said(racer) == "ready"
        with opened(place) as ledger:
            for turn in range(rounds):
                lot = f"RACE-{seed}-{turn:04}"
                head = ledger.record([extracted(lot)], KEYS[MINE]).event[0]
                running = dice.sample(racers, dice.randint(2, 8))
                _decided(ledger, lot, _results(running, f"{lot} {head}"))
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate()


def write(place: str, name: str, count: int) -> None:
    """One of the processes that write."""
    with opened(place) as ledger:
        for number in range(count):
            receipt = ledger.record([extracted(f"{name}-{number:05}", 10_000)], KEYS[MINE])
            print(receipt.index, receipt.event[0], flush=True)


def contend(place: str, processes: int, each: int) -> None:
    """So many processes register so many statements each; AssertionError if one is lost.

    What the log holds has no gap, every receipt is where it says, and all of it verifies.
    """
    with opened(place) as ledger:
        before = ledger.head().size
    running = [
        subprocess.Popen(
            [sys.executable, __file__, place, f"W{n}", str(each)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(processes)
    ]
    receipts = []
    for process in running:
        out, _ = process.communicate(timeout=500)
        assert process.returncode == 0
        receipts += [line.split() for line in out.splitlines()]
    assert len(receipts) == processes * each
    assert len({index for index, _ in receipts}) == processes * each
    with opened(place) as ledger:
        report = ledger.verify()
        assert report.verdict == "supported", report.findings[:3]
        assert ledger.head().size == before + 2 * processes * each
        indexes = [source.index for source in ledger.sources()]
        assert indexes == list(range(before + 2 * processes * each))
        for index, event_id in receipts[:: max(1, len(receipts) // 50)]:
            assert ledger.find(event_id)[0] == int(index) + 1
        assert ledger.check() == []


def _results(running: list[subprocess.Popen[str]], start: str) -> list[list[str]]:
    for racer in running:
        _say(racer, start)
    for racer in running:
        assert _said(racer) == "set"
    for racer in running:
        _say(racer, "go")
    return [_said(racer).split(" ", 2) for racer in running]


def _decided(ledger: Ledger, lot: str, results: list[list[str]]) -> None:
    """Exactly one has won, and everyone else was told which event that was."""
    winners = [words[1] for words in results if words[0] == "won"]
    assert len(winners) == 1, results
    assert ledger.lot(lot).head == winners[0]
    for words in results:
        if words[0] == "lost":
            assert words[1] == "lot.head-spent", results
            assert winners[0][:12] in words[2], results


def _say(racer: subprocess.Popen[str], line: str) -> None:
    assert racer.stdin is not None
    racer.stdin.write(line + "\n")
    racer.stdin.flush()


def _said(racer: subprocess.Popen[str]) -> str:
    assert racer.stdout is not None
    return racer.stdout.readline().strip()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        write(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        race(sys.argv[1], int(sys.argv[2]))
