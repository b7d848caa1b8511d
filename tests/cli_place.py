"""A workspace for the tests of the command, and a short way to call the command in it.

`Place` calls it in this process (fast); `Place.spawn` as a program of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ledger.cli.main import cli

ORIGIN = "kivu.example/trail"
MINE, TRADER, SMELTER = "gihanga.example", "comptoir.example", "smelter.example"
PROGRAM = [sys.executable, "-m", "ledger.cli"]

Elsewhere = Callable[[], AbstractContextManager[None]]
"""The fixture `another_computer`: `with another_computer(): ...`."""


@dataclass(frozen=True)
class Answer:
    """What the command said, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON document on stdout."""
        assert self.out.isascii()
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The code in brackets of the error line on stderr."""
        lines = [line for line in self.err.splitlines() if line.startswith("oretrail: error: ")]
        assert len(lines) == 1, self.err
        assert not lines[0].partition(" [")[0].endswith(".")
        assert "Traceback" not in self.err
        return lines[0].rpartition(" [")[2].removesuffix("]")

    @property
    def hint(self) -> str:
        lines = [line for line in self.err.splitlines() if line.startswith("oretrail: hint: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("oretrail: hint: ")


class Place:
    """A folder with a ledger in it, or none yet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *args: object, code: int = 0, given: bytes | str | None = None) -> Answer:
        """Call the command here; `given` is its standard input."""
        words = [str(one) for one in args]
        result = CliRunner().invoke(cli, ["--ledger", str(self.root), *words], input=given)
        answer = Answer(result.exit_code, result.stdout, result.stderr)
        assert answer.code == code, (words, answer)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return answer

    def json(self, *args: object, code: int = 0, given: bytes | str | None = None) -> Any:
        """What the command says with --json."""
        document = self(*args, "--json", code=code, given=given).json()
        assert document["version"] == 1
        return document

    def spawn(
        self, *args: object, code: int = 0, given: bytes | None = None, **environment: str
    ) -> Answer:
        """Call the command as a program, in this folder."""
        done = subprocess.run(
            [*PROGRAM, *map(str, args)],
            cwd=self.root,
            input=b"" if given is None else given,
            capture_output=True,
            env={**os.environ, "PYTHONUTF8": "1", **environment},
            timeout=120,
            check=False,
        )
        answer = Answer(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert answer.code == code, (args, answer)
        return answer

    def file(self, name: str, content: str | bytes) -> Path:
        """A file in this folder."""
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    @property
    def size(self) -> int:
        """How many entries the ledger has."""
        return int(self.json("status")["size"])


def settled(root: Path) -> Place:
    """A ledger with a mine, a trader and a smelter, their keys, and a site."""
    shutil.copytree(_template(), root)
    return Place(root)


def bag(place: Place, lot: str, mass: str = "45.0 kg", *more: str) -> Answer:
    """A bag dug at Gihanga."""
    fields = ["--lot", lot, "--material", "coltan ore", "--mass", mass, "--basis", "wet"]
    fields += ["--moisture", "4.0%", "--grade", "Ta2O5=24.0%", "--site", "RW-GIH"]
    fields += ["--method", "asm", "--occurred-at", "2026-02-11", "--by", MINE, *more]
    return place("record", "extraction", *fields)


def chain(place: Place) -> Place:
    """Two bags, blended, handed over, smelted, and made into a million phones."""
    bag(place, "GIH-1")
    bag(place, "GIH-2")
    place(
        *("record", "blend", "--by", MINE, "--lot", "GIH-C1", "--material", "coltan ore"),
        *("--inputs", "GIH-1;GIH-2"),
    )
    place("transfer", "dispatch", "--by", MINE, "--to", SMELTER, "--lot", "GIH-C1")
    place(
        *("transfer", "receive", "--by", SMELTER),
        *("--lot", "GIH-C1=89.9 kg,basis=wet,moisture=4 %,grades=Ta2O5=24 %"),
    )
    place(
        *("record", "refining", "--by", SMELTER, "--lot", "GIH-C1", "--process", "smelting"),
        *("--output", "TAP-1=tantalum powder,mass=15 kg,basis=dry,contents=Ta=15 kg"),
        *("--loss", "slag=74.9 kg"),
    )
    place(
        *("record", "manufacture", "--by", SMELTER, "--product", "PHONE-1"),
        *("--model", "a phone", "--units", "1000000", "--component", "TAP-1"),
    )
    return place


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="oretrail-test-"))
    atexit.register(shutil.rmtree, folder, True)
    place = Place(folder / "ledger")
    insecure = "--insecure-no-passphrase"
    place("init", "--origin", ORIGIN, "--name", "Kivu trail", insecure)
    for party, role in ((MINE, "miner"), (TRADER, "trader"), (SMELTER, "refiner")):
        place("key", "new", party, insecure)
        place("party", "admit", "--party", party, "--name", party, "--role", role)
    place(
        *("site", "add", "--by", "governance", "--site", "RW-GIH", "--name", "Gihanga"),
        *("--kind", "mine-asm", "--country", "RW"),
    )
    return place.root
