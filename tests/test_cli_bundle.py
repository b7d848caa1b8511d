"""`export trail` and `verify FILE.trail`: what proves a product travels as a file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli_place import Place, bag, chain, settled
from ledger.cli.main import cli
from ledger.log.witness import CosignatureSigner
from ledger.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


@pytest.fixture
def sent(place: Place) -> Path:
    """The bundle of a product, away from its ledger."""
    chain(place)
    place("checkpoint", "make")
    target = place.root.parent / "PHONE-1.trail"
    place("export", "trail", "PHONE-1", "-o", target)
    return target


def verify(file: Path, *more: object, code: int = 0) -> str:
    """What `verify` says on stdout, where there is no ledger; or on stderr, if nothing else."""
    words = ["--ledger", str(file.parent), "verify", str(file), *map(str, more)]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == code, result.output
    return str(result.stdout or result.stderr)


def test_a_product_is_verified_where_there_is_no_ledger(place: Place, sent: Path) -> None:
    said = json.loads(verify(sent, "--json"))
    assert said["verdict"] == "supported"
    assert said["subject"] == "PHONE-1"
    assert said["ledger"] == place.json("status")["ledger"]
    assert said["size"] == place.size
    told = place.json("trace", "PHONE-1")
    assert {**said["trail"], "version": 1} == told
    assert "only a full copy of the ledger" in said["shows"]


def test_the_trail_is_told_as_trace_tells_it(place: Place, sent: Path) -> None:
    said = verify(sent)
    told = place("trace", "PHONE-1").out
    assert said.startswith(told)
    assert "supported   PHONE-1" in said
    assert (
        "a bundle shows what is in it; only a full copy of the ledger shows that nothing else "
        "concerns it" in said
    )


def test_a_verdict_without_a_pinned_ledger_says_so(place: Place, sent: Path) -> None:
    words = ["--ledger", str(sent.parent), "verify", str(sent)]
    assert "nothing was pinned" in CliRunner().invoke(cli, words).stderr
    ledger_id = place.json("status")["ledger"]
    pinned = CliRunner().invoke(cli, [*words, "--ledger-id", ledger_id])
    assert "nothing was pinned" not in pinned.stderr
    said = json.loads(verify(sent, "--ledger-id", "7a" * 32, "--json", code=1))
    assert [one["code"] for one in said["findings"]] == ["ledger.wrong"]
    assert said["trail"] is None


def test_a_kept_checkpoint_is_compared(place: Place, sent: Path) -> None:
    kept = place.root / "checkpoint"
    assert json.loads(verify(sent, "--checkpoint", kept, "--json"))["findings"] == []


def test_a_changed_bundle_is_refused_by_name(sent: Path) -> None:
    sent.write_bytes(sent.read_bytes().replace(b"PHONE-1", b"PHONE-2", 1))
    said = json.loads(verify(sent, "--json", code=1))
    assert [one["code"] for one in said["findings"]] == ["bundle.digest-mismatch"]
    assert said["verdict"] == "contradicted"
    assert said["trail"] is None
    assert "bundle.digest-mismatch" in verify(sent, code=1)


def test_a_bundle_is_known_by_its_first_line_or_its_name(sent: Path) -> None:
    other = sent.rename(sent.with_name("evidence.txt"))
    assert json.loads(verify(other, "--json"))["verdict"] == "supported"
    empty = sent.with_name("empty.trail")
    empty.write_bytes(b"")
    said = json.loads(verify(empty, "--json", code=1))
    assert [one["code"] for one in said["findings"]] == ["bundle.malformed"]


def test_thresholds_are_not_for_bundles(sent: Path, tmp_path: Path) -> None:
    policy = tmp_path / "thresholds.toml"
    policy.write_text('["tag.old"]\ndays = 60\n')
    assert "[policy.malformed]" in verify(sent, "--policy", policy, code=5)


def test_a_policy_asks_for_witnesses(place: Place, sent: Path, tmp_path: Path) -> None:
    with Workspace.find(place.root).ledger(read_only=True) as ledger:
        governance = ledger.books().governance
    assert governance is not None
    witness = CosignatureSigner("w1.example", bytes(range(32))).verifier.vkey
    policy = tmp_path / "policy"
    policy.write_text(f"log {governance.log_key}\nwitness w1 {witness}\nquorum w1\n")
    said = json.loads(verify(sent, "--policy", policy, "--json", code=1))
    assert said["verdict"] == "not shown"
    assert [one["code"] for one in said["findings"]] == ["witness.quorum-not-met"]


def test_a_bundle_needs_a_checkpoint_that_covers_the_lot(place: Place) -> None:
    bag(place, "GIH-1")
    answer = place("export", "trail", "GIH-1", code=3)
    assert (answer.error, answer.hint) == ("checkpoint.none", "oretrail checkpoint make")
    place("checkpoint", "make")
    bag(place, "GIH-2")
    answer = place("export", "trail", "GIH-2", code=3)
    assert (answer.error, answer.hint) == ("checkpoint.too-old", "oretrail checkpoint make")
    assert place("export", "trail", "GIH-1").out.startswith("oretrail/trail/v1\n")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM entry WHERE idx = (SELECT MAX(first) FROM statement)",
        "DELETE FROM statement",
    ],
    ids=["registration-gone", "event-under-no-statement"],
)
def test_no_bundle_is_made_of_a_store_with_holes(place: Place, sql: str) -> None:
    chain(place)
    place("checkpoint", "make")
    database = sqlite3.connect(place.root / "ledger.db")
    for (name,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type='trigger'"
    ).fetchall():
        database.execute(f"DROP TRIGGER {name}")
    database.execute(sql)
    database.commit()
    database.close()
    assert place("export", "trail", "PHONE-1", code=5).error == "storage.corrupt"


def test_a_bundle_of_nothing_is_refused(place: Place) -> None:
    assert place("export", "trail", "GIH-9", code=3).error == "lot.unknown"
