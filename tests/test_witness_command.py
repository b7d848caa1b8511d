"""Witnesses by the command: three servers, a ledger, a policy, and one of them dies."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from cli_place import ORIGIN, PROGRAM, Place, bag, settled
from ledger.log import note
from quorums import LOG, cosigner, policy_text

INSECURE = "--insecure-no-passphrase"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def log_key(place: Place) -> str:
    return str(place("key", "show", ORIGIN).out.strip())


def witness(place: Place, name: str) -> tuple[Path, str]:
    """A new witness that follows the ledger: its folder, and its key."""
    folder = place.root.parent / name
    vkey = place("witness", "init", folder, "--name", f"{name}.example/w", INSECURE).out.strip()
    place("witness", "add", folder, log_key(place))
    return folder, vkey


def policy(place: Place, witnesses: dict[str, tuple[str, str]], need: int, name: str = "p") -> Path:
    """A policy of these witnesses: name -> (key, URL)."""
    ledger = place.json("status")["ledger"]
    lines = [f"ledger {ledger}", f"log {log_key(place)}"]
    lines += [f"witness {who} {key} {url}".rstrip() for who, (key, url) in witnesses.items()]
    lines += [f"group g {need} {' '.join(witnesses)}", "quorum g"]
    path = place.root.parent / name
    path.write_text("\n".join(lines) + "\n")
    return path


def witnessing(found: Any) -> list[str]:
    """The findings about witnesses; these ledgers are also late in what they record."""
    codes = [one["code"] for one in found["findings"]]
    return [code for code in codes if code.startswith("witness.")]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A witness that runs as a program of its own, at the URL that it states."""
    command = [*PROGRAM, "witness", "serve", str(folder), "--port", "0", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUTF8": "1"}
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"], process
    finally:
        process.kill()
        process.communicate(timeout=60)


# --- over the network ------------------------------------------------------------------


def test_three_witnesses_cosign_one_is_killed_and_two_still_are_a_quorum(place: Place) -> None:
    pytest.importorskip("starlette", reason="the extra `server` is not installed")
    made = {name: witness(place, name) for name in ("w1", "w2", "w3")}
    with (
        serving(made["w1"][0]) as (url1, _),
        serving(made["w2"][0]) as (url2, _),
        serving(made["w3"][0]) as (url3, third),
    ):
        urls = {"w1": url1, "w2": url2, "w3": url3}
        who = {name: (vkey, urls[name]) for name, (_, vkey) in made.items()}
        two, all_three = policy(place, who, 2, "two"), policy(place, who, 3, "three")

        # Signed, cosigned by all, and so shown.
        said = place.json("checkpoint", "make", "--policy", all_three)
        assert [one["code"] for one in said["witnesses"]] == ["witness.cosigned"] * 3
        assert said["quorum"] == {"wanted": "3 of w1, w2, w3", "met": True}
        assert place.json("verify", "--policy", all_three)["verdict"] == "supported"

        # What came afterwards is not vouched for, until it is.
        bag(place, "GIH-1")
        after = place.json("verify", "--policy", two, code=1)
        assert after["verdict"] == "not shown"
        assert witnessing(after) == ["witness.not-covered"]

        # Killed the hard way, right after it answered: what it cosigned it remembers.
        third.kill()
        third.wait(60)
        place.json("checkpoint", "make", "--policy", two)
        partial = place.json("checkpoint", "witness", "--policy", all_three, code=1)
        assert [one["code"] for one in partial["witnesses"]] == [
            "witness.cosigned",
            "witness.cosigned",
            "remote.unreachable",
        ]
        assert partial["quorum"]["met"] is False
        assert place.json("verify", "--policy", two)["verdict"] == "supported"
        missed = place.json("verify", "--policy", all_three, code=1)
        assert witnessing(missed) == ["witness.quorum-not-met"]

        # Its neighbour shows what it saw, to anybody.
        path = sha256(ORIGIN.encode()).hexdigest()
        with urllib.request.urlopen(f"{url1}/{path}/checkpoint", timeout=10) as answer:
            shown = note.parse(answer.read())
        assert shown.text == note.parse(partial["checkpoint"].encode()).text
        assert [one.name for one in shown.signatures] == [ORIGIN, "w1.example/w"]
    seen = place.json("witness", "show", made["w3"][0])["logs"]
    assert [(one["origin"], one["size"]) for one in seen] == [(ORIGIN, said["size"])]
    with serving(made["w3"][0]) as (url, _):
        who["w3"] = (who["w3"][0], url)
        back = place.json("checkpoint", "witness", "--policy", policy(place, who, 3))
    assert back["quorum"]["met"] is True


# --- without it ------------------------------------------------------------------------


def cosigned(place: Place, *names: str) -> None:
    """The newest checkpoint, cosigned by witnesses of the tests, put into the ledger."""
    from ledger.workspace import Workspace

    place("checkpoint", "make")
    workspace = Workspace.find(place.root)
    with workspace.ledger() as ledger:
        data = ledger.latest_checkpoint()
        assert data is not None
        for name in names:
            data = note.add(data, cosigner(name))
        ledger.keep_cosignatures(ledger.head().size, note.parse(data).signatures[1:])
        workspace.publish(ledger)


def keys(*names: str) -> dict[str, tuple[str, str]]:
    return {name: (cosigner(name).verifier.vkey, "") for name in names}


def test_every_kind_of_evidence_is_verified_under_a_policy(place: Place) -> None:
    bag(place, "GIH-1")
    cosigned(place, "w1", "w2")
    met = policy(place, keys("w1", "w2", "w3"), 2, "met")
    unmet = policy(place, keys("w1", "w2", "w3"), 3, "unmet")
    out = place.root.parent
    place("export", "entries", "-o", out / "e.jsonl")
    place("export", "tiles", "-o", out / "tiles")
    place("export", "trail", "GIH-1", "-o", out / "b.trail")
    (out / "checkpoint").write_text(place.json("checkpoint", "show")["checkpoint"])
    for what in ([], ["GIH-1"], [out / "e.jsonl"], [out / "tiles"], [out / "b.trail"]):
        kept = ["--checkpoint", out / "checkpoint"] if what == [out / "e.jsonl"] else []
        good = place.json("verify", *what, *kept, "--policy", met)
        assert (good["verdict"], witnessing(good)) == ("supported", []), what
        bad = place.json("verify", *what, *kept, "--policy", unmet, code=1)
        assert bad["verdict"] == "not shown", what
        assert witnessing(bad) == ["witness.quorum-not-met"], what
    # A list of entries brings no checkpoint along.
    alone = place.json("verify", out / "e.jsonl", "--policy", met, code=1)
    assert witnessing(alone) == ["witness.quorum-not-met"]


def test_a_policy_of_another_ledger_or_log_contradicts(place: Place) -> None:
    cosigned(place, "w1", "w2")
    path = policy(place, keys("w1", "w2", "w3"), 2)
    other = path.with_name("other")
    text = path.read_text().split("\n")
    other.write_text("\n".join([f"ledger {'0a' * 32}", *text[1:]]))
    found = place.json("verify", "--policy", other, code=1)
    assert [one["code"] for one in found["findings"]] == ["ledger.wrong"]
    other.write_text("\n".join([text[0], f"log {LOG.verifier.vkey}", *text[2:]]))
    found = place.json("verify", "--policy", other, code=1)
    assert found["verdict"] == "contradicted"


def test_trust_and_thresholds_are_two_policies_that_go_together(place: Place) -> None:
    bag(place, "GIH-1")
    cosigned(place, "w1", "w2")
    trust = policy(place, keys("w1", "w2", "w3"), 2)
    assert place.json("verify", "--policy", trust)["findings"][0]["code"] == "recorded.late"
    thresholds = place.file("t.toml", '["recorded.late"]\ndays = 99999\nhours = 99999\n')
    both = place.json("verify", "--policy", trust, "--policy", thresholds)
    assert (both["verdict"], both["findings"]) == ("supported", [])
    for twice in (trust, thresholds):
        again = place("verify", "--policy", twice, "--policy", twice, code=5)
        assert again.error == "policy.twice"
    place("export", "trail", "GIH-1", "-o", place.root / "b.trail")
    on_a_bundle = place("verify", place.root / "b.trail", "--policy", thresholds, code=5)
    assert on_a_bundle.error == "policy.malformed"


def test_a_weak_quorum_is_refused_unless_one_insists(place: Place) -> None:
    cosigned(place, "w1", "w2")
    weak = policy(place, keys("w1", "w2", "w3", "w4"), 2)
    for words in (["verify"], ["checkpoint", "witness"], ["checkpoint", "make"]):
        refused = place(*words, "--policy", weak, code=4)
        assert refused.error == "policy.weak-quorum"
        assert refused.hint == "insist: --weak-quorum"
    assert place("policy", "lint", weak, code=4).error == "policy.weak-quorum"
    insisted = place.json("verify", "--policy", weak, "--weak-quorum")
    assert insisted["verdict"] == "supported"
    found = place.json("policy", "lint", weak, "--weak-quorum")["remarks"]
    assert found[0]["code"] == "policy.weak-quorum"


def test_a_policy_is_looked_over(place: Place) -> None:
    path = policy(place, keys("w1", "w2", "w3"), 2)
    said = place.json("policy", "lint", path)
    assert said["quorum"] == "2 of w1, w2, w3"
    assert said["logs"] == [ORIGIN]
    assert [one["code"] for one in said["remarks"]] == ["policy.no-url"] * 3
    shown = place("policy", "lint", path)
    assert "quorum       2 of w1, w2, w3" in shown.out
    assert shown.err.count("[policy.no-url]") == 3
    path.write_text(policy_text(3, 2).replace("quorum", "Quorum"))
    wrong = place("policy", "lint", path, code=4)
    assert wrong.error == "policy.malformed"
    assert "line 7" in wrong.err
    thresholds = place.file("t.toml", '["recorded.late"]\ndays = 1\n')
    assert place("policy", "lint", thresholds, code=5).error == "policy.no-trust-policy"


def test_the_policy_kept_in_the_folder_is_asked_by_default(place: Place) -> None:
    place("checkpoint", "make")
    assert place("checkpoint", "witness", code=5).error == "policy.missing"
    kept = policy(place, keys("w1", "w2", "w3"), 2)
    kept.rename(place.root / "trust.policy")
    said = place.json("checkpoint", "make", code=1)
    assert [one["code"] for one in said["witnesses"]] == ["witness.no-url"] * 3
    told = place("checkpoint", "witness", code=1)
    assert "not met   2 of w1, w2, w3" in told.out
    assert told.hint == "ask again later: oretrail checkpoint witness --policy FILE"
    text = (place.root / "trust.policy").read_text().split("\n")
    (place.root / "trust.policy").write_text("\n".join([f"ledger {'0a' * 32}", *text[1:]]))
    assert place("checkpoint", "witness", code=5).error == "ledger.wrong"


def test_a_checkpoint_shows_who_cosigned_it_when(place: Place) -> None:
    cosigned(place, "w1", "w2")
    said = place.json("checkpoint", "show")
    at = "2026-02-11T08:00:00Z"
    assert said["cosigned"] == [
        {"name": "w1.example", "at": at},
        {"name": "w2.example", "at": at},
    ]
    assert f"cosigned at {at} by w1.example" in place("checkpoint", "show").err


# --- the witness's folder --------------------------------------------------------------


def test_a_witness_is_made_follows_and_shows(place: Place) -> None:
    folder, vkey = witness(place, "w1")
    assert note.Verifier.parse(vkey).kind == 4
    said = place.json("witness", "show", folder)
    assert said["vkey"] == vkey
    assert [(one["origin"], one["size"], one["at"]) for one in said["logs"]] == [(ORIGIN, 0, "")]
    assert f"{ORIGIN}   nothing yet" in place("witness", "show", folder).out
    assert place("witness", "add", folder, log_key(place), code=3).error == "witness.log-known"
    assert place("witness", "add", folder, vkey, code=4).error == "key.kind"
    assert place("witness", "add", folder, "x", code=4).error == "key.malformed"
    again = place("witness", "init", folder, "--name", "w", INSECURE, code=5)
    assert again.error == "witness.exists"


@pytest.mark.parametrize("words", [["show"], ["serve"], ["add"]])
def test_a_folder_without_a_witness_is_a_clear_error(place: Place, words: list[str]) -> None:
    more = [log_key(place)] if words == ["add"] else []
    assert place("witness", *words, place.root / "nowhere", *more, code=5).error == (
        "witness.missing"
    )


def test_a_name_that_names_no_key_makes_no_witness(place: Place) -> None:
    folder = place.root / "w"
    assert place("witness", "init", folder, "--name", "a b", INSECURE, code=4).error == "key.name"
    assert not folder.exists()


def test_a_witness_has_one_key(place: Place) -> None:
    folder, _ = witness(place, "w1")
    for file in (folder / "keys").iterdir():
        file.with_name(f"other{file.suffix}").write_bytes(file.read_bytes())
    assert place("witness", "show", folder, code=5).error == "witness.keys"


def test_without_the_extra_one_line_says_what_to_install(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = witness(place, "w1")
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".", maxsplit=1)[0] in ("starlette", "uvicorn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **more)

    for module in [m for m in sys.modules if m.startswith("ledger.service")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", without)
    said = place("witness", "serve", folder, code=5)
    assert said.error == "extra.missing"
    assert said.hint == "pip install 'oretrail[server]'"
