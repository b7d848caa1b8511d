"""Sessions with the command, as documents show them, run and compared.

    ```console
    $ oretrail lots --holder \\
    >     gihanga.example            a command goes on after "> "
    GIH-0001   coltan ore   ...      what it prints, on stdout and stderr
    [...]                            any lines, or none
    # exit 3                         where the exit code is not 0
    ```

All blocks of a document are one session in one shell. Documents show real figures; those that
are others each time (ids and keys, signatures, the log's clock, how many days ago) are blotted
out on both sides before they are compared. A day that a command names is not blotted out.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ROOT", "Step", "agrees", "commands_of", "play", "prepared", "read", "rewritten"]

ROOT = Path(__file__).parent.parent
MARKER = "<!-- session -->"
ANY = "[...]"
_SHOWN = "~/oretrail"
_END = "==end-of-output=="
_TIMEOUT = 300
_VARYING = (
    (re.compile(r"[A-Za-z0-9._:/-]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}"), "<key>"),
    (re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{42,94}={1,2}"), "<base64>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<id>"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{16}\b"), "<id>"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r" +[0-9]+ days\b"), " <n> days"),
)
_MOMENT = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")


@dataclass
class Step:
    """One command of a document: from which line to which its output stands, and says what."""

    command: str
    line: int
    first: int
    last: int
    expected: list[str] = field(default_factory=list)
    code: int = 0
    printed: list[str] = field(default_factory=list)
    ended: int | None = None


def read(text: str, *, marked: bool = False) -> list[Step]:
    """The commands of a document; with `marked` only those of blocks after the marker."""
    lines = text.split("\n")
    steps: list[Step] = []
    for first, last in _blocks(lines, marked):
        steps += _steps(lines, first, last)
    return steps


def _blocks(lines: list[str], marked: bool) -> Iterator[tuple[int, int]]:
    """From the first line of each block to the one that closes it."""
    at = 0
    while at < len(lines):
        if lines[at] == "```console":
            end = lines.index("```", at)
            before = [line for line in lines[:at] if line][-1:]
            if not marked or before == [MARKER]:
                yield at + 1, end
            at = end
        at += 1


def _steps(lines: list[str], at: int, end: int) -> Iterator[Step]:
    while at < end:
        if not lines[at].startswith("$ "):
            raise ValueError(f"line {at + 1}: {lines[at]!r} follows no command")
        begin, said = at, [lines[at][2:]]
        at += 1
        while at < end and lines[at].startswith("> "):
            said.append(lines[at][2:])
            at += 1
        first = at
        while at < end and not lines[at].startswith("$ "):
            at += 1
        expected, code = lines[first:at], 0
        while expected and not expected[-1]:
            expected.pop()  # an empty line before the next command is for the eye
        if expected and (match := re.fullmatch(r"# exit ([0-9]+)", expected[-1])):
            code = int(match[1])
            expected.pop()
        last = at
        while last > first and not lines[last - 1]:
            last -= 1
        yield Step("\n".join(said), begin + 1, first, last, expected, code)


def commands_of(text: str, marker: str) -> list[str]:
    """The `oretrail` commands of the shell block after a marker, without their folder."""
    after = text.split(f"<!-- {marker} -->\n```sh\n", 1)[1].split("\n```", 1)[0]
    parts = [part.strip() for part in after.split("&&")]
    return [Path(p.partition(" ")[0]).name + p.removeprefix(p.partition(" ")[0]) for p in parts
            if Path(p.partition(" ")[0]).name == "oretrail"]  # fmt: skip


def prepared(folder: Path) -> Path:
    """A folder that looks like the clone to the commands of a document."""
    folder.mkdir()
    for name in ("examples", "specs"):
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    return folder


def play(folder: Path, steps: list[Step], before: list[str] | None = None) -> None:
    """Run the commands in one shell in `folder`; each step learns what was printed."""
    programs = Path(sys.executable).parent
    if not (programs / "oretrail").exists():
        raise FileNotFoundError(f"no oretrail in {programs}; install the project there")
    said = ["exec 2>&1 </dev/null", *[f"{one} >/dev/null || exit 99" for one in before or ()]]
    for step in steps:
        said += [step.command, f"printf '\\n%s %d\\n' '{_END}' \"$?\""]
    done = subprocess.run(
        ["sh", "-c", "\n".join(said)],
        cwd=folder,
        stdout=subprocess.PIPE,
        timeout=_TIMEOUT,
        check=False,
        env={
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PYTHONUTF8": "1",
            "TZ": "UTC",
        },
    )
    told = done.stdout.decode().replace(str(folder), _SHOWN)
    pieces = re.split(rf"\n{_END} ([0-9]+)\n", told)
    for step, printed, code in zip(steps, pieces[::2], pieces[1::2], strict=False):
        step.printed = printed.removesuffix("\n").split("\n") if printed else []
        step.ended = int(code)


def agrees(step: Step, told: str) -> str:
    """What is wrong with a step, in words; nothing if it went as written.

    `told` is the text of all commands of the session: days that they name must agree.
    """
    if step.ended is None:
        return f"line {step.line}: $ {step.command}\n  the session ended before it"
    days = set(_DAY.findall(told))
    expected = [_blotted(line, days) for line in step.expected]
    printed = [_blotted(line, days) for line in step.printed]
    if step.ended == step.code and _matches(expected, printed):
        return ""
    difference = "\n".join(
        "  " + line
        for line in difflib.unified_diff(expected, printed, "written", "printed", lineterm="", n=2)
    )
    return (
        f"line {step.line}: $ {step.command}\n  exit {step.ended}, written {step.code}\n"
        f"{difference}"
    )


def _blotted(line: str, days: set[str]) -> str:
    """The line without what is another each time."""
    line = line.rstrip(" ")
    for pattern, instead in _VARYING:
        line = pattern.sub(instead, line)
    return _MOMENT.sub(lambda m: m[0] if m[1] in days else "<time>", line)


def _matches(expected: list[str], printed: list[str]) -> bool:
    """Whether the lines are these, `ANY` standing for any lines."""
    parts: list[list[str]] = [[]]
    for line in expected:
        if line == ANY:
            parts.append([])
        else:
            parts[-1].append(line)
    first, *rest = parts
    if not rest:
        return printed == first
    if printed[: len(first)] != first:
        return False
    left = printed[len(first) :]
    last = rest.pop()
    for part in rest:
        at = next((at for at in range(len(left) + 1) if left[at : at + len(part)] == part), None)
        if at is None:
            return False
        left = left[at + len(part) :]
    return len(left) >= len(last) and left[len(left) - len(last) :] == last


def rewritten(text: str, steps: list[Step]) -> str:
    """The document with what was printed in the place of what was written.

    Steps that went as written stay as they are, with their `ANY` and their figures.
    """
    told = "\n".join(step.command for step in steps)
    lines = text.split("\n")
    for step in reversed(steps):
        if step.ended is not None and agrees(step, told):
            code = [f"# exit {step.ended}"] if step.ended else []
            lines[step.first : step.last] = [line.rstrip(" ") for line in step.printed] + code
    return "\n".join(lines)
