"""The README and every example are run as they are written, and must say what they say there.

``ORETRAIL_UPDATE_SESSIONS=1 pytest tests/test_sessions.py`` writes what was printed instead.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sessions import ROOT, Step, agrees, commands_of, play, prepared, read, rewritten

UPDATE = os.environ.get("ORETRAIL_UPDATE_SESSIONS") == "1"  # read before the tests forget it
# Their pages show what a script prints, and have tests of their own.
ELSEWHERE = {"caught": "test_caught.py"}
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(p for p in (ROOT / "examples").glob("*/README.md") if p.parent.name not in ELSEWHERE),
]

needs_a_shell = pytest.mark.skipif(shutil.which("sh") is None, reason="sessions need a POSIX shell")


@needs_a_shell
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_says_what_the_command_prints(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    front = path == ROOT / "README.md"
    steps = read(text, marked=front)
    assert steps, "no session in it"
    before = commands_of(text, "main-command") if front else []
    play(prepared(tmp_path / "clone"), steps, before)
    if UPDATE:
        path.write_text(rewritten(text, steps), encoding="utf-8")
        return
    told = "\n".join(step.command for step in steps)
    wrong = [said for step in steps if (said := agrees(step, told))]
    assert not wrong, "\n\n" + "\n\n".join(wrong)


def test_every_example_tells_its_story() -> None:
    folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}
    assert {"first-trail", "own-lots", "comptoir-month"} <= folders
    assert all((ROOT / "tests" / name).is_file() for name in ELSEWHERE.values())
    assert {path.parent.name for path in DOCUMENTS[1:]} | ELSEWHERE.keys() == folders


# ---------------------------------------------------------------- the sessions themselves

DOCUMENT = """Text.

```console
$ echo one; echo two >&2
one
two

$ printf 'a\\nb\\nc\\n' \\
>     | tail -n 2
[...]
c
$ (exit 3)
# exit 3
```

```sh
not run
```
"""


def played(text: str, tmp_path: Path) -> tuple[list[Step], list[str]]:
    steps = read(text)
    play(tmp_path, steps)
    told = "\n".join(step.command for step in steps)
    return steps, [said for step in steps if (said := agrees(step, told))]


@needs_a_shell
def test_a_session_that_says_what_is_printed_agrees(tmp_path: Path) -> None:
    steps, wrong = played(DOCUMENT, tmp_path)
    assert [step.command for step in steps][::2] == ["echo one; echo two >&2", "(exit 3)"]
    assert wrong == []
    assert rewritten(DOCUMENT, steps) == DOCUMENT


@needs_a_shell
@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("one\ntwo\n", "one\nthree\n"),
        ("one\ntwo\n", "one\n"),
        ("one\ntwo\n", "one\ntwo\nthree\n"),
        ("[...]\nc\n", "[...]\nb\n"),
        ("[...]\nc\n", "a\n[...]\nc\n"),
        ("# exit 3\n", ""),
        ("# exit 3\n", "# exit 4\n"),
    ],
)
def test_a_session_that_says_something_else_does_not(
    written: str, instead: str, tmp_path: Path
) -> None:
    steps, wrong = played(DOCUMENT.replace(written, instead), tmp_path)
    assert len(wrong) == 1
    assert played(rewritten(DOCUMENT.replace(written, instead), steps), tmp_path)[1] == []


@needs_a_shell
def test_a_session_that_ends_early_is_noticed(tmp_path: Path) -> None:
    assert len(played(DOCUMENT.replace("$ (exit 3)", "$ exit 3"), tmp_path)[1]) == 1


@needs_a_shell
def test_commands_share_a_shell(tmp_path: Path) -> None:
    text = "```console\n$ mkdir a && cd a && B=c\n$ cat <<'E'\n> d\n> E\nd\n$ echo $B\nc\n```\n"
    assert played(text, tmp_path)[1] == []


@pytest.mark.parametrize(
    ("written", "printed", "same"),
    [
        ("recorded entry 3   2bd6ae34a7c7", "recorded entry 3   0ca9a1f1d2b3", True),
        ("recorded entry 3   2bd6ae34a7c7", "recorded entry 4   2bd6ae34a7c7", False),
        (f"ledger {'a1' * 32}", f"ledger {'b2' * 32}", True),
        ("at 2025-01-01T00:00:00Z", "at 2026-07-31T12:00:00Z", True),
        ("at 2026-02-11T08:00:00Z", "at 2026-02-11T09:00:00Z", False),
        ("since  9 days", "since 10 days", True),
        ("defaced", "effaced", False),
    ],
)
def test_only_what_is_another_each_time_is_blotted_out(
    written: str, printed: str, same: bool
) -> None:
    step = Step("--occurred-at 2026-02-11", 1, 1, 2, [written], 0, [printed], 0)
    assert (agrees(step, step.command) == "") is same


def test_only_blocks_after_the_marker_count_where_they_are_marked() -> None:
    text = "```console\n$ one\n```\n<!-- session -->\n```console\n$ two\n```\n"
    assert [step.command for step in read(text)] == ["one", "two"]
    assert [step.command for step in read(text, marked=True)] == ["two"]


def test_output_without_a_command_is_a_mistake_of_the_document() -> None:
    with pytest.raises(ValueError, match="follows no command"):
        read("```console\noutput\n```\n")


def test_the_first_command_of_the_readme_is_found_without_its_folder() -> None:
    text = "<!-- main-command -->\n```sh\npip install . && .venv/bin/oretrail demo X\n```\n"
    assert commands_of(text, "main-command") == ["oretrail demo X"]
