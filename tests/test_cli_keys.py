"""Keys: made, shown, encrypted; passphrases from a file or a terminal, and from nowhere else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli_place import MINE, PROGRAM, Place, bag, settled
from ledger import keys as key_files
from ledger.cli.session import PASSPHRASE_FILE
from ledger.log import note

INSECURE = "--insecure-no-passphrase"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def test_a_key_is_made_listed_and_shown(place: Place) -> None:
    said = place.json("key", "new", "new.example", INSECURE)
    assert note.Verifier.parse(said["vkey"]).name == "new.example"
    assert said["encrypted"] is False
    assert place("key", "show", "new.example").out == said["vkey"] + "\n"
    assert place.json("key", "show", "new.example")["vkey"] == said["vkey"]
    listed = {one["key"]: one["vkey"] for one in place.json("key", "list")["keys"]}
    assert listed["new.example"] == said["vkey"]
    assert MINE in place("key", "list").out
    mode = (place.root / "keys" / "new.example.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_the_public_half_is_the_result_and_the_rest_is_a_note(place: Place) -> None:
    answer = place("key", "new", "new.example", INSECURE)
    assert answer.out.startswith("new.example+")
    assert answer.out.count("\n") == 1
    assert "PRIVATE" not in answer.out + answer.err


def test_several_names_make_several_keys(place: Place) -> None:
    said = place.json("key", "new", "a.example", "b.example", INSECURE)["keys"]
    assert [one["key"] for one in said] == ["a.example", "b.example"]
    assert all(place("key", "show", one["key"]).out == one["vkey"] + "\n" for one in said)
    assert place("key", "new", "c.example", "d.example", INSECURE).out.count("+") >= 4


@pytest.mark.parametrize(
    ("names", "code"),
    [((MINE, "x.example"), 5), (("x.example",) * 2, 2), (("x.example", "a b"), 4)],
)
def test_of_several_keys_all_are_made_or_none(
    place: Place, names: tuple[str, ...], code: int
) -> None:
    place("key", "new", *names, INSECURE, code=code)
    assert not (place.root / "keys" / "x.example.key").exists()


def test_a_key_is_never_made_over_another(place: Place) -> None:
    before = (place.root / "keys" / f"{MINE}.key").read_bytes()
    assert place("key", "new", MINE, INSECURE, code=5).error == "key.exists"
    assert (place.root / "keys" / f"{MINE}.key").read_bytes() == before


def test_a_key_can_be_made_before_there_is_a_ledger(tmp_path: Path) -> None:
    place = Place(tmp_path)
    vkey = place("key", "new", "far.example", INSECURE).out.strip()
    assert place("key", "show", "far.example").out.strip() == vkey
    assert (tmp_path / "keys" / "far.example.key").is_file()


@pytest.mark.parametrize(
    ("name", "code", "error"),
    [("two words", 4, "key.name"), ("a+b", 4, "key.name"), (".hidden", 5, "key.name")],
)
def test_a_name_that_no_key_can_have_is_refused(
    place: Place, name: str, code: int, error: str
) -> None:
    assert place("key", "new", name, INSECURE, code=code).error == error


def test_a_key_that_is_not_here_is_said(place: Place) -> None:
    answer = place("key", "show", "nobody.example", code=5)
    assert answer.error == "key.missing"
    assert answer.hint == "make it: oretrail key new nobody.example"


# ---------------------------------------------------------------- passphrases


def test_without_a_terminal_a_passphrase_comes_from_a_file_or_the_flag_is_named(
    place: Place,
) -> None:
    answer = place.spawn("key", "new", "new.example", code=5)
    assert answer.error == "key.passphrase-needed"
    assert PASSPHRASE_FILE in answer.hint
    assert INSECURE in answer.hint
    assert not (place.root / "keys" / "new.example.key").exists()


@pytest.fixture
def locked(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place whose mine has its key under a passphrase, with few rounds."""
    signer = key_files.read(place.root / "keys", MINE, lambda _: None)
    for ending in ("key", "vkey"):
        (place.root / "keys" / f"{MINE}.{ending}").unlink()
    key_files.write(place.root / "keys", signer, b"four words and more", rounds=1)
    return place


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nsecond line\n"])
def test_the_first_line_of_the_file_opens_the_key(
    locked: Place, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    file = locked.file("secret", "four words and more" + end)
    monkeypatch.setenv(PASSPHRASE_FILE, str(file))
    assert bag(locked, "GIH-1").code == 0


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("four words", "key.passphrase-wrong"),
        ("", "key.passphrase-needed"),
        ("\nfour words and more", "key.passphrase-needed"),
        (None, "key.passphrase-needed"),
    ],
)
def test_a_file_that_does_not_open_the_key_is_refused(
    locked: Place, monkeypatch: pytest.MonkeyPatch, content: str | None, error: str
) -> None:
    file = locked.root / "secret"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv(PASSPHRASE_FILE, str(file))
    before = locked.size
    answer = locked(
        *("record", "declaration", "--lot", "L", "--material", "ore", "--mass", "1 kg"),
        *("--basis", "dry", "--origin", "unknown", "--reason", "found", "--by", MINE),
        code=5,
    )
    assert answer.error == error
    assert "four words" not in answer.err
    assert locked.size == before


def test_without_a_terminal_a_locked_key_names_the_variable(locked: Place) -> None:
    words = ("record", "retirement", "--by", MINE, "--lot", "L", "--reason", "consumed")
    answer = locked.spawn(*words, code=5)
    assert answer.error == "key.passphrase-needed"
    assert PASSPHRASE_FILE in answer.hint


def test_a_key_made_with_the_file_is_encrypted_and_opens_with_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE_FILE, str(place.file("secret", "words\n")))
    assert place.json("key", "new", "new.example")["encrypted"] is True
    signer = key_files.read(place.root / "keys", "new.example", lambda _: b"words")
    assert signer.name == "new.example"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_passphrase_is_asked_for_and_asked_again(locked: Place) -> None:
    import pty

    ours, theirs = pty.openpty()
    words = ("record", "declaration", "--lot", "L", "--material", "ore", "--mass", "1 kg")
    words += ("--basis", "dry", "--origin", "unknown", "--reason", "found", "--by", MINE)
    process = subprocess.Popen(
        [*PROGRAM, *words],
        cwd=locked.root,
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    for secret in (b"wrong", b"four words and more"):
        asked = shown.count(b"passphrase of key")
        ends = time.monotonic() + 60
        while shown.count(b"passphrase of key") == asked and time.monotonic() < ends:
            shown += os.read(ours, 1024)
        time.sleep(0.2)
        os.write(ours, secret + b"\n")
    assert process.stdout is not None
    out = process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 0
    os.close(ours)
    assert out.startswith(b"recorded entry")
    assert b"wrong passphrase for key gihanga.example, 2 more tries" in shown
    assert b"four words and more" not in shown


def test_a_key_that_others_can_read_is_refused(place: Place) -> None:
    path = place.root / "keys" / f"{MINE}.key"
    path.chmod(0o644)
    words = ("record", "retirement", "--by", MINE, "--lot", "L", "--reason", "consumed")
    answer = place(*words, code=5)
    assert answer.error == "key.permissions"
    assert answer.hint == f"chmod 600 {path}"


def test_no_option_takes_a_passphrase() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ledger.cli", "key", "new", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--passphrase" not in done.stdout
