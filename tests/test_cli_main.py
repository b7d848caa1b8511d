"""The door of the command: help, exit codes, and what an error looks like."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli_place import PROGRAM, Place, bag, settled
from ledger import errors
from ledger.cli.catalogue import COMMANDS
from ledger.cli.main import EXIT_CODES, cli
from ledger.cli.session import Session
from ledger.findings import Finding


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def everything(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command, by its path."""
    found = [path]
    if isinstance(command, click.Group):
        context = click.Context(command, info_name="oretrail", obj=Session())
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None, name
            found += everything(inner, (*path, name))
    return found


ALL = everything(cli)


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_says_what_it_is_for(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0
    usage, about, *_ = result.stdout.split("\n\n")
    assert usage.startswith("Usage: oretrail")
    assert len(about.strip()) > 10
    assert not about.strip().startswith("Options:")
    assert "--json" in result.stdout


def test_every_event_type_that_names_a_command_has_one() -> None:
    from ledger.events import TYPES

    for kind in TYPES.values():
        if kind.command:
            assert tuple(kind.command.split(" ")) in ALL


def test_the_commands_of_the_contract_are_there() -> None:
    top = {path[0] for path in ALL if path}
    wanted = (
        "demo init status doctor key party site tags record transfer lots log show trace verify "
        "export import sign countersign register checkpoint db"
    )
    assert top >= set(wanted.split())


def test_a_group_alone_shows_its_help() -> None:
    result = CliRunner().invoke(cli, ["key"])
    assert result.exit_code == 0
    assert "Commands:" in result.stdout


def test_help_needs_neither_the_database_nor_the_cryptography() -> None:
    program = (
        "import sys\n"
        "from ledger.cli.main import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'sqlalchemy', 'sqlite3', 'cryptography', 'bcrypt', 'ledger.events'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "extraction" not in done.stdout
    assert "record" in done.stdout


def loaded_by(*words: str) -> set[str]:
    program = (
        "import sys\n"
        "from ledger.cli.main import cli\n"
        f"cli.main({list(words)!r}, standalone_mode=False)\n"
        "print(*sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split(" "))


def test_what_only_reads_needs_nothing_that_writes(place: Place) -> None:
    bag(place, "GIH-1")
    here = ("--ledger", str(place.root))
    writes = {"sqlalchemy", "asyncio", "concurrent.futures"}
    assert not (writes | {"ledger.exports", "ledger.field"}) & loaded_by(*here, "status")
    for words in (["lots"], ["log"], ["trace", "GIH-1"]):
        assert not writes & loaded_by(*here, *words), words


def rooms_loaded_by(*words: str) -> set[str]:
    return {name for name in loaded_by(*words) if name.split(".")[0] == "ledger"}


def test_help_loads_these_rooms_and_no_others() -> None:
    assert rooms_loaded_by("--help") == {
        *("ledger", "ledger.errors", "ledger.cli", "ledger.cli.main", "ledger.cli.catalogue"),
        *("ledger.cli.output", "ledger.cli.session"),
    }


def test_status_loads_no_check_no_event_type_and_no_room_it_does_not_ask(place: Place) -> None:
    bag(place, "GIH-1")
    loaded = rooms_loaded_by("--ledger", str(place.root), "status")
    types = {name for name in loaded if name.startswith("ledger.events.")}
    assert types == {f"ledger.events.{name}" for name in ("base", "ledger_created", "lot_declared")}
    checks = {name for name in loaded if name.startswith("ledger.audit.checks.")}
    assert checks == {"ledger.audit.checks.base"}
    rooms = {name.split(".")[1] for name in loaded if "." in name}
    assert rooms <= {
        *("audit", "cli", "custody", "effects", "errors", "events", "findings", "keys", "ledger"),
        *("log", "memory", "store", "values", "words", "workspace"),
    }
    assert len(loaded) <= 100, "every one of them costs a millisecond or more"


def test_help_lists_the_exit_codes() -> None:
    text = " ".join(CliRunner().invoke(cli, ["--help"]).stdout.split())
    for code in range(6):
        assert f"{code} " in text.partition("Exit codes:")[2]


# ---------------------------------------------------------------- exit codes


def all_errors() -> list[type[errors.LedgerError]]:
    return [getattr(errors, name) for name in errors.__all__]


def test_every_error_has_an_exit_code_of_its_own_class() -> None:
    assert set(EXIT_CODES) == set(all_errors())
    assert set(EXIT_CODES.values()) <= {1, 3, 4, 5}


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_an_error_ends_in_its_exit_code(
    kind: type[errors.LedgerError], monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = kind([Finding(code="a.b", message="c")]) if kind is errors.RefusedError else None
    if kind is errors.EvidenceError:
        raised = kind("c", None, code="a.b")  # type: ignore[call-arg]
    raised = raised or kind("c", code="a.b", hint="do this")

    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(Session, "workspace", fail)
    result = CliRunner().invoke(cli, ["lots"])
    assert result.exit_code == EXIT_CODES[kind]
    assert result.stdout == ""
    assert result.stderr.splitlines()[0] == "oretrail: error: c [a.b]"
    assert len(result.stderr.splitlines()) == (2 if raised.hint else 1)


def test_a_subclass_has_the_exit_code_of_its_parent(place: Place) -> None:
    assert place("record", "extraction", "--from", "-", code=4, given="{").error


def test_fine_is_0(place: Place) -> None:
    assert place("verify").out.splitlines()[-1].startswith("supported")


def test_findings_are_1(place: Place) -> None:
    bag(place, "GIH-1")
    entries = place.root / "entries.jsonl"
    place("export", "entries", "-o", entries)
    lines = entries.read_text().splitlines(keepends=True)
    entries.write_text("".join(lines[:-2] + lines[-1:]))
    answer = place("verify", entries, code=1)
    assert answer.out.splitlines()[-1].startswith("contradicted")


def test_verifying_nothing_is_1(place: Place) -> None:
    document = place.json("verify", place.file("none.jsonl", ""), code=1)
    assert document["verdict"] == "not shown"
    assert [one["code"] for one in document["findings"]] == ["evidence.empty"]


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["lots", "--nonsense"],
        ["trace", "\udcff"],
        ["lots", "--state", "molten"],
        ["trace"],
        ["record", "extraction"],
        ["record", "events"],
        ["checkpoint", "compare", "nowhere"],
        ["init", "--origin", "a.example/b", "--governance-keys", "2", "--threshold", "3"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_2_and_names_the_help(place: Place, words: list[str]) -> None:
    answer = place(*words, code=2)
    assert answer.error == "usage.wrong"
    assert answer.hint.endswith("--help")
    message = answer.err.splitlines()[0].removeprefix("oretrail: error: ")
    assert message[0].islower() or message[0] in "'-"
    assert answer.out == ""


def test_refused_by_the_rules_is_3(place: Place) -> None:
    bag(place, "GIH-1")
    answer = place(
        *("record", "retirement", "--by", "gihanga.example", "--lot", "GIH-1"),
        *("--reason", "consumed", "--mass", "46 kg"),
        code=3,
    )
    assert answer.error == "mass.overdrawn"
    assert answer.hint == "oretrail show GIH-1 says what is in it"
    assert "45.000 kg" in answer.err
    assert "46.000 kg" in answer.err


def test_where_the_rest_went_is_asked_only_where_some_is_gone(place: Place) -> None:
    bag(place, "GIH-1")
    retire = ["record", "retirement", "--by", "gihanga.example", "--lot", "GIH-1"]
    retire += ["--reason", "consumed", "--mass"]
    place(*retire, "1 kg")
    hint = place(*retire, "46 kg", code=3).hint
    assert hint == "oretrail trace GIH-1 --down shows where the rest went"


def test_nothing_of_that_name_is_3(place: Place) -> None:
    assert place("trace", "NOPE", code=3).error == "lot.unknown"


def test_malformed_input_is_4(place: Place) -> None:
    answer = place("register", place.file("x.statement", "\x00"), code=4)
    assert answer.error == "statement.malformed"


def test_no_workspace_is_5_and_says_how_to_begin(tmp_path: Path) -> None:
    answer = Place(tmp_path)("status", code=5)
    assert answer.error == "workspace.missing"
    assert "oretrail init" in answer.hint


# ---------------------------------------------------------------- what an error looks like


def test_an_error_with_json_is_one_document_and_words_beside_it(place: Place) -> None:
    answer = place("trace", "NOPE", "--json", code=3)
    said = answer.json()
    assert said["version"] == 1
    assert said["error"]["code"] == "lot.unknown"
    assert set(said["error"]) >= {"code", "message", "hint"}
    assert answer.error == "lot.unknown"


def test_a_refusal_says_every_finding_and_the_same_words_once(place: Place) -> None:
    blend = ["record", "blend", "--by", "gihanga.example", "--lot", "P", "--material", "ore"]
    answer = place(*blend, "--input", "NOPE-1", "--input", "NOPE-2", code=3)
    *findings, error = answer.err.splitlines()
    for name in ("NOPE-1", "NOPE-2"):
        assert findings.count(f"oretrail: no lot {name} here [lot.unknown]") == 1
    assert error.startswith("oretrail: error: no lot NOPE-1 here (and ")


def test_a_refusal_with_one_finding_says_it_once(place: Place) -> None:
    words = ["record", "retirement", "--by", "gihanga.example", "--lot", "NOPE"]
    assert place(*words, "--reason", "consumed", code=3).err.count("no lot NOPE here") == 1


def test_a_refusal_with_json_lists_its_findings(place: Place) -> None:
    words = ["record", "retirement", "--by", "gihanga.example", "--lot", "NOPE"]
    said = place.json(*words, "--reason", "consumed", code=3)["error"]
    assert said["code"] == "lot.unknown"
    assert set(said["findings"][0]) == {
        "code",
        "severity",
        "message",
        "entries",
        "subject",
    }


def test_what_nobody_expected_is_one_line_and_5(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Session, "workspace", fail)
    result = CliRunner().invoke(cli, ["lots"])
    assert result.exit_code == 5
    first, second = result.stderr.splitlines()
    assert first.endswith("[internal]")
    assert "ZeroDivisionError" in first
    assert "secret" not in result.stderr
    assert "--debug" in second


def test_debug_shows_where_it_came_from(place: Place) -> None:
    answer = place("trace", "NOPE", "--debug", code=3)
    assert "Traceback" in answer.err
    assert answer.err.rstrip().splitlines()[-2].endswith("[lot.unknown]")


def test_an_error_of_the_system_is_5(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(Session, "workspace", fail)
    result = CliRunner().invoke(cli, ["lots"])
    assert result.exit_code == 5
    assert result.stderr == (
        "oretrail: error: /somewhere: Permission denied [environment.failed]\n"
    )


def test_an_interruption_is_130(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "workspace", fail)
    result = CliRunner().invoke(cli, ["lots"])
    assert result.exit_code == 130
    assert "[interrupted]" in result.stderr


def test_options_for_all_commands_stand_before_or_after_the_command(place: Place) -> None:
    before = CliRunner().invoke(cli, ["--ledger", str(place.root), "--json", "lots"])
    after = CliRunner().invoke(cli, ["lots", "--json", "--ledger", str(place.root)])
    assert before.stdout == after.stdout
    assert json.loads(after.stdout) == {"version": 1, "lots": []}


def test_the_ledger_is_found_from_a_folder_inside_it(place: Place) -> None:
    inside = place.root / "a" / "b"
    inside.mkdir(parents=True)
    assert Place(inside).json("status")["folder"] == str(place.root.resolve())


# ---------------------------------------------------------------- as a program


def test_as_a_program_results_and_errors_go_apart(place: Place) -> None:
    assert place.spawn("verify").out.splitlines()[-1] == "supported   Kivu trail"
    answer = place.spawn("trace", "NOPE", code=3)
    assert answer.out == ""
    assert answer.error == "lot.unknown"
    assert place.spawn("nonsense", code=2).error == "usage.wrong"
    assert place.spawn("--ledger", "/", "status", code=5).error == "workspace.missing"


def test_a_reader_that_leaves_early_is_no_traceback(place: Place) -> None:
    for number in range(3):
        bag(place, f"GIH-{number}")
    process = subprocess.Popen(
        [*PROGRAM, "log", "--json"],
        cwd=place.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 5
    assert said == b""


def test_a_terminal_that_cannot_show_a_letter_gets_an_escape(place: Place) -> None:
    bag(place, "GIH-1", "45 kg", "--remark", "\u9244")
    answer = place.spawn("show", place.size - 1, PYTHONIOENCODING="latin-1")
    assert "\\u9244" in answer.out


def test_the_table_of_commands_points_to_what_exists() -> None:
    for name, (module, attribute, line) in COMMANDS.items():
        assert (name,) in ALL, (module, attribute)
        assert line[0].islower()
