"""A new event type is one new file: it works from the command line to the trail.

The package is copied, one file is dropped into the copy's `events`, and everything runs in
processes of its own. Nothing else of the copy is touched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

DREDGED = '''
"""Mineral is brought up from a river bed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect, Gain, Open
from ..values import Id, Origin, Positive
from .base import Event


class LotDredged(Event, frozen=True, kw_only=True, tag="lot.dredged"):
    """A lot of concentrate from a dredge, weighed dry on board."""

    command: ClassVar[str] = "record dredging"

    lot: Annotated[Id, msgspec.Meta(description="id of the new lot")]
    mass: Annotated[Positive, msgspec.Meta(description="net mass")]
    site: Annotated[Id, msgspec.Meta(description="registered stretch of the river")]
    dredge: Annotated[Id | None, msgspec.Meta(description="the vessel")] = None

    def __post_init__(self) -> None:
        """A dredge that is nobody is not named."""
        super().__post_init__()
        if self.dredge == "nobody":
            raise ValueError("the dredge is named nobody")

    def effects(self) -> Iterator[Effect]:
        """The lot begins with what was brought up."""
        yield Open(self.lot, "river tin", self.by, basis="dry")
        yield Gain(self.lot, self.mass, Origin("mined-lsm", site=self.site))
        if self.dredge is not None:
            yield Claim(f"lot:{self.lot}", "vessel", "named", {"dredge": self.dredge})
'''

LIBRARY = """
from pathlib import Path
from actors import *
from ledger import events
world = World(Path("ledger.db")).settle()
one = event("lot.dredged", MINE, lot="D1", mass=5000, site="RW-GIH", dredge="Anna")
data = events.encode(one)
assert events.decode(data) == one and "lot.dredged" in events.TYPES
world.record(one, extracted("A", 5000, basis="dry"))
world.record(blended("B", "D1", "A"), dispatched("B"))
assert world.refused(event("lot.dredged", MINE, lot="D1", mass=1, site="RW-GIH")) == ["lot.exists"]
nowhere = event("lot.dredged", TRADER, lot="D2", mass=1, site="NONE")
assert first(world.refused(nowhere)) == "site.unknown"
world.sound()
trail = world.ledger.trace("B")
(element,) = trail.elements.values()
print([(line.kind, line.site, line.share_ppb) for line in element.origins])
world.ledger.rebuild()
world.sound()
"""

EXPORTS = """
import importlib, inspect, json, pkgutil
from pathlib import Path
from actors import *
import ledger.exports
from ledger.audit.dossier import AUDIENCES, Folder
from ledger.exports import packs
from ledger.gather import gather, proven
world = World(Path("ledger.db")).settle()
one = event("lot.dredged", MINE, lot="RIVER-1", mass=5000, site="RW-GIH", dredge="Anna")
world.record(one, extracted("A", 5000, basis="dry"))
world.record(blended("B", "RIVER-1", "A"))
world.ledger.checkpoint(LOG)

def text(rendered):
    if isinstance(rendered, Folder):
        return b"".join(text(content) for _, content in rendered.files)
    return rendered if isinstance(rendered, bytes) else b"".join(rendered)

names = {}
for audience in AUDIENCES:
    dossier = gather(world.ledger, ["B"], audience=audience)
    for info in pkgutil.iter_modules(ledger.exports.__path__):
        module = importlib.import_module(f"ledger.exports.{info.name}")
        wants = inspect.signature(module.render).parameters if hasattr(module, "render") else {}
        if info.ispkg or audience not in getattr(module, "AUDIENCES", AUDIENCES):
            continue
        if "dossier" in wants and info.name not in ("rw_reconciliation", "cmrt"):
            signer = {"signer": KEYS[SMELTER]} if "signer" in wants else {}
            made = text(module.render(dossier=dossier, **signer))
            assert made, info.name
            if audience == "authority":
                names[info.name] = b"RIVER-1" in made
    for name in packs.names():
        pack = packs.load(name)
        if audience in pack.audiences:
            assert packs.render(pack, dossier, "json")
print(json.dumps(names))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with one file more."""
    top = tmp_path_factory.mktemp("tree")
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "ledger", top / "ledger", ignore=leave)
    shutil.copytree(ROOT / "cli", top / "ledger" / "cli", ignore=leave)
    (top / "ledger" / "events" / "lot_dredged.py").write_text(DREDGED.lstrip())
    return top


def run(tree: Path, folder: Path, *words: str) -> str:
    """Run Python in that folder with the copied package; what it prints."""
    paths = [str(tree), str(ROOT / "tests")]
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_type_in_a_new_file_is_registered_verified_and_traced(tree: Path, tmp_path: Path) -> None:
    said = run(tree, tmp_path, "-c", LIBRARY)
    half = 500_000_000
    assert sorted(eval(said)) == [("mined-asm", "RW-GIH", half), ("mined-lsm", "RW-GIH", half)]


def test_a_type_in_a_new_file_is_a_command(tree: Path, tmp_path: Path) -> None:
    def oretrail(*words: str, folder: Path = tmp_path / "river") -> str:
        return run(tree, folder, "-m", "ledger.cli", *words)

    def told(*words: str) -> Any:
        return json.loads(oretrail(*words, "--json"))

    plain = "--insecure-no-passphrase"
    oretrail("init", "river", "--origin", "river.example/trail", plain, folder=tmp_path)
    oretrail("key", "new", "dredger.example", plain)
    who = ("--party", "dredger.example", "--name", "Dredger", "--role", "miner")
    oretrail("party", "admit", *who)
    oretrail(
        *("site", "add", "--site", "RIVER", "--name", "River", "--kind", "mine-lsm"),
        *("--country", "RW"),
    )
    assert "A lot of concentrate from a dredge" in oretrail("record", "dredging", "--help")
    assert "dredging" in oretrail("record", "--help")
    what = ("--lot", "D1", "--mass", "5 kg", "--site", "RIVER", "--dredge", "Anna")
    oretrail("record", "dredging", *what, "--by", "dredger.example")
    assert told("verify")["verdict"] == "supported"
    trail = told("trace", "D1")
    assert json.dumps(trail).count("mined-lsm") >= 1
    assert "RIVER" in json.dumps(trail)


def test_a_type_in_a_new_file_passes_through_every_export(tree: Path, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    pytest.importorskip("typst")
    named = json.loads(run(tree, tmp_path, "-c", EXPORTS).splitlines()[-1])
    assert {"csv", "audit_bag", "report_html"} <= set(named)
    # Compressed, or about the shares alone: the lot's name is not to be seen in the bytes.
    unseen = {"xlsx", "report_html", "report_pdf", "sd_jwt", "untp_dpp"}
    assert {name for name, seen in named.items() if not seen} <= unseen
