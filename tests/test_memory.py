"""What a verifier remembers: the lives of the vectors, the file, and what `verify` says."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors import World, extracted
from cli_place import ORIGIN, Place, bag, settled
from ledger.audit.conflict import conflict
from ledger.audit.memory import MAX_PLACES, Roots, Shown, Sighting, judge, sighting
from ledger.errors import ConfigError, StorageError
from ledger.keys import read as read_key
from ledger.log import checkpoint, merkle, note
from ledger.memory import Memory, state_folder
from ledger.workspace import Settings, Workspace
from test_specs import made_by

VECTORS = Path(__file__).resolve().parent.parent / "specs" / "vectors"
LIVES = sorted((VECTORS / "memory").glob("*.json"))
NOW = "2026-02-11T09:00:00Z"


def shown_in(step: dict[str, Any]) -> Shown:
    """What a step of a vector shows."""
    roots = Roots()
    for size, root in step["roots"]:
        roots.add(size, bytes.fromhex(root))
    return Shown(
        step["ledger"],
        step["origin"],
        tuple(step["keys"]),
        step["size"],
        (step["checkpoint"] or "").encode(),
        roots,
        step["complete"],
        step["place"],
        step["carried"],
        step["pinned"],
        step["demo"],
    )


# ---------------------------------------------------------------- judged


@pytest.mark.parametrize("path", LIVES, ids=lambda path: path.stem)
def test_a_verifier_finds_and_remembers_what_the_vector_says(path: Path, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state")
    for step in json.loads(path.read_bytes())["steps"]:
        shown, seen = shown_in(step), memory.sightings()
        findings = list(judge(seen, shown))
        assert [finding.code for finding in findings] == step["codes"]
        if not any(finding.severity in ("error", "critical") for finding in findings):
            new = sighting(seen, shown, NOW)
            if new is not None:
                assert memory.remember(new, memory.known(new.ledger))
        known = memory.known(shown.ledger)
        assert (known and [known.said.size, known.full]) == step["remembers"]


def test_the_vectors_of_memory_are_current() -> None:
    made = made_by("make_memory_vectors").files()
    assert {f"memory/{path.name}": path.read_bytes() for path in LIVES} == made


def test_every_code_of_memory_has_a_life() -> None:
    codes = {
        code
        for path in LIVES
        for step in json.loads(path.read_bytes())["steps"]
        for code in step["codes"]
    }
    told = {code for code, page in made_by("code_rules").ELSEWHERE.items() if "memory.md" in page}
    assert told - codes == {"log.stale"}


def test_the_places_of_a_ledger_are_few_and_the_last_one_first() -> None:
    step = json.loads(LIVES[0].read_bytes())["steps"][0]
    seen: tuple[Sighting, ...] = ()
    for number in range(MAX_PLACES + 4):
        step["place"] = f"https://{number}.example/"
        new = sighting(seen, shown_in(step), NOW)
        assert new is not None
        seen = (new,)
    assert len(seen[0].places) == MAX_PLACES
    assert seen[0].places[0] == f"https://{MAX_PLACES + 3}.example/"


# ---------------------------------------------------------------- kept


def one(size: int = 7) -> Sighting:
    """A sighting as the vectors have it."""
    made = made_by("make_memory_vectors")
    found = sighting((), shown_in(made.shown(size, remembers=None, place=made.HERE_URL)), NOW)
    assert found is not None
    return found


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    memory = Memory(tmp_path / "state")
    assert memory.remember(one(), None)
    return memory


def damaged(memory: Memory) -> bool:
    try:
        memory.sightings()
    except StorageError as error:
        assert error.code == "memory.damaged"
        assert error.hint is not None
        assert "mv " in error.hint
        return True
    return False


def test_nothing_was_seen_where_there_is_no_folder(tmp_path: Path) -> None:
    assert Memory(tmp_path / "none").sightings() == ()
    assert Memory(tmp_path / "none").known("5d" * 32) is None
    assert not (tmp_path / "none").exists()


def test_what_is_remembered_is_read_again(memory: Memory) -> None:
    assert memory.sightings() == (one(),)
    assert memory.known(one().ledger) == one()
    assert (memory.folder.stat().st_mode & 0o777) == 0o700


def test_a_sighting_never_becomes_smaller(memory: Memory) -> None:
    assert not memory.remember(one(5), one())
    assert memory.known(one().ledger) == one()


def test_who_judged_against_something_older_remembers_nothing(memory: Memory) -> None:
    assert memory.remember(one(9), one())
    assert not memory.remember(one(11), one())
    assert not memory.remember(one(11), None)
    assert memory.known(one().ledger) == one(9)


def test_a_file_cut_anywhere_is_damaged_and_not_forgotten(memory: Memory) -> None:
    path = memory.folder / f"{one().ledger}.seen"
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert damaged(memory), length
    path.write_bytes(data + b"\n")
    assert damaged(memory)


def test_no_changed_byte_makes_it_remember_another_checkpoint(memory: Memory) -> None:
    path = memory.folder / f"{one().ledger}.seen"
    data = path.read_bytes()
    read = 0
    for place in range(len(data)):
        for flip in (1, 32):
            path.write_bytes(data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :])
            if not damaged(memory):
                (found,) = memory.sightings()
                assert found.said == one().said
                assert found.checkpoint == one().checkpoint
                read += 1
    # Only what decides nothing about the checkpoint may change: a place, the date, `full`.
    assert read < 120


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page | {"more": 1},
        lambda page: page | {"type": "oretrail/seen/v2"},
        lambda page: page | {"ledger": "6e" * 32},
        lambda page: page | {"keys": []},
        lambda page: page | {"keys": ["x"]},
        lambda page: page | {"checkpoint": page["checkpoint"][:3]},
        lambda page: page | {"checkpoint": ["a\nb", *page["checkpoint"][1:]]},
        lambda page: {name: page[name] for name in page if name != "full"},
    ],
)
def test_a_page_that_says_anything_else_is_damaged(memory: Memory, change: Any) -> None:
    path = memory.folder / f"{one().ledger}.seen"
    page = json.loads(path.read_bytes())
    path.write_bytes(
        json.dumps(change(page), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        + b"\n"
    )
    assert damaged(memory)


def test_other_files_in_the_folder_are_left_alone(memory: Memory) -> None:
    (memory.folder / "notes.txt").write_text("mine")
    (memory.folder / ".x.seen").write_text("x")
    assert len(memory.sightings()) == 1


def test_the_folder_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_folder({"ORETRAIL_STATE": "/a", "XDG_STATE_HOME": "/b"}) == Path("/a")
    assert state_folder({"XDG_STATE_HOME": "/b"}) == Path("/b/oretrail")
    monkeypatch.setenv("HOME", "/c")
    assert state_folder({}) == Path("/c/.local/state/oretrail")

    def nobody() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nobody)
    with pytest.raises(ConfigError) as caught:
        state_folder({})
    assert caught.value.code == "memory.no-folder"


# Remembers a larger checkpoint again and again, each time killed one line later.
KILLER = """
import os, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from ledger.memory import Memory
from test_memory import one
folder = Path(sys.argv[1])
old, new = one(7), one(9)

def killed_at(line):
    left = line
    def trace(frame, event, _):
        nonlocal left
        if not frame.f_code.co_filename.endswith(("ledger/memory.py", "ledger/workspace.py")):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

line, states = 0, set()
while True:
    line += 1
    shutil.rmtree(folder, ignore_errors=True)
    memory = Memory(folder)
    assert memory.remember(old, None)
    child = os.fork()
    if child == 0:
        sys.settrace(killed_at(line))
        memory.remember(new, old)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    (found,) = memory.sightings()
    assert found in (old, new)
    states.add(found == new)
    assert memory.remember(new, found)
    assert memory.sightings() == (new,)
print(line, sorted(states))
"""


def test_killed_at_any_line_the_old_or_the_new_is_remembered(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLER.format(tests=str(Path(__file__).parent)),
            str(tmp_path / "state"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count, states = done.stdout.split(" ", 1)
    assert int(count) > 30
    assert states.strip() == "[False, True]"


def test_of_many_at_once_one_is_remembered_and_none_is_lost(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from ledger.memory import Memory\n"
        "from test_memory import one\n"
        "print(Memory(Path(sys.argv[2])).remember(one(int(sys.argv[3])), None))\n"
    )
    tests, state = str(Path(__file__).parent), tmp_path / "state"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, tests, str(state), str(size)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for size in (3, 5, 7)
    ]
    said = [process.communicate(timeout=60)[0].strip() for process in running]
    assert sorted(said) == ["False", "False", "True"]
    (found,) = Memory(state).sightings()
    assert found.said.size == (3, 5, 7)[said.index("True")]


# ---------------------------------------------------------------- said


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A ledger with a bag and a checkpoint."""
    place = settled(tmp_path / "place")
    bag(place, "GIH-1")
    place("checkpoint", "make")
    return place


def state() -> Path:
    return Path(os.environ["ORETRAIL_STATE"])


def seen() -> list[Path]:
    """The files of what was seen."""
    return list(state().glob("*.seen"))


def codes(document: dict[str, Any]) -> set[str]:
    return {
        one["code"] for one in document["findings"] if one["code"].startswith(("log", "ledger"))
    }


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Place, Place]:
    """One ledger, two histories of it, each made on its own computer: 45 kg, and 46 kg."""
    first, second = settled(tmp_path / "first"), settled(tmp_path / "second")
    here = state()
    for place, mass in ((first, "45 kg"), (second, "46 kg")):
        monkeypatch.setenv("ORETRAIL_STATE", str(tmp_path / f"of-{place.root.name}"))
        bag(place, "GIH-1", mass)
        place("checkpoint", "make")
    monkeypatch.setenv("ORETRAIL_STATE", str(here))
    return first, second


def test_the_first_contact_is_said_and_the_second_agrees(place: Place) -> None:
    said = place("verify")
    assert "first seen" in said.err
    assert len(seen()) == 1
    again = place("verify")
    assert "agrees with what was seen" in again.err
    document = place.json("verify")
    assert document["memory"]["state"] == "seen"
    assert document["memory"]["seen"]["size"] == document["size"]
    bag(place, "GIH-2")
    place("checkpoint", "make")
    assert place.json("verify")["memory"]["state"] == "continues"
    assert place.json("verify")["memory"]["seen"]["size"] == document["size"] + 2


def test_without_memory_nothing_is_read_or_written(place: Place) -> None:
    said = place("verify", "--no-memory")
    assert said.err == ""
    assert place.json("verify", "--no-memory")["memory"] == {"state": "off"}
    assert seen() == []


def test_a_ledger_without_a_checkpoint_is_not_remembered(tmp_path: Path) -> None:
    place = settled(tmp_path / "place")
    assert place.json("verify")["memory"]["state"] == "nothing-signed"
    assert seen() == []


def test_what_is_contradicted_is_not_remembered(place: Place) -> None:
    said = place.json("verify", "--ledger-id", "0" * 64, code=1)
    assert said["memory"]["state"] == "not-remembered"
    assert seen() == []


def test_a_store_that_was_put_back_is_rolled_back_even_with_its_whole_folder(
    tmp_path: Path,
) -> None:
    place = settled(tmp_path / "place")
    place("checkpoint", "make")
    shutil.copytree(place.root, tmp_path / "yesterday")
    bag(place, "GIH-1")
    place("checkpoint", "make")
    place("verify")
    yesterday = Place(tmp_path / "yesterday")
    said = yesterday.json("verify", code=1)
    assert codes(said) == {"log.rolled-back"}
    # Its own file `checkpoint` is as old as it is; what was published is kept elsewhere, too.
    assert yesterday("checkpoint", "make", code=5).error == "log.rolled-back"
    assert place.json("verify")["verdict"] == "supported"


def test_a_list_that_is_older_is_said_to_be(place: Place, tmp_path: Path) -> None:
    entries = tmp_path / "entries.jsonl"
    place("export", "entries", "-o", entries)
    known = place.file("old", (place.root / "checkpoint").read_bytes())
    bag(place, "GIH-2")
    place("checkpoint", "make")
    place("verify")
    said = place.json("verify", entries, "--checkpoint", known)
    assert said["verdict"] == "supported"
    assert codes(said) == {"log.older"}


def test_a_list_with_its_checkpoint_is_remembered(place: Place, tmp_path: Path) -> None:
    entries = tmp_path / "entries.jsonl"
    place("export", "entries", "-o", entries)
    assert place.json("verify", entries)["memory"]["state"] == "nothing-signed"
    known = place.root / "checkpoint"
    said = place.json("verify", entries, "--checkpoint", known)
    assert said["memory"]["state"] == "first-seen"


def test_two_histories_of_one_size_are_evidence(two: tuple[Place, Place], tmp_path: Path) -> None:
    first, second = two
    first("verify")
    said = second.json("verify", code=1)
    assert codes(said) == {"log.forked"}
    assert said["memory"]["state"] == "conflict"
    text = Path(said["memory"]["evidence"]).read_bytes()
    assert Path(said["memory"]["evidence"]).parent == state()
    for place in two:
        assert (place.root / "checkpoint").read_bytes() in text
    # Said again it is the same file; and elsewhere, if asked.
    assert second.json("verify", code=1)["memory"] == said["memory"]
    answer = second("verify", "--evidence", tmp_path / "shown", code=1)
    (path,) = (tmp_path / "shown").iterdir()
    assert path.name in answer.err
    assert path.read_bytes() == text
    # And whoever saw the first still believes it.
    assert first.json("verify")["verdict"] == "supported"


def test_a_longer_second_history_is_proven_not_to_begin_with_the_first(
    two: tuple[Place, Place],
) -> None:
    first, second = two
    first("verify")
    bag(second, "GIH-2")
    second("checkpoint", "make")
    said = second.json("verify", code=1)
    assert codes(said) == {"log.inconsistent"}
    lines = Path(said["memory"]["evidence"]).read_text("utf-8").splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("---- PROOF"))
    proof = [base64.b64decode(line, validate=True) for line in lines[begin + 1 : -1]]
    log = read_key(first.root / "keys", ORIGIN, lambda _: None).verifier
    was = checkpoint.open((first.root / "checkpoint").read_bytes(), ORIGIN, [log])
    here = checkpoint.open((second.root / "checkpoint").read_bytes(), ORIGIN, [log])
    assert proof[0] != was.root
    merkle.verify_consistency(was.size, proof[0], here.size, here.root, proof[1:])


def test_a_second_history_that_is_not_signed_accuses_nobody(two: tuple[Place, Place]) -> None:
    first, second = two
    entries = second.root / "entries.jsonl"
    second("export", "entries", "-o", entries)
    first("verify")
    answer = second("verify", entries, code=1)
    assert "accuses nobody" in answer.err
    assert list(state().glob("conflict-*")) == []


def test_a_damaged_memory_stops_the_verification(place: Place) -> None:
    place("verify")
    (path,) = seen()
    path.write_bytes(b"")
    answer = place("verify", code=5)
    assert answer.error == "memory.damaged"
    assert "mv " in answer.hint
    place("verify", "--no-memory")


def test_a_memory_that_cannot_be_written_does_not_change_the_verdict(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORETRAIL_STATE", str(place.file("a-file", "x") / "below"))
    answer = place("verify", code=5)
    assert answer.error == "memory.not-read"
    monkeypatch.setenv("ORETRAIL_STATE", "/proc/nothing/here")
    answer = place("verify")
    assert "not remembered" in answer.err


def test_what_is_older_than_was_asked_for_is_not_shown(place: Place, tmp_path: Path) -> None:
    assert place.json("verify", "--max-age", "1d")["verdict"] == "supported"
    world = World(tmp_path / "ledger.db").settle()
    world.record(extracted("A"))
    world.ledger.close()
    Workspace.adopt(tmp_path, Settings(world.ledger.id, ORIGIN, "Kivu trail", demo=True))
    old = Place(tmp_path)
    assert old.json("verify")["verdict"] == "supported"
    said = old.json("verify", "--max-age", "36h", "--no-memory", code=1)
    assert said["verdict"] == "not shown"
    assert codes(said) == {"log.stale"}
    assert said["findings"][0]["message"].startswith("what is shown is as of 2026-02-11T")
    assert old.json("verify", "--max-age", "99999d")["verdict"] == "supported"


def test_two_ledgers_of_one_origin_are_reported_where_it_is_clear_which_one_is_meant(
    place: Place, tmp_path: Path
) -> None:
    place("verify")
    root = tmp_path / "new"
    new = Place(root)
    new("init", "--origin", ORIGIN, "--insecure-no-passphrase")
    new("checkpoint", "make")
    said = new.json("verify")
    assert said["verdict"] == "supported"
    assert codes(said) == {"ledger.other-key"}
    new("export", "entries", "-o", root / "list")
    kept = new.file("kept", (root / "checkpoint").read_bytes())
    said = new.json("verify", root / "list", "--checkpoint", kept, code=1)
    assert codes(said) == {"ledger.other-key"}


def test_a_length_of_time_has_a_unit(place: Place) -> None:
    for wrong in ("", "0d", "2", "d", "1w", "-1d", "1d ", "100000d"):
        assert place("verify", "--max-age", wrong, code=2).error == "usage.wrong"


def test_the_text_of_a_conflict_holds_both_notes_and_no_proof_that_was_not_given() -> None:
    made = made_by("make_memory_vectors")
    text = conflict(one(), shown_in(made.shown(7, remembers=None, fork=6)))
    assert text.count(f"\u2014 {made.KIVU} ".encode()) == 2
    assert b"PROOF" not in text
    assert b"one root at a size" in text
    assert note.parse(one().checkpoint).text.encode() in text
