"""Programs that we did not write accept what we make, and refuse every change of it.

Go's transparency log (Debian's golang-go and golang-golang-x-mod-dev) reads checkpoints with a
witness's cosignature, tiles, entries, proofs and witness requests; npm's @sigstore/verify reads
proofs. Each is skipped where it is not installed: for sigstore set ORETRAIL_SIGSTORE to a
folder with node_modules/@sigstore/verify in it.
"""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli_place import MINE, settled
from ledger import keys as key_files
from ledger.log import checkpoint, merkle, note, proof, witness
from ledger.mirror import Mirror, folder

HERE = Path(__file__).resolve().parent / "strangers"
GOCODE = Path("/usr/share/gocode")
SIGSTORE = os.environ.get("ORETRAIL_SIGSTORE", "")
WITNESS = witness.CosignatureSigner("witness.example", bytes([4]) * 32, 1_700_000_000)
HEADER = "lot,material,mass,basis,moisture,grades,site,method,occurred_at,by\n"
ROW = "B-{},coltan ore,45 kg,wet,4 %,Ta2O5=24 %,RW-GIH,asm,2026-02-11,{}\n"


def spelled(data: bytes) -> str:
    return base64.b64encode(data).decode()


def ask(command: Sequence[str], questions: Iterable[dict[str, Any]]) -> list[str]:
    """The stranger's answers, one a question."""
    lines = "".join(json.dumps(one) + "\n" for one in questions)
    done = subprocess.run(
        command, input=lines.encode(), capture_output=True, timeout=120, check=True
    )
    return done.stdout.decode().splitlines()


class Log:
    """A real ledger of some 270 entries as static files, its checkpoint cosigned."""

    def __init__(self, root: Path) -> None:
        place = settled(root / "ledger")
        rows = "".join(ROW.format(number, MINE) for number in range(250))
        place("record", "extraction", "--from", "-", given=HEADER + rows)
        place("checkpoint", "make")
        place("export", "tiles", "-o", root / "tiles")
        self.signer = key_files.read(place.root / "keys", "kivu.example/trail", lambda _: None)
        self.files = {
            path.relative_to(root / "tiles").as_posix(): path.read_bytes()
            for path in (root / "tiles").rglob("*")
            if path.is_file()
        }
        self.alone = self.files["checkpoint"]
        self.files["checkpoint"] = note.add(self.alone, WITNESS)
        self.mirror = Mirror(folder(root / "tiles"))
        self.entries = list(self.mirror.reader.entries())
        self.size, self.root = self.mirror.said.size, self.mirror.said.root
        self.keys = {"log": self.signer.verifier.vkey, "witnesses": [WITNESS.verifier.vkey]}

    def proof(self, index: int, data: bytes) -> bytes:
        hashes = merkle.prove_inclusion_from(self.mirror.reader.nodes, index, self.size)
        return proof.encode(proof.Proof(index, tuple(hashes), data))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log"))


def flips(data: bytes, count: int | None = None) -> list[bytes]:
    """The data with one bit changed, for `count` bits or for each; a byte less, and one more."""
    bits: Iterable[int] = range(len(data) * 8)
    if count is not None and count < len(data) * 8:
        bits = random.Random(count).sample(range(len(data) * 8), count)
    mutants = [data[:-1], data[1:], data + b"\0", data + b"\n", b"\0" + data, b""]
    for bit in bits:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        mutants.append(bytes(changed))
    return mutants


def refused_all(answers: Sequence[str], what: Sequence[object]) -> None:
    accepted = [what[at] for at, answer in enumerate(answers) if not answer.startswith("no: ")]
    assert len(answers) == len(what)
    assert accepted == []


# ---------------------------------------------------------------- Go


@cache
def go_program() -> tuple[str, ...]:
    """The command of the stranger in Go, built; or skip."""
    if shutil.which("go") is None or not (GOCODE / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("needs Go: apt-get install golang-go golang-golang-x-mod-dev")
    import tempfile

    place = Path(tempfile.mkdtemp(prefix="oretrail-go-"))
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GOCODE),
        "GOCACHE": str(place / "cache"),
        "GOFLAGS": "",
    }
    command = ["go", "build", "-o", str(place / "check"), str(HERE / "check.go")]
    subprocess.run(command, env=environment, check=True, timeout=300)
    return (str(place / "check"),)


@pytest.fixture
def go() -> tuple[str, ...]:
    return go_program()


def changed(**files: bytes | None) -> dict[str, str | None]:
    return {path: None if data is None else spelled(data) for path, data in files.items()}


def log_questions(log: Log, changes: Iterable[dict[str, str | None]]) -> list[dict[str, Any]]:
    base = {"kind": "base", "changes": changed(**log.files), **log.keys}
    return [base, *({"kind": "log", "changes": one, **log.keys} for one in changes)]


def test_go_reads_our_checkpoint_tiles_and_entries(go: tuple[str, ...], log: Log) -> None:
    assert ask(go, log_questions(log, [{}])) == ["yes", "yes"]


def test_go_refuses_every_changed_bit_of_our_checkpoint(go: tuple[str, ...], log: Log) -> None:
    mutants = flips(log.files["checkpoint"])
    answers = ask(go, log_questions(log, [changed(checkpoint=one) for one in mutants]))
    assert answers[0] == "yes"
    refused_all(answers[1:], mutants)


def test_go_refuses_changed_tiles_and_entries(go: tuple[str, ...], log: Log) -> None:
    changes = [
        {path: spelled(mutant)}
        for path in log.files
        if path != "checkpoint"
        for mutant in flips(log.files[path], 60)
    ]
    changes += [{path: None} for path in log.files]
    for one, other in (("tile/0/000", "tile/0/001"), ("tile/entries/000", "tile/0/000")):
        swapped = [path for path in log.files if path.startswith((one, other))]
        changes.append(
            dict(zip(swapped, (spelled(log.files[p]) for p in swapped[::-1]), strict=True))
        )
    answers = ask(go, log_questions(log, changes))
    assert answers[0] == "yes"
    refused_all(answers[1:], [str(one)[:100] for one in changes])


def test_go_refuses_a_checkpoint_by_another_key_or_of_another_log(
    go: tuple[str, ...], log: Log
) -> None:
    stranger = note.Signer(log.signer.name, bytes([8]) * 32)
    goma = note.Signer("goma.example/trail", bytes([8]) * 32)
    head = log.mirror.said
    others = [
        note.add(checkpoint.sign(head, stranger), WITNESS),
        log.alone,
        note.add(
            checkpoint.sign(checkpoint.Checkpoint(goma.name, head.size, head.root), goma), WITNESS
        ),
        note.add(
            checkpoint.sign(
                checkpoint.Checkpoint(head.origin, head.size - 1, head.root), log.signer
            ),
            WITNESS,
        ),
    ]
    answers = ask(go, log_questions(log, [changed(checkpoint=one) for one in others]))
    refused_all(answers[1:], others)


def proof_question(log: Log, data: bytes, entry: bytes) -> dict[str, Any]:
    return {"kind": "proof", "data": spelled(data), "entry": spelled(entry), **log.keys}


def test_go_accepts_our_proofs_and_refuses_every_changed_bit(go: tuple[str, ...], log: Log) -> None:
    cosigned = log.files["checkpoint"]
    places = [0, 1, 200, 255, 256, log.size - 1]
    good = [proof_question(log, log.proof(at, cosigned), log.entries[at]) for at in places]
    assert ask(go, good) == ["yes"] * len(places)
    data, entry = log.proof(200, cosigned), log.entries[200]
    mutants = flips(data)
    questions = [proof_question(log, one, entry) for one in mutants]
    questions += [proof_question(log, data, one) for one in flips(entry, 100)]
    lines = data.split(b"\n")
    for at in range(1, 8):
        mixed = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        questions.append(proof_question(log, b"\n".join(mixed), entry))
        questions.append(proof_question(log, b"\n".join(lines[:at] + lines[at + 1 :]), entry))
    refused_all(ask(go, questions), questions)


def test_go_accepts_our_growth_and_refuses_every_changed_bit(go: tuple[str, ...], log: Log) -> None:
    def question(data: bytes, root: bytes) -> dict[str, Any]:
        return {"kind": "growth", "data": spelled(data), "old_root": spelled(root), **log.keys}

    good, bad = [], []
    for old in (1, 2, 100, 255, 256, 257, log.size - 1, log.size):
        root = merkle.root([merkle.leaf_hash(one) for one in log.entries[:old]])
        path = merkle.prove_consistency_from(log.mirror.reader.nodes, old, log.size)
        body = witness.request(old, path, log.files["checkpoint"])
        good.append(question(body, root))
        if old == 100:
            bad += [question(one, root) for one in flips(body)]
            bad += [question(body, one) for one in flips(root, 50)]
    assert ask(go, good) == ["yes"] * len(good)
    refused_all(ask(go, bad), bad)


# ---------------------------------------------------------------- sigstore


@pytest.fixture
def sigstore() -> tuple[str, ...]:
    if shutil.which("node") is None or not SIGSTORE:
        pytest.skip("needs node, and ORETRAIL_SIGSTORE: a folder with @sigstore/verify installed")
    return ("node", str(HERE / "check.mjs"), SIGSTORE)


def test_sigstore_accepts_our_proofs_and_refuses_every_changed_bit(
    sigstore: tuple[str, ...], log: Log
) -> None:
    verifier = log.signer.verifier

    def question(data: bytes, entry: bytes) -> dict[str, Any]:
        key = spelled(verifier.key_id + verifier.public_key)
        return {"data": spelled(data), "entry": spelled(entry), "key": key, "origin": verifier.name}

    places = [0, 1, 200, 255, 256, log.size - 1]
    good = [question(log.proof(at, log.alone), log.entries[at]) for at in places]
    assert ask(sigstore, good) == ["yes"] * len(places)
    data, entry = log.proof(200, log.alone), log.entries[200]
    bad = [question(one, entry) for one in flips(data)]
    bad += [question(data, one) for one in flips(entry, 100)]
    bad.append(question(log.proof(201, log.alone), entry))
    refused_all(ask(sigstore, bad), bad)
