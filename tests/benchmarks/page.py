"""The table in words: Markdown for people, from the same figures as the JSON."""

from __future__ import annotations

import os
import platform
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import msgspec

from benchmarks.measure import Line, Result

__all__ = ["BEGIN", "END", "Machine", "Table", "machine", "onto", "table"]

BEGIN = "<!-- the table: made by tests/benchmarks/table.py -->"
END = "<!-- end of the table -->"

_PEERS = ("cryptography", "msgspec", "eventsourcing", "pymerkle", "psycopg", "distributed")


class Machine(msgspec.Struct, frozen=True):
    """What the figures were made on."""

    processor: str = ""
    cores: int = 0
    memory_gb: int = 0
    system: str = ""
    python: str = ""
    sqlite: str = ""
    openssl: str = ""
    packages: dict[str, str] = {}
    load: float = 0.0
    """How many other programs wanted a core in the last minute, as the system counts."""


class Table(msgspec.Struct, frozen=True):
    """The whole of it, as the JSON file has it."""

    machine: Machine
    rows: dict[str, Result] = {}


def machine() -> Machine:
    """This one."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        memory_gb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30,
        system=f"{platform.system()} {platform.release()}",
        python=sys.version.split()[0],
        sqlite=sqlite3.sqlite_version,
        openssl=ssl.OPENSSL_VERSION,
        packages=dict(_versions()),
        load=round(os.getloadavg()[0], 1),
    )


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PEERS:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def onto(page: str, made: str) -> str:
    """The page with its table replaced; the table alone if it has no place for one."""
    before, begins, rest = page.partition(BEGIN)
    _, ends, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{made}\n{END}{after}" if begins and ends else made


def table(found: Table) -> str:
    """Machine, lines, and the profile of every row that misses a goal."""
    from benchmarks.rows import ROWS

    parts = [_machine_line(found)]
    parts += [
        "| work | median | lowest to highest | by the other clock | goal | met |\n"
        "|---|---:|---:|---:|---:|---|"
    ]
    notes = []
    for name, result in found.rows.items():
        title = ROWS[name][0] if name in ROWS else name
        parts[-1] += f"\n| **{title}**{' (a quick look)' if result.quick else ''} | | | | | |"
        if result.missing:
            parts[-1] += f"\n| not run: {result.missing} | | | | | |"
        parts[-1] += "".join(f"\n{_line(line)}" for line in result.lines)
        notes += [f"- {title}: {result.note}"] if result.note else []
        notes += [f"- {title}, {line.work}: {line.note}" for line in result.lines if line.note]
    if notes:
        parts.append("\n".join(notes))
    parts += list(_profiles(found))
    return "\n\n".join(parts) + "\n"


def _machine_line(found: Table) -> str:
    one = found.machine
    packages = ", ".join(f"{name} {version}" for name, version in one.packages.items())
    return (
        f"Machine: {one.processor}, {one.cores} cores, {one.memory_gb} GiB, {one.system}; "
        f"Python {one.python}, SQLite {one.sqlite}, {one.openssl}; {packages}. "
        f"Load while it was made: {one.load}."
    )


def _line(line: Line) -> str:
    met = {True: "yes", False: "**no**", None: ""}[line.met]
    beside = "" if line.beside is None else f"{_number(line.beside)} {_other(line)}"
    return (
        f"| {line.work} | {_number(line.value)} {line.unit} "
        f"| {_number(line.low)} to {_number(line.high)} | {beside} | {line.goal} | {met} |"
    )


def _other(line: Line) -> str:
    return {"wall": "cpu", "cpu": "wall"}.get(line.clock, "")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _profiles(found: Table) -> Iterator[str]:
    """Where the time goes, of rows that miss a goal."""
    wanting = {
        name: result
        for name, result in found.rows.items()
        if result.profile and any(line.met is False for line in result.lines)
    }
    stages: dict[str, float] = {}
    for result in wanting.values():
        for one in result.profile.values():
            for stage, share in one.items():
                stages[stage] = max(stages.get(stage, 0), share)
    columns = [stage for stage, most in sorted(stages.items(), key=lambda s: -s[1]) if most >= 0.01]
    if not columns:
        return
    yield "Where the processor's time goes, in percent, of what misses its goal:"
    head = f"| row | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}"
    body = ""
    for name, result in wanting.items():
        for what, one in result.profile.items():
            cells = " | ".join(f"{one.get(stage, 0) * 100:.0f}" for stage in columns)
            body += f"\n| {name}, {what} | {cells} |"
    yield head + body
