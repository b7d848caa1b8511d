"""The second verifier, `specs/verify.py`: on its own, on every vector, and against the library.

It was written from the pages of specs/ by somebody who did not read the library. Where the two
disagree, one of them, or a page, has a defect. `pytest -m long tests/test_second_verifier.py`
runs 500 worlds with 50 mutants each, in the settings below.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cli_place import Place
from ledger import Auditor, Trust
from ledger.audit import entry_list
from ledger.errors import LedgerError
from second_lies import Case, mutant

SPECS = Path(__file__).resolve().parent.parent / "specs"
VERIFY = SPECS / "verify.py"
SETTINGS: dict[str, tuple[list[str], dict[str, str]]] = {
    "as it is": ([], {"PYTHONHASHSEED": "0"}),
    "another order of hashes": ([], {"PYTHONHASHSEED": "1"}),
    "without asserts": (["-O"], {}),
    "in Turkish": ([], {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}),
    "in Kathmandu": ([], {"TZ": "Asia/Kathmandu"}),
}
Verdict = tuple[Any, ...]


def second() -> ModuleType:
    """The second verifier as a module; it is no part of any package."""
    name = "second_verifier"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, VERIFY)
        if spec is None or spec.loader is None:
            raise ImportError(VERIFY)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def alone(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The second verifier on an empty machine: no packages, no environment."""
    command = [sys.executable, "-I", "-S", str(VERIFY), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={}, encoding="utf-8", timeout=60
    )


def settled(findings: set[tuple[str, tuple[int, ...]]]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The findings on which both verifiers must agree for any bytes whatever."""
    return tuple(sorted(each for each in findings if second().is_integrity(each[0])))


def by_the_second(case: Case) -> Verdict:
    """What `specs/verify.py` says: of integrity everything, of the rest whether it is sound."""
    verify = second()
    try:
        report = verify.verify_entries(case.list(), case.ledger, case.checkpoints)
    except verify.Refused as refused:
        return (refused.code,)
    found = {(each["code"], tuple(each["entries"])) for each in report["findings"]}
    said = tuple(report[name] for name in ("verdict", "ledger", "size", "root", "chain"))
    return (*said, settled(found))


def by_the_library(case: Case) -> Verdict:
    """What the library says, in the same words."""
    auditor = Auditor(Trust(case.ledger, tuple(case.checkpoints)))
    try:
        auditor.feed(entry_list.read(io.BytesIO(case.list())))
        report = auditor.finish()
    except LedgerError as error:
        return (error.code,)
    found = {(each.code, tuple(each.entries)) for each in report.findings}
    said = (report.verdict, report.ledger, report.size, report.root, report.chain)
    return (*said, settled(found))


def disagreements(first: int, worlds: int, mutants: int) -> Iterator[str]:
    """One line for each case that the two judge otherwise."""
    for seed in range(first, first + worlds):
        for number in range(mutants):
            name, case = mutant(seed, number)
            mine, theirs = by_the_second(case), by_the_library(case)
            if mine != theirs:
                yield f"world {seed} mutant {number} ({name}): second {mine}, library {theirs}"


def books() -> Any:
    paths = sorted((SPECS / "vectors" / "books").glob("*.json"))
    return pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


def told(path: Path) -> tuple[dict[str, Any], Case]:
    """A vector, and the case in it."""
    value = json.loads(path.read_bytes())
    trust = value["trust"]
    case = Case([], trust.get("ledger", ""), [x.encode() for x in trust.get("checkpoints", ())])
    lines = [
        json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        for line in value["entries"]
    ]
    case.spoil = lambda _: "".join(lines).encode()
    return value, case


def test_it_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse(VERIFY.read_bytes())
    names = {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    names |= {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert names <= sys.stdlib_module_names
    assert not names & {"importlib", "subprocess", "socket", "urllib", "http", "ctypes"}


@books()
def test_every_vector_of_the_books_is_found_as_the_page_says(path: Path) -> None:
    value, case = told(path)
    verify = second()
    report = verify.verify_entries(case.list(), case.ledger, case.checkpoints)
    expected = value["expected"]
    for name in ("verdict", "ledger", "size", "root", "chain"):
        assert report[name] == expected[name]
    found = {(f["code"], f["severity"], tuple(f["entries"])) for f in report["findings"]}
    assert found == {(f["code"], f["severity"], tuple(f["entries"])) for f in expected["findings"]}
    assert set(value["about"]) <= {code for code, _, _ in found}


@books()
def test_every_vector_of_the_books_leaves_the_lots_that_the_page_says(path: Path) -> None:
    value, case = told(path)
    verify = second()
    audit = verify.Audit(case.ledger)
    audit.feed(verify.entry_list(case.list()))
    audit.finish()
    assert {name: written(lot) for name, lot in audit.books.lots.items()} == value["expected"][
        "lots"
    ]


def written(lot: Any) -> dict[str, Any]:
    """A lot as the vectors write it."""
    amount = lot.amount
    value = {
        "material": lot.material,
        "holder": lot.holder,
        "state": lot.state,
        "taker": lot.taker or None,
        "dispatch": lot.dispatch or None,
        "basis": lot.basis,
        "mass": amount.mass,
        "dry": amount.dry,
        "pieces": amount.pieces,
        "anchor": amount.anchor,
        "origins": amount.origins,
        "model": second().MODELS[lot.model],
        "head": lot.head,
        "opened": lot.opened,
    }
    if amount.contents is not None:
        value["contents"] = [
            {
                "element": name,
                "mass": each.mass,
                "anchor": each.anchor,
                "basis": each.basis,
                "origins": each.origins,
            }
            for name, each in amount.contents.items()
        ]
    return {name: each for name, each in value.items() if each is not None}


def refusal(of: Any, *arguments: Any) -> str | None:
    """The code with which the second verifier refuses, or None."""
    try:
        of(*arguments)
    except second().Refused as refused:
        return str(refused.code)
    return None


def vectors(room: str) -> Any:
    paths = sorted((SPECS / "vectors" / room).glob("*.json"))
    cases = [json.loads(path.read_bytes()) for path in paths]
    return pytest.mark.parametrize("case", cases, ids=[path.stem for path in paths])


def data_of(case: dict[str, Any]) -> bytes:
    """The bytes of a vector."""
    return case["text"].encode() if "text" in case else bytes.fromhex(case["hex"])


@vectors("canonical")
def test_canonical_bytes_are_refused_with_the_code_of_the_page(case: dict[str, Any]) -> None:
    assert refusal(second().canonical, data_of(case)) == case["error"]


@vectors("events")
def test_events_are_refused_with_the_code_of_the_page(case: dict[str, Any]) -> None:
    assert refusal(second().read_event, data_of(case)) == case.get("error")
    if "effects" in case:
        effects = second().effects_of(second().read_event(data_of(case)))
        assert [e.effect for e in effects] == [e["effect"] for e in case["effects"]]


@vectors("ed25519")
def test_signatures_and_keys_are_refused_with_the_code_of_the_page(case: dict[str, Any]) -> None:
    verify, public = second(), bytes.fromhex(case["public_key"])
    if "signature" not in case:
        assert refusal(verify.admit, public) == case["error"]
        return
    message, signature = bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])
    assert refusal(verify.check_signature, public, message, signature) == case["error"]


@vectors("note")
def test_notes_are_refused_with_the_code_of_the_page(case: dict[str, Any]) -> None:
    verify = second()
    if "vkey" in case:
        assert refusal(verify.parse_vkey, case["vkey"]) == case["error"]
        return

    def opened() -> None:
        keys = [verify.parse_vkey(text) for text in case["verifiers"]]
        verify.open_note(verify.parse_note(data_of(case)), keys)

    assert refusal(opened) == case["error"]


@vectors("checkpoint")
def test_checkpoints_are_refused_with_the_code_of_the_page(case: dict[str, Any]) -> None:
    verify = second()
    keys = [verify.parse_vkey(text) for text in case["verifiers"]]
    log = {key for key in keys if key.name == case["origin"] and key.kind == verify.ED25519}
    of = (verify.open_checkpoint, data_of(case), case["origin"], log, keys)
    assert refusal(*of) == case["error"]


@vectors("merkle")
def test_inclusion_proofs_are_refused_with_the_code_of_the_page(case: dict[str, Any]) -> None:
    if case["kind"] != "inclusion":
        return
    proof = [bytes.fromhex(each) for each in case["proof"]]
    leaf, root = bytes.fromhex(case["leaf_hash"]), bytes.fromhex(case["root"])
    of = (second().check_inclusion, leaf, case["index"], case["size"], proof, root)
    assert refusal(*of) == case["error"]


def bundle_of(case: dict[str, Any]) -> bytes:
    """The bytes of a bundle's vector."""
    if "base64" in case:
        return base64.b64decode(case["base64"])
    return "".join(f"{line}\n" for line in case["lines"]).encode()


@vectors("bundle")
def test_every_bundle_is_judged_as_the_page_says(case: dict[str, Any]) -> None:
    verify, trust, expected = second(), case["trust"], case["expected"]
    policy = verify.parse_policy(trust["policy"].encode()) if "policy" in trust else None
    kept = [each.encode() for each in trust.get("checkpoints", ())]
    report = verify.verify_bundle(bundle_of(case), trust.get("ledger", ""), kept, policy)
    assert report["verdict"] == expected["verdict"]
    assert set(case["about"]) <= {each["code"] for each in report["findings"]}
    if expected["verdict"] == "supported":
        for name in ("ledger", "subject", "size", "root"):
            assert report[name] == expected[name]


@vectors("policy")
def test_policies_are_refused_with_the_code_of_the_page(case: dict[str, Any]) -> None:
    verify = second()
    if "checkpoint" not in case:
        assert refusal(verify.parse_policy, data_of(case)) == case["error"]
        return
    policy = verify.parse_policy(data_of(case))
    found = []

    def opened() -> None:
        note = case["checkpoint"].encode()
        origin = verify.parse_checkpoint(verify.parse_note(note).text).origin
        logs = {key for key in policy.logs if key.name == origin}
        if not logs:
            raise verify.Refused("checkpoint.origin-mismatch")
        _, signed = verify.open_checkpoint(note, origin, logs, policy.witnesses.values())
        found.append(policy.met(policy.quorum, set(signed)))

    assert refusal(opened) == case["error"]
    assert found == ([case["finds"]["met"]] if case["error"] is None else [])


@vectors("proof")
def test_proofs_of_one_entry_are_refused_with_the_code_of_the_page(case: dict[str, Any]) -> None:
    verify, found = second(), []
    keys = {verify.parse_vkey(text) for text in case["verifiers"]}

    def opened() -> None:
        entry = case["entry"].encode()
        found.append(verify.verify_proof(data_of(case), entry, case["origin"], keys))

    assert refusal(opened) == case["error"]
    if case["error"] is None:
        assert {name: found[0][name] for name in case["opens"]} == case["opens"]


def files_of(name: str) -> dict[str, bytes]:
    """The files of a vector of tiles, each a few changes to another."""
    case = json.loads((SPECS / "vectors" / "tiles" / f"{name}.json").read_bytes())
    files = files_of(case["changes"]) if "changes" in case else {}
    for path, data in case["files"].items():
        files.pop(path, None)
        if data is not None:
            files[path] = base64.b64decode(data)
    return files


TILES = sorted(path.stem for path in (SPECS / "vectors" / "tiles").glob("*.json"))


@pytest.mark.parametrize("name", TILES)
def test_tiles_are_refused_with_the_code_of_the_page(name: str) -> None:
    verify = second()
    case = json.loads((SPECS / "vectors" / "tiles" / f"{name}.json").read_bytes())
    if "paths" in case:
        levels = {"entries": case["size"], "0": case["size"]}
        levels |= {str(level): case["size"] // 256**level for level in (1, 2)}
        assert case["paths"] == [
            verify.tile_path(kind, *each)
            for kind, size in levels.items()
            for each in verify.tile_widths(size)
        ]
        return
    files = files_of(name).get

    def read() -> None:
        leaves = verify.tiled_hashes(files, case["size"], bytes.fromhex(case["root"]))
        list(verify.tiled_entries(files, leaves))

    assert refusal(read) == case["error"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tantalum story, and what it hands out."""
    root = tmp_path_factory.mktemp("second")
    place = Place(root / "ledger")
    place("demo", root / "ledger")
    place("export", "entries", "-o", root / "entries.jsonl")
    place("export", "tiles", "-o", root / "tiles")
    place("export", "trail", "PHONE-26W18", "-o", root / "phone.trail")
    place("prove", "30", "-o", root / "30.tlog-proof", "--entry", root / "30.json")
    return root


def test_what_the_demo_hands_out_is_supported_on_an_empty_machine(demo: Path) -> None:
    ledger = Place(demo / "ledger").json("status")["ledger"]
    key = next((demo / "ledger" / "keys").glob("demo.example@*.vkey")).read_text().strip()
    proof = (demo / "30.tlog-proof", "--entry", demo / "30.json", "--log-key", key)
    for given in ((demo / "entries.jsonl",), (demo / "tiles",), (demo / "phone.trail",), proof):
        made = alone(*given, "--json", "--ledger-id", ledger)
        report = json.loads(made.stdout)
        assert (made.returncode, made.stderr, report["verdict"]) == (0, "", "supported")
        assert report["size"] == len((demo / "entries.jsonl").read_bytes().split(b"\n")) - 1


def test_the_demo_s_list_is_judged_alike_by_both(demo: Path) -> None:
    made = json.loads(alone(demo / "entries.jsonl", "--json").stdout)
    theirs = Place(demo / "ledger").json("verify", demo / "entries.jsonl")
    for name in ("verdict", "ledger", "size", "root", "chain", "counts"):
        assert made[name] == theirs[name]


def test_another_entry_is_not_what_is_proven(demo: Path) -> None:
    key = next((demo / "ledger" / "keys").glob("demo.example@*.vkey")).read_text().strip()
    made = alone(demo / "30.tlog-proof", "--entry", demo / "phone.trail", "--log-key", key)
    assert (made.returncode, "proof.wrong" in made.stdout) == (1, True)


def changes(data: bytes, step: int) -> Iterator[bytes]:
    """The bytes with one of them flipped, deleted or doubled."""
    for at in range(0, len(data), step):
        yield data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        yield data[:at] + data[at + 1 :]
        yield data[: at + 1] + data[at:]


def refused(data: bytes) -> bool:
    """Whether the second verifier does not support a bundle."""
    return bool(second().verify_bundle(data)["verdict"] == "contradicted")


def test_a_bundle_with_any_byte_changed_is_refused(demo: Path) -> None:
    data = (demo / "phone.trail").read_bytes()
    assert not refused(data)
    assert all(refused(each) for each in changes(data, 197))


@pytest.mark.long
def test_a_bundle_with_each_byte_changed_in_turn_is_refused(demo: Path) -> None:
    data = (demo / "phone.trail").read_bytes()
    assert all(refused(each) for each in changes(data, 1))


def sealed(lines: list[bytes]) -> bytes:
    """A bundle's lines with a right end: what a liar does who has read the page."""
    body = b"".join(line + b"\n" for line in lines)
    counts = [sum(bool(re.match(rb"[0-9]", line)) for line in lines)]
    counts += [sum(line.startswith(word) for line in lines) for word in (b"tree ", b"statement ")]
    digest = hashlib.sha256(body).hexdigest()
    return body + b"end %d %d %d %s\n" % (*counts, digest.encode())


def test_a_bundle_with_a_line_dropped_doubled_or_swapped_is_refused(demo: Path) -> None:
    lines = (demo / "phone.trail").read_bytes().split(b"\n")[:-2]
    assert not refused(sealed(lines))
    for at in range(0, len(lines), 7):
        assert refused(sealed([*lines[:at], *lines[at + 1 :]]))
        assert refused(sealed([*lines[: at + 1], *lines[at:]]))
        if at + 1 < len(lines) and lines[at] != lines[at + 1]:
            swapped = [lines[at + 1], lines[at]]
            assert refused(sealed([*lines[:at], *swapped, *lines[at + 2 :]]))


def test_a_list_is_verified_on_an_empty_machine(tmp_path: Path) -> None:
    _, case = mutant(4, 0)
    path = tmp_path / "entries.jsonl"
    path.write_bytes(case.list())
    made = alone(path, "--json", "--ledger-id", case.ledger)
    report = json.loads(made.stdout)
    assert (made.stderr, report["ledger"]) == ("", case.ledger)
    assert made.returncode == (0 if report["verdict"] == "supported" else 1)
    assert alone(path, "--ledger-id", "ab").returncode == 1
    path.write_bytes(case.list().replace(b'"index"', b' "index"', 1))
    spoiled = alone(path, "--json")
    assert (spoiled.returncode, json.loads(spoiled.stdout)["error"]["code"]) == (
        4,
        "entries.malformed",
    )


def test_an_event_that_stands_twice_is_found_where_the_first_has_no_readable_statement() -> None:
    _, case = mutant(4, 0)
    registration = json.loads(case.entries[2])
    registration["note"] = registration["note"][:3]
    spoiled = json.dumps(registration, ensure_ascii=False, separators=(",", ":"))
    case.entries = [*case.entries[:2], spoiled.encode(), *case.entries[3:5], case.entries[4]]
    auditor = Auditor(Trust(case.ledger))
    auditor.feed(entry_list.read(io.BytesIO(case.list())))
    assert "event.duplicate" in {finding.code for finding in auditor.finish().findings}


def test_two_verifiers_agree_on_mutants_of_small_ledgers() -> None:
    assert list(disagreements(1, 8, 20)) == []


@pytest.mark.parametrize("setting", SETTINGS)
def test_two_verifiers_agree_in_any_setting(setting: str) -> None:
    assert campaign(setting, 40, 1, 10) == []


@pytest.mark.long
@pytest.mark.parametrize("setting", SETTINGS)
def test_two_verifiers_agree_on_25000_mutants_in_any_setting(setting: str) -> None:
    assert campaign(setting, 1_000, 500, 50) == []


def campaign(setting: str, first: int, worlds: int, mutants: int) -> list[str]:
    """The disagreements found by an interpreter of its own."""
    flags, more = SETTINGS[setting]
    code = "import sys, test_second_verifier as t\n"
    code += f"print(*t.disagreements({first}, {worlds}, {mutants}), 'done', sep='\\n')"
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        env={**os.environ, **more, "PYTHONPATH": paths, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    return done.stdout.split("\n")[:-2]
