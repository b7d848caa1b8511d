"""The vectors of tiles and of proofs of one entry, against the library."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ledger.errors import LedgerError, UnknownError
from ledger.log import note, proof, tiles

SPECS = Path(__file__).resolve().parent.parent / "specs"
VECTORS = SPECS / "vectors"


def generator() -> ModuleType:
    path = VECTORS / "make_tile_vectors.py"
    spec = importlib.util.spec_from_file_location("make_tile_vectors", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(room: str, name: str) -> dict[str, Any]:
    case = json.loads((VECTORS / room / f"{name}.json").read_bytes())
    assert isinstance(case, dict)
    return case


def cases(room: str) -> Any:
    return pytest.mark.parametrize(
        "name", sorted(path.stem for path in (VECTORS / room).glob("*.json"))
    )


def check(case: dict[str, Any], run: Callable[[], Any]) -> Any:
    """The result of a good case; None for one that was refused by its code."""
    if case["error"] is None:
        return run()
    with pytest.raises(LedgerError) as caught:
        run()
    assert caught.value.code == case["error"]
    return None


def test_making_the_vectors_again_changes_nothing() -> None:
    made = generator().files()
    found = {
        path.relative_to(VECTORS).as_posix(): path.read_bytes()
        for room in ("tiles", "proof")
        for path in (VECTORS / room).iterdir()
    }
    assert found == made, "run specs/make_pages.py"


@cases("tiles")
def test_tiles(name: str) -> None:
    case = read("tiles", name)
    if "paths" in case:
        size = case["size"]
        listed = [*tiles.bundles_of(size), *tiles.tiles_of(size)]
        assert [one.path for one in listed] == case["paths"]
        return
    held = dict(read("tiles", case["changes"])["files"]) if "changes" in case else {}
    held |= case["files"]

    def fetch(path: str) -> bytes:
        if held.get(path) is None:
            raise UnknownError(f"no {path}", code="tile.missing")
        return base64.b64decode(held[path])

    reader = tiles.Reader(fetch, case["size"], bytes.fromhex(case["root"]))
    entries = check(case, lambda: list(reader.entries()))
    if entries is not None:
        assert entries == [b"entry %d" % index for index in range(case["size"])]


@cases("proof")
def test_proof(name: str) -> None:
    case = read("proof", name)
    data = bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()
    keys = [note.Verifier.parse(vkey) for vkey in case["verifiers"]]

    def run() -> tuple[int, int]:
        given = proof.decode(data)
        return given.index, proof.verify(case["entry"].encode(), given, case["origin"], keys).size

    opened = check(case, run)
    if opened is not None:
        assert opened == (case["opens"]["index"], case["opens"]["size"])


@pytest.mark.parametrize("room", ["tiles", "proof"])
def test_a_vector_is_named_good_or_after_its_mistake(room: str) -> None:
    for path in (VECTORS / room).glob("*.json"):
        assert re.fullmatch(r"[a-z0-9-]+", path.stem)
        assert (read(room, path.stem)["error"] is None) == path.stem.startswith("good-")


@pytest.mark.parametrize(("page", "room"), [("tiles.md", "tiles"), ("proof.md", "proof")])
def test_every_code_of_a_vector_is_explained_in_the_specs(page: str, room: str) -> None:
    text = (SPECS / page).read_text("utf-8")
    explained = set(re.findall(r"`([a-z]+\.[a-z-]+)`", text))
    used = {read(room, path.stem)["error"] for path in (VECTORS / room).glob("*.json")} - {None}
    assert {code for code in used if not code.startswith("signature.")} <= explained


def test_the_examples_in_the_specs_are_true() -> None:
    drawn = (SPECS / "proof.md").read_text("utf-8").split("```")[1].removeprefix("\n")
    assert drawn == read("proof", "good-entry-5-of-11")["text"]
    listed = (SPECS / "tiles.md").read_text("utf-8").split("```")[1]
    paths = set(re.findall(r"^(tile/\S+)", listed, re.MULTILINE))
    assert paths <= set(read("tiles", "good-paths-of-70000")["paths"])
    assert len(paths) >= 7
