"""Every printed word of the command goes through this file. The rules:

* Results go to stdout, everything else (errors, hints, progress, what comes next) to stderr.
* An error is ``oretrail: error: <what is wrong> [code]``, lower case, no full stop; then at
  most one ``oretrail: hint: <what to do>``.
* Text that somebody else wrote is printed by `clean`: control characters, and what
  hides or turns text, appear as ``\\u{...}``; it is cut at 200 characters.
* With ``--json`` stdout holds one JSON document on one line, in plain ASCII, with a
  ``version``; an error is one too: ``{"version": 1, "error": {...}}``.
* A progress line appears on a terminal only, after half a second, and is wiped away.
* Colour on a terminal only, never when NO_COLOR is set, and never as the only sign.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ledger.findings import Finding

__all__ = [
    "MOST",
    "Progress",
    "clean",
    "counted",
    "error",
    "finding",
    "hint",
    "note",
    "paint",
    "problem",
    "say",
    "say_finding",
    "say_json",
    "table",
]

MOST = 100
"""Problems or findings shown at once; the rest is counted."""

_LONGEST = 200

# What isprintable() lets pass although nothing is to be seen of it: fillers, joiners,
# variation selectors. Everything of category Cf (bidi, zero-width) it refuses itself.
_UNSEEN = frozenset(
    chain(
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
)


def clean(text: object, longest: int = _LONGEST) -> str:
    """Text by somebody else, safe to print: unseen characters escaped, cut at `longest`."""
    letters = str(text)
    cut = letters if len(letters) <= longest else letters[: longest - 3] + "..."
    return "".join(
        letter if letter.isprintable() and ord(letter) not in _UNSEEN else f"\\u{{{ord(letter):x}}}"
        for letter in cut
    )


def counted(count: int, one: str) -> str:
    """A number of things in words: ``1 lot``, ``2 lots``."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def say(text: str = "") -> None:
    """A line of a result, to stdout. Whatever others wrote in it has gone through `clean`."""
    click.echo(text)


def say_json(document: Mapping[str, Any]) -> None:
    """A result as one JSON document, to stdout: plain ASCII, ``version`` first."""
    click.echo(json.dumps({"version": 1, **document}))


def note(text: str) -> None:
    """A line beside the result, to stderr."""
    click.echo(f"oretrail: {text}", err=True)


def error(message: str, code: str) -> None:
    """What is wrong, to stderr."""
    click.echo(f"oretrail: {paint('error', 'red', err=True)}: {message} [{code}]", err=True)


def hint(text: str) -> None:
    """What can be done about it, to stderr."""
    click.echo(f"oretrail: hint: {text}", err=True)


def finding(one: Finding) -> dict[str, Any]:
    """A finding as JSON: always the same five members."""
    return {
        "code": one.code,
        "severity": one.severity,
        "message": one.message,
        "entries": list(one.entries),
        "subject": one.subject,
    }


def say_finding(one: Finding) -> None:
    """A finding as a line of a result."""
    place = f" at entry {', '.join(str(index) for index in one.entries)}" if one.entries else ""
    colour = "red" if one.severity in ("error", "critical") else "yellow"
    say(f"{paint(one.severity.ljust(8), colour)} {one.code}{place}: {clean(one.message, 400)}")


def problem(line: Mapping[str, Any]) -> str:
    """A problem as words: the row and column of a file, or a field; what is wrong; code."""
    where = [f"row {line['row']}"] if "row" in line else []
    where += [clean(line.get("column") or line.get("field") or "")]
    place = ", ".join(part for part in where if part)
    return f"{place}: {clean(line['message'], 400)} [{line['code']}]"


def paint(text: str, colour: str, *, err: bool = False) -> str:
    """`text` in colour, where a terminal shows it and nobody has set NO_COLOR."""
    stream = sys.stderr if err else sys.stdout
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return click.style(text, fg=colour, bold=True)


def table(rows: Iterable[Sequence[str]], indent: str = "", right: Iterable[int] = ()) -> None:
    """Rows in aligned columns, to stdout; columns in `right` end at the same place."""
    lines = [tuple(row) for row in rows]
    if not lines:
        return
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    ending = frozenset(right)
    for line in lines:
        cells = (
            cell.rjust(width) if at in ending else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        say((indent + "   ".join(cells)).rstrip(" "))


class Progress:
    """How far a long step has come: call it with (done, total); leave it to wipe the line."""

    _AFTER = 0.5

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = time.monotonic()
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is, if it has taken long enough and somebody is looking."""
        if sys.stderr.isatty() and time.monotonic() - self._began >= self._AFTER:
            self._shown = True
            click.echo(f"\r{self._what} {done}/{total} ", err=True, nl=False)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
