"""Every export of every scenario for every audience is made, and says what it leaves out."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ledger.exports
from actors import KEYS, MINE
from ledger.audit.dossier import AUDIENCES, Audience, Dossier, Folder
from ledger.cli.stories import cobalt, gold, mica, tantalum
from ledger.exports import packs
from ledger.gather import gather
from ledger.workspace import Workspace

SCENARIOS = {
    "tantalum": (tantalum, "PHONE-26W18"),
    "cobalt": (cobalt, "PACK-26W30"),
    "gold": (gold, "RING-26"),
    "mica": (mica, "CAR-26W26"),
}
FORMATS = {
    info.name: module
    for info in pkgutil.iter_modules(ledger.exports.__path__)
    if not info.ispkg
    for module in [importlib.import_module(f"ledger.exports.{info.name}")]
    if hasattr(module, "render") and "dossier" in inspect.signature(module.render).parameters
}
# They need a party or a file of the user's, and have tests of their own.
ELSEWHERE = {"cmrt", "rw_reconciliation"}


# Two and a half thousand entries, in every form: half a minute.
WANTED = [
    pytest.param(name, marks=[pytest.mark.long] if name == "cobalt" else []) for name in SCENARIOS
]


@pytest.fixture(scope="module", params=WANTED)
def scenario(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, str]:
    """Nobody may change it."""
    story, subject = SCENARIOS[request.param]
    return story.build(tmp_path_factory.mktemp(request.param) / "demo"), subject


@cache
def _dossiers(root: Path, subject: str) -> dict[str, Dossier]:
    with Workspace.find(root).ledger(read_only=True) as opened:
        found = {}
        for audience in AUDIENCES:
            dossier = gather(opened, [subject], audience=audience)
            steps = list(dossier.steps())
            proof = {subject: dossier.bundle(subject)} if dossier.bundle else None
            found[audience] = msgspec.structs.replace(
                dossier,
                steps=lambda steps=steps: steps,  # type: ignore[misc]
                bundle=proof.__getitem__ if proof else None,
            )
        return found


def made(rendered: Any) -> dict[str, bytes]:
    if isinstance(rendered, Folder):
        return {
            name: content if isinstance(content, bytes) else b"".join(content)
            for name, content in rendered.files
        }
    return {"": rendered if isinstance(rendered, bytes) else b"".join(rendered)}


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_export_is_made_for_every_audience(
    audience: Audience, scenario: tuple[Workspace, str]
) -> None:
    workspace, subject = scenario
    dossier = _dossiers(workspace.root, subject)[audience]
    hidden = set(dossier.withheld)
    assert bool(hidden) is (audience != "authority")
    for name, module in FORMATS.items():
        if name in ELSEWHERE or audience not in getattr(module, "AUDIENCES", AUDIENCES):
            continue
        wants = inspect.signature(module.render).parameters
        signed = {"signer": KEYS[MINE]} if "signer" in wants else {}
        files = made(module.render(dossier=dossier, **signed))
        assert all(files.values()), name
    for name in packs.names():
        pack = packs.load(name)
        if audience not in pack.audiences:
            continue
        for one in msgspec.json.decode(packs.render(pack, dossier, "json"))["answers"][0]["fields"]:
            assert bool(one["answers"]) is not ("missing" in one), (name, one["name"])
        assert packs.render(pack, dossier, "xlsx").startswith(b"PK")


def test_the_formats_are_found() -> None:
    assert {"audit_bag", "csv", "xlsx", "report_html", "report_pdf"} <= set(FORMATS)
    assert {"eu-3tg-minerals", "eu-3tg-metals", "batt-art49", "batt-art52", "batt-art8"} <= set(
        packs.names()
    )
