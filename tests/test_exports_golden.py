"""What the exports of a small ledger are, byte for byte, so that a change is a decision.

``ORETRAIL_UPDATE_GOLDEN=1 pytest tests/test_exports_golden.py`` writes what is made instead.
Formats that hold another library's spelling (workbooks, PDF) are left out.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import os
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import ledger.exports
from actors import KEYS, LOG, SMELTER, World
from hostile import chain
from ledger.audit.dossier import AUDIENCES, Folder
from ledger.exports import packs
from ledger.gather import gather, proven

UPDATE = os.environ.get("ORETRAIL_UPDATE_GOLDEN") == "1"  # read before the tests forget it
GOLDEN = Path(__file__).with_name("golden") / "exports.json"
SPELLED_ELSEWHERE = {"xlsx", "report_pdf", "audit_bag", "cmrt", "rw_reconciliation"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = chain(tmp_path_factory.mktemp("golden") / "ledger.db")
    world.ledger.checkpoint(LOG)
    return world


def whole(rendered: Any) -> bytes:
    if isinstance(rendered, Folder):
        return b"".join(name.encode() + b"\n" + whole(made) for name, made in rendered.files)
    return rendered if isinstance(rendered, bytes) else b"".join(rendered)


def made(world: World) -> dict[str, str]:
    """Export and audience -> SHA-256 of what was made, and how long it is."""
    found = {}
    for audience in AUDIENCES:
        dossier = gather(world.ledger, ["PHONE-1"], audience=audience)
        for info in pkgutil.iter_modules(ledger.exports.__path__):
            module = importlib.import_module(f"ledger.exports.{info.name}")
            render = getattr(module, "render", None)
            wants = inspect.signature(render).parameters if render and not info.ispkg else {}
            signed = {"signer": KEYS[SMELTER]} if "signer" in wants else {}
            if info.name in SPELLED_ELSEWHERE:
                continue
            if "entry" in wants and audience == "authority":
                data = whole(module.render(entry=proven(world.ledger, "17"), **signed))
            elif "dossier" in wants and audience in getattr(module, "AUDIENCES", AUDIENCES):
                data = whole(module.render(dossier=dossier, **signed))
            else:
                continue
            found[f"{info.name} {audience}"] = _said(data)
        for name in packs.names():
            pack = packs.load(name)
            if audience in pack.audiences:
                found[f"{name} {audience}"] = _said(packs.render(pack, dossier, "json"))
    return found


def _said(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()} {len(data)}"


def test_the_exports_of_a_small_ledger_are_what_they_were(world: World) -> None:
    found = made(world)
    if UPDATE:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    frozen = json.loads(GOLDEN.read_text(encoding="utf-8"))
    changed = sorted(name for name in frozen | found if frozen.get(name) != found.get(name))
    assert not changed, f"changed, new or gone: {changed}; see the top of this file"
