"""A power cut at any moment: what the writer asked of the disk is recorded, then half of it lost.

    python tests/power_cut.py FOLDER STATEMENTS CUTS SEED [JOURNAL SYNCHRONOUS]

    recorded  the writer's calls that change a disk, with their bytes, and its acknowledgements
    cut       after any of them: what was synced is there; of what was not, each sector of
              512 bytes, each truncation and each change of a folder may be there or not

Folder changes (a file made, a file unlinked) are kept up to one of them, as a journalling
file system does, and are durable when the folder was synced. Controls with settings that
are known to lose data must lose some, or this file proves nothing. Prints, as JSON, what was
wrong after each cut that went wrong.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec

import faults
from ledger.store import database

SECTOR = 512
_CALLS = "pwrite64,fdatasync,fsync,ftruncate,unlink,openat,write"
_LINE = re.compile(r"(\w+)\((.*)\) = (-?\d+|0x[0-9a-f]+)(?:<([^>]*)>)?")
_HEX = re.compile(r"\\x([0-9a-f]{2})")


class Call(msgspec.Struct, frozen=True):
    """One call: `name` of the call, the file's name, and what it does to it."""

    name: str
    file: str
    offset: int = 0
    data: bytes = b""


class _File:
    """What a file holds for sure, and what was asked of it since it was last synced."""

    def __init__(self, durable: bytes | None) -> None:
        self.durable = bytearray(durable or b"")
        self.pending: list[Call] = []

    def sync(self) -> None:
        for call in self.pending:
            _change(self.durable, call)
        self.pending.clear()

    def after(self, dice: random.Random) -> bytes:
        """One of the states in which a power cut may leave it."""
        left = bytearray(self.durable)
        for call in self.pending:
            if call.name == "ftruncate":
                if dice.random() < 0.5:
                    _change(left, call)
                continue
            for start in range(0, len(call.data), SECTOR):
                if dice.random() < 0.5:
                    part = call.data[start : start + SECTOR]
                    _change(left, Call("pwrite64", call.file, call.offset + start, part))
        return bytes(left)


def _change(held: bytearray, call: Call) -> None:
    if call.name == "ftruncate":
        del held[call.offset :]
        held.extend(bytes(call.offset - len(held)))
    else:
        held.extend(bytes(max(0, call.offset - len(held))))
        held[call.offset : call.offset + len(call.data)] = call.data


def record(path: Path, statements: int, settings: dict[str, tuple[str, Any]]) -> list[Call]:
    """Everything that a writer asks of the disk while it registers so many statements.

    `settings` replace those of the store, for the controls.
    """
    log = path.with_suffix(".strace")
    ready, go = os.pipe()
    told, acknowledge = os.pipe()
    child = os.fork()
    if child == 0:
        shipped = database._settings()
        database._settings = lambda: {**shipped, **settings}
        faults.writer(path, statements, ready, acknowledge)
    os.close(ready)
    os.close(acknowledge)
    options = ["-y", "-xx", "-s", "100000", "-e", f"trace={_CALLS}"]
    tracer = faults.traced(child, log, options)
    os.write(go, b"!")
    os.close(go)
    _, status = os.waitpid(child, 0)
    os.close(told)
    tracer.wait(timeout=60)
    if status:
        raise SystemExit(f"the writer ended with {status}")
    calls = [call for line in log.read_text().splitlines() for call in _parsed(line, path)]
    log.unlink()
    return calls


def _parsed(line: str, path: Path) -> list[Call]:
    found = _LINE.match(line)
    if found is None or found[3].startswith("-"):
        return []
    name, said = found[1], found[2]
    if name in ("openat", "unlink"):
        spelled = re.search(r'"((?:\\x[0-9a-f]{2})*)"', said)
        file = Path(_text(spelled[1]) if spelled else "").name
        changes = name == "unlink" or "O_CREAT" in said
        what = "unlink" if name == "unlink" else "made"
        return [Call(what, file)] if changes and file.startswith(path.name) else []
    place = re.match(r"\d+<([^>]*)>(?:, )?(.*)", said)
    return [] if place is None else _on_open_file(name, _text(place[1]), place[2], path)


def _on_open_file(name: str, file: str, rest: str, path: Path) -> list[Call]:
    if name == "write":
        return [Call("acknowledged", "")] if "pipe" in file else []
    if name in ("fsync", "fdatasync"):
        return [Call("settle" if Path(file).is_dir() else "sync", Path(file).name)]
    if not Path(file).name.startswith(path.name):
        return []
    if name == "ftruncate":
        return [Call("ftruncate", Path(file).name, int(rest))]
    parts = re.match(r'"((?:\\x[0-9a-f]{2})*)", (\d+), (\d+)', rest)
    if parts is None:
        raise SystemExit(f"cannot read {name} {rest[:100]}")
    data = bytes(int(byte, 16) for byte in _HEX.findall(parts[1]))
    if len(data) != int(parts[2]):
        raise SystemExit(f"{len(data)} bytes recorded of {parts[2]}")
    return [Call("pwrite64", Path(file).name, int(parts[3]), data)]


def _text(spelled: str) -> str:
    """A name as strace spells it: in hex, some of them, or as it is."""
    if "\\x" not in spelled:
        return spelled
    return bytes(int(byte, 16) for byte in _HEX.findall(spelled)).decode()


def cut(
    pristine: Path, calls: list[Call], at: int, dice: random.Random, target: Path
) -> tuple[int, list[Path]]:
    """Leave in `target` what a power cut after `at` calls may leave; returns what was
    acknowledged by then, and the files.
    """
    name = target.name
    files = {name: _File(pristine.read_bytes())}
    linked, changes = {name}, list[Call]()  # the folder as it is for sure, and what was asked since
    acknowledged = 0
    for call in calls[:at]:
        if call.name == "acknowledged":
            acknowledged += 1
        elif call.name == "made":
            if call.file not in files:
                files[call.file] = _File(None)
                changes.append(call)
        elif call.name == "unlink":
            changes.append(call)
        elif call.name == "settle":
            for change in changes:
                _relink(linked, change)
            changes.clear()
        elif call.name == "sync":
            if call.file in files:
                files[call.file].sync()
        else:
            files[call.file].pending.append(call)
    for change in changes[: dice.randint(0, len(changes))]:
        _relink(linked, change)
    left = []
    for file in sorted(linked - {f"{name}-shm"}):
        place = target.with_name(file)
        place.write_bytes(files[file].after(dice))
        left.append(place)
    return acknowledged, left


def _relink(linked: set[str], change: Call) -> None:
    if change.name == "made":
        linked.add(change.file)
    else:
        linked.discard(change.file)


def campaign(
    folder: Path, statements: int, cuts: int, seed: int, settings: dict[str, tuple[str, Any]]
) -> list[str]:
    """So many cuts at moments that the dice choose; what was wrong after each that went wrong."""
    pristine = faults.template(folder)
    path = folder / "run.db"
    shutil.copyfile(pristine, path)
    calls = record(path, statements, settings)
    if sum(call.name == "acknowledged" for call in calls) != statements:
        raise SystemExit("not every statement was acknowledged")
    dice = random.Random(seed)
    wrong = []
    for _ in range(cuts):
        for left in folder.glob("run.*"):
            left.unlink()
        at = dice.randint(1, len(calls))
        acknowledged, _ = cut(pristine, calls, at, dice, path)
        said = faults.aftermath(path, statements, acknowledged)
        if said:
            wrong.append(f"after call {at} of {len(calls)}: {said}")
    return wrong


if __name__ == "__main__":
    folder, statements, cuts, seed, *wanted = sys.argv[1:]
    levels = {"OFF": 0, "NORMAL": 1, "FULL": 2, "EXTRA": 3}
    settings: dict[str, tuple[str, Any]] = {}
    if wanted:
        journal, synchronous = wanted
        settings["journal_mode"] = (journal, journal)
        settings["synchronous"] = (synchronous, levels[synchronous])
    print(json.dumps(campaign(Path(folder), int(statements), int(cuts), int(seed), settings)))
