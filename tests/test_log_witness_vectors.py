"""The vectors of cosignatures, add-checkpoint and trust policies, against the library."""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ledger.errors import LedgerError
from ledger.log import note, witness
from ledger.log.policy import Policy
from ledger.log.witness import CosignatureSigner

VECTORS = Path(__file__).resolve().parent.parent / "specs" / "vectors"
ROOMS = {"cosignature": "witness.md", "add-checkpoint": "witness.md", "policy": "policy.md"}


def vectors(room: str) -> dict[str, dict[str, Any]]:
    paths = sorted((VECTORS / room).glob("*.json"))
    return {path.stem: json.loads(path.read_bytes()) for path in paths}


def cases(room: str) -> Any:
    found = vectors(room)
    return pytest.mark.parametrize("case", found.values(), ids=found)


def data_of(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()


def run(case: dict[str, Any], work: Any) -> Any:
    """The result of a good case; None for one that was refused by its code."""
    if case["error"] is None:
        return work()
    with pytest.raises(LedgerError) as caught:
        work()
    assert caught.value.code == case["error"]
    return None


@cache
def generator() -> ModuleType:
    path = VECTORS / "make_witness_vectors.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_making_the_vectors_again_changes_nothing() -> None:
    made = generator().files()
    found = {
        path.relative_to(VECTORS).as_posix(): path.read_bytes()
        for room in ROOMS
        for path in (VECTORS / room).iterdir()
    }
    assert sorted(found) == sorted(made)
    assert [path for path in made if made[path] != found[path]] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_vector_is_named_good_or_after_its_mistake(room: str) -> None:
    found = vectors(room)
    assert any(name.startswith("good-") for name in found)
    for name, case in found.items():
        assert re.fullmatch(r"[a-z0-9-]+", name)
        assert (case["error"] is None) == name.startswith("good-"), name


@pytest.mark.parametrize("room", ROOMS)
def test_every_code_of_a_vector_is_explained_on_its_page(room: str) -> None:
    page = (VECTORS.parent / ROOMS[room]).read_text("utf-8")
    for case in vectors(room).values():
        code = case["error"]
        if code is not None and not code.startswith(("signature.", "proof.", "key.", "note.no-")):
            assert f"`{code}`" in page or f"`{code.partition('.')[0]}.*`" in page, code


def example(page: str) -> str:
    """The first thing drawn on a page of the specs."""
    return (VECTORS.parent / page).read_text("utf-8").split("```")[1].removeprefix("\n")


def test_the_examples_on_the_pages_are_true() -> None:
    assert example("witness.md") == vectors("add-checkpoint")["good-from-3"]["text"]
    policy = Policy.parse(example("policy.md").encode())
    plain = Policy.parse(vectors("policy")["good-two-of-three"]["text"].encode())
    assert [each.key for each in policy.logs] == [each.key for each in plain.logs]
    assert [each.key for each in policy.witnesses.values()] == [
        each.key for each in plain.witnesses.values()
    ]
    assert policy.say_quorum() == plain.say_quorum() == "2 of w1, w2, w3"


@cases("cosignature")
def test_cosignature(case: dict[str, Any]) -> None:
    if "vkey" in case:
        key = run(case, lambda: witness.cosigner(case["vkey"]))
        if key is not None:
            assert CosignatureSigner(key.name, bytes.fromhex(case["seed"])).verifier == key
        return
    keys = [witness.cosigner(vkey) for vkey in case["verifiers"]]
    opened = run(case, lambda: note.open(data_of(case), keys))
    if opened is not None:
        times = {each.name: witness.cosigned_at(each) for each in opened.signatures}
        assert times == case["opens"]


@cases("add-checkpoint")
def test_add_checkpoint(case: dict[str, Any]) -> None:
    keys = [note.Verifier.parse(vkey) for vkey in case["log_keys"]]
    size, root = case["stored"]["size"], bytes.fromhex(case["stored"]["root"])
    try:
        asked = witness.parse_request(data_of(case))
    except LedgerError as error:
        assert (case["status"], case["error"]) == (400, error.code)
        return
    answer = witness.judge(asked, size, root, keys)
    assert answer.status == case["status"]
    assert answer.code == (case["error"] or "cosigned")
    if answer.status == 409:
        assert f"{answer.size}\n" == case["answer"]
    if case["error"] is None:
        keeper = case["witness"]
        seed = bytes.fromhex(keeper["seed"])
        signer = CosignatureSigner(keeper["name"], seed, keeper["time"])
        line = note.add(asked.note, signer)[len(asked.note) :]
        assert line.decode() == case["answer"]
        assert witness.request(asked.old, asked.proof, asked.note) == data_of(case)


@cases("policy")
def test_policy(case: dict[str, Any]) -> None:
    def read() -> Policy:
        return Policy.parse(data_of(case))

    if "checkpoint" in case:
        found = run(case, lambda: read().check(case["checkpoint"].encode()))
        if found is not None:
            assert {"met": found.met, "cosigned": found.cosigned} == case["finds"]
        return
    policy = run(case, read)
    if policy is not None:
        assert case["says"] == {
            "ledger": policy.ledger,
            "logs": [[each.key.vkey, each.url] for each in policy.logs],
            "witnesses": {n: [w.key.vkey, w.url] for n, w in policy.witnesses.items()},
            "groups": {n: [g.need, list(g.members)] for n, g in policy.groups.items()},
            "quorum": policy.quorum,
        }
