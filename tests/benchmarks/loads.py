"""What the rows work on: statements made once and kept, ledgers built from them once.

A folder keeps both while a table is made, because rows run as programs of their own:

    1x4000.load         4,000 events, one under each statement, as the firms signed them
    1x4000.db           a ledger with all of them, for what only reads
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from benchmarks.workload import FIRMS, Batch, Clock, Trade, begin, pyramid
from ledger.custody.statement import Statement
from ledger.ledger import Ledger

__all__ = ["Loads", "events_of", "register_all"]


class Loads(msgspec.Struct, frozen=True):
    """The folder of a run, and what it keeps."""

    folder: Path

    def fresh(self, name: str) -> Path:
        """A place where nothing is yet: for a database that a candidate writes."""
        for left in self.folder.glob(f"{name}*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        return self.folder / name

    def opened(self, name: str) -> tuple[Ledger, Clock]:
        """A ledger of its own with all firms in it, made from the kept beginning."""
        kept = self.folder / "beginning.db"
        if not kept.exists():
            begin(kept)[0].close()
        place = self.fresh(name)
        shutil.copyfile(kept, place)
        clock = Clock()
        return Ledger.open(place, clock=clock), clock

    def batches(self, events: int, per: int) -> list[Batch]:
        """Signed statements, made at the first call and read back afterwards."""
        kept = self.folder / f"{per}x{events}.load"
        if not kept.exists():
            with self.opened("load.db")[0] as ledger:
                made = Trade(ledger.id).statements(events, per)
            parts = [(one.when, one.statement.events, one.statement.note) for one in made]
            _whole(kept, lambda part: part.write_bytes(msgspec.msgpack.encode(parts)))
        read = msgspec.msgpack.decode(kept.read_bytes(), type=list[tuple[int, list[bytes], bytes]])
        return [Batch(when, Statement.of(events, note)) for when, events, note in read]

    def alone(self, each: int) -> list[list[Batch]]:
        """For every firm, `each` statements of one event that hang on no other firm's."""
        with self.opened("load.db")[0] as ledger:
            name = ledger.id
        return [
            list(Trade(name, seed=number, firms=[number]).statements(each))
            for number in range(FIRMS)
        ]

    def built(self, events: int, per: int) -> Path:
        """A ledger with all of these, to be read only."""
        kept = self.folder / f"{per}x{events}.db"
        if not kept.exists():
            print(f"  registering {events} events, {per} per statement", file=sys.stderr)
            ledger, clock = self.opened("building.db")
            with ledger:
                register_all(ledger, clock, self.batches(events, per))
            (self.folder / "building.db").replace(kept)
        return kept

    def pyramid(self, leaves: int) -> tuple[Path, str, list[Batch]]:
        """A ledger with one lot made of so many dug ones, that lot, and its statements."""
        kept = self.folder / f"pyramid{leaves}.db"
        ledger, clock = self.opened("building.db")
        with ledger:
            product, batches = pyramid(ledger.id, leaves)
            if not kept.exists():
                register_all(ledger, clock, batches)
        if not kept.exists():
            (self.folder / "building.db").replace(kept)
        return kept, product, batches


def _whole(target: Path, write: Callable[[Path], object]) -> None:
    part = target.with_suffix(".part")
    write(part)
    part.replace(target)


def register_all(ledger: Ledger, clock: Clock, batches: Iterable[Batch]) -> None:
    """One statement after the other, each in a transaction of its own."""
    for one in batches:
        clock.now = one.when
        ledger.register(one.statement)


def events_of(batches: Sequence[Batch]) -> list[bytes]:
    """All events' bytes."""
    return [data for one in batches for data in one.statement.events]
