"""Every printed word: what is escaped, what is JSON, what goes to a terminal only."""

from __future__ import annotations

import io
import sys

import pytest

from ledger.cli import output
from ledger.findings import Finding


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GIH-0001", "GIH-0001"),
        ("Gisagara \u00e9 \u9244", "Gisagara \u00e9 \u9244"),
        ("a\nb", "a\\u{a}b"),
        ("\x1b[31mred", "\\u{1b}[31mred"),
        ("\u202egnp.exe", "\\u{202e}gnp.exe"),
        ("\u2066x\u2069", "\\u{2066}x\\u{2069}"),
        ("a\u200bb\u200d", "a\\u{200b}b\\u{200d}"),
        ("\ufeffx", "\\u{feff}x"),
        ("x\u00ady", "x\\u{ad}y"),
        ("x\u00a0y", "x\\u{a0}y"),
        ("\u3164", "\\u{3164}"),
        ("a\ufe0f", "a\\u{fe0f}"),
        ("a\U000e0100", "a\\u{e0100}"),
        ("\ud800", "\\u{d800}"),
        ("\x85\u2028", "\\u{85}\\u{2028}"),
        (7, "7"),
    ],
)
def test_what_others_wrote_is_printed_without_its_tricks(text: object, shown: str) -> None:
    assert output.clean(text) == shown


def test_what_others_wrote_is_cut() -> None:
    assert output.clean("x" * 201) == "x" * 197 + "..."
    assert output.clean("x" * 200) == "x" * 200
    assert output.clean("abcdef", 5) == "ab..."


def test_json_is_one_line_of_ascii_with_its_version_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.say_json({"name": "\u202e\n\u00e9"})
    assert capsys.readouterr().out == '{"version": 1, "name": "\\u202e\\n\\u00e9"}\n'


def test_a_finding_has_always_the_same_members() -> None:
    assert output.finding(Finding(code="a.b", message="m")) == {
        "code": "a.b",
        "severity": "error",
        "message": "m",
        "entries": [],
        "subject": "",
    }


def test_columns_stand_under_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([("a", "1", ""), ("bbb", "22", "c")], indent="  ", right=[1])
    assert capsys.readouterr().out == "  a      1\n  bbb   22   c\n"
    output.table([])
    assert capsys.readouterr().out == ""


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert output.paint("x", "red") == "x"
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert "\x1b[" in output.paint("x", "red")
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.paint("x", "red") == "x"


def test_progress_is_shown_on_a_terminal_only_and_only_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(output.time, "monotonic", lambda: now[0])

    def shown(stream: io.StringIO, after: float) -> str:
        now[0] = 0.0
        monkeypatch.setattr(sys, "stderr", stream)
        with output.Progress("verifying entry") as progress:
            now[0] = after
            progress(500, 1000)
        return stream.getvalue()

    assert shown(Terminal(), 0.4) == ""
    assert shown(io.StringIO(), 0.6) == ""
    assert shown(Terminal(), 0.6) == "\rverifying entry 500/1000 \r\x1b[K"


def test_messages_about_what_others_wrote_are_escaped_in_errors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from ledger.cli.main import cli

    with pytest.raises(SystemExit):
        cli.main(["\x1b[2Jlots\u202e"])
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\u202e" not in said
