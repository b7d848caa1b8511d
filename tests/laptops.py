"""An office with the ledger and a pit with a copy of it; between them goes a stick."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from cli_place import MINE, TRADER, Place, bag, settled

__all__ = ["Laptops", "became", "laptops", "send", "split", "weigh"]


class Laptops:
    """An office with the ledger, a pit with a copy of it and the mine's key, and a stick."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.office = Place(root / "office")
        self.pit = Place(root / "pit")
        self.stick = root / "stick"

    def pack(self, name: str = "week.outbox") -> Path:
        self.pit("outbox", "pack", "-o", self.stick / name)
        return self.stick / name

    def take(self, file: Path, *more: object, code: int = 0) -> Any:
        back = self.stick / "back.copy"
        return self.office.json("inbox", "take", file, "--copy", back, *more, code=code)

    def update(self) -> Any:
        return self.pit.json("update", self.stick / "back.copy")

    def waiting(self) -> list[int]:
        return [one["number"] for one in self.pit.json("outbox", "list")["waiting"]]


def laptops(root: Path) -> Laptops:
    shutil.copytree(_template(), root, dirs_exist_ok=True)
    return Laptops(root)


@cache
def _template() -> Path:
    root = Path(tempfile.mkdtemp(prefix="oretrail-test-"))
    atexit.register(shutil.rmtree, root, True)
    settled(root / "office")
    both = Laptops(root)
    both.stick.mkdir()
    for lot in ("GIH-1", "GIH-2", "GIH-3"):
        bag(both.office, lot)
    both.office("checkpoint", "make")
    both.office("copy", both.stick / "kivu.copy")
    both.pit("clone", both.stick / "kivu.copy", both.pit.root)
    (both.pit.root / "keys").mkdir()
    for name in (f"{MINE}.key", f"{MINE}.vkey"):
        shutil.copy(both.office.root / "keys" / name, both.pit.root / "keys" / name)
    return root


def send(place: Place, lot: str, to: str = TRADER, *more: object, code: int = 0) -> Any:
    return place("transfer", "dispatch", "--by", MINE, "--to", to, "--lot", lot, *more, code=code)


def split(place: Place, lot: str, *, code: int = 0) -> Any:
    parts = ["--part", f"{lot}A=44 kg", "--part", f"{lot}B=1 kg"]
    words = ("record", "split", "--by", MINE, "--lot", lot, "--material", "coltan ore")
    return place(*words, *parts, code=code)


def weigh(place: Place, lot: str) -> Any:
    words = ("record", "weighing", "--by", MINE, "--lot", lot, "--instrument", "platform")
    return place(*words, "--mass", "44.99 kg", "--basis", "wet", "--moisture", "4 %")


def became(said: Any) -> list[str]:
    """What became of each statement, from the JSON of `inbox take`."""
    return [one["became"] for one in said["statements"]]
