"""Every vector of specs/vectors, against the library and, where it can, its slow twin."""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import reference_log as reference
from ledger.errors import LedgerError, MalformedError, ProofError, SignatureError
from ledger.log import canonical, chain, checkpoint, ed25519, merkle, note

VECTORS = Path(__file__).resolve().parent.parent / "specs" / "vectors"
KINDS = {
    "canonical": MalformedError,
    "checkpoint.no": SignatureError,
    "checkpoint": MalformedError,
    "key.kind": MalformedError,
    "key.id": MalformedError,
    "key.malformed": MalformedError,
    "key": SignatureError,
    "note.no": SignatureError,
    "note": MalformedError,
    "proof": ProofError,
    "signature": SignatureError,
}


def cases(room: str) -> Any:
    paths = sorted((VECTORS / room).glob("*.json"))
    return pytest.mark.parametrize(
        "case", [json.loads(path.read_bytes()) for path in paths], ids=[path.stem for path in paths]
    )


def data_of(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()


def check(case: dict[str, Any], run: Any) -> Any:
    """The result of a good case; None for a case that was refused by its code."""
    if case["error"] is None:
        return run()
    with pytest.raises(LedgerError) as caught:
        run()
    assert caught.value.code == case["error"]
    kind = next(kind for begin, kind in KINDS.items() if case["error"].startswith(begin))
    assert type(caught.value) is kind
    return None


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_log_vectors", VECTORS / "make_log_vectors.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_making_the_vectors_again_changes_nothing() -> None:
    made = generator().files()
    rooms = {path.split("/")[0] for path in made}
    found = {
        path.relative_to(VECTORS).as_posix(): path.read_bytes()
        for room in rooms
        for path in (VECTORS / room).iterdir()
    }
    assert sorted(found) == sorted(made)
    assert [path for path in made if made[path] != found[path]] == []


def example(page: str) -> str:
    """The first thing drawn on a page of the specs."""
    return (VECTORS.parent / page).read_text("utf-8").split("```")[1].removeprefix("\n")


def text_of(vector: str) -> str:
    text = json.loads((VECTORS / vector).read_bytes())["text"]
    assert isinstance(text, str)
    return text


def test_the_examples_in_the_specs_are_true() -> None:
    canonical.check(example("canonical.md").removesuffix("\n").encode())
    assert example("notes.md") == text_of("note/good-two-signatures.json")
    assert example("checkpoints.md") == text_of("checkpoint/good-size-70000.json")
    leaves = [reference.leaf(b"entry %d" % i) for i in range(4)]
    left, right, root = (reference.mth(each) for each in (leaves[:2], leaves[2:], leaves))
    drawn = re.findall(r"[0-9a-f]{8}(?=\.\.\.)", example("merkle.md"))
    assert drawn == [each.hex()[:8] for each in (*leaves, left, right, root)]
    assert reference.path(2, leaves) == [leaves[3], left]
    assert reference.proof(3, leaves) == [leaves[2], leaves[3], left]


def test_the_specs_list_every_encoding_of_small_order() -> None:
    page = (VECTORS.parent / "notes.md").read_text("utf-8")
    listed = [bytes.fromhex(each) for each in re.findall(r"\b[0-9a-f]{64}\b", page)]
    refused = {
        case["public_key"]
        for path in (VECTORS / "ed25519").glob("admit-small-order-*.json")
        for case in [json.loads(path.read_bytes())]
    }
    assert {(each[:31] + bytes([each[31] | top])).hex() for each in listed for top in (0, 128)} == (
        refused
    )


@pytest.mark.parametrize("page", ["canonical.md", "merkle.md", "notes.md", "checkpoints.md"])
def test_every_code_of_a_vector_is_explained_in_the_specs(page: str) -> None:
    """And every code that a page explains is one that the room raises."""
    room = VECTORS.parent.parent / "ledger" / "log"
    source = "".join(path.read_text("utf-8") for path in sorted(room.glob("*.py")))
    text = (VECTORS.parent / page).read_text("utf-8")
    explained = set(
        re.findall(r"`((?:canonical|proof|note|checkpoint|key|signature)\.[a-z0-9-]+)`", text)
    )
    for code in explained:
        subject, _, what = code.partition(".")
        assert f'"{code}"' in source or f'code=f"{{what}}.{what}"' in source, (subject, code)
    rooms = {
        "canonical.md": ["canonical"],
        "merkle.md": ["merkle"],
        "notes.md": ["note", "ed25519"],
        "checkpoints.md": ["checkpoint"],
    }
    used = {
        json.loads(path.read_bytes()).get("error")
        for folder in rooms[page]
        for path in (VECTORS / folder).glob("*.json")
    } - {None}
    if page == "checkpoints.md":
        used = {code for code in used if not code.startswith("signature.")}
    assert used <= explained


@pytest.mark.parametrize("room", ["canonical", "ed25519", "merkle", "note", "checkpoint"])
def test_a_vector_is_named_good_or_after_its_mistake(room: str) -> None:
    paths = sorted((VECTORS / room).glob("*.json"))
    assert any(path.stem.startswith("good-") for path in paths)
    for path in paths:
        assert re.fullmatch(r"[a-z0-9+-]+", path.stem)
        error = json.loads(path.read_bytes()).get("error")
        assert (error is None) == path.stem.startswith("good-")


@cases("canonical")
def test_canonical(case: dict[str, Any]) -> None:
    data = data_of(case)
    value = check(case, lambda: canonical.decode(data))
    check(case, lambda: canonical.check(data))
    assert reference.is_canonical(data) == (case["error"] is None)
    if value is not None:
        assert canonical.encode(value) == data


@cases("ed25519")
def test_ed25519(case: dict[str, Any]) -> None:
    key = bytes.fromhex(case["public_key"])
    if "signature" not in case:
        check(case, lambda: ed25519.check_public_key(key))
        return
    message, signature = bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])
    check(case, lambda: ed25519.verify(key, message, signature))
    assert reference.signature_is_good(key, message, signature) == (case["error"] is None)


@cases("merkle")
def test_merkle(case: dict[str, Any]) -> None:
    if case["kind"] == "tree":
        grow(case)
        return
    proof = [bytes.fromhex(each) for each in case["proof"]]
    if case["kind"] == "inclusion":
        leaf, root = bytes.fromhex(case["leaf_hash"]), bytes.fromhex(case["root"])
        index, size = case["index"], case["size"]
        check(case, lambda: merkle.verify_inclusion(leaf, index, size, proof, root))
        if case["error"] is None:
            assert reference.root_of_path(leaf, index, size, proof) == root
    else:
        roots = bytes.fromhex(case["root1"]), bytes.fromhex(case["root2"])
        sizes = case["size1"], case["size2"]
        check(
            case,
            lambda: merkle.verify_consistency(sizes[0], roots[0], sizes[1], roots[1], proof),
        )
        if case["error"] is None:
            assert reference.roots_of_proof(*sizes, roots[0], proof) == roots


def grow(case: dict[str, Any]) -> None:
    tree, link = merkle.Frontier(), chain.START
    assert tree.root().hex() == case["roots"][0]
    for index, entry in enumerate(case["entries"]):
        leaf = merkle.leaf_hash(entry.encode())
        assert leaf.hex() == case["leaf_hashes"][index]
        tree.append(leaf)
        link = chain.link(link, leaf)
        assert tree.root().hex() == case["roots"][index + 1]
        assert link.hex() == case["chain"][index]


@cases("note")
def test_note(case: dict[str, Any]) -> None:
    if "vkey" in case:
        verifier = check(case, lambda: note.Verifier.parse(case["vkey"]))
        if verifier is not None:
            signer = note.Signer.parse(case["skey"])
            assert signer.verifier == verifier
            assert note.sign(case["sign"], signer) == data_of(case)
        return
    verifiers = [note.Verifier.parse(vkey) for vkey in case["verifiers"]]
    opened = check(case, lambda: note.open(data_of(case), verifiers))
    if opened is not None:
        assert opened.text == case["opens"]["text"]
        assert [each.name for each in opened.signatures] == case["opens"]["by"]


@cases("checkpoint")
def test_checkpoint(case: dict[str, Any]) -> None:
    verifiers = [note.Verifier.parse(vkey) for vkey in case["verifiers"]]
    opened = check(case, lambda: checkpoint.open(data_of(case), case["origin"], verifiers))
    if opened is not None:
        assert opened.origin == case["origin"]
        lines = opened.text().split("\n")
        assert {"size": lines[1], "root": lines[2]} == case["opens"]
